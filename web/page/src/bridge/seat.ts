// What a tab and the Worker say to each other. The Worker's side is src/worker.
import type { Command, Fault, Looks, NoticeToPage } from "./contract";

export type Ask =
  | { ask: "stage" }
  | { ask: "create"; passphrase: string | null }
  | { ask: "unlock"; passphrase: string }
  | { ask: "lock" }
  | { ask: "changePassphrase"; from: string | null; to: string | null }
  | { ask: "forgetBrowser" }
  | { ask: "command"; command: Command }
  | { ask: "look"; what: keyof Looks; with: unknown }
  | { ask: "retryNow" }
  /** The browser says that it has, or has not, a network: a hint and no more. */
  | { ask: "network"; online: boolean };

export type Asked = { id: number; ask: Ask };
export type Answer = { id: number; ok: unknown } | { id: number; fault: Fault };
export type FromSeat = Answer | { notice: NoticeToPage };

/** Where the core runs: the Worker, or the stand-in of the tests. */
export interface Seat {
  tell(asked: Asked): void;
  hear(take: (from: FromSeat) => void): void;
}

/** Reading may be repeated at another leader; whatever changes something may have been done already. */
export const isRepeatable = (ask: Ask): boolean => ask.ask === "look" || ask.ask === "stage" || ask.ask === "retryNow" || ask.ask === "network";
