// Locking, and going: what is being written and what waits to be done goes to the core first.
import { asFault } from "./faults";
import { page } from "./page.svelte";
import { toasts } from "./toasts.svelte";

/** Told before the page's hold on the core goes; `pagehide` says the same of the whole page. */
export const leaving = "waxseal-leaving";

/** Before the page is loaded anew: nothing that was written here is only here. */
export async function prepareToGo(): Promise<void> {
  if (page.stage?.stage !== "open") return;
  toasts.flush();
  dispatchEvent(new Event(leaving));
  await page.isIdle();
}

/** The core forgets its key. */
export async function lock(): Promise<void> {
  const { stage } = page;
  if (stage?.stage !== "open" || !stage.hasPassphrase) return;
  toasts.flush();
  dispatchEvent(new Event(leaving));
  await page.client.lock().catch((error: unknown) => toasts.complain(asFault(error)));
}
