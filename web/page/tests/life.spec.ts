import type { Page } from "@playwright/test";
import { expect, messages, open, test, write } from "./page.ts";
import { chat } from "./views.ts";

const foot = (): number => {
  const box = document.querySelector("[data-messages]") as HTMLElement;
  return box.scrollHeight - box.scrollTop - box.clientHeight;
};

/** Scrolls up through what the chat with tomas holds: the time in ms that nine of ten frames keep to, and the most messages that were in the page. */
const scroll = (page: Page): Promise<{ time: number; most: number }> => page.evaluate(async () => {
  const box = document.querySelector("[data-messages]") as HTMLElement;
  const times: number[] = [];
  const held: number[] = [];
  for (let turn = 0; turn < 150; turn++) {
    const from = performance.now();
    box.scrollTop -= 100;
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - from);
    held.push(document.querySelectorAll("[data-message]").length);
  }
  return { time: times.sort((a, b) => a - b)[135] ?? Infinity, most: Math.max(...held) };
});

test("ten thousand messages scroll, few of them are in the page, and the place is kept", async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, chat("tomas"));
  await expect(messages(page).last()).toContainText("(300)");
  const some = await scroll(page);
  await open(page, chat("tomas"), "long");
  await expect(messages(page).last()).toContainText("(10000)");
  expect(await page.evaluate(foot)).toBeLessThan(2);
  const all = await scroll(page);
  expect(all.most).toBeLessThan(80);
  // Thirty times as many take as long, on whatever machine this is; one frame is 17 ms.
  expect(all.time).toBeLessThan(3 * 17 + 3 * some.time);
  // One reads here: whatever is loaded above, the line stays.
  await page.waitForTimeout(300);
  const place = (): Promise<string> => page.evaluate(() => {
    const box = document.querySelector("[data-messages]") as HTMLElement;
    const top = box.getBoundingClientRect().top;
    const first = [...document.querySelectorAll<HTMLElement>("[data-message]")].find((row) => row.getBoundingClientRect().bottom > top + 1) as HTMLElement;
    return `${first.dataset["message"]} ${Math.round(first.getBoundingClientRect().top - top)}`;
  });
  const before = await place();
  await page.evaluate(() => window.play.receive("tomas", "something new"));
  await page.waitForTimeout(300);
  expect(await place()).toBe(before);
  await expect(page.getByRole("button", { name: "1 new message below" })).toBeVisible();
  await page.getByRole("button", { name: "1 new message below" }).click();
  await expect(messages(page).last()).toContainText("something new");
});

test("older messages that are loaded do not move what one reads", async ({ page }) => {
  await open(page, chat("tomas"), "long");
  await expect(messages(page).last()).toContainText("(10000)");
  const moved = await page.evaluate(async () => {
    const box = document.querySelector("[data-messages]") as HTMLElement;
    // Far enough down that nothing is read ahead yet; then so far up that it is.
    box.scrollTop = 1_700;
    await new Promise((done) => setTimeout(done, 200));
    const top = box.getBoundingClientRect().top;
    const row = [...document.querySelectorAll<HTMLElement>("[data-message]")].find((one) => one.getBoundingClientRect().top > top) as HTMLElement;
    const before = row.getBoundingClientRect().top;
    const height = box.scrollHeight;
    const step = 600;
    box.scrollTop -= step;
    for (let turn = 0; turn < 100 && box.scrollHeight === height; turn++) await new Promise((done) => setTimeout(done, 20));
    await new Promise((done) => setTimeout(done, 100));
    return { grew: box.scrollHeight > height, by: Math.abs(row.getBoundingClientRect().top - step - before) };
  });
  expect(moved.grew).toBe(true);
  expect(moved.by).toBeLessThan(3);
});

