// Which way a text runs: as its first letter does (UAX 9, P2).

const letter = /\p{L}/u;
/** A letter that runs from right to left. */
export const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** Null where no letter says so. */
export function directionOf(text: string): "ltr" | "rtl" | null {
  const first = letter.exec(text)?.[0];
  return first === undefined ? null : rightToLeft.test(first) ? "rtl" : "ltr";
}
