//! Whom a founding anew has not brought along yet, and bringing them.
//!
//! ```text
//!   the first of a large group ──────────► come with the founding
//!   the rest, who has no KeyPackage now ──► left out ──► brought in batches, by the founder, or by whoever is next
//! ```
//! Called by `heal::refound`, by the inbox and by the outbox. The policy of a group that was founded anew holds a hash
//! of all who have a seat in the chat, and names who was left out on purpose. Whoever was in the chat before knows the
//! seats by that, and lets anybody bring back who has one; whoever was not, cannot know, and goes along.

use std::collections::BTreeSet;

use rusqlite::params;
use waxseal_wire::id::AccountId;

use crate::chat::{self, ChatGroup, GroupState};
use crate::group::{MemberLeaf, Policy, seats};
use crate::outbox::{self, Intent, Stage};
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::ChatId;

/// Whoever founded the group goes on soon, in milliseconds.
pub(crate) const FOUNDER: (u64, u64) = (500, 1_500);
/// Others wait whether the founder does it, in milliseconds, and then for their turn.
const OTHERS: u64 = 60_000;

/// Whom anybody may bring back into a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seats {
    /// These.
    Of(BTreeSet<AccountId>),
    /// We were not in the chat when it was founded anew.
    Unknown,
}

impl Seats {
    /// Whether anybody may bring them back.
    pub(crate) fn holds(&self, account: &AccountId) -> bool {
        match self {
            Self::Of(accounts) => accounts.contains(account),
            Self::Unknown => true,
        }
    }
}

/// Who has a seat in a chat and is not in its group.
pub(crate) fn all(tx: &Tx<'_>, chat: &ChatId) -> Result<BTreeSet<AccountId>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT account FROM left_out WHERE chat = ?1")?;
    Ok(rows.query_map([chat.0], |row| row.get(0).map(AccountId))?.collect::<Result<_, _>>()?)
}

/// The next of them to be tried: those first whose KeyPackages were missing least often; and how often that was.
pub(crate) fn next(tx: &Tx<'_>, chat: &ChatId, limit: usize) -> Result<(Vec<AccountId>, u32), StoreError> {
    let mut rows = tx.prepare_cached("SELECT account, tried FROM left_out WHERE chat = ?1 ORDER BY tried, account LIMIT ?2")?;
    let found = rows.query_map(params![chat.0, limit], |row| Ok((AccountId(row.get(0)?), row.get::<_, u32>(1)?)))?;
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let tried = found.first().map_or(0, |(_, tried)| *tried);
    Ok((found.into_iter().map(|(account, _)| account).collect(), tried))
}

/// No KeyPackage of this one was there.
pub(crate) fn missed(tx: &Tx<'_>, chat: &ChatId, account: &AccountId) -> Result<(), StoreError> {
    let sql = "UPDATE left_out SET tried = tried + 1 WHERE chat = ?1 AND account = ?2";
    tx.prepare_cached(sql)?.execute(params![chat.0, account.0])?;
    Ok(())
}

/// Whom anybody may bring back, by the policy of the group that carries the chat; nobody where it was never founded anew.
pub(crate) fn seats_of(tx: &Tx<'_>, chat: &ChatId, policy: &Policy) -> Result<Seats, StoreError> {
    let known = "SELECT 1 FROM chat WHERE chat = ?1 AND seats_known";
    Ok(match policy.seats {
        None => Seats::Of(BTreeSet::new()),
        Some(_) if tx.prepare_cached(known)?.exists([chat.0])? => Seats::Of(all(tx, chat)?),
        Some(_) => Seats::Unknown,
    })
}

fn keep(tx: &Tx<'_>, chat: &ChatId, accounts: impl Iterator<Item = AccountId>, known: bool) -> Result<(), StoreError> {
    tx.execute("DELETE FROM left_out WHERE chat = ?1", [chat.0])?;
    for account in accounts {
        tx.execute("INSERT OR IGNORE INTO left_out (chat, account) VALUES (?1, ?2)", params![chat.0, account.0])?;
    }
    tx.execute("UPDATE chat SET seats_known = ?2 WHERE chat = ?1", params![chat.0, known])?;
    Ok(())
}

