// All conversations on this device as one JSON file, which the person saves. Read page by page, so that a long
// history does not stand still; made in this tab, sent nowhere.
import type { MessageView } from "../bridge/contract";
import { page } from "./page.svelte";

const pageSize = 500;

async function messagesOf(chat: string): Promise<MessageView[]> {
  const all: MessageView[][] = [];
  let before: number | null = null;
  for (;;) {
    const read: MessageView[] = await page.client.look("messages", { chat, before, limit: pageSize });
    all.unshift(read);
    before = read[0]?.message ?? null;
    if (read.length < pageSize || before === null) return all.flat();
  }
}

/** What of a message means something outside this browser. */
const plain = ({ message, sender, senderName, senderDisplay, own, at, line, replyTo, edited, reactions, state }: MessageView): object => ({
  message, from: { account: sender, name: senderName, display: senderDisplay, own }, at: new Date(at).toISOString(), ...line, replyTo, edited, reactions, state,
});

export async function save(tell: (part: number) => void): Promise<void> {
  const chats = await page.client.look("chats", {});
  const conversations: object[] = [];
  for (const [at, chat] of chats.entries()) {
    const [members, messages] = [await page.client.look("members", { chat: chat.chat }), await messagesOf(chat.chat)];
    conversations.push({ chat: chat.chat, title: chat.title, direct: chat.direct, members, messages: messages.map(plain) });
    tell((at + 1) / chats.length);
  }
  const content = JSON.stringify({ waxseal: "conversations", version: 1, made: new Date().toISOString(), account: page.me?.name, conversations }, null, 1);
  const url = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `waxseal-${page.me?.name ?? "export"}-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
