//! Leaves of a group that we joined, until each is proven: words wait so long.
//!
//! ```text
//!   joined ──► every leaf listed by its account? ──► yes: speak
//!                 │ no, or no chain here: fetch it, words wait
//!                 ├──► listed now ──► speak
//!                 ├──► not listed ──► a Sync removes the leaf ──► speak
//!                 └──► no such account, says the server ──► speak; the member is shown without a name
//! ```
//! Called by `inbox` (joined, a Commit came), by `heal` (a chain came) and by
//! `outbox` (may words go?). Who was a member before judged every later leaf
//! when it came; only who joins meets leaves that nobody vouched for.

use std::collections::BTreeSet;

use rusqlite::params;
use waxseal_wire::id::{AccountId, GroupId};

use crate::chat;
use crate::group::{GroupError, MemberLeaf};
use crate::store::StoreError;
use crate::trust;
use crate::turn::Turn;

impl Turn<'_> {
    /// We joined: leaves that are not proven hold back what is written, and their chains are fetched.
    pub(crate) fn hold_leaves(&mut self, group: &GroupId, members: &[MemberLeaf]) -> Result<(), StoreError> {
        let accounts: BTreeSet<_> = members.iter().map(|leaf| leaf.account).collect();
        for account in accounts {
            if self.lists_all(&account, members)? != Some(true) {
                self.tx
                    .prepare_cached("INSERT OR IGNORE INTO unproven (grp, account) VALUES (?1, ?2)")?
                    .execute(params![group.0, account.0])?;
                trust::want(self.tx, &account)?;
            }
        }
        Ok(())
    }

    /// Whether what is written to a group waits until its leaves are proven.
    pub(crate) fn is_held(&self, group: &GroupId) -> Result<bool, StoreError> {
        Ok(self.tx.prepare_cached("SELECT 1 FROM unproven WHERE grp = ?1")?.exists([group.0])?)
    }

    /// The chain of an account was asked for: are its leaves proven now?
    pub(crate) fn prove_leaves_of(&mut self, account: &AccountId) -> Result<(), StoreError> {
        let groups = {
            let mut rows = self.tx.prepare_cached("SELECT grp FROM unproven WHERE account = ?1")?;
            rows.query_map([account.0], |row| row.get(0).map(GroupId))?.collect::<Result<Vec<_>, _>>()?
        };
        for group in groups {
            self.prove(&group, &[*account], true)?;
        }
        Ok(())
    }

    /// The tree changed: a false leaf may be gone.
    pub(crate) fn prove_leaves_in(&mut self, group: &GroupId) -> Result<(), StoreError> {
        let accounts = {
            let mut rows = self.tx.prepare_cached("SELECT account FROM unproven WHERE grp = ?1")?;
            rows.query_map([group.0], |row| row.get(0).map(AccountId))?.collect::<Result<Vec<_>, _>>()?
        };
        if accounts.is_empty() { Ok(()) } else { self.prove(group, &accounts, false) }
    }

    fn prove(&mut self, group: &GroupId, accounts: &[AccountId], asked: bool) -> Result<(), StoreError> {
        let members = self.with_group(group, |group, _, _| Ok::<_, GroupError>(group.members()))?.and_then(Result::ok);
        let members = members.unwrap_or_default();
        for account in accounts {
            let gone = members.iter().all(|leaf| leaf.account != *account);
            // A server that knows no such account could hold us back for ever; that would help nobody.
            let done = gone || self.lists_all(account, &members)?.unwrap_or(asked);
            if done {
                self.tx
                    .prepare_cached("DELETE FROM unproven WHERE grp = ?1 AND account = ?2")?
                    .execute(params![group.0, account.0])?;
            }
        }
        if self.is_held(group)? {
            return Ok(());
        }
        match chat::group(self.tx, group)? {
            Some(place) => self.let_words_go(&place.chat),
            None => Ok(()),
        }
    }

    /// Whether an account's chain lists every leaf in its name; `None` where no chain is here.
    fn lists_all(&self, account: &AccountId, members: &[MemberLeaf]) -> Result<Option<bool>, StoreError> {
        let Some(chain) = trust::chain(self.tx, account)? else { return Ok(None) };
        let listed = |leaf: &MemberLeaf| chain.device(&leaf.device).is_some_and(|entry| entry.key == leaf.key);
        Ok(Some(members.iter().filter(|leaf| leaf.account == *account).all(listed)))
    }
}
