//! What people do, by names that survive a restart: accounts and titles.
//!
//! Called by `town` when the time has come. A deed that makes no sense any
//! more (a chat that is gone) is left undone.

use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState};
use waxseal_wire::name::AccountName;

use crate::ledger::Said;
use crate::town::{Broken, Town};

/// One thing that a person does.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Register the house's account.
    Register,
    /// Open a direct chat with an account.
    Open(String),
    /// Say something in the chat of this title (a direct chat's title is the other's name).
    Say(String, String),
    /// Found a group.
    Found(String, Vec<String>),
    /// Add people.
    Add(String, Vec<String>),
    /// Remove a person.
    Remove(String, String),
    /// Rename a group.
    Rename(String, String),
    /// Leave a group.
    Leave(String),
    /// Renew the keys.
    Refresh(String),
    /// Accept all requests.
    AcceptAll,
    /// Read everything.
    ReadAll,
    /// Lose the network for so many milliseconds.
    Away(u64),
    /// Show a link code to another house of the account.
    Link(usize),
    /// Several things in one breath.
    Burst(Vec<Deed>),
}

impl Town {
    pub(crate) fn perform(&mut self, house: usize, deed: Deed) -> Result<(), Broken> {
        let chat_of = |town: &mut Self, title: &str| town.chat(house, title);
        let names = |names: &[String]| names.iter().filter_map(|name| AccountName::parse(name).ok()).collect::<Vec<_>>();
        let command = match deed {
            Deed::Register => AccountName::parse(&self.houses[house].account).ok().map(|name| Command::Register {
                name,
                invite: String::new(),
                device_name: self.houses[house].name.clone(),
            }),
            Deed::Open(name) => AccountName::parse(&name).ok().map(Command::OpenDirect),
            Deed::Say(title, text) => chat_of(self, &title).map(|chat| {
                self.said.insert(text.clone(), Said { house, chat });
                Command::Send { chat, text, reply_to: None }
            }),
            Deed::Found(title, members) => Some(Command::CreateGroup { title, members: names(&members) }),
            Deed::Add(title, members) => chat_of(self, &title).map(|chat| Command::AddMembers(chat, names(&members))),
            Deed::Remove(title, name) => {
                let account = AccountName::parse(&name)
                    .ok()
                    .and_then(|name| self.houses[house].client().account_by_name(&name).ok().flatten());
                chat_of(self, &title).zip(account).map(|(chat, account)| Command::RemoveMember(chat, account))
            }
            Deed::Rename(title, new) => chat_of(self, &title).map(|chat| Command::Rename(chat, new)),
            Deed::Leave(title) => chat_of(self, &title).map(Command::Leave),
            Deed::Refresh(title) => chat_of(self, &title).map(Command::Refresh),
            Deed::AcceptAll => return self.each_chat(house, |state| state == ChatState::Requested, Command::AcceptRequest),
            Deed::ReadAll => return self.each_chat(house, |_| true, Command::MarkRead),
            Deed::Away(span) => {
                self.unplug(house)?;
                self.connect(house, span);
                None
            }
            Deed::Burst(deeds) => {
                for deed in deeds {
                    self.perform(house, deed)?;
                }
                None
            }
            Deed::Link(other) => {
                self.command(house, Command::OfferLink)?;
                let code = self.houses[house].told.iter().rev().find_map(|event| match event {
                    waxseal_core::Event::LinkCode(code) => Some(code.clone()),
                    _ => None,
                });
                if let Some(code) = code {
                    let device_name = self.houses[other].name.clone();
                    self.command(other, Command::AcceptLink { code, device_name })?;
                }
                None
            }
        };
        command.map_or(Ok(()), |command| self.command(house, command))
    }

    /// The chat of this title on a house.
    pub fn chat(&mut self, house: usize, title: &str) -> Option<ChatId> {
        let chats = self.houses[house].client().chats().ok()?;
        chats.iter().find(|chat| chat.title == title).map(|chat| chat.chat)
    }

    fn each_chat(
        &mut self,
        house: usize,
        is: impl Fn(ChatState) -> bool,
        command: impl Fn(ChatId) -> Command,
    ) -> Result<(), Broken> {
        for chat in self.houses[house].client().chats()? {
            if is(chat.state) {
                self.command(house, command(chat.chat))?;
            }
        }
        Ok(())
    }
}
