// The page with its real core: one person, one browser, from the first start until it is forgotten.
import { type Browser, choose, isOpen, isSent, passphrase, register, said, say, unlock } from "./browser";
import { expect, files, places, test, world } from "./real";

const secret = "a sentence that nobody else may read";
const here = world();

async function opened(): Promise<Browser> {
  const alice = await here.browser("alice");
  await unlock(alice.page);
  await isOpen(alice.page);
  return alice;
}

test("a browser registers, and talks with a terminal both ways", async () => {
  const alice = await here.browser("alice");
  const { page } = alice;
  await register(page, "alice", passphrase);
  await here.terminal("bob", "register", "bob");
  // Alice's first keys are on their way while her page is drawn.
  await expect(async () => here.terminal("bob", "send", "alice", `Hello, Alice: ${secret}`)).toPass();
  await choose(page, "bob");
  await expect(said(page, secret)).toBeVisible();
  await page.getByRole("button", { name: "Accept" }).click();
  await say(page, "Hello, Bob, from a browser");
  await isSent(page, "Hello, Bob");
  expect(await here.terminal("bob", "read", "alice")).toContain("alice: Hello, Bob, from a browser");
  // Both were told of one list of keys, and the browser has found its own entry there.
  await page.goto(`${new URL(page.url()).origin}/#/settings/keys`);
  await expect(page.getByText("Your entry lists what your own devices did, and nothing else.")).toBeVisible();
  const name = await page.getByText(/^waxseal\/[0-9a-f]{32}$/).innerText();
  expect(await here.terminal("bob", "evidence")).toContain(name);
  alice.fine();
  await alice.close();
});

test("the disk shows nothing of it, and only the passphrase opens it again", async () => {
  // The module itself, which the service worker keeps, says "SQLite format 3"; the files must not.
  expect(here.kept("alice", files).includes("/store.db")).toBe(true);
  expect(here.kept("alice", files).includes("SQLite format 3")).toBe(false);
  const bytes = here.kept("alice", places);
  for (const plain of [secret, "Hello, Bob", passphrase]) {
    expect(bytes.includes(plain), plain).toBe(false);
    expect(bytes.includes(Buffer.from(plain, "utf16le")), plain).toBe(false);
  }
  const alice = await here.browser("alice");
  const { page } = alice;
  await unlock(page, "seven combs of light honey");
  await expect(page.getByRole("alert")).toHaveText("That is not the passphrase.");
  await unlock(page);
  await choose(page, "bob");
  await expect(said(page, secret)).toBeVisible();
  await expect(said(page, "Hello, Bob")).toBeVisible();
  await alice.close();
});

test("what was said while the tab was away comes when it is back, each line once", async () => {
  await here.terminal("bob", "send", "alice", "first while away");
  await here.terminal("bob", "send", "alice", "second while away");
  const alice = await opened();
  const { page } = alice;
  await choose(page, "bob");
  await expect(said(page, "second while away")).toBeVisible();
  for (const text of ["first while away", "second while away"]) await expect(said(page, text)).toHaveCount(1);
  alice.fine();
  await alice.close();
});

test("a full disk is said, nothing that was shown is lost, and it goes on when there is room", async () => {
  const alice = await opened();
  const { page } = alice;
  await choose(page, "bob");
  await expect(said(page, "second while away")).toBeVisible();
  const browserOf = await alice.context.newCDPSession(page);
  const room = async (more: number | null): Promise<void> => {
    const { usage } = await page.evaluate(() => navigator.storage.estimate());
    await browserOf.send("Storage.overrideQuotaForOrigin", { origin: here.address, ...(more === null ? {} : { quotaSize: (usage ?? 0) + more }) });
  };
  // Room for some of what follows, or for none of it: what a browser counts as used lags behind.
  await room(150_000);
  const large = Array.from({ length: 20 }, (_, n) => `large ${n + 1} `);
  for (const line of large) {
    if (await page.getByText("There is no room left").first().isVisible()) break;
    await say(page, `${line}${"x".repeat(20_000)}`);
  }
  await expect(page.getByText("There is no room left").first()).toBeVisible();
  const isShown = await Promise.all(large.map(async (line) => (await said(page, line).count()) > 0));
  await here.terminal("bob", "send", "alice", "said while there was no room");
  await room(null);
  // In the list of chats: the conversation itself may be scrolled up.
  await expect(page.getByText("said while there was no room").first()).toBeVisible({ timeout: 60_000 });
  await say(page, "there is room again");
  await isSent(page, "there is room again");
  // What was shown went out, and nothing is said twice.
  const read = await here.terminal("bob", "read", "alice");
  const heard = large.map((line) => read.split(line).length - 1);
  expect(heard.every((times, n) => times === 1 || (times === 0 && !isShown[n]))).toBe(true);
  await alice.close();
});

test("a passphrase is changed, and the one before opens nothing", async () => {
  const alice = await opened();
  const { page } = alice;
  await page.goto(`${here.address}/#/settings/security`);
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
  await unlock(page);
  await expect(page.getByRole("alert")).toHaveText("That is not the passphrase.");
  await unlock(page, "another altogether");
  await page.goto(`${here.address}/#/`);
  await choose(page, "bob");
  // It opens at what was not read yet, and that may be far above.
  await expect(async () => {
    const down = page.getByRole("button", { name: /new messages? below|To the newest/ });
    if (await down.isVisible()) await down.click();
    await expect(said(page, "there is room again")).toHaveCount(1, { timeout: 2_000 });
  }).toPass();
  await alice.close();
});

test("a forgotten browser holds nothing, and can begin anew", async () => {
  const alice = await here.browser("alice");
  const { page } = alice;
  await unlock(page, "another altogether");
  await isOpen(page);
  await page.goto(`${here.address}/#/settings/data`);
  await page.getByRole("button", { name: "Forget this browser" }).click();
  // What asks for a name is shown at once, and again when the page has been loaded anew, without its service worker.
  await page.evaluate(() => void Object.assign(window, { stays: true }));
  await page.getByRole("dialog").getByRole("button", { name: /Forget/ }).click();
  await page.waitForFunction(() => !("stays" in window));
  await expect(page.getByLabel("Your name here")).toBeVisible();
  await register(page, "alice-again");
  // Without a passphrase it opens by itself.
  await page.reload();
  await isOpen(page);
  await alice.close();
});
