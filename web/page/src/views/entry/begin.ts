// The first steps of a profile, shared by registering and linking.
import { page } from "../../state/page.svelte";
import { say } from "../../words/words.svelte";

/** Makes the profile where there is none yet, and asks the browser to keep it. */
export async function makeProfile(passphrase: string): Promise<void> {
  if (page.stage?.stage !== "none") return;
  await page.client.create(passphrase === "" ? null : passphrase);
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

/** Why these two are no passphrase; null where they are one, or none is wanted. */
export function whyNotAPassphrase(passphrase: string, again: string): string | null {
  return passphrase === again ? null : say("fault.passphrasesDiffer");
}
