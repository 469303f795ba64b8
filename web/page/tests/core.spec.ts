// The page with its real core: a real server, a terminal on the other side, a browser that keeps its files.
// The server is the one that carries this page: build web/page/dist first, then the programs (scripts/page-test does).
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type Page, chromium, expect as soon, test } from "@playwright/test";

const built = new URL("../../../target/debug/", import.meta.url).pathname;
const waxseald = process.env["WAXSEALD"] ?? join(built, "waxseald");
const waxseal = process.env["WAXSEAL"] ?? join(built, "waxseal");
const passphrase = "seven combs of dark honey";
const secret = "a sentence that nobody else may read";

// A passphrase costs a second, a server a round trip, and a machine that tests has no time.
const expect = soon.configure({ timeout: 20_000 });

let folder: string;
let server: ChildProcess;
let address: string;

test.describe.configure({ mode: "serial", timeout: 120_000 });

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "waxseal-page-"));
  server = spawn(waxseald, ["run", "--folder", join(folder, "server"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log", "warn"]);
  address = await new Promise((done, failed) => {
    let said = "";
    server.stdout?.on("data", (more: Buffer) => {
      said += more.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) done(found[0]);
    });
    server.on("exit", () => failed(new Error(`the server did not start: ${said}`)));
  });
});

test.afterAll(() => {
  server.kill();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

const terminal = (who: string, ...words: string[]): string =>
  execFileSync(waxseal, ["--home", join(folder, "home"), "--profile", who, "--key-file", join(folder, `${who}.key`), "--server", address, ...words], {
    encoding: "utf8",
  });

/** A browser of its own folder: what it keeps outlives it. */
async function browser(name: string): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await chromium.launchPersistentContext(join(folder, name), {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
    locale: "en-GB",
  });
  const complaints: string[] = [];
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  page.on("pageerror", (error) => void complaints.push(error.message));
  await page.goto(address);
  return { context, page, complaints };
}

const said = (page: Page, text: string): ReturnType<Page["locator"]> => page.locator("[data-message]", { hasText: text });

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: /^Write to/ }).fill(text);
  await page.keyboard.press("Enter");
}

async function unlock(page: Page, with_: string): Promise<void> {
  await page.getByLabel("Passphrase", { exact: true }).fill(with_);
  await page.getByRole("button", { name: "Unlock" }).click();
}

const files = ["File System"];
const places = [...files, "IndexedDB", "Local Storage", "Session Storage", "Service Worker"];

