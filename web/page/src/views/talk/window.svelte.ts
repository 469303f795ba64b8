// The window over a long conversation: which rows are in the page, and how what one reads stays where it is.
//
// Rows in view and a little more are real; what is above and below them is room of the height that they have,
// or probably have. The anchor is the uppermost row in view: whatever is loaded, measured or
// folded above it, it stays where it was. At the foot, the window follows what comes.
import { tick, untrack } from "svelte";
import type { MessageRef } from "../../bridge/contract";
import { type Row, guess } from "./rows";

/** Room around the view in which rows are real, and how near the foot counts as at the foot. */
const around = 700;
const nearFoot = 48;

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
  /** Where the view was when it was last moved, by us or by the person. */
  private seen = 0;
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
    return () => watch.disconnect();
  }

  /** Other rows: the anchor stays. */
  show(rows: Row[]): void {
    untrack(() => {
      this.adopt();
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
    this.place();
    void this.settle();
  }

  /** After the person scrolled. */
  scrolled(): void {
    const { box } = this;
    if (!box || this.isSettling) return;
    this.seen = box.scrollTop;
    this.isAtFoot = box.scrollHeight - box.scrollTop - box.clientHeight < nearFoot;
    const top = box.scrollTop - this.base();
    const at = this.rowAt(top);
    const row = this.rows[at];
    if (row) this.anchor = { message: row.view.message, delta: (this.offsets[at] ?? 0) - top };
    this.choose();
  }

  /** A scroll of the person's that the browser has not told of yet counts. */
  private adopt(): void {
    if (this.box && Math.abs(this.box.scrollTop - this.seen) > 1) this.scrolled();
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
    if (this.isSettling) return;
    this.adopt();
    this.isSettling = true;
    for (let turn = 0; turn < 6; turn++) {
      this.measure();
      this.reckon();
      const moved = this.choose();
      await tick();
      this.place();
      if (!moved) break;
    }
    this.isSettling = false;
    // Where all of it fits, one is at the foot wherever one wanted to go.
    if (this.box && this.distanceToFoot() < 1) this.isAtFoot = true;
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
    if (this.isAtFoot) return Math.max(0, (this.offsets[this.rows.length] ?? 0) - height);
    const { anchor } = this;
    const at = anchor ? this.rows.findIndex((row) => row.view.message === anchor.message) : -1;
    return anchor && at >= 0 ? (this.offsets[at] ?? 0) - anchor.delta : null;
  }

  private place(): void {
    const { box } = this;
    const wanted = this.wanted();
    if (!box || wanted === null) return;
    const top = this.isAtFoot ? box.scrollHeight - box.clientHeight : wanted + this.base();
    if (Math.abs(box.scrollTop - top) > 0.5) box.scrollTop = top;
    this.seen = box.scrollTop;
  }
}
