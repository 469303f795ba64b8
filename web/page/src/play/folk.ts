// What becomes of other people's devices and names in the stand-in world, what waits for it, and who vouches for its directory.
import type { Directory, Event, MessageRef, Notice, TheirDevice, Who } from "../bridge/contract";
import { type Chat, id } from "./scenes";
import type { World } from "./world";

const day = 86_400_000;
const fault = (code: string): { code: string; text: string } => ({ code, text: code });

export class Folk {
  /** Words wait for people whose devices or name changed. */
  requires = false;
  /** Who changed since the person last said that it is right. */
  private readonly changed = new Set<string>();
  /** Names that somebody else has, and has not been accepted under. */
  private readonly taken = new Set<string>();

  private readonly more = new Map<string, number>();

  constructor(private readonly world: World) {}

  /** For tests: somebody added devices; `null`: without a name that we know. */
  addDevices(name: string, names: (string | null)[], at = Date.now()): void {
    const { account } = this.who(name);
    this.changed.add(account);
    this.count(account, names.length);
    this.tellAll(name, (who) => ({ what: "deviceAdded", who, devices: names.map((one): TheirDevice => ({ name: one, at })) }));
  }

  /** For tests: somebody removed devices, for which nothing waits. */
  removeDevices(name: string, names: (string | null)[]): void {
    this.count(this.who(name).account, -names.length);
    this.tellAll(name, (who) => ({ what: "deviceRemoved", who, devices: names.map((one): TheirDevice => ({ name: one, at: Date.now() })) }));
  }

  /** For tests: another account has this name in the directory. */
  takeName(name: string): void {
    const { account } = this.who(name);
    this.changed.add(account);
    this.taken.add(name);
    this.world.verified.delete(account);
    this.tellAll(name, (who) => ({ what: "identityChanged", who }));
  }

  devices(account: string): number {
    return this.more.get(account) ?? 1;
  }

  private count(account: string, by: number): void {
    this.more.set(account, Math.max(1, this.devices(account) + by));
  }

  isTaken(name: string): boolean {
    return this.taken.has(name);
  }

  held(chat: Chat): Who[] {
    if (!this.requires || chat.state === "requested" || chat.state === "left") return [];
    return chat.members.filter((account) => this.changed.has(account)).map((account) => this.world.who(account));
  }

  require(on: boolean): Event[] {
    this.requires = on;
    // What is known now counts as right.
    this.changed.clear();
    return this.letGo([...this.world.chats.values()]);
  }

  goOn(account: string): Event[] {
    this.changed.delete(account);
    return this.letGo([...this.world.chats.values()].filter((chat) => chat.members.includes(account)));
  }

  /** The former one goes on without the name; the next who is asked for by it is somebody else. */
  accept(name: string): Event[] {
    if (!this.taken.delete(name)) throw fault("noChange");
    const { account } = this.who(name);
    const former = `(${account.slice(0, 8)})`;
    this.world.people = this.world.people.map((one) => (one.account === account ? { ...one, name: former } : one)).concat({ account: id(`another ${name}`), name, displayName: null });
    const chats = [...this.world.chats.values()].filter((chat) => chat.members.includes(account));
    for (const chat of chats) if (chat.direct) chat.title = former;
    for (const [message, view] of this.world.messages) {
      const notice = view.line.kind === "notice" ? view.line.notice : null;
      if (notice?.what !== "identityChanged" && notice?.what !== "deviceAdded" && notice?.what !== "deviceRemoved") continue;
      if (notice.who.account === account) this.world.messages.set(message, { ...view, line: { kind: "notice", notice: { ...notice, who: { account, name: former } } } });
    }
    return chats.map((chat) => ({ event: "chatChanged", chat: chat.chat }));
  }

  /** What waits and may go now. */
  waiting(): MessageRef[] {
    return [...this.world.messages.values()].filter((view) => view.state === "pending" && !this.isHeld(view.chat)).map((view) => view.message);
  }

  isHeld(chat: string): boolean {
    const it = this.world.chats.get(chat);
    return it !== undefined && this.held(it).length > 0;
  }

  ask(need: number, keys: string[]): Event[] {
    const { directory } = this.world;
    const declined = (code: string): Event[] => [{ event: "failed", chat: null, fault: fault(code), ofTheDevice: false }];
    if (keys.some((key) => !/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/.test(key))) return declined("badWitness");
    if (need > keys.length || keys.length > 16) return declined("badWitnessCount");
    if (directory) this.vouching({ need, keys: keys.map((key) => directory.witnesses.keys.find((one) => one.key === key) ?? { name: key.split("+")[0] ?? "", key, at: null }) });
    return [];
  }

  /** For tests: those of these names sign, at that moment. */
  vouch(names: string[], at = Date.now()): void {
    const keys = this.world.directory?.witnesses.keys ?? [];
    this.vouching({ keys: keys.map((one) => (names.includes(one.name) ? { ...one, at } : one)) });
    this.world.event({ event: "witnesses" });
  }

  private vouching(change: Partial<Directory["witnesses"]>): void {
    const { directory } = this.world;
    if (!directory) return;
    const witnesses = { ...directory.witnesses, ...change };
    const have = witnesses.keys.filter((one) => one.at !== null && Date.now() - one.at <= day).length;
    this.world.directory = { ...directory, witnesses: { ...witnesses, have, holds: have >= witnesses.need } };
  }

  private letGo(chats: Chat[]): Event[] {
    if (this.world.isOnline) for (const message of this.waiting()) this.world.travel(message);
    return chats.map((chat) => ({ event: "chatChanged", chat: chat.chat }));
  }

  private who(name: string): Who {
    const person = this.world.people.find((one) => one.name === name);
    if (!person) throw new Error(`nobody is called ${name}`);
    return { account: person.account, name };
  }

  private tellAll(name: string, notice: (who: Who) => Notice): void {
    const who = this.who(name);
    for (const chat of this.world.chats.values()) {
      if (!chat.members.includes(who.account) || chat.state === "requested" || chat.state === "left") continue;
      this.world.put(chat, { sender: who.account, senderName: who.name, line: { kind: "notice", notice: notice(who) } });
      this.world.event({ event: "chatChanged", chat: chat.chat });
    }
  }
}
