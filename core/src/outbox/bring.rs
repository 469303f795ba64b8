//! Bringing back whom a founding anew has left out, a look-up and a Commit at a time.
//!
//! Called by `outbox`. Who has no KeyPackage is tried again, the others first; nobody is asked, and nobody is told.

use waxseal_wire::id::AccountId;

use super::{Entry, Who, entry};
use crate::group::{Identity, OfferedKeyPackage};
use crate::heal::left_out;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::ChatId;

/// People of one batch.
const BATCH: usize = 64;
/// Between two batches of which nobody could come, in milliseconds.
const SOON: u64 = 2_000;
/// The shortest wait where nobody has a KeyPackage, in milliseconds; twice as long each time, up to 32 times.
const WAIT: u64 = 5 * 60 * 1000;

impl Turn<'_> {
    pub(super) fn begin_bring(&mut self, entry: &Entry, identity: &Identity) -> Result<bool, StoreError> {
        let left = entry.chat.map(|chat| left_out::all(self.tx, &chat)).transpose()?.unwrap_or_default();
        if left.is_empty() {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        }
        if entry.keys.is_none() {
            self.ask_keys(entry, &identity.account)?;
            return Ok(false);
        }
        if self.offers(entry)?.iter().all(|(account, offers)| offers.is_empty() || !left.contains(account)) {
            self.bring_later(entry)?;
            return Ok(false);
        }
        self.begin_commit(entry, identity)
    }

    /// Nobody of these can come now.
    pub(super) fn bring_later(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let Some(chat) = entry.chat else { return entry::delete(self.tx, entry.id) };
        let (_, tried) = left_out::next(self.tx, &chat, 1)?;
        let wait = if tried == 0 { SOON } else { WAIT << (tried - 1).min(5) };
        let mut again = Entry { keys: None, ..entry.clone() };
        again.requeue(self.later(wait, wait + wait / 2));
        again.save(self.tx)
    }

    /// Whom to look up for it.
    pub(super) fn whom_to_bring(&self, chat: Option<&ChatId>) -> Result<Vec<Who>, StoreError> {
        let Some(chat) = chat else { return Ok(Vec::new()) };
        let (next, _) = left_out::next(self.tx, chat, BATCH)?;
        Ok(next.into_iter().map(|account| Who::Account(account.0)).collect())
    }

    /// Takes note of who had no KeyPackage.
    pub(super) fn note_missing(
        &mut self,
        chat: Option<&ChatId>,
        asked: &[Who],
        usable: &[super::keys::Found],
    ) -> Result<(), StoreError> {
        let Some(chat) = chat else { return Ok(()) };
        for who in asked {
            let Who::Account(account) = who else { continue };
            if !usable.iter().any(|found| found.account == *account && !found.key_packages.is_empty()) {
                left_out::missed(self.tx, chat, &AccountId(*account))?;
            }
        }
        Ok(())
    }

    /// Those of these offers that may be brought.
    pub(super) fn to_bring(
        &self,
        entry: &Entry,
        offers: Vec<(AccountId, Vec<OfferedKeyPackage>)>,
    ) -> Result<Vec<OfferedKeyPackage>, StoreError> {
        let left = entry.chat.map(|chat| left_out::all(self.tx, &chat)).transpose()?.unwrap_or_default();
        Ok(offers.into_iter().filter(|(account, _)| left.contains(account)).flat_map(|(_, offers)| offers).collect())
    }
}
