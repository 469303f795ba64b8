// "Your keys are being watched": how the watch stands, what it says when the server was caught, and the ways to it.
import type { Locator, Page } from "@playwright/test";
import { expect, open, test } from "./page.ts";
import { chat } from "./views.ts";

const keys = "#/settings/keys";
const title = "Your keys are being watched";
const day = 86_400_000;

const entry = (page: Page): Locator => page.getByRole("link", { name: title });
const heading = (page: Page): Locator => page.getByRole("heading", { name: title });
/** The sentence in what is about a person. */
const sentence = (page: Page): Locator => page.locator(`section a[href="${keys}"]`);
const alarm = (page: Page): Locator => page.getByRole("main").getByRole("alert");
const fact = (page: Page, of: string): Locator => page.locator("dl > div", { hasText: of }).locator("dd");

test("checked: the list says when, the view what is known of the directory", async ({ page }) => {
  await open(page, "#/settings");
  await expect(entry(page)).toHaveText(`${title}Checked 5 minutes ago`);
  await entry(page).click();
  await expect(heading(page)).toBeVisible();
  await expect(page.getByRole("heading", { name: "Checked 5 minutes ago" })).toBeVisible();
  await expect(fact(page, "Changes to your account")).toHaveText("4 changes");
  await expect(fact(page, "The whole list has changed")).toHaveText("1,284 times");
  const signed = await page.evaluate(() => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(window.play.directory?.signed));
  await expect(fact(page, "The server signed it last")).toHaveText(signed);
  await expect(page.getByText("waxseal evidence")).toBeVisible();
  await expect(alarm(page)).toHaveCount(0);
});

test("not checked yet, where nothing was asked before; once it is, the page says so by itself", async ({ page }) => {
  await open(page, keys, "empty");
  await expect(page.getByRole("heading", { name: "Not checked yet" })).toBeVisible();
  await expect(entry(page)).toContainText("Not checked yet");
  await expect(fact(page, "Changes to your account")).toHaveText("1 change");
  await page.evaluate(() => window.play.watch({ watched: Date.now(), versions: 2 }));
  await expect(page.getByRole("heading", { name: "Checked just now" })).toBeVisible();
  await expect(entry(page)).toContainText("Checked just now");
  await expect(fact(page, "Changes to your account")).toHaveText("2 changes");
});

test("before a server's first answer there is nothing to tell but that", async ({ page }) => {
  await open(page, "", "first");
  await page.getByLabel("Your name here").fill("zoe");
  await page.getByLabel("Without a passphrase").check();
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await page.evaluate((hash) => (location.hash = hash), keys);
  await expect(page.getByRole("heading", { name: "Not checked yet" })).toBeVisible();
  await expect(page.getByText("If something is wrong")).toBeVisible();
  await expect(page.locator("dl")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Copy the name" })).toHaveCount(0);
});

test("a check that has not come for days is not said as if all were well", async ({ page }) => {
  await open(page, keys);
  await expect(page.locator("[data-standing=checked]")).toBeVisible();
  await page.evaluate((ago) => window.play.watch({ watched: Date.now() - ago }), 3 * day);
  await expect(page.locator("[data-standing=late]")).toContainText("Last checked 3 days ago");
  await expect(entry(page)).toContainText("Last checked 3 days ago");
});

test("time goes on in what is said", async ({ page }) => {
  await page.clock.install();
  await open(page, keys);
  await page.clock.runFor(1_000);
  await expect(page.getByRole("heading", { name: "Checked 5 minutes ago" })).toBeVisible();
  await page.clock.runFor(4 * 60_000);
  await expect(page.getByRole("heading", { name: "Checked 9 minutes ago" })).toBeVisible();
});

test("a server that is caught: an alarm with what is kept, and it stays when the banner is closed", async ({ page }) => {
  await open(page, keys);
  await expect(page.locator("[data-standing=checked]")).toBeVisible();
  await page.evaluate(() => window.play.lie());
  await expect(alarm(page)).toContainText("Alarm: the server contradicts itself");
  await expect(alarm(page)).toContainText("1 piece of evidence is kept on this device.");
  await expect(alarm(page)).toContainText("Tell the others, by another way than this server.");
  await expect(alarm(page)).toContainText("waxseal evidence");
  await expect(entry(page)).toContainText("Alarm: the server contradicts itself");
  await page.getByRole("region", { name: "Connection and notices" }).getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("alert")).toHaveCount(1);
  await page.evaluate(() => window.play.watch({ evidence: 2 }));
  await expect(alarm(page)).toContainText("2 pieces of evidence are kept on this device.");
});

