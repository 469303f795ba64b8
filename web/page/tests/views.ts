// Every view of the page, and how to come to it: for pictures, for axe, for narrow screens.
import type { Page } from "@playwright/test";
import { id } from "../src/play/scenes.ts";

/** `waits`: what a view has only once the core has answered, in any language. */
export type View = { name: string; scene?: string; hash?: string; waits?: string; steps?: (page: Page) => Promise<void> };

export const chat = (title: string): string => `#/chat/${id(`chat ${title}`)}`;

export const views: View[] = [
  { name: "welcome", scene: "first" },
  {
    name: "welcome-passphrase", scene: "first",
    steps: async (page) => {
      await page.getByLabel("Your name here").fill("Alice");
      await page.getByLabel("Passphrase for this browser").fill("a");
      await page.getByRole("button", { name: "Create account" }).click();
    },
  },
  {
    name: "welcome-without", scene: "first",
    steps: async (page) => {
      await page.getByText("I have an invitation code").click();
      await page.getByLabel("Without a passphrase").check();
    },
  },
  { name: "link", scene: "first", steps: async (page) => page.getByRole("button", { name: /I have an account/ }).click() },
  { name: "lock", scene: "locked" },
  { name: "broken", scene: "broken" },
  { name: "empty", scene: "empty" },
  { name: "list" },
  { name: "chat", hash: chat("bruno") },
  { name: "group", hash: chat("Night shift, ward 3") },
  { name: "group-info", hash: `${chat("Night shift, ward 3")}/info` },
  { name: "safety", hash: `${chat("bruno")}/info`, waits: "[data-digits] ~ a[href='#/settings/keys']" },
  { name: "safety-lied", scene: "lied", hash: `${chat("bruno")}/info`, waits: "[data-digits] ~ a[href='#/settings/keys']" },
  { name: "request", hash: chat("eve") },
  { name: "healing", hash: chat("yusuf") },
  { name: "failed", hash: chat("lena-k") },
  { name: "hebrew", hash: chat("נועה") },
  { name: "left", hash: chat("Summer party") },
  { name: "held", scene: "held", hash: chat("bruno"), waits: "[data-held='1']" },
  { name: "held-group", scene: "held", hash: chat("Night shift, ward 3"), waits: "[data-held='2']" },
  { name: "held-identity", scene: "held", hash: chat("maya"), waits: "[data-warning]" },
  { name: "changed-devices", scene: "held", hash: `${chat("bruno")}/info`, waits: "[data-changed=devices] ~ .safety [data-digits]" },
  { name: "changed-identity", scene: "held", hash: `${chat("maya")}/info`, waits: "[data-changed=changed] ~ .safety [data-digits]" },
  { name: "changed-member", scene: "held", hash: `${chat("Night shift, ward 3")}/info/${id("yusuf")}`, waits: "[data-changed=devices] ~ .safety [data-digits]" },
  {
    name: "message-menu", hash: chat("bruno"),
    steps: async (page) => {
      await page.getByText("Looks good, take it.").click({ button: "right" });
      await page.getByRole("menu").waitFor();
    },
  },
  { name: "emoji", hash: chat("bruno"), steps: async (page) => page.getByRole("button", { name: "Emoji" }).click() },
  {
    name: "reply", hash: chat("bruno"),
    steps: async (page) => {
      await page.getByText("Booked. See you on Thursday!").first().click({ button: "right" });
      await page.getByRole("menuitem", { name: "Reply" }).click();
    },
  },
  {
    name: "offline", hash: chat("bruno"),
    steps: async (page) => {
      await page.evaluate(() => window.play.network(false));
      await page.getByText("Try now").waitFor();
    },
  },
  { name: "search", hash: "#/search", steps: async (page) => { await page.getByRole("searchbox").fill("thursday"); await page.getByText("Messages", { exact: true }).waitFor(); } },
  { name: "new-chat", hash: "#/new" },
  { name: "new-group", hash: "#/new/group" },
  { name: "settings", hash: "#/settings", waits: "[data-watch=checked]" },
  { name: "profile", hash: "#/settings/profile" },
  { name: "privacy", hash: "#/settings/privacy", waits: "[role=switch]" },
  { name: "security", hash: "#/settings/security" },
  { name: "appearance", hash: "#/settings/appearance" },
  { name: "notifications", hash: "#/settings/notifications" },
  { name: "devices", hash: "#/settings/devices", steps: async (page) => { await page.getByRole("button", { name: "Add a device" }).click(); await page.getByRole("img", { name: "The same code as a QR code" }).waitFor(); } },
  { name: "keys", hash: "#/settings/keys", waits: "[data-standing=checked]" },
  { name: "keys-unchecked", scene: "empty", hash: "#/settings/keys", waits: "[data-standing=unchecked]" },
  { name: "keys-lied", scene: "lied", hash: "#/settings/keys", waits: "[data-standing=lied]" },
  { name: "witnessed", scene: "witnessed", hash: "#/settings/keys", waits: "[data-witnesses=holds]" },
  { name: "unwitnessed", scene: "unwitnessed", hash: "#/settings/keys", waits: "[data-witnesses=short]" },
  { name: "blocked", hash: "#/settings/blocked" },
  { name: "data", hash: "#/settings/data" },
  { name: "help", steps: async (page) => { await page.keyboard.press("?"); await page.getByRole("dialog").waitFor(); } },
  { name: "question", hash: "#/settings/data", steps: async (page) => page.getByRole("button", { name: "Delete account" }).click() },
];

export async function show(page: Page, view: View): Promise<void> {
  await page.goto(`/?scene=${view.scene ?? "full"}&view=${view.name}${view.hash ?? ""}`);
  await page.locator("#page > *").first().waitFor();
  await page.locator("main, dialog").first().waitFor({ state: "attached" });
  if (view.hash?.startsWith("#/chat/")) await page.locator("[data-message]").first().waitFor({ state: "attached" });
  if (view.waits) {
    const awaited = page.locator(view.waits).first();
    await awaited.waitFor();
    // Into sight: axe reckons no contrast of what a scrolled box hides.
    await awaited.scrollIntoViewIfNeeded();
  }
  await view.steps?.(page);
}
