// A long history with the real core: it is all there, in its order, quick to open, to go through and to search.
// WAXSEAL_HISTORY says how long; 1,000 where it says nothing.
import { type Page } from "@playwright/test";
import { type Browser, choose, isOpen, register, said } from "./browser";
import { expect, test, world } from "./real";

const many = Number(process.env["WAXSEAL_HISTORY"] ?? 1_000);
// One bot says all of it at once; people are not held to so much.
const here = world("requests_per_second = 0\ngroup_per_second = 0");
let alice: Browser;
let page: Page;

const oldest = `Message 1 of ${many}, an overture.`;
const line = (n: number): string => n === 1 ? oldest : `Message ${n} of ${many}${n % 9 === 0 ? `, a longer one. ${"It goes on and on. ".repeat((n % 5) + 2)}` : "."}`;
const history = (): ReturnType<Page["locator"]> => page.locator("[data-messages]");

/** How many milliseconds that took, told in the report. */
async function took(what: string, work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  const passed = Math.round(performance.now() - from);
  test.info().annotations.push({ type: "took", description: `${what}, ${many} messages: ${passed} ms` });
  if (process.env["WAXSEAL_HISTORY"]) console.log(`${what}: ${passed} ms`);
  return passed;
}

/** The numbers of the messages in the page, and how many elements there are in all. */
const inPage = (): Promise<{ numbers: number[]; elements: number }> =>
  page.evaluate(() => ({
    numbers: [...document.querySelectorAll("[data-message]")].flatMap((one) => /Message (\d+) of/.exec(one.textContent)?.[1] ?? []).map(Number),
    elements: document.querySelectorAll("*").length,
  }));

/** Notes every message that is ever in the page, from now on. */
const note = (): Promise<void> =>
  page.evaluate(() => {
    const noted = new Set<string>();
    const look = (): void => document.querySelectorAll("[data-message]").forEach((one) => noted.add(/Message \d+ of/.exec(one.textContent)?.[0] ?? ""));
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    look();
    Object.assign(window, { noted });
  });
const noted = (): Promise<number> => page.evaluate(() => [...(window as unknown as { noted: Set<string> }).noted].filter((one) => one !== "").length);

/** What is in view, with where it stands: the middle one must not jump. */
const inView = (): Promise<{ text: string; top: number } | null> =>
  page.evaluate(() => {
    const box = document.querySelector("[data-messages]")?.getBoundingClientRect();
    const middle = [...document.querySelectorAll("[data-message]")].find((one) => box && one.getBoundingClientRect().top > box.top + box.height / 3);
    return middle ? { text: middle.textContent, top: middle.getBoundingClientRect().top } : null;
  });

test.beforeAll(async () => {
  test.setTimeout(60_000 + many * 60);
  alice = await here.browser("alice");
  page = alice.page;
  await register(page, "alice");
  await here.meet(page);
  await page.goto(`${here.address}/#/`);
  const bob = here.listener("bob");
  await bob.until((told) => told.event === "ready");
  await took("said by a terminal and received", async () => {
    for (let from = 1; from <= many; from += 200) {
      let last = 0;
      for (let n = from; n < from + 200 && n <= many; n++) last = bob.order({ send: { to: "alice", text: line(n) } });
      await bob.until((told) => told.id === last && told.event === "done", 120_000);
    }
    await expect(page.locator("a[data-row]")).toContainText(line(many).slice(0, 20), { timeout: 60_000 + many * 50 });
  });
  await bob.end();
});

test("a long history opens quickly, at its first unread message", async () => {
  await page.reload();
  await isOpen(page);
  const passed = await took("opened", async () => {
    await choose(page, "bob");
    await expect(page.locator("[data-message]").first()).toBeVisible();
  });
  expect(passed).toBeLessThan(2_000);
  await page.getByRole("button", { name: /new messages? below|To the newest/ }).click();
  await expect(said(page, line(many).slice(0, 24))).toBeVisible();
});

test("one scrolls to its beginning and back: nothing jumps, the order is right, the page stays small", async () => {
  test.setTimeout(120_000 + many * 100);
  let largest = 0;
  const look = async (): Promise<void> => {
    const { numbers, elements } = await inPage();
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
    largest = Math.max(largest, elements);
  };
  await history().hover();
  await note();
  await took("scrolled to the beginning", async () => {
    while (!(await page.getByText("This is the beginning of the conversation").isVisible())) {
      await page.mouse.wheel(0, -1_500);
      await page.waitForTimeout(40);
      await look();
    }
  });
  await expect(said(page, "hello from bob")).toBeVisible();
  // Everything passed by, on the way up.
  expect(await noted()).toBe(many);
  // Room for what is in view, the list, the frame; however long the history.
  expect(largest).toBeLessThan(1_500);
  // What stands in view stays there when older rows are read above it, and when nothing happens at all.
  await page.mouse.wheel(0, 5_000);
  await page.waitForTimeout(300);
  const before = await inView();
  await page.waitForTimeout(700);
  expect(await inView()).toEqual(before);
  await took("back to the newest", async () => {
    // Who turned back at once may not have read the last ones.
    await page.getByRole("button", { name: /new messages? below|To the newest/ }).click();
    await expect(said(page, line(many).slice(0, 24))).toBeVisible();
  });
  await look();
});

test("the oldest is found by its words, and shown in its place", async () => {
  await page.goto(`${here.address}/#/search`);
  const found = page.locator("[data-found] a[data-row]", { hasText: oldest });
  await took("found", async () => {
    await page.getByRole("searchbox").fill("overture");
    await expect(found).toBeVisible();
  });
  await took("shown in its place", async () => {
    await found.click();
    await expect(said(page, oldest)).toBeInViewport();
  });
  const { numbers } = await inPage();
  expect(numbers.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
  alice.fine();
});
