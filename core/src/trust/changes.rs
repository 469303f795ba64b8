//! What became of the devices and names of people we know: told in every chat with them, and, where a person wants it,
//! looked at by them before words go on.
//!
//! ```text
//!   a chain grew ──► changed_device ──► at the end of the turn: a notice in each chat with them
//!                                  └──► a device more: words wait, until the person says that it is right
//!   a name is somebody else's now ──► a notice, not verified any more; the new one only where the person wants it
//! ```
//! Called by `account` (what changed), `lookup`, `outbox` (may words go?), commands and the turn. A chain is only ever kept
//! where its account has signed it: what is told here is no doubt, it is what happened.

use rusqlite::params;
use waxseal_wire::chain::Chain;
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::name::AccountName;

use super::account;
use crate::account::named;
use crate::content::{Body, Content};
use crate::output::Problem;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::{ChangedDevice, ChatId, Notice};
use crate::{Event, chat};

/// Notes what a longer chain changed, to be told at the end of the turn.
pub(super) fn note(tx: &Tx<'_>, before: &Chain, after: &Chain, now: Millis) -> Result<(), StoreError> {
    let sql = "INSERT INTO changed_device (account, device, at, added) VALUES (?1, ?2, ?3, ?4)";
    let added = after.devices().iter().filter(|one| before.device(&one.id).is_none()).map(|one| (one.id, one.added, true));
    let removed = before.devices().iter().filter(|one| after.device(&one.id).is_none()).map(|one| (one.id, now, false));
    for (device, at, is_added) in added.chain(removed) {
        tx.prepare_cached(sql)?.execute(params![after.account().as_bytes(), device.as_bytes(), at.0.cast_signed(), is_added])?;
    }
    named::prove(tx, after)
}

/// In whom of a chat something changed that the person has not looked at, where they want to.
pub(crate) fn held(tx: &Tx<'_>, chat: &ChatId) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT account FROM account WHERE changed > 0 AND (SELECT require_verification FROM me)
               AND account != (SELECT account FROM me)
               AND account IN (SELECT account FROM member WHERE chat = ?1 UNION SELECT peer FROM chat WHERE chat = ?1)
               ORDER BY name";
    let mut rows = tx.prepare_cached(sql)?;
    Ok(rows.query_map([chat.0], |row| row.get(0).map(AccountId))?.collect::<Result<_, _>>()?)
}

/// The person looked at it.
fn look_at(tx: &Tx<'_>, account: &AccountId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE account SET changed = 0 WHERE account = ?1")?.execute([account.as_bytes()])?;
    Ok(())
}

