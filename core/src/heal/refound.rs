//! Founding a chat's group again, and whose founding is followed.
//!
//! Called by `heal` (ours) and by `inbox::welcome` (another's). A new group of
//! the next generation carries the chat; who broke the old one is left out.

use std::collections::BTreeSet;

use waxseal_wire::id::{AccountId, AliasId};

use crate::chat::{self, Chat, ChatGroup, GroupState};
use crate::group::{GroupError, MemberLeaf, Policy};
use crate::outbox::{Intent, Who};
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::ChatId;

/// People founded with at once.
const BATCH: usize = 64;

/// Who is held for having broken a group. That somebody did is the server's word alone, and would keep us from all the others:
/// where nobody else says that they are lost, it is held against nobody. Where others are, it is.
pub(super) fn blamed(place: &ChatGroup) -> Option<AliasId> {
    place.culprit.filter(|_| !(super::ASKED_IN_VAIN..super::ALL_LOST).contains(&place.heal_tries))
}

impl Turn<'_> {
    /// Founds the chat's group again, without whoever broke it.
    pub(super) fn refound(&mut self, place: &ChatGroup) -> Result<(), StoreError> {
        if self.is_posted(&place.chat, |intent| matches!(intent, Intent::Found { .. }))? {
            return Ok(());
        }
        let direct = chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.direct);
        let mut without = BTreeSet::new();
        if !direct {
            without.extend(self.policy_of(place)?.map(|policy| policy.leaving).unwrap_or_default());
            without.extend(self.culprit_of(place)?);
        }
        let seated: BTreeSet<_> = self.seated(&place.chat)?.difference(&without).copied().collect();
        if !direct {
            self.leave_for_later(&place.chat, &seated)?;
        }
        // A look-up and a Commit hold so many; we and the admins are among the first, the others are brought after.
        let own = self.own_account()?;
        let admins = chat::members::admins(self.tx, &place.chat)?;
        let mut who: Vec<_> = seated.into_iter().collect();
        who.sort_by_key(|account| (Some(*account) != own, !admins.contains(account), *account));
        who.truncate(BATCH);
        let who = who.into_iter().map(|account| Who::Account(account.0)).collect();
        let without = without.into_iter().map(|account| account.0).collect();
        self.post(Some(place.chat), None, &Intent::Found { who, without }).map(drop)
    }

    /// Who is held for having broken the group; never ourselves.
    pub(super) fn culprit_of(&mut self, place: &ChatGroup) -> Result<Option<AccountId>, StoreError> {
        self.submitter(place, blamed(place))
    }

    /// Whose device submitted what broke the group for us, whether that is held against them or not; never ourselves.
    pub(super) fn suspect_of(&mut self, place: &ChatGroup) -> Result<Option<AccountId>, StoreError> {
        self.submitter(place, place.culprit)
    }

    fn submitter(&mut self, place: &ChatGroup, alias: Option<AliasId>) -> Result<Option<AccountId>, StoreError> {
        let Some(alias) = alias else { return Ok(None) };
        let own = self.identity()?.map(|own| own.account);
        let members = self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>(group.members()))?.and_then(Result::ok);
        let culprit = members.unwrap_or_default().iter().find(|leaf| leaf.address.alias == alias).map(|leaf| leaf.account);
        Ok(culprit.filter(|culprit| Some(*culprit) != own))
    }

    /// Who is an admin of a chat: in its group, or with a seat that waits.
    pub(crate) fn admins_of(&self, chat: &ChatId, policy: Option<&Policy>) -> Result<BTreeSet<AccountId>, StoreError> {
        let mut admins: BTreeSet<_> = chat::members::admins(self.tx, chat)?.into_iter().collect();
        let seated = self.seated(chat)?;
        admins.extend(policy.iter().flat_map(|policy| &policy.admins).filter(|admin| seated.contains(admin)));
        Ok(admins)
    }

    /// Whether another's founding may take over a chat that we are in.
    pub(crate) fn may_refound(
        &mut self,
        known: &Chat,
        place: &ChatGroup,
        policy: &Policy,
        members: &[MemberLeaf],
        by: &MemberLeaf,
    ) -> Result<bool, StoreError> {
        let before = self.seated(&known.chat)?;
        let old = known.group.map(|group| self.with_group(&group, |group, _, _| group.policy())).transpose()?.flatten();
        let old = old.and_then(Result::ok);
        let admins = self.admins_of(&known.chat, old.as_ref())?;
        let after: BTreeSet<_> = members.iter().map(|leaf| leaf.account).collect();
        if place.generation < known.generation || !before.contains(&by.account) {
            return Ok(false);
        }
        // Nobody becomes an admin by it, and nobody who was not there comes in.
        let kept: BTreeSet<_> = admins.difference(&policy.without).copied().collect();
        let admins_kept = policy.admins == kept || (kept.is_empty() && policy.admins == BTreeSet::from([by.account]));
        if !after.is_subset(&before) || !(policy.direct || admins_kept) {
            return Ok(false);
        }
        let current = known.group.map(|group| chat::group(self.tx, &group)).transpose()?.flatten();
        if policy.direct {
            return Ok(true);
        }
        let (culprit, suspect) = match &current {
            Some(current) if current.state == GroupState::Broken => (self.culprit_of(current)?, self.suspect_of(current)?),
            _ => (None, None),
        };
        // Others may vouch for whoever seems to have broken the group; they do not for themselves, where there are others.
        let own = self.own_account()?;
        let others = before.iter().any(|account| Some(*account) != own && *account != by.account);
        if suspect == Some(by.account) && others {
            return Ok(false);
        }
        // Whom we, too, saw break the group does not bring everybody into the next one; nor does anybody bring them.
        if culprit.is_some_and(|culprit| after.contains(&culprit)) {
            return Ok(false);
        }
        if admins.contains(&by.account) {
            return Ok(true);
        }
        // Who is no admin may leave out on purpose only those who wanted to be out, and the one who broke it; who has
        // a seat and is not there yet is brought along after, by whoever sees it.
        let gone = self.unseated(&known.chat, policy, &before.difference(&after).copied().collect())?;
        let leaving = old.map(|old| old.leaving).unwrap_or_default();
        Ok(gone.iter().all(|gone| Some(*gone) == culprit || leaving.contains(gone)))
    }
}
