// Where the view of a conversation stands: at its end it stays there, whatever comes or grows; further up nothing moves.
import type { Page } from "@playwright/test";
import { expect, messages, open, test, write } from "./page.ts";
import { chat } from "./views.ts";

/** How far the view is from the end of the conversation, once nothing moves any more. */
async function fromFoot(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const box = document.querySelector("[data-messages]") as HTMLElement;
    const now = (): number => box.scrollHeight - box.scrollTop - box.clientHeight;
    let [before, still] = [NaN, 0];
    for (let frame = 0; frame < 240 && still < 12; frame++) {
      await new Promise(requestAnimationFrame);
      still = now() === before ? still + 1 : 0;
      before = now();
    }
    return Math.round(before);
  });
}

/** The uppermost row in view, and where it stands. */
const place = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    await new Promise((done) => setTimeout(done, 250));
    const box = document.querySelector("[data-messages]") as HTMLElement;
    const top = box.getBoundingClientRect().top;
    const first = [...document.querySelectorAll<HTMLElement>("[data-message]")].find((row) => row.getBoundingClientRect().bottom > top + 1);
    return first ? `${first.dataset["message"]} ${Math.round(first.getBoundingClientRect().top - top)}` : "nothing";
  });

const line = "Honey keeps for thousands of years when the comb is sealed. ".repeat(340);

test("at the end, what comes and what one says is brought into view, however long it is", async ({ page }) => {
  await open(page, chat("bruno"));
  await expect(messages(page).last()).toContainText("Thursday");
  expect(await fromFoot(page)).toBeLessThan(2);
  for (let turn = 0; turn < 4; turn++) {
    await page.evaluate(([text, turn]) => window.play.receive("bruno", `${text} ${turn}`), [line, turn] as const);
    await expect(messages(page).last()).toContainText(`years when the comb`);
    expect.soft(await fromFoot(page), `after the long one ${turn}`).toBeLessThan(2);
    await page.evaluate((turn) => window.play.receive("bruno", `short ${turn}`), turn);
    await expect(messages(page).last()).toContainText(`short ${turn}`);
    expect.soft(await fromFoot(page), `after the short one ${turn}`).toBeLessThan(2);
  }
  await write(page).fill(line);
  await page.keyboard.press("Enter");
  await expect(messages(page).last().locator(".receipt")).toHaveText("read");
  expect(await fromFoot(page)).toBeLessThan(2);
  await write(page).fill("and an answer");
  await page.keyboard.press("Enter");
  await expect(messages(page).last()).toContainText("and an answer");
  expect(await fromFoot(page)).toBeLessThan(2);
});

test("many that come at once, a frame apart, leave the view at the end", async ({ page }) => {
  await open(page, chat("bruno"));
  await expect(messages(page).last()).toContainText("Thursday");
  await page.evaluate(async (text) => {
    for (let n = 1; n <= 60; n++) {
      window.play.receive("bruno", n % 7 === 0 ? `${text} ${n}` : `${"🐝".repeat(n % 4)} number ${n}`);
      // Not in step with anything: between reading, drawing, measuring and the browser's word that it scrolled.
      await new Promise((done) => setTimeout(done, (n * 13) % 37));
    }
  }, line);
  await expect(messages(page).last()).toContainText("number 60");
  expect(await fromFoot(page)).toBeLessThan(2);
});

test("what grows late, after it was measured, leaves the view at the end", async ({ page }) => {
  await open(page, chat("bruno"));
  await expect(messages(page).last()).toContainText("Thursday");
  // As a font or a picture that comes late: in the very frame in which the browser tells of the last scroll.
  await page.evaluate(async () => {
    const box = document.querySelector("[data-messages]") as HTMLElement;
    for (let turn = 1; turn <= 6; turn++) {
      window.play.receive("bruno", `line ${turn}`);
      await new Promise((done) => box.addEventListener("scroll", done, { once: true, capture: true }));
      const bubble = [...document.querySelectorAll<HTMLElement>("[data-message] .bubble")].at(-1) as HTMLElement;
      bubble.style.paddingBlockEnd = `${60 + turn * 20}px`;
      await new Promise((done) => setTimeout(done, 80));
    }
  });
  expect(await fromFoot(page)).toBeLessThan(2);
});

test("a reaction to the last line, and large emoji, leave the view at the end", async ({ page }) => {
  await open(page, chat("bruno"));
  await page.evaluate(() => window.play.receive("bruno", "🐝🍯"));
  await expect(messages(page).last()).toContainText("🐝🍯");
  expect(await fromFoot(page)).toBeLessThan(2);
  await page.evaluate(() => {
    const last = [...window.play.messages.values()].at(-1);
    if (last) window.play.change(last.message, { reactions: ["👍", "❤️", "😂", "😮", "🙏"].map((emoji, at) => ({ account: `a${at}`, name: `person ${at}`, emoji })) });
  });
  await expect(messages(page).last().getByRole("button", { name: /❤️/ })).toBeVisible();
  expect(await fromFoot(page)).toBeLessThan(2);
});

