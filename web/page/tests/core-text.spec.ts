// What others write is text, wherever it is shown: markup does not run, nobody else is asked for anything, lines do not turn around.
import { type Page } from "@playwright/test";
import { type Browser, choose, isSent, passphrase, register, said, say } from "./browser";
import { expect, test, world } from "./real";

const here = world();
let alice: Browser;
let page: Page;

const markup = '<script>window.hacked=1</script><img src="//evil.example/x.png" onerror="window.hacked=2">';
const address = 'javascript:window.hacked=3 and https://safe.example/"onmouseover="window.hacked=4';
const turned = "invoice \u202efdp.exe";
const display = '<img src=x onerror="window.hacked=5">';
const title = '<svg onload="window.hacked=6">';
const deviceName = '<iframe src="javascript:parent.hacked=7">';

/** Nothing ran, nothing became an element, nobody else was asked. */
async function isHarmless(): Promise<void> {
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await expect(page.locator("#page :is(img, script, iframe, object, embed, [onload], [onerror], [onmouseover], a[href^='javascript'])")).toHaveCount(0);
  alice.fine();
}

test.beforeAll(async () => {
  alice = await here.browser("alice");
  page = alice.page;
  await page.evaluate(() => document.addEventListener("securitypolicyviolation", (event) => console.error(`refused: ${event.blockedURI}`)));
  await register(page, "alice", passphrase);
  await here.terminal("mallory", "register", "mallory");
  await here.terminal("mallory", "profile", "--name", display);
  await expect(async () => here.terminal("mallory", "send", "alice", markup)).toPass();
});

test("a stranger's words and name are text in list, request and conversation", async () => {
  await expect(page.locator("a[data-row]", { hasText: "mallory" })).toBeVisible();
  await choose(page, "mallory");
  await expect(said(page, "window.hacked=1")).toContainText(markup);
  await page.getByRole("button", { name: "Accept" }).click();
  for (const text of [address, turned]) await here.terminal("mallory", "send", "alice", text);
  await expect(said(page, "javascript:window")).toContainText(address);
  // Up to its quote it is an address; what follows is not part of it.
  await expect(page.locator("[data-message] a")).toHaveAttribute("href", "https://safe.example/");
  await expect(page.locator("[data-message] a")).toHaveAttribute("rel", "noopener noreferrer");
  await expect(said(page, "invoice")).toContainText("invoice \ufffdfdp.exe");
  // What she wants to be called comes once she was answered.
  await expect(page.getByRole("main").locator("header")).toContainText(`“${display}”`);
  await expect(page.locator("a[data-row]", { hasText: "mallory" })).toContainText(`“${display}”`);
  await expect(page.locator("a[data-row]", { hasText: "mallory" })).toContainText("invoice \ufffdfdp.exe");
  await isHarmless();
});

test("a group's title is text in list, head, notices, members and questions", async () => {
  await here.terminal("mallory", "group", "create", title, "alice");
  await choose(page, title);
  await expect(page.getByRole("heading", { name: title })).toBeVisible();
  await here.terminal("mallory", "group", "rename", `#${title}`, `${title} again`);
  await expect(page.getByRole("heading", { name: `${title} again` })).toBeVisible();
  await expect(page.getByText(`mallory called the group “${title} again”`).first()).toBeVisible();
  await page.getByRole("button", { name: "About this chat" }).click();
  await expect(page.getByRole("region", { name: "About this chat" }).getByText("<img src=x")).toBeVisible();
  await page.getByRole("button", { name: "Leave the group" }).click();
  await expect(page.getByRole("dialog")).toContainText(`Leave ${title} again?`);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await say(page, markup);
  await isSent(page, "window.hacked=1");
  await isHarmless();
});

test("what is found is text, and so is the name of a device", async () => {
  await page.goto(`${here.address}/#/search`);
  await page.getByRole("searchbox").fill("hacked");
  await expect(page.getByText(markup).first()).toBeVisible();
  await page.goto(`${here.address}/#/settings/devices`);
  await page.getByRole("button", { name: "Add a device" }).click();
  const code = await page.locator(".digits").innerText();
  await here.terminal("tablet", "link", code.trim(), "--device-name", deviceName);
  await expect(page.getByText(`A device joined your account: ${deviceName}`)).toBeVisible();
  // It tells its name to its siblings itself, a little later.
  here.listener("tablet");
  await expect(page.getByRole("listitem").getByText(deviceName)).toBeVisible();
  await page.getByRole("button", { name: `Remove: ${deviceName}` }).click();
  await expect(page.getByRole("dialog")).toContainText(deviceName);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await isHarmless();
});

test("a hidden tab notifies without contents, and with them only where one said so, as text", async () => {
  await alice.context.grantPermissions(["notifications"], { origin: here.address });
  await page.goto(`${here.address}/#/settings/notifications`);
  await page.reload();
  await page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByRole("switch", { name: "Notify when Waxseal is in the background" }).check();
  const bodies = (): Promise<string[]> =>
    page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((one) => `${one.title}: ${one.body}`));
  const hide = async (isHidden: boolean): Promise<void> => {
    const inside = await alice.context.newCDPSession(page);
    await inside.send("Emulation.setFocusEmulationEnabled", { enabled: !isHidden });
    await (isHidden ? await alice.context.newPage() : page).bringToFront();
    await expect.poll(() => page.evaluate(() => document.hasFocus())).toBe(!isHidden);
    // The emulated focus goes without a word; a real one tells.
    await page.evaluate((name) => void window.dispatchEvent(new Event(name)), isHidden ? "blur" : "focus");
  };
  await hide(true);
  await here.terminal("mallory", "send", "alice", `first: ${markup}`);
  await expect.poll(bodies).toEqual(["Waxseal: New message"]);
  await hide(false);
  await page.getByRole("switch", { name: "Show who wrote and what" }).check();
  await hide(true);
  await here.terminal("mallory", "send", "alice", `second: ${markup}`);
  await expect.poll(bodies).toEqual([`Waxseal: mallory: second: ${markup}`]);
  await expect(page).toHaveTitle("(2) Waxseal");
  await isHarmless();
});
