// What the page costs in a real Chromium. Started by `waxseal-bench browser`, which plays the other side: one line in is
// a wish, one line out its figures (JSON; times in milliseconds).
//
//   load N          N browsers of empty folders: bytes on the wire, until a name can be typed
//   register NAME   one browser that stays: its core without views, which is asked as a tab asks it
//   meet NAME N     a chat with that person, and N - 1 groups
//   heard N         waits until so many messages came in all
//   say N           N messages one after the other, each durable and sealed before the next
//   away · back     the core stops · starts again
//   unlock N        N times: a passphrase, what it costs to unlock
//   open N          N times: browser, page, list of chats, a conversation; then memory
import { readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";

const address = process.argv[2];
const home = await mkdtemp(join(tmpdir(), "waxseal-measure-"));
const mark = () => performance.now();
const middle = (all) => all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)];

function browser(folder, options = {}) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launchPersistentContext(join(home, folder), { executablePath, args: ["--no-sandbox"], locale: "en-GB", ...options });
}

/** What the server sends passes here and is counted, headers and all. */
function counted() {
  const { hostname, port } = new URL(address);
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    far.on("data", (more) => void (bytes += more.length));
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on("error", () => {});
  });
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => done({ address: `http://127.0.0.1:${server.address().port}`, bytes: () => bytes, stop: () => server.close() }));
  });
}

const named = (page) => page.getByLabel("Your name here");

async function load(rounds) {
  const all = [];
  for (let round = 0; round < rounds; round++) {
    const line = await counted();
    const began = mark();
    const context = await browser(`load-${round}`);
    const page = context.pages()[0];
    const asked = mark();
    await page.goto(line.address);
    await named(page).fill("a");
    const typed = mark();
    const first = line.bytes();
    // Then the service worker keeps the shell for times without a network.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    all.push({ bytes: first, bytesKept: line.bytes(), page: typed - asked, browser: typed - began });
    await context.close();
    line.stop();
  }
  return Object.fromEntries(Object.keys(all[0]).map((what) => [what, middle(all.map((one) => one[what]))]));
}

/** The core as a tab sees it. The page around it is empty; its policy would let nobody but the views start a Worker. */
class Core {
  async begin(folder) {
    this.context = await browser(folder, { bypassCSP: true });
    this.page = this.context.pages()[0];
    await this.page.goto(`${address}/sw.js`);
    const html = await (await fetch(address)).text();
    this.list = /<meta name="integrity" content="([^"]*)"/.exec(html)[1];
    this.script = this.list.split(" ").find((word) => word.endsWith(".js"));
    return this.wake();
  }

  /** Starts the Worker; how long until it says in which stage it is. */
  wake() {
    return this.page.evaluate(
      ([script, list]) => {
        const began = performance.now();
        const worker = new Worker(script, { type: "module", name: list });
        const core = { worker, next: 1, waiting: new Map(), events: [], heard: window.core?.heard ?? 0, chats: new Set() };
        window.core = core;
        core.ask = (ask) =>
          new Promise((done, failed) => {
            core.waiting.set(core.next, { done, failed });
            worker.postMessage({ id: core.next++, ask });
          });
        core.command = (command) => core.ask({ ask: "command", command });
        core.until = async (good) => {
          while (!good()) await new Promise((done) => (core.stirred = done));
        };
        return new Promise((started) => {
          worker.onmessage = ({ data }) => {
            if (data.notice?.notice === "stage") started(performance.now() - began);
            const told = data.notice?.notice === "event" ? [data.notice.event] : Array.isArray(data.ok) ? data.ok : [];
            for (const event of told) {
              if (event.event === "received") core.heard++;
              if (event.event === "chatOpened") core.chats.add(event.chat);
              core.events.push(event.event);
            }
            const waiting = core.waiting.get(data.id);
            core.waiting.delete(data.id);
            if (data.fault) waiting?.failed(new Error(data.fault.text));
            else waiting?.done(data.ok);
            core.stirred?.();
          };
        });
      },
      [this.script, this.list],
    );
  }

  async register(name) {
    await this.page.evaluate(async (name) => {
      const { core } = window;
      await core.ask({ ask: "create", passphrase: null });
      await core.command({ do: "register", name, invite: "", deviceName: "bench" });
      await core.until(() => core.events.includes("registered"));
    }, name);
  }

  async meet(name, chats) {
    await this.page.evaluate(
      async ([name, chats]) => {
        const { core } = window;
        await core.command({ do: "openDirect", name });
        await core.until(() => core.chats.size === 1);
        for (let n = 1; n < chats; n++) {
          await core.command({ do: "createGroup", title: `group ${n}`, members: [name] });
          await core.until(() => core.chats.size === n + 1);
        }
        for (const chat of core.chats) await core.command({ do: "send", chat, text: "hello", replyTo: null });
      },
      [name, chats],
    );
  }

  heard(count) {
    return this.page.evaluate(async (count) => {
      await window.core.until(() => window.core.heard >= count);
      return window.core.heard;
    }, count);
  }

  say(count) {
    return this.page.evaluate(async (count) => {
      const { core } = window;
      const [{ chat }] = await core.ask({ ask: "look", what: "chats", with: {} });
      const took = [];
      for (let n = 0; n < count; n++) {
        const began = performance.now();
        await core.command({ do: "send", chat, text: `${n} ${"x".repeat(140)}`, replyTo: null });
        took.push(performance.now() - began);
        // As a person would: not while the one before is on its way.
        await new Promise((done) => setTimeout(done, 20));
      }
      return took;
    }, count);
  }

  stop() {
    return this.page.evaluate(() => window.core.worker.terminate());
  }
}

