// The real thing for a story: a server of its own, terminals, browsers that keep their files, all in one folder.
// The server is the one that carries this page: build web/page/dist first, then the programs (scripts/page-test does).
//
// Used by the core*.spec.ts, which can run beside each other. Never knows what a story is about.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Page, expect as soon, test } from "@playwright/test";
import { Browser, choose } from "./browser";
import { Listener } from "./listener";

const built = new URL("../../../target/debug/", import.meta.url).pathname;
const waxseald = process.env["WAXSEALD"] ?? join(built, "waxseald");
const waxseal = process.env["WAXSEAL"] ?? join(built, "waxseal");

// A passphrase costs a second, a server a round trip, and a machine that tests has no time.
export const expect = soon.configure({ timeout: 20_000 });
export { test };

export const files = ["File System"];
export const places = [...files, "IndexedDB", "Local Storage", "Session Storage", "Service Worker"];

export class World {
  folder = "";
  /** Where the server answers; stays the same when it is started again. */
  address = "";
  private server: ChildProcess | null = null;
  private isBobThere = false;
  private readonly listeners: Listener[] = [];
  private readonly browsers: Browser[] = [];

  /** `limits` as waxseald.toml has them: some stories say more at once than people do. */
  async start(limits: string): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "waxseal-page-"));
    writeFileSync(join(this.folder, "waxseald.toml"), `[limits]\n${limits}\n`);
    await this.serve();
  }

  async end(): Promise<void> {
    for (const listener of this.listeners) listener.stop();
    await Promise.all(this.browsers.map((browser) => browser.context.close().catch(() => {})));
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  /** The server, at first at any port, later at the same one. */
  async serve(): Promise<void> {
    const listen = this.address === "" ? "127.0.0.1:0" : new URL(this.address).host;
    const options = ["--folder", join(this.folder, "server"), "--config", join(this.folder, "waxseald.toml"), "--admin", "127.0.0.1:0", "--log", "warn"];
    const server = spawn(waxseald, ["run", "--listen", listen, ...options]);
    this.server = server;
    this.address = await new Promise((done, failed) => {
      let said = "";
      server.stderr.on("data", (more: Buffer) => (said += more.toString()));
      server.stdout.on("data", (more: Buffer) => {
        said += more.toString();
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found) done(found[0]);
      });
      server.on("exit", () => failed(new Error(`the server did not start: ${said}`)));
    });
  }

  /** `kill -9`: no goodbye, no last write. */
  async kill(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((done) => server.once("exit", done));
    server.kill("SIGKILL");
    await gone;
  }

  private options(who: string): string[] {
    return ["--home", join(this.folder, "home"), "--profile", who, "--key-file", join(this.folder, `${who}.key`), "--server", this.address];
  }

  /** One verb of the terminal client; what it prints. */
  async terminal(who: string, ...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(waxseal, [...this.options(who), ...words], { encoding: "utf8", maxBuffer: 64 << 20 });
    return stdout;
  }

  /** Bob, in a terminal, writes to somebody who just came; she accepts, and stands in the conversation. */
  async meet(page: Page, name = "alice", text = "hello from bob"): Promise<void> {
    if (!this.isBobThere) await this.terminal("bob", "register", "bob");
    this.isBobThere = true;
    // Her first keys are on their way while her page is drawn.
    await expect(async () => this.terminal("bob", "send", name, text)).toPass();
    await choose(page, "bob");
    await page.getByRole("button", { name: "Accept" }).click();
  }

  /** A terminal that stays: `waxseal listen`. */
  listener(who: string): Listener {
    const listener = new Listener(spawn(waxseal, [...this.options(who), "listen", "--json"]));
    this.listeners.push(listener);
    return listener;
  }

  /** A terminal that shows a code, and waits until another device took it. */
  link(who: string): { code: Promise<string>; done: Promise<void> } {
    const process = spawn(waxseal, [...this.options(who), "link"]);
    let said = "";
    const gone = new Promise<void>((done, failed) => process.once("exit", (code) => (code === 0 ? done() : failed(new Error(said)))));
    const code = new Promise<string>((done) => {
      process.stdout.on("data", (more: Buffer) => {
        said += more.toString();
        const found = /[a-z0-9]{4,}(-[a-z0-9]{4,}){3,}/i.exec(said);
        if (found) done(found[0]);
      });
    });
    return { code: Promise.race([code, gone.then(() => said)]), done: gone };
  }

  /** A browser of its own folder: what it keeps outlives it. */
  async browser(name: string, address = this.address): Promise<Browser> {
    const browser = await Browser.open(join(this.folder, name), address);
    this.browsers.push(browser);
    return browser;
  }

  /** Every byte that the browser of this name keeps there. */
  kept(name: string, where: string[]): Buffer {
    const all: Buffer[] = [];
    for (const place of where) {
      const root = join(this.folder, name, "Default", place);
      const entries = (() => {
        try {
          return readdirSync(root, { recursive: true, withFileTypes: true });
        } catch {
          return [];
        }
      })();
      for (const entry of entries) if (entry.isFile()) all.push(readFileSync(join(entry.parentPath, entry.name)));
    }
    return Buffer.concat(all);
  }
}

/** For a whole spec, whose stories follow each other. */
export function world(limits = ""): World {
  const it = new World();
  test.describe.configure({ mode: "serial", timeout: 120_000 });
  test.beforeAll(() => it.start(limits));
  test.afterAll(() => it.end());
  return it;
}
