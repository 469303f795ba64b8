// The first steps of a profile, shared by registering and linking.
import { page } from "../../state/page.svelte";
import { say } from "../../words/words.svelte";
import type { Guarded } from "./Guard.svelte";

/** Makes the profile where there is none yet, and asks the browser to keep it. */
export async function makeProfile({ isWanted, passphrase }: Guarded): Promise<void> {
  if (page.stage?.stage !== "none") return;
  await page.client.create(isWanted ? passphrase : null);
  // Without it the browser may clear everything when room gets short. It may say no; settings show what it said.
  await navigator.storage?.persist?.().catch(() => false);
}

/** What this device is called at first: the person sees it among their devices. */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = [["Edg/", "Edge"], ["Firefox/", "Firefox"], ["Chrome/", "Chromium"], ["Safari/", "Safari"]].find(([mark]) => agent.includes(mark ?? ""))?.[1] ?? "Browser";
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]].find(([mark]) => agent.includes(mark ?? ""))?.[1];
  return system ? `${browser} · ${system}` : browser;
}

export type WrongGuard = { passphrase: string | null; again: string | null };
export const rightGuard: WrongGuard = { passphrase: null, again: null };

/** What is wrong with the decision: a passphrase that is wanted is written, twice the same. */
export function wrongGuard({ isWanted, passphrase, again }: Guarded): WrongGuard {
  if (!isWanted) return rightGuard;
  if (passphrase === "") return { passphrase: say("guard.empty"), again: null };
  return { passphrase: null, again: passphrase === again ? null : say("fault.passphrasesDiffer") };
}

export const isRight = (wrong: WrongGuard): boolean => wrong.passphrase === null && wrong.again === null;
