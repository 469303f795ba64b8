// What every test begins with: the page over the stand-in, and no complaint of the browser's about the policy.
import { type Page, expect, test as base } from "@playwright/test";

/** `SLOW=8 npm test`: in a browser that is so many times slower, what a test does not wait for shows. */
const slow = Number(process.env["SLOW"] ?? 1);
async function slowDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slow });
}

export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      if (slow > 1) {
        page.context().on("page", (other) => void slowDown(other));
        await slowDown(page);
      }
      await use(complaints);
      expect(complaints, "errors in the console").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export const open = async (page: Page, hash = "", scene = "full"): Promise<void> => {
  await page.goto(`/?scene=${scene}${hash}`);
  await page.locator("main").waitFor({ state: "attached" });
};

export const write = (page: Page): ReturnType<Page["getByRole"]> => page.getByRole("textbox", { name: /^Write to/ });
export const messages = (page: Page): ReturnType<Page["locator"]> => page.locator("[data-message]");
