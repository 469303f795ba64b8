// Witnesses of the server's list of keys: whom one asks for, how many must vouch, and what is said where too few do.
import type { Locator, Page } from "@playwright/test";
import { listed } from "../src/play/scenes.ts";
import { expect, open, test } from "./page.ts";

const keys = "#/settings/keys";
const hour = 3_600_000;
const [operator = "", auditor = ""] = listed;
const part = (page: Page): Locator => page.getByRole("region", { name: "Witnesses" });
const stands = (page: Page, how: string): Locator => part(page).locator(`[data-witnesses=${how}]`);
const witness = (page: Page, name: string): Locator => part(page).locator(`[data-witness="${name}"]`);
const need = (page: Page): Locator => part(page).getByRole("combobox", { name: "How many must vouch" });
const ask = (page: Page, name: string): Locator => part(page).getByRole("button", { name: `Ask for this one, too: ${name}` });
const asked = (page: Page): Promise<{ need: number; keys: string[] }> =>
  page.evaluate(() => ({ need: window.play.directory?.witnesses.need ?? -1, keys: window.play.directory?.witnesses.keys.map((one) => one.key) ?? [] }));

test("nobody is asked for at first; those whom the server uses can be chosen by a tap", async ({ page }) => {
  await open(page, keys);
  await expect(stands(page, "none")).toContainText("No witness is asked for");
  await expect(need(page)).toHaveCount(0);
  await expect(part(page).getByText("So the server says")).toBeVisible();
  await ask(page, "auditor.example").click();
  await expect(witness(page, "auditor.example")).toContainText("has not vouched");
  await expect(ask(page, "auditor.example")).toHaveCount(0);
  // Who is chosen is asked for: nothing new is believed until they have vouched.
  await expect(stands(page, "short")).toContainText("Too few vouch: 0 of 1, 1 must");
  await expect(stands(page, "short")).toContainText("new people and new devices cannot be added");
  expect(await asked(page)).toEqual({ need: 1, keys: [auditor] });
  await page.evaluate(() => window.play.folk.vouch(["auditor.example"]));
  await expect(stands(page, "holds")).toContainText("1 of 1 vouches, 1 must");
  await expect(witness(page, "auditor.example")).toContainText("vouched just now");
});

test("opening the view asks whom the server uses", async ({ page }) => {
  await open(page, "#/settings");
  await expect(page.locator("[data-watch=checked]")).toBeVisible();
  await page.evaluate(() => {
    const { play } = window;
    const perform = play.answer.bind(play);
    Object.assign(window, { asked: 0 });
    play.answer = (ask) => {
      if (ask.ask === "command" && ask.command.do === "askWitnesses") Object.assign(window, { asked: (window as unknown as { asked: number }).asked + 1 });
      return perform(ask);
    };
  });
  await page.evaluate((hash) => (location.hash = hash), keys);
  await expect(part(page)).toBeVisible();
  await expect.poll(() => page.evaluate(() => (window as unknown as { asked: number }).asked)).toBe(1);
  // And what is known of them is read when the answer comes.
  await page.evaluate((key) => {
    const { play } = window;
    if (play.directory) play.directory = { ...play.directory, witnesses: { ...play.directory.witnesses, listed: [key] } };
    play.event({ event: "witnesses" });
  }, operator);
  await expect(ask(page, "auditor.example")).toHaveCount(0);
  await expect(part(page).getByRole("button", { name: /^Ask for this one, too/ })).toHaveCount(1);
});

test("who vouched, when, and that a day ago is too long", async ({ page }) => {
  await open(page, keys, "witnessed");
  await expect(stands(page, "holds")).toContainText("2 of 3 vouch, 2 must");
  await expect(witness(page, "keys.example.org")).toContainText("vouched 5 hours ago");
  await expect(witness(page, "library.example")).toContainText("has not vouched");
  await page.evaluate((at) => window.play.folk.vouch(["keys.example.org"], at), Date.now() - 50 * hour);
  await expect(witness(page, "keys.example.org")).toContainText(/vouched (2|3) days ago, which is too long ago/);
  await expect(stands(page, "short")).toContainText("Too few vouch: 1 of 3, 2 must");
});

test("too few vouch: said calmly, and it goes when enough do", async ({ page }) => {
  await open(page, keys, "unwitnessed");
  await expect(stands(page, "short")).toContainText("The chats that you have go on.");
  // No alarm: nobody was caught in anything.
  await expect(page.getByRole("main").getByRole("alert")).toHaveCount(0);
  await page.evaluate(() => window.play.folk.vouch(["library.example"]));
  await expect(stands(page, "holds")).toBeVisible();
  await expect(stands(page, "short")).toHaveCount(0);
});

