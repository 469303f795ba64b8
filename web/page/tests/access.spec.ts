import { AxeBuilder } from "@axe-core/playwright";
import { expect, messages, open, test, write } from "./page.ts";
import { chat, show, views } from "./views.ts";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What reaches over the edge of the page, but for what is cut on purpose. */
const wide = (): { scrolls: boolean; out: string[] } => {
  const out = [...document.querySelectorAll<HTMLElement>("body *")].filter((element) => {
    const { right, left, width } = element.getBoundingClientRect();
    return width > 1 && (right > innerWidth + 1 || left < -1) && !element.closest("svg, .cut, .unseen, .said, .names, .skip");
  });
  return { scrolls: document.documentElement.scrollWidth > innerWidth, out: out.map((element) => `${element.tagName}.${element.className}`) };
};

// The light theme on a wide screen, the dark one at 320 px: axe looks at every view in both, in bundles, so that a
// browser is not started for each.
for (const [theme, width] of [["light", 1280], ["dark", 320]] as const) {
  for (let part = 0; part < 3; part++) {
    test(`axe finds nothing in any view and nothing scrolls sideways, ${theme}, ${width} px, part ${part + 1}`, async ({ browser }) => {
      test.setTimeout(120_000);
      const context = await browser.newContext({ colorScheme: theme, reducedMotion: "reduce", locale: "en-GB", viewport: { width, height: 720 } });
      const page = await context.newPage();
      for (const view of views.filter((_, at) => at % 3 === part)) {
        await show(page, view);
        const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
        expect.soft({ found, ...(await page.evaluate(wide)) }, view.name).toEqual({ found: [], scrolls: false, out: [] });
      }
      await context.close();
    });
  }
}

test("a person with a keyboard alone opens a chat, answers, edits, reacts, goes back", async ({ page }) => {
  await open(page);
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("bruno");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(write(page)).toBeFocused();
  await page.keyboard.type("one line");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("and another");
  await page.keyboard.press("Enter");
  const said = messages(page).last();
  await expect(said).toContainText("one line\nand another");
  // What has not left yet cannot be changed.
  await expect(said.locator(".receipt")).toHaveText("read");
  await page.keyboard.press("ArrowUp");
  await expect(page.getByText("Changing your message")).toBeVisible();
  await expect(write(page)).toHaveValue("one line\nand another");
  await page.keyboard.press("Escape");
  await expect(page.getByText("Changing your message")).toBeHidden();
  await page.keyboard.press("Alt+m");
  await expect(said).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(messages(page).nth(-2)).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toBeHidden();
  await expect(said).toBeFocused();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "React ❤️" }).focus();
  await page.keyboard.press("Enter");
  await expect(said.getByRole("button", { name: /❤️: you/ })).toBeVisible();
  await page.keyboard.press("Alt+ArrowDown");
  await expect(page).not.toHaveURL(new RegExp(chat("bruno").slice(1)));
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/#\/$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("the focus is always to be seen", async ({ page }) => {
  await open(page, chat("bruno"));
  for (let step = 0; step < 25; step++) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement;
      const around = at.closest<HTMLElement>(".line, .box") ?? at;
      const has = (element: HTMLElement): boolean => getComputedStyle(element).outlineStyle !== "none" && parseFloat(getComputedStyle(element).outlineWidth) >= 2;
      return at === document.body || has(at) || has(around) ? "" : `${at.tagName} ${at.className}`;
    });
    expect(seen).toBe("");
  }
});

test("what comes in the open chat is said to a screen reader", async ({ page }) => {
  await open(page, chat("bruno"));
  await page.evaluate(() => window.play.receive("bruno", "Are you there?"));
  await expect(page.locator("[role=log]")).toHaveText("bruno: Are you there?");
});

test("in Arabic the page runs from right to left, names and texts keep their own way", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("waxseal.preferences", JSON.stringify({ language: "ar" })));
  await open(page, chat("bruno"));
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  const [side, main] = [await page.getByRole("navigation").boundingBox(), await page.getByRole("main").boundingBox()];
  expect(side?.x).toBeGreaterThan(main?.x ?? Infinity);
  const own = await page.locator(".message.own .bubble").first().boundingBox();
  expect((own?.x ?? 0) - (main?.x ?? 0)).toBeLessThan(400);
});
