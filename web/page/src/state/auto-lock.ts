// Locks by itself after minutes without a key or a touch in any tab. A tab tells the others by the time
// that it writes down; whoever sees first that it is long ago, locks.
import { lock } from "./lock";
import { page } from "./page.svelte";
import { preferences } from "./preferences.svelte";

const key = "waxseal.touched";
const lookEvery = 5_000;
const writeEvery = 4_000;

const touched = (): number => Number(localStorage.getItem(key) ?? 0);

function touch(): void {
  const now = Date.now();
  if (now - touched() > writeEvery) localStorage.setItem(key, String(now));
}

function look(): void {
  const { stage } = page;
  const minutes = preferences.all.autoLock;
  if (stage?.stage !== "open" || !stage.hasPassphrase || minutes === 0) return;
  if (Date.now() - touched() > minutes * 60_000) void lock();
}

export function startAutoLock(): void {
  localStorage.setItem(key, String(Date.now()));
  for (const name of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(name, touch, { passive: true, capture: true });
  setInterval(look, lookEvery);
  // A laptop that was closed wakes up here before anything is shown.
  document.addEventListener("visibilitychange", look);
}
