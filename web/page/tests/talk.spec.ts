import { expect, messages, open, test, write } from "./page.ts";
import { chat } from "./views.ts";

test("a new person registers and is explained what a name is", async ({ page }) => {
  await open(page, "", "first");
  await page.getByLabel("Without a passphrase").check();
  await page.getByLabel("Your name here").fill("Alice");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert")).toHaveText("A name is written in lower case.");
  await page.getByLabel("Your name here").fill("taken");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert")).toHaveText("This name is taken; choose another.");
  await page.getByLabel("Your name here").fill("alice");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await expect(page.getByText("No conversations yet").first()).toBeAttached();
});

test("a first start asks for one decision, and says what going without a passphrase means", async ({ page }) => {
  await open(page, "", "first");
  await expect(page.getByLabel("Lock it with a passphrase")).toBeChecked();
  await page.getByLabel("Your name here").fill("alice");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert")).toHaveText("Write a passphrase, or choose to go without.");
  await page.getByLabel("Passphrase for this browser").fill("dark honey");
  await page.getByLabel("The passphrase again").fill("dark money");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert")).toHaveText("The two passphrases are not the same.");
  const without = page.getByLabel("Without a passphrase");
  await expect(without).toHaveAccessibleDescription(/can read everything, and it cannot be locked/);
  await without.check();
  await expect(page.getByLabel("Passphrase for this browser")).toBeHidden();
  await page.getByLabel("Lock it with a passphrase").check();
  await page.getByLabel("The passphrase again").fill("dark honey");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
  await page.keyboard.press("Alt+l");
  await page.getByLabel("Passphrase", { exact: true }).fill("dark honey");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
});

test("an invitation is asked for where the server wants one, and only there", async ({ page }) => {
  await open(page, "", "invited");
  await expect(page.getByLabel("Invitation code", { exact: true })).toBeHidden();
  await page.getByLabel("Your name here").fill("alice");
  await page.getByLabel("Without a passphrase").check();
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert")).toContainText("This server asks for an invitation code.");
  await expect(page.getByLabel("Invitation code", { exact: true })).toBeFocused();
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("not valid");
  await page.getByLabel("Invitation code", { exact: true }).fill("seal-1234");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
});

test("a newcomer is told how others find them, and copies an invitation", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "", "empty");
  await expect(page.getByText("Others find you here as alice.").last()).toBeVisible();
  await page.getByRole("button", { name: "Copy an invitation" }).last().click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`Write to me on Waxseal: open ${new URL(page.url()).origin}, choose a name, and start a chat with alice.`);
});

test("a wrong passphrase opens nothing, the right one opens it, locking hides it", async ({ page }) => {
  await open(page, chat("bruno"), "locked");
  await expect(page.getByText("Bruno")).toBeHidden();
  await page.getByLabel("Passphrase", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Unlock" }).click();
  await expect(page.getByRole("alert")).toHaveText("That is not the passphrase.");
  await page.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await page.keyboard.press("Enter");
  await expect(messages(page).first()).toBeVisible();
  await page.keyboard.press("Alt+l");
  await expect(page.getByRole("heading", { name: "Waxseal is locked" })).toBeVisible();
  await expect(messages(page)).toHaveCount(0);
});

test("an own message waits, is sent, delivered and read", async ({ page }) => {
  await open(page, chat("bruno"));
  await write(page).fill("On my way");
  await page.keyboard.press("Enter");
  await expect(write(page)).toHaveValue("");
  const said = messages(page).last();
  await expect(said).toContainText("On my way");
  for (const word of ["sent", "delivered", "read"]) await expect(said.locator(".receipt")).toHaveText(word);
});

test("who types fast loses nothing, and it stays in order", async ({ page }) => {
  await open(page, chat("bruno"));
  await write(page).focus();
  for (let line = 0; line < 12; line++) {
    await page.keyboard.type(`line ${line}`);
    await page.keyboard.press("Enter");
  }
  await expect(messages(page).last()).toContainText("line 11");
  const said = await page.locator(".message.own").filter({ hasText: /line \d+/ }).allInnerTexts();
  expect(said.map((text) => /line \d+/.exec(text)?.[0])).toEqual(Array.from({ length: 12 }, (_, line) => `line ${line}`));
});

test("markup in a message is text, and no address in it is asked for", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await open(page, chat("bruno"));
  const attack = `<script>window.hit = 1</script><img src="https://evil.example/x.png" onerror="window.hit = 2"> javascript:alert(1) {{7*7}}`;
  await page.evaluate((text) => window.play.receive("bruno", text), attack);
  await expect(messages(page).last()).toContainText(attack);
  await expect(messages(page).last().locator("img, script")).toHaveCount(0);
  expect(await page.evaluate(() => (window as unknown as { hit?: number }).hit)).toBeUndefined();
  expect(asked.filter((url) => !url.startsWith(new URL(page.url()).origin))).toEqual([]);
});

test("an address opens without opener and referrer, a trick is no address", async ({ page }) => {
  await open(page, chat("bruno"));
  await page.evaluate(() => window.play.receive("bruno", "see https://example.org/a_(b)?c=1. or https://bank.example@evil.example/ or javascript:alert(1)"));
  const links = messages(page).last().getByRole("link");
  await expect(links).toHaveCount(1);
  await expect(links).toHaveAttribute("href", "https://example.org/a_(b)?c=1");
  await expect(links).toHaveAttribute("rel", "noopener noreferrer");
  await expect(links).toHaveAttribute("target", "_blank");
});

