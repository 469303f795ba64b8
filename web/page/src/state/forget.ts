// Forgetting this browser: the core wipes its files, the page its preferences, its cache and its service worker.
import { say } from "../words/words.svelte";
import { asFault } from "./faults";
import { asking } from "./asking.svelte";
import { page } from "./page.svelte";
import { toasts } from "./toasts.svelte";

/** Leaves nothing of this origin, then begins anew. */
export async function forgetBrowser(): Promise<void> {
  if (!(await asking.ask({ text: say("ask.forgetBrowser"), yes: say("ask.yesForget"), isBad: true }))) return;
  try {
    await page.client.forgetBrowser();
  } catch (error) {
    toasts.complain(asFault(error));
    return;
  }
  localStorage.clear();
  sessionStorage.clear();
  const names = (await globalThis.caches?.keys()) ?? [];
  await Promise.all(names.map((name) => caches.delete(name)));
  const workers = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(workers.map((worker) => worker.unregister()));
  location.replace("/");
}