test("a deep link goes to a message far back, and back goes back", async ({ page }) => {
  await open(page, "", "long");
  const message = await page.evaluate(() => [...window.play.messages.values()].find((view) => view.line.kind === "text" && view.line.text.endsWith("(4321)"))?.message);
  await page.evaluate(([at, to]) => (location.hash = `${at}/m/${to}`), [chat("tomas"), String(message)]);
  await expect(page.locator(".flashed")).toContainText("(4321)");
  await expect(page.locator(".flashed")).toBeInViewport();
  await page.goBack();
  await expect(page.getByText("Choose a conversation")).toBeVisible();
});

test("offline one reads and writes; what waits goes when the network is back", async ({ page }) => {
  await open(page, chat("bruno"));
  await page.evaluate(() => window.play.network(false));
  await expect(page.getByText(/The server is not reached/)).toBeVisible();
  await write(page).fill("from the tunnel");
  await page.keyboard.press("Enter");
  await expect(messages(page).last().locator(".receipt")).toHaveText("waiting");
  await expect(page.getByText(/Still to be sent: \d+/)).toBeVisible();
  await page.evaluate(() => window.play.network(true));
  await expect(messages(page).last().locator(".receipt")).toHaveText("sent");
  await expect(page.getByText(/The server is not reached/)).toBeHidden();
});

test("a full disk is said, and what was written stays", async ({ page }) => {
  await open(page, chat("bruno"));
  await page.evaluate(() => (window.play.failing = { code: "full", text: "full" }));
  await write(page).fill("do not lose this");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/There is no room left in this browser/).first()).toBeVisible();
  await expect(write(page)).toHaveValue("do not lose this");
  await page.evaluate(() => (window.play.failing = null));
  await write(page).press("Enter");
  await expect(messages(page).last()).toContainText("do not lose this");
});

test("two tabs show the same, and the second goes on when the first is closed", async ({ page, context }) => {
  await open(page, chat("bruno"));
  const second = await context.newPage();
  await open(second, chat("bruno"));
  await expect(messages(second).first()).toBeVisible();
  await write(second).fill("from the second tab");
  await second.keyboard.press("Enter");
  await expect(messages(second).last()).toContainText("from the second tab");
  await expect(messages(page).last()).toContainText("from the second tab");
  await page.evaluate(() => window.play.receive("bruno", "to both"));
  await expect(messages(second).last()).toContainText("to both");
  await page.close();
  await second.waitForFunction(() => window.play !== undefined);
  await write(second).fill("I lead now");
  await second.keyboard.press("Enter");
  await expect(second.getByText("I lead now").last()).toBeVisible();
});

test("unread messages are counted in the title and in the list, and read when one looks", async ({ page }) => {
  await open(page);
  await expect(page).toHaveTitle("(4) Waxseal");
  const row = page.getByRole("navigation").getByRole("link", { name: /Night shift/ });
  await expect(row).toContainText("3 unread messages");
  await row.click();
  await expect(page.getByText("New messages").first()).toBeVisible();
  await expect(row).not.toContainText("unread");
  await expect(page).toHaveTitle("(1) Waxseal");
});

test("the safety number is 12 groups of 5 digits, and can be marked as compared", async ({ page }) => {
  await open(page, `${chat("maya")}/info`);
  await expect(page.locator("[data-digits] span")).toHaveCount(12);
  await page.getByRole("button", { name: "Mark as compared" }).click();
  await expect(page.getByText("Compared and equal").first()).toBeVisible();
});

test("one pane at a time on a telephone", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page);
  await page.getByRole("link", { name: /bruno/ }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeHidden();
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
});

