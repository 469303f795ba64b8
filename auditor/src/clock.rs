//! What time it is: the only file that looks at a clock.
//!
//! Called by `follow` and `serve`, which hand the time in. Never waits.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use waxseal_wire::id::Millis;

/// Now.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A moment as people read it, to the second and in UTC; its number where no calendar has it.
pub(crate) fn written(at: Millis) -> String {
    let seconds = i64::try_from(at.0 / 1000).ok();
    let moment = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{} ms", at.0))
}
