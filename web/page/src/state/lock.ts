// Locking: what is being written and what waits to be done goes to the core first, then the core forgets its key.
import { asFault } from "./faults";
import { page } from "./page.svelte";
import { toasts } from "./toasts.svelte";

/** Told before the page's hold on the core goes; `pagehide` says the same of the whole page. */
export const leaving = "waxseal-leaving";

export async function lock(): Promise<void> {
  const { stage } = page;
  if (stage?.stage !== "open" || !stage.hasPassphrase) return;
  toasts.flush();
  dispatchEvent(new Event(leaving));
  await page.client.lock().catch((error: unknown) => toasts.complain(asFault(error)));
}
