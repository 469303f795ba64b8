// What the stand-in world begins with: nothing, one account, a life.
import type { ChatId, ChatState, DeviceView, Directory, Me, MessageRef, MessageView, Stage, Witnesses } from "../bridge/contract";
import type { Folk } from "./folk";

export type Person = { account: string; name: string; displayName: string | null };
export type Chat = {
  chat: ChatId; title: string; direct: boolean; members: string[]; admins: string[]; state: ChatState;
  unread: MessageRef[]; order: MessageRef[]; active: number;
};
export interface Scene {
  me: Me | null; people: Person[]; chats: Map<ChatId, Chat>; messages: Map<MessageRef, MessageView>; devices: DeviceView[];
  verified: Set<string>; blocked: Set<string>; passphrase: string | null; invitation: string | null; stage: Stage;
  put(chat: Chat, what: Partial<MessageView>): MessageView;
  drafts: Map<ChatId, { chat: ChatId; text: string; replyTo: MessageRef | null }>;
  directory: Directory | null;
  /** For the scene "held" and for tests: see folk.ts. */
  folk: Folk;
}

/** The same id for the same words, as long as a real one. */
export function id(of: string): string {
  let state = 2166136261;
  let hex = "";
  for (let turn = 0; hex.length < 32; turn++) {
    for (const c of `${of}${turn}`) state = Math.imul(state ^ c.charCodeAt(0), 16777619) >>> 0;
    hex += state.toString(16).padStart(8, "0");
  }
  return hex;
}

const person = (name: string, displayName: string | null = null): Person => ({ account: id(name), name, displayName });
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const people = [
  person("bruno", "Bruno Keller"), person("maya"), person("yusuf", "Yusuf"), person("clara", "Dr. Clara Voss"), person("мария"), person("נועה", "נועה לוי"),
  person("tomas"), person("ines", "Inês"), person("eve", "Bruno Keller”, the real one"), person("lena-k"), person("omar_7"),
];

class Teller {
  constructor(private readonly scene: Scene, private readonly chat: Chat, private at: number) {}

  /** Says it `after` ms later; `by` nobody is us. */
  say(by: string | null, text: string, after = minute, more: Partial<MessageView> = {}): MessageView {
    this.at += after;
    const from = people.find((one) => one.name === by);
    const me = this.scene.me;
    return this.scene.put(this.chat, {
      sender: from?.account ?? me?.account ?? null, own: from === undefined, senderName: from?.name ?? me?.name ?? "", senderDisplay: from?.displayName ?? null,
      at: this.at, line: { kind: "text", text }, state: from ? "received" : "read", ...more,
    });
  }
}

function chat(scene: Scene, title: string, names: string[], more: Partial<Chat> = {}): Chat {
  const me = scene.me?.account ?? "";
  const members = [me, ...names.map(id)];
  const made: Chat = { chat: id(`chat ${title}`), title, direct: names.length === 1 && names[0] === title, members, admins: [me], state: "open", unread: [], order: [], active: 0, ...more };
  scene.chats.set(made.chat, made);
  return made;
}

function bruno(scene: Scene, now: number): void {
  const it = chat(scene, "bruno", ["bruno"]);
  const teller = new Teller(scene, it, now - 2 * day);
  teller.say("bruno", "Did the new keys arrive at your place?");
  teller.say(null, "Yes, this morning. I'll bring them on Thursday.", 4 * minute);
  teller.say("bruno", "Perfect 🙌", 2 * minute);
  const plan = teller.say("bruno", "The plan for the move:\n1. boxes on Wednesday evening\n2. van at 8, I drive\n3. lunch at the new place", day - hour);
  teller.say(null, "Eight is early … but fine. I'll take care of breakfast.", 12 * minute, { replyTo: plan.message, reactions: [{ account: id("bruno"), name: "bruno", emoji: "❤️" }] });
  teller.say("bruno", "The van: https://example.org/vans/7?size=large (the big one)", 40 * minute);
  teller.say(null, "Looks good, take it.", minute, { edited: true });
  teller.say("bruno", "☕☕", now - 6 * hour - (now - 2 * day + day - hour + 60 * minute));
  teller.say("bruno", "Booked. See you on Thursday!", 30_000, { reactions: [{ account: scene.me?.account ?? "", name: "alice", emoji: "👍" }] });
  teller.say(null, "See you on Thursday. And thank you for doing all this.", 3 * minute, { state: "delivered" });
}

