// What every test begins with: the page over the stand-in, and no complaint of the browser's about the policy.
import { type Page, expect, test as base } from "@playwright/test";

export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
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