/** Memory of the browser's processes of one kind, in MiB: shared pages by their share. */
function memory(kind) {
  let kib = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${id}/cmdline`, "utf8");
      if (!line.includes(`--type=${kind}`) || !isOurs(Number(id))) continue;
      kib += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // Gone meanwhile.
    }
  }
  return kib / 1024;
}

/** Whether this script started it, by whichever way. */
function isOurs(id) {
  for (let at = id; at > 1; ) {
    if (at === process.pid) return true;
    at = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${at}/stat`, "utf8"))?.[1] ?? 0);
  }
  return false;
}

/** What the files of a folder take on the disk, in MiB */
function sizeOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).blocks * 512, 0) / 1048576;
}

async function open(folder, rounds) {
  const all = [];
  for (let round = 0; round < rounds; round++) {
    const began = mark();
    const context = await browser(folder);
    const page = context.pages()[0];
    const asked = mark();
    await page.goto(address);
    const rows = page.locator("a[href^='#/chat/']");
    await rows.first().waitFor();
    const listed = mark();
    await rows.first().click();
    await page.locator("[data-message]").last().waitFor();
    const shown = mark();
    // What the page holds of script, lines and module, its Worker's too; as the browser counts it.
    const held = await page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes / 1048576);
    const renderers = memory("renderer");
    await context.close();
    // From the files: what the browser itself estimates leaves most of them out.
    all.push({ browser: listed - began, list: listed - asked, conversation: shown - listed, held, renderers, kept: sizeOf(join(home, folder, "Default", "File System")) });
  }
  return Object.fromEntries(Object.keys(all[0]).map((what) => [what, middle(all.map((one) => one[what]))]));
}

/** A profile under a passphrase, in a browser of its own. */
async function unlock(rounds) {
  const core = new Core();
  await core.begin("sealed");
  const took = await core.page.evaluate(async (rounds) => {
    const { core } = window;
    const passphrase = "seven combs of dark honey";
    await core.ask({ ask: "create", passphrase });
    const all = [];
    for (let n = 0; n < rounds; n++) {
      await core.ask({ ask: "lock" });
      const began = performance.now();
      await core.ask({ ask: "unlock", passphrase });
      all.push(performance.now() - began);
    }
    return all;
  }, rounds);
  await core.context.close();
  return { unlock: middle(took) };
}

const core = new Core();

const wishes = {
  load: ([rounds]) => load(Number(rounds)),
  unlock: ([rounds]) => unlock(Number(rounds)),
  register: async ([name]) => ({ wake: await core.begin("core"), ...(await core.register(name)) }),
  meet: async ([name, chats]) => core.meet(name, Number(chats)).then(() => ({})),
  heard: async ([count]) => ({ heard: await core.heard(Number(count)) }),
  say: async ([count]) => {
    const took = await core.say(Number(count));
    return { median: middle(took), longest: Math.max(...took) };
  },
  away: () => core.stop().then(() => ({})),
  back: async () => ({ wake: await core.wake() }),
  open: async ([rounds]) => {
    await core.context.close();
    return open("core", Number(rounds));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [wish, ...words] = line.split(" ");
  try {
    console.log(JSON.stringify({ ok: await wishes[wish](words) }));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error) }));
    break;
  }
}
await core.context?.close();
rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
process.exit(0);
