// Everything that can be pressed is large enough: for a finger (44 × 44 CSS pixels), for a mouse (24 × 24, WCAG 2.2, 2.5.8).
import type { Page } from "@playwright/test";
import { expect, test } from "./page.ts";
import { show, views } from "./views.ts";

/** What can be pressed here and is smaller: an address within a sentence may be (2.5.8, "inline"); a radio or check box is as large as its label. */
const small = (page: Page, least: number): Promise<string[]> =>
  page.evaluate((least) => {
    const pressed = "button, a[href], input, select, textarea, summary, [role=button], [role=menuitem], [role=switch]";
    const found = [...document.querySelectorAll<HTMLElement>(pressed)].filter((element) => {
      const style = getComputedStyle(element);
      if (style.visibility === "hidden" || style.opacity === "0" || element.closest(".skip, .unseen") || element.matches("[data-message] p a")) return false;
      const own = element.getBoundingClientRect();
      const label = element.matches("[type=radio], [type=checkbox]") ? (element as HTMLInputElement).labels?.[0]?.getBoundingClientRect() : undefined;
      const [width, height] = [Math.max(own.width, label?.width ?? 0), Math.max(own.height, label?.height ?? 0)];
      // Half a pixel for what the browser rounds.
      return own.width > 0 && (width < least - 0.5 || height < least - 0.5);
    });
    return found.map((element) => {
      const { width, height } = element.getBoundingClientRect();
      return `${element.tagName.toLowerCase()}.${element.className.replace(/ ?svelte-\w+/, "")} “${(element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 24)}” ${Math.round(width)}×${Math.round(height)}`;
    });
  }, least);

for (const [pointer, least] of [["finger", 44], ["mouse", 24]] as const) {
  for (let part = 0; part < 2; part++) {
    test(`everything can be pressed with a ${pointer}: ${least} pixels at least, part ${part + 1}`, async ({ browser }) => {
      test.setTimeout(120_000);
      const touch = pointer === "finger" ? { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } } : { viewport: { width: 1280, height: 800 } };
      const context = await browser.newContext({ ...touch, locale: "en-GB", reducedMotion: "reduce" });
      const page = await context.newPage();
      for (const view of views.filter((_, at) => at % 2 === part)) {
        await show(page, view);
        expect(await page.evaluate(() => matchMedia("(pointer: coarse)").matches)).toBe(pointer === "finger");
        expect.soft(await small(page, least), view.name).toEqual([]);
      }
      await context.close();
    });
  }
}
