// One open conversation: the stretch of messages that is in memory, and how it follows what happens.
//
// The stretch has no holes. Its end is read again (one page) when something came, since the order is the
// server's and an own message gets its place when it was sent; what changed in the middle is replaced.
import type { ChatId, Event, Fault, MemberView, MessageRef, MessageView } from "../bridge/contract";
import { asFault } from "./faults";
import { page } from "./page.svelte";

/** Messages read at once. */
const pageSize = 50;
const gather = 25;

export class Conversation {
  messages = $state.raw<MessageView[]>([]);
  isRead = $state(false);
  /** Nothing older is on this device. */
  atStart = $state(false);
  /** The newest message is in the stretch. */
  atEnd = $state(true);
  /** The first message that was not read when the chat was opened. */
  unreadFrom = $state<MessageRef | null>(null);
  members = $state.raw<MemberView[]>([]);
  fault = $state.raw<Fault | null>(null);
  /** Messages that are being deleted: hidden while that can be undone. */
  going = $state.raw<ReadonlySet<MessageRef>>(new Set());
  readonly shown = $derived(this.going.size === 0 ? this.messages : this.messages.filter((view) => !this.going.has(view.message)));
  private isReading = false;
  private isStale = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly stopHearing: () => void;

  constructor(readonly chat: ChatId) {
    this.stopHearing = page.on((event) => this.hear(event));
  }

  stop(): void {
    this.stopHearing();
    if (this.timer) clearTimeout(this.timer);
  }

  /** At its newest message, or around one. */
  async open(around: MessageRef | null): Promise<void> {
    const [first] = await Promise.all([
      this.isRead ? this.unreadFrom : page.client.look("firstUnread", { chat: this.chat }).catch(() => null),
      around === null ? this.readNewest() : this.readAround(around),
      this.isRead ? null : this.readMembers(),
    ]);
    // More is new than one page holds: one begins where one left off, and reads down from there.
    if (around === null && first !== null && !this.isRead && !this.find(first)) await this.readAround(first);
    this.unreadFrom = first;
    this.isRead = true;
  }

  find(message: MessageRef): MessageView | null {
    return this.messages.find((view) => view.message === message) ?? null;
  }

  async older(): Promise<void> {
    const first = this.messages[0];
    if (!first || this.atStart) return;
    await this.reading(async () => {
      const read = await page.client.look("messages", { chat: this.chat, before: first.message, limit: pageSize });
      if (this.messages[0]?.message !== first.message) return;
      this.atStart = read.length < pageSize;
      this.messages = [...read, ...this.messages];
    });
  }

  async newer(): Promise<void> {
    const last = this.messages.at(-1);
    if (!last || this.atEnd) return;
    await this.reading(async () => {
      const read = await page.client.look("messagesAfter", { chat: this.chat, after: last.message, limit: pageSize });
      if (this.messages.at(-1)?.message !== last.message) return;
      this.atEnd = read.length < pageSize;
      this.messages = [...this.messages, ...read];
    });
  }

  async readNewest(): Promise<void> {
    await this.reading(async () => {
      const read = await page.client.look("messages", { chat: this.chat, before: null, limit: pageSize });
      this.messages = read;
      this.atStart = read.length < pageSize;
      this.atEnd = true;
    });
  }

  async readAround(message: MessageRef): Promise<void> {
    if (this.find(message)) return;
    await this.reading(async () => {
      const half = pageSize / 2;
      const [it, before, after] = await Promise.all([
        page.client.look("message", { message }),
        page.client.look("messages", { chat: this.chat, before: message, limit: half }),
        page.client.look("messagesAfter", { chat: this.chat, after: message, limit: half }),
      ]);
      if (!it || it.chat !== this.chat) return this.messages.length === 0 ? void (this.isStale = true) : undefined;
      this.messages = [...before, it, ...after];
      this.atStart = before.length < half;
      this.atEnd = after.length < half;
    });
    if (this.messages.length === 0) await this.readNewest();
  }

  async readMembers(): Promise<void> {
    this.members = await page.client.look("members", { chat: this.chat }).catch(() => []);
  }

  hide(message: MessageRef, isGoing: boolean): void {
    const going = new Set(this.going);
    if (isGoing) going.add(message);
    else going.delete(message);
    this.going = going;
  }

  private hear(event: Event): void {
    if (!("chat" in event) || event.chat !== this.chat) return;
    if (event.event === "received" || event.event === "chatChanged") this.readEndSoon();
    if (event.event === "chatChanged" || event.event === "chatOpened") void this.readMembers();
    if (event.event === "messageChanged") void this.changed(event.message);
  }

  private async changed(message: MessageRef): Promise<void> {
    const before = this.find(message);
    if (!before) return this.readEndSoon();
    const now = await page.client.look("message", { message }).catch(() => before);
    this.messages = now
      ? this.messages.map((view) => (view.message === message ? now : view))
      : this.messages.filter((view) => view.message !== message);
    if (before.state === "pending" && now?.state !== "pending") this.readEndSoon();
  }

  private readEndSoon(): void {
    if (this.atEnd) this.timer ??= setTimeout(() => void this.readEnd(), gather);
  }

  private async readEnd(): Promise<void> {
    this.timer = null;
    if (!this.atEnd) return;
    await this.reading(async () => {
      const read = await page.client.look("messages", { chat: this.chat, before: null, limit: pageSize });
      const first = read[0];
      const from = first ? this.messages.findIndex((view) => view.message === first.message) : 0;
      if (from >= 0) this.messages = [...this.messages.slice(0, from), ...read];
      // More came than one page: the stretch begins anew, and what is before it is read when it is wanted.
      else [this.messages, this.atStart] = [read, read.length < pageSize];
    });
  }

  /** One reading at a time; a tail that became old meanwhile is read once more. */
  private async reading(read: () => Promise<void>): Promise<void> {
    if (this.isReading) {
      this.isStale = true;
      return;
    }
    this.isReading = true;
    try {
      await read();
      this.fault = null;
    } catch (error) {
      this.fault = asFault(error);
    } finally {
      this.isReading = false;
    }
    if (this.isStale) {
      this.isStale = false;
      this.readEndSoon();
    }
  }
}
