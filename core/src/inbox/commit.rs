//! A Commit in its place: judged before it counts.
//!
//! Called by `inbox`. Own ones are known by their exact bytes. A Commit that
//! breaks a rule, or does not open, breaks the group for us: that is healed.

use waxseal_wire::id::{AccountId, DeviceId, Epoch, Millis};
use waxseal_wire::seal::{Delivered, roster_hash};

use super::message::Stop;
use super::{Fate, Number, parked};
use crate::Event;
use crate::account::profile;
use crate::chat::rules::Proposed;
use crate::chat::{self, ChatGroup};
use crate::group::{Claim, GroupError, MemberLeaf, OpenError, Opened, Policy, StagedChange};
use crate::heal::left_out;
use crate::outbox::{self, Intent};
use crate::store::{StoreError, Tx};
use crate::trust::{self, Standing};
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, Notice};

/// What a Commit did, for the conversation.
struct Story {
    by: Option<AccountId>,
    before: Vec<MemberLeaf>,
    old: Policy,
    added: Vec<DeviceId>,
    removes_self: bool,
    own: bool,
}

impl Turn<'_> {
    pub(super) fn commit_came(&mut self, place: ChatGroup, delivered: &Delivered, number: Number) -> Result<Fate, StoreError> {
        let (id, chat) = (place.group, place.chat);
        let opened = self.with_group(&id, |group, tx, mut rng| {
            let (before, old) = (group.members(), group.policy()?);
            match group.open(tx, &mut rng, &delivered.envelope)? {
                Opened::OwnCommit => {
                    group.merge_pending(tx)?;
                    Ok(Story { by: None, before, old, added: Vec::new(), removes_self: false, own: true })
                }
                Opened::Commit(change) => {
                    judge(tx, delivered, (&chat, &before), &old, &change)?;
                    let story = Story {
                        by: Some(change.committer.account),
                        before,
                        old,
                        added: change.added.iter().map(|claim| claim.device).collect(),
                        removes_self: change.removes_self,
                        own: false,
                    };
                    group.accept(tx, *change)?;
                    Ok(story)
                }
                _ => Err(Stop::Open(OpenError::Forbidden)),
            }
        })?;
        match opened {
            Some(Ok(story)) => self.committed(place, delivered, number, story).map(|()| Fate::Done),
            Some(Err(Stop::Store(error))) => Err(error),
            Some(Err(Stop::Needs(accounts))) => self.wait_for_chain(&id, &accounts),
            Some(Err(Stop::Open(_))) if number == Number::Used => self.replayed(&id),
            Some(Err(Stop::Open(_) | Stop::Group)) => self.breaks(place, delivered, number).map(|()| Fate::Done),
            None => self.lost_group(place, delivered),
        }
    }

    /// The Commit is unusable to us: the server's epoch has gone on, ours cannot.
    fn breaks(&mut self, mut place: ChatGroup, delivered: &Delivered, number: Number) -> Result<(), StoreError> {
        self.unload(&place.group);
        let ours = self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>(group.epoch()))?;
        let ours = ours.and_then(Result::ok).unwrap_or(Epoch(0));
        if number == Number::Beyond {
            self.show_holes(&place, delivered.position)?;
        }
        // That it is a Commit is the server's word; it may have been somebody's.
        self.gap_once(&place, delivered.position.0)?;
        place.skip_to(delivered.position);
        place.reached(delivered.position);
        chat::save_group(self.tx, &place)?;
        // The submitter's alias was proven to the server by its post key, so members cannot blame each other. Where the
        // group went on without us, nobody broke it: who comes after what we missed is not to blame.
        self.broken(&place.group, (delivered.epoch <= ours).then_some(delivered.from))
    }

    fn committed(&mut self, mut place: ChatGroup, delivered: &Delivered, number: Number, story: Story) -> Result<(), StoreError> {
        if matches!(number, Number::Used | Number::Ours) {
            // The numbers before it were false: the new epoch counts on from this one.
            place.count_from(delivered.position);
        }
        self.reached(&mut place, delivered.position, number)?;
        if story.removes_self {
            let own = self.identity()?.map(|own| own.device);
            if story.added.iter().any(|device| Some(*device) == own) {
                // Removed and added in one Commit: our Welcome is next.
                chat::save_group(self.tx, &place)?;
                return self.broken(&place.group, None);
            }
            return self.removed_from(&place, story.by);
        }
        let mut brought = false;
        if story.own
            && let Some(entry) = outbox::committing(self.tx, &place.group.0)?
        {
            outbox::delete(self.tx, entry.id)?;
            brought = entry.intent == Intent::Bring;
            // Whether it is the cadence, a heal or an add: it had a path where it was meant to heal.
            place.update_at = self.next_update(story.before.len());
            place.sent = 0;
        }
        let seen =
            self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>((group.epoch(), group.members(), group.policy()?)))?;
        let Some(Ok((epoch, after, new))) = seen else { return self.broken(&place.group, None) };
        chat::put_group(self.tx, &place, epoch)?;
        self.refresh_members(&place)?;
        self.prove_leaves_in(&place.group)?;
        if brought {
            // The next of them.
            self.bring_back(&place.chat, left_out::FOUNDER)?;
        }
        // In a Commit of ours, a leaf with another address is one that we added (but for our own).
        let own = self.identity()?.map(|own| own.device);
        let own_alias = |leaves: &[MemberLeaf]| leaves.iter().find(|leaf| Some(leaf.device) == own).map(|leaf| leaf.address.alias);
        if place.last_resort && own_alias(&story.before) != own_alias(&after) {
            place.last_resort = false;
            chat::save_group(self.tx, &place)?;
        }
        let moved = |leaf: &&MemberLeaf| {
            let known = story.before.iter().any(|old| old.address.alias == leaf.address.alias);
            if story.own { !known && Some(leaf.device) != own } else { story.added.contains(&leaf.device) }
        };
        for leaf in after.iter().filter(moved) {
            self.keep_added(&place.group, &leaf.device, epoch)?;
        }
        if after.iter().any(|leaf| moved(&leaf)) {
            // Whoever came in has heard nothing of us.
            profile::set_told(self.tx, &place.chat, Millis(0))?;
        }
        self.tell_story(&place, delivered, &story, &after, &new)?;
        // An insider whose roster disagrees with the tree leaves somebody out: mended by whoever sees it first.
        let told = delivered.roster_hash.unwrap_or_default();
        if told != roster_hash(after.iter().map(|leaf| &leaf.address.alias))
            && !self.is_posted(&place.chat, |intent| *intent == Intent::MendRoster)?
        {
            let due = self.turn_of(&place.group, None)?;
            self.post_at(Some(place.chat), &Intent::MendRoster, due)?;
        }
        Ok(())
    }

    /// Says in the conversation what changed.
    fn tell_story(
        &mut self,
        place: &ChatGroup,
        delivered: &Delivered,
        story: &Story,
        after: &[MemberLeaf],
        new: &Policy,
    ) -> Result<(), StoreError> {
        let by = if story.own { self.identity()?.map(|own| own.account) } else { story.by };
        let accounts = |leaves: &[MemberLeaf]| {
            let mut accounts: Vec<AccountId> = leaves.iter().map(|leaf| leaf.account).collect();
            accounts.sort_unstable();
            accounts.dedup();
            accounts
        };
        let (were, are) = (accounts(&story.before), accounts(after));
        let added: Vec<_> = are.iter().copied().filter(|account| !were.contains(account)).collect();
        let removed: Vec<_> = were.iter().copied().filter(|account| !are.contains(account)).collect();
        let at = delivered.position.0;
        if !added.is_empty() {
            self.note(place, at, by, Notice::Added(added))?;
        }
        if !removed.is_empty() {
            self.note(place, at, by, Notice::Removed(removed))?;
        }
        let own = self.own_account()?;
        for account in were.iter().filter(|account| are.contains(account)) {
            let devices = |leaves: &[MemberLeaf]| leaves.iter().filter(|leaf| leaf.account == *account).count();
            let is_own = own == Some(*account);
            match devices(after).cmp(&devices(&story.before)) {
                core::cmp::Ordering::Greater if is_own => self.note(place, at, by, Notice::DeviceAdded(*account, Vec::new()))?,
                core::cmp::Ordering::Less if is_own => self.note(place, at, by, Notice::DeviceRemoved(*account, Vec::new()))?,
                // Of other people's devices their chains tell (`trust::changes`); for who came it was asked for already.
                core::cmp::Ordering::Less => trust::want(self.tx, account)?,
                _ => {}
            }
        }
        if new.name != story.old.name {
            chat::set_title(self.tx, &place.chat, &new.name)?;
            self.note(place, at, by, Notice::Renamed(new.name.clone()))?;
        }
        for account in new.leaving.difference(&story.old.leaving) {
            self.wants_to_leave(place, account)?;
        }
        for admin in new.admins.symmetric_difference(&story.old.admins) {
            self.note(place, at, by, Notice::Admin(*admin, new.admins.contains(admin)))?;
        }
        self.tell(Event::ChatChanged(place.chat));
        Ok(())
    }

    /// Somebody leaves: one device of those who stay makes the Commit, the lowest leaf first.
    fn wants_to_leave(&mut self, place: &ChatGroup, account: &AccountId) -> Result<(), StoreError> {
        let Some(own) = self.identity()? else { return Ok(()) };
        if own.account == *account {
            return chat::set_state(self.tx, &place.chat, ChatState::Leaving);
        }
        let due = self.turn_of(&place.group, Some(account))?;
        self.post_at(Some(place.chat), &Intent::Remove(account.0), due)?;
        self.note(place, place.position.0, Some(*account), Notice::Left(*account))
    }

    fn removed_from(&mut self, place: &ChatGroup, by: Option<AccountId>) -> Result<(), StoreError> {
        let Some(own) = self.identity()? else { return Ok(()) };
        let current = chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.group == Some(place.group));
        if current {
            self.note(place, place.position.0, by, Notice::Removed(vec![own.account]))?;
            return self.left(&place.chat);
        }
        self.wipe_group(&place.group)?;
        chat::set_state(self.tx, &place.chat, ChatState::Left)
    }

    /// Those of these leaves whose account does not list them any more.
    pub(crate) fn unlisted(&self, leaves: &[MemberLeaf]) -> Result<Vec<(AccountId, DeviceId)>, StoreError> {
        unlisted(self.tx, leaves)
    }
}

