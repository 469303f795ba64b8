// What the stand-in does with each command. See world.ts.
import type { Command, Event, Who } from "../bridge/contract";
import { type Chat, id } from "./scenes";
import type { World } from "./world";

const fault = (code: string): { code: string; text: string } => ({ code, text: code });

function chatOf(world: World, chat: string): Chat {
  const found = world.chats.get(chat);
  if (!found) throw fault("notAMember");
  return found;
}

function own(world: World, message: number): { own: true } {
  if (!world.messages.get(message)?.own) throw fault("notYours");
  return { own: true };
}

/** As long as a real one: account, secret, name and check as hexadecimal digits, in groups of five. */
const linkCode = `${id("alice")}${id("chain")}${id("secret")}616c696365c4fe`.match(/.{1,5}/g)?.join("-") ?? "";

/** Joins the account, a moment later. */
function register(world: World, name: string, deviceName: string, invite: string): Event[] {
  const refused = name === "taken" ? "taken" : invite !== (world.invitation ?? invite) ? "notAllowed" : null;
  if (refused) {
    setTimeout(() => world.event({ event: "registerFailed", fault: fault(refused) }), 60);
    return [];
  }
  const me = { account: id(name), name, displayName: null, device: id(deviceName), deviceName };
  world.me = { ...me, registered: false };
  world.devices = [{ device: me.device, name: deviceName, added: Date.now(), this: true }];
  if (world.isOnline) {
    setTimeout(() => {
      world.me = { ...me, registered: true };
      world.isLinking = false;
      world.event({ event: "registered", account: me.account, name });
    }, 150);
  }
  return [];
}

function open(world: World, name: string): Event[] {
  const known = [...world.chats.values()].find((chat) => chat.direct && chat.title === name);
  if (known) return [{ event: "chatOpened", chat: known.chat }];
  const person = world.people.find((one) => one.name === name);
  if (name === world.me?.name) throw fault("withYourself");
  if (world.folk.isTaken(name)) {
    setTimeout(() => world.event({ event: "failed", chat: null, fault: fault("identityChanged"), ofTheDevice: false }), 80);
    return [];
  }
  if (!person) {
    setTimeout(() => world.event({ event: "noSuchAccount", name }), 80);
    return [];
  }
  const chat = found(world, name, [person.account], true);
  setTimeout(() => world.event({ event: "chatOpened", chat: chat.chat }), 80);
  return [];
}

function found(world: World, title: string, members: string[], direct: boolean): Chat {
  const me = world.me?.account ?? "";
  const chat: Chat = {
    chat: id(title + world.next), title, direct, members: [me, ...members], admins: [me], state: "open", unread: [], order: [], active: Date.now(),
  };
  world.chats.set(chat.chat, chat);
  world.put(chat, { sender: me, own: true, senderName: world.me?.name ?? "", line: { kind: "notice", notice: { what: "created" } }, state: "sent" });
  return chat;
}

const accounts = (world: World, names: string[]): string[] =>
  names.map((name) => {
    const person = world.people.find((one) => one.name === name);
    if (!person) throw fault("noSuchAccount");
    return person.account;
  });

