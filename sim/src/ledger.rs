//! The ledger: what an honest server accepted, in which order, and for whom.
//!
//! Written by `town::server` beside the real rules, from what whoever runs the
//! server sees in plain; read by `checks`. It is the model that houses are held
//! against: who was a member when, by addresses alone.

use std::collections::{BTreeMap, BTreeSet};

use waxseal_core::store::StoreError;
use waxseal_core::view::ChatId;
use waxseal_wire::id::{AliasId, Epoch, GroupId, Position};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Lent, Request, RosterChange, RosterEntry};

use crate::town::{Broken, Town};

/// Who said something, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The house.
    pub house: usize,
    /// The chat, as the house knows it.
    pub chat: ChatId,
}

/// What was accepted at one position of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The epoch it was sealed in.
    pub epoch: Epoch,
    /// Whether it moved the group on.
    pub is_commit: bool,
    /// Whose address it was submitted by.
    pub from: AliasId,
    /// Whose mailboxes it went to.
    pub to: BTreeSet<AliasId>,
    /// What it says, where a person said it.
    pub text: Option<String>,
}

/// One group.
#[derive(Debug, Default)]
pub struct GroupLedger {
    /// How many were founded before it.
    pub founded: usize,
    /// All that was accepted.
    pub accepted: BTreeMap<Position, Accepted>,
    /// Where each address came in by a Welcome.
    pub welcomed: BTreeMap<AliasId, Position>,
    /// The addresses that are in it now.
    pub roster: BTreeSet<AliasId>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Every group that was founded.
    pub groups: BTreeMap<GroupId, GroupLedger>,
    /// Which house an address belongs to.
    pub houses: BTreeMap<AliasId, usize>,
    /// What people said in a submit, message by message, by its idempotency key; receipts and the like say nothing.
    pub texts: BTreeMap<[u8; 16], Vec<Option<String>>>,
}

impl Ledger {
    /// Words that were taken a second time, in the same group or in one founded after it, where a house that had heard them
    /// was not in: that they moved, it cannot know.
    pub(crate) fn moved_unheard(&self, house: usize) -> BTreeSet<String> {
        let hears = |one: &Accepted| one.to.iter().chain([&one.from]).any(|alias| self.houses.get(alias) == Some(&house));
        let (mut moved, mut heard) = (BTreeSet::new(), BTreeSet::new());
        let mut groups: Vec<_> = self.groups.values().collect();
        groups.sort_by_key(|group| group.founded);
        for group in groups {
            for one in group.accepted.values() {
                let Some(text) = &one.text else { continue };
                if hears(one) {
                    heard.insert(text);
                    moved.remove(text);
                } else if heard.contains(text) {
                    moved.insert(text.clone());
                }
            }
        }
        moved
    }

    /// A house published addresses.
    pub(crate) fn published(&mut self, house: usize, request: &DeviceRequest) {
        if let DeviceRequest::PublishKeys(publish) = request {
            let keys = publish.key_packages.iter().map(|upload| upload.alias);
            self.houses.extend(keys.chain(publish.aliases.iter().copied()).map(|alias| (alias, house)));
        }
    }

    /// The server accepted this at this position; the same again changes nothing.
    pub(crate) fn accepted(&mut self, request: AnonymousRequest, position: Position) {
        match request {
            AnonymousRequest::Found(found) => {
                let founded = self.groups.len();
                let group =
                    self.groups.entry(found.lent.group).or_insert_with(|| GroupLedger { founded, ..GroupLedger::default() });
                if !group.roster.is_empty() {
                    return;
                }
                group.roster = aliases(&found.roster);
                group.welcomed.extend(found.welcomes.iter().map(|one| (one.alias, Position(0))));
                let first = position.0.saturating_sub(found.messages.len() as u64);
                let texts = self.texts.remove(&found.lent.idempotency_key.0).unwrap_or_default();
                for (number, text) in (first..position.0).zip(texts.into_iter().chain(std::iter::repeat(None))) {
                    group.enter(Position(number + 1), &found.lent, false, text);
                }
            }
            AnonymousRequest::SubmitMessage(submit) => {
                let group = self.groups.entry(submit.lent.group).or_default();
                let text = self.texts.get_mut(&submit.lent.idempotency_key.0).and_then(Vec::pop).flatten();
                group.enter(position, &submit.lent, false, text);
            }
            AnonymousRequest::SubmitCommit(submit) => {
                let group = self.groups.entry(submit.lent.group).or_default();
                if !group.enter(position, &submit.lent, true, None) {
                    return;
                }
                match &submit.roster {
                    RosterChange::Replace(all) => group.roster = aliases(all),
                    RosterChange::Edit { add, remove } => {
                        group.roster.retain(|alias| !remove.contains(alias));
                        group.roster.extend(aliases(add));
                    }
                }
                group.welcomed.extend(submit.welcomes.iter().map(|one| (one.alias, position)));
            }
            _ => {}
        }
    }

