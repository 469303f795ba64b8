// Pictures of every view in `.screens`, to be looked at: both themes, three widths; some in the other languages.
// VIEWS=chat,group takes only those.
import { test } from "@playwright/test";
import { show, views } from "./views.ts";

const only = process.env["VIEWS"]?.split(",");

for (const theme of ["light", "dark"] as const) {
  for (const [width, height] of [[360, 740], [768, 1024], [1440, 900]] as const) {
    test(`pictures, ${theme}, ${width}`, async ({ browser, baseURL }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce", locale: "en-GB", ...(baseURL ? { baseURL } : {}) });
      for (const view of views.filter((one) => only?.includes(one.name) ?? true)) {
        const page = await context.newPage();
        await show(page, view);
        await page.waitForTimeout(150);
        await page.screenshot({ path: `.screens/${theme}-${width}-${view.name}.png` });
        await page.close();
      }
      await context.close();
    });
  }
}

for (const language of ["de", "ar"] as const) {
  test(`pictures, ${language}`, async ({ browser, baseURL }) => {
    const context = await browser.newContext({ reducedMotion: "reduce", locale: "en-GB", ...(baseURL ? { baseURL } : {}) });
    await context.addInitScript((it) => localStorage.setItem("waxseal.preferences", JSON.stringify({ language: it })), language);
    for (const [width, height] of [[360, 740], [1280, 800]] as const) {
      for (const view of views.filter((one) => one.steps === undefined && (only?.includes(one.name) ?? true))) {
        const page = await context.newPage();
        await page.setViewportSize({ width, height });
        await show(page, view);
        await page.waitForTimeout(150);
        await page.screenshot({ path: `.screens/${language}-${width}-${view.name}.png` });
        await page.close();
      }
    }
    await context.close();
  });
}
