//! Randomness of the system, in the browser that of Web Crypto: the only file that asks for it.
//!
//! Called by the shell, which hands it in.
#![expect(clippy::disallowed_types, reason = "the one place that takes the system's randomness")]

use rand_core::{CryptoRngCore, OsRng};

/// A source for keys.
pub(crate) fn source() -> impl CryptoRngCore {
    OsRng
}
