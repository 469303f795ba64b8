// Keys that work everywhere in the open page. Letters alone never do anything while one writes.
import { asking } from "../state/asking.svelte";
import { chats } from "../state/chats.svelte";
import { lock } from "../state/lock";
import { page } from "../state/page.svelte";
import { place, to } from "../state/route.svelte";

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** The chat before or after the open one in the list. */
function neighbour(step: number): void {
  const { route } = place;
  const now = route.at === "chat" ? chats.list.findIndex((chat) => chat.chat === route.chat) : -1;
  const next = chats.list[now < 0 ? 0 : now + step];
  if (next) place.go(to.chat(next.chat));
}

function back(): void {
  const { route } = place;
  if (route.at === "chat" && route.info) place.replace(to.chat(route.chat));
  else if (route.at === "settings" && route.section) place.go(to.settings());
  else if (route.at !== "list") place.go(to.list());
}

/** A conversation's messages get the keyboard; Talk.svelte knows which. */
const toMessages = (): void => document.querySelector<HTMLElement>("[data-messages] [tabindex='0']")?.focus();

export function pressed(event: KeyboardEvent): void {
  // A dialog has the keyboard to itself.
  if (event.defaultPrevented || page.stage?.stage !== "open" || document.querySelector("dialog[open]")) return;
  const control = isMac ? event.metaKey : event.ctrlKey;
  const alt = event.altKey && !event.ctrlKey && !event.metaKey;
  const does: Record<string, () => void> = {};
  if (control && !event.altKey) Object.assign(does, { KeyK: () => place.go(to.search()), Comma: () => place.go(to.settings()) });
  else if (alt) {
    Object.assign(does, {
      ArrowDown: () => neighbour(1), ArrowUp: () => neighbour(-1), KeyN: () => place.go(to.newChat()), KeyM: toMessages,
      KeyL: () => void lock(),
    });
  } else if (event.key === "Escape") does["Escape"] = back;
  else if (event.key === "?" && !isWriting(event.target)) does[event.code] = () => (asking.isHelp = true);
  const act = does[event.code];
  if (!act) return;
  event.preventDefault();
  act();
}
