//! Room for frames that are not whole yet: nobody knows what they are, so all of a door share it.
//!
//! Called by `line` while it reads. A little is free for everybody; who began
//! a large frame takes shares until it is whole, and has to go on with it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one share; as many of every connection are free.
pub(super) const SHARE: usize = 64 << 10;
/// Bytes of a large frame that come between two beats at least: 4 MiB take a quarter of an hour at most.
const LEAST: usize = 128 << 10;

/// All the room of one door.
#[derive(Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// What one connection has of it.
pub(super) struct Shares {
    room: Room,
    taken: Option<OwnedSemaphorePermit>,
    at_beat: usize,
}

impl Room {
    /// For so many bytes in all.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / SHARE).min(Semaphore::MAX_PERMITS))))
    }
}

impl Shares {
    pub(super) fn of(room: Room) -> Self {
        Self { room, taken: None, at_beat: 0 }
    }

    /// So many bytes came and are no whole frame; whether there is room for them.
    pub(super) fn hold(&mut self, unfinished: usize) -> bool {
        let held = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = (unfinished / SHARE).saturating_sub(held);
        if more == 0 {
            return true;
        }
        let Ok(more) = Arc::clone(&self.room.0).try_acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX)) else {
            return false;
        };
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        true
    }

    /// A frame is whole.
    pub(super) fn give_back(&mut self) {
        (self.taken, self.at_beat) = (None, 0);
    }

    /// A beat has passed; whether a large frame came no further.
    pub(super) fn is_stuck(&mut self, unfinished: usize) -> bool {
        let came = unfinished.saturating_sub(std::mem::replace(&mut self.at_beat, unfinished));
        self.taken.is_some() && came < LEAST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_needs_no_share_and_what_is_large_gives_its_own_back() {
        let room = Room::new(2 * SHARE);
        let (mut one, mut two) = (Shares::of(room.clone()), Shares::of(room));
        assert!(one.hold(SHARE - 1) && two.hold(SHARE - 1));
        assert!(one.hold(SHARE) && one.hold(2 * SHARE + 5));
        assert!(!two.hold(SHARE), "there were two shares");
        one.give_back();
        assert!(two.hold(SHARE));
        drop(two);
        assert!(one.hold(2 * SHARE));
    }

    #[test]
    fn who_holds_shares_goes_on() {
        let mut shares = Shares::of(Room::new(100 * SHARE));
        assert!(!shares.is_stuck(10), "a small one may take its time");
        assert!(shares.hold(SHARE));
        assert!(shares.is_stuck(SHARE));
        assert!(!shares.is_stuck(SHARE + LEAST));
        assert!(shares.is_stuck(SHARE + LEAST + 1));
    }
}
