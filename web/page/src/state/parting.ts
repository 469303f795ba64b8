// Parting from people and chats: what asks first, and what can be undone. Used where a request is answered and where a chat is looked at.
import type { AccountId, ChatId, Command } from "../bridge/contract";
import * as harmless from "../text/harmless";
import { say } from "../words/words.svelte";
import { asking } from "./asking.svelte";
import { chats } from "./chats.svelte";
import { page } from "./page.svelte";
import { place, to } from "./route.svelte";
import { toasts } from "./toasts.svelte";

/** Asks, and blocks; whether it was done. */
export async function block(account: AccountId, called: string): Promise<boolean> {
  const name = harmless.line(called);
  if (!(await asking.ask({ text: say("ask.block", { name }), yes: say("info.block"), isBad: true }))) return false;
  const isDone = (await page.act({ do: "block", account })) !== null;
  if (isDone) toasts.say(say("info.blocked", { name }));
  return isDone;
}

/** The chat leaves the list at once; what makes that last is done when it can no longer be undone: one after the other, until one is refused. */
export function letGo(chat: ChatId, commands: Command[], words: string): void {
  chats.hide(chat, true);
  const done = async (): Promise<void> => {
    for (const command of commands) if ((await page.act(command)) === null) break;
    chats.hide(chat, false);
  };
  toasts.later(words, () => void done(), () => chats.hide(chat, false));
  place.replace(to.list());
}