impl Turn<'_> {
    /// Tells what changed in this turn, once in each chat.
    pub(crate) fn tell_changes(&mut self) -> Result<(), StoreError> {
        let mut changed: Vec<(AccountId, bool, ChangedDevice)> = Vec::new();
        {
            let mut select = self.tx.prepare_cached("SELECT account, device, at, added FROM changed_device ORDER BY rowid")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let (device, at) = (DeviceId(row.get(1)?), Millis(row.get::<_, i64>(2)?.cast_unsigned()));
                changed.push((AccountId(row.get(0)?), row.get(3)?, ChangedDevice { device, name: None, at }));
            }
        }
        let Some((first, ..)) = changed.first() else { return Ok(()) };
        let (account, own) = (*first, self.own_account()?);
        let devices = |is_added: bool| {
            let of = changed.iter().filter(|(whose, added, _)| *whose == account && *added == is_added);
            of.map(|(.., device)| device.clone()).collect::<Vec<_>>()
        };
        let (added, removed) = (devices(true), devices(false));
        self.tx.prepare_cached("DELETE FROM changed_device WHERE account = ?1")?.execute([account.as_bytes()])?;
        if own != Some(account) {
            if !removed.is_empty() {
                self.tell_in_chats(&account, &Notice::DeviceRemoved(account, removed))?;
            }
            if !added.is_empty() {
                self.tx.prepare_cached("UPDATE account SET changed = 1 WHERE account = ?1")?.execute([account.as_bytes()])?;
                self.tell_in_chats(&account, &Notice::DeviceAdded(account, added))?;
            }
        }
        self.tell_changes()
    }

    fn tell_in_chats(&mut self, account: &AccountId, notice: &Notice) -> Result<(), StoreError> {
        for id in chat::members::chats_of(self.tx, account)? {
            if let Some(place) = chat::current(self.tx, &id)? {
                self.note(&place, place.position.0, Some(*account), notice.clone())?;
            }
        }
        Ok(())
    }

    /// The directory proves that this account's name is somebody else's now. Of our own, `account::watch` tells.
    pub(super) fn identity_changed(&mut self, former: &AccountId) -> Result<(), StoreError> {
        if self.own_account()? == Some(*former) {
            return Ok(());
        }
        let sql = "UPDATE account SET renamed = 1, verified = 0, changed = 1 WHERE account = ?1 AND NOT renamed";
        if self.tx.prepare_cached(sql)?.execute([former.as_bytes()])? > 0 {
            self.tell_in_chats(former, &Notice::IdentityChanged(*former))?;
        }
        Ok(())
    }

    /// The person knows that somebody else has the name: the former account goes without one, the next look-up finds the other.
    pub(crate) fn accept_identity(&mut self, name: &AccountName) -> Result<(), StoreError> {
        let former = account::by_name(self.tx, name.as_str())?;
        let sql = "UPDATE account SET name = '' WHERE account = ?1 AND renamed";
        let Some(former) = former else { return self.nothing_changed() };
        if self.tx.prepare_cached(sql)?.execute([former.as_bytes()])? == 0 {
            return self.nothing_changed();
        }
        for id in chat::members::chats_of(self.tx, &former)? {
            self.tell(Event::ChatChanged(id));
        }
        Ok(())
    }

    fn nothing_changed(&mut self) -> Result<(), StoreError> {
        self.fail(None, Problem::NoChange);
        Ok(())
    }

    /// The person says that what changed in somebody is right: words that waited go.
    pub(crate) fn go_on(&mut self, account: &AccountId) -> Result<(), StoreError> {
        look_at(self.tx, account)?;
        for id in chat::members::chats_of(self.tx, account)? {
            self.let_all_go(&id)?;
            self.tell(Event::ChatChanged(id));
        }
        Ok(())
    }

    /// The safety number was compared, or the mark is taken back.
    pub(crate) fn mark_verified(&mut self, account: &AccountId, on: bool) -> Result<(), StoreError> {
        account::set_verified(self.tx, account, on)?;
        if on { self.go_on(account) } else { Ok(()) }
    }

    /// Whether words wait when somebody's devices change. What is known now is right; switched off, what waited goes.
    pub(crate) fn require_verification(&mut self, on: bool) -> Result<(), StoreError> {
        let mut held = Vec::new();
        {
            let mut select = self.tx.prepare_cached("SELECT account FROM account WHERE changed > 0")?;
            for account in select.query_map([], |row| row.get(0).map(AccountId))? {
                held.push(account?);
            }
        }
        self.tx.execute("UPDATE me SET require_verification = ?1", [on])?;
        held.iter().try_for_each(|account| self.go_on(account))
    }

    /// Whether this content is a person's words, and somebody in the chat is to be looked at first. What keeps the group whole, and
    /// receipts, go on: it is what the person says that a device must not hear unasked.
    pub(crate) fn waits_for_a_look(&self, chat: &ChatId, content: &[u8]) -> Result<bool, StoreError> {
        if held(self.tx, chat)?.is_empty() {
            return Ok(false);
        }
        let content = Content::from_padded(content);
        Ok(content.is_ok_and(|content| matches!(content.body, Body::Text(_) | Body::Reaction(_) | Body::Delete)))
    }
}
