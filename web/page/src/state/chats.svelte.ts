// The list of chats. A notice about a chat reads that one chat again, never the list.
import type { ChatId, ChatSummary, Draft } from "../bridge/contract";
import { page } from "./page.svelte";
import { place, to } from "./route.svelte";

/** Notices that come together are answered together. */
const gather = 30;
/** From so many on, one look at all is cheaper than one at each. */
const many = 12;

class Chats {
  private byId = $state.raw<ReadonlyMap<ChatId, ChatSummary>>(new Map());
  drafts = $state.raw<ReadonlyMap<ChatId, Draft>>(new Map());
  progress = $state.raw<{ chat: ChatId; work: "adding" | "joining"; part: number } | null>(null);
  isRead = $state(false);
  /** Chats that are being forgotten: not shown, not gone yet. */
  going = $state.raw<ReadonlySet<ChatId>>(new Set());
  readonly list = $derived([...this.byId.values()].filter((chat) => !this.going.has(chat.chat)).sort((a, b) => b.active - a.active));
  readonly unread = $derived(this.list.reduce((sum, chat) => sum + chat.unread, 0));
  private dirty = new Set<ChatId>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  start(): void {
    page.onOpen(() => void this.readAll());
    page.on((event) => {
      if (event.event === "chatMoved") this.moved(event.from, event.to);
      else if (event.event === "progress") {
        this.progress = event.done < event.total ? { chat: event.chat, work: event.work, part: event.done / event.total } : null;
      } else if ("chat" in event && event.chat !== null) this.touch(event.chat);
    });
  }

  of(chat: ChatId): ChatSummary | null {
    return this.byId.get(chat) ?? null;
  }

  /** Reads this chat again, soon. */
  touch(chat: ChatId): void {
    this.dirty.add(chat);
    this.timer ??= setTimeout(() => void this.readDirty(), gather);
  }

  hide(chat: ChatId, isGoing: boolean): void {
    const going = new Set(this.going);
    if (isGoing) going.add(chat);
    else going.delete(chat);
    this.going = going;
  }

  /** Kept on this device; an empty text forgets it. */
  keepDraft(draft: Draft): void {
    const drafts = new Map(this.drafts);
    if (draft.text === "" && draft.replyTo === null) drafts.delete(draft.chat);
    else drafts.set(draft.chat, draft);
    this.drafts = drafts;
    void page.act({ do: "keepDraft", draft });
  }

  private moved(from: ChatId, into: ChatId): void {
    this.touch(from);
    this.touch(into);
    const draft = this.drafts.get(from);
    if (draft) this.drafts = new Map([...this.drafts].filter(([chat]) => chat !== from).concat([[into, { ...draft, chat: into }]]));
    if (place.route.at === "chat" && place.route.chat === from) place.replace(to.chat(into));
  }

  private async readDirty(): Promise<void> {
    this.timer = null;
    const dirty = [...this.dirty];
    this.dirty.clear();
    if (page.stage?.stage !== "open") return;
    if (dirty.length > many) return this.readAll();
    const read = await Promise.all(dirty.map((chat) => page.client.look("chat", { chat }).catch(() => undefined)));
    const byId = new Map(this.byId);
    for (const [index, chat] of dirty.entries()) {
      const summary = read[index];
      if (summary) byId.set(chat, summary);
      else if (summary === null) byId.delete(chat);
    }
    this.byId = byId;
  }

  private async readAll(): Promise<void> {
    if (page.stage?.stage !== "open" || !page.me) {
      this.byId = new Map();
      this.drafts = new Map();
      this.isRead = false;
      return;
    }
    const [all, drafts] = await Promise.all([page.client.look("chats", {}), page.client.look("drafts", {})]).catch(() => [null, null]);
    if (!all || !drafts) return;
    this.byId = new Map(all.map((chat) => [chat.chat, chat]));
    this.drafts = new Map(drafts.map((draft) => [draft.chat, draft]));
    this.isRead = true;
  }
}

export const chats = new Chats();
