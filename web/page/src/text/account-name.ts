// Why a name is none, said while it is typed: the first rules of wire's `AccountName::parse`, in its order.
// The core checks all of them again, with the tables of Unicode that a page does not carry.
import type { Key } from "../words/catalogue";

const scripts = ["Latin", "Cyrillic", "Greek", "Hebrew", "Arabic", "Armenian", "Georgian", "Devanagari", "Thai", "Hangul"];

/** The broken rule's sentence; null where the core may be asked. */
export function whyNotAName(name: string): Key | null {
  const letters = [...name];
  if (letters.length < 2 || letters.length > 32) return "fault.badNameLength";
  if (/\p{Lu}/u.test(name)) return "fault.badNameCase";
  if (name.normalize("NFKC") !== name) return "fault.badNameConfusable";
  if (!/^[\p{L}\p{N}\p{M}]+([-_.][\p{L}\p{N}\p{M}]+)*$/u.test(name)) return "fault.badNameCharacter";
  const used = scripts.filter((script) => new RegExp(`\\p{Script=${script}}`, "u").test(name));
  return used.length > 1 ? "fault.badNameMixedScript" : null;
}

/** Several names in one field: spaces, commas or lines between. */
export const namesIn = (typed: string): string[] => typed.split(/[\s,;]+/u).filter((name) => name !== "");
