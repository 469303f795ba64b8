// Every file of the released page is the one that the page names, or the browser does not use it (SRI).
// The files are those of dist, as they are released, under their real headers; one of them is another each time.
import { type Server, createServer } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { type Page, expect, test as base } from "@playwright/test";
import { headers } from "../tools/headers";

const dist = new URL("../dist/", import.meta.url);
const media: Record<string, string> = { html: "text/html", js: "text/javascript", css: "text/css", wasm: "application/wasm", svg: "image/svg+xml", png: "image/png" };

/** A server of dist that adds a byte to one file, and says another page. */
const test = base.extend<{ serve: (changed: string | null, page?: string) => Promise<string> }>({
  serve: async ({}, use) => {
    const servers: Server[] = [];
    await use(async (changed, page) => {
      const server = createServer((asked, answer) => {
        const path = asked.url === "/" ? "/index.html" : (asked.url ?? "");
        try {
          const bytes = path === "/index.html" && page !== undefined ? Buffer.from(page) : readFileSync(new URL(`.${path}`, dist));
          answer.writeHead(200, { ...headers, "Content-Type": media[path.split(".").at(-1) ?? ""] ?? "application/json" });
          answer.end(path === changed ? Buffer.concat([bytes, Buffer.from(path.endsWith(".wasm") ? "\0\x01\0" : "\n")]) : bytes);
        } catch {
          answer.writeHead(404).end();
        }
      });
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    });
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  },
  // The service worker checks by itself: here it is the tags and the scripts that must.
  contextOptions: { serviceWorkers: "block" },
});

const html = readFileSync(new URL("index.html", dist), "utf8");
const assets = readdirSync(new URL("assets/", dist)).filter((name) => !name.endsWith(".br"));
const one = (pattern: RegExp): string => {
  const found = assets.filter((name) => pattern.test(name));
  expect(found, String(pattern)).toHaveLength(1);
  return `/assets/${found[0]}`;
};
/** The name field: the page runs, with its core. */
const begun = (page: Page): ReturnType<Page["getByLabel"]> => page.getByLabel(/^(Your name here|Dein Name hier)/);
const notWhole = (page: Page): ReturnType<Page["getByText"]> => page.getByText("is not the one that the page names").first();

test("as it was built, it starts", async ({ page, serve }) => {
  await page.goto(await serve(null));
  await expect(begun(page)).toBeVisible();
});

test("every file that can run has a hash in the page", () => {
  for (const name of assets) expect(html, name).toMatch(new RegExp(`/assets/${name.replaceAll(".", "\\.")}"? (integrity=")?sha384-`));
});

test("another script: nothing runs, and a sentence says so", async ({ page, serve }) => {
  const script = /src="(\/assets\/[^"]*\.js)"/.exec(html)?.[1] ?? "";
  await page.goto(await serve(script));
  await expect(page.getByText("refused one because it is not the one that this page names")).toBeVisible();
  await expect(begun(page)).toHaveCount(0);
});

test("another style sheet: it is not used", async ({ page, serve }) => {
  await page.goto(await serve(one(/\.css$/)));
  await expect(begun(page)).toBeVisible();
  expect(await page.evaluate(() => [...document.styleSheets].filter((sheet) => sheet.href !== null).length)).toBe(0);
});

test("another Worker: the core is not started", async ({ page, serve }) => {
  await page.goto(await serve(/(\/assets\/[^ "]*\.js) sha384-/.exec(html)?.[1] ?? ""));
  await expect(notWhole(page)).toBeVisible();
  await expect(begun(page)).toHaveCount(0);
});

test("another module: the core is not started", async ({ page, serve }) => {
  await page.goto(await serve(one(/\.wasm$/)));
  await expect(notWhole(page)).toBeVisible();
  await expect(begun(page)).toHaveCount(0);
});

test("a page that names no hash of the Worker, or of the module: the core is not started", async ({ page, serve }) => {
  for (const unnamed of [/(\/assets\/[^ "]*\.js) sha384-[^ "]*/, /(\/assets\/[^ "]*\.wasm) sha384-[^ "]*/]) {
    expect(html).toMatch(unnamed);
    await page.goto(await serve(null, html.replace(unnamed, "/elsewhere.js sha384-none")));
    await expect(notWhole(page)).toBeVisible();
    await expect(begun(page)).toHaveCount(0);
  }
});

test.describe("in another language", () => {
  test.use({ locale: "de-DE" });
  test("another file of words: English it is", async ({ page, serve }) => {
    await page.goto(await serve(one(/^de-.*\.js$/)));
    await expect(page.getByLabel("Your name here")).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("en");
  });
});

test.describe("with its service worker", () => {
  test.use({ contextOptions: { serviceWorkers: "allow" } });
  test("the browser finds nothing that keeps it from being installed", async ({ page, serve, context }) => {
    await page.goto(await serve(null));
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    const session = await context.newCDPSession(page);
    const { errors } = await session.send("Page.getAppManifest");
    expect(errors).toEqual([]);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // A context of a test is a private window, in which nothing is installed.
    expect(installabilityErrors.map((error) => error.errorId).filter((id) => id !== "in-incognito")).toEqual([]);
  });
});
