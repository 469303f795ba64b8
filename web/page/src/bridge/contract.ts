// The contract between the page (views), the tab's bridge, and the Worker that runs the Rust core.
// Names and meanings are those of core/src/view.rs, input.rs, output.rs (Command, Event, Views).
// ids: hex strings. times: milliseconds since 1970 (number). MessageRef: number.
export type ChatId = string; export type AccountId = string; export type DeviceId = string; export type MessageRef = number;

// ---- views (read from the store; plain data)
export interface Me { account: AccountId; name: string; displayName: string | null; device: DeviceId; deviceName: string; registered: boolean }
export interface DeviceView { device: DeviceId; name: string | null; added: number; this: boolean }
export type ChatState = "opening" | "requested" | "open" | "healing" | "leaving" | "left";
export interface ChatSummary { chat: ChatId; title: string; direct: boolean; peer: AccountId | null; displayName: string | null;
  state: ChatState; members: number; unread: number; last: MessageView | null; active: number;
  /** Whose devices, or identity, changed since the person last said that it is right; while it is not empty, own words here stay `pending`.
      Only ever not empty while `Settings.requireVerification`. */
  held: Who[] }
export type MessageState = "received" | "pending" | "sent" | "delivered" | "read" | "failed";
export type Line =
  | { kind: "text"; text: string } | { kind: "deleted" } | { kind: "unknown"; what: string } | { kind: "gap" }
  | { kind: "notice"; notice: Notice };
export interface Who { account: AccountId; name: string }
/** A device of somebody else's: `name` null where they have not told it; `at`: when it was added, or when we heard that it was removed. */
export interface TheirDevice { name: string | null; at: number }
export type Notice =
  | { what: "created" } | { what: "joined" } | { what: "added"; who: Who[] } | { what: "removed"; who: Who[] } | { what: "left"; who: Who }
  | { what: "renamed"; title: string } | { what: "admin"; who: Who; admin: boolean } | { what: "refounded" } | { what: "nobody" }
  // no devices: told by an older version
  | { what: "deviceAdded"; who: Who; devices: TheirDevice[] } | { what: "deviceRemoved"; who: Who; devices: TheirDevice[] }
  // somebody else has this person's name in the directory now
  | { what: "identityChanged"; who: Who };
export interface MessageView { message: MessageRef; chat: ChatId; sender: AccountId | null; own: boolean; senderName: string;
  senderDisplay: string | null; at: number; line: Line; replyTo: MessageRef | null; edited: boolean;
  reactions: { account: AccountId; name: string; emoji: string }[]; state: MessageState }
export interface Draft { chat: ChatId; text: string; replyTo: MessageRef | null }
export interface MemberView { account: AccountId; name: string; displayName: string | null; admin: boolean; own: boolean; devices: number; verified: boolean }
export interface SafetyNumber { digits: string; verified: boolean }             // 60 digits
export interface Connection { receiving: boolean; sending: boolean; caughtUp: boolean; waiting: number }
export interface Settings { deliveredReceipts: boolean; readReceipts: boolean; requireVerification: boolean }
export interface Blocked { account: AccountId; name: string }
/** What this device knows of the server's key directory. */
export type Directory = {
  /** The log's name, as auditors and witnesses know it. */
  origin: string;
  /** Changes of keys, of everybody, that the newest tree head we saw covers: epochs. */
  epochs: number;
  /** When that head was signed; ms. */
  signed: number;
  /** When our own entry was last found to be ours alone; null: not yet. */
  watched: number | null;
  /** Changes to our own entry so far: registration, devices added and removed. */
  versions: number;
  /** How many pieces of evidence against the server are kept. */
  evidence: number;
  witnesses: Witnesses;
};
/** Others who sign the directory's tree heads, each of them one history alone. */
export type Witnesses = {
  /** How many of the chosen ones must vouch for the directory; 0: none is required. */
  need: number;
  /** The chosen ones: verifier key (`name+id+base64`), and when each last vouched; ms. */
  keys: { name: string; key: string; at: number | null }[];
  /** How many of them vouched within 24 hours for a head that fits ours. */
  have: number;
  /** Verifier keys that the server itself says it uses. */
  listed: string[];
  /** False: fewer than needed vouch now, so no new keys are believed and new people and devices cannot be added until they do. */
  holds: boolean;
};

