// The service worker from the page's side: starts it, and knows when a new version is ready.
import { scriptUrl } from "./trusted";

class Installed {
  isNewReady = $state(false);
  private waiting: ServiceWorker | null = null;

  start(): void {
    if (import.meta.env.DEV || !("serviceWorker" in navigator)) return;
    const hadOne = navigator.serviceWorker.controller !== null;
    // The new version has taken over: what is shown is of the old one. Never on the first visit.
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      if (hadOne && this.waiting) location.reload();
    });
    void this.register();
  }

  /** Starts the new version, in all tabs. */
  takeOver(): void {
    this.waiting?.postMessage("take over");
  }

  private async register(): Promise<void> {
    const url = scriptUrl("/sw.js") as unknown as string;
    const registration = await navigator.serviceWorker.register(url, { updateViaCache: "none" }).catch(() => null);
    if (!registration) return;
    const look = (): void => {
      this.waiting = registration.waiting;
      this.isNewReady = registration.waiting !== null && navigator.serviceWorker.controller !== null;
    };
    look();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", look);
    });
    const hourly = 3_600_000;
    setInterval(() => void registration.update().catch(() => {}), hourly);
  }
}

export const installed = new Installed();
