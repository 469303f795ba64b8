// Whether the person looks at the page, and what is told when not: title, notification, screen reader.
import type { ChatId, MessageRef } from "../bridge/contract";
import * as harmless from "../text/harmless";
import { say } from "../words/words.svelte";
import { chats } from "./chats.svelte";
import { page } from "./page.svelte";
import { preferences } from "./preferences.svelte";
import { place } from "./route.svelte";

const looks = (): boolean => document.visibilityState === "visible" && document.hasFocus();

/** So many lines stay to be looked up; what is older was said long ago. */
const few = 5;

class Attention {
  private next = 1;
  isHere = $state(looks());
  /** For the live region: what came while one looks. One line each, so that each is said once, and none takes another's place. */
  spoken = $state.raw<{ id: number; text: string }[]>([]);

  start(): void {
    page.onOpen(() => (this.spoken = []));
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
      const line = isOpen ? text : say("talk.came", { name: harmless.line(view.senderName), text: say("notify.new") });
      this.spoken = [...this.spoken.slice(1 - few), { id: this.next++, text: line }];
    } else if (chats.of(chat)?.state !== "requested") this.notify(chat, preferences.all.notifyContents ? text : say("notify.new"));
  }

  /** Asks the browser where it has not been asked; whether notifications are on now. */
  async turnOn(on: boolean): Promise<boolean> {
    if (on && "Notification" in globalThis && Notification.permission !== "granted") await Notification.requestPermission();
    const isOn = on && "Notification" in globalThis && Notification.permission === "granted";
    preferences.set({ notify: isOn, wasOffered: true });
    return isOn;
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
