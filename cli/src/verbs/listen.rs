//! `listen`: the door for bots. Events out, commands in, one JSON object a line.
//!
//! The contract is `json::listen::HELP`. Every message is printed at least
//! once: what came while nobody listened is printed first.

mod order;

use std::collections::{HashMap, HashSet};

use waxseal_core::output::Work;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, MessageRef, MessageView};
use waxseal_core::{Command, Event};
use waxseal_wire::name::AccountName;

use super::lines::Lines;
use crate::arguments::Place;
use crate::exit::Failure;
use crate::json::listen::EventJson;
use crate::json::{ChatJson, MessageJson, versioned};
use crate::paper::say_json;
use crate::stop::Stop;
use crate::visit::{Reach, Visit};
use crate::{json, paper, target};

struct Listening {
    visit: Visit,
    keep_unread: bool,
    /// Printed from the backlog; the event of the same message may still come.
    printed: HashSet<MessageRef>,
    reach: Option<(bool, bool)>,
    /// What was last said of each chat: the same is not said twice.
    said: HashMap<ChatId, String>,
}

pub(super) async fn listen(place: &Place, keep_unread: bool, no_input: bool) -> Result<(), Failure> {
    let (mut visit, me) = Visit::of_account(place, Reach::Online).await?;
    visit.keep_passed();
    let mut listening = Listening { visit, keep_unread, printed: HashSet::new(), reach: None, said: HashMap::new() };
    event(EventJson::Ready { name: me.name.to_string(), account: json::account(&me.account) })?;
    for chat in listening.visit.chats().await? {
        listening.backlog(&chat).await?;
    }
    let mut stop = Stop::listen()?;
    let mut lines = if no_input { Lines::none() } else { Lines::begin()? };
    loop {
        tokio::select! {
            happened = listening.visit.happening() => match happened {
                Ok(happened) => listening.tell(happened).await?,
                Err(Failure::SignedOut) => {
                    event(EventJson::SignedOut)?;
                    return Err(Failure::SignedOut);
                }
                Err(other) => return Err(other),
            },
            Some(line) = lines.next() => if !line.trim().is_empty() { order::obey(&mut listening, &line).await? },
            () = stop.asked() => return Ok(()),
        }
    }
}

fn event(event: EventJson) -> std::io::Result<()> {
    say_json(&versioned(event))
}

/// Says that a command was refused.
fn refuse(id: serde_json::Value, why: &Failure, chat: Option<ChatId>) -> Result<(), Failure> {
    let name = match why {
        Failure::NoSuchAccount(name) | Failure::Nobody(name) => Some(name.to_string()),
        _ => None,
    };
    Ok(event(EventJson::Error { id, code: why.word(), error: why.to_string(), chat: chat.map(target::id), name })?)
}

/// Says that something failed that was taken on earlier.
fn fail_later(why: Failure, chat: Option<ChatId>) -> Result<(), Failure> {
    refuse(serde_json::Value::Null, &why, chat)
}

impl Listening {
    /// Prints what of `chat` was not read yet.
    async fn backlog(&mut self, chat: &ChatSummary) -> Result<(), Failure> {
        if chat.state == ChatState::Requested {
            return Ok(event(EventJson::Request(ChatJson::of(chat)))?);
        }
        let id = chat.chat;
        let unread = self.visit.read(move |client| client.unread(id)).await?;
        for message in &unread {
            self.printed.insert(message.message);
            event(EventJson::Message { message: MessageJson::of(message, chat), backlog: true })?;
        }
        match unread.iter().map(|message| message.message).max() {
            Some(last) => self.mark_read(id, last).await,
            None => Ok(()),
        }
    }

    /// Only what was printed: more may have come meanwhile, and must be printed even if we die before we hear of it.
    async fn mark_read(&mut self, chat: ChatId, upto: MessageRef) -> Result<(), Failure> {
        if self.keep_unread {
            return Ok(());
        }
        match self.visit.command(Command::MarkReadUpto(chat, upto)).await {
            // A full disk is no reason to go deaf: it is printed once more the next time.
            Err(Failure::Client(error)) => fail_later(Failure::Client(error), Some(chat)),
            marked => marked,
        }
    }