function clinic(scene: Scene, now: number): void {
  const it = chat(scene, "Night shift, ward 3", ["maya", "yusuf", "clara", "tomas", "ines"], { admins: [id("clara"), scene.me?.account ?? ""] });
  const teller = new Teller(scene, it, now - 5 * hour);
  teller.say("clara", "", 0, { line: { kind: "notice", notice: { what: "created" } } });
  teller.say("clara", "", minute, { line: { kind: "notice", notice: { what: "added", who: [{ account: id("ines"), name: "ines" }, { account: id("tomas"), name: "tomas" }] } } });
  teller.say("clara", "Handover at nine as always. Bed 12 goes to radiology first.", minute);
  teller.say("yusuf", "I'm there from eight.", 10 * minute);
  teller.say("yusuf", "Who has the list of last night?", 20_000);
  const ask = teller.say("maya", "On my desk, blue folder. I can bring it up.", 2 * minute, { reactions: [{ account: id("yusuf"), name: "yusuf", emoji: "🙏" }, { account: id("clara"), name: "clara", emoji: "🙏" }, { account: id("tomas"), name: "tomas", emoji: "👍" }] });
  teller.say(null, "Thank you! I'll wait with the round until then.", minute, { replyTo: ask.message });
  teller.say("tomas", "", minute, { line: { kind: "deleted" } });
  teller.say(null, "", minute, { line: { kind: "gap" }, sender: null, own: false, state: "received" });
  for (const [by, text] of [["ines", "The lift is out of order again, take the stairs in the east wing."], ["ines", "They say an hour. So: two."], ["clara", "Noted. Then we start with beds 1 to 6."]] as const) {
    it.unread.push(teller.say(by, text, 50 * minute).message);
  }
}

function others(scene: Scene, now: number): void {
  new Teller(scene, chat(scene, "maya", ["maya"]), now - 26 * hour).say("maya", "Photos follow, once I have found the cable.");
  const hebrew = new Teller(scene, chat(scene, "נועה", ["נועה"]), now - 3 * day);
  hebrew.say("נועה", "שלום! נתראה ביום חמישי בשעה 8:00?");
  hebrew.say(null, "Yes, Thursday at eight.", minute);
  const slow = chat(scene, "yusuf", ["yusuf"], { state: "healing" });
  new Teller(scene, slow, now - 4 * day).say(null, "Did you get the schedule?", minute, { state: "pending" });
  const failed = chat(scene, "lena-k", ["lena-k"]);
  new Teller(scene, failed, now - 5 * day).say(null, "Are you here, too?", minute, { state: "failed" });
  const gone = chat(scene, "Summer party", ["tomas", "ines", "maya"], { state: "left" });
  new Teller(scene, gone, now - 40 * day).say("tomas", "That was great. Until next year!");
  const book = new Teller(scene, chat(scene, "Book club: 20th-century letters, diaries and other indiscretions", ["clara", "lena-k"]), now - 9 * day);
  book.say("clara", "Next time: the letters of Hannah Arendt and Mary McCarthy.");
  scene.drafts.set(id("chat maya"), { chat: id("chat maya"), text: "No hurry, I only wanted to", replyTo: null });
  const asks = chat(scene, "eve", ["eve"], { state: "requested" });
  asks.unread.push(new Teller(scene, asks, now - 2 * hour).say("eve", "Hi, it is me, Bruno. I lost my phone, can you send me the code?").message);
}

