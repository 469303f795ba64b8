//! Healing: nobody is asked, nothing is silently lost.
//!
//! ```text
//!   lost ──► errand to some members ──► one of them removes and re-adds us
//!    │          └─ they are lost too ──► the lowest leaf founds the group again
//!    └─ a chat of two: founded again at once
//! ```
//! Called by inbox and outbox when a group does not go on, and by time. Also
//! keeps the cadence: a Commit with a path after joining, then after 100 sent
//! messages or 7 days, so that a copied device state stops being of use.

mod cadence;
mod doubt;
mod errand;
pub(crate) mod left_out;
mod parted;
mod refound;

pub(crate) use parted::NOWHERE;

use rusqlite::params;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, AliasId, Epoch, GroupId, Millis};
use waxseal_wire::request::{DeviceRequest, Request};

use crate::Event;
use crate::chat::{self, ChatGroup, GroupState};
use crate::group::{self, GroupError, MemberLeaf};
use crate::outbox::Intent;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::trust;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState};

/// From this try on help is asked for whatever was said of us and of others.
const ASKED_IN_VAIN: u64 = 3;
/// So many tries are left to the others, who may all be well in a group that we do not know.
const PATIENT: u64 = 6;
/// So many tries stand for: others are lost where we are, so nobody can add anybody again.
const ALL_LOST: u64 = 16;
/// Members act one after another, lowest leaf first, so far apart, in milliseconds.
const TURN: u64 = 3_000;

