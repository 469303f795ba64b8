// The service worker from the page's side: starts it, and knows when a new version is ready.
//
// A new version never starts by itself: a person says so, in one tab. The other tabs go along where nobody is writing,
// and say that there is one where somebody is.
import { scriptUrl } from "./trusted";

const hourly = 3_600_000;
/** After a server came back it may have another page; it is not asked more often than this, in ms. */
const atMost = 20_000;

/** Fields into which a person has written. */
const touched = new Set<HTMLInputElement | HTMLTextAreaElement>();
addEventListener("input", ({ target }) => {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) touched.add(target);
});

/** Whether a person has begun to write something here, and not finished. */
function isWriting(): boolean {
  for (const field of touched) if (!field.isConnected) touched.delete(field);
  return [...touched].some((field) => field.value !== "");
}

class Installed {
  isNewReady = $state(false);
  private waiting: ServiceWorker | null = null;
  private registration: ServiceWorkerRegistration | null = null;
  private isAsked = false;
  /** The new version runs already, in another tab. */
  private isOld = false;
  private looked = 0;
  /** Brings what is being written into safety; the page goes after it. */
  private prepare: () => Promise<void> = () => Promise.resolve();

  start(prepare: () => Promise<void>): void {
    this.prepare = prepare;
    if (import.meta.env.DEV || !("serviceWorker" in navigator)) return;
    const hadOne = navigator.serviceWorker.controller !== null;
    // The new version has taken over: what is shown is of the old one. Never on the first visit.
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      if (!hadOne) return;
      if (this.isAsked || !isWriting()) void this.reload();
      else [this.waiting, this.isNewReady, this.isOld] = [null, true, true];
    });
    void this.register();
  }

  /** Starts the new version, in all tabs. */
  async takeOver(): Promise<void> {
    this.isAsked = true;
    if (this.waiting) this.waiting.postMessage("take over");
    else await this.reload();
  }

  /** Asks the server whether it has another page. */
  look(): void {
    if (!this.registration || Date.now() - this.looked < atMost) return;
    this.looked = Date.now();
    void this.registration.update().catch(() => {});
  }

  private async reload(): Promise<void> {
    await this.prepare();
    location.reload();
  }

  private async register(): Promise<void> {
    const url = scriptUrl("/sw.js") as unknown as string;
    const registration = await navigator.serviceWorker.register(url, { updateViaCache: "none" }).catch(() => null);
    if (!registration) return;
    this.registration = registration;
    const look = (): void => {
      if (this.isOld) return;
      this.waiting = registration.waiting;
      this.isNewReady = registration.waiting !== null && navigator.serviceWorker.controller !== null;
    };
    look();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", look);
    });
    setInterval(() => this.look(), hourly);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.look();
    });
  }
}

export const installed = new Installed();