export function perform(world: World, command: Command): Event[] {
  const changed = (chat: Chat): Event[] => [{ event: "chatChanged", chat: chat.chat }];
  const notice = (chat: Chat, what: object): Event[] => {
    world.put(chat, { sender: world.me?.account ?? null, own: true, senderName: world.me?.name ?? "", line: { kind: "notice", notice: what as never }, state: "sent" });
    return changed(chat);
  };
  const who = (account: string): Who => world.who(account);
  switch (command.do) {
    case "register": return register(world, command.name, command.deviceName, command.invite);
    case "forgetClaim": world.me = null; return [];
    case "acceptLink":
      if (command.code !== linkCode) { setTimeout(() => world.event({ event: "linkFailed", fault: fault("badCode") }), 60); return []; }
      world.isLinking = true;
      return register(world, "alice", command.deviceName, world.invitation ?? "");
    case "offerLink": setTimeout(() => world.event({ event: "linkCode", code: linkCode }), 60); return [];
    case "removeDevice": world.devices = world.devices.filter((device) => device.device !== command.device); return [];
    case "openDirect": return open(world, command.name);
    case "createGroup": return [{ event: "chatOpened", chat: found(world, command.title, accounts(world, command.members), false).chat }];
    case "send": {
      const chat = chatOf(world, command.chat);
      const view = world.put(chat, { sender: world.me?.account ?? null, own: true, senderName: world.me?.name ?? "", line: { kind: "text", text: command.text }, replyTo: command.replyTo, state: "pending" });
      world.drafts.delete(chat.chat);
      world.keep();
      if (world.isOnline && !world.folk.isHeld(chat.chat)) world.travel(view.message); else world.tellLine();
      return changed(chat);
    }
    case "react": {
      const view = world.messages.get(command.message);
      const me = world.me?.account ?? "";
      const others = view?.reactions.filter((reaction) => reaction.account !== me) ?? [];
      world.change(command.message, { reactions: command.emoji === "" ? others : [...others, { account: me, name: world.me?.name ?? "", emoji: command.emoji }] });
      return [];
    }
    case "edit": own(world, command.message); world.change(command.message, { line: { kind: "text", text: command.text }, edited: true }); return [];
    case "delete": own(world, command.message); world.change(command.message, { line: { kind: "deleted" }, reactions: [] }); return changed(chatOf(world, command.chat));
    case "keepDraft": if (command.draft.text === "") world.drafts.delete(command.draft.chat); else world.drafts.set(command.draft.chat, command.draft); world.keep(); return [];
    case "retry": world.change(command.message, { state: "pending" }); world.travel(command.message); return [];
    case "discard": {
      const view = world.messages.get(command.message);
      const chat = view && chatOf(world, view.chat);
      world.messages.delete(command.message);
      if (!chat) return [];
      chat.order = chat.order.filter((message) => message !== command.message);
      return [...changed(chat), { event: "messageChanged", chat: chat.chat, message: command.message }];
    }
    case "markRead": chatOf(world, command.chat).unread = []; return changed(chatOf(world, command.chat));
    case "markReadUpto": {
      const chat = chatOf(world, command.chat);
      chat.unread = chat.unread.filter((message) => message > command.message);
      return changed(chat);
    }
    case "addMembers": { const chat = chatOf(world, command.chat); const added = accounts(world, command.members); chat.members.push(...added); return notice(chat, { what: "added", who: added.map(who) }); }
    case "removeMember": { const chat = chatOf(world, command.chat); chat.members = chat.members.filter((account) => account !== command.account); return notice(chat, { what: "removed", who: [who(command.account)] }); }
    case "setAdmin": { const chat = chatOf(world, command.chat); chat.admins = chat.admins.filter((account) => account !== command.account).concat(command.admin ? [command.account] : []); return notice(chat, { what: "admin", who: who(command.account), admin: command.admin }); }
    case "rename": { const chat = chatOf(world, command.chat); if (command.title.trim() === "") throw fault("badTitle"); chat.title = command.title; return notice(chat, { what: "renamed", title: command.title }); }
    case "leave": { const chat = chatOf(world, command.chat); chat.state = "left"; return changed(chat); }
    case "acceptRequest": { const chat = chatOf(world, command.chat); chat.state = "open"; return changed(chat); }
    case "declineRequest": case "forget": world.chats.delete(command.chat); return [{ event: "chatChanged", chat: command.chat }];
    case "block": {
      world.blocked.add(command.account);
      const gone = [...world.chats.values()].filter((chat) => chat.direct && chat.members.includes(command.account));
      for (const chat of gone) if (chat.state === "requested") world.chats.delete(chat.chat); else chat.state = "left";
      return gone.flatMap(changed);
    }
    case "unblock": world.blocked.delete(command.account); return [];
    case "markVerified": if (command.verified) world.verified.add(command.account); else world.verified.delete(command.account); return command.verified ? world.folk.goOn(command.account) : [];
    case "lookUp": case "refresh": return [];
    case "setDisplayName": if (world.me) world.me = { ...world.me, displayName: command.name || null }; return [];
    case "setDeliveredReceipts": world.settings = { ...world.settings, deliveredReceipts: command.on }; return [];
    case "setReadReceipts": world.settings = { ...world.settings, readReceipts: command.on }; return [];
    case "setRequireVerification": return world.folk.require(command.on);
    case "goOn": return world.folk.goOn(command.account);
    case "acceptIdentity": return world.folk.accept(command.name);
    case "setWitnesses": return world.folk.ask(command.need, command.keys);
    case "askWitnesses": setTimeout(() => world.event({ event: "witnesses" }), 60); return [];
    case "closeAccount": world.me = null; world.chats.clear(); setTimeout(() => world.event({ event: "accountClosed" }), 60); return [];
  }
}