impl Turn<'_> {
    /// A group does not go on for us.
    pub(crate) fn broken(&mut self, group: &GroupId, culprit: Option<AliasId>) -> Result<(), StoreError> {
        self.unload(group);
        let Some(mut place) = chat::group(self.tx, group)? else { return Ok(()) };
        if place.state != GroupState::Open {
            return Ok(());
        }
        place.state = GroupState::Broken;
        place.culprit = culprit;
        place.heal_tries = 0;
        place.heal_at = Some(self.turn_of(group, None)?);
        chat::save_group(self.tx, &place)?;
        // A group that carries its chat no more takes nothing with it.
        if chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.state == ChatState::Open && chat.group == Some(*group)) {
            chat::set_state(self.tx, &place.chat, ChatState::Healing)?;
        }
        self.tell(Event::ChatChanged(place.chat));
        Ok(())
    }

    /// The server gives a place of the group a second time: it was set back to an older state, and whatever is
    /// said there now is taken for a replay. The chat needs another group, and nobody in this one can help.
    pub(crate) fn set_back(&mut self, group: &GroupId) -> Result<(), StoreError> {
        self.broken(group, None)?;
        if let Some(mut place) = chat::group(self.tx, group)?.filter(|place| place.state == GroupState::Broken) {
            place.heal_tries = place.heal_tries.max(ALL_LOST);
            chat::save_group(self.tx, &place)?;
        }
        Ok(())
    }

    /// When it is our turn, among those who could do the same thing.
    pub(crate) fn turn_of(&mut self, group: &GroupId, without: Option<&AccountId>) -> Result<Millis, StoreError> {
        let rank = self
            .with_group(group, |group, _, _| {
                let own = group.own_leaf()?.leaf;
                Ok::<_, GroupError>(group.members().iter().filter(|leaf| leaf.leaf < own && Some(&leaf.account) != without).count())
            })?
            .and_then(Result::ok)
            .unwrap_or(0);
        let wait = TURN.saturating_mul(rank.min(1_000) as u64);
        Ok(self.later(wait, wait + TURN / 3))
    }

    /// Does what is due.
    pub(crate) fn run_heal(&mut self) -> Result<(), StoreError> {
        self.drop_aliases()?;
        let due = {
            let mut rows = self
                .tx
                .prepare_cached("SELECT grp FROM chat_group WHERE state = 2 AND heal_at IS NOT NULL AND heal_at <= ?1 AND ?2")?;
            let found =
                rows.query_map(params![self.now.0.cast_signed(), self.session.can_heal()], |row| row.get(0).map(GroupId))?;
            found.collect::<Result<Vec<_>, _>>()?
        };
        for group in due {
            if let Some(place) = chat::group(self.tx, &group)? {
                self.heal(place)?;
            }
        }
        self.run_cadence()
    }

    fn heal(&mut self, mut place: ChatGroup) -> Result<(), StoreError> {
        let Some(found) = chat::find(self.tx, &place.chat)?.filter(|chat| chat.group == Some(place.group)) else {
            return self.wipe_group(&place.group);
        };
        let untold = self.is_posted(&place.chat, |intent| *intent == Intent::Leave)?;
        if found.state == ChatState::Leaving && (!untold || place.heal_tries >= PATIENT) {
            // We wanted to be out, and are. Where nobody heard of it, we first come back to say so.
            return self.left(&place.chat);
        }
        if place.heal_tries != ALL_LOST - 1 {
            place.heal_tries += 1;
        }
        place.heal_at = Some(self.later(20_000, 30_000));
        if !found.direct && (ASKED_IN_VAIN..=PATIENT).contains(&place.heal_tries) {
            // Nobody else says that they are lost here. If we were added meanwhile, that Welcome never came.
            place.heal_at = Some(self.later(60_000, 120_000));
            chat::save_group(self.tx, &place)?;
            chat::keep_lost_at(self.tx, &place.group, Epoch(i64::MAX as u64))?;
            return self.send_errand(&place);
        }
        if found.direct || place.heal_tries > PATIENT {
            place.heal_at = Some(self.later(60_000, 120_000));
            chat::save_group(self.tx, &place)?;
            return self.refound(&place);
        }
        chat::save_group(self.tx, &place)?;
        self.send_errand(&place)
    }

    /// Deletes all that is stored of a group, keys first, and tells the server to forget our addresses there.
    pub(crate) fn wipe_group(&mut self, group: &GroupId) -> Result<(), StoreError> {
        self.unload(group);
        for alias in group::wipe(self.tx, group)? {
            self.tx.execute("INSERT OR IGNORE INTO dead_alias (alias) VALUES (?1)", [alias.0])?;
        }
        chat::drop_group(self.tx, group)
    }

    /// Wipes every group of a chat.
    pub(crate) fn drop_groups(&mut self, chat: &ChatId) -> Result<(), StoreError> {
        let groups = {
            let mut rows = self.tx.prepare_cached("SELECT grp FROM chat_group WHERE chat = ?1")?;
            rows.query_map([chat.0], |row| row.get(0).map(GroupId))?.collect::<Result<Vec<_>, _>>()?
        };
        for group in groups {
            self.wipe_group(&group)?;
        }
        self.tx.execute("UPDATE chat SET grp = NULL WHERE chat = ?1", [chat.0])?;
        Ok(())
    }

    fn drop_aliases(&mut self) -> Result<(), StoreError> {
        if !self.session.proven {
            return Ok(());
        }
        let dead = {
            let mut rows = self
                .tx
                .prepare_cached("DELETE FROM dead_alias WHERE alias IN (SELECT alias FROM dead_alias LIMIT 128) RETURNING alias")?;
            rows.query_map([], |row| row.get(0).map(AliasId))?.collect::<Result<Vec<_>, _>>()?
        };
        if !dead.is_empty() {
            self.send(Door::Device, Request::Device(DeviceRequest::DropAlias(dead)), Purpose::Ignore);
        }
        Ok(())
    }

    /// Copies who is in from the tree to the views.
    pub(crate) fn refresh_members(&mut self, place: &ChatGroup) -> Result<(), StoreError> {
        let seen = self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>((group.members(), group.policy()?)))?;
        if let Some(Ok((members, policy))) = seen {
            chat::members::refresh(self.tx, &place.chat, &members, &policy)?;
            left_out::settle(self.tx, &place.chat)?;
            if !policy.direct {
                chat::set_title(self.tx, &place.chat, &policy.name)?;
            }
        }
        Ok(())
    }

    /// An account's chain was fetched: its leaves may be out of line, and a join may have waited for it.
    pub(crate) fn account_changed(&mut self, account: &AccountId) -> Result<(), StoreError> {
        for group in chat::groups_in(self.tx, GroupState::Joining)? {
            self.finish_if_ready(&group)?;
        }
        self.hold_against_chain(account)?;
        self.prove_leaves_of(account)?;
        if self.own_account()? == Some(*account) {
            self.tell_siblings()?;
        }
        self.tell_names(account)
    }

    /// Leaves that their account does not list, and devices of ours that are missing, are put right.
    pub(crate) fn hold_against_chain(&mut self, account: &AccountId) -> Result<(), StoreError> {
        let Some(chain) = trust::chain(self.tx, account)? else { return Ok(()) };
        let own = self.identity()?.is_some_and(|own| own.account == *account);
        for id in chat::members::chats_of(self.tx, account)? {
            let Some(place) = chat::find(self.tx, &id)?
                .and_then(|chat| chat.group)
                .map(|group| chat::group(self.tx, &group))
                .transpose()?
                .flatten()
            else {
                continue;
            };
            let seen = self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>(group.members()))?;
            let Some(Ok(members)) = seen else { continue };
            let mut leaves = members.iter().filter(|leaf| leaf.account == *account);
            let listed = |leaf: &MemberLeaf| chain.device(&leaf.device).is_some_and(|entry| entry.key == leaf.key);
            let gone = leaves.clone().any(|leaf| !listed(leaf));
            let missing = own && chain.devices().iter().any(|device| !leaves.any(|leaf| leaf.device == device.id));
            if (gone || missing) && !self.is_posted(&id, |intent| *intent == Intent::Sync(account.0))? {
                let due = self.turn_of(&place.group, None)?;
                self.post_at(Some(id), &Intent::Sync(account.0), due)?;
            }
        }
        Ok(())
    }

    fn tell_names(&mut self, account: &AccountId) -> Result<(), StoreError> {
        let name = trust::name(self.tx, account)?;
        self.tx.execute("UPDATE chat SET title = ?2 WHERE peer = ?1 AND direct", params![account.0, name])?;
        for chat in chat::members::chats_of(self.tx, account)? {
            self.tell(Event::ChatChanged(chat));
        }
        Ok(())
    }

    /// Our own devices changed: every group follows.
    pub(crate) fn sync_everywhere(&mut self, account: &AccountId) -> Result<(), StoreError> {
        for chat in chat::members::chats_of(self.tx, account)? {
            // A new device first has to publish its KeyPackages.
            let due = self.later(1_500, 2_500);
            self.post_at(Some(chat), &Intent::Sync(account.0), due)?;
        }
        Ok(())
    }
}
