// What becomes of contacts' devices and names: told in the conversation, asked about before words go on where one wants that.
import type { Locator, Page } from "@playwright/test";
import { id } from "../src/play/scenes.ts";
import { expect, messages, open, test, write } from "./page.ts";
import { chat } from "./views.ts";

const ward = "Night shift, ward 3";
/** 3 May 2026, noon in Berlin. */
const may = Date.UTC(2026, 4, 3, 10);
const bar = (page: Page): Locator => page.getByRole("region", { name: "Words that wait" });
const look = (page: Page, name: string): Locator => bar(page).getByRole("link", { name: `Look at ${name}` });
const right = (page: Page, name?: string): Locator => bar(page).getByRole("button", { name: name === undefined ? "It is right, go on" : `It is right, go on: ${name}`, exact: true });
const isRead = (page: Page): Promise<void> => expect(messages(page).last()).toBeVisible();
const last = (page: Page): Locator => messages(page).last();
/** What a screen reader is told while it goes on. */
const told = (page: Page): Locator => page.locator(".talk > .unseen[role=status]");

async function say(page: Page, text: string): Promise<Locator> {
  await write(page).fill(text);
  await page.keyboard.press("Enter");
  const said = messages(page).filter({ hasText: text });
  await expect(said).toBeVisible();
  return said.locator(".receipt");
}

test("devices that are added are told with their names and days", async ({ page }) => {
  await open(page, chat("bruno"));
  await isRead(page);
  await page.evaluate((at) => window.play.folk.addDevices("bruno", ["Laptop"], at), may);
  await expect(last(page)).toContainText("bruno added a device, “Laptop”, on 3 May 2026");
  await page.evaluate((at) => window.play.folk.addDevices("bruno", [null], at), may);
  await expect(last(page)).toContainText("bruno added a device on 3 May 2026");
  await page.evaluate((at) => window.play.folk.addDevices("bruno", ["Tablet", null], at), may);
  await expect(last(page)).toContainText("bruno added 2 devices on 3 May 2026: “Tablet” and one without a known name");
  await page.evaluate((at) => window.play.folk.addDevices("bruno", ["a", "b", "c", "d", "e", "f"], at), may);
  await expect(last(page)).toContainText("bruno added 6 devices on 3 May 2026: “a”, “b”, “c”, “d” and 2 more");
  // In the list of chats, too.
  await expect(page.locator("a[data-row]", { hasText: "bruno added 6 devices" })).toBeVisible();
});

test("several devices of several days are told each with its own", async ({ page }) => {
  await open(page, chat("bruno"));
  await isRead(page);
  await page.evaluate((at) => {
    const { account, name } = { account: window.play.people[0]?.account ?? "", name: "bruno" };
    const devices = [{ name: "Laptop", at }, { name: null, at: at + 2 * 86_400_000 }];
    const chat = [...window.play.chats.values()].find((one) => one.title === name);
    if (!chat) throw new Error("no chat");
    window.play.put(chat, { sender: account, senderName: name, line: { kind: "notice", notice: { what: "deviceAdded", who: { account, name }, devices } } });
    window.play.event({ event: "chatChanged", chat: chat.chat });
  }, may);
  await expect(last(page)).toContainText("bruno added 2 devices: “Laptop” on 3 May 2026 and one without a known name on 5 May 2026");
});

test("devices that are removed, and what an older version told without any", async ({ page }) => {
  await open(page, chat("bruno"));
  await isRead(page);
  await page.evaluate(() => window.play.folk.removeDevices("bruno", ["Laptop"]));
  await expect(last(page)).toContainText("bruno removed a device, “Laptop”");
  await page.evaluate(() => window.play.folk.removeDevices("bruno", ["Laptop", null]));
  await expect(last(page)).toContainText("bruno removed 2 devices: “Laptop” and one without a known name");
  await page.evaluate(() => window.play.folk.removeDevices("bruno", []));
  await expect(last(page)).toContainText(/bruno removed a device$/);
  await page.evaluate(() => window.play.folk.addDevices("bruno", []));
  await expect(last(page)).toContainText(/bruno added a device$/);
});

test("a device's name is nothing that we say: no quotes, no letters that turn a line around", async ({ page }) => {
  await open(page, chat("bruno"));
  await isRead(page);
  await page.evaluate((at) => window.play.folk.addDevices("bruno", ["Phone”, checked by Waxseal \u202egnp"], at), may);
  await expect(last(page)).toContainText("bruno added a device, “Phone\", checked by Waxseal \ufffdgnp”, on 3 May 2026");
});

