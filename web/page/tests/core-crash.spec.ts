// A tab that dies while it sends: reloaded, closed, crashed, at any moment. What was shown is there, and is said once.
import { type Page } from "@playwright/test";
import { type Browser, choose, crash, isOpen, isSent, register, say, shown } from "./browser";
import { expect, test, world } from "./real";

const here = world();
const rounds = 4;
const each = 20;
/** Every message that the page ever showed, told while it lived. */
const seen = new Set<string>();
let alice: Browser;

/** A number below `most`, the same in each run. */
function chance(most: number, round: number): number {
  return (Math.imul(round + 1, 2654435761) >>> 8) % most;
}

async function reads(page: Page): Promise<void> {
  await isOpen(page);
  await choose(page, "bob");
  await expect(page.locator("[data-message]").first()).toBeVisible();
}

/** Tells what the page shows as soon as it shows it; what it did not get to tell does not count. */
async function note(page: Page): Promise<void> {
  await page.evaluate(() => {
    const tell = (): void => {
      for (const one of document.querySelectorAll("[data-message] .bubble > p[dir=auto]")) console.debug(`shown ${one.textContent}`);
    };
    new MutationObserver(tell).observe(document.body, { childList: true, subtree: true });
    // Whoever is asked goes all the same; the browser's own question can hold up the browser of a test.
    addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), { capture: true });
  });
}

/** Written, sent, and the next one: nothing is waited for. */
async function hurry(page: Page, texts: string[]): Promise<void> {
  for (const text of texts) {
    await page.keyboard.insertText(text);
    await page.keyboard.press("Enter");
  }
}

const ends: Record<string, (page: Page) => Promise<unknown>> = {
  "loaded again": (page) => page.goto("about:blank"),
  closed: (page) => page.close(),
  crashed: crash,
};

test.beforeAll(async () => {
  alice = await here.browser("alice");
  await register(alice.page, "alice");
  await here.meet(alice.page);
  await say(alice.page, "hello from alice");
  await isSent(alice.page, "hello from alice");
  // It keeps the browser open; the tabs of the stories lead.
  await alice.page.goto("about:blank");
});

for (const [how, end] of Object.entries(ends)) {
  test(`what a tab showed before it was ${how} is there afterwards, and is said once`, async () => {
    for (let round = 0; round < rounds; round++) {
      const page = await alice.tab();
      page.on("console", (message) => void (message.text().startsWith("shown ") && seen.add(message.text().slice(6))));
      await reads(page);
      await note(page);
      // What was being written when the tab went is a draft now.
      await page.getByRole("textbox", { name: "Write to bob" }).fill("");
      const sending = hurry(page, Array.from({ length: each }, (_, n) => `${how} ${round} ${n}`)).catch(() => {});
      await new Promise((done) => setTimeout(done, 80 + chance(400, round)));
      await end(page);
      await sending;
      await page.close();
      await isThere([...seen].filter((text) => text.startsWith(`${how} ${round} `)));
    }
    expect([...seen].filter((text) => text.startsWith(how)).length).toBeGreaterThan(rounds);
  });
}

/** In another tab, after it was opened again: each of them, once, and the server has it. */
async function isThere(texts: string[]): Promise<void> {
  const page = await alice.tab();
  await reads(page);
  await expect.poll(async () => (await shown(page)).filter((text) => texts.includes(text)).toSorted()).toEqual(texts.toSorted());
  await expect(page.locator(".receipt.pending")).toHaveCount(0);
  await page.close();
}

test("the other side has each of them once, in the order of the page", async () => {
  const page = await alice.tab();
  await reads(page);
  const heard = (await here.terminal("bob", "read", "alice", "--json", "--limit", "500"))
    .trim().split("\n").map((line) => JSON.parse(line) as { kind: string; text: string }).filter((one) => one.kind === "text").map((one) => one.text);
  expect(new Set(heard).size).toBe(heard.length);
  for (const text of seen) expect(heard, text).toContain(text);
  // What a person sent is never said with a hole in it: from each round there is a beginning.
  for (const how of Object.keys(ends)) {
    for (let round = 0; round < rounds; round++) {
      const numbers = heard.filter((text) => text.startsWith(`${how} ${round} `)).map((text) => Number(text.split(" ").at(-1)));
      expect(numbers).toEqual(numbers.map((_, at) => at));
    }
  }
  const all = await shown(page);
  expect(all.length).toBeGreaterThan(20);
  expect(all).toEqual(heard.slice(-all.length));
  alice.fine();
});
