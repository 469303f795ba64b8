// What became of somebody's devices and name: as a conversation tells it, in sentences, and what a person says to it.
//
// Nothing is judged here: whether a device is theirs is a question for people, and whether it was signed the core's.
import type { AccountId, ChatId, MessageView, Notice, TheirDevice } from "../bridge/contract";
import { whyNotAName } from "../text/account-name";
import * as harmless from "../text/harmless";
import { date } from "../words/dates";
import { list, say } from "../words/words.svelte";
import { chats } from "./chats.svelte";
import { page } from "./page.svelte";

export type Change = Extract<Notice, { what: "deviceAdded" | "deviceRemoved" | "identityChanged" }>;

/** More devices than this at once are counted, not named. */
const most = 4;

export const isChange = (notice: Notice): notice is Change => notice.what === "deviceAdded" || notice.what === "deviceRemoved" || notice.what === "identityChanged";

const named = (devices: TheirDevice[], one: (device: TheirDevice) => string): string =>
  list([...devices.slice(0, most).map(one), ...(devices.length > most ? [say("notice.devicesMore", { n: devices.length - most })] : [])]);

const called = ({ name }: TheirDevice): string => (name === null ? say("notice.deviceUnnamed") : say("notice.device", { device: harmless.unquoted(name) }));

function added(who: string, devices: TheirDevice[]): string {
  const [only, second] = devices;
  if (!only) return say("notice.deviceAdded", { who });
  const on = (device: TheirDevice): string => {
    const words = { date: date(device.at), device: harmless.unquoted(device.name ?? "") };
    return device.name === null ? say("notice.deviceUnnamedOn", words) : say("notice.deviceOn", words);
  };
  if (second) {
    // One day for all is said once.
    const days = new Set(devices.map((device) => date(device.at)));
    const words = { who, n: devices.length, date: date(only.at) };
    return days.size === 1 ? say("notice.devicesAddedOn", { ...words, devices: named(devices, called) }) : say("notice.devicesAdded", { ...words, devices: named(devices, on) });
  }
  const words = { who, date: date(only.at), device: harmless.unquoted(only.name ?? "") };
  return only.name === null ? say("notice.deviceAddedOn", words) : say("notice.deviceAddedNamed", words);
}

/** Without a date: that of a removal is when it was heard of, which is where it stands. */
function removed(who: string, devices: TheirDevice[]): string {
  const [only, second] = devices;
  if (only && second) return say("notice.devicesRemoved", { who, n: devices.length, devices: named(devices, called) });
  return only && only.name !== null ? say("notice.deviceRemovedNamed", { who, device: harmless.unquoted(only.name) }) : say("notice.deviceRemoved", { who });
}

/** What changed, as a sentence. */
export function change({ who, ...it }: Change): string {
  const isOwn = who.account === page.me?.account;
  const name = harmless.line(who.name);
  if (it.what === "identityChanged") return say("notice.identityChanged", { who: name });
  if (it.what === "deviceAdded") return isOwn ? say("notice.deviceAddedOwn") : added(name, it.devices);
  return isOwn ? say("notice.deviceRemovedOwn") : removed(name, it.devices);
}

/** What a conversation tells of one person's devices and name, the newest first. */
export const changesOf = (messages: MessageView[], account: AccountId): { view: MessageView; change: Change }[] =>
  messages.flatMap((view) => (view.line.kind === "notice" && isChange(view.line.notice) && view.line.notice.who.account === account ? [{ view, change: view.line.notice }] : [])).reverse();

/** Whether somebody else has a person's name: not so, not accepted yet, or accepted (then the one we knew goes without it). */
export function otherIdentity(messages: MessageView[], account: AccountId, name: string): "changed" | "accepted" | null {
  if (!changesOf(messages, account).some(({ change }) => change.what === "identityChanged")) return null;
  return whyNotAName(name) === null ? "changed" : "accepted";
}

/** It is right: what waits for this goes out. Whether it was done. */
export async function goOn(chat: ChatId, account: AccountId): Promise<boolean> {
  const isDone = (await page.act({ do: "goOn", account })) !== null;
  chats.touch(chat);
  return isDone;
}