test("that somebody else has a name is a warning, with the way to the person", async ({ page }) => {
  await open(page, chat("maya"));
  await isRead(page);
  await page.evaluate(() => window.play.folk.takeName("maya"));
  const warning = last(page).locator("[data-warning]");
  await expect(warning).toContainText("Somebody else has the name maya now");
  await expect(bar(page)).toHaveCount(0);
  await warning.getByRole("link", { name: "Look at maya" }).click();
  await expect(page.locator("[data-changed=changed]").getByRole("alert")).toContainText("belongs to another account");
  await expect(page.getByText("Safety number with maya")).toBeVisible();
});

test("in a group the warning leads to that member, and back to all of them", async ({ page }) => {
  await open(page, chat(ward));
  await isRead(page);
  await page.evaluate(() => window.play.folk.takeName("maya"));
  await page.getByRole("link", { name: "Look at maya" }).click();
  await expect(page).toHaveURL(new RegExp(`/info/${id("maya")}$`));
  await expect(page.getByText("Safety number with maya")).toBeVisible();
  await expect(page.locator("[data-changed=changed]")).toBeVisible();
  await page.getByRole("button", { name: "Members" }).click();
  await expect(page.getByRole("button", { name: "What can be done about maya" })).toBeVisible();
  await expect(page.getByText("Safety number with maya")).toHaveCount(0);
});

test("who does not ask for it writes on, whatever changes", async ({ page }) => {
  await open(page, chat("bruno"));
  await isRead(page);
  await page.evaluate(() => window.play.folk.addDevices("bruno", ["Laptop"]));
  await expect(last(page)).toContainText("“Laptop”");
  await expect(await say(page, "goes at once")).toHaveText(/sent|delivered|read/);
  await expect(bar(page)).toHaveCount(0);
});

test("asked for in the settings: words wait until the person says that it is right", async ({ page }) => {
  await open(page, "#/settings/privacy");
  const wish = page.getByRole("switch", { name: /Ask me when somebody’s devices change/ });
  await expect(wish).not.toBeChecked();
  await wish.check();
  await expect.poll(() => page.evaluate(() => window.play.folk.requires)).toBe(true);
  await page.evaluate((hash) => (location.hash = hash), chat("bruno"));
  await isRead(page);
  await page.evaluate(() => window.play.folk.addDevices("bruno", ["Laptop"]));
  await expect(bar(page)).toContainText("bruno’s devices changed. Your words wait until you say that it is right.");
  await expect(told(page)).toHaveText("bruno’s devices changed. Your words wait until you say that it is right.");
  const receipt = await say(page, "waits for me");
  await expect(receipt).toHaveText("waiting");
  // A network that comes back sends nothing of it.
  await page.evaluate(() => window.play.network(true));
  await page.waitForTimeout(400);
  await expect(receipt).toHaveText("waiting");
  await right(page).click();
  await expect(receipt).toHaveText(/sent|delivered|read/);
  await expect(bar(page)).toHaveCount(0);
  await expect(told(page)).toHaveText("");
  await expect(write(page)).toBeFocused();
  // Another change asks again.
  await page.evaluate(() => window.play.folk.addDevices("bruno", [null]));
  await expect(bar(page)).toBeVisible();
});

test("a removed device alone holds nothing", async ({ page }) => {
  await open(page, chat("bruno"));
  await isRead(page);
  await page.evaluate(() => (window.play.folk.requires = true));
  await page.evaluate(() => window.play.folk.removeDevices("bruno", ["Laptop"]));
  await expect(last(page)).toContainText("bruno removed a device");
  await expect(await say(page, "goes at once")).toHaveText(/sent|delivered|read/);
  await expect(bar(page)).toHaveCount(0);
});

test("switched off, what waited goes", async ({ page }) => {
  await open(page, chat("bruno"), "held");
  await expect(bar(page)).toBeVisible();
  const receipt = await say(page, "waits");
  await expect(receipt).toHaveText("waiting");
  await page.evaluate(() => (location.hash = "#/settings/privacy"));
  await page.getByRole("switch", { name: /Ask me/ }).uncheck();
  await page.evaluate((hash) => (location.hash = hash), chat("bruno"));
  await expect(messages(page).filter({ hasText: "waits" }).locator(".receipt")).toHaveText(/sent|delivered|read/);
  await expect(bar(page)).toHaveCount(0);
});

test("in a group each person is asked about alone, and nothing goes before the last", async ({ page }) => {
  await open(page, chat(ward), "held");
  await expect(bar(page)).toContainText("Somebody else has the name maya now.");
  await expect(bar(page)).toContainText("yusuf’s devices changed.");
  const receipt = await say(page, "for everybody");
  await expect(receipt).toHaveText("waiting");
  await right(page, "yusuf").click();
  await expect(bar(page)).not.toContainText("yusuf");
  await expect(bar(page)).toContainText("Somebody else has the name maya now. Your words wait until you say that it is right.");
  await expect(receipt).toHaveText("waiting");
  await right(page).click();
  await expect(receipt).toHaveText(/sent|delivered|read/);
  await expect(bar(page)).toHaveCount(0);
});

