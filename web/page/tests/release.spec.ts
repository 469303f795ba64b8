// A new release of the page, with the real service worker: said, never forced, and nothing that is being written is lost.
import type { Page } from "@playwright/test";
import { expect, test, write } from "./page.ts";
import { Releases } from "./release.ts";
import { chat } from "./views.ts";

let server: Releases;
test.beforeEach(async () => void (server = await Releases.start()));
test.afterEach(() => server.stop());

const banner = (page: Page): ReturnType<Page["getByText"]> => page.getByText("A new version is here.");
const release = (page: Page): Promise<string | null> => page.evaluate(() => document.querySelector("meta[name=release]")?.getAttribute("content") ?? null);

/** The page as it is kept for offline use. Without a query: that is what the service worker answers. */
async function visit(page: Page): Promise<void> {
  await page.goto(`${server.address}/${chat("bruno")}`);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await expect(write(page)).toBeVisible();
}

/** The server goes away, and comes back as a newer one. */
async function restart(page: Page, isBroken = false): Promise<void> {
  await page.evaluate(() => window.play.network(false));
  server.update(isBroken);
  await page.evaluate(() => window.play.network(true));
}

test("a release that comes while one writes is offered, and taking it loses no word", async ({ page }) => {
  // The time after which a draft is kept by itself never comes: only going away keeps it.
  await page.addInitScript(() => {
    const later = window.setTimeout.bind(window);
    const draft = 400;
    Object.assign(window, { setTimeout: (call: () => void, time?: number) => (time === draft ? 0 : later(call, time)) });
  });
  await visit(page);
  await page.evaluate(() => void Object.assign(window, { stays: true }));
  await write(page).fill("half a sen");
  await restart(page);
  await expect(banner(page)).toBeVisible();
  await write(page).press("End");
  await page.keyboard.type("tence");
  await page.waitForTimeout(500);
  expect(await page.evaluate(() => (window as unknown as { stays?: boolean }).stays)).toBe(true);
  expect(await release(page)).toBe(null);
  await page.keyboard.type("!");
  await page.getByRole("button", { name: "Reload" }).click();
  await page.waitForFunction(() => document.querySelector("meta[name=release]") !== null);
  await expect(write(page)).toHaveValue("half a sentence!");
  await expect(banner(page)).toBeHidden();
});

test("a release that came while one was away is offered at the next visit, which begins with what is kept", async ({ page, context }) => {
  await visit(page);
  await page.close();
  server.update();
  const back = await context.newPage();
  await back.goto(`${server.address}/${chat("bruno")}`);
  expect(await release(back)).toBe(null);
  await expect(banner(back)).toBeVisible();
  await back.getByRole("button", { name: "Reload" }).click();
  await back.waitForFunction(() => document.querySelector("meta[name=release]") !== null);
  await expect(write(back)).toBeVisible();
});

test("a second tab goes along when nobody writes there, and waits where somebody does", async ({ page, context }) => {
  await visit(page);
  const [idle, busy] = [await context.newPage(), await context.newPage()];
  for (const other of [idle, busy]) {
    await other.goto(`${server.address}/${chat("maya")}`);
    await expect(write(other)).toBeVisible();
  }
  await idle.goto(`${server.address}/#/settings`);
  await write(busy).fill("in the middle of");
  await restart(page);
  await expect(banner(page)).toBeVisible();
  await page.getByRole("button", { name: "Reload" }).click();
  await page.waitForFunction(() => document.querySelector("meta[name=release]") !== null);
  await idle.waitForFunction(() => document.querySelector("meta[name=release]") !== null);
  await expect(write(busy)).toHaveValue("in the middle of");
  expect(await release(busy)).toBe(null);
  await expect(banner(busy)).toBeVisible();
  await busy.getByRole("button", { name: "Reload" }).click();
  await busy.waitForFunction(() => document.querySelector("meta[name=release]") !== null);
  await expect(write(busy)).toHaveValue("in the middle of");
});

test.describe("a server that sends another file than it lists", () => {
  test("is not taken over from: what is kept goes on, and nothing is offered", async ({ page, complaints }) => {
    await visit(page);
    await restart(page, true);
    await page.waitForTimeout(1_500);
    await expect(banner(page)).toBeHidden();
    await page.reload();
    await expect(write(page)).toBeVisible();
    expect(await release(page)).toBe(null);
    // The browser says why it did not keep it; nothing else went wrong.
    expect(complaints.splice(0).filter((said) => !/integrity|digest|Failed to update|ServiceWorker|404/i.test(said))).toEqual([]);
  });
});

test("without a network the kept page shows what was said, and what one writes waits", async ({ page, context }) => {
  await visit(page);
  await context.setOffline(true);
  await page.reload();
  await expect(page.locator("[data-message]").last()).toContainText("Thursday");
  await page.evaluate(() => window.play.network(false));
  await write(page).fill("from the tunnel");
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-message]").last().locator(".receipt")).toHaveText("waiting");
});

test("a page that is left before a message is on the disk asks; afterwards it does not", async ({ page }) => {
  await visit(page);
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await write(page).click();
  await page.keyboard.type("quick");
  // In the very task that sends it, before any answer.
  await page.evaluate(() => {
    document.querySelector<HTMLFormElement>("form.composer")?.requestSubmit();
    location.reload();
  });
  await expect.poll(() => asked).toEqual(["beforeunload"]);
  await expect(write(page)).toBeVisible();
  await write(page).fill("slow");
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-message]").last()).toContainText("slow");
  await page.reload();
  await expect(write(page)).toBeVisible();
  expect(asked).toEqual(["beforeunload"]);
});
