// What a catalogue is: the English one's keys, filled in. A key that is missing or too much does not compile.
import type { en } from "./en";

/** One sentence for each number that the language tells apart (Intl.PluralRules). */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export type Key = keyof typeof en;
export type Catalogue = { [K in Key]: (typeof en)[K] extends string ? string : Plural };

export const languages = {
  en: { name: "English", dir: "ltr" },
  de: { name: "Deutsch", dir: "ltr" },
  ar: { name: "العربية", dir: "rtl" },
} as const;
export type Language = keyof typeof languages;
