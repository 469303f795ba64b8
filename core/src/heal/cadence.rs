//! The update cadence: new keys without anybody asking.
//!
//! Called by `heal`. A Commit with a path heals its committer; one that only
//! adds heals nobody, and does not count.

use waxseal_wire::id::{GroupId, Millis};

use crate::chat::{self, ChatGroup};
use crate::outbox::Intent;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::ChatState;

/// Sent messages after which keys are renewed.
const SENT: u64 = 100;
/// The longest time between renewals, in milliseconds: 7 days, less up to a quarter.
const WEEK: u64 = 7 * 24 * 60 * 60 * 1000;
/// After joining, so long at least and so much longer a member, in milliseconds.
const JOINED: (u64, u64) = (20_000, 5_000);

/// Not before something changes.
const NEVER: Millis = Millis(i64::MAX as u64);

impl Turn<'_> {
    /// A request was accepted: keys are renewed there like after joining.
    pub(crate) fn begin_cadence(&mut self, group: &GroupId) -> Result<(), StoreError> {
        let Some(mut place) = chat::group(self.tx, group)?.filter(|place| place.update_at == NEVER) else { return Ok(()) };
        let members = chat::members::accounts(self.tx, &place.chat)?.len();
        place.update_at = self.first_update(members);
        chat::save_group(self.tx, &place)
    }

    /// When to renew after a renewal; spread, so that members do not race.
    pub(crate) fn next_update(&mut self, _members: usize) -> Millis {
        self.later(WEEK - WEEK / 4, WEEK)
    }

    /// When to renew after joining; spread over the size of the group.
    pub(crate) fn first_update(&mut self, members: usize) -> Millis {
        self.later(JOINED.0, JOINED.0 + JOINED.1 * members as u64)
    }

    /// Stores that a message of ours has its place; after so many, keys are renewed now.
    pub(crate) fn count_sent(&mut self, place: &mut ChatGroup) -> Result<(), StoreError> {
        place.sent += 1;
        if place.sent < SENT || place.update_at <= self.now {
            return chat::save_place(self.tx, place);
        }
        place.update_at = self.now;
        chat::save_group(self.tx, place)
    }

    pub(super) fn run_cadence(&mut self) -> Result<(), StoreError> {
        let due = {
            let mut rows = self.tx.prepare_cached("SELECT grp, state FROM chat_group WHERE state IN (1, 3) AND update_at <= ?1")?;
            let found = rows.query_map([self.now.0.cast_signed()], |row| Ok((GroupId(row.get(0)?), row.get::<_, i64>(1)?)))?;
            found.collect::<Result<Vec<_>, _>>()?
        };
        for (group, state) in due {
            let Some(mut place) = chat::group(self.tx, &group)? else { continue };
            let request = chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.state == ChatState::Requested);
            if state == 3 {
                // Superseded long enough: nobody writes there any more.
                self.wipe_group(&group)?;
                continue;
            }
            if request {
                // A stranger is told nothing, not even that we are here; accepting begins it.
                place.update_at = NEVER;
                chat::save_group(self.tx, &place)?;
                continue;
            }
            place.update_at = self.next_update(0);
            place.sent = 0;
            chat::save_group(self.tx, &place)?;
            if !self.is_posted(&place.chat, |intent| *intent == Intent::Update)? {
                self.post(Some(place.chat), None, &Intent::Update)?;
            }
        }
        Ok(())
    }
}
