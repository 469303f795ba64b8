// The life of the profile in this browser: none, locked, open, broken.
//
// Called by main.ts, one ask at a time. Owns the module, the files and the guard. Order matters in three
// places: a guard is on the disk before the database that it opens; it holds both keys while that is
// encrypted anew; and it is the first to go when all is forgotten, for without it the rest is noise.
import type { Fault, NoticeToPage, Stage } from "../bridge/contract";
import { fetchWhole } from "../shell/integrity";
import init, { Key, Pool } from "./core/core.js";
import moduleUrl from "./core/core_bg.wasm?url";
import { asFault, failed } from "./fault";
import { type Guard, forgetGuard, guard, keepGuard } from "./kept";
import { Profile } from "./profile";

/** The Worker of a tab that just closed may still hold the files. */
const tries = 50;
const pause = 100;

const missing = (): never => {
  throw failed("notWhole", "a file of this page did not come, or is not the one that the page names");
};

export class Keeper {
  private pool: Pool | null = null;
  private open: Profile | null = null;
  private kept: Guard | undefined;
  private broken: Fault | null = null;

  constructor(private readonly tell: (notice: NoticeToPage) => void) {}

  /** Never fails: what went wrong is the stage. */
  async start(): Promise<void> {
    try {
      // By its hash: no module is better than another one.
      await init({ module_or_path: await fetchWhole(moduleUrl, self.name).catch(missing) });
      this.kept = await guard();
      // Before the files are made anew: a key without them is all that was left when somebody cleared them away.
      if (this.kept && !(await hasFolder())) throw gone;
      this.pool = await takeFiles();
      if (this.kept?.secret) this.begin(Key.read(this.kept.header, undefined, this.kept.secret));
    } catch (thrown) {
      this.broken = asFault(thrown);
    }
    this.tellStage();
  }

  stage(): Stage {
    if (this.broken) return { stage: "broken", fault: this.broken };
    if (!this.kept) return { stage: "none" };
    return this.open ? { stage: "open", hasPassphrase: this.kept.secret === null } : { stage: "locked" };
  }

  profile(): Profile {
    if (!this.open) throw failed("notOpen", "no profile is open");
    return this.open;
  }

  async create(passphrase: string | null): Promise<void> {
    const pool = this.files();
    if (this.kept) throw failed("exists", "there is a profile here already");
    // What a creation that was interrupted, or a forgetting, left behind has no key.
    pool.clear();
    const key = Key.make(passphrase ?? undefined);
    await this.keep(key);
    this.begin(key);
    this.tellStage();
  }

  unlock(passphrase: string): void {
    this.files();
    if (!this.kept) throw failed("missing", "there is no profile here");
    if (this.open) return;
    this.begin(Key.read(this.kept.header, passphrase, undefined));
    this.tellStage();
  }

  lock(): void {
    if (!this.open) return;
    if (this.kept?.secret) throw failed("noPassphrase", "without a passphrase there is nothing to lock with");
    this.end();
    this.tellStage();
  }

  async changePassphrase(from: string | null, to: string | null): Promise<void> {
    const profile = this.profile();
    if (!this.kept) throw failed("missing", "there is no profile here");
    const { header, secret } = this.kept;
    const key = Key.replace(header, from ?? undefined, secret ?? undefined, to ?? undefined);
    await this.keep(key);
    profile.rekey(key);
    await this.keep(key, key.settled());
    key.free();
    this.tellStage();
  }

  async forget(): Promise<void> {
    const { kept } = this;
    this.kept = undefined;
    await forgetGuard().catch((thrown: unknown) => {
      this.kept = kept;
      throw thrown;
    });
    this.end();
    this.pool?.clear();
    this.tellStage();
  }

  /** Whoever clears the browser's data while the page is open takes the ground from under it: what is said from then on would be kept nowhere. */
  async lookAround(): Promise<void> {
    if (!this.kept || this.broken) return;
    const isThere = await guard().then((kept) => kept !== undefined, () => true);
    if (!isThere && this.kept) this.over(gone.fault);
  }

  hurry(): void {
    this.open?.hurry();
  }

  network(isOnline: boolean): void {
    this.open?.network(isOnline);
  }

  private files(): Pool {
    if (!this.pool || this.broken) throw failed(this.broken?.code ?? "disk", this.broken?.text ?? "the files are not there");
    return this.pool;
  }

  private async keep(key: Key, header = key.header()): Promise<void> {
    const kept = { header, secret: key.secret() ?? null };
    await keepGuard(kept);
    this.kept = kept;
  }

  private begin(key: Key): void {
    try {
      this.open = new Profile(key, this.tell, (why) => this.over(why));
    } finally {
      key.free();
    }
  }

  private end(): void {
    const profile = this.open;
    this.open = null;
    profile?.close();
  }

  private over(why: Fault | null): void {
    if (why) {
      this.open?.abandon();
      this.open = null;
      this.broken = why;
      this.tellStage();
    } else {
      // The account is closed: nothing of it stays. After this turn, since the core is still in it.
      setTimeout(() => void this.forget().catch((thrown: unknown) => this.tell({ notice: "disk", fault: asFault(thrown) })), 0);
    }
  }

  private tellStage(): void {
    this.tell({ notice: "stage", stage: this.stage() });
  }
}

const gone = failed("gone", "what was kept in this browser was cleared away");

/** The folder of the pool, see web/src/browser.rs. */
const folder = "waxseal";

async function hasFolder(): Promise<boolean> {
  if (!("storage" in navigator) || !("getDirectory" in navigator.storage)) return true;
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folder).then(() => true, () => false);
}

async function takeFiles(): Promise<Pool> {
  if (!("storage" in navigator) || !("getDirectory" in navigator.storage)) {
    throw failed("noStorage", "this browser lets a page keep no files; private windows of some browsers do not");
  }
  for (let tried = 1; ; tried++) {
    try {
      return (await Pool.install()) as Pool;
    } catch (thrown) {
      if (tried >= tries) throw failed("inUse", `another window of this browser has the files (${String(thrown)})`);
      await new Promise((done) => setTimeout(done, pause));
    }
  }
}
