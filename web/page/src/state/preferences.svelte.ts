// What the person chose about this page in this browser. Nothing secret: it is kept in clear.
import type { Language } from "../words/catalogue";
import { languages } from "../words/catalogue";
import { browserLanguage, speak } from "../words/words.svelte";

export type Theme = "system" | "light" | "dark";
type Kept = { theme: Theme; language: Language | null; autoLock: number; notify: boolean; notifyContents: boolean; sound: boolean; /** Notifications were offered once, and answered. */ wasOffered: boolean };

const key = "waxseal.preferences";
const first: Kept = { theme: "system", language: null, autoLock: 10, notify: false, notifyContents: false, sound: false, wasOffered: false };

const dark = matchMedia("(prefers-color-scheme: dark)");

function kept(): Kept {
  try {
    const read = { ...first, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Kept>) };
    return read.language !== null && !(read.language in languages) ? { ...read, language: null } : read;
  } catch {
    return first; // Storage is off, or somebody wrote into it.
  }
}

class Preferences {
  all = $state.raw<Kept>(kept());

  constructor() {
    dark.addEventListener("change", () => void this.apply());
    addEventListener("storage", (event) => {
      if (event.key !== key) return;
      this.all = kept();
      void this.apply();
    });
  }

  set(change: Partial<Kept>): void {
    this.all = { ...this.all, ...change };
    try {
      localStorage.setItem(key, JSON.stringify(this.all));
    } catch {
      // It holds until the page is closed.
    }
    void this.apply();
  }

  async apply(): Promise<void> {
    const { theme } = this.all;
    document.documentElement.dataset["theme"] = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    await speak(this.all.language ?? browserLanguage());
  }
}

export const preferences = new Preferences();
