// The picture of an account or a chat: letters on a colour that follows from its id, so that it is the same everywhere.

/** Hues on which the letters have a contrast of 4.5 : 1 and more in both themes; app.css holds the colours. */
export const hues = 8;

export function hueOf(id: string): number {
  let sum = 7;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return sum % hues;
}

/** One or two letters. */
export function initials(title: string): string {
  const words = title.split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = (word: string): string => [...word].find((c) => /[\p{L}\p{N}]/u.test(c)) ?? "";
  return words.slice(0, 2).map(first).join("").toLocaleUpperCase();
}
