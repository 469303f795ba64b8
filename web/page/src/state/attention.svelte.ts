// Whether the person looks at the page, and what is told when not: title, notification, screen reader.
import type { ChatId, MessageRef } from "../bridge/contract";
import * as harmless from "../text/harmless";
import { say } from "../words/words.svelte";
import { chats } from "./chats.svelte";
import { page } from "./page.svelte";
import { preferences } from "./preferences.svelte";
import { place } from "./route.svelte";

const looks = (): boolean => document.visibilityState === "visible" && document.hasFocus();

class Attention {
  isHere = $state(looks());
  /** For the live region; what came in the open chat while one looks at it. */
  spoken = $state("");

  start(): void {
    page.onOpen(() => (this.spoken = ""));
    const look = (): void => void (this.isHere = looks());
    for (const name of ["focus", "blur"]) addEventListener(name, look);
    document.addEventListener("visibilitychange", look);
    page.on((event) => {
      if (event.event === "received") void this.came(event.chat, event.message);
      if (event.event === "requested") this.notify(event.chat, say("notify.new"));
    });
    navigator.serviceWorker?.addEventListener("message", (event: MessageEvent<{ show?: string }>) => {
      if (event.data.show?.startsWith("#/chat/")) place.go(event.data.show);
    });
  }

  private async came(chat: ChatId, message: MessageRef): Promise<void> {
    const view = await page.client.look("message", { message }).catch(() => null);
    if (!view || view.own || view.line.kind !== "text") return;
    const text = say("talk.came", { name: harmless.line(view.senderName), text: harmless.text(view.line.text).slice(0, 280) });
    if (this.isHere) {
      const isOpen = place.route.at === "chat" && place.route.chat === chat;
      // Empty first: the same words twice are said twice.
      this.spoken = "";
      queueMicrotask(() => (this.spoken = isOpen ? text : say("talk.came", { name: harmless.line(view.senderName), text: say("notify.new") })));
    } else if (chats.of(chat)?.state !== "requested") this.notify(chat, preferences.all.notifyContents ? text : say("notify.new"));
  }

  private notify(chat: ChatId, body: string): void {
    const { notify, sound } = preferences.all;
    if (this.isHere || !notify || !("Notification" in globalThis) || Notification.permission !== "granted") return;
    // One per chat: a newer one takes its place.
    const options = { body, tag: chat, data: chat, icon: "/icon-192.png", silent: !sound };
    void navigator.serviceWorker?.getRegistration().then((registration) => {
      if (registration?.active) return registration.showNotification(say("notify.title"), options);
      const shown = new Notification(say("notify.title"), options);
      shown.onclick = () => {
        focus();
        place.go(`#/chat/${chat}`);
      };
      return undefined;
    });
  }
}

export const attention = new Attention();
