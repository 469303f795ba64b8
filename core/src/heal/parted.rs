//! Parts of a chat that do not see each other: brought together, or told that they are none.
//!
//! ```text
//!   lost by a list from before ──► founds anew, with whoever left since ──► who left says so again
//!                                        └─ who knows better does not follow ──► asks to be let in, later
//!   removed, and not told ──► asks for help, or founds anew ──► an admin's device says that they are out
//!   out, and added again by a Welcome that the server dropped ──► asks those who were there
//!   speaks in a group that another replaced ──► is looked for there, and added again where it never came
//! ```
//! Called by `errand` and by the inbox. Nobody is put out or brought in by a word of this that could not do it by a
//! Commit: that somebody is out counts from an admin alone, and a founding is followed by the rules of `refound`, or not.
//! Each word goes to whoever gave the cause, and so often at most: nobody can make others talk for ever.

use waxseal_wire::id::{AccountId, DeviceId, Epoch, GroupId, Millis};

use crate::chat::{self, Chat, ChatGroup, GroupState};
use crate::group::{Errand, GroupError, MemberLeaf};
use crate::outbox::{self, Entry, Intent};
use crate::store::StoreError;
use crate::trust;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, Notice};

/// Whoever founded a group that we do not follow is asked to let us in so often.
const FOLLOWS: u32 = 6;
/// For the first time after so long, in milliseconds; each further time four times as late.
const FOLLOW: u64 = 60_000;
/// Whoever joined has shown itself after so long, in milliseconds: it makes new keys within minutes.
const MISSED: u64 = 4 * 60_000;
/// What is said leaves after so long, in milliseconds.
const SOON: (u64, u64) = (100, 1_000);
/// Somebody who is out is told so at most so often in a day.
const TOLD: u32 = 3;
const DAY: u64 = 24 * 60 * 60 * 1000;
/// Chats asked about by a device that is back: those in which something happened last.
const ASKED_AGAIN: usize = 16;
/// After so long, in milliseconds: what the server kept is read by then.
const BACK: (u64, u64) = (60_000, 90_000);
/// Asked for by who is in no group of a chat that they know of.
pub(crate) const NOWHERE: GroupId = GroupId([0; 16]);
/// Later than any epoch.
const ANY: Epoch = Epoch(i64::MAX as u64);

