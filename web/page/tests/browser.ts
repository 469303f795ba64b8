// A person's browser over the real core, and what people do in it.
//
// Notes every complaint of the browser's, and every request to somebody else: `fine()` says that there was none.
import { type BrowserContext, type Locator, type Page, chromium, expect as soon } from "@playwright/test";

const expect = soon.configure({ timeout: 20_000 });
export const passphrase = "seven combs of dark honey";

/** A server that is away is told by the browser, too. */
const away = /WebSocket connection to .* failed|net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INTERNET_DISCONNECTED|FAILED)/;

export class Browser {
  readonly complaints: string[] = [];
  readonly foreign: string[] = [];

  private constructor(readonly context: BrowserContext, private readonly address: string) {}

  static async open(folder: string, address: string): Promise<Browser> {
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
      viewport: { width: 1280, height: 800 },
      locale: "en-GB",
    });
    const browser = new Browser(context, address);
    context.on("page", (page) => browser.watch(page));
    context.pages().forEach((page) => browser.watch(page));
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== address && !["about:", "blob:", "data:", "chrome:"].includes(url.protocol)) browser.foreign.push(request.url());
    });
    await browser.page.goto(address);
    return browser;
  }

  /** The tab that is there, or another one. */
  get page(): Page {
    const page = this.context.pages()[0];
    if (!page) throw new Error("no tab is open");
    return page;
  }

  async tab(hash = ""): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${this.address}/${hash}`);
    return page;
  }

  private watch(page: Page): void {
    page.on("console", (message) => void (message.type() === "error" && this.complaints.push(message.text())));
    page.on("pageerror", (error) => void this.complaints.push(error.message));
  }

  /** Nothing was complained of, nobody else was asked. */
  fine({ wasAway = false } = {}): void {
    expect(this.complaints.filter((text) => !(wasAway && away.test(text)))).toEqual([]);
    expect(this.foreign).toEqual([]);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

export async function register(page: Page, name: string, secret = ""): Promise<void> {
  await page.getByLabel("Your name here").fill(name);
  if (secret === "") await page.getByLabel("Without a passphrase").check();
  else {
    await page.getByLabel("Passphrase for this browser").fill(secret);
    await page.getByLabel("The passphrase again").fill(secret);
  }
  await page.getByRole("button", { name: "Create account" }).click();
  await isOpen(page);
}

export const isOpen = (page: Page): Promise<void> => expect(page.getByRole("heading", { name: "Chats" })).toBeVisible({ timeout: 30_000 });

export async function unlock(page: Page, secret = passphrase): Promise<void> {
  await page.getByLabel("Passphrase", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Unlock" }).click();
}

/** Chooses a chat in the list. */
export const choose = (page: Page, title: string): Promise<void> => page.locator("a[data-row]", { has: page.getByText(title, { exact: true }) }).first().click();

/** Writes to somebody for the first time. */
export async function begin(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name: "New chat" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Start chat" }).click();
  await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: /^Write to/ }).fill(text);
  await page.keyboard.press("Enter");
}

export const said = (page: Page, text: string): Locator => page.locator("[data-message]", { hasText: text });
export const receipt = (page: Page, text: string): Locator => said(page, text).locator(".receipt");

/** The server has it. */
export const isSent = (page: Page, text: string): Promise<void> => expect(receipt(page, text)).toHaveText(/sent|delivered|read/);

/** The words of the messages that are in the page, in their order. */
export const shown = (page: Page): Promise<string[]> => page.locator("[data-message] .bubble > p[dir=auto]").allTextContents();

/** The tab's process dies, as it does out of memory. */
export async function crash(page: Page): Promise<void> {
  const inside = await page.context().newCDPSession(page);
  const gone = new Promise((done) => page.once("crash", done));
  void inside.send("Page.crash").catch(() => {});
  await gone;
  await page.close();
}
