// What can be done with a message, and does it. Menus and rows call this; rules about who may what are the core's.
import type { MessageView } from "../../bridge/contract";
import { asFault } from "../../state/faults";
import type { Conversation } from "../../state/conversation.svelte";
import { page } from "../../state/page.svelte";
import { toasts } from "../../state/toasts.svelte";
import { say } from "../../words/words.svelte";
import type { Item } from "../parts/Menu.svelte";

const waits = (view: MessageView): boolean => view.state === "pending" || view.state === "failed";
const isSaid = (view: MessageView): boolean => view.line.kind === "text" && !waits(view);

export const hasActs = (view: MessageView): boolean => view.line.kind === "text" || waits(view);
export const canChange = (view: MessageView): boolean => view.own && isSaid(view);
export const canReact = isSaid;

export const react = (view: MessageView, emoji: string): void => void page.act({ do: "react", chat: view.chat, message: view.message, emoji });
export const retry = (view: MessageView): void => void page.act({ do: "retry", message: view.message });

/** Hidden at once, done after the time in which it can be undone. */
function hideThen(view: MessageView, conversation: Conversation, text: string, act: () => Promise<unknown>): void {
  conversation.hide(view.message, true);
  const done = async (): Promise<void> => {
    await act();
    conversation.hide(view.message, false);
  };
  toasts.later(text, () => void done(), () => conversation.hide(view.message, false));
}

export const throwAway = (view: MessageView, conversation: Conversation): void =>
  hideThen(view, conversation, say("act.discarded"), () => page.act({ do: "discard", message: view.message }));

const remove = (view: MessageView, conversation: Conversation): void =>
  hideThen(view, conversation, say("act.deleted"), () => page.act({ do: "delete", chat: view.chat, message: view.message }));

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.say(say("do.copied"));
  } catch (error) {
    toasts.complain(asFault(error));
  }
}

type Hands = { conversation: Conversation; reply: () => void; edit: () => void; goTo: (message: number) => void };

export function itemsFor(view: MessageView, hands: Hands): Item[] {
  const { line, replyTo } = view;
  const items: (Item | false)[] = [
    isSaid(view) && { label: say("act.reply"), sign: "reply", act: hands.reply },
    canChange(view) && { label: say("act.edit"), sign: "edit", act: hands.edit },
    line.kind === "text" && { label: say("act.copy"), sign: "copy", act: () => void copy(line.text) },
    replyTo !== null && { label: say("act.goTo"), sign: "down", act: () => hands.goTo(replyTo) },
    view.state === "failed" && { label: say("act.retry"), sign: "retry", act: () => retry(view) },
    view.own && waits(view) && { label: say("act.discard"), sign: "trash", act: () => throwAway(view, hands.conversation), isBad: true },
    canChange(view) && { label: say("act.delete"), sign: "trash", act: () => remove(view, hands.conversation), isBad: true },
  ];
  return items.filter((item) => item !== false);
}
