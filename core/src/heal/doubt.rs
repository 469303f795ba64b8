//! Doubt: the server dropped entries before we took them, nobody knows of which groups.
//!
//! ```text
//!   lost ──► every open group is doubted ──► all that is still in the mailbox is taken
//!                 it came further: what opens shows that we can follow, a hole shows what is missing
//!                 nothing came: its Commits may have been among what was dropped ──► broken, healed
//! ```
//! Also where this device turns out to be an older copy of itself: every group is
//! left for a new place in it, because its keys were used on.
//! Called by `session` and `inbox`. The oldest are dropped first, so a group
//! that still opens something has lost nothing after it.

use waxseal_wire::id::{GroupId, Position};

use crate::chat::{self, ChatGroup, GroupState};
use crate::inbox;
use crate::output::Problem;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::ChatId;

impl Turn<'_> {
    /// The server dropped what we had not taken: no group can be relied on until all the rest is read.
    pub(crate) fn mailbox_lost(&mut self) -> Result<(), StoreError> {
        self.tx.execute(
            "INSERT OR REPLACE INTO doubted (grp, position) SELECT grp, position FROM chat_group WHERE state = ?1",
            [chat::group_state(GroupState::Open)],
        )?;
        self.ask_where_out()
    }

    /// Whether entries of this group may have been among what was dropped.
    pub(crate) fn is_doubted(&self, group: &GroupId) -> Result<bool, StoreError> {
        Ok(self.tx.prepare_cached("SELECT 1 FROM doubted WHERE grp = ?1")?.exists([group.0])?)
    }

    /// All that waited was taken: groups of which nothing came since are taken for lost.
    pub(crate) fn judge_doubted(&mut self) -> Result<(), StoreError> {
        if !self.session.doubts || !self.session.is_caught_up() {
            return Ok(());
        }
        let doubted = {
            let mut rows = self.tx.prepare_cached("SELECT grp, position FROM doubted")?;
            let found = rows.query_map([], |row| Ok((GroupId(row.get(0)?), row.get::<_, i64>(1)?.cast_unsigned())))?;
            found.collect::<Result<Vec<_>, _>>()?
        };
        let mut waiting = false;
        for (group, position) in doubted {
            if inbox::is_parked(self.tx, &group)? {
                // It came further, and waits for a chain.
                waiting = true;
                continue;
            }
            match chat::group(self.tx, &group)?.filter(|place| place.position.0 <= position) {
                // Another took its place meanwhile: nothing is left to heal, and what was dropped stays missing.
                Some(place) if place.state == GroupState::Superseded => self.mark_end(&place)?,
                Some(_) => self.broken(&group, None)?,
                None => {}
            }
            self.tx.execute("DELETE FROM doubted WHERE grp = ?1", [group.0])?;
        }
        self.session.doubts = waiting;
        Ok(())
    }

    /// Another group takes over a chat. Where we were lost in the one before, what was said there after our place is
    /// missing; true where that was marked.
    pub(crate) fn leave_behind(&mut self, chat: &ChatId) -> Result<bool, StoreError> {
        // Where somebody broke it, nobody said anything there after our place.
        let lost = |old: &ChatGroup| old.state == GroupState::Broken && super::refound::blamed(old).is_none();
        let Some(old) = chat::current(self.tx, chat)?.filter(lost) else { return Ok(false) };
        self.mark_end(&old)?;
        Ok(true)
    }

    /// Marks that the end of what was said in a group is missing.
    fn mark_end(&mut self, place: &ChatGroup) -> Result<(), StoreError> {
        let last = place.ahead.iter().copied().max().unwrap_or_default().max(place.position.0);
        self.show_holes(place, Position(last))?;
        self.gap_once(place, last.saturating_add(1))
    }

    /// Somebody went on as this device: this profile is an older copy. Whatever is sealed from here would use keys again.
    pub(crate) fn was_copied(&mut self) -> Result<(), StoreError> {
        for group in chat::groups_in(self.tx, GroupState::Open)? {
            self.broken(&group, None)?;
        }
        self.seal_again()?;
        self.renew_keys()?;
        self.fail(None, Problem::Copied);
        Ok(())
    }

    /// Whether a session begins with groups in doubt, such as of one that was broken off.
    pub(crate) fn recall_doubts(&mut self) -> Result<(), StoreError> {
        self.session.doubts = self.tx.query_row("SELECT EXISTS (SELECT 1 FROM doubted)", [], |row| row.get(0))?;
        Ok(())
    }
}