test("a server that does not prove it for now: an alarm without evidence, for as long as the fault is shown", async ({ page }) => {
  await open(page, keys);
  await expect(page.locator("[data-standing=checked]")).toBeVisible();
  await page.evaluate(() => window.play.event({ event: "failed", chat: null, fault: { code: "directoryUnproven", text: "" }, ofTheDevice: true }));
  await expect(alarm(page)).toContainText("Check the date and time of this device");
  await expect(alarm(page)).not.toContainText("evidence");
  await expect(entry(page)).toContainText("The server does not prove it for now");
  await page.getByRole("region", { name: "Connection and notices" }).getByRole("button", { name: "Close" }).click();
  await expect(page.locator("[data-standing=checked]")).toBeVisible();
  await expect(alarm(page)).toHaveCount(0);
});

test("with a keyboard alone: into the view, its copy button, and out of it", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "#/settings");
  await expect(entry(page)).toContainText("Checked");
  await page.getByRole("link", { name: "Profile" }).focus();
  for (let step = 0; step < 6; step++) await page.keyboard.press("ArrowDown");
  await expect(entry(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(heading(page)).toBeVisible();
  const copy = page.getByRole("button", { name: "Copy the name" });
  await expect(copy).toBeVisible();
  for (let step = 0; step < 3 && !(await copy.evaluate((button) => button === document.activeElement)); step++) await page.keyboard.press("Tab");
  await expect(copy).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Copied")).toBeVisible();
  const origin = await page.evaluate(() => window.play.directory?.origin);
  expect(origin).toMatch(/^waxseal\/[0-9a-f]{32}$/);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(origin);
  await expect(page.locator(".name code")).toHaveText(origin ?? "");
  await page.keyboard.press("Escape");
  await expect(heading(page)).toBeHidden();
  await expect(page).toHaveURL(/#\/settings$/);
});

test("on a telephone: by a deep link, and back to where it is found", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, keys);
  await expect(page.locator("[data-standing=checked]")).toBeVisible();
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await expect(heading(page)).toBeHidden();
  await expect(entry(page)).toBeFocused();
});

test("about a person: whence their keys come, with the way to the view and back", async ({ page }) => {
  await open(page, `${chat("bruno")}/info`);
  await expect(sentence(page)).toHaveText("bruno’s keys come from the watched directory");
  await sentence(page).click();
  await expect(heading(page)).toBeVisible();
  await page.goBack();
  await expect(sentence(page)).toBeVisible();
  await page.evaluate(() => window.play.lie());
  await expect(sentence(page)).toHaveText("The server cannot prove whose keys these are");
});

for (const [language, changes, standing] of [["de", "4 Änderungen", "Geprüft vor 5 Minuten"], ["ar", "4 تغييرات", "فُحصت قبل 5 دقائق"]] as const) {
  test(`in the person's language, ${language}; the name of the list runs its own way`, async ({ page }) => {
    await page.addInitScript((it) => localStorage.setItem("waxseal.preferences", JSON.stringify({ language: it })), language);
    await open(page, keys);
    await expect(page.locator("[data-standing=checked] h2")).toHaveText(standing);
    await expect(page.locator("dd").first()).toHaveText(changes);
    await expect(page.locator(".name code")).toHaveCSS("direction", "ltr");
  });
}