fn unlisted(tx: &Tx<'_>, leaves: &[MemberLeaf]) -> Result<Vec<(AccountId, DeviceId)>, StoreError> {
    let mut gone = Vec::new();
    for leaf in leaves {
        let listed = |chain: &waxseal_wire::chain::Chain| chain.device(&leaf.device).is_some_and(|entry| entry.key == leaf.key);
        if trust::chain(tx, &leaf.account)?.is_some_and(|chain| !listed(&chain)) {
            gone.push((leaf.account, leaf.device));
        }
    }
    Ok(gone)
}

/// Judges a Commit: are new leaves proven, and do the rules allow it?
fn judge(
    tx: &Tx<'_>,
    delivered: &Delivered,
    (chat, before): (&ChatId, &[MemberLeaf]),
    policy: &Policy,
    change: &StagedChange,
) -> Result<(), Stop> {
    let mut needs = Vec::new();
    let mut proven = |claim: &Claim| -> Result<(), Stop> {
        let fresh = || parked::has_waited(tx, &delivered.group, &claim.account);
        match trust::standing_of(tx, &claim.account, &claim.device, &claim.key, fresh)? {
            Standing::Proven => Ok(()),
            Standing::Unknown(account) => {
                needs.push(account);
                Ok(())
            }
            // A ghost: nobody goes along with it.
            Standing::Unlisted => Err(Stop::Open(OpenError::Forbidden)),
        }
    };
    for claim in &change.added {
        proven(claim)?;
    }
    if let Some(updated) = &change.updated {
        let same = updated.account == change.committer.account && updated.device == change.committer.device;
        if !same {
            return Err(Stop::Open(OpenError::Forbidden));
        }
        // The same key was proven when the leaf came in; its account may have dropped the device since,
        // which members learn at different times: a Sync clears it away, a fork over it would help nobody.
        if updated.key != change.committer.key {
            proven(&updated.claim())?;
        }
    }
    if !needs.is_empty() {
        return Err(Stop::Needs(needs));
    }
    // A device that left its account may be cleared away by anybody; where we do not know of it, we look.
    let gone = unlisted(tx, &change.removed)?;
    let proposed = Proposed {
        before,
        policy,
        committer: change.committer.account,
        added: &change.added,
        removed: &change.removed,
        new_policy: change.policy.as_ref(),
        unlisted: &gone,
        seats: &left_out::seats_of(tx, chat, policy)?,
    };
    if proposed.judge().is_ok() {
        return Ok(());
    }
    for leaf in &change.removed {
        if !parked::has_waited(tx, &delivered.group, &leaf.account)? {
            return Err(Stop::Needs(vec![leaf.account]));
        }
    }
    Err(Stop::Open(OpenError::Forbidden))
}
