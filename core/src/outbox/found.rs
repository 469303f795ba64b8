//! Founding: a group of one is made here, and registered with its first members.
//!
//! Called by `outbox`. Alone there is no race, so the Commit that adds the
//! first members is merged at once; the first messages travel in the same
//! request. An errand is a group without words: that it exists says "please
//! add me again"; so is a note to our own devices, in its policy.

use std::collections::BTreeSet;

use waxseal_wire::id::{AccountId, Epoch, GroupId, Millis, Position};
use waxseal_wire::limits;
use waxseal_wire::request::{AnonymousRequest, Found, Lent};

use super::{Entry, Intent, Stage, entry, parcel};
use crate::chat::{self, Chat, ChatGroup, GroupState};
use crate::group::{Alias, Change, Errand, Group, GroupError, Identity, OfferedKeyPackage, Policy, SealedTree, seats};
use crate::heal::{NOWHERE, left_out};
use crate::output::Problem;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState};

/// A note to our own devices is tried so often in a session.
const NOTE_TRIES: u32 = 6;
/// The first wait between tries is twice as long, in milliseconds; each further one twice the one before.
const NOTE_WAIT: u64 = 2_000;

/// A broken chat of two whose other side has no KeyPackage waits so long, in milliseconds.
const NOBODY: u64 = 5 * 60 * 1000;

/// What is founded.
struct Plan<'a> {
    policy: Policy,
    add: Vec<OfferedKeyPackage>,
    alias: Alias,
    words: Vec<&'a [u8]>,
}