    async fn tell(&mut self, happened: Option<Event>) -> Result<(), Failure> {
        self.tell_connection().await?;
        match happened {
            Some(Event::Received { chat, message }) => self.tell_message(chat, message).await,
            Some(Event::MessageChanged { chat, message }) => {
                if let Some((chat, message)) = self.look(chat, message).await? {
                    event(EventJson::Changed(MessageJson::of(&message, &chat)))?;
                }
                Ok(())
            }
            Some(Event::ChatMoved { from, to }) => {
                event(EventJson::Moved { from: target::id(from), chat: target::id(to) })?;
                self.tell_chat(to, EventJson::Chat).await
            }
            Some(Event::Requested(chat)) => self.tell_chat(chat, EventJson::Request).await,
            Some(Event::ChatChanged(chat) | Event::ChatOpened(chat)) => self.tell_chat(chat, EventJson::Chat).await,
            Some(Event::Progress { chat, work, done, total }) => {
                let work = match work {
                    Work::Adding => "adding",
                    Work::Joining => "joining",
                };
                Ok(event(EventJson::Progress { chat: target::id(chat), work, done, total })?)
            }
            Some(Event::DeviceAdded { name }) => Ok(event(EventJson::DeviceAdded { name })?),
            Some(Event::NoSuchAccount(name)) => self.tell_nobody(name).await,
            Some(Event::Failed { chat, problem }) => fail_later(problem.into(), chat),
            Some(Event::LinkFailed(problem)) => fail_later(problem.into(), None),
            _ => Ok(()),
        }
    }

    /// Nobody has a name; where words waited under it, that chat says so too.
    async fn tell_nobody(&self, name: AccountName) -> Result<(), Failure> {
        let waited = self.visit.chats().await?.into_iter();
        match waited.filter(|chat| chat.direct && chat.peer.is_none()).find(|chat| chat.title == name.as_str()) {
            Some(chat) => fail_later(Failure::Nobody(name), Some(chat.chat)),
            None => fail_later(Failure::NoSuchAccount(name), None),
        }
    }

    async fn tell_connection(&mut self) -> Result<(), Failure> {
        let now = self.visit.read(|client| Ok(client.connection())).await?;
        if self.reach != Some((now.receiving, now.sending)) {
            self.reach = Some((now.receiving, now.sending));
            event(EventJson::Connection { receiving: now.receiving, sending: now.sending, waiting: now.waiting })?;
        }
        Ok(())
    }

    async fn tell_message(&mut self, chat: ChatId, message: MessageRef) -> Result<(), Failure> {
        if self.printed.remove(&message) {
            return Ok(());
        }
        let Some((summary, message)) = self.look(chat, message).await? else { return Ok(()) };
        // A stranger's words wait until the request is accepted.
        if summary.state == ChatState::Requested {
            return Ok(());
        }
        event(EventJson::Message { message: MessageJson::of(&message, &summary), backlog: false })?;
        self.mark_read(chat, message.message).await
    }

    async fn tell_chat(&mut self, chat: ChatId, kind: impl Fn(ChatJson) -> EventJson) -> Result<(), Failure> {
        let Some(summary) = self.visit.read(move |client| client.chat(chat)).await? else { return Ok(()) };
        let line = paper::json(&versioned(kind(ChatJson::of(&summary))))?;
        if self.said.get(&chat) != Some(&line) {
            paper::say(&line)?;
            self.said.insert(chat, line);
        }
        Ok(())
    }

    async fn look(&self, chat: ChatId, message: MessageRef) -> Result<Option<(ChatSummary, MessageView)>, Failure> {
        let (chat, message) = self.visit.read(move |client| Ok((client.chat(chat)?, client.message(message)?))).await?;
        Ok(chat.zip(message))
    }
}
