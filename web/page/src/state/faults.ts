// What went wrong, in the person's language. Unknown codes are shown as the core says them.
import type { Fault } from "../bridge/contract";
import { has, say } from "../words/words.svelte";

export const isFault = (error: unknown): error is Fault =>
  typeof error === "object" && error !== null && typeof (error as Fault).code === "string" && typeof (error as Fault).text === "string";

/** Whatever was thrown, as a fault. */
export const asFault = (error: unknown): Fault => (isFault(error) ? error : { code: "unexpected", text: String(error) });

export function faultText(fault: Fault, words: Record<string, string> = {}): string {
  const key = `fault.${fault.code}`;
  return has(key) ? say(key, words) : fault.text;
}
