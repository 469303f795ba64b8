// Every sentence that the page says, in the language of the person; dates and numbers likewise.
//
// Called by views and by state. `say` reads a rune, so what it was used in changes with the language.
// English is in the first load, other languages come as files of their own.
import { rightToLeft } from "../text/direction";
import type { Catalogue, Key, Language, Plural } from "./catalogue";
import { languages } from "./catalogue";
import { en } from "./en";

type Words = Record<string, string | number>;

const others: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  de: async () => (await import("./de")).de,
  ar: async () => (await import("./ar")).ar,
};

let chosen = $state.raw<{ language: Language; catalogue: Catalogue }>({ language: "en", catalogue: en });

/** The first of the browser's languages that we have. */
export function browserLanguage(): Language {
  const wanted = navigator.languages.map((tag) => tag.split("-")[0] ?? "");
  return (wanted.find((tag) => tag in languages) as Language | undefined) ?? "en";
}

export const language = (): Language => chosen.language;
export const direction = (): "ltr" | "rtl" => languages[chosen.language].dir;

/** For Intl: the browser's own flavour of the language where there is one (`en-GB`). */
export function locale(): string {
  return navigator.languages.find((tag) => tag.split("-")[0] === chosen.language) ?? chosen.language;
}

/** English, where the words of that language do not come. */
export async function speak(wanted: Language): Promise<void> {
  const catalogue = wanted === "en" ? en : await others[wanted]().catch(() => en);
  const language = catalogue === en ? "en" : wanted;
  chosen = { language, catalogue };
  document.documentElement.lang = language;
  document.documentElement.dir = languages[language].dir;
}

const isolateFrom = 0x2068;
const isolateTo = 0x2069;

/** First strong isolate, where a word runs against the sentence: it does not turn what stands around it (UAX 9 §2). */
function isolate(value: string): string {
  const against = direction() === "rtl" ? !rightToLeft.test(value) : rightToLeft.test(value);
  return against ? String.fromCharCode(isolateFrom) + value + String.fromCharCode(isolateTo) : value;
}

function fill(sentence: string, words: Words): string {
  return sentence.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = words[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? number(value) : isolate(value);
  });
}

/** A sentence with its words; of those for numbers, the one for `n`. */
export function say(key: Key, words: Words = {}): string {
  const sentence: string | Plural = chosen.catalogue[key];
  if (typeof sentence === "string") return fill(sentence, words);
  const rule = new Intl.PluralRules(locale()).select(Number(words["n"] ?? 0));
  return fill(sentence[rule] ?? sentence.other, words);
}

/** Whether there is such a sentence: for codes that come from elsewhere. */
export const has = (key: string): key is Key => key in chosen.catalogue;

export const number = (value: number): string => new Intl.NumberFormat(locale()).format(value);
export const percent = (part: number): string => new Intl.NumberFormat(locale(), { style: "percent" }).format(part);
export const list = (names: string[]): string => new Intl.ListFormat(locale(), { type: "conjunction" }).format(names.map(isolate));
