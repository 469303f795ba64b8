//! Randomness of the operating system: the only file that asks for it.
//!
//! Called once in a witness's life, for its key.
#![expect(clippy::disallowed_types, reason = "the one place that takes the system's randomness")]

use rand_core::{OsRng, RngCore};
use zeroize::Zeroizing;

/// Bytes for a key.
pub(crate) fn seed() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(seed.as_mut());
    seed
}
