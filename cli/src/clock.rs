//! What time it is: the only file that looks at a clock.
//!
//! Called by the shell loops, which hand the time in. Never waits.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, UtcOffset};
use waxseal_wire::id::Millis;

/// Now, for the client core.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How long until `at`; zero when it is past.
pub(crate) fn until(at: Millis) -> Duration {
    Duration::from_millis(at.0.saturating_sub(now().0))
}

/// The moment that is so far from now.
pub(crate) fn after(pause: Duration) -> Millis {
    Millis(now().0.saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)))
}

/// A moment from which an age is measured; does not jump when the clock is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(Instant);

impl Moment {
    /// This one.
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was.
    pub(crate) fn age(self) -> Duration {
        self.0.elapsed()
    }

    /// What is left of `patience` since it.
    pub(crate) fn left(self, patience: Duration) -> Duration {
        patience.saturating_sub(self.age())
    }
}

/// How far this place is from UTC. Ask before the first thread starts; UTC where it cannot be told.
pub(crate) fn zone() -> UtcOffset {
    UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC)
}

/// A moment as a date and time of this place.
pub(crate) fn local(at: Millis, zone: UtcOffset) -> OffsetDateTime {
    let nanos = i128::from(at.0).saturating_mul(1_000_000);
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(zone)
}
