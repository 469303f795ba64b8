// What the browser kept is taken away, all or in part, while the page is away or open: the page says what is so.
import type { Page } from "@playwright/test";
import { type Browser, choose, isOpen, isSent, passphrase, register, said, say } from "./browser";
import { expect, test, world } from "./real";

const here = world();
let alice: Browser;
let page: Page;
let names = 0;

/** A new account with something in it. */
async function someone(secret = ""): Promise<void> {
  const name = `alice${++names}`;
  await register(page, name, secret);
  await here.meet(page, name);
  await say(page, `this is ${name}`);
  await isSent(page, `this is ${name}`);
}

/** A page of this origin that runs nothing: whoever clears a browser's data stands there. */
async function aside(): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${here.address}/icon.svg`);
}

async function clear(types: string): Promise<void> {
  const inside = await alice.context.newCDPSession(page);
  await inside.send("Storage.clearDataForOrigin", { origin: here.address, storageTypes: types });
}

/** Cleared while the page was away, it begins anew: a first start, and a new account that is there when loaded again. */
async function beginsAnewWithout(types: string): Promise<void> {
  await aside();
  await clear(types);
  await page.goto(here.address);
  await isNew();
  await someone();
  await page.reload();
}

const isNew = (): Promise<void> => expect(page.getByLabel("Your name here")).toBeVisible();

test.beforeAll(async () => {
  alice = await here.browser("alice");
  page = alice.page;
});

test("cleared while the page was away: a first start, as ever, and a new account works", async () => {
  await someone();
  await beginsAnewWithout("all");
  await choose(page, "bob");
  await expect(said(page, "this is alice2")).toHaveCount(1);
  await expect(page.getByText("alice1")).toHaveCount(0);
});

test("the key gone and the files there: a first start, and the files are nobody's", async () => {
  await beginsAnewWithout("indexeddb");
  await isOpen(page);
  await expect(page.getByText("alice2")).toHaveCount(0);
});

test("the files gone and the key there: it says so and does not pretend to be empty", async () => {
  await aside();
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    for (const name of names) await root.removeEntry(name, { recursive: true });
  });
  await page.goto(here.address);
  for (const visit of ["first", "second"]) {
    await expect(page.getByText("What was kept in this browser is gone"), visit).toBeVisible();
    await page.reload();
  }
  await page.getByRole("button", { name: "Forget this browser" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /Forget/ }).click();
  await isNew();
});

test("cleared while the page is open: it says so, pretends nothing, and begins anew when loaded again", async () => {
  await someone(passphrase);
  await clear("all");
  await expect(page.getByText("What was kept in this browser is gone")).toBeVisible();
  await expect(page.getByRole("textbox")).toHaveCount(0);
  await expect(page.getByText("this is alice4")).toHaveCount(0);
  await page.reload();
  await isNew();
  await someone();
  await page.reload();
  await choose(page, "bob");
  await expect(said(page, "this is alice5")).toHaveCount(1);
  // Whoever looks at the icon alone is asked for one.
  expect(alice.complaints.filter((text) => !text.includes("404"))).toEqual([]);
});
