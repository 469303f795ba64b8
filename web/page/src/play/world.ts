// A small world in memory that behaves as the core and a server do: people, chats, a network that comes and goes.
import type { ChatId, Connection, Directory, Event, Looks, MessageRef, MessageView, NoticeToPage, Stage, Who } from "../bridge/contract";
import type { Ask } from "../bridge/seat";
import { perform } from "./commands";
import { Folk } from "./folk";
import { type Chat, type Person, type Scene, fill } from "./scenes";

const fault = (code: string, text = code): { code: string; text: string } => ({ code, text });

export class World implements Scene {
  me: Looks["me"]["answer"] = null;
  people: Person[] = [];
  chats = new Map<ChatId, Chat>();
  messages = new Map<MessageRef, MessageView>();
  drafts = new Map<ChatId, { chat: ChatId; text: string; replyTo: MessageRef | null }>();
  /** Drafts outlive a reload, and whichever tab leads, as they do on a disk. */
  private readonly kept = "play.drafts";
  devices: Looks["devices"]["answer"] = [];
  blocked = new Set<string>();
  verified = new Set<string>();
  directory: Directory | null = null;
  settings = { deliveredReceipts: true, readReceipts: true };
  passphrase: string | null = null;
  /** The code that registering takes; null: everybody may. */
  invitation: string | null = null;
  stage: Stage = { stage: "none" };
  isOnline = true;
  isLinking = false;
  /** What the next command that writes fails with. */
  failing: { code: string; text: string } | null = null;
  next = 1;
  readonly folk = new Folk(this);
  tell: (notice: NoticeToPage) => void = () => {};

  constructor(scene: string) {
    fill(this, scene);
    for (const draft of JSON.parse(localStorage.getItem(this.kept) ?? "[]") as Looks["drafts"]["answer"]) this.drafts.set(draft.chat, draft);
  }

  keep(): void {
    localStorage.setItem(this.kept, JSON.stringify([...this.drafts.values()]));
  }

  answer(ask: Ask): unknown {
    switch (ask.ask) {
      case "stage":
        return this.stage;
      case "create":
        this.passphrase = ask.passphrase;
        return this.enter({ stage: "open", hasPassphrase: ask.passphrase !== null });
      case "unlock":
        if (ask.passphrase !== this.passphrase) throw fault("wrongPassphrase");
        return this.enter({ stage: "open", hasPassphrase: true });
      case "lock":
        return this.enter({ stage: "locked" });
      case "changePassphrase":
        if (ask.from !== this.passphrase) throw fault("wrongPassphrase");
        this.passphrase = ask.to;
        return this.enter({ stage: "open", hasPassphrase: ask.to !== null });
      case "forgetBrowser":
        fill(this, "first");
        return this.enter({ stage: "none" });
      case "command":
        if (this.failing && ask.command.do !== "keepDraft") {
          const why = this.failing;
          this.tell({ notice: "disk", fault: why });
          throw why;
        }
        return perform(this, ask.command);
      case "look":
        return this.look(ask.what, ask.with as never);
      default:
        return null;
    }
  }

  event(event: Event): void {
    this.tell({ notice: "event", event });
  }

  enter(stage: Stage): null {
    this.stage = stage;
    this.tell({ notice: "stage", stage });
    return null;
  }

  connection(): Connection {
    const waiting = [...this.messages.values()].filter((view) => view.state === "pending").length;
    return { receiving: this.isOnline, sending: this.isOnline, caughtUp: this.isOnline, waiting };
  }

  tellLine(): void {
    const retryAt = this.isOnline ? null : Date.now() + 20_000;
    this.tell({ notice: "connection", connection: this.connection(), retryAt, reached: this.isOnline });
  }

  /** For tests: the network goes, or comes back and what waited is sent. */
  network(isOnline: boolean): void {
    this.isOnline = isOnline;
    this.tellLine();
    if (!isOnline) return;
    for (const message of this.folk.waiting()) this.travel(message);
  }

  /** For tests: the directory stands otherwise, which a page hears of by the next notice. */
  watch(change: Partial<Directory>): void {
    if (this.directory) this.directory = { ...this.directory, ...change };
    this.tellLine();
  }

  /** For tests: the server is caught in a lie, and that is kept. */
  lie(): void {
    if (this.directory) this.directory = { ...this.directory, evidence: this.directory.evidence + 1 };
    this.event({ event: "failed", chat: null, fault: fault("directoryLied"), ofTheDevice: true });
  }

  /** For tests: somebody says something. */
  receive(title: string, text: string): void {
    const chat = [...this.chats.values()].find((one) => one.title === title);
    const from = this.people.find((person) => person.name === title) ?? this.people.find((person) => chat?.members.includes(person.account));
    if (!chat || !from) throw new Error(`no chat ${title}`);
    const message = this.put(chat, { sender: from.account, senderName: from.name, senderDisplay: from.displayName, line: { kind: "text", text } });
    chat.unread.push(message.message);
    this.event({ event: "received", chat: chat.chat, message: message.message });
  }

