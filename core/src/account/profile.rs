//! What people want to be called, besides the name that the server knows.
//!
//! ```text
//!   chosen ──► beside our next words in each chat where somebody has not heard it
//!         └──► to our other devices, see `siblings`
//! ```
//! Called by commands and the inbox. Proves nothing: it is shown beside the
//! account's name. A stranger who asks to talk hears nothing before our answer.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::{AccountId, Millis};

use super::me;
use crate::content::{Profile, is_display};
use crate::output::Problem;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::ChatId;
use crate::{Event, chat};

/// What an account wants to be called, where it said so.
pub(crate) fn display_of(tx: &Tx<'_>, account: &AccountId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT coalesce((SELECT display FROM me WHERE account = ?1), (SELECT display FROM account WHERE account = ?1), '')";
    let display: String = tx.prepare_cached(sql)?.query_row([account.as_bytes()], |row| row.get(0))?;
    Ok(Some(display).filter(|display| !display.is_empty()))
}

/// What we chose, and when; `None` where nothing ever was.
pub(super) fn own(tx: &Tx<'_>) -> Result<Option<Profile>, StoreError> {
    let sql = "SELECT display, display_set FROM me WHERE display_set > 0";
    read(tx.prepare_cached(sql)?.query_row([], columns).optional()?)
}

/// The same, where not everybody in the chat was told.
fn untold(tx: &Tx<'_>, chat: &ChatId) -> Result<Option<Profile>, StoreError> {
    let sql = "SELECT display, display_set FROM me WHERE display_set > (SELECT told_profile FROM chat WHERE chat = ?1)";
    read(tx.prepare_cached(sql)?.query_row([chat.0], columns).optional()?)
}

fn columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn read(row: Option<(String, i64)>) -> Result<Option<Profile>, StoreError> {
    Ok(row.and_then(|(display, set)| Profile::new(&display, Millis(set.cast_unsigned()))))
}

/// Everybody in the chat was told what we chose then; 0 where somebody new was told nothing.
pub(crate) fn set_told(tx: &Tx<'_>, chat: &ChatId, set: Millis) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE chat SET told_profile = ?2, told_devices = CASE WHEN ?2 = 0 THEN 0 ELSE told_devices END WHERE chat = ?1",
    )?
    .execute(params![chat.0, set.0.cast_signed()])?;
    Ok(())
}

impl Turn<'_> {
    /// A person chooses what to be called; empty takes it back.
    pub(crate) fn set_display(&mut self, display: &str) -> Result<(), StoreError> {
        let known = own(self.tx)?;
        if known.as_ref().map_or("", Profile::display) == display.trim() {
            return Ok(());
        }
        // Later than what any device of ours chose before, whatever its clock said.
        let set = Millis(self.now.0.max(known.map_or(0, |known| known.set().0.saturating_add(1))));
        let Some(chosen) = Profile::new(display.trim(), set) else {
            self.fail(None, Problem::BadDisplay);
            return Ok(());
        };
        self.tx.execute("UPDATE me SET display = ?1, display_set = ?2", params![chosen.display(), set.0.cast_signed()])?;
        self.tell_siblings()
    }

    /// What goes beside words of ours, where somebody in the chat has not heard it.
    pub(crate) fn introduction(&mut self, chat: &ChatId) -> Result<Option<Profile>, StoreError> {
        let profile = untold(self.tx, chat)?;
        if let Some(profile) = &profile {
            set_told(self.tx, chat, profile.set())?;
        }
        Ok(profile)
    }

    /// A member, perhaps another device of ours, said in a chat what to be called.
    pub(crate) fn profile_came(&mut self, chat: &ChatId, from: &AccountId, profile: &Profile) -> Result<(), StoreError> {
        if me::account(self.tx)? == Some(*from) {
            self.own_profile_came(profile)?;
            // Who heard it of that device need not hear it of this one.
            return if untold(self.tx, chat)?.as_ref() == Some(profile) { set_told(self.tx, chat, profile.set()) } else { Ok(()) };
        }
        let sql = "UPDATE account SET display = ?2, display_set = ?3 WHERE account = ?1 AND display_set < ?3";
        let values = params![from.as_bytes(), profile.display(), profile.set().0.cast_signed()];
        if self.tx.prepare_cached(sql)?.execute(values)? > 0 {
            for chat in chat::members::chats_of(self.tx, from)? {
                self.tell(Event::ChatChanged(chat));
            }
        }
        Ok(())
    }

    /// Another device of ours says what we want to be called: of two choices the later one counts.
    pub(super) fn own_profile_came(&mut self, profile: &Profile) -> Result<(), StoreError> {
        let sql = "UPDATE me SET display = ?1, display_set = ?2 WHERE display_set < ?2";
        self.tx.execute(sql, params![profile.display(), profile.set().0.cast_signed()])?;
        Ok(())
    }
}

/// Whether a device may be called so: something that can be shown.
pub(crate) fn is_device_name(name: &str) -> bool {
    !name.is_empty() && is_display(name)
}
