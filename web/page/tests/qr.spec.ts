// QR codes: what the page shows, it reads; the right number and the wrong one; no camera, no permission.
import { browserSeeing, filmOf, isCameraOff } from "./camera.ts";
import { expect, open, test } from "./page.ts";
import { chat } from "./views.ts";

const number = "The same number as a QR code";
const info = (name: string): string => `${chat(name)}/info`;

test("scanning the right person's safety number says so, and marks it", async ({ page, baseURL }) => {
  await open(page, info("bruno"), "full");
  const shown = page.getByRole("img", { name: number });
  const digits = (await page.locator("[data-digits]").innerText()).replace(/\s/g, "");
  await expect(page.locator("[data-qr]")).toHaveAttribute("data-qr", digits);
  const { browser, page: other } = await browserSeeing(await filmOf(shown.locator("..")), baseURL);
  const asked: string[] = [];
  other.on("request", (request) => asked.push(request.url()));
  await open(other, info("bruno"));
  await other.getByRole("button", { name: "Take the mark back" }).click();
  await other.getByRole("button", { name: "Compare by scanning" }).click();
  await expect(other.getByText("The picture stays in this browser.")).toBeVisible();
  await expect(other.getByText("It is the same number.")).toBeVisible();
  expect(await isCameraOff(other)).toBe(true);
  await other.getByRole("button", { name: "Mark as compared" }).click();
  await expect(other.getByText("Compared and equal").first()).toBeVisible();
  // Nothing but the page's own files was asked for.
  expect(asked.filter((url) => !url.startsWith(`${baseURL}/`))).toEqual([]);
  await browser.close();
});

test("scanning somebody else's safety number warns, and offers no mark", async ({ page, baseURL }) => {
  await open(page, info("maya"));
  const { browser, page: other } = await browserSeeing(await filmOf(page.getByRole("img", { name: number }).locator("..")), baseURL);
  await open(other, info("tomas"));
  await other.getByRole("button", { name: "Compare by scanning" }).click();
  await expect(other.getByRole("alert")).toContainText("This is not the same number.");
  await expect(other.getByRole("button", { name: "Mark as compared" })).toBeHidden();
  await expect(other.getByRole("button", { name: "Scan again" })).toBeVisible();
  await browser.close();
});

test("a device's code is shown, copied, and read by the camera of the browser that joins", async ({ page, baseURL, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "#/settings/devices");
  await page.getByRole("button", { name: "Add a device" }).click();
  const shown = page.getByRole("img", { name: "The same code as a QR code" });
  const film = await filmOf(shown.locator(".."));
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  const code = await page.evaluate(() => navigator.clipboard.readText());
  expect(code).toMatch(/^([0-9a-f]{5}-){20,}[0-9a-f]+$/);
  await expect(page.locator("[data-qr]")).toHaveAttribute("data-qr", code);
  const { browser, page: fresh } = await browserSeeing(film, baseURL);
  await open(fresh, "", "first");
  await fresh.getByRole("button", { name: /I have an account/ }).click();
  await fresh.getByRole("button", { name: "Scan the code" }).click();
  await expect(fresh.getByText("The code was read.")).toBeVisible();
  await expect(fresh.getByLabel("Code", { exact: true })).toHaveValue(code);
  await fresh.getByLabel("Without a passphrase").check();
  await fresh.getByRole("button", { name: "Link", exact: true }).click();
  await expect(fresh.getByRole("heading", { name: "Chats" })).toBeVisible();
  await browser.close();
});

test("a safety number before the camera is no code to link with", async ({ page, baseURL }) => {
  await open(page, info("bruno"));
  const { browser, page: fresh } = await browserSeeing(await filmOf(page.getByRole("img", { name: number }).locator("..")), baseURL);
  await open(fresh, "", "first");
  await fresh.getByRole("button", { name: /I have an account/ }).click();
  await fresh.getByRole("button", { name: "Scan the code" }).click();
  await expect(fresh.getByRole("alert")).toHaveText(/That is no code to link with/);
  await expect(fresh.getByLabel("Code", { exact: true })).toHaveValue("");
  await browser.close();
});

for (const [film, words] of [["denied", /camera is not allowed/], [null, /There is no camera here/]] as const) {
  test(`where the camera is ${film ?? "missing"}, the page says so and offers another way`, async ({ baseURL }) => {
    const { browser, page } = await browserSeeing(film, baseURL);
    await open(page, info("tomas"));
    await page.getByRole("button", { name: "Compare by scanning" }).click();
    await expect(page.getByRole("alert")).toHaveText(words);
    await expect(page.getByText("Compare the digits instead")).toBeVisible();
    await page.getByRole("button", { name: "Close" }).last().click();
    await expect(page.getByRole("button", { name: "Compare by scanning" })).toBeFocused();
    await browser.close();
  });
}

test("the browser's own reader is used where it has one, and the camera goes off when one cancels", async ({ baseURL, page: own }) => {
  await open(own, info("maya"));
  const { browser, page } = await browserSeeing(await filmOf(own.getByRole("img", { name: number }).locator("..")), baseURL);
  await page.addInitScript(() => {
    class BarcodeDetector {
      static getSupportedFormats = (): Promise<string[]> => Promise.resolve(["qr_code"]);
      detect = (): Promise<{ rawValue: string }[]> => Promise.resolve((window as unknown as { seen?: string }).seen ? [{ rawValue: "12345" }] : []);
    }
    Object.assign(window, { BarcodeDetector });
  });
  await open(page, info("tomas"));
  await page.getByRole("button", { name: "Compare by scanning" }).click();
  await expect(page.getByText("Turning the camera on")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  expect(await isCameraOff(page)).toBe(true);
  await page.getByRole("button", { name: "Compare by scanning" }).click();
  await page.evaluate(() => void Object.assign(window, { seen: "it" }));
  await expect(page.getByRole("alert")).toHaveText(/That is no safety number/);
  await browser.close();
});

test.describe("without a service worker, which keeps all files", () => {
  test.use({ serviceWorkers: "block" });
  test("what draws and what reads QR codes is not in the first load", async ({ page }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await open(page, chat("bruno"));
    const scripts = (): number => asked.filter((path) => path.endsWith(".js") && path !== "/sw.js").length;
    const before = scripts();
    await page.evaluate((hash) => (location.hash = hash), info("bruno"));
    await expect(page.getByRole("img", { name: number })).toBeVisible();
    expect(scripts()).toBe(before + 1);
  });
});
