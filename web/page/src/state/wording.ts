// Words for what the core shows: notices, previews, requests. The page's counterpart of the terminal's wording.
import type { ChatSummary, MessageView, Notice, Who } from "../bridge/contract";
import * as harmless from "../text/harmless";
import { list, say } from "../words/words.svelte";
import { change } from "./changes";
import { page } from "./page.svelte";

/** A name, or "you". */
const who = (one: Who): string => (one.account === page.me?.account ? say("info.you") : harmless.line(one.name));
const several = (all: Who[]): string => list(all.map(who));

/** What happened in a chat, as a sentence. */
export function notice(notice: Notice, view: MessageView): string {
  const by = view.sender ? harmless.line(view.senderName) : say("notice.somebody");
  switch (notice.what) {
    case "created": return view.own ? say("notice.createdOwn") : say("notice.created", { by });
    case "joined": return say("notice.joined");
    case "added": return view.own ? say("notice.addedOwn", { who: several(notice.who) }) : say("notice.added", { by, who: several(notice.who) });
    case "removed": return view.own ? say("notice.removedOwn", { who: several(notice.who) }) : say("notice.removed", { by, who: several(notice.who) });
    case "left": return say("notice.left", { who: who(notice.who) });
    case "renamed": {
      const title = harmless.line(notice.title);
      return view.own ? say("notice.renamedOwn", { title }) : say("notice.renamed", { by, title });
    }
    case "admin": {
      const words = { by, who: who(notice.who) };
      if (notice.admin) return view.own ? say("notice.adminOwn", words) : say("notice.admin", words);
      return view.own ? say("notice.unadminOwn", words) : say("notice.unadmin", words);
    }
    case "deviceAdded": case "deviceRemoved": case "identityChanged": return change(notice);
    case "refounded": return say("notice.refounded");
    case "nobody": return say("notice.nobody");
  }
}

/** A line of a conversation in one line, without who said it. */
export function inShort(view: MessageView): string {
  switch (view.line.kind) {
    case "text": return harmless.text(view.line.text.slice(0, 400)).replace(/\s+/gu, " ");
    case "deleted": return say("line.deleted");
    case "unknown": return say("line.unknown");
    case "gap": return say("line.gapShort");
    case "notice": return notice(view.line.notice, view);
  }
}

/** Who said the last line, where that is not plain from the chat. */
export function saidBy(chat: ChatSummary, view: MessageView): string {
  if (view.line.kind === "notice" || view.line.kind === "gap") return "";
  if (view.own) return say("chats.you");
  return chat.direct ? "" : `${harmless.line(view.senderName)}:`;
}

/** Where a chat stands, where that is worth saying. */
export function chatState(chat: ChatSummary): string | null {
  switch (chat.state) {
    case "open": return null;
    case "opening": return say("state.opening");
    case "requested": return say(chat.direct ? "state.requestedDirect" : "state.requestedGroup");
    case "healing": return say("state.healing");
    case "leaving": return say("state.leaving");
    case "left": return say("state.left");
  }
}

/** What a request asks. */
export function request(chat: ChatSummary): string {
  const title = harmless.line(chat.title);
  if (!chat.direct) return say("request.group", { title });
  return chat.displayName === null ? say("request.direct", { name: title }) : say("request.directCalled", { name: title, display: harmless.quoted(chat.displayName) });
}
