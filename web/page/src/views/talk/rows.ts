// Messages as rows: which begins a day, which stands alone, which belongs to the one before it.
import type { MessageRef, MessageView } from "../../bridge/contract";
import { dayOf } from "../../words/dates";

export type Row = { view: MessageView; startsDay: boolean; isFirstUnread: boolean; isFirst: boolean; isLast: boolean };

/** What one person says within so long stands together. */
const together = 5 * 60_000;

const isPlain = (view: MessageView): boolean => view.line.kind !== "notice" && view.line.kind !== "gap";

function belong(before: MessageView | undefined, view: MessageView | undefined): boolean {
  return before !== undefined && view !== undefined && isPlain(before) && isPlain(view) && before.sender === view.sender && before.own === view.own
    && Math.abs(view.at - before.at) < together && dayOf(before.at) === dayOf(view.at);
}

export function rowsOf(messages: MessageView[], unreadFrom: MessageRef | null): Row[] {
  const breaks = (at: number): boolean => messages[at]?.message === unreadFrom || !belong(messages[at - 1], messages[at]);
  return messages.map((view, at) => {
    const before = messages[at - 1];
    return {
      view,
      startsDay: before === undefined || dayOf(before.at) !== dayOf(view.at),
      isFirstUnread: view.message === unreadFrom,
      isFirst: breaks(at),
      isLast: breaks(at + 1),
    };
  });
}

/** A guess at the height of what was never shown, in CSS pixels: only the scroll bar sees whether it was right. */
export function guess({ view, startsDay, isFirst }: Row): number {
  const text = view.line.kind === "text" ? view.line.text : "";
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 56)), 0);
  return 18 + Math.min(lines, 60) * 21 + (startsDay ? 52 : 0) + (isFirst ? 10 : 0) + (view.replyTo === null ? 0 : 48) + (view.reactions.length > 0 ? 26 : 0);
}
