//! The outbox: what we want of a group, until it is done.
//!
//! ```text
//!   post ──► queued ──► keys ──► (built, durable) ──► blob ──► submit ──► accepted
//!              ▲                                                 │  Commit: echo, through our mailbox
//!              └────────────── stale: built again in the new epoch
//! ```
//! Called by commands, heal and receipts (post) and by `turn` (pump). One entry
//! of a chat is on its way at a time, in the order posted. An entry is on disk
//! before anything leaves; a lost reply is asked again with the same bytes.

mod bring;
mod build;
mod entry;
mod found;
mod keys;
pub(crate) mod parcel;
mod submit;

use serde::{Deserialize, Serialize};
use waxseal_wire::id::Millis;

pub(crate) use entry::{Entry, Stage, committing, delete, is_in_flight, is_note_waiting, move_to, of_chat, set_failed};

use crate::output::Problem;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, MessageRef, MessageState};
use crate::{Event, chat};

/// What must not be given up waits so long after the first refusal, in milliseconds; twice as long each time, up to 32 times.
const AGAIN: u64 = 30 * 1000;

/// How an intent names somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Who {
    Name(String),
    Account([u8; 32]),
}

/// What is wanted of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Intent {
    /// Find this person and make a chat of two.
    OpenDirect(String),
    /// Find out who has this name.
    LookUp(String),
    /// Make the group that carries the chat; again, of a higher generation, where it was broken.
    Found {
        who: Vec<Who>,
        /// Who is left out on purpose, where it is founded anew.
        #[serde(default)]
        without: Vec<[u8; 32]>,
    },
    /// Bring back whom the founding anew has left out, so many at a time.
    Bring,
    /// Seal and submit this padded content.
    Say(Vec<u8>),
    /// Add people.
    Add { who: Vec<Who> },
    /// Remove a person.
    Remove([u8; 32]),
    /// Give or take the admin role.
    SetAdmin([u8; 32], bool),
    /// Say that we want to be out; another member's device removes us.
    Leave,
    /// Change the title.
    Rename(String),
    /// New keys for us; a new alias too, where we joined by our last resort.
    Update,
    /// Bring the leaves of an account in line with its chain.
    Sync([u8; 32]),
    /// Remove and add a device that lost its way before this epoch.
    Readd { account: [u8; 32], device: [u8; 16], epoch: u64 },
    /// Make the server's roster what the tree says.
    MendRoster,
    /// Ask these people's devices to re-add us to the chat.
    Errand {
        to: Vec<[u8; 32]>,
        chat: [u8; 16],
        group: [u8; 16],
        epoch: u64,
        broken: bool,
        /// No call for help: these people are out of the chat, which that group does not carry.
        #[serde(default)]
        out: bool,
    },
    /// Tell our own other devices what we and this device are called.
    Note,
    /// Ask whoever founded this group, which we do not follow, to let us in; when it is time.
    Follow { by: [u8; 32], group: [u8; 16], epoch: u64, generation: u64 },
    /// This device spoke in a group that another had replaced: look whether it came into that one, when it is time.
    Missed { account: [u8; 32], device: [u8; 16] },
    /// This account was told that it is out; kept for a day, so that it is not told all day long.
    Told([u8; 32]),
}

impl Intent {
    /// Whom to look up first, for KeyPackages.
    pub(crate) fn needs(&self, own: &[u8; 32]) -> Vec<Who> {
        match self {
            Self::OpenDirect(name) => vec![Who::Name(name.clone()), Who::Account(*own)],
            Self::LookUp(name) => vec![Who::Name(name.clone())],
            Self::Found { who, .. } | Self::Add { who } => who.clone(),
            Self::Note => vec![Who::Account(*own)],
            Self::Sync(account) | Self::Readd { account, .. } => vec![Who::Account(*account)],
            Self::Errand { to, .. } => to.iter().copied().map(Who::Account).collect(),
            _ => Vec::new(),
        }
    }
}

