// The window over a long conversation: which rows are in the page, and how what one reads stays where it is.
//
// Rows in view and a little more are real; what is above and below them is room of the height that they have,
// or probably have. The anchor is the uppermost row in view: whatever is loaded, measured or
// folded above it, it stays where it was. At the foot, the window follows what comes.
//
// Who left the foot, the person or the browser? A browser moves a view by itself where its room or its contents
// change (it clamps), and tells of every move late, when more may have grown below. So a move counts as the person's
// only where nothing but it changed, or where a wheel, finger or key was at work.
import { tick, untrack } from "svelte";
import type { MessageRef } from "../../bridge/contract";
import { type Row, guess } from "./rows";

/** Room around the view in which rows are real, and how near the foot counts as at the foot. */
const around = 700;
const nearFoot = 48;
/** How long after a wheel, a finger or a key the view still moves by it, in ms: momentum and smooth scrolling. */
const byHand = 700;
const hands = ["wheel", "touchstart", "touchmove", "touchend", "pointerdown", "pointerup", "keydown"] as const;

export class ScrollWindow {
  from = $state(0);
  to = $state(0);
  above = $state(0);
  below = $state(0);
  isAtFoot = $state(true);
  private rows: Row[] = [];
  private offsets: number[] = [0];
  private readonly heights = new Map<MessageRef, number>();
  private anchor: { message: MessageRef; delta: number } | null = null;
  private box: HTMLElement | null = null;
  private list: HTMLElement | null = null;
  private isSettling = false;
  /** Something came while the view was being settled. */
  private isStale = false;
  /** How the view stood when it was last moved, by us or by the person. */
  private seen = { top: 0, height: 0, room: 0 };
  /** What a person left between the view and the foot; the next line takes it away. */
  private slack = 0;
  private hand = -Infinity;
  private width = 0;

  /** Takes hold of the elements; gives back what lets go of them. */
  attach(box: HTMLElement, list: HTMLElement): () => void {
    this.box = box;
    this.list = list;
    const watch = new ResizeObserver(() => {
      if (this.width !== box.clientWidth) this.heights.clear();
      this.width = box.clientWidth;
      void this.settle();
    });
    watch.observe(box);
    watch.observe(list);
    const touched = (): void => void (this.hand = performance.now());
    for (const name of hands) box.addEventListener(name, touched, { passive: true });
    return () => {
      watch.disconnect();
      for (const name of hands) box.removeEventListener(name, touched);
    };
  }

  /** Other rows: the anchor stays. */
  show(rows: Row[]): void {
    untrack(() => {
      this.adopt();
      if (rows.at(-1)?.view.message !== this.rows.at(-1)?.view.message) this.slack = 0;
      this.rows = rows;
      this.reckon();
      this.choose();
    });
    void tick().then(() => this.settle());
  }

  /** Brings a row into view, a third down; false where it is not in the stretch. */
  goTo(message: MessageRef, part = 0.3): boolean {
    const at = this.rows.findIndex((row) => row.view.message === message);
    if (at < 0 || !this.box) return false;
    this.isAtFoot = false;
    this.anchor = { message, delta: Math.round(this.box.clientHeight * part) };
    this.place();
    void this.settle();
    return true;
  }

  toFoot(): void {
    this.isAtFoot = true;
    this.slack = 0;
    this.place();
    void this.settle();
  }

  /** After the view moved, by whomever. */
  scrolled(): void {
    if (!this.adopt()) void this.settle();
  }

  /** Takes over where the person went, also what the browser has not told of yet; false where the view went off by itself. */
  private adopt(): boolean {
    const { box, seen } = this;
    if (!box || this.isSettling || Math.abs(box.scrollTop - seen.top) <= 1) return true;
    const isOther = box.scrollHeight !== seen.height || box.clientHeight !== seen.room;
    if (this.isAtFoot && isOther && performance.now() - this.hand > byHand) return false;
    this.look();
    this.slack = Math.max(0, this.distanceToFoot());
    this.isAtFoot = this.slack < nearFoot;
    const top = box.scrollTop - this.base();
    const at = this.rowAt(top);
    const row = this.rows[at];
    if (row) this.anchor = { message: row.view.message, delta: (this.offsets[at] ?? 0) - top };
    this.choose();
    return true;
  }

