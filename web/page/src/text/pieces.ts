// A text as pieces: words, and addresses that can be opened. Never HTML; nothing is ever fetched.

export type Piece = { text: string; href: string | null };

const address = /\bhttps?:\/\/[^\s<>"“”„«»]+/giu;
// What ends a sentence does not belong to an address in it.
const trailing = /[.,;:!?'’…]+$/u;

function trimmed(found: string): string {
  let end = found.replace(trailing, "");
  const closes = (open: string, close: string): boolean => end.endsWith(close) && !end.includes(open);
  while (closes("(", ")") || closes("[", "]")) end = end.slice(0, -1).replace(trailing, "");
  return end;
}

/** Only what a browser takes for an address of the web, with a host. */
function safe(found: string): string | null {
  if (!URL.canParse(found)) return null;
  const url = new URL(found);
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  // A name before an @ is a trick more often than an address.
  return isWeb && url.username === "" && url.password === "" ? url.href : null;
}

export function pieces(text: string): Piece[] {
  const result: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(address)) {
    const found = trimmed(match[0]);
    const href = safe(found);
    if (href === null) continue;
    if (match.index > at) result.push({ text: text.slice(at, match.index), href: null });
    result.push({ text: found, href });
    at = match.index + found.length;
  }
  if (at < text.length) result.push({ text: text.slice(at), href: null });
  return result;
}

/** One to three emoji and nothing else: shown large. */
export function isOnlyEmoji(text: string): boolean {
  if (text.length > 40 || /[\p{L}\p{N}]/u.test(text)) return false;
  const parts = [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text.trim())];
  return parts.length > 0 && parts.length <= 3 && parts.every(({ segment }) => /\p{Extended_Pictographic}|\p{RI}/u.test(segment));
}