test("a window that changes, and a field that grows, leave the view at the end", async ({ page }) => {
  await open(page, chat("tomas"), "long");
  await expect(messages(page).last()).toContainText("(10000)");
  for (const [width, height] of [[700, 500], [360, 740], [360, 380], [1280, 800], [900, 300], [1440, 900]] as const) {
    await page.setViewportSize({ width, height });
    expect.soft(await fromFoot(page), `${width} × ${height}`).toBeLessThan(2);
  }
  for (const lines of [3, 14, 1]) {
    await write(page).fill(Array.from({ length: lines }, (_, n) => `line ${n}`).join("\n"));
    expect.soft(await fromFoot(page), `${lines} lines`).toBeLessThan(2);
  }
  await page.getByRole("button", { name: "Emoji" }).click();
  expect(await fromFoot(page)).toBeLessThan(2);
});

test("an on-screen keyboard that covers the page lifts the field above itself, and the end stays in view", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await open(page, chat("bruno"));
  await expect(messages(page).last()).toContainText("Thursday");
  // As in browsers that shrink the visual viewport alone (Safari): the layout is not told.
  const keyboard = (height: number): Promise<void> => page.evaluate((height) => {
    const view = visualViewport as VisualViewport;
    Object.defineProperty(view, "height", { configurable: true, get: () => innerHeight - height });
    view.dispatchEvent(new Event("resize"));
  }, height);
  await keyboard(320);
  const field = await write(page).boundingBox();
  expect((field?.y ?? Infinity) + (field?.height ?? 0)).toBeLessThan(480);
  expect(await fromFoot(page)).toBeLessThan(2);
  const last = await messages(page).last().boundingBox();
  expect((last?.y ?? Infinity) + (last?.height ?? 0)).toBeLessThan(480);
  await keyboard(0);
  expect(await fromFoot(page)).toBeLessThan(2);
  expect((await write(page).boundingBox())?.y).toBeGreaterThan(600);
});

test("who reads further up is not moved by what comes, is told how much, and gets there", async ({ page }) => {
  await open(page, chat("tomas"), "long");
  await expect(messages(page).last()).toContainText("(10000)");
  await page.mouse.move(800, 400);
  await page.mouse.wheel(0, -900);
  const before = await place(page);
  for (let n = 1; n <= 3; n++) {
    await page.evaluate(([text, n]) => window.play.receive("tomas", `${text} ${n}`), [line, n] as const);
    expect(await place(page)).toBe(before);
    await expect(page.getByRole("button", { name: `${n} new message${n > 1 ? "s" : ""} below` })).toBeVisible();
  }
  // At the end, what came is read.
  await page.getByRole("button", { name: "3 new messages below" }).click();
  expect(await fromFoot(page)).toBeLessThan(2);
  await expect(page.getByRole("button", { name: /below|newest/ })).toBeHidden();
});

test("a wheel moves a long history by what it turns, and never back, however high its lines are", async ({ page }) => {
  test.setTimeout(90_000);
  await open(page, "", "long");
  // Heights that no guess gets right, and what is shown before all of it was measured.
  await page.evaluate(([line, at]) => {
    for (const view of [...window.play.messages.values()].filter(({ chat, message }) => at.endsWith(chat) && message % 9 === 0)) {
      window.play.messages.set(view.message, { ...view, line: { kind: "text", text: `${line.slice(0, (view.message % 5) * 700)} 🐝 ${"🍯\n".repeat(view.message % 7)} (${view.message})` } });
    }
    location.hash = at;
  }, [line, chat("tomas")] as const);
  await expect(messages(page).last()).toContainText("(10000)");
  await page.mouse.move(800, 400);
  await page.evaluate(() => {
    const box = document.querySelector("[data-messages]") as HTMLElement;
    const seen = new Map<string, number>();
    const steps: number[] = [];
    Object.assign(window, { steps });
    const look = (): void => {
      const top = box.getBoundingClientRect().top;
      const now = new Map<string, number>();
      for (const row of document.querySelectorAll<HTMLElement>("[data-message]")) {
        const at = row.getBoundingClientRect();
        if (at.bottom > top && at.top < top + box.clientHeight) now.set(row.dataset["message"] ?? "", at.top);
      }
      const moves = [...now].flatMap(([message, at]) => (seen.has(message) ? [at - (seen.get(message) ?? 0)] : []));
      // All that stays in view goes the same way.
      if (moves.length > 0) steps.push(...[Math.min(...moves), Math.max(...moves)]);
      seen.clear();
      for (const [message, at] of now) seen.set(message, at);
      requestAnimationFrame(afterwards);
    };
    // As it was painted: once the page has measured what it drew, too.
    const afterwards = (): void => void setTimeout(look);
    requestAnimationFrame(afterwards);
  });
  for (let turn = 0; turn < 60; turn++) {
    await page.mouse.wheel(0, -120);
    await page.waitForTimeout(turn % 5 === 0 ? 60 : 16);
  }
  await page.waitForTimeout(400);
  const steps = await page.evaluate(() => (window as unknown as { steps: number[] }).steps);
  // Up the history, rows come down: no frame in which they went up again, and together what the wheel turned.
  expect(Math.min(...steps)).toBeGreaterThan(-1.5);
  const sum = steps.filter((_, at) => at % 2 === 0).reduce((a, b) => a + b, 0);
  expect(Math.abs(sum - 7_200)).toBeLessThan(60);
});
