// Two tabs of one profile: one leads, both are the same person's; whichever goes, the other goes on.
import { type Page } from "@playwright/test";
import { type Browser, choose, crash, isOpen, isSent, passphrase, register, said, say, shown, unlock } from "./browser";
import { expect, test, world } from "./real";

const here = world();
let alice: Browser;
let leader: Page;
let follower: Page;

/** Both show the same words, each once. */
async function same(): Promise<void> {
  await expect.poll(async () => JSON.stringify(await shown(leader)) === JSON.stringify(await shown(follower))).toBe(true);
  const texts = await shown(leader);
  expect(texts.length).toBe(new Set(texts).size);
}

async function another(): Promise<Page> {
  const page = await alice.tab();
  await isOpen(page);
  await choose(page, "bob");
  await expect(page.locator("[data-message]").first()).toBeVisible();
  return page;
}

const tells = (text: string): Promise<string> => here.terminal("bob", "send", "alice", text);

test.beforeAll(async () => {
  alice = await here.browser("alice");
  leader = alice.page;
  await register(leader, "alice", passphrase);
  await here.meet(leader);
  follower = await another();
});

test("both tabs send and receive, and show the same", async () => {
  await say(leader, "from the one that leads");
  await isSent(follower, "from the one that leads");
  await say(follower, "from the one that follows");
  await isSent(leader, "from the one that follows");
  await tells("to both of them");
  for (const page of [leader, follower]) await expect(said(page, "to both of them")).toHaveCount(1);
  await same();
});

const ends: Record<string, (page: Page) => Promise<unknown>> = {
  "is closed": (page) => page.close(),
  crashes: crash,
};

for (const [how, end] of Object.entries(ends)) {
  test(`when the tab that leads ${how}, the other goes on`, async () => {
    await say(follower, `before it ${how}`);
    await isSent(follower, `before it ${how}`);
    await end(leader);
    // Opened anew there: what is kept is locked, as after any start.
    await unlock(follower);
    await isOpen(follower);
    await expect(said(follower, `before it ${how}`)).toHaveCount(1);
    await say(follower, `after it ${how}`);
    await isSent(follower, `after it ${how}`);
    await tells(`bob, after it ${how}`);
    await expect(said(follower, `bob, after it ${how}`)).toHaveCount(1);
    leader = follower;
    follower = await another();
    await same();
  });
}

test("locked in one tab is locked in both, and unlocked in one opens both", async () => {
  await follower.keyboard.press("Alt+KeyL");
  for (const page of [leader, follower]) {
    await expect(page.getByRole("heading", { name: "Waxseal is locked" })).toBeVisible();
    await expect(page.getByText("hello from bob")).toHaveCount(0);
  }
  await unlock(follower);
  await isOpen(leader);
  await isOpen(follower);
  await choose(leader, "bob");
  await choose(follower, "bob");
  await expect(said(leader, "hello from bob")).toHaveCount(1);
  await same();
  alice.fine();
});