test("letters that turn a line around or hide are shown as what they are", async ({ page }) => {
  await open(page, chat("bruno"));
  await page.evaluate(() => window.play.receive("bruno", "pay \u202Eecila\u202C now\u200B!"));
  await expect(messages(page).last()).toContainText("pay \uFFFDecila\uFFFD now!");
});

test("a failed message can be tried again, and thrown away with a way back", async ({ page }) => {
  await open(page, chat("lena-k"));
  const failed = messages(page).last();
  await expect(failed).toContainText("not sent");
  await failed.getByRole("button", { name: "Throw away" }).click();
  await expect(page.getByText("Are you here, too?").last()).toBeAttached();
  await expect(messages(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(messages(page)).toHaveCount(1);
  await messages(page).last().getByRole("button", { name: "Try again" }).click();
  await expect(messages(page).last().locator(".receipt")).toHaveText("sent");
});

test("a deleted message is gone at once, and comes back when undone", async ({ page }) => {
  await open(page, chat("bruno"));
  const message = page.getByText("Looks good, take it.");
  await message.click({ button: "right" });
  await page.getByRole("menuitem", { name: "Delete for everybody" }).click();
  await expect(message).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(message).toBeVisible();
  await message.click({ button: "right" });
  await page.getByRole("menuitem", { name: "Delete for everybody" }).click();
  await expect(page.getByText("This message was deleted.")).toBeVisible({ timeout: 15_000 });
});

test("a reply shows what it answers, and pressing that goes there", async ({ page }) => {
  await open(page, chat("bruno"));
  await messages(page).filter({ hasText: "Did the new keys" }).locator(".bubble").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Reply" }).click();
  await expect(page.getByText("Replying to bruno")).toBeVisible();
  await write(page).fill("They did");
  await page.keyboard.press("Enter");
  const quote = messages(page).last().locator(".quote");
  await expect(quote).toContainText("Did the new keys arrive");
  await quote.click();
  await expect(page.locator(".flashed")).toContainText("Did the new keys arrive");
});

test("an edit shows that it was one", async ({ page }) => {
  await open(page, chat("bruno"));
  await write(page).press("ArrowUp");
  await expect(write(page)).toHaveValue(/See you on Thursday/);
  await write(page).fill("See you on Friday");
  await page.keyboard.press("Enter");
  await expect(messages(page).last()).toContainText("See you on Friday");
  await expect(messages(page).last()).toContainText("edited");
});

test("what is written and not sent is kept per chat", async ({ page }) => {
  await open(page, chat("bruno"));
  await write(page).fill("half a sen");
  await page.keyboard.press("Alt+ArrowDown");
  await expect(write(page)).not.toHaveValue("half a sen");
  await expect(page.getByRole("link", { name: /bruno/ })).toContainText("Draft: half a sen");
  await page.goBack();
  await expect(write(page)).toHaveValue("half a sen");
});

test("a text over 64 KiB is not sent, and the person is told", async ({ page }) => {
  await open(page, chat("bruno"));
  await write(page).fill("ä".repeat(33_000));
  await expect(page.getByRole("alert")).toContainText("at most 64 KiB");
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
});

test("a request says who asks, and accepting it lets one write", async ({ page }) => {
  await open(page, chat("eve"));
  await expect(page.getByText(/eve wants to talk to you, and goes by “Bruno Keller", the real one”/)).toBeVisible();
  await expect(write(page)).toBeHidden();
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(write(page)).toBeVisible();
});

test("a declined request comes back when undone", async ({ page }) => {
  await open(page, chat("eve"));
  await page.getByRole("button", { name: "Decline" }).click();
  await expect(page.getByRole("link", { name: /eve/ })).toBeHidden();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("link", { name: /eve/ })).toBeVisible();
});

test("a group is founded, renamed, grown and left", async ({ page }) => {
  await open(page, "#/new/group");
  await page.getByLabel("Title").fill("Garden");
  await page.getByLabel("Members").fill("maya, tomas ");
  await page.keyboard.type("nobody-here");
  await page.getByRole("button", { name: "Create group" }).click();
  await expect(page.getByRole("alert")).toContainText("Nobody on this server");
  // Longer than the field takes to take in what was typed.
  await page.waitForTimeout(500);
  await expect(page.getByRole("alert")).toContainText("Nobody on this server");
  await page.getByRole("button", { name: "Remove nobody-here" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.getByRole("button", { name: "Create group" }).click();
  await expect(page.getByRole("heading", { name: "Garden" })).toBeVisible();
  await page.getByRole("button", { name: "About this chat" }).click();
  await page.getByRole("button", { name: "Add people" }).click();
  await page.getByLabel("Add people").fill("ines");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("You added ines").last()).toBeVisible();
  await page.getByRole("button", { name: "What can be done about maya" }).click();
  await page.getByRole("menuitem", { name: "Remove from the group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("You removed maya").last()).toBeVisible();
  await page.getByRole("button", { name: "Leave the group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await expect(page.getByText("You are no longer in this chat.")).toBeVisible();
});

test("search finds chats by title and messages by words, and goes to the message", async ({ page }) => {
  await open(page, "#/search");
  await page.getByRole("searchbox").fill("radiology");
  await page.getByRole("link", { name: /Bed 12 goes to radiology/ }).click();
  await expect(page.locator(".flashed")).toContainText("radiology");
  await page.goBack();
  await page.getByRole("searchbox").fill("nothing has these words");
  await expect(page.getByText("Nothing found")).toBeVisible();
});