    /// How many Commits and messages were accepted.
    pub fn count(&self) -> (u64, u64) {
        let all = self.groups.values().flat_map(|group| group.accepted.values());
        let commits = all.clone().filter(|one| one.is_commit).count() as u64;
        (commits, all.count() as u64 - commits)
    }

    /// The houses that are in a group now.
    pub fn members(&self, group: &GroupId) -> BTreeSet<usize> {
        let roster = self.groups.get(group).map(|group| group.roster.iter());
        roster.into_iter().flatten().filter_map(|alias| self.houses.get(alias).copied()).collect()
    }
}

impl Town {
    /// Notes what a person said in a submit that leaves a house; sealed, nobody could tell any more.
    pub(crate) fn note_texts(&mut self, house: usize, request: &Request) -> Result<(), Broken> {
        let key = match request {
            Request::Anonymous(AnonymousRequest::SubmitMessage(submit)) => submit.lent.idempotency_key.0,
            Request::Anonymous(AnonymousRequest::Found(found)) => found.lent.idempotency_key.0,
            _ => return Ok(()),
        };
        if self.ledger.texts.contains_key(&key) {
            return Ok(());
        }
        let texts = self.houses[house].client().store_mut().read(|tx| {
            let mut select =
                tx.prepare_cached("SELECT id, carries FROM outbox WHERE request IS NOT NULL AND instr(request, ?1) > 0")?;
            let mut rows = select.query([key])?;
            let Some(row) = rows.next()? else { return Ok(Vec::new()) };
            let (own, carries): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let carried = carries.chunks_exact(8).map(|id| id.iter().fold(0, |id, byte| id << 8 | i64::from(*byte)));
            let said = "SELECT text FROM message WHERE kind = 0 AND id = (SELECT message FROM outbox WHERE id = ?1)";
            let mut texts = Vec::new();
            for id in carried.chain([own]) {
                let mut select = tx.prepare_cached(said)?;
                texts.push(select.query_map([id], |row| row.get(0))?.next().transpose()?);
            }
            Ok::<_, StoreError>(texts)
        })?;
        self.ledger.texts.insert(key, texts);
        Ok(())
    }
}

impl Town {
    /// What somebody said under a name was said in the chat with that person.
    pub(crate) fn follow(&mut self, house: usize, from: ChatId, to: ChatId) {
        for said in self.said.values_mut().filter(|said| said.house == house && said.chat == from) {
            said.chat = to;
        }
    }

    /// A process that died may have moved words without anybody hearing of it; a shell that starts looks, and so do we.
    pub(crate) fn follow_unheard(&mut self, house: usize) -> Result<(), Broken> {
        let own = self.said.iter().filter(|(_, said)| said.house == house);
        let own: Vec<_> = own.map(|(text, said)| (text.clone(), said.chat)).collect();
        for (text, chat) in own {
            if self.houses[house].client().chat(chat)?.is_none() {
                let now = self.houses[house].client().store_mut().read(|tx| {
                    let mut select = tx.prepare_cached("SELECT chat FROM message WHERE kind = 0 AND text = ?1")?;
                    let found = select.query_map([&text], |row| row.get(0).map(ChatId))?.next().transpose()?;
                    Ok::<_, StoreError>(found)
                })?;
                if let Some(now) = now {
                    self.follow(house, chat, now);
                }
            }
        }
        Ok(())
    }
}

impl GroupLedger {
    /// True where it is new.
    fn enter(&mut self, position: Position, lent: &Lent, is_commit: bool, text: Option<String>) -> bool {
        if self.accepted.contains_key(&position) {
            return false;
        }
        let to = self.roster.iter().copied().filter(|alias| is_commit || *alias != lent.from).collect();
        self.accepted.insert(position, Accepted { epoch: lent.epoch, is_commit, from: lent.from, to, text });
        true
    }
}

fn aliases(roster: &[RosterEntry]) -> BTreeSet<AliasId> {
    roster.iter().map(|entry| entry.alias).collect()
}
