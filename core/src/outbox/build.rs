//! Building what an intent means in the group's present epoch.
//!
//! Called by `outbox` for the first entry of a queue. Everything built is in
//! the entry, durable, before it is submitted. An intent that has nothing left
//! to do is dropped: somebody else was faster.

use waxseal_wire::frame::{Door, encode_request};
use waxseal_wire::id::{AccountId, DeviceId, Epoch, GroupId, IdempotencyKey, RequestId};
use waxseal_wire::request::{AnonymousRequest, Lent, Request, RosterChange, SubmitCommit, SubmitMessage};

use super::{Entry, Intent, Stage, entry, parcel};
use crate::chat::{self, GroupState, rules::Proposed};
use crate::group::{self, Change, Group, GroupError, Identity, OfferedKeyPackage};
use crate::heal::left_out;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::ChatState;

/// How long to wait where something that will come is missing, in milliseconds.
const WAIT: (u64, u64) = (1_000, 3_000);
/// How long the group may stay behind the server before it counts as broken, in milliseconds.
pub(super) const PATIENCE: u64 = 30_000;

impl Turn<'_> {
    /// Begins with an entry that nothing was built for; true where the next one can be looked at.
    pub(super) fn begin(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let Some(identity) = self.identity()? else { return Ok(false) };
        let entry = &self.forget_stale_keys(entry)?;
        match &entry.intent {
            Intent::OpenDirect(_) | Intent::LookUp(_) => self.ask_keys(entry, &identity.account).map(|()| false),
            Intent::Found { .. } => self.begin_found(entry, &identity),
            Intent::Errand { .. } => self.begin_errand(entry, &identity),
            Intent::Note => self.begin_note(entry, &identity),
            Intent::Bring => self.begin_bring(entry, &identity),
            Intent::Follow { .. } => self.begin_follow(entry),
            Intent::Missed { .. } => self.begin_missed(entry),
            Intent::Told(_) => entry::delete(self.tx, entry.id).map(|()| true),
            Intent::Say(content) => self.begin_say(entry, &identity, content),
            intent => {
                if entry.keys.is_none() && !intent.needs(&identity.account.0).is_empty() {
                    self.ask_keys(entry, &identity.account)?;
                    return Ok(false);
                }
                self.begin_commit(entry, &identity)
            }
        }
    }

    /// The group that an entry's chat has now, where it can be written to.
    fn writable_group(&mut self, entry: &Entry) -> Result<Option<chat::ChatGroup>, StoreError> {
        let Some(chat) = &entry.chat else { return Ok(None) };
        Ok(chat::current(self.tx, chat)?.filter(|group| group.state == GroupState::Open))
    }

    fn begin_say(&mut self, entry: &Entry, identity: &Identity, content: &[u8]) -> Result<bool, StoreError> {
        let Some(place) = self.writable_group(entry)? else {
            return self.without_group(entry);
        };
        if self.is_held(&place.group)? || self.waits_for_a_look(&place.chat, content)? {
            return self.hold_words(entry);
        }
        let key = self.fresh_key();
        let sealed = self.with_group(&place.group, |group, tx, mut rng| {
            let lent = lent(tx, group, key)?;
            Ok::<_, GroupError>(SubmitMessage { lent, envelope: group.seal(tx, &mut rng, identity, content)? })
        })?;
        let submit = match sealed {
            Some(Ok(submit)) => submit,
            Some(Err(GroupError::Store(error))) => return Err(error),
            _ => return self.group_failed(entry, &place.group),
        };
        let epoch = submit.lent.epoch;
        self.built(entry, &place.group, epoch, AnonymousRequest::SubmitMessage(Box::new(submit)), None).map(|()| true)
    }

    /// Nothing can be sent now. Is it worth waiting?
    fn without_group(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let state = entry.chat.map(|id| chat::find(self.tx, &id)).transpose()?.flatten().map(|chat| chat.state);
        match state {
            Some(ChatState::Opening | ChatState::Healing | ChatState::Open | ChatState::Requested | ChatState::Leaving) => {
                Ok(false)
            }
            _ => self.give_up(entry, Problem::NotAMember).map(|()| true),
        }
    }

    /// Leaves of the group are not proven yet: words wait, and all go together.
    fn hold_words(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let mut held = entry.clone();
        held.due = self.later(PATIENCE, PATIENCE * 2);
        held.save(self.tx)?;
        Ok(true)
    }

    /// All that was said and waited for a person's look goes now, in its order.
    pub(crate) fn let_all_go(&mut self, chat: &crate::view::ChatId) -> Result<(), StoreError> {
        entry::make_said_due(self.tx, chat, self.now)
    }

    /// Words that waited go now, in their order.
    pub(crate) fn let_words_go(&mut self, chat: &crate::view::ChatId) -> Result<(), StoreError> {
        entry::make_due(self.tx, chat, self.now)
    }

    /// The stored group does not work any more: it heals, the entry waits.
    fn group_failed(&mut self, entry: &Entry, group: &GroupId) -> Result<bool, StoreError> {
        self.broken(group, None)?;
        let mut waiting = entry.clone();
        waiting.due = self.later(WAIT.0, WAIT.1);
        waiting.save(self.tx)?;
        Ok(false)
    }

    pub(super) fn begin_commit(&mut self, entry: &Entry, identity: &Identity) -> Result<bool, StoreError> {
        let Some(place) = self.writable_group(entry)? else { return self.without_group(entry) };
        let Some(change) = self.change_of(entry, identity, &place)? else {
            entry::delete(self.tx, entry.id)?;
            return Ok(true);
        };
        let mending = entry.intent == Intent::MendRoster;
        let key = self.fresh_key();
        let built = self.with_group(&place.group, |group, tx, mut rng| {
            if group.has_pending() {
                // Ours from before a crash or a refusal; the entry that made it is built anew.
                group.clear_pending(tx)?;
            }
            let lent = lent(tx, group, key)?;
            let whole = if mending { group.roster(&mut rng) } else { Vec::new() };
            Ok::<_, GroupError>((group.commit(tx, &mut rng, identity, change)?, lent, whole))
        })?;
        let (pending, lent, roster) = match built {
            Some(Ok(built)) => built,
            Some(Err(GroupError::Store(error))) => return Err(error),
            Some(Err(GroupError::Offer(_) | GroupError::NoSuchMember | GroupError::Policy(_))) => {
                entry::delete(self.tx, entry.id)?;
                self.fail(entry.chat, Problem::NoDevice);
                return Ok(true);
            }
            _ => return self.group_failed(entry, &place.group),
        };
        let epoch = lent.epoch;
        let roster = if mending {
            RosterChange::Replace(roster)
        } else {
            RosterChange::Edit { add: pending.roster_add, remove: pending.roster_remove }
        };
        let mut welcomes = pending.welcomes;
        let tree = parcel::pack(&mut welcomes, pending.tree);
        let submit = SubmitCommit { lent, next_delivery_key: pending.next_delivery_key, commit: pending.commit, roster, welcomes };
        self.built(entry, &place.group, epoch, AnonymousRequest::SubmitCommit(Box::new(submit)), tree)?;
        Ok(true)
    }

    /// Keeps what was built; what has no tree leaves at once.
    pub(super) fn built(
        &mut self,
        entry: &Entry,
        group: &GroupId,
        epoch: Epoch,
        request: AnonymousRequest,
        tree: Option<group::SealedTree>,
    ) -> Result<(), StoreError> {
        let mut built = entry.clone();
        built.group = Some(group.0);
        built.epoch = epoch;
        // The frame as it leaves, but for its number: sent again, it is the same request byte for byte.
        let request = Request::Anonymous(request);
        built.request = Some(encode_request(RequestId(1), &request));
        built.stage = if tree.is_some() { Stage::Blob } else { Stage::Submit };
        built.blob_put = 0;
        built.due = self.now;
        (built.blob_id, built.blob) = tree.map(|tree| (tree.blob, tree.bytes)).unzip();
        built.save(self.tx)?;
        if built.stage == Stage::Submit {
            self.send(Door::Anonymous, request, Purpose::OutboxSubmit(built.id));
        }
        Ok(())
    }

    /// What an intent means for the tree as it is; `None` where it is done already or may not be.
    fn change_of(&mut self, entry: &Entry, identity: &Identity, place: &chat::ChatGroup) -> Result<Option<Change>, StoreError> {
        let offers = self.offers(entry)?;
        let seen = self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>((group.members(), group.policy()?)))?;
        let Some(Ok((members, policy))) = seen else { return Ok(Some(Change::default())) };
        let is_in =
            |account: &AccountId, device: &DeviceId| members.iter().any(|leaf| leaf.account == *account && leaf.device == *device);
        let mut change = Change::default();
        match &entry.intent {
            Intent::Add { .. } => {
                for (account, offers) in offers {
                    if crate::trust::is_blocked(self.tx, &account)? {
                        self.fail(entry.chat, Problem::Blocked);
                        continue;
                    }
                    if offers.is_empty() {
                        self.fail(entry.chat, Problem::NoDevice);
                    }
                    change.add.extend(offers.into_iter().filter(|offer| !is_in(&account, &offer.claim.device)));
                }
                change.add.truncate(waxseal_wire::limits::ADDS);
                // Who comes back does not want to be out any more.
                let mut new = policy.clone();
                new.leaving.retain(|account| !change.add.iter().any(|offer| offer.claim.account == *account));
                change.policy = (new != policy).then_some(new);
            }
            Intent::Bring => {
                change.add = self.to_bring(entry, offers)?;
                change.add.retain(|offer| !is_in(&offer.claim.account, &offer.claim.device));
                change.add.truncate(waxseal_wire::limits::ADDS);
            }
            Intent::Leave => {
                let mut new = policy.clone();
                new.leaving.insert(identity.account);
                change.policy = (new != policy).then_some(new);
            }
            Intent::Remove(account) => change.remove = leaves_of(&members, &AccountId(*account)),
            Intent::SetAdmin(account, on) => {
                let mut new = policy.clone();
                if *on {
                    new.admins.insert(AccountId(*account))
                } else {
                    new.admins.remove(&AccountId(*account))
                };
                let known = members.iter().any(|leaf| leaf.account == AccountId(*account));
                change.policy = (new != policy && known).then_some(new);
            }
            Intent::Rename(title) => {
                let mut new = policy.clone();
                new.name.clone_from(title);
                change.policy = (new != policy).then_some(new);
            }
            Intent::Update => {
                change.with_path = true;
                if place.last_resort {
                    change.alias = self.take_spare_alias()?;
                }
            }
            Intent::MendRoster => change.with_path = true,
            Intent::Sync(account) => self.sync_change(&AccountId(*account), &members, offers, identity, &mut change)?,
            Intent::Readd { account, device, epoch } => {
                self.readd_change(place, (&AccountId(*account), &DeviceId(*device)), Epoch(*epoch), &members, offers, &mut change)?;
            }
            Intent::OpenDirect(_) | Intent::LookUp(_) | Intent::Found { .. } => {}
            Intent::Say(_) | Intent::Errand { .. } | Intent::Note | Intent::Told(_) => {}
            Intent::Follow { .. } | Intent::Missed { .. } => {}
        }
        // Removing the last admin but for those who stay would leave nobody; the rule then makes everybody one.
        let idle = change.add.is_empty() && change.remove.is_empty() && change.policy.is_none() && !change.with_path;
        Ok((!idle && self.may(identity, &members, &policy, &change, place)?).then_some(change))
    }

    /// We keep the rules that we hold others to.
    fn may(
        &mut self,
        identity: &Identity,
        members: &[group::MemberLeaf],
        policy: &group::Policy,
        change: &Change,
        place: &chat::ChatGroup,
    ) -> Result<bool, StoreError> {
        let removed: Vec<_> = members.iter().filter(|leaf| change.remove.contains(&leaf.leaf)).cloned().collect();
        let added: Vec<_> = change.add.iter().map(|offer| offer.claim.clone()).collect();
        let unlisted = self.unlisted(&removed)?;
        let proposed = Proposed {
            before: members,
            policy,
            committer: identity.account,
            added: &added,
            removed: &removed,
            new_policy: change.policy.as_ref(),
            unlisted: &unlisted,
            seats: &left_out::seats_of(self.tx, &place.chat, policy)?,
        };
        let judged = proposed.judge();
        if judged.is_err() {
            self.fail(Some(place.chat), Problem::NotAdmin);
        }
        Ok(judged.is_ok())
    }

    fn sync_change(
        &mut self,
        account: &AccountId,
        members: &[group::MemberLeaf],
        offers: Vec<(AccountId, Vec<OfferedKeyPackage>)>,
        identity: &Identity,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        let Some(chain) = crate::trust::chain(self.tx, account)? else { return Ok(()) };
        let listed = |leaf: &group::MemberLeaf| chain.device(&leaf.device).is_some_and(|entry| entry.key == leaf.key);
        let stale = members.iter().filter(|leaf| leaf.account == *account && !listed(leaf));
        change.remove = stale.map(|leaf| leaf.leaf).collect();
        // New devices are added by their own account alone; others only clear away what was removed.
        if *account == identity.account {
            let is_in = |device: &DeviceId| members.iter().any(|leaf| leaf.account == *account && leaf.device == *device);
            change.add = offers.into_iter().flat_map(|(_, offers)| offers).filter(|offer| !is_in(&offer.claim.device)).collect();
        }
        Ok(())
    }

    fn readd_change(
        &mut self,
        place: &chat::ChatGroup,
        (account, device): (&AccountId, &DeviceId),
        epoch: Epoch,
        members: &[group::MemberLeaf],
        offers: Vec<(AccountId, Vec<OfferedKeyPackage>)>,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        if self.was_readded(&place.group, device, epoch)? {
            return Ok(());
        }
        let offer = offers
            .into_iter()
            .flat_map(|(_, offers)| offers)
            .find(|offer| offer.claim.account == *account && offer.claim.device == *device);
        let leaf = members.iter().find(|leaf| leaf.account == *account && leaf.device == *device);
        // Healing is for devices of people who are in: a device that is gone came back by its account's Sync.
        if let (Some(offer), true) = (offer, members.iter().any(|leaf| leaf.account == *account)) {
            change.remove.extend(leaf.map(|leaf| leaf.leaf));
            change.add.push(offer);
        }
        Ok(())
    }

    /// An entry waits for the Commit that came before it.
    pub(super) fn look_again(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let Some(group) = entry.group.map(GroupId) else { return Ok(false) };
        let place = chat::group(self.tx, &group)?;
        let current = entry.chat.map(|id| chat::find(self.tx, &id)).transpose()?.flatten().and_then(|chat| chat.group);
        let epoch = self.with_group(&group, |group, _, _| Ok::<_, GroupError>(group.epoch()))?.and_then(Result::ok);
        let moved = current != Some(group) || place.is_none() || epoch.is_some_and(|epoch| epoch > entry.epoch);
        if moved {
            let mut again = entry.clone();
            again.requeue(self.now);
            again.save(self.tx)?;
            return Ok(true);
        }
        if place.is_some_and(|place| place.state == GroupState::Open) && self.now >= entry.due {
            // Only where all that waited in the mailbox was taken does silence mean that we are lost.
            if self.session.is_caught_up() {
                self.broken(&group, None)?;
            }
            let mut again = entry.clone();
            again.due = self.later(PATIENCE, PATIENCE * 2);
            again.save(self.tx)?;
        }
        Ok(false)
    }
}

/// What a submit of ours lends to the server.
fn lent(tx: &Tx<'_>, group: &Group, idempotency_key: IdempotencyKey) -> Result<Lent, GroupError> {
    let from = group.own_leaf()?.address.alias;
    let post_key = group::find_alias(tx, &from)?.ok_or(GroupError::Torn)?.alias.post_key;
    let (epoch, delivery_key) = (group.epoch(), group.delivery_key()?);
    Ok(Lent { group: group.id(), epoch, delivery_key, from, post_key, idempotency_key })
}

fn leaves_of(members: &[group::MemberLeaf], account: &AccountId) -> Vec<u32> {
    members.iter().filter(|leaf| leaf.account == *account).map(|leaf| leaf.leaf).collect()
}
