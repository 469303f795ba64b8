//! `read`, `search` and `chats`: what was said, on this device.

use time::UtcOffset;
use waxseal_core::Event;
use waxseal_core::client::Client;
use waxseal_core::view::{ChatId, ChatState, ChatSummary};

use super::printer::Printer;
use crate::arguments::{Format, Place, ReadArgs, SearchArgs};
use crate::exit::Failure;
use crate::json::{ChatJson, versioned};
use crate::paper::{remark, say, say_json};
use crate::stop::Stop;
use crate::visit::{Reach, Visit};
use crate::{clock, harmless, target, wording};

pub(super) async fn chats(place: &Place, format: Format, zone: UtcOffset) -> Result<(), Failure> {
    let (visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let chats = visit.chats().await?;
    if chats.is_empty() && !format.json {
        remark("No chats yet. Write to somebody: waxseal send NAME 'hello'");
    }
    for chat in &chats {
        if format.json {
            say_json(&versioned(ChatJson::of(chat)))?;
            continue;
        }
        let at = clock::local(chat.active, zone);
        let unread = if chat.unread > 0 { format!("  {} unread", chat.unread) } else { String::new() };
        let state = wording::chat_state(chat).map(|state| format!("  ({state})")).unwrap_or_default();
        let people = if chat.direct { String::new() } else { format!("  {}", wording::members(chat.members)) };
        say(format!("{}  {} {}  {}{people}{unread}{state}", target::short(chat.chat), at.date(), wording::time(at), listed(chat)))?;
    }
    Ok(())
}

/// A chat's title as a target: groups with `#`.
pub(super) fn shown(chat: &ChatSummary) -> String {
    let title = harmless::line(&chat.title);
    if chat.direct { title } else { format!("#{title}") }
}

/// The same for a list: with what the other person wants to be called.
pub(super) fn listed(chat: &ChatSummary) -> String {
    if chat.direct { wording::called(&chat.title, chat.display_name.as_deref()) } else { shown(chat) }
}

pub(super) async fn read(place: &Place, arguments: ReadArgs, zone: UtcOffset) -> Result<(), Failure> {
    let reach = if arguments.offline { Reach::Offline } else { Reach::Online };
    let (mut visit, _) = Visit::of_account(place, reach).await?;
    if reach == Reach::Online {
        visit.catch_up().await?;
    }
    let chosen = match &arguments.chat {
        Some(target) => vec![visit.chat(target).await?],
        None => visit.chats().await?.into_iter().filter(|chat| chat.unread > 0 || chat.state == ChatState::Requested).collect(),
    };
    if chosen.is_empty() && !arguments.json && !arguments.follow {
        remark("Nothing new.");
    }
    let mut printer = Printer::new(zone);
    printer.json = arguments.json;
    printer.peek = arguments.peek;
    printer.headings = arguments.chat.is_none();
    for chat in &chosen {
        let limit = if arguments.chat.is_some() {
            arguments.limit
        } else {
            arguments.limit.max(usize::try_from(chat.unread).unwrap_or(usize::MAX))
        };
        let id = chat.chat;
        let messages = visit.read(move |client| client.messages(id, None, limit)).await?;
        printer.print(&mut visit, chat, &messages).await?;
    }
    if arguments.follow {
        let only = arguments.chat.as_ref().and_then(|_| chosen.first()).map(|chat| chat.chat);
        return follow(visit, printer, only).await;
    }
    Ok(())
}

async fn follow(mut visit: Visit, mut printer: Printer, only: Option<ChatId>) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    loop {
        let notice = tokio::select! {
            notice = visit.event() => notice?,
            () = stop.asked() => return Ok(()),
        };
        let Event::Received { chat, message } = notice else { continue };
        if only.is_some_and(|only| only != chat) {
            continue;
        }
        let found = visit.read(move |client: &Client| Ok((client.chat(chat)?, client.message(message)?))).await?;
        if let (Some(chat), Some(message)) = found {
            printer.print(&mut visit, &chat, std::slice::from_ref(&message)).await?;
        }
    }
}

pub(super) async fn search(place: &Place, arguments: SearchArgs, zone: UtcOffset) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let only = match &arguments.chat {
        Some(target) => Some(visit.chat(target).await?.chat),
        None => None,
    };
    let words = arguments.words.join(" ");
    let limit = arguments.limit;
    let mut found = visit.read(move |client: &Client| client.search(only, &words, limit)).await?;
    if found.is_empty() && !arguments.json {
        remark("Nothing is found.");
    }
    // Newest last, as everywhere; what was said in one chat stays together.
    found.reverse();
    let mut printer = Printer::new(zone);
    printer.json = arguments.json;
    printer.peek = true;
    printer.headings = only.is_none();
    for chat in visit.chats().await?.iter().rev() {
        let here: Vec<_> = found.iter().filter(|message| message.chat == chat.chat).cloned().collect();
        if !here.is_empty() {
            printer.print(&mut visit, chat, &here).await?;
        }
    }
    Ok(())
}
