import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
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

test("what comes is said to a screen reader, each message once, also when many come together", async ({ page }) => {
  await open(page, chat("bruno"));
  const log = page.locator("[role=log]");
  // What a screen reader would say: each line that is added.
  await log.evaluate((element) => {
    const said: string[] = [];
    Object.assign(window, { said });
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) said.push(node.textContent ?? "");
    }).observe(element, { childList: true, subtree: true, characterData: true });
  });
  await page.evaluate(() => {
    for (const text of ["Are you there?", "Hello?", "Hello?"]) window.play.receive("bruno", text);
    window.play.receive("maya", "for another chat");
  });
  const said = (): Promise<string[]> => page.evaluate(() => (window as unknown as { said: string[] }).said.filter((text) => text !== ""));
  await expect.poll(said).toHaveLength(4);
  expect(await said()).toEqual(["bruno: Are you there?", "bruno: Hello?", "bruno: Hello?", "maya: New message"]);
});

test("what comes takes the keyboard from nobody", async ({ page }) => {
  await open(page, chat("bruno"));
  await expect(write(page)).toBeFocused();
  await page.keyboard.press("Alt+m");
  const last = messages(page).last();
  await expect(last).toBeFocused();
  await page.evaluate(() => window.play.receive("bruno", "Are you there?"));
  await expect(page.locator("a[data-row]", { hasText: "Are you there?" })).toBeVisible();
  await expect(messages(page).last()).toContainText("Are you there?");
  await expect(messages(page).nth(-2)).toBeFocused();
});

/** What has the keyboard, in words. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const at = document.activeElement;
    return !at || at === document.body ? "nothing" : (at.getAttribute("aria-label") ?? at.textContent ?? "").trim().slice(0, 40);
  });

for (const [width, name] of [[1280, "wide"], [390, "narrow"]] as const) {
  test(`the keyboard is never lost: what is closed gives it back to where it was opened, ${name}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 780 });
    await open(page);
    for (const [opener, title] of [["New chat", "New chat"], ["Settings", "Settings"]] as const) {
      await page.getByRole("link", { name: opener, exact: true }).first().focus();
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { name: title, exact: true })).toBeVisible();
      expect.soft(await focused(page), `in ${title}`).not.toBe("nothing");
      await page.keyboard.press("Escape");
      await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
      // The heading stands beside what was closed, too: the keyboard is waited for.
      await expect.poll(() => focused(page), `after ${title}`).toBe(opener);
    }
    const row = page.getByRole("link", { name: /^B bruno|^bruno/ }).first();
    await row.focus();
    await page.keyboard.press("Enter");
    await expect(write(page)).toBeVisible();
    expect.soft(await focused(page)).not.toBe("nothing");
    await page.getByRole("button", { name: "About this chat" }).focus();
    await page.keyboard.press("Enter");
    await expect(page.getByText("Safety number with bruno")).toBeVisible();
    expect.soft(await focused(page), "in the details").not.toBe("nothing");
    await page.keyboard.press("Escape");
    await expect(page.getByText("Safety number with bruno")).toBeHidden();
    expect.soft(await focused(page), "after the details").not.toBe("nothing");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
    await expect.poll(() => focused(page), "after the chat").toContain("bruno");
    // Arrows go through the list, from where one came.
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => focused(page)).toContain("maya");
  });
}

test("a question takes the keyboard, Escape says no, and the button that asked has it again", async ({ page }) => {
  await open(page, "#/settings/data");
  await page.getByRole("button", { name: "Delete account" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByRole("textbox")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("button", { name: "Delete account" })).toBeFocused();
  await expect(page).toHaveURL(/#\/settings\/data$/);
});

test("who wants no motion sees none", async ({ browser }) => {
  const context = await browser.newContext({ reducedMotion: "reduce", locale: "en-GB" });
  const page = await context.newPage();
  await open(page, chat("bruno"));
  await page.getByText("Looks good, take it.").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Delete for everybody" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  const moving = await page.evaluate(() => {
    const longest = (times: string): number => Math.max(...times.split(",").map((time) => parseFloat(time) * (time.trim().endsWith("ms") ? 1 : 1_000)));
    const moves = (style: CSSStyleDeclaration): boolean => (style.animationName !== "none" && longest(style.animationDuration) > 1) || longest(style.transitionDuration) > 1;
    return [...document.querySelectorAll("*")].filter((element) => ["", "::before", "::after"].some((part) => moves(getComputedStyle(element, part)))).map((element) => `${element.tagName}.${element.className}`);
  });
  expect(moving).toEqual([]);
  await context.close();
});

test("in Arabic the page runs from right to left, names and texts keep their own way", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("waxseal.preferences", JSON.stringify({ language: "ar" })));
  await open(page, chat("bruno"));
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  const [side, main] = [await page.getByRole("navigation").boundingBox(), await page.getByRole("main").boundingBox()];
  expect(side?.x).toBeGreaterThan(main?.x ?? Infinity);
  // A text of several lines begins where its letters do.
  await page.evaluate(() => window.play.receive("bruno", "first line\nand a second, much longer line than the first"));
  const said = page.locator(".bubble").last();
  await expect(said).toContainText("first line");
  expect(await said.evaluate((bubble) => {
    const texts = document.createTreeWalker(bubble, NodeFilter.SHOW_TEXT);
    while (texts.nextNode() && !texts.currentNode.textContent?.includes("first line"));
    const range = document.createRange();
    range.setStart(texts.currentNode, 0);
    range.setEnd(texts.currentNode, 5);
    return range.getBoundingClientRect().left - bubble.getBoundingClientRect().left;
  })).toBeLessThan(20);
  const own = await page.locator(".message.own .bubble").first().boundingBox();
  expect((own?.x ?? 0) - (main?.x ?? 0)).toBeLessThan(400);
});