impl Turn<'_> {
    /// Puts an intent at the end of a chat's queue.
    pub(crate) fn post(&mut self, chat: Option<ChatId>, message: Option<MessageRef>, intent: &Intent) -> Result<i64, StoreError> {
        entry::insert(self.tx, chat, message, intent, Millis(0))
    }

    /// The same, to begin at `due` at the earliest; what is posted later may overtake it.
    pub(crate) fn post_at(&mut self, chat: Option<ChatId>, intent: &Intent, due: Millis) -> Result<i64, StoreError> {
        entry::insert(self.tx, chat, None, intent, due)
    }

    /// Whether an intent that `is` waits or is on its way in a chat.
    pub(crate) fn is_posted(&self, chat: &ChatId, is: impl Fn(&Intent) -> bool) -> Result<bool, StoreError> {
        Ok(entry::of_chat(self.tx, chat)?.iter().any(|entry| is(&entry.intent)))
    }

    /// Moves every queue on by as much as can be done now.
    pub(crate) fn pump(&mut self) -> Result<(), StoreError> {
        // A profile that was put back from a copy must not seal: it would use keys again.
        if !self.session.anonymous || !self.session.vetted {
            return Ok(());
        }
        for id in entry::heads(self.tx, self.now)? {
            // A step may free the next one in the same queue.
            let mut next = Some(id);
            for _ in 0..64 {
                let Some(entry) = next.map(|id| entry::find(self.tx, id)).transpose()?.flatten() else { break };
                if !self.step(&entry)? {
                    break;
                }
                next = entry::head(self.tx, entry.chat.as_ref(), self.now)?;
            }
        }
        Ok(())
    }

    /// Does what an entry waits for; true where the queue should be looked at again.
    fn step(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        match entry.stage {
            Stage::Queued => self.begin(entry),
            Stage::Blob => self.put_blob(entry).map(|()| false),
            Stage::Submit => self.submit(entry).map(|()| false),
            Stage::Stale | Stage::Echo => self.look_again(entry),
            Stage::Failed => Ok(false),
        }
    }

    /// A person wants a failed message to be tried again.
    pub(crate) fn retry(&mut self, message: MessageRef) -> Result<(), StoreError> {
        if let Some(mut entry) = entry::of_message(self.tx, message)?.filter(|entry| entry.stage == Stage::Failed) {
            entry.requeue(self.now);
            entry.save(self.tx)?;
            chat::line::set_state(self.tx, message, MessageState::Pending)?;
            if let Some(chat) = entry.chat {
                self.reopen(&chat)?;
                self.tell(Event::MessageChanged { chat, message });
            }
        }
        Ok(())
    }

    /// A person throws away a message that was not sent.
    pub(crate) fn discard(&mut self, message: MessageRef) -> Result<(), StoreError> {
        let waiting = |entry: &Entry| matches!(entry.stage, Stage::Failed | Stage::Queued);
        if let Some(entry) = entry::of_message(self.tx, message)?.filter(waiting) {
            entry::delete(self.tx, entry.id)?;
            self.tx.execute("DELETE FROM message WHERE id = ?1", [message.0])?;
            if let Some(chat) = entry.chat {
                self.tell(Event::ChatChanged(chat));
            }
        }
        Ok(())
    }

    /// Words that were sealed and not answered are sealed again, in the group that comes.
    pub(crate) fn seal_again(&mut self) -> Result<(), StoreError> {
        for id in entry::sealed_words(self.tx)? {
            if let Some(mut entry) = entry::find(self.tx, id)? {
                entry.requeue(self.now);
                entry.save(self.tx)?;
            }
        }
        Ok(())
    }

    /// Gives an entry up; what a person wrote stays and can be tried again.
    pub(crate) fn give_up(&mut self, entry: &Entry, problem: Problem) -> Result<(), StoreError> {
        if entry.intent == Intent::Bring {
            return self.bring_later(entry);
        }
        if self.is_never_given_up(entry, problem)? {
            return self.try_later(entry);
        }
        if let (Some(message), Some(chat)) = (entry.message, entry.chat) {
            let mut failed = entry.clone();
            failed.stage = Stage::Failed;
            failed.save(self.tx)?;
            chat::line::set_state(self.tx, message, MessageState::Failed)?;
            self.tell(Event::MessageChanged { chat, message });
        } else {
            delete(self.tx, entry.id)?;
        }
        // Nobody asked for what we do by ourselves.
        if !matches!(entry.intent, Intent::Errand { .. } | Intent::Note) {
            self.fail(entry.chat, problem);
        }
        // A chat whose founding was given up has nothing to wait for.
        match (&entry.intent, entry.chat) {
            (Intent::Found { .. }, Some(chat)) => self.left(&chat),
            (Intent::OpenDirect(_), Some(chat)) => self.nobody_there(&chat),
            _ => Ok(()),
        }
    }

    /// Whether nobody else would do it, and the chat would stay wrong for one refusal, which is the server's word alone.
    fn is_never_given_up(&self, entry: &Entry, problem: Problem) -> Result<bool, StoreError> {
        let Some(found) = entry.chat.map(|chat| chat::find(self.tx, &chat)).transpose()?.flatten() else { return Ok(false) };
        let refused = matches!(problem, Problem::Refused(_));
        Ok(match entry.intent {
            Intent::Found { .. } => !matches!(found.state, ChatState::Opening | ChatState::Left),
            Intent::Leave | Intent::Remove(_) | Intent::Sync(_) | Intent::Update | Intent::MendRoster => {
                refused && found.state != ChatState::Left
            }
            _ => false,
        })
    }

    fn try_later(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let wait = AGAIN << entry.tries.min(5);
        let mut again = Entry { keys: None, tries: entry.tries.saturating_add(1), ..entry.clone() };
        again.requeue(self.later(wait, wait + wait / 2));
        again.save(self.tx)
    }

    /// We are out of a chat: what was written and not sent has failed.
    pub(crate) fn left(&mut self, chat: &ChatId) -> Result<(), StoreError> {
        for entry in entry::of_chat(self.tx, chat)? {
            match entry.message {
                Some(_) => self.give_up(&entry, Problem::NotAMember)?,
                None => entry::delete(self.tx, entry.id)?,
            }
        }
        chat::set_state(self.tx, chat, ChatState::Left)?;
        self.drop_groups(chat)?;
        self.tell(Event::ChatChanged(*chat));
        Ok(())
    }
}