  private look(): void {
    const { box } = this;
    if (box) this.seen = { top: box.scrollTop, height: box.scrollHeight, room: box.clientHeight };
  }

  distanceToTop(): number {
    return this.box?.scrollTop ?? Infinity;
  }

  distanceToFoot(): number {
    return this.box ? this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight : Infinity;
  }

  /** The lowest row that is wholly in view. */
  lowest(): Row | null {
    const { box } = this;
    if (!box) return null;
    const at = this.rowAt(box.scrollTop - this.base() + box.clientHeight);
    const isWhole = (this.offsets[at + 1] ?? 0) <= box.scrollTop - this.base() + box.clientHeight + 4;
    return this.rows[isWhole ? at : at - 1] ?? null;
  }

  /** Measures what is real and puts the view where it belongs, until nothing moves. */
  private async settle(): Promise<void> {
    this.isStale = true;
    if (this.isSettling) return;
    this.adopt();
    this.isSettling = true;
    for (let turn = 0; turn < 12 && this.isStale; turn++) {
      this.isStale = false;
      this.measure();
      this.reckon();
      if (this.choose()) this.isStale = true;
      await tick();
      this.place();
    }
    this.isSettling = false;
    // Where all of it fits, one is at the foot wherever one wanted to go.
    if (this.box && this.distanceToFoot() < 1) [this.isAtFoot, this.slack] = [true, 0];
  }

  private base(): number {
    return this.list?.offsetTop ?? 0;
  }

  private measure(): void {
    for (const element of this.list?.querySelectorAll<HTMLElement>("[data-message]") ?? []) {
      const height = element.getBoundingClientRect().height;
      if (height > 0) this.heights.set(Number(element.dataset["message"]), height);
    }
  }

  private reckon(): void {
    const offsets = [0];
    let sum = 0;
    for (const row of this.rows) offsets.push((sum += this.heights.get(row.view.message) ?? guess(row)));
    this.offsets = offsets;
  }

  /** The row at this height: the last that begins at or above it. */
  private rowAt(y: number): number {
    let low = 0;
    let high = Math.max(0, this.rows.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.offsets[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Which rows are real; true where that changed. */
  private choose(): boolean {
    const { box, rows, offsets } = this;
    const height = box?.clientHeight ?? 800;
    const total = offsets[rows.length] ?? 0;
    const top = this.wanted() ?? (box ? box.scrollTop - this.base() : 0);
    const from = this.rowAt(top - around);
    const to = Math.min(rows.length, this.rowAt(top + height + around) + 1);
    const moved = from !== this.from || to !== this.to;
    [this.from, this.to] = [from, to];
    [this.above, this.below] = [offsets[from] ?? 0, Math.max(0, total - (offsets[to] ?? total))];
    return moved;
  }

  /** Where the view should begin, counted from the first row. */
  private wanted(): number | null {
    const height = this.box?.clientHeight ?? 0;
    if (this.isAtFoot) return Math.max(0, (this.offsets[this.rows.length] ?? 0) - height - this.slack);
    const { anchor } = this;
    const at = anchor ? this.rows.findIndex((row) => row.view.message === anchor.message) : -1;
    return anchor && at >= 0 ? (this.offsets[at] ?? 0) - anchor.delta : null;
  }

  private place(): void {
    const { box } = this;
    const wanted = this.wanted();
    if (!box || wanted === null) return;
    const top = this.isAtFoot ? box.scrollHeight - box.clientHeight - this.slack : wanted + this.base();
    if (Math.abs(box.scrollTop - top) > 0.5) box.scrollTop = top;
    this.look();
  }
}