impl Turn<'_> {
    /// Another founded the chat's group anew, and we do not follow.
    ///
    /// They may have been lost and know less than we do, such as that somebody left. What keeps us from following may
    /// mend: then they let us in. Where they are out themselves, they are told.
    pub(crate) fn not_followed(
        &mut self,
        known: &Chat,
        place: &ChatGroup,
        epoch: Epoch,
        by: &MemberLeaf,
    ) -> Result<(), StoreError> {
        let Some(current) = chat::current(self.tx, &known.chat)?.filter(|current| current.state == GroupState::Open) else {
            return Ok(());
        };
        if known.direct || known.state != ChatState::Open || trust::is_blocked(self.tx, &by.account)? {
            return Ok(());
        }
        if place.generation < known.generation {
            // They add us to a group that another has replaced: that invitation never came, and they do not know to ask.
            return self.errand_came(by, &known.chat, &Errand { group: place.group, epoch: ANY, broken: false });
        }
        if !self.seated(&known.chat)?.contains(&by.account) {
            return self.say_out(&current, &by.account, &place.group, ANY);
        }
        let wanted = Intent::Follow { by: by.account.0, group: place.group.0, epoch: epoch.0, generation: place.generation };
        let posted = outbox::of_chat(self.tx, &known.chat)?.into_iter().find(|entry| matches!(entry.intent, Intent::Follow { .. }));
        match posted {
            Some(entry) => outbox::move_to(self.tx, entry.id, &known.chat, &wanted),
            None => {
                let due = self.later(FOLLOW, FOLLOW + FOLLOW / 2);
                self.post_at(Some(known.chat), &wanted, due).map(drop)
            }
        }
    }

    /// It is time to ask again to be let into a group that we did not follow.
    pub(crate) fn begin_follow(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let Intent::Follow { by, group, epoch, generation } = entry.intent else { return Ok(true) };
        let found = entry.chat.map(|id| chat::find(self.tx, &id)).transpose()?.flatten();
        let wanted = |chat: &Chat| chat.generation <= generation && chat.group != Some(GroupId(group));
        let Some(found) = found.filter(wanted).filter(|_| entry.tries < FOLLOWS) else {
            outbox::delete(self.tx, entry.id)?;
            return Ok(true);
        };
        // Let in and not heard of it, we are let in once more.
        let epoch = if entry.tries < 2 { epoch } else { ANY.0 };
        let soon = self.later(SOON.0, SOON.1);
        let errand = Intent::Errand { to: vec![by], chat: found.chat.0, group, epoch, broken: false, out: false };
        self.post_at(None, &errand, soon)?;
        let mut again = entry.clone();
        again.tries += 1;
        let wait = FOLLOW << (2 * again.tries).min(16);
        again.due = self.later(wait, wait + wait / 2);
        again.save(self.tx)?;
        Ok(true)
    }

    /// Somebody spoke in a group that another has replaced. They may be on their way into that one, or have missed the invitation.
    pub(crate) fn spoke_behind(&mut self, place: &ChatGroup, by: &MemberLeaf) -> Result<(), StoreError> {
        if self.untouched(&place.chat, &by.account, &by.device)?.is_none() {
            return Ok(());
        }
        let missed = Intent::Missed { account: by.account.0, device: by.device.0 };
        if self.is_posted(&place.chat, |intent| *intent == missed)? {
            return Ok(());
        }
        let due = self.later(MISSED, 2 * MISSED);
        self.post_at(Some(place.chat), &missed, due).map(drop)
    }

    /// It is time to look whether they came, and to add them again if not.
    pub(crate) fn begin_missed(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let (Intent::Missed { account, device }, Some(chat)) = (&entry.intent, entry.chat) else { return Ok(true) };
        outbox::delete(self.tx, entry.id)?;
        let (account, device) = (AccountId(*account), DeviceId(*device));
        let Some((group, epoch)) = self.untouched(&chat, &account, &device)? else { return Ok(true) };
        let readd = Intent::Readd { account: account.0, device: device.0, epoch: epoch.0 };
        if !self.is_posted(&chat, |intent| matches!(intent, Intent::Readd { device: posted, .. } if *posted == device.0))? {
            let due = self.turn_of(&group, Some(&account))?;
            self.post_at(Some(chat), &readd, due)?;
        }
        Ok(true)
    }

    /// The group that carries a chat, and its epoch, where another's device is in it and has not shown itself there yet.
    fn untouched(&mut self, chat: &ChatId, account: &AccountId, device: &DeviceId) -> Result<Option<(GroupId, Epoch)>, StoreError> {
        let current = chat::current(self.tx, chat)?.filter(|current| current.state == GroupState::Open);
        let (Some(current), Some(own)) = (current, self.identity()?.map(|own| own.device)) else { return Ok(None) };
        let epoch = self.with_group(&current.group, |group, _, _| {
            let mut leaves = group.members().into_iter().filter(|leaf| leaf.account == *account && leaf.device == *device);
            let is = leaves.any(|leaf| leaf.device != own && group.is_untouched(&leaf));
            Ok::<_, GroupError>(is.then(|| group.epoch()))
        })?;
        Ok(epoch.and_then(Result::ok).flatten().map(|epoch| (current.group, epoch)))
    }

    /// Somebody who is out asks for help in `group`.
    pub(super) fn asked_from_outside(&mut self, place: &ChatGroup, by: &AccountId, group: &GroupId) -> Result<(), StoreError> {
        if place.state != GroupState::Open || self.seated(&place.chat)?.contains(by) {
            return self.bring_soon(place, by);
        }
        let epoch = if place.group == *group { self.epoch_of(group)?.unwrap_or(Epoch(0)) } else { ANY };
        self.say_out(place, by, group, epoch)
    }

    /// Tells somebody that they are not in a chat which `group` carries for them, where we could put them out.
    fn say_out(&mut self, current: &ChatGroup, who: &AccountId, group: &GroupId, epoch: Epoch) -> Result<(), StoreError> {
        let admins = chat::members::admins(self.tx, &current.chat)?;
        let direct = chat::find(self.tx, &current.chat)?.is_none_or(|chat| chat.direct);
        if direct || !self.own_account()?.is_some_and(|own| admins.contains(&own)) {
            return Ok(());
        }
        let told = Intent::Told(who.0);
        match outbox::of_chat(self.tx, &current.chat)?.into_iter().find(|entry| entry.intent == told) {
            Some(entry) if entry.tries >= TOLD => return Ok(()),
            Some(mut entry) => {
                entry.tries += 1;
                entry.save(self.tx)?;
            }
            None => {
                let due = Millis(self.now.0.saturating_add(DAY));
                self.post_at(Some(current.chat), &told, due)?;
            }
        }
        let (to, chat) = (vec![who.0], current.chat.0);
        let errand = Intent::Errand { to, chat, group: group.0, epoch: epoch.0, broken: false, out: true };
        let soon = self.later(SOON.0, SOON.1);
        self.post_at(None, &errand, soon).map(drop)
    }

    /// We are told that a group is not the chat's, and that we are out. An admin could have put us out by a Commit.
    pub(crate) fn out_came(&mut self, by: &MemberLeaf, chat: &ChatId, errand: &Errand) -> Result<(), StoreError> {
        if errand.group == NOWHERE && chat::members::admins(self.tx, chat)?.contains(&by.account) {
            // Nobody had added us again: nothing is missing.
            return chat::set_asked(self.tx, chat, false);
        }
        let carries = |found: &Chat| !found.direct && found.group == Some(errand.group);
        if chat::find(self.tx, chat)?.filter(carries).is_none() {
            return Ok(());
        }
        let Some(place) = chat::group(self.tx, &errand.group)? else { return Ok(()) };
        let own = self.own_account()?.filter(|own| *own != by.account);
        let (Some(own), GroupState::Open | GroupState::Broken) = (own, place.state) else { return Ok(()) };
        // Said before we were added again, it was kept back.
        let since = self.epoch_of(&errand.group)?.is_some_and(|ours| ours > errand.epoch);
        let suspect = self.suspect_of(&place)? == Some(by.account);
        if since || suspect || !chat::members::admins(self.tx, chat)?.contains(&by.account) {
            return Ok(());
        }
        self.leave_behind(chat)?;
        self.note(&place, place.position.0, Some(by.account), Notice::Removed(vec![own]))?;
        self.left(chat)
    }

    /// The server dropped what we had not taken. Where we were out, somebody may have added us again, and we know of no group
    /// that we could be lost in: some of those who were there are asked, if we are not in by then.
    pub(super) fn ask_where_out(&mut self) -> Result<(), StoreError> {
        let Some(own) = self.own_account()? else { return Ok(()) };
        for chat in chat::groups_left(self.tx, ASKED_AGAIN)? {
            let mut to = self.helpers(&chat, &own, None)?;
            to.retain(|account| *account != own.0);
            // Whom we have blocked hears nothing of us, nor that we are back.
            for account in to.clone() {
                if trust::is_blocked(self.tx, &AccountId(account))? {
                    to.retain(|one| *one != account);
                }
            }
            if !to.is_empty() {
                let errand = Intent::Errand { to, chat: chat.0, group: NOWHERE.0, epoch: 0, broken: false, out: false };
                let due = self.later(BACK.0, BACK.1);
                self.post_at(None, &errand, due)?;
                chat::set_asked(self.tx, &chat, true)?;
            }
        }
        Ok(())
    }

    /// The epoch of a group that loads.
    pub(super) fn epoch_of(&mut self, group: &GroupId) -> Result<Option<Epoch>, StoreError> {
        Ok(self.with_group(group, |group, _, _| Ok::<_, GroupError>(group.epoch()))?.and_then(Result::ok))
    }
}
