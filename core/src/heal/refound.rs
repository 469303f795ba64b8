//! Founding a chat's group again, and whose founding is followed.
//!
//! Called by `heal` (ours) and by `inbox::welcome` (another's). A new group of
//! the next generation carries the chat; who broke the old one is left out.

use std::collections::BTreeSet;

use waxseal_wire::id::AccountId;

use crate::chat::{self, Chat, ChatGroup, GroupState};
use crate::group::{GroupError, MemberLeaf, Policy};
use crate::outbox::{Intent, Who};
use crate::store::StoreError;
use crate::turn::Turn;

/// People founded with at once.
const BATCH: usize = 64;

impl Turn<'_> {
    /// Founds the chat's group again, without whoever broke it.
    pub(super) fn refound(&mut self, place: &ChatGroup) -> Result<(), StoreError> {
        if self.is_posted(&place.chat, |intent| matches!(intent, Intent::Found { .. }))? {
            return Ok(());
        }
        let culprit = self.culprit_of(place)?;
        let direct = chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.direct);
        let policy = self.with_group(&place.group, |group, _, _| group.policy())?.and_then(Result::ok);
        let leaving = policy.map(|policy| policy.leaving).unwrap_or_default();
        let who = chat::members::accounts(self.tx, &place.chat)?
            .into_iter()
            .filter(|account| direct || (Some(*account) != culprit && !leaving.contains(account)))
            .map(|account| Who::Account(account.0))
            .collect::<Vec<_>>();
        // A look-up names so many at most; an admin adds the others afterwards.
        let mut batches = who.chunks(BATCH);
        self.post(Some(place.chat), None, &Intent::Found { who: batches.next().unwrap_or_default().to_vec() })?;
        for batch in batches {
            self.post(Some(place.chat), None, &Intent::Add { who: batch.to_vec() })?;
        }
        Ok(())
    }

    /// Whose device submitted what broke the group; never ourselves.
    pub(super) fn culprit_of(&mut self, place: &ChatGroup) -> Result<Option<AccountId>, StoreError> {
        let Some(alias) = place.culprit else { return Ok(None) };
        let own = self.identity()?.map(|own| own.account);
        let members = self.with_group(&place.group, |group, _, _| Ok::<_, GroupError>(group.members()))?.and_then(Result::ok);
        let culprit = members.unwrap_or_default().iter().find(|leaf| leaf.address.alias == alias).map(|leaf| leaf.account);
        Ok(culprit.filter(|culprit| Some(*culprit) != own))
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
        let before: BTreeSet<_> = chat::members::accounts(self.tx, &known.chat)?.into_iter().collect();
        let admins: BTreeSet<_> = chat::members::admins(self.tx, &known.chat)?.into_iter().collect();
        let after: BTreeSet<_> = members.iter().map(|leaf| leaf.account).collect();
        if place.generation < known.generation || !before.contains(&by.account) {
            return Ok(false);
        }
        // Nobody becomes an admin by it, and nobody who was not there comes in.
        let kept: BTreeSet<_> = admins.intersection(&after).copied().collect();
        let admins_kept = policy.admins == kept || (kept.is_empty() && policy.admins == BTreeSet::from([by.account]));
        if !after.is_subset(&before) || !(policy.direct || admins_kept) {
            return Ok(false);
        }
        let current = known.group.map(|group| chat::group(self.tx, &group)).transpose()?.flatten();
        let culprit = match &current {
            Some(current) if current.state == GroupState::Broken => self.culprit_of(current)?,
            _ => None,
        };
        if policy.direct {
            return Ok(true);
        }
        // Whom we, too, saw break the group does not bring everybody into the next one; nor does anybody bring them.
        if culprit.is_some_and(|culprit| after.contains(&culprit)) {
            return Ok(false);
        }
        if admins.contains(&by.account) {
            return Ok(true);
        }
        // Who is no admin may leave out only those who wanted to be out, and the one who broke it.
        let policy = known.group.map(|group| self.with_group(&group, |group, _, _| group.policy())).transpose()?.flatten();
        let leaving = policy.and_then(Result::ok).map(|policy| policy.leaving).unwrap_or_default();
        Ok(before.difference(&after).all(|gone| Some(*gone) == culprit || leaving.contains(gone)))
    }
}