// ---- commands: made durable before the promise resolves; what they bring about at once is in the answer, the rest comes as notices
export type Command =
  | { do: "register"; name: string; invite: string; deviceName: string } | { do: "forgetClaim" }
  | { do: "offerLink" } | { do: "acceptLink"; code: string; deviceName: string } | { do: "removeDevice"; device: DeviceId }
  | { do: "openDirect"; name: string } | { do: "createGroup"; title: string; members: string[] }
  | { do: "send"; chat: ChatId; text: string; replyTo: MessageRef | null } | { do: "react"; chat: ChatId; message: MessageRef; emoji: string }
  | { do: "edit"; chat: ChatId; message: MessageRef; text: string } | { do: "delete"; chat: ChatId; message: MessageRef }
  | { do: "keepDraft"; draft: Draft } | { do: "retry"; message: MessageRef } | { do: "discard"; message: MessageRef }
  | { do: "markRead"; chat: ChatId } | { do: "markReadUpto"; chat: ChatId; message: MessageRef }
  | { do: "addMembers"; chat: ChatId; members: string[] } | { do: "removeMember"; chat: ChatId; account: AccountId }
  | { do: "setAdmin"; chat: ChatId; account: AccountId; admin: boolean } | { do: "rename"; chat: ChatId; title: string }
  | { do: "leave"; chat: ChatId } | { do: "acceptRequest"; chat: ChatId } | { do: "declineRequest"; chat: ChatId }
  | { do: "block"; account: AccountId } | { do: "unblock"; account: AccountId } | { do: "markVerified"; account: AccountId; verified: boolean }
  | { do: "lookUp"; name: string } | { do: "refresh"; chat: ChatId } | { do: "setDisplayName"; name: string }
  | { do: "setDeliveredReceipts"; on: boolean } | { do: "setReadReceipts"; on: boolean } | { do: "setRequireVerification"; on: boolean }
  // goOn: I know of these new devices, let my words go. acceptIdentity: I know that somebody else has the name now, talk with them in a new chat.
  | { do: "goOn"; account: AccountId } | { do: "acceptIdentity"; name: string }
  // faults badWitness (a key does not read) and badWitnessCount (need is more than there are) come as events; askWitnesses: who are they now?
  | { do: "setWitnesses"; need: number; keys: string[] } | { do: "askWitnesses" }
  | { do: "forget"; chat: ChatId } | { do: "closeAccount" };

// `code` is the variant's name in camelCase (Problem::NotAdmin -> "notAdmin"; Refusal likewise): the page's catalogues translate it; `text` is English fallback.
export interface Fault { code: string; text: string }
export type Event =
  | { event: "registered"; account: AccountId; name: string } | { event: "registerFailed"; fault: Fault } | { event: "linkCode"; code: string }
  | { event: "deviceAdded"; name: string } | { event: "deviceNamed"; name: string } | { event: "linkFailed"; fault: Fault } | { event: "chatOpened"; chat: ChatId }
  | { event: "chatMoved"; from: ChatId; to: ChatId } | { event: "noSuchAccount"; name: string } | { event: "accountKnown"; account: AccountId; name: string }
  | { event: "witnesses" }
  | { event: "chatChanged"; chat: ChatId } | { event: "requested"; chat: ChatId } | { event: "received"; chat: ChatId; message: MessageRef }
  | { event: "messageChanged"; chat: ChatId; message: MessageRef }
  | { event: "progress"; chat: ChatId; work: "adding" | "joining"; done: number; total: number }
  | { event: "failed"; chat: ChatId | null; fault: Fault; ofTheDevice: boolean } | { event: "signedOut" } | { event: "accountClosed" };

// ---- looks: read, change nothing
export interface Looks {
  me: { ask: {}; answer: Me | null };            settings: { ask: {}; answer: Settings };
  devices: { ask: {}; answer: DeviceView[] };    chats: { ask: {}; answer: ChatSummary[] };
  chat: { ask: { chat: ChatId }; answer: ChatSummary | null };
  messages: { ask: { chat: ChatId; before: MessageRef | null; limit: number }; answer: MessageView[] };        // oldest first
  messagesAfter: { ask: { chat: ChatId; after: MessageRef; limit: number }; answer: MessageView[] };          // of that chat, oldest first
  message: { ask: { message: MessageRef }; answer: MessageView | null };
  firstUnread: { ask: { chat: ChatId }; answer: MessageRef | null };
  search: { ask: { chat: ChatId | null; words: string; limit: number }; answer: MessageView[] };               // newest first
  drafts: { ask: {}; answer: Draft[] };          members: { ask: { chat: ChatId }; answer: MemberView[] };
  safetyNumber: { ask: { account: AccountId }; answer: SafetyNumber | null };
  accountByName: { ask: { name: string }; answer: AccountId | null };
  blocked: { ask: {}; answer: Blocked[] };       connection: { ask: {}; answer: Connection };
  isLinking: { ask: {}; answer: boolean };
  directory: { ask: {}; answer: Directory | null };                               // null before the first answer of a server
}

// ---- the life of a profile in this browser
//  none: nothing is kept here yet | locked: a passphrase is asked for | open | broken: does not open (fault says why)
export type Stage = { stage: "none" } | { stage: "locked" } | { stage: "open"; hasPassphrase: boolean } | { stage: "broken"; fault: Fault };
export type NoticeToPage =
  | { notice: "event"; event: Event } | { notice: "stage"; stage: Stage }
  | { notice: "connection"; connection: Connection; retryAt: number | null; reached: boolean }   // whenever it changed
  | { notice: "disk"; fault: Fault };            // quota or disk: nothing was changed, it will be tried again

/** What the views hold: one object for leader tabs and followers alike. Every promise rejects with a Fault. */
export interface Client {
  stage(): Promise<Stage>;
  create(passphrase: string | null): Promise<void>;      // makes the profile; null: the key lies in this browser unprotected by a passphrase
  unlock(passphrase: string): Promise<void>;              // Fault code "wrongPassphrase"
  lock(): Promise<void>;
  changePassphrase(from: string | null, to: string | null): Promise<void>;
  forgetBrowser(): Promise<void>;                         // wipes everything that this origin keeps here
  command(command: Command): Promise<Event[]>;
  look<K extends keyof Looks>(what: K, ask: Looks[K]["ask"]): Promise<Looks[K]["answer"]>;
  listen(hear: (notice: NoticeToPage) => void): () => void;
  retryNow(): void;                                       // do not wait for the backoff
}
