//! `read` and `chats`: what was said, on this device.

use std::collections::HashSet;

use time::UtcOffset;
use waxseal_core::client::Client;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, MessageRef, MessageView};
use waxseal_core::{Command, Event};

use super::transcript::Transcript;
use crate::arguments::{Format, Place, ReadArgs};
use crate::exit::Failure;
use crate::json::{ChatJson, MessageJson, versioned};
use crate::names::Names;
use crate::paper::{remark, say, say_json};
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
        let people = if chat.direct { String::new() } else { format!("  {} members", chat.members) };
        say(format!("{}  {} {}  {}{people}{unread}{state}", target::short(chat.chat), at.date(), wording::time(at), shown(chat)))?;
    }
    Ok(())
}

/// A chat's title as a target: groups with `#`.
pub(super) fn shown(chat: &ChatSummary) -> String {
    let title = harmless::line(&chat.title);
    if chat.direct { title } else { format!("#{title}") }
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
    let mut printer = Printer {
        json: arguments.json,
        peek: arguments.peek,
        headings: arguments.chat.is_none(),
        transcript: Transcript::new(zone),
        last: None,
        printed: HashSet::new(),
    };
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

struct Printer {
    json: bool,
    peek: bool,
    headings: bool,
    transcript: Transcript,
    last: Option<ChatId>,
    printed: HashSet<MessageRef>,
}

impl Printer {
    async fn print(&mut self, visit: &mut Visit, chat: &ChatSummary, messages: &[MessageView]) -> Result<(), Failure> {
        let id = chat.chat;
        let about = messages.to_vec();
        let names = visit.read(move |client| Names::read(client, &client.members(id)?, &about)).await?;
        if self.last != Some(id) {
            self.last = Some(id);
            self.transcript.begin();
            if self.headings && !self.json {
                say(format!("{} ({})", shown(chat), target::short(id)))?;
            }
        }
        for message in messages {
            // While following, an event may come of what was printed already.
            if !self.printed.insert(message.message) {
                continue;
            }
            if self.json {
                say_json(&versioned(MessageJson::of(message, chat)))?;
                continue;
            }
            for line in self.transcript.lines(message, &names) {
                say(line)?;
            }
        }
        if chat.state == ChatState::Requested {
            if !self.json {
                remark(format!("{}: waxseal requests accept|decline|block '{}'", wording::request(chat), shown(chat)));
            }
        } else if let Some(last) = messages.iter().map(|message| message.message).max()
            && !self.peek
            && chat.unread > 0
        {
            visit.command(Command::MarkReadUpto(id, last)).await?;
        }
        Ok(())
    }
}

async fn follow(mut visit: Visit, mut printer: Printer, only: Option<ChatId>) -> Result<(), Failure> {
    loop {
        let notice = tokio::select! {
            notice = visit.event() => notice?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
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