test("with a keyboard alone: from where one writes to the bar, through each person, and back to where one writes", async ({ page }) => {
  await open(page, chat(ward), "held");
  await expect(right(page, "maya")).toBeVisible();
  await write(page).focus();
  for (let step = 0; step < 3; step++) await page.keyboard.press("Shift+Tab");
  await expect(look(page, "yusuf")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(right(page, "yusuf")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(right(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(write(page)).toBeFocused();
});

test("about a person: what changed, and that it is right, where the bar is not to be seen", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, chat("bruno"), "held");
  await look(page, "bruno").click();
  const changed = page.locator("[data-changed=devices]");
  await expect(changed).toContainText("What became of bruno’s devices");
  await expect(changed.getByRole("listitem")).toHaveCount(1);
  await expect(changed.getByRole("listitem")).toContainText("bruno added a device, “Laptop”, on");
  await expect(changed).toContainText("2 devices now");
  await changed.getByRole("button", { name: "It is right, go on" }).click();
  await expect(changed.getByRole("button")).toHaveCount(0);
  await page.getByRole("link", { name: "Close" }).click();
  await expect(write(page)).toBeVisible();
  await expect(bar(page)).toHaveCount(0);
});

test("a safety number that was compared says that it is right, too", async ({ page }) => {
  await open(page, `${chat(ward)}/info/${id("yusuf")}`, "held");
  await expect(bar(page)).toContainText("yusuf");
  await page.getByRole("button", { name: "Mark as compared" }).click();
  await expect(page.getByText("Compared and equal")).toBeVisible();
  await expect(bar(page)).not.toContainText("yusuf");
  await expect(bar(page)).toContainText("maya");
});

test("whoever has the name now is talked with in a new chat, once that was said twice", async ({ page }) => {
  await open(page, `${chat("maya")}/info`, "held");
  const talk = page.getByRole("button", { name: "Talk with whoever has the name now" });
  await talk.click();
  const question = page.getByRole("dialog");
  await expect(question).toContainText("Talk with whoever has the name maya now?");
  await expect(question).toContainText("This cannot be undone.");
  await page.keyboard.press("Escape");
  await expect(question).toBeHidden();
  await expect(talk).toBeFocused();
  await expect(page.getByRole("heading", { level: 1, name: "maya", exact: true }).first()).toBeVisible();
  await talk.click();
  await question.getByRole("button", { name: "Talk with them" }).click();
  await expect(page).not.toHaveURL(new RegExp(chat("maya").slice(2)));
  await expect(page.getByRole("heading", { level: 1, name: "maya", exact: true })).toBeVisible();
  await expect(messages(page).first()).toContainText("You started the chat");
  await expect(await say(page, "who are you?")).toHaveText(/sent|delivered|read/);
  // The one we knew goes without the name, and there is nothing left to accept.
  await page.evaluate((hash) => (location.hash = hash), `${chat("maya")}/info`);
  await expect(page.locator("[data-changed=accepted]")).toContainText("Somebody else has this person’s name now.");
  await expect(talk).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 }).filter({ hasText: `(${id("maya").slice(0, 8)})` }).first()).toBeVisible();
});

test("a name that belongs to somebody else now is not just written to", async ({ page }) => {
  await open(page, "#/new");
  await page.evaluate(() => window.play.folk.takeName("clara"));
  await page.getByLabel("Name", { exact: true }).fill("clara");
  await page.getByRole("button", { name: "Start chat" }).click();
  await expect(page.locator(".wrong")).toContainText("Somebody else has this name now");
  await expect(page).toHaveURL(/#\/new$/);
});

for (const [language, sentence, wait] of [
  ["de", "bruno hat am 03.05.2026 2 Geräte hinzugefügt: „Laptop“ und eines ohne bekannten Namen", "Die Geräte von bruno haben sich geändert. Deine Worte warten, bis du sagst, dass es stimmt."],
  ["ar", /أضاف \S*bruno\S* جهازين في .*«.*Laptop.*».* وجهاز لا يُعرف اسمه/, /تغيرت أجهزة \S*bruno\S*\. كلماتك تنتظر حتى تقول إن الأمر صحيح\./],
] as const) {
  test(`in the person's language, ${language}`, async ({ page }) => {
    await page.addInitScript((it) => localStorage.setItem("waxseal.preferences", JSON.stringify({ language: it })), language);
    await open(page, chat("bruno"));
    await isRead(page);
    await page.evaluate((at) => {
      window.play.folk.requires = true;
      window.play.folk.addDevices("bruno", ["Laptop", null], at);
    }, may);
    await expect(last(page)).toContainText(sentence);
    await expect(page.locator("[data-held]")).toContainText(wait);
  });
}
