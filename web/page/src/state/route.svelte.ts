// Where the person is, as the address says it: `#/chat/<id>/m/<message>`, `#/chat/<id>/info/<account>`. Back and forward are the browser's own.
import type { AccountId, ChatId, MessageRef } from "../bridge/contract";

export const sections = ["profile", "privacy", "security", "appearance", "notifications", "devices", "keys", "blocked", "data"] as const;
export type Section = (typeof sections)[number];

export type Route =
  | { at: "list" }
  | { at: "search" }
  | { at: "newChat" }
  | { at: "newGroup" }
  | { at: "chat"; chat: ChatId; message: MessageRef | null; info: boolean; /** Of a group's members, the one who is looked at. */ person: AccountId | null }
  | { at: "settings"; section: Section | null };

export function parse(hash: string): Route {
  const [first = "", id = "", what = "", which = ""] = hash.replace(/^#?\/?/, "").split("/");
  if (first === "chat" && /^[0-9a-f]{1,64}$/.test(id)) {
    const message = what === "m" && /^\d{1,15}$/.test(which) ? Number(which) : null;
    const person = what === "info" && /^[0-9a-f]{1,64}$/.test(which) ? which : null;
    return { at: "chat", chat: id, message, info: what === "info", person };
  }
  if (first === "settings") return { at: "settings", section: sections.find((section) => section === id) ?? null };
  if (first === "search") return { at: "search" };
  if (first === "new") return { at: id === "group" ? "newGroup" : "newChat" };
  return { at: "list" };
}

export const to = {
  list: (): string => "#/",
  search: (): string => "#/search",
  newChat: (): string => "#/new",
  newGroup: (): string => "#/new/group",
  chat: (chat: ChatId): string => `#/chat/${chat}`,
  message: (chat: ChatId, message: MessageRef): string => `#/chat/${chat}/m/${message}`,
  info: (chat: ChatId, person?: AccountId): string => `#/chat/${chat}/info${person ? `/${person}` : ""}`,
  settings: (section?: Section): string => (section ? `#/settings/${section}` : "#/settings"),
};

class Place {
  route = $state.raw<Route>(parse(location.hash));
  /** Counts moves, so that the same link works twice. */
  moves = $state(0);
  /** Steps of this page in the browser's history: below the first, "back" would leave the page. */
  private depth = 0;

  constructor() {
    addEventListener("hashchange", () => this.read());
  }

  go(hash: string): void {
    if (location.hash === hash || (hash === "#/" && location.hash === "")) return this.read();
    this.depth++;
    location.hash = hash;
  }

  /** Instead of the present one: what is gone is not gone back to. */
  replace(hash: string): void {
    history.replaceState(null, "", hash);
    this.read();
  }

  /** The browser's own back where there is one, the list otherwise. */
  back(fallback = "#/"): void {
    if (this.depth > 0) {
      this.depth--;
      history.back();
    } else this.replace(fallback);
  }

  private read(): void {
    this.route = parse(location.hash);
    this.moves++;
  }
}

export const place = new Place();
