//! What whoever runs a server knows while it runs: rosters with their seal keys, and what was accepted where.
//!
//! Called by `liar`. All of it passes a server in plain (`wire::request::Lent`).

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use waxseal_wire::id::{AliasId, GroupId, Position, RequestId};
use waxseal_wire::reply::MailboxEntry;
use waxseal_wire::request::{AnonymousRequest, Request, RosterChange, RosterEntry};
use waxseal_wire::seal::{Delivered, Kind};

/// See the module.
#[derive(Default)]
pub(super) struct Knows {
    /// Every address that was ever in a roster, with each seal key that was agreed for it.
    seals: BTreeMap<AliasId, Vec<RosterEntry>>,
    groups: BTreeMap<GroupId, Vec<AliasId>>,
    positions: BTreeMap<GroupId, Position>,
    asked: BTreeMap<(usize, RequestId), GroupId>,
}

impl Knows {
    /// A request passed.
    pub(super) fn learn(&mut self, request: &Request) {
        let (group, roster) = match request {
            Request::Anonymous(AnonymousRequest::Found(found)) => (found.lent.group, &found.roster),
            Request::Anonymous(AnonymousRequest::SubmitCommit(submit)) => match &submit.roster {
                RosterChange::Edit { add, .. } | RosterChange::Replace(add) => (submit.lent.group, add),
            },
            _ => return,
        };
        for entry in roster {
            let known = self.seals.entry(entry.alias).or_default();
            if !known.contains(entry) {
                known.push(entry.clone());
            }
            let members = self.groups.entry(group).or_default();
            if !members.contains(&entry.alias) {
                members.push(entry.alias);
            }
        }
    }

    /// What lies in an entry, where he was lent its key.
    pub(super) fn open(&self, entry: &MailboxEntry) -> Option<Delivered> {
        let seals = self.seals.get(&entry.alias)?;
        seals.iter().find_map(|seal| Delivered::open_under(&entry.sealed, &entry.alias, &seal.seal_key).ok())
    }

    /// The same entry with something else in it.
    pub(super) fn seal(&self, entry: &MailboxEntry, inside: &Delivered, rng: &mut ChaCha20Rng) -> MailboxEntry {
        let Some(seal) = self.seals.get(&entry.alias).and_then(|seals| seals.last()) else { return entry.clone() };
        let sealed = Delivered::seal_bytes(&inside.to_padded_bytes(), &entry.alias, &seal.seal_key, &seal.hint, rng);
        MailboxEntry { sealed, ..entry.clone() }
    }

    /// Any address that was in a group.
    pub(super) fn anybody(&self, group: &GroupId, rng: &mut ChaCha20Rng) -> Option<AliasId> {
        self.groups.get(group)?.choose(rng).copied()
    }

    /// A submit goes on to the honest server.
    pub(super) fn asked(&mut self, house: usize, id: RequestId, request: &AnonymousRequest) {
        let group = match request {
            AnonymousRequest::Found(found) => found.lent.group,
            AnonymousRequest::SubmitMessage(submit) => submit.lent.group,
            AnonymousRequest::SubmitCommit(submit) => submit.lent.group,
            _ => return,
        };
        self.asked.insert((house, id), group);
    }

    /// The honest server took it.
    pub(super) fn accepted(&mut self, house: usize, id: RequestId, position: Position) {
        if let Some(group) = self.asked.remove(&(house, id)) {
            let known = self.positions.entry(group).or_default();
            *known = position.max(*known);
        }
    }

    /// What the honest server would say next.
    pub(super) fn next_position(&self, group: &GroupId) -> Position {
        self.positions.get(group).copied().unwrap_or_default().next()
    }
}

/// Any kind but this one.
pub(super) fn other_kind(kind: Kind, rng: &mut ChaCha20Rng) -> Kind {
    match (kind, rng.r#gen::<bool>()) {
        (Kind::Message, true) | (Kind::Welcome, false) => Kind::Commit,
        (Kind::Message, false) | (Kind::Commit, true) => Kind::Welcome,
        (Kind::Commit, false) | (Kind::Welcome, true) => Kind::Message,
    }
}