test("the language changes at once, without a reload", async ({ page }) => {
  await open(page, "#/settings/appearance");
  await page.getByLabel("Language").selectOption("de");
  await expect(page.getByRole("heading", { name: "Aussehen und Sprache" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Aussehen und Sprache" })).toBeVisible();
});

test("conversations are saved as a file that holds them", async ({ page }) => {
  await open(page, "#/settings/data");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export conversations" }).click()]);
  const { readFileSync } = await import("node:fs");
  const saved = JSON.parse(readFileSync(await download.path(), "utf8")) as { conversations: { title: string; messages: { text?: string }[] }[] };
  const bruno = saved.conversations.find(({ title }) => title === "bruno");
  expect(bruno?.messages.map(({ text }) => text)).toContain("Looks good, take it.");
});

test("the shell opens without a network once it was there", async ({ page, context }) => {
  await page.goto("/");
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)));
    return all.flat().filter((path) => !/^\/(assets\/.*|icon.*|manifest.webmanifest)?$/.test(path));
  });
  expect(kept).toEqual([]);
});

test("a notification says only that there is something, until one chooses otherwise", async ({ page, context }) => {
  await context.grantPermissions(["notifications"]);
  await page.addInitScript(() => {
    const shown: string[] = [];
    Object.assign(window, { shown });
    document.hasFocus = () => false;
    ServiceWorkerRegistration.prototype.showNotification = (title, options) => Promise.resolve(void shown.push(`${title}: ${options?.body}`));
    localStorage.setItem("waxseal.preferences", JSON.stringify({ notify: true }));
  });
  await open(page);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const shown = (): Promise<string[]> => page.evaluate(() => (window as unknown as { shown: string[] }).shown);
  await page.evaluate(() => window.play.receive("bruno", "the secret plan"));
  await expect.poll(shown).toEqual(["Waxseal: New message"]);
  await page.evaluate(() => (location.hash = "#/settings/notifications"));
  await page.getByLabel("Show who wrote and what").check();
  await page.evaluate(() => window.play.receive("bruno", "the open plan"));
  await expect.poll(shown).toEqual(["Waxseal: New message", "Waxseal: bruno: the open plan"]);
});

test("notifications are offered once, and an answer is kept", async ({ page }) => {
  // As in a browser that was not asked yet; it says yes when it is.
  await page.addInitScript(() => {
    let permission: NotificationPermission = "default";
    Object.defineProperty(Notification, "permission", { get: () => permission });
    Notification.requestPermission = () => Promise.resolve((permission = "granted"));
  });
  await open(page, "", "empty");
  await expect(page.getByText("Others find you here").last()).toBeVisible();
  const offer = page.getByRole("region", { name: "Notifications" });
  // Not before there is anybody to hear of.
  await expect(offer).toBeHidden();
  await open(page);
  await offer.getByRole("button", { name: "Not now" }).click();
  await expect(offer).toBeHidden();
  await page.reload();
  await expect(page.getByRole("link", { name: /bruno/ })).toBeVisible();
  await expect(offer).toBeHidden();
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await offer.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByText("Notifications are on")).toBeVisible();
  await page.goto("/?scene=full#/settings/notifications");
  await expect(page.getByLabel("Notify when Waxseal is in the background")).toBeChecked();
});

test("locking keeps what is being written, and leaves no word in the page", async ({ page }) => {
  await open(page, "#/", "locked");
  await page.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /bruno/ }).click();
  await write(page).fill("unfinished business");
  await page.keyboard.press("Alt+l");
  await expect(page.getByRole("heading", { name: "Waxseal is locked" })).toBeVisible();
  expect(await page.evaluate(() => document.body.innerText)).not.toMatch(/bruno|unfinished/);
  await page.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await page.keyboard.press("Enter");
  await expect(write(page)).toHaveValue("unfinished business");
});

test("an idle page locks by itself", async ({ page }) => {
  await page.clock.install();
  await page.addInitScript(() => localStorage.setItem("waxseal.preferences", JSON.stringify({ autoLock: 1 })));
  await open(page, "#/", "locked");
  await page.clock.runFor(500);
  await page.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await page.keyboard.press("Enter");
  await page.clock.runFor(500);
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await page.clock.runFor(50_000);
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await page.clock.runFor(20_000);
  await expect(page.getByRole("heading", { name: "Waxseal is locked" })).toBeVisible();
});