const sentences = ["All right.", "I looked at it again, and I think that we should wait until Monday before we decide.", "Why?", "Because then everybody is back.", "Hm.", "Let me ask the others.\nI'll write when I know more.", "Good idea!", "On the train. The network comes and goes here, so this may arrive late; but it will arrive.", "👍", "Where do we meet?"];

/** A long history: ten thousand messages over two years. */
function long(scene: Scene, now: number, count: number): void {
  const teller = new Teller(scene, chat(scene, "tomas", ["tomas"]), now - 730 * day);
  const step = (700 * day) / count;
  for (let n = 1; n <= count; n++) {
    const text = `${sentences[(n * 7) % sentences.length] ?? ""} (${n})`;
    teller.say(n % 3 === 0 || n % 7 === 0 ? null : "tomas", text, step);
  }
}

/** As long as real ones. */
const witnessKey = (name: string): string => `${name}+${id(name).slice(0, 8)}+${btoa(id(`key of ${name}`)).slice(0, 43)}=`;
export const listed = [witnessKey(`waxseal-witness/${id("other operator").slice(0, 16)}`), witnessKey("auditor.example")];

/** `witnessed`: enough of those who are asked for vouch. `unwitnessed`: too few do. */
function witnesses(which: string, now: number): Witnesses {
  if (which !== "witnessed" && which !== "unwitnessed") return { need: 0, keys: [], have: 0, listed, holds: true };
  const holds = which === "witnessed";
  const of = (key: string, at: number | null): Witnesses["keys"][number] => ({ name: key.split("+")[0] ?? "", key, at });
  const keys = [of(listed[0] ?? "", now - 7 * minute), of(witnessKey("keys.example.org"), holds ? now - 5 * hour : now - 3 * day), of(witnessKey("library.example"), null)];
  return { need: 2, keys, have: holds ? 2 : 1, listed, holds };
}

function changedFolk({ folk }: Scene): void {
  folk.requires = true;
  folk.addDevices("bruno", ["Laptop"]);
  folk.addDevices("yusuf", ["Tablet", null]);
  folk.takeName("maya");
}

export function fill(scene: Scene, which: string, now = Date.now()): void {
  scene.people = people;
  scene.chats.clear();
  scene.messages.clear();
  scene.drafts.clear();
  scene.me = null;
  scene.directory = null;
  scene.stage = { stage: "none" };
  scene.invitation = which === "invited" ? "seal-1234" : null;
  if (which === "first" || which === "invited") return;
  scene.me = { account: id("alice"), name: "alice", displayName: "Alice Example", device: id("browser"), deviceName: "Chromium on Linux", registered: true };
  scene.devices = [
    { device: id("browser"), name: "Chromium on Linux", added: now - 90 * day, this: true },
    { device: id("laptop"), name: "terminal, laptop", added: now - 20 * day, this: false },
    { device: id("unknown"), name: null, added: now - hour, this: false },
  ];
  scene.passphrase = which === "locked" ? "correct horse" : null;
  scene.stage = which === "locked" ? { stage: "locked" } : { stage: "open", hasPassphrase: false };
  if (which === "broken") scene.stage = { stage: "broken", fault: { code: "disk", text: "the disk is broken" } };
  // Just begun: known, but our own entry was not looked at yet. `lied`: caught, and the evidence is kept.
  const watched = which === "empty" ? null : now - 5 * minute;
  const origin = `waxseal/${id("log")}`;
  scene.directory = { origin, epochs: 1_284, signed: now - 12 * minute, watched, versions: which === "empty" ? 1 : 4, evidence: which === "lied" ? 1 : 0, witnesses: witnesses(which, now) };
  if (which === "empty") return;
  scene.blocked.add(id("omar_7"));
  scene.verified.add(id("bruno"));
  long(scene, now, which === "long" ? 10_000 : 300);
  others(scene, now);
  bruno(scene, now);
  clinic(scene, now);
  // Devices and a name changed, and words wait for that.
  if (which === "held") changedFolk(scene);
}
