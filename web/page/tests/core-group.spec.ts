// A group of five, across browsers and terminals, through all that may happen to it.
import { type Page } from "@playwright/test";
import { type Browser, choose, register, say, shown } from "./browser";
import type { Listener } from "./listener";
import { expect, test, world } from "./real";

const here = world();
let group = "#Bees";

/** What was said in the group, as a terminal has it: own words too, in the order of the conversation. */
async function history(who: Listener): Promise<string[]> {
  const from = who.told.length;
  await who.does({ history: { chat: group, limit: 100 } });
  // What comes by itself meanwhile is told as well, maybe a second time: the story asks again then.
  return who.told.slice(from).filter((told) => told.event === "message" && told.kind === "text").map((told) => told.text ?? "");
}

async function act(page: Page, member: string, item: string): Promise<void> {
  await page.getByRole("button", { name: `What can be done about ${member}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await page.getByRole("dialog").getByRole("button").last().click();
}

const isPage = (who: Browser | Listener): who is Browser => "page" in who;
const says = (who: Browser | Listener, text: string): Promise<void> => (isPage(who) ? say(who.page, text) : who.does({ send: { to: group, text } }));
const has = (who: Browser | Listener): Promise<string[]> => (isPage(who) ? shown(who.page) : history(who));

/** All of them have these texts, each once, and in the same order. */
async function agree(people: (Browser | Listener)[], texts: string[]): Promise<void> {
  for (const who of people) await expect.poll(async () => (await has(who)).toSorted()).toEqual(texts.toSorted());
  const orders = await Promise.all(people.map(has));
  for (const order of orders) expect(order).toEqual(orders[0]);
}

test("five people, two browsers and three terminals: everybody has everything once, in one order", async () => {
  const [alice, bruno] = await Promise.all([here.browser("alice"), here.browser("bruno")]);
  const names = ["carla", "dora", "emil", "zoe"];
  await Promise.all([register(alice.page, "alice"), register(bruno.page, "bruno"), ...names.map((name) => here.terminal(name, "register", name))]);
  const [carla, dora, emil, zoe] = names.map((name) => here.listener(name)) as [Listener, Listener, Listener, Listener];

  await alice.page.getByRole("link", { name: "New chat" }).first().click();
  await alice.page.getByRole("link", { name: "New group" }).click();
  await alice.page.getByLabel("Title").fill("Bees");
  await alice.page.getByLabel("Members").fill("bruno carla dora emil");
  await alice.page.getByRole("button", { name: "Create group" }).click();
  await expect(alice.page.getByRole("heading", { name: "Bees" })).toBeVisible();
  await choose(bruno.page, "Bees");
  await bruno.page.getByRole("button", { name: "Accept" }).click();
  for (const one of [carla, dora, emil]) {
    await one.until((told) => told.event === "request");
    await one.does({ accept: { chat: group } });
  }

  const five = { alice, bruno, carla, dora, emil };
  const all = Object.entries(five).flatMap(([name]) => [`${name} says one`, `${name} says two`]);
  await Promise.all(Object.entries(five).map(async ([name, who]) => {
    await says(who, `${name} says one`);
    await says(who, `${name} says two`);
  }));
  await agree(Object.values(five), all);

  // Roles and members, from pages: Bruno is made an admin, gives the group another title, and takes Dora out.
  await alice.page.getByRole("button", { name: "About this chat" }).click();
  await act(alice.page, "bruno", "Make an admin");
  await bruno.page.getByRole("button", { name: "About this chat" }).click();
  await bruno.page.getByRole("button", { name: "Rename" }).click();
  await bruno.page.getByLabel("Title").fill("Bees and wasps");
  await bruno.page.getByRole("button", { name: "Save" }).click();
  await expect(alice.page.getByRole("heading", { name: "Bees and wasps" }).first()).toBeVisible();
  group = "#Bees and wasps";
  await act(bruno.page, "dora", "Remove from the group");
  await dora.until((told) => told.event === "chat" && told.state === "left");

  // Carla goes by herself; Emil, an admin now, brings Zoe from his terminal.
  await act(alice.page, "emil", "Make an admin");
  await carla.does({ leave: { group } });
  await carla.until((told) => told.event === "chat" && told.state === "left");
  await expect(async () => emil.does({ add: { group, members: ["zoe"] } })).toPass();
  await zoe.until((told) => told.event === "request");
  await zoe.does({ accept: { chat: group } });
  await expect(alice.page.getByText("4 members").first()).toBeVisible();

  const four = { alice, bruno, emil, zoe };
  const later = Object.keys(four).map((name) => `${name} says three`);
  await Promise.all(Object.entries(four).map(([name, who]) => says(who, `${name} says three`)));
  await agree([alice, bruno, emil], [...all, ...later]);
  // Who came later has what was said since, who went has what was said before.
  await agree([zoe], later);
  await agree([dora, carla], all);
  for (const one of [alice, bruno]) one.fine();
});