impl Turn<'_> {
    pub(super) fn begin_found(&mut self, entry: &Entry, identity: &Identity) -> Result<bool, StoreError> {
        let Some(found) = entry.chat.map(|id| chat::find(self.tx, &id)).transpose()?.flatten() else {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        };
        // Somebody else founded it meanwhile.
        let carried = found.group.map(|group| chat::group(self.tx, &group)).transpose()?.flatten();
        if carried.is_some_and(|group| matches!(group.state, GroupState::Open | GroupState::Joining)) {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        }
        let mut waiting = Vec::new();
        for one in entry::of_chat(self.tx, &found.chat)? {
            let Intent::Say(content) = &one.intent else { continue };
            let is_ready = matches!(one.stage, Stage::Queued | Stage::Stale) && !self.waits_for_a_look(&found.chat, content)?;
            if is_ready && waiting.len() < limits::FOUND_MESSAGES {
                waiting.push(one);
            }
        }
        // A chat of two begins with its first message; one that is mended does not wait for words.
        if found.direct && found.state != ChatState::Healing && waiting.is_empty() {
            return Ok(false);
        }
        if entry.keys.is_none() {
            self.ask_keys(entry, &identity.account)?;
            return Ok(false);
        }
        let offers = self.offers(entry)?;
        if found.direct && !offers.iter().any(|(account, offers)| *account != identity.account && !offers.is_empty()) {
            return self.found_nobody(entry, &found);
        }
        let Some(alias) = self.spare_or_wait(entry)? else { return Ok(false) };
        let policy = self.policy_to_found(entry, identity, &found, &offers)?;
        let add: Vec<_> = offers.into_iter().flat_map(|(_, offers)| offers).take(limits::ADDS).collect();
        let words =
            waiting.iter().filter_map(|one| if let Intent::Say(content) = &one.intent { Some(content.as_slice()) } else { None });
        let plan = Plan { policy: policy.clone(), add, alias, words: words.collect() };
        let Some((group, epoch)) = self.make(entry, identity, plan)? else { return Ok(true) };
        if let Some(mut built) = entry::find(self.tx, entry.id)? {
            built.carries = waiting.iter().map(|one| one.id).collect();
            built.save(self.tx)?;
        }
        let place = ChatGroup {
            group,
            chat: found.chat,
            generation: policy.generation,
            state: GroupState::Founding,
            position: Position(0),
            ahead: Vec::new(),
            heard: Position(0),
            update_at: self.next_update(1),
            sent: 0,
            culprit: None,
            heal_at: None,
            heal_tries: 0,
            last_resort: false,
        };
        chat::put_group(self.tx, &place, epoch)?;
        self.leave_behind(&found.chat)?;
        chat::set_current(self.tx, &place, self.now)?;
        self.refresh_members(&place)?;
        if !found.direct || found.generation > 0 {
            self.note_created(&place, identity.account, found.generation > 0)?;
        }
        Ok(true)
    }

    /// Who is an admin in it, who has a seat, and who was left out on purpose.
    fn policy_to_found(
        &mut self,
        entry: &Entry,
        identity: &Identity,
        found: &chat::Chat,
        offers: &[(AccountId, Vec<OfferedKeyPackage>)],
    ) -> Result<Policy, StoreError> {
        let old = found.group.map(|group| self.with_group(&group, |group, _, _| group.policy())).transpose()?.flatten();
        let mut admins = self.admins_of(&found.chat, old.and_then(Result::ok).as_ref())?;
        let again = found.generation > 0;
        let without: BTreeSet<_> = match &entry.intent {
            Intent::Found { without, .. } => without.iter().copied().map(AccountId).collect(),
            _ => BTreeSet::new(),
        };
        if again {
            admins.retain(|admin| !without.contains(admin));
        }
        if found.direct {
            admins.extend(offers.iter().map(|(account, _)| *account));
        }
        if found.direct || admins.is_empty() {
            admins.insert(identity.account);
        }
        let title = if found.direct { String::new() } else { found.title.clone() };
        let mut policy = Policy::new(found.chat.0, found.generation + 1, title, admins, found.direct);
        if again && !found.direct {
            let seated = self.seated(&found.chat)?.difference(&without).copied().collect();
            policy.seats = Some(seats(&seated));
            policy.without = without;
        }
        Ok(policy)
    }

    /// A chat of two is not founded alone. A new one is given up, and says so; what is mended tries again.
    fn found_nobody(&mut self, entry: &Entry, found: &chat::Chat) -> Result<bool, StoreError> {
        if found.state != ChatState::Healing {
            return self.give_up(entry, Problem::NoDevice).map(|()| true);
        }
        let mut again = entry.clone();
        again.keys = None;
        again.due = self.later(NOBODY, NOBODY * 2);
        again.save(self.tx)?;
        Ok(false)
    }

    pub(super) fn begin_errand(&mut self, entry: &Entry, identity: &Identity) -> Result<bool, StoreError> {
        let Intent::Errand { chat, group, epoch, broken, out, .. } = entry.intent else { return Ok(true) };
        let is_out = |found: &Chat| found.state == ChatState::Left;
        if GroupId(group) == NOWHERE && !chat::find(self.tx, &ChatId(chat))?.is_some_and(|found| is_out(&found)) {
            // The Welcome was among what the server had kept.
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        }
        if entry.keys.is_none() {
            self.ask_keys(entry, &identity.account)?;
            return Ok(false);
        }
        let add: Vec<_> = self.offers(entry)?.into_iter().flat_map(|(_, offers)| offers).take(limits::ADDS).collect();
        if add.is_empty() {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        }
        let Some(alias) = self.spare_or_wait(entry)? else { return Ok(false) };
        let errand = Errand { group: GroupId(group), epoch: Epoch(epoch), broken };
        let mut policy = Policy::errand(chat, identity.account, errand);
        policy.out = out;
        self.make(entry, identity, Plan { policy, add, alias, words: Vec::new() })?;
        Ok(true)
    }

    /// Tells our other devices what they have not heard.
    pub(super) fn begin_note(&mut self, entry: &Entry, identity: &Identity) -> Result<bool, StoreError> {
        let untold = self.untold_siblings()?;
        let Some(note) = self.note_to_siblings()?.filter(|_| !untold.is_empty()) else {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        };
        if entry.keys.is_none() {
            self.ask_keys(entry, &identity.account)?;
            return Ok(false);
        }
        let offers = self.offers(entry)?.into_iter().flat_map(|(_, offers)| offers);
        let add: Vec<_> = offers.filter(|offer| untold.contains(&offer.claim.device)).take(limits::ADDS).collect();
        let told: Vec<_> = add.iter().map(|offer| offer.claim.device).collect();
        if add.is_empty() {
            return self.nobody_hears(entry);
        }
        let Some(alias) = self.spare_or_wait(entry)? else { return Ok(false) };
        let policy = Policy::note(identity.account, note);
        if self.make(entry, identity, Plan { policy, add, alias, words: Vec::new() })?.is_some() {
            self.siblings_told(&told)?;
        }
        Ok(true)
    }

    /// They have not published KeyPackages yet: a while later, or when the next session begins.
    fn nobody_hears(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let mut again = entry.clone();
        again.keys = None;
        again.tries += 1;
        if again.tries > NOTE_TRIES {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        }
        let wait = NOTE_WAIT << again.tries;
        again.due = self.later(wait, wait * 2);
        again.save(self.tx)?;
        Ok(false)
    }

    fn spare_or_wait(&mut self, entry: &Entry) -> Result<Option<Alias>, StoreError> {
        let alias = self.take_spare_alias()?;
        if alias.is_none() {
            let mut waiting = entry.clone();
            waiting.due = self.later(300, 900);
            waiting.save(self.tx)?;
        }
        Ok(alias)
    }

    /// Makes the group, seals its first messages and keeps the request; `None` where it cannot be made.
    fn make(&mut self, entry: &Entry, identity: &Identity, plan: Plan<'_>) -> Result<Option<(GroupId, Epoch)>, StoreError> {
        let id = GroupId::random(&mut self.rng);
        let key = self.fresh_key();
        let Plan { policy, add, alias, words } = plan;
        let made = self.attempt(|turn| {
            let mut group = Group::create(turn.tx, &mut turn.rng, identity, &alias, id, &policy)?;
            let change = Change { add, with_path: true, ..Change::default() };
            let pending = group.commit(turn.tx, &mut turn.rng, identity, change)?;
            group.merge_pending(turn.tx)?;
            let mut messages = Vec::new();
            for word in words {
                messages.push(group.seal(turn.tx, &mut turn.rng, identity, word)?);
            }
            let lent = Lent {
                group: id,
                epoch: group.epoch(),
                delivery_key: group.delivery_key()?,
                from: alias.alias,
                post_key: alias.post_key.clone(),
                idempotency_key: key,
            };
            let mut welcomes = pending.welcomes;
            let tree = parcel::pack(&mut welcomes, pending.tree);
            let found = Found { lent, roster: group.roster(&mut turn.rng), welcomes, messages };
            Ok::<_, GroupError>((group, found, tree))
        })?;
        let (group, found, tree): (Group, Found, Option<SealedTree>) = match made {
            Ok(made) => made,
            Err(GroupError::Store(error)) => return Err(error),
            Err(_) => {
                self.give_up(entry, Problem::NoDevice)?;
                return Ok(None);
            }
        };
        let epoch = group.epoch();
        self.memory.groups.insert(id, group);
        self.built(entry, &id, epoch, AnonymousRequest::Found(Box::new(found)), tree)?;
        Ok(Some((id, epoch)))
    }

    /// The server has the group: its first messages have their places.
    pub(super) fn founded(&mut self, entry: &Entry, last: Position) -> Result<(), StoreError> {
        entry::delete(self.tx, entry.id)?;
        let Some(group) = entry.group.map(GroupId) else { return Ok(()) };
        if let Intent::Errand { .. } | Intent::Note = entry.intent {
            return self.end_errand(&group);
        }
        let Some(mut place) = chat::group(self.tx, &group)? else { return Ok(()) };
        let first = last.0.saturating_sub(entry.carries.len() as u64);
        for (i, id) in entry.carries.iter().enumerate() {
            let position = Position(first + 1 + i as u64);
            if let Some(carried) = entry::find(self.tx, *id)? {
                self.accepted_words(&carried, &place, position)?;
            }
            place.reached(position);
        }
        let carries = chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.group == Some(group));
        if place.state == GroupState::Founding && carries {
            place.state = GroupState::Open;
        } else if place.state == GroupState::Founding {
            // Somebody else's took over the chat before the server's answer to ours was here; ours is read to its end.
            place.state = GroupState::Superseded;
            place.update_at = Millis(self.now.0.saturating_add(chat::KEEP_SUPERSEDED));
        }
        chat::save_group(self.tx, &place)?;
        if chat::find(self.tx, &place.chat)?.is_some_and(|chat| matches!(chat.state, ChatState::Opening | ChatState::Healing)) {
            chat::set_state(self.tx, &place.chat, ChatState::Open)?;
        }
        self.tell(crate::Event::ChatChanged(place.chat));
        if carries {
            self.bring_back(&place.chat, left_out::FOUNDER)?;
        }
        // Answers may have come before the server's reply did.
        self.unpark(&group)
    }
}