/// Who is in needs not to be brought.
pub(super) fn settle(tx: &Tx<'_>, chat: &ChatId) -> Result<(), StoreError> {
    let sql = "DELETE FROM left_out WHERE chat = ?1 AND account IN (SELECT account FROM member WHERE chat = ?1)";
    tx.prepare_cached(sql)?.execute([chat.0])?;
    Ok(())
}

impl Turn<'_> {
    /// All who have a seat in a chat, as far as we know: its members, and whom it waits for.
    pub(crate) fn seated(&self, chat: &ChatId) -> Result<BTreeSet<AccountId>, StoreError> {
        let mut seated = all(self.tx, chat)?;
        seated.extend(chat::members::accounts(self.tx, chat)?);
        Ok(seated)
    }

    /// We found the chat's group anew: who is not in it yet is brought along after.
    pub(super) fn leave_for_later(&mut self, chat: &ChatId, seated: &BTreeSet<AccountId>) -> Result<(), StoreError> {
        keep(self.tx, chat, seated.iter().copied(), true)
    }

    /// Another's group takes over: whoever has a seat and is not in it is brought back, by us too if nobody does.
    pub(crate) fn count_seats(&mut self, place: &ChatGroup, members: &[MemberLeaf]) -> Result<(), StoreError> {
        let Some(policy) = self.policy_of(place)?.filter(|policy| policy.seats.is_some() && !policy.direct) else {
            return keep(self.tx, &place.chat, core::iter::empty(), false);
        };
        let seated: BTreeSet<_> = self.seated(&place.chat)?.difference(&policy.without).copied().collect();
        let known = policy.seats == Some(seats(&seated));
        let there: BTreeSet<_> = members.iter().map(|leaf| leaf.account).collect();
        let gone = seated.difference(&there).copied().filter(|_| known);
        keep(self.tx, &place.chat, gone, known)?;
        let turn = self.turn_of(&place.group, None)?;
        self.bring_back(&place.chat, (turn.0.saturating_sub(self.now.0) + OTHERS, turn.0.saturating_sub(self.now.0) + OTHERS * 2))
    }

    /// Plans to bring back who is left out, where somebody is.
    pub(crate) fn bring_back(&mut self, chat: &ChatId, (least, most): (u64, u64)) -> Result<(), StoreError> {
        if all(self.tx, chat)?.is_empty() || self.is_posted(chat, |intent| *intent == Intent::Bring)? {
            return Ok(());
        }
        let due = self.later(least, most);
        self.post_at(Some(*chat), &Intent::Bring, due).map(drop)
    }

    /// Somebody who is not in asks to be: who has a seat has KeyPackages again, and is next.
    pub(crate) fn bring_soon(&mut self, place: &ChatGroup, account: &AccountId) -> Result<(), StoreError> {
        if place.state != GroupState::Open || !all(self.tx, &place.chat)?.contains(account) {
            return Ok(());
        }
        let next = "UPDATE left_out SET tried = 0 WHERE chat = ?1 AND account = ?2";
        self.tx.prepare_cached(next)?.execute(params![place.chat.0, account.0])?;
        let due = self.turn_of(&place.group, None)?;
        let posted = outbox::of_chat(self.tx, &place.chat)?.into_iter().find(|entry| entry.intent == Intent::Bring);
        match posted {
            Some(mut entry) if entry.stage == Stage::Queued && entry.due > due => {
                entry.keys = None;
                entry.due = due;
                entry.save(self.tx)
            }
            Some(_) => Ok(()),
            None => self.post_at(Some(place.chat), &Intent::Bring, due).map(drop),
        }
    }

    /// Who of these accounts, of a group that was founded anew, is neither in it nor has a seat in it.
    pub(super) fn unseated(
        &self,
        chat: &ChatId,
        policy: &Policy,
        gone: &BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        let seated: BTreeSet<_> = self.seated(chat)?.difference(&policy.without).copied().collect();
        let known = policy.seats == Some(seats(&seated));
        Ok(gone.iter().copied().filter(|account| !known || policy.without.contains(account)).collect())
    }

    /// The policy of a group that loads.
    pub(super) fn policy_of(&mut self, place: &ChatGroup) -> Result<Option<Policy>, StoreError> {
        Ok(self.with_group(&place.group, |group, _, _| group.policy())?.and_then(Result::ok))
    }
}