test("where the server proves nothing for want of witnesses, the alarm says that, not the clock", async ({ page }) => {
  await open(page, keys, "unwitnessed");
  await expect(stands(page, "short")).toBeVisible();
  await page.evaluate(() => window.play.event({ event: "failed", chat: null, fault: { code: "directoryUnproven", text: "" }, ofTheDevice: true }));
  const alarm = page.getByRole("main").getByRole("alert");
  await expect(alarm).toContainText("Too few witnesses vouch");
  await expect(alarm).not.toContainText("date and time");
});

test("how many must vouch goes from none to all of them", async ({ page }) => {
  await open(page, keys, "witnessed");
  await expect(need(page)).toHaveValue("2");
  await expect(need(page).getByRole("option")).toHaveText(["0", "1", "2", "3"]);
  await need(page).selectOption("3");
  await expect(stands(page, "short")).toContainText("Too few vouch: 2 of 3, 3 must");
  await need(page).selectOption("0");
  await expect(stands(page, "free")).toContainText("None of them has to vouch");
  expect((await asked(page)).need).toBe(0);
});

test("one is asked for no longer once that was said twice, and no more are needed than are left", async ({ page }) => {
  await open(page, keys, "witnessed");
  const remove = (name: string): Locator => part(page).getByRole("button", { name: `Ask no longer for ${name}` });
  await remove("library.example").click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(witness(page, "library.example")).toBeVisible();
  for (const name of ["library.example", "keys.example.org"]) {
    await remove(name).click();
    await page.getByRole("dialog").getByRole("button", { name: "Ask no longer" }).click();
    await expect(witness(page, name)).toHaveCount(0);
  }
  await expect(need(page)).toHaveValue("1");
  expect(await asked(page)).toEqual({ need: 1, keys: [operator] });
  await expect(part(page).getByRole("heading", { name: "Witnesses" })).toBeFocused();
});

test("a key that is pasted: one that does not read stays to be mended, one that is asked for already is said", async ({ page }) => {
  await open(page, keys);
  await expect(stands(page, "none")).toBeVisible();
  const field = part(page).getByLabel("Key of another witness");
  const add = part(page).getByRole("button", { name: "Ask for it", exact: true });
  await add.click();
  await expect(part(page).locator(".wrong")).toContainText("This is no key of a witness");
  await field.fill("library.example+nonsense");
  await expect(part(page).locator(".wrong")).toHaveCount(0);
  await add.click();
  await expect(part(page).locator(".wrong")).toContainText("This is no key of a witness");
  await expect(field).toHaveValue("library.example+nonsense");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  const key = "library.example+0123abcd+BDpQm3xq0bQ1cQ5e";
  await field.fill(`  ${key}\n`);
  await add.click();
  await expect(witness(page, "library.example")).toBeVisible();
  await expect(field).toHaveValue("");
  expect(await asked(page)).toEqual({ need: 1, keys: [key] });
  await field.fill(key);
  await add.click();
  await expect(part(page).locator(".wrong")).toContainText("That is so already");
});

test("with a keyboard alone: one is chosen, the number set, one taken back", async ({ page }) => {
  await open(page, keys);
  await expect(ask(page, "auditor.example")).toBeVisible();
  await ask(page, "auditor.example").focus();
  await page.keyboard.press("Enter");
  await expect(witness(page, "auditor.example")).toBeVisible();
  // The button is gone; the keyboard is at the head of the part, not lost.
  await expect(part(page).getByRole("heading", { name: "Witnesses" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(part(page).getByRole("button", { name: "Ask no longer for auditor.example" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(need(page)).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(stands(page, "free")).toBeVisible();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Ask no longer" }).focus();
  await page.keyboard.press("Enter");
  await expect(stands(page, "none")).toBeVisible();
  await expect(part(page).getByRole("heading", { name: "Witnesses" })).toBeFocused();
});

for (const [language, line, said] of [["de", "Zu wenige bürgen: 1 von 3, nötig: 2", "hat vor 7 Minuten gebürgt"], ["ar", "الشهود أقل من اللازم: واحد من 3، والمطلوب 2", "شهد قبل 7 دقائق"]] as const) {
  test(`in the person's language, ${language}; keys run their own way`, async ({ page }) => {
    await page.addInitScript((it) => localStorage.setItem("waxseal.preferences", JSON.stringify({ language: it })), language);
    await open(page, keys, "unwitnessed");
    await expect(page.locator("[data-witnesses=short]")).toContainText(line);
    const first = page.locator("[data-witness]").first();
    await expect(first).toContainText(said);
    await expect(first.locator("code")).toHaveCSS("direction", "ltr");
  });
}
