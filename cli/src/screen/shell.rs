//! Carries wishes to the client's thread, and what comes of them back.
//!
//! Held by the loop. One picture is asked for at a time: where a hundred
//! messages come at once, the screen is read a few times and not a hundred.

use std::cell::Cell;
use std::io::Write;

use tokio::sync::mpsc::UnboundedSender;
use waxseal_core::Event;
use waxseal_core::client::{Client, ClientError};
use waxseal_core::view::{ChatId, DeviceView, Draft, MessageRef, MessageView, SafetyNumber};
use waxseal_wire::id::AccountId;

use super::conversation::Window;
use super::find;
use super::model::{Model, Picture, Wish};
use crate::engine::{Desk, Notice};
use crate::exit::Failure;
use crate::harmless;
use crate::names::Names;

/// Messages read at first, and before and after the one that was reached later.
pub(crate) const PAGE: usize = 150;

/// What came back from the client.
pub(super) enum Answer {
    Picture(Box<Picture>),
    Safety(AccountId, Option<SafetyNumber>),
    Unread(ChatId, Option<MessageRef>),
    Devices(Vec<DeviceView>),
    Blocked(Vec<(AccountId, String)>),
    Settings(bool, bool, bool),
    Drafts(Vec<Draft>),
    Found(String, Vec<MessageView>),
    Notice(Notice),
    /// The chat that a command asked for.
    Opened(ChatId),
    /// A command was made durable.
    Done,
}

/// What only the loop itself can do.
#[derive(Debug)]
pub(super) enum Own {
    /// End.
    Quit,
    /// Give the terminal back for a while.
    Suspend,
    /// Connect now.
    Hurry,
    /// Talk to another server.
    MoveTo(crate::address::Address),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Looking {
    No,
    Once,
    /// Something changed while it was read.
    Again,
}

/// See the module.
pub(super) struct Shell {
    desk: Desk,
    answers: UnboundedSender<Answer>,
    looking: Cell<Looking>,
}

impl Shell {
    pub(super) fn new(desk: Desk, answers: UnboundedSender<Answer>) -> Self {
        Self { desk, answers, looking: Cell::new(Looking::No) }
    }

    /// Grants what it can; gives back what the loop must do.
    pub(super) fn grant(&self, model: &Model, wishes: Vec<Wish>) -> Result<Vec<Own>, Failure> {
        let mut own = Vec::new();
        for wish in wishes {
            match wish {
                Wish::Command(command) => {
                    let (desk, answers) = (self.desk.clone(), self.answers.clone());
                    tokio::spawn(async move {
                        match desk.command(command).await {
                            Some(Ok(events)) => {
                                let told = events.into_iter().map(told);
                                told.chain([Answer::Done]).for_each(|answer| drop(answers.send(answer)));
                            }
                            Some(Err(error)) => drop(answers.send(Answer::Notice(Notice::Disk(error)))),
                            None => {}
                        }
                    });
                }
                Wish::Look => self.look(model),
                Wish::Safety(account) => self.read(move |client| Ok(Answer::Safety(account, client.safety_number(account)?))),
                Wish::Unread(chat) => self.read(move |client| Ok(Answer::Unread(chat, client.first_unread(chat)?))),
                Wish::Devices => self.read(|client| Ok(Answer::Devices(client.devices()?))),
                Wish::Blocked => self.read(blocked),
                Wish::Settings => self.read(|client| {
                    let (delivered, read) = client.receipts()?;
                    Ok(Answer::Settings(delivered, read, client.requires_verification()?))
                }),
                Wish::Search(words) => self.read(move |client| {
                    let found = client.search(None, &words, find::MOST)?;
                    Ok(Answer::Found(words, found))
                }),
                Wish::Ring => {
                    let mut out = std::io::stdout();
                    out.write_all(b"\x07")?;
                    out.flush()?;
                }
                Wish::Hurry => own.push(Own::Hurry),
                Wish::MoveTo(address) => own.push(Own::MoveTo(address)),
                Wish::Suspend => own.push(Own::Suspend),
                Wish::Quit => own.push(Own::Quit),
                // The profile is open already.
                Wish::Open(_) => {}
            }
        }
        Ok(own)
    }

    /// Reads what was kept when the program last ended.
    pub(super) fn fetch_drafts(&self) {
        self.read(|client| Ok(Answer::Drafts(client.drafts()?)));
    }

    /// Reads what is shown.
    pub(super) fn look(&self, model: &Model) {
        if self.looking.get() != Looking::No {
            self.looking.set(Looking::Again);
            return;
        }
        self.looking.set(Looking::Once);
        let of = model.open.as_ref().map(|open| (open.chat, open.window));
        self.read(move |client| Ok(Answer::Picture(Box::new(picture(client, of)?))));
    }

    /// A picture has come, or could not be read: the next one may be asked for, where something changed meanwhile.
    pub(super) fn looked(&self, model: &Model) {
        if self.looking.replace(Looking::No) == Looking::Again {
            self.look(model);
        }
    }

    fn read(&self, look: impl FnOnce(&Client) -> Result<Answer, ClientError> + Send + 'static) {
        let (desk, answers) = (self.desk.clone(), self.answers.clone());
        tokio::spawn(async move {
            let answer = match desk.read(look).await {
                Some(Ok(answer)) => answer,
                Some(Err(error)) => Answer::Notice(Notice::Disk(error)),
                None => return,
            };
            let _ = answers.send(answer);
        });
    }
}

/// What one of a command's events tells: a chat that it opens was asked for here, unlike one that others open.
fn told(event: Event) -> Answer {
    match event {
        Event::ChatOpened(chat) => Answer::Opened(chat),
        other => Answer::Notice(Notice::Event(other)),
    }
}

fn blocked(client: &Client) -> Result<Answer, ClientError> {
    let named = |account| Ok((account, harmless::line(&client.account_name(account)?)));
    Ok(Answer::Blocked(client.blocked()?.into_iter().map(named).collect::<Result<_, ClientError>>()?))
}

fn picture(client: &Client, of: Option<(ChatId, Window)>) -> Result<Picture, ClientError> {
    let mut picture = Picture {
        me: client.me()?,
        is_linking: client.is_linking()?,
        chats: client.chats()?,
        connection: client.connection(),
        of,
        ..Picture::default()
    };
    if let Some((chat, window)) = of {
        read_messages(client, &mut picture, chat, window)?;
        picture.members = client.members(chat)?;
        picture.names = Names::read(client, &picture.members, &picture.messages)?;
    }
    Ok(picture)
}

fn read_messages(client: &Client, picture: &mut Picture, chat: ChatId, window: Window) -> Result<(), ClientError> {
    // One more on each side tells whether there are more.
    let middle = match window {
        Window::Newest => None,
        Window::Around(message) => client.message(message)?.filter(|view| view.chat == chat),
    };
    let mut messages = client.messages(chat, middle.as_ref().map(|view| view.message), PAGE + 1)?;
    picture.has_older = messages.len() > PAGE;
    if picture.has_older {
        messages.remove(0);
    }
    if let Some(middle) = middle {
        let mut after = client.messages_after(middle.message, PAGE + 1)?;
        picture.has_newer = after.len() > PAGE;
        after.truncate(PAGE);
        messages.push(middle);
        messages.extend(after);
    }
    picture.messages = messages;
    Ok(())
}
