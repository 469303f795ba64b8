// What this device knows of the server's key directory, and how that is to be told: in one word, for a line and a sign.
//
// Looked at only while a view shows it. Never judges a proof: that is the core's; here it is only said.
import type { Directory, Fault } from "../bridge/contract";
import type { Key } from "../words/catalogue";
import { ago } from "../words/dates";
import { say } from "../words/words.svelte";
import { page } from "./page.svelte";

export type Standing = "checked" | "late" | "unchecked" | "unproven" | "lied";

/** Notices that come together are answered together. */
const gather = 300;
/** How often time goes on in "5 minutes ago". */
const tick = 20_000;
/** Our entry is looked after daily: two days without a word are worth another sign. */
const patience = 2 * 86_400_000;

class Watched {
  known = $state.raw<Directory | null>(null);
  /** Before the core's first answer nothing is said. */
  isRead = $state(false);
  /** Goes on while somebody looks. */
  now = $state(Date.now());
  private shown = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private stop = (): void => {};

  /** Null: nothing is known yet, not even that nothing is. */
  readonly standing = $derived.by((): Standing | null => {
    const trouble = troubleOf(this.known, page.grave);
    if (trouble || !this.isRead) return trouble;
    if (this.known?.watched == null) return "unchecked";
    return this.now - this.known.watched > patience ? "late" : "checked";
  });
  readonly isBad = $derived(this.standing === "lied" || this.standing === "unproven");
  readonly line = $derived(this.standing && say(lines[this.standing], { ago: ago(this.known?.watched ?? 0, this.now) }));

  /** Looks now and whenever it may have changed, for as long as some view shows it. */
  attend(): () => void {
    if (this.shown++ === 0) this.begin();
    return () => {
      if (--this.shown > 0) return;
      this.stop();
      // What a locked page shows to nobody it does not keep.
      this.known = null;
      this.isRead = false;
    };
  }

  private begin(): void {
    void this.read();
    const forget = page.client.listen(() => (this.timer ??= setTimeout(() => void this.read(), gather)));
    const clock = setInterval(() => void this.read(), tick);
    this.stop = () => {
      forget();
      clearInterval(clock);
      clearTimeout(this.timer ?? undefined);
      this.timer = null;
    };
  }

  /** Looks now: for whoever has just changed something. */
  async read(): Promise<void> {
    this.timer = null;
    const known = await page.client.look("directory", {}).catch(() => undefined);
    // Nobody looks any more, or the core does not answer: what was known stays.
    if (this.shown === 0 || known === undefined) return;
    this.now = Date.now();
    this.known = known;
    this.isRead = true;
  }
}

const lines: Record<Standing, Key> = {
  checked: "watched.checked", late: "watched.late", unchecked: "watched.unchecked", unproven: "watched.unproven", lied: "watched.lied",
};

/** What is kept says so for good; a fault, for as long as the page shows it. */
function troubleOf(known: Directory | null, grave: Fault | null): "lied" | "unproven" | null {
  if ((known?.evidence ?? 0) > 0 || grave?.code === "directoryLied") return "lied";
  return grave?.code === "directoryUnproven" ? "unproven" : null;
}

export const watched = new Watched();
