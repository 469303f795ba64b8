//! Errands: "please add me again", said by founding a small group without words.
//!
//! Called by `heal` (sends) and by the inbox (one came). A device that is lost
//! cannot speak in its group, but it can found another one; that it is who it
//! says is proven by its leaf, like everywhere.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::{AccountId, DeviceId, Epoch, GroupId, Millis};

use crate::chat::{self, ChatGroup, GroupState};
use crate::group::{Errand, MemberLeaf};
use crate::outbox::Intent;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::ChatId;

/// So many people are asked at once.
const ASKED: usize = 3;

impl Turn<'_> {
    /// Asks some members to re-add us.
    pub(super) fn send_errand(&mut self, place: &ChatGroup) -> Result<(), StoreError> {
        let Some(own) = self.identity()? else { return Ok(()) };
        // Added again before this epoch, we would have heard it: that Welcome is lost too.
        let epoch = chat::lost_at(self.tx, &place.group)?;
        let culprit = self.culprit_of(place)?;
        let to = self.helpers(&place.chat, &own.account, culprit)?;
        let broken = place.culprit.is_some();
        self.post(
            None,
            None,
            &Intent::Errand { to, chat: place.chat.0, group: place.group.0, epoch: epoch.0, broken, out: false },
        )?;
        Ok(())
    }

    /// Some people of a chat to ask: our own other devices first, then admins, then anybody but `without`.
    pub(super) fn helpers(
        &mut self,
        chat: &ChatId,
        own: &AccountId,
        without: Option<AccountId>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let admins = chat::members::admins(self.tx, chat)?;
        let mut to: Vec<_> = chat::members::accounts(self.tx, chat)?
            .into_iter()
            .filter(|account| Some(*account) != without)
            .map(|account| (account != *own, !admins.contains(&account), self.rng.next_u64(), account.0))
            .collect();
        to.sort_unstable();
        Ok(to.into_iter().map(|(_, _, _, account)| account).take(ASKED).collect())
    }

    /// A device of a chat is lost and asks.
    pub(crate) fn errand_came(&mut self, by: &MemberLeaf, chat: &ChatId, errand: &Errand) -> Result<(), StoreError> {
        let Some(found) = chat::find(self.tx, chat)? else { return Ok(()) };
        let Some(place) = found.group.map(|group| chat::group(self.tx, &group)).transpose()?.flatten() else { return Ok(()) };
        if !chat::members::accounts(self.tx, chat)?.contains(&by.account) {
            return self.asked_from_outside(&place, &by.account, &errand.group);
        }
        match place.state {
            GroupState::Open => {
                // In another group than theirs they have never been, whatever their epoch says: who adds them next is enough.
                let epoch =
                    if place.group == errand.group { errand.epoch } else { self.epoch_of(&place.group)?.unwrap_or(Epoch(0)) };
                let wanted = Intent::Readd { account: by.account.0, device: by.device.0, epoch: epoch.0 };
                if !self.is_posted(chat, |intent| *intent == wanted)? {
                    let due = self.turn_of(&place.group, Some(&by.account))?;
                    self.post_at(Some(*chat), &wanted, due)?;
                }
                Ok(())
            }
            GroupState::Broken if place.group == errand.group => {
                // They are lost where we are lost: nobody can re-add anybody, so it is founded again.
                // Others may be well: where nobody broke it, they have the time between two calls of ours to answer.
                let mut place = place;
                if place.culprit.is_none() && place.heal_tries < 2 {
                    return Ok(());
                }
                place.heal_tries = place.heal_tries.max(super::ALL_LOST);
                let turn = self.turn_of(&place.group, None)?;
                place.heal_at = Some(place.heal_at.map_or(turn, |at| Millis(at.0.min(turn.0))));
                chat::save_group(self.tx, &place)
            }
            _ => Ok(()),
        }
    }

    /// A device was added at this epoch.
    pub(crate) fn keep_added(&mut self, group: &GroupId, device: &DeviceId, epoch: Epoch) -> Result<(), StoreError> {
        self.tx.prepare_cached("INSERT OR REPLACE INTO added (grp, device, epoch) VALUES (?1, ?2, ?3)")?.execute(params![
            group.0,
            device.0,
            epoch.0.cast_signed()
        ])?;
        Ok(())
    }

    /// Whether a device was added after it was lost at `epoch`.
    pub(crate) fn was_readded(&self, group: &GroupId, device: &DeviceId, epoch: Epoch) -> Result<bool, StoreError> {
        let added: Option<i64> = self
            .tx
            .prepare_cached("SELECT epoch FROM added WHERE grp = ?1 AND device = ?2")?
            .query_row(params![group.0, device.0], |row| row.get(0))
            .optional()?;
        Ok(added.is_some_and(|added| added.cast_unsigned() > epoch.0))
    }
}
