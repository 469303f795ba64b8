// A server that lies below the contract: the page does not fall over, says where it stands, loses and doubles nothing.
import { type Page } from "@playwright/test";
import { type Browser, isSent, register, said, say, shown } from "./browser";
import { Hostile, frame, pings, text } from "./hostile";
import { expect, test, world } from "./real";

const here = world();
const between = new Hostile();
let alice: Browser;
let page: Page;
/** All that was said, as it must stand there in the end. */
const all: string[] = [];

const mebibyte = 1 << 20;
const device = "/device";
const anonymous = "/anonymous";

/** Bytes that nobody chose, the same in each run. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Both sides say something, and everything that was ever said stands there once, in its order. */
async function goesOn(what: string): Promise<void> {
  await here.terminal("bob", "send", "alice", `bob, after ${what}`);
  all.push(`bob, after ${what}`);
  // Each lie made the page more patient; it hears that there is a network, and does not wait.
  await page.evaluate(() => void window.dispatchEvent(new Event("online")));
  await expect(said(page, `bob, after ${what}`)).toHaveCount(1, { timeout: 45_000 });
  await say(page, `alice, after ${what}`);
  all.push(`alice, after ${what}`);
  await expect(page.locator(".receipt.pending")).toHaveCount(0, { timeout: 45_000 });
  await isSent(page, `alice, after ${what}`);
  const now = await shown(page);
  expect(now.length).toBeGreaterThan(Math.min(all.length, 12) - 1);
  expect(now).toEqual(all.slice(-now.length));
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
}

test.beforeAll(async () => {
  await between.start(here.address);
  alice = await here.browser("alice", between.address);
  page = alice.page;
  await register(page, "alice");
  await here.meet(page);
  all.push("hello from bob");
});

test.afterAll(() => between.stop());

const lies: Record<string, () => Buffer[]> = {
  "random bytes": () => [1, 7, 64, 1_000, 70_000].map((length, seed) => frame(noise(length, seed + 1))),
  "an empty frame": () => [frame(Buffer.alloc(0))],
  "text frames": () => [text("hello"), text('{"push":1}'), text("")],
  "a frame larger than the limit": () => [frame(Buffer.alloc(5 * mebibyte, 7))],
  "a frame whose parts never end": () => [frame(noise(100, 3), 0x2, false), ...Array.from({ length: 50 }, () => frame(noise(100, 4), 0x0, false))],
  "what is no WebSocket frame": () => [Buffer.from("HTTP/1.1 500 Internal Server Error\r\n\r\n"), noise(300, 9)],
  "endless pings": () => [pings(20_000)],
};

for (const [what, lie] of Object.entries(lies)) {
  test(`${what} at either door: the page stays whole and goes on`, async () => {
    for (const door of [device, anonymous]) {
      await expect.poll(() => between.inject(door, ...lie())).toBeGreaterThan(0);
    }
    await goesOn(what);
  });
}

test("what the server said, cut short, flipped, replayed and in another order, shows nothing false and nothing twice", async () => {
  for (const door of [device, anonymous]) {
    const told = between.told(door).slice(-6);
    expect(told.length).toBeGreaterThan(0);
    for (const one of told) {
      between.inject(door, one, one);
      const body = one.subarray(one.length < 128 ? 2 : 4);
      const flipped = Buffer.from(body);
      flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 0x40;
      between.inject(door, frame(body.subarray(0, body.length >> 1)), frame(flipped));
    }
    between.inject(door, ...told.toReversed());
  }
  // What is said at one door comes by the other: answers to requests that nobody asked there.
  const crossed = between.told(device).slice(-4);
  between.inject(anonymous, ...crossed);
  await goesOn("echoes");
});

/** Six sentences of Bob's while what the server tells the device is twisted. */
async function twisted(word: string, twist: (frames: Buffer[]) => Buffer[]): Promise<string[]> {
  const texts = Array.from({ length: 6 }, (_, n) => `${word} ${n}`);
  between.twist = (frames, path) => (path.endsWith(device) ? twist(frames) : frames);
  for (const one of texts) await here.terminal("bob", "send", "alice", one);
  return texts;
}

test("deliveries that come twice are shown once", async () => {
  all.push(...(await twisted("twice", (frames) => frames.flatMap((one) => [one, one]))));
  await expect(said(page, "twice 5")).toHaveCount(1);
  between.twist = null;
  await goesOn("what came twice");
});

test("deliveries in another order are never shown in another order, and what is missing is marked", async () => {
  const held: Buffer[] = [];
  const texts = await twisted("turned", (frames) => {
    // Three by three, the last first: to the core, what it acked is done with.
    held.push(...frames);
    return held.length < 3 ? [] : held.splice(0).reverse();
  });
  await page.waitForTimeout(1_000);
  between.twist = null;
  await here.terminal("bob", "send", "alice", "in order again");
  await expect(said(page, "in order again")).toHaveCount(1, { timeout: 45_000 });
  const now = (await shown(page)).filter((one) => texts.includes(one));
  expect(now).toEqual(texts.filter((one) => now.includes(one)));
  if (now.length < texts.length) await expect(page.getByText("Messages are missing here").first()).toBeVisible();
  all.push(...now, "in order again");
  await goesOn("the turn");
  alice.fine({ wasAway: true });
});

test("a server that is silent at one door is noticed, and left", async () => {
  between.twist = () => [];
  await say(page, "said into silence");
  all.push("said into silence");
  await expect(page.locator("[data-banner=connection]")).toBeVisible({ timeout: 60_000 });
  between.twist = null;
  await page.locator("[data-banner=connection]").getByRole("button", { name: "Try now" }).click();
  // Whether the server had it before it fell silent is open: what Bob says comes after it for certain only now.
  await isSent(page, "said into silence");
  await goesOn("silence");
});
