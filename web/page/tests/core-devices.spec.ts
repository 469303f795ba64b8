// Several devices of one person, in browsers and terminals; and what ends: a device, an account, a request, somebody's voice.
import { type Browser, begin, choose, isOpen, isSent, register, said, say, shown } from "./browser";
import { expect, test, world } from "./real";

const here = world();
let alice: Browser;

test.beforeAll(async () => {
  alice = await here.browser("alice");
  await register(alice.page, "alice");
  await here.meet(alice.page, "alice", "before any link");
  await say(alice.page, "alice, on one device");
  await isSent(alice.page, "alice, on one device");
});

test("a page shows a code, a terminal takes it, and both hear everything from then on", async () => {
  const { page } = alice;
  await page.goto(`${here.address}/#/settings/devices`);
  await page.getByRole("button", { name: "Add a device" }).click();
  const code = (await page.locator(".digits").innerText()).trim();
  await here.terminal("alice-terminal", "link", code, "--device-name", "the terminal");
  await expect(page.getByText("A device joined your account: the terminal")).toBeVisible();
  // It tells its name to its siblings itself, a little later.
  const there = here.listener("alice-terminal");
  await expect(page.getByRole("listitem").getByText("the terminal")).toBeVisible();
  await page.goto(`${here.address}/#/`);
  await choose(page, "bob");
  // The new device can speak in the chat once a Commit took it in.
  await expect(async () => there.does({ send: { to: "bob", text: "alice, in the terminal" } })).toPass();
  await expect(said(page, "alice, in the terminal")).toHaveCount(1);
  await say(page, "alice, in the browser");
  await isSent(page, "alice, in the browser");
  await here.terminal("bob", "send", "alice", "bob, to both of them");
  await expect(said(page, "bob, to both of them")).toHaveCount(1);
  await there.until((told) => told.text === "bob, to both of them");
  await there.end();
  const read = await here.terminal("alice-terminal", "read", "bob", "--limit", "50");
  expect(read.split("alice, in the browser")).toHaveLength(2);
  // What was said before stays where it was said.
  expect(read).not.toContain("before any link");
});

test("a terminal shows a code, a browser takes it; removed again, it says so and hears nothing more", async () => {
  const second = await here.browser("second");
  const linking = here.link("alice-terminal");
  await second.page.getByRole("button", { name: "I have an account: link this browser" }).click();
  await second.page.getByLabel("Code").fill(await linking.code);
  await second.page.getByLabel("Without a passphrase").check();
  await second.page.getByRole("button", { name: "Link", exact: true }).click();
  await isOpen(second.page);
  await linking.done;
  await expect(second.page.locator("a[data-row]", { hasText: "bob" })).toBeVisible();
  await choose(second.page, "bob");
  await here.terminal("bob", "send", "alice", "bob, to all three");
  await expect(said(second.page, "bob, to all three")).toHaveCount(1);
  expect(await shown(second.page)).not.toContain("before any link");
  await say(second.page, "alice, in the second browser");
  await expect(said(alice.page, "alice, in the second browser")).toHaveCount(1);

  await alice.page.goto(`${here.address}/#/settings/devices`);
  const list = alice.page.getByRole("main").getByRole("listitem");
  await expect(list).toHaveCount(3);
  await list.filter({ hasNotText: "the terminal" }).getByRole("button", { name: /^Remove/ }).click();
  await alice.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(second.page.getByText("This device was removed from its account.")).toBeVisible();
  await expect(list).toHaveCount(2);
  await here.terminal("bob", "send", "alice", "bob, to the two that stayed");
  await alice.page.goto(`${here.address}/#/`);
  await choose(alice.page, "bob");
  await expect(said(alice.page, "bob, to the two that stayed")).toHaveCount(1);
  await expect(said(second.page, "bob, to all three")).toHaveCount(1);
  await expect(said(second.page, "bob, to the two that stayed")).toHaveCount(0);
  // Loaded again, it still says so.
  await second.page.reload();
  await expect(second.page.getByText("This device was removed from its account.")).toBeVisible();
  second.fine();
  await second.close();
});

test("a declined request is gone, and who is blocked is heard no more until that is taken back", async () => {
  const { page } = alice;
  await here.terminal("carla", "register", "carla");
  await expect(async () => here.terminal("carla", "send", "alice", "do you know me?")).toPass();
  await choose(page, "carla");
  await page.getByRole("button", { name: "Decline" }).click();
  await expect(page.getByText("Request declined")).toBeVisible();
  await expect(page.locator("a[data-row]", { hasText: "carla" })).toHaveCount(0);
  // Past the time in which it can be undone, when the core hears of it.
  await expect(page.getByText("Request declined")).toBeHidden();
  await page.waitForTimeout(500);
  await page.reload();
  await isOpen(page);
  await expect(page.locator("a[data-row]", { hasText: "bob" })).toBeVisible();
  await expect(page.locator("a[data-row]", { hasText: "carla" })).toHaveCount(0);

  await choose(page, "bob");
  await page.getByRole("button", { name: "About this chat" }).click();
  await page.getByRole("button", { name: "Block", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await here.terminal("bob", "send", "alice", "bob, while he is blocked").catch(() => "");
  await page.goto(`${here.address}/#/settings/blocked`);
  await page.getByRole("button", { name: "Unblock: bob" }).click();
  await expect(page.getByText("bob can write to you again")).toBeVisible();
  await page.goto(`${here.address}/#/`);
  await begin(page, "bob");
  await say(page, "alice, after all");
  await isSent(page, "alice, after all");
  await expect.poll(() => here.terminal("bob", "read", "alice")).toContain("alice, after all");
  await here.terminal("bob", "send", "alice", "bob, heard again");
  await expect(said(page, "bob, heard again")).toHaveCount(1);
  await expect(page.getByText("bob, while he is blocked")).toHaveCount(0);
});

test("a deleted account is gone from the server and from the browser", async () => {
  const { page } = alice;
  await page.goto(`${here.address}/#/settings/data`);
  await page.getByRole("button", { name: "Delete account" }).click();
  const asked = page.getByRole("dialog");
  await expect(asked.getByRole("button", { name: "Delete account" })).toBeDisabled();
  await asked.getByLabel("Account name").fill("alice");
  await asked.getByRole("button", { name: "Delete account" }).click();
  await expect(page.getByText("The account is closed and nothing is left here.")).toBeVisible();
  await expect(page.getByLabel("Your name here")).toBeVisible();
  await here.terminal("dora", "register", "dora");
  await expect(here.terminal("dora", "send", "alice", "are you there?")).rejects.toThrow(/alice/);
  await page.reload();
  await expect(page.getByLabel("Your name here")).toBeVisible();
  alice.fine();
});