  /** For tests: an own message is refused. */
  refuse(text: string): void {
    const view = [...this.messages.values()].findLast((one) => one.own && one.line.kind === "text" && one.line.text === text);
    if (view) this.change(view.message, { state: "failed" });
  }

  put(chat: Chat, what: Partial<MessageView>): MessageView {
    const view: MessageView = {
      message: this.next++, chat: chat.chat, sender: null, own: false, senderName: "", senderDisplay: null, at: Date.now(),
      line: { kind: "text", text: "" }, replyTo: null, edited: false, reactions: [], state: "received", ...what,
    };
    this.messages.set(view.message, view);
    chat.order.push(view.message);
    chat.active = Math.max(chat.active, view.at);
    return view;
  }

  change(message: MessageRef, what: Partial<MessageView>): void {
    const view = this.messages.get(message);
    if (!view) return;
    this.messages.set(message, { ...view, ...what });
    this.event({ event: "messageChanged", chat: view.chat, message });
  }

  /** An own message goes to the server, to the others, and is read. */
  travel(message: MessageRef): void {
    const steps = ["sent", "delivered", "read"] as const;
    for (const [index, state] of steps.entries()) {
      setTimeout(() => {
        if (this.messages.get(message)?.state !== "failed") this.change(message, { state });
        if (index === 0) this.tellLine();
      }, 120 + index * 700);
    }
  }

  private look(what: keyof Looks, ask: { chat?: string; message?: number; before?: number | null; after?: number; limit?: number; words?: string; account?: string; name?: string }): unknown {
    const chat = ask.chat ? this.chats.get(ask.chat) : undefined;
    const views = (order: MessageRef[]): MessageView[] => order.flatMap((message) => this.messages.get(message) ?? []);
    const limit = ask.limit ?? 50;
    switch (what) {
      case "me": return this.me;
      case "settings": return { ...this.settings, requireVerification: this.folk.requires };
      case "devices": return this.devices;
      case "connection": return this.connection();
      case "isLinking": return this.isLinking;
      case "directory": return this.directory;
      case "chats": return [...this.chats.values()].map((one) => this.summary(one));
      case "chat": return chat ? this.summary(chat) : null;
      case "drafts": return [...this.drafts.values()];
      case "message": return this.messages.get(ask.message ?? 0) ?? null;
      case "firstUnread": return chat?.unread[0] ?? null;
      case "messages": {
        const order = chat?.order ?? [];
        const end = ask.before == null ? order.length : order.indexOf(ask.before);
        return views(order.slice(Math.max(0, end - limit), Math.max(0, end)));
      }
      case "messagesAfter": {
        const order = chat?.order ?? [];
        const from = order.indexOf(ask.after ?? 0) + 1;
        return views(order.slice(from, from + limit));
      }
      case "search": {
        const words = (ask.words ?? "").toLowerCase().split(/\s+/).filter(Boolean);
        const has = (view: MessageView): boolean => view.line.kind === "text" && words.every((word) => view.line.kind === "text" && view.line.text.toLowerCase().includes(word));
        return [...this.messages.values()].filter((view) => words.length > 0 && has(view)).reverse().slice(0, limit);
      }
      case "members": return (chat?.members ?? []).map((account) => this.member(chat as Chat, account));
      case "safetyNumber": {
        const digits = [...(ask.account ?? "")].map((c) => c.charCodeAt(0) % 10).join("").padEnd(60, "4831975206").slice(0, 60);
        return this.people.some((person) => person.account === ask.account) ? { digits, verified: this.verified.has(ask.account ?? "") } : null;
      }
      case "accountByName": return this.people.find((person) => person.name === ask.name)?.account ?? null;
      case "blocked": return this.people.filter((person) => this.blocked.has(person.account)).map(({ account, name }) => ({ account, name }));
    }
  }

  who(account: string): Who {
    return { account, name: this.people.find((one) => one.account === account)?.name ?? "?" };
  }

  private member(chat: Chat, account: string): unknown {
    const own = account === this.me?.account;
    const person = this.people.find((one) => one.account === account);
    return {
      account, own, name: own ? this.me?.name : person?.name, displayName: own ? this.me?.displayName : person?.displayName ?? null,
      admin: chat.admins.includes(account), devices: own ? this.devices.length : this.folk.devices(account), verified: this.verified.has(account),
    };
  }

  summary(chat: Chat): Looks["chat"]["answer"] {
    const peer = chat.direct ? this.people.find((person) => person.name === chat.title) : undefined;
    const last = chat.order.at(-1);
    return {
      chat: chat.chat, title: chat.title, direct: chat.direct, peer: peer?.account ?? null, displayName: peer?.displayName ?? null, state: chat.state,
      members: chat.members.length, unread: chat.unread.length, last: last === undefined ? null : this.messages.get(last) ?? null, active: chat.active,
      held: this.folk.held(chat),
    };
  }
}