/** Every byte that the browser keeps for the page there. */
function kept(name: string, where: string[]): Buffer {
  const all: Buffer[] = [];
  for (const place of where) {
    const root = join(folder, name, "Default", place);
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

test("a browser registers, and talks with a terminal both ways", async () => {
  const { context, page, complaints } = await browser("alice");
  await page.getByText("Invitation and passphrase").click();
  await page.getByLabel("Your name here").fill("alice");
  await page.getByLabel("Passphrase for this browser").fill(passphrase);
  await page.getByLabel("The passphrase again").fill(passphrase);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible({ timeout: 30_000 });

  terminal("bob", "register", "bob");
  // Alice's first keys are on their way while her page is drawn.
  await expect(async () => terminal("bob", "send", "alice", `Hello, Alice: ${secret}`)).toPass({ timeout: 20_000 });
  await page.getByText("bob", { exact: true }).first().click();
  await expect(said(page, secret)).toBeVisible();
  await page.getByRole("button", { name: "Accept" }).click();
  await say(page, "Hello, Bob, from a browser");
  await expect(said(page, "Hello, Bob").locator(".receipt")).toHaveText(/sent|delivered|read/);
  expect(terminal("bob", "read", "alice")).toContain("alice: Hello, Bob, from a browser");
  expect(complaints).toEqual([]);
  await context.close();
});

test("the disk shows nothing of it, and only the passphrase opens it again", async () => {
  // The module itself, which the service worker keeps, says "SQLite format 3"; the files must not.
  expect(kept("alice", files).includes("/store.db")).toBe(true);
  expect(kept("alice", files).includes("SQLite format 3")).toBe(false);
  const bytes = kept("alice", places);
  for (const plain of [secret, "Hello, Bob", passphrase]) {
    expect(bytes.includes(plain), plain).toBe(false);
    expect(bytes.includes(Buffer.from(plain, "utf16le")), plain).toBe(false);
  }
  const { context, page } = await browser("alice");
  await unlock(page, "seven combs of light honey");
  await expect(page.getByRole("alert")).toHaveText("That is not the passphrase.");
  await unlock(page, passphrase);
  await page.getByText("bob", { exact: true }).first().click();
  await expect(said(page, secret)).toBeVisible();
  await expect(said(page, "Hello, Bob")).toBeVisible();
  await context.close();
});

test("what was said while the tab was away comes when it is back, each line once", async () => {
  terminal("bob", "send", "alice", "first while away");
  terminal("bob", "send", "alice", "second while away");
  const { context, page } = await browser("alice");
  await unlock(page, passphrase);
  await page.getByText("bob", { exact: true }).first().click();
  await expect(said(page, "second while away")).toBeVisible();
  // The tab dies in the middle of its work, and again: no close, no goodbye.
  for (const text of ["killed once", "killed twice"]) {
    await say(page, text);
    await page.goto("about:blank");
    await page.goto(address);
    await unlock(page, passphrase);
    await page.getByText("bob", { exact: true }).first().click();
    await expect(said(page, text).locator(".receipt")).toHaveText(/sent|delivered|read/);
  }
  for (const text of ["first while away", "second while away", "killed once", "killed twice"]) await expect(said(page, text)).toHaveCount(1);
  const heard = terminal("bob", "read", "alice");
  for (const text of ["killed once", "killed twice"]) expect(heard.split(text)).toHaveLength(2);
  await context.close();
});

test("a full disk is said, nothing that was shown is lost, and it goes on when there is room", async () => {
  const { context, page } = await browser("alice");
  await unlock(page, passphrase);
  await page.getByText("bob", { exact: true }).first().click();
  await expect(said(page, "killed twice")).toBeVisible();
  const browserOf = await context.newCDPSession(page);
  const room = async (more: number | null): Promise<void> => {
    const { usage } = await page.evaluate(() => navigator.storage.estimate());
    await browserOf.send("Storage.overrideQuotaForOrigin", { origin: address, ...(more === null ? {} : { quotaSize: (usage ?? 0) + more }) });
  };
  await room(20_000);
  for (let n = 1; n <= 20 && !(await page.getByText("There is no room left").first().isVisible()); n++) await say(page, `large ${n} ${"x".repeat(20_000)}`);
  await expect(page.getByText("There is no room left").first()).toBeVisible();
  terminal("bob", "send", "alice", "said while there was no room");
  await room(null);
  // In the list of chats: the conversation itself may be scrolled up.
  await expect(page.getByText("said while there was no room").first()).toBeVisible({ timeout: 60_000 });
  await say(page, "there is room again");
  await expect(said(page, "there is room again").locator(".receipt")).toHaveText(/sent|delivered|read/);
  // What went before the room ran out went out; it is neither lost nor said twice.
  expect(terminal("bob", "read", "alice").split("large 1 ")).toHaveLength(2);
  await context.close();
});

test("a passphrase is changed, and the one before opens nothing", async () => {
  const { context, page } = await browser("alice");
  await unlock(page, passphrase);
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await page.goto(`${address}/#/settings/security`);
  const change = async (from: string): Promise<void> => {
    await page.getByLabel("Passphrase now").fill(from);
    await page.getByLabel("New passphrase", { exact: true }).fill("another altogether");
    await page.getByLabel("New passphrase again").fill("another altogether");
    await page.getByRole("button", { name: "Change passphrase" }).click();
  };
  await change("not this one");
  await expect(page.getByText("That is not the passphrase.")).toBeVisible();
  await change(passphrase);
  await expect(page.getByText("The passphrase was changed")).toBeVisible();
  await page.getByRole("button", { name: "Lock now" }).click();
  await unlock(page, passphrase);
  await expect(page.getByRole("alert")).toHaveText("That is not the passphrase.");
  await unlock(page, "another altogether");
  await page.goto(`${address}/#/`);
  await page.getByText("bob", { exact: true }).first().click();
  await expect(said(page, "there is room again")).toHaveCount(1);
  await context.close();
});

test("a forgotten browser holds nothing, and can begin anew", async () => {
  const { context, page } = await browser("alice");
  await unlock(page, "another altogether");
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await page.goto(`${address}/#/settings/data`);
  await page.getByRole("button", { name: "Forget this browser" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /Forget/ }).click();
  await expect(page.getByLabel("Your name here")).toBeVisible();
  await page.getByLabel("Your name here").fill("alice-again");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible({ timeout: 30_000 });
  // Without a passphrase it opens by itself.
  await page.reload();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await context.close();
});
