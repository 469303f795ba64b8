//! The one place in this crate that asks the system what time it is.
//!
//! Called by shells that open an `Engine`. The rules never call it.

use std::time::SystemTime;

use waxseal_wire::id::Millis;

/// Milliseconds since 1970-01-01 UTC, by the system's clock.
#[allow(clippy::disallowed_methods, reason = "the shell's clock: the rules take time as an argument, and here it comes from")]
pub fn system() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
