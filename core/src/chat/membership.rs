//! What a person asks of a group: who is in, who is an admin, what it is called.
//!
//! Called by `command`. Says at once what cannot be, and why; what may be is an
//! intent in the outbox, judged again when it is built (`rules`), for others may
//! be faster.

use waxseal_wire::id::AccountId;
use waxseal_wire::limits;
use waxseal_wire::name::AccountName;

use super::{Chat, members};
use crate::account::me;
use crate::group::{ADMINS, Identity};
use crate::outbox::{Intent, Who};
use crate::output::Problem;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState};
use crate::{Event, chat, trust};

/// Longest title, in bytes.
const TITLE: usize = 200;
/// People added by one Commit; each may have several devices.
const BATCH: usize = 64;

impl Turn<'_> {
    pub(super) fn create_group(&mut self, identity: &Identity, title: &str, names: Vec<AccountName>) -> Result<(), StoreError> {
        let own = self.own_name()?;
        let names = distinct(names.into_iter().filter(|name| Some(name) != own.as_ref()).collect());
        let problem = match self.unwanted(&names)? {
            _ if !is_title(title) => Some(Problem::BadTitle),
            _ if names.len() >= limits::ROSTER => Some(Problem::TooMany),
            unwanted => unwanted,
        };
        if let Some(problem) = problem {
            self.fail(None, problem);
            return Ok(());
        }
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        let row = Chat {
            chat: ChatId(id),
            group: None,
            generation: 0,
            direct: false,
            peer: None,
            title: title.to_owned(),
            state: ChatState::Opening,
        };
        chat::create(self.tx, &row, self.now)?;
        let others: Vec<Who> = names.iter().map(|name| Who::Name(name.as_str().to_owned())).collect();
        let (first, rest) = others.split_at(others.len().min(BATCH));
        let mut all = first.to_vec();
        all.push(Who::Account(identity.account.0));
        self.post(Some(row.chat), None, &Intent::Found { who: all, without: Vec::new() })?;
        for batch in rest.chunks(BATCH) {
            self.post(Some(row.chat), None, &Intent::Add { who: batch.to_vec() })?;
        }
        self.tell(Event::ChatOpened(row.chat));
        Ok(())
    }

    fn own_name(&self) -> Result<Option<AccountName>, StoreError> {
        Ok(me::view(self.tx)?.map(|me| me.name))
    }

    /// Why somebody of these may not come in, as far as is known here.
    fn unwanted(&self, names: &[AccountName]) -> Result<Option<Problem>, StoreError> {
        for name in names {
            if let Some(account) = trust::account::by_name(self.tx, name.as_str())?
                && trust::is_blocked(self.tx, &account)?
            {
                return Ok(Some(Problem::Blocked));
            }
        }
        Ok(None)
    }

    /// A group in which we may change something as an admin; says so where not.
    fn as_admin(&mut self, identity: &Identity, chat: ChatId) -> Result<bool, StoreError> {
        let Some(found) = self.writable(chat)? else { return Ok(false) };
        let admins = members::admins(self.tx, &chat)?;
        let problem = if found.direct {
            Problem::DirectChat
        } else if found.state == ChatState::Requested {
            Problem::OnlyRequested
        } else if !admins.is_empty() && !admins.contains(&identity.account) {
            Problem::NotAdmin
        } else {
            return Ok(true);
        };
        self.fail(Some(chat), problem);
        Ok(false)
    }

    pub(super) fn add_members(&mut self, identity: &Identity, chat: ChatId, names: Vec<AccountName>) -> Result<(), StoreError> {
        if !self.as_admin(identity, chat)? {
            return Ok(());
        }
        let names = distinct(names);
        if let Some(problem) = self.cannot_add(&chat, &names)? {
            self.fail(Some(chat), problem);
            return Ok(());
        }
        let who: Vec<Who> = names.iter().map(|name| Who::Name(name.as_str().to_owned())).collect();
        for batch in who.chunks(BATCH) {
            self.post(Some(chat), None, &Intent::Add { who: batch.to_vec() })?;
        }
        Ok(())
    }

    /// All or nobody: who named the wrong people meant others.
    fn cannot_add(&self, chat: &ChatId, names: &[AccountName]) -> Result<Option<Problem>, StoreError> {
        let there = members::accounts(self.tx, chat)?;
        if names.is_empty() {
            return Ok(Some(Problem::Nobody));
        }
        if there.len() + names.len() > limits::ROSTER {
            return Ok(Some(Problem::TooMany));
        }
        for name in names {
            if trust::account::by_name(self.tx, name.as_str())?.is_some_and(|account| there.contains(&account)) {
                return Ok(Some(Problem::AlreadyMember));
            }
        }
        self.unwanted(names)
    }

    pub(super) fn remove_member(&mut self, identity: &Identity, chat: ChatId, account: AccountId) -> Result<(), StoreError> {
        if !self.as_admin(identity, chat)? {
            return Ok(());
        }
        let problem = if account == identity.account {
            Problem::Yourself
        } else if !members::accounts(self.tx, &chat)?.contains(&account) {
            Problem::NotThere
        } else {
            return self.post(Some(chat), None, &Intent::Remove(account.0)).map(drop);
        };
        self.fail(Some(chat), problem);
        Ok(())
    }

    pub(super) fn set_admin(&mut self, identity: &Identity, chat: ChatId, account: AccountId, on: bool) -> Result<(), StoreError> {
        if !self.as_admin(identity, chat)? {
            return Ok(());
        }
        let admins = members::admins(self.tx, &chat)?;
        let problem = if !members::accounts(self.tx, &chat)?.contains(&account) {
            Problem::NotThere
        } else if admins.contains(&account) == on {
            Problem::NoChange
        } else if !on && admins == [account] {
            Problem::LastAdmin
        } else if on && admins.len() >= ADMINS {
            Problem::TooManyAdmins
        } else {
            return self.post(Some(chat), None, &Intent::SetAdmin(account.0, on)).map(drop);
        };
        self.fail(Some(chat), problem);
        Ok(())
    }

    pub(super) fn rename(&mut self, identity: &Identity, chat: ChatId, title: &str) -> Result<(), StoreError> {
        if !self.as_admin(identity, chat)? {
            return Ok(());
        }
        let problem = if !is_title(title) {
            Problem::BadTitle
        } else if chat::find(self.tx, &chat)?.is_some_and(|found| found.title == title) {
            Problem::NoChange
        } else {
            return self.post(Some(chat), None, &Intent::Rename(title.to_owned())).map(drop);
        };
        self.fail(Some(chat), problem);
        Ok(())
    }

    /// Leaves: says so, and waits for another member's device to make the Commit.
    pub(super) fn leave(&mut self, identity: &Identity, chat: ChatId) -> Result<(), StoreError> {
        let Some(found) = chat::find(self.tx, &chat)?.filter(|found| found.state != ChatState::Left) else {
            self.fail(Some(chat), Problem::NotAMember);
            return Ok(());
        };
        if found.state == ChatState::Leaving {
            self.fail(Some(chat), Problem::NoChange);
            return Ok(());
        }
        let members = members::accounts(self.tx, &chat)?;
        let admins = members::admins(self.tx, &chat)?;
        if !found.direct && admins == [identity.account] && members.len() > 1 {
            self.fail(Some(chat), Problem::LastAdmin);
            return Ok(());
        }
        if members.len() <= 1 || found.group.is_none() || found.direct {
            // Nobody else is there to be told; a chat of two ends silently, and is founded again if we write again.
            return self.left(&chat);
        }
        chat::set_state(self.tx, &chat, ChatState::Leaving)?;
        self.post(Some(chat), None, &Intent::Leave)?;
        self.tell(Event::ChatChanged(chat));
        Ok(())
    }
}

/// One line that says something.
fn is_title(title: &str) -> bool {
    !title.trim().is_empty() && title.len() <= TITLE && !title.chars().any(char::is_control)
}

fn distinct(mut names: Vec<AccountName>) -> Vec<AccountName> {
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.as_str().to_owned()));
    names
}
