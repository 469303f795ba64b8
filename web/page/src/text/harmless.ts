// What others wrote, made harmless for an eye: the rules of the terminal client's `harmless`, for a page.
//
// A page never obeys a text (it is text, never HTML); what is left are letters that turn lines around
// (UAX 9 §2), letters that cannot be seen, and towers of accents. What was there is shown, not hidden.

/** Marks that may stand on one letter; a tower of them would paint over other lines. */
const marksAllowed = 4;

const turning = /[\u202a-\u202e\u2066-\u2069]/u;
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u; // newline and tab are not meant
// Nothing to see: soft hyphen, joiners of nothing, fillers, marks of direction, tags.
const hidden =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e001f}\u{e0080}-\u{e0fff}]/u;
const joiner = /[\u200c\u200d\ufe00-\ufe0f]/u;
const mark = /\p{M}/u;

function shown(c: string, before: string): string {
  if (turning.test(c)) return "\ufffd";
  if (control.test(c)) {
    const code = c.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  }
  if (hidden.test(c)) return "";
  // Joiners and presentation selectors make emoji and Persian words; on plain letters they only hide.
  if (joiner.test(c)) return /[\u0080-\u{10ffff}0-9#*]/u.test(before) ? c : "";
  return c;
}

function clean(raw: string): string {
  let result = "";
  let before = " ";
  let marks = 0;
  for (const c of raw.replace(/\r\n?|\u0085|\u2028|\u2029/gu, "\n")) {
    const it = shown(c, before);
    if (it === "") continue;
    marks = mark.test(it) && !joiner.test(it) ? marks + 1 : 0;
    if (marks > marksAllowed) continue;
    result += it;
    before = it;
  }
  return result;
}

const plain = /^[\n\t\x20-\x7e]*$/;

/** A text of several lines. */
export const text = (raw: string): string => (plain.test(raw) ? raw : clean(raw));

/** A name or a title: one line, never empty. */
export function line(raw: string): string {
  const one = text(raw).replace(/\s+/gu, " ").trim();
  return one === "" ? "(no name)" : one;
}

/** What somebody wants to be called: in quotes, so that it is not taken for anything that we say. */
export const quoted = (display: string): string => `“${unquoted(display)}”`;

/** Such a name where the sentence itself has the quotes. */
export const unquoted = (raw: string): string => line(raw).replace(/[“”„«»]/gu, '"');

/** A name that is somebody's alone, and what they want to be called beside it: `bob “Bob Builder”`. */
export const called = (name: string, display: string | null): string => (display === null ? line(name) : `${line(name)} ${quoted(display)}`);
