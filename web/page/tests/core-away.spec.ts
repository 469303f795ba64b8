// The server is killed in the middle of a conversation and comes back; the network goes and comes back.
// The page says so, keeps what is written, and sends it when it can: once, without being loaded again.
import { type Page } from "@playwright/test";
import { type Browser, choose, isOpen, isSent, passphrase, receipt, register, said, say, shown, unlock } from "./browser";
import { expect, test, world } from "./real";

const here = world();
let alice: Browser;
let page: Page;

const banner = (): ReturnType<Page["locator"]> => page.locator("[data-banner=connection]");

/** What Bob has of all that was said, in his order. */
async function heard(): Promise<string[]> {
  const lines = (await here.terminal("bob", "read", "alice", "--json", "--limit", "500")).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as { kind: string; text: string }).filter((one) => one.kind === "text").map((one) => one.text);
}

test.beforeAll(async () => {
  alice = await here.browser("alice");
  page = alice.page;
  await register(page, "alice", passphrase);
  await here.meet(page);
  await say(page, "hello from alice");
  await isSent(page, "hello from alice");
});

test("a killed server is said, what is written waits, and goes out by itself when it is back", async () => {
  await here.kill();
  await expect(banner()).toContainText("The server is not reached");
  for (const text of ["written one", "written two", "written three"]) await say(page, text);
  await expect(banner()).toContainText(/Still to be sent: \d+/);
  for (const text of ["written one", "written two", "written three"]) await expect(receipt(page, text)).toHaveText("waiting");
  await here.serve();
  // Nobody presses anything: the page comes back by itself.
  await expect(banner()).toBeHidden({ timeout: 45_000 });
  for (const text of ["written one", "written two", "written three"]) await isSent(page, text);
  await here.terminal("bob", "send", "alice", "bob is back, too");
  await expect(said(page, "bob is back, too")).toHaveCount(1);
  expect(await heard()).toEqual(await shown(page));
});

test("a server killed while messages are on their way loses none and doubles none", async () => {
  for (let round = 0; round < 4; round++) {
    const texts = Array.from({ length: 12 }, (_, n) => `under way ${round}.${n}.`);
    const sending = (async () => {
      for (const text of texts) await say(page, text);
    })();
    await new Promise((done) => setTimeout(done, 60 + round * 90));
    await here.kill();
    await here.serve();
    await sending;
    await banner().getByRole("button", { name: "Try now" }).click({ timeout: 3_000 }).catch(() => {});
    await expect(page.locator(".receipt.pending")).toHaveCount(0, { timeout: 45_000 });
    await expect.poll(async () => (await heard()).filter((text) => text.startsWith(`under way ${round}.`))).toEqual(texts);
  }
});

test("without a network one reads and writes, even after loading the page again", async () => {
  await alice.context.setOffline(true);
  await here.kill();
  await expect(banner()).toContainText("You are offline");
  await say(page, "written offline");
  await expect(receipt(page, "written offline")).toHaveText("waiting");
  await page.getByRole("textbox", { name: "Write to bob" }).fill("half a sentence");
  await page.reload();
  await unlock(page);
  await isOpen(page);
  await choose(page, "bob");
  await expect(said(page, "under way 3.11.")).toBeVisible();
  await expect(receipt(page, "written offline")).toHaveText("waiting");
  await expect(page.getByRole("textbox", { name: "Write to bob" })).toHaveValue("half a sentence");
  await page.getByRole("textbox", { name: "Write to bob" }).press("Enter");
  await expect(receipt(page, "half a sentence")).toHaveText("waiting");
  await here.serve();
  await alice.context.setOffline(false);
  await isSent(page, "written offline");
  await isSent(page, "half a sentence");
  await expect(banner()).toBeHidden({ timeout: 45_000 });
  expect((await heard()).slice(-2)).toEqual(["written offline", "half a sentence"]);
  alice.fine({ wasAway: true });
});
