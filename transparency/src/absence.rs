//! Absence: that nobody has a name in one epoch.
//!
//! Called by `core` and by monitors. Every look-up shows the leaf of the greatest power of two up to its version,
//! and no version is greater than the epoch; so where the leaves of 1, 2, 4 … up to the epoch are all missing,
//! no look-up of the name can be proven under the same root.

use akd_core::VersionFreshness;
use prost::Message as _;

use crate::{Lie, LogKeys, Proven, limits, proof, proto};

/// Verifies that `name` has no version in the proven epoch.
pub fn verify(log: &LogKeys, proven: &Proven, name: &str, bytes: &[u8]) -> Result<(), Lie> {
    let label = proof::name(name)?;
    if bytes.len() > limits::ABSENCE {
        return Err(Lie::Malformed);
    }
    let read = proto::Absence::decode(bytes).map_err(|_| Lie::Malformed)?;
    let versions = versions(proven.epoch());
    if read.versions.len() != versions.len() {
        return Err(Lie::Malformed);
    }
    for (part, version) in read.versions.iter().zip(versions) {
        let missing = proof::absent(part)?;
        if proof::root_of(&missing.longest_prefix_membership_proof) != proven.root() {
            return Err(Lie::Answer);
        }
        proof::verify_label(log, &label, VersionFreshness::Fresh, version, &part.vrf)?;
    }
    Ok(())
}

/// 1, 2, 4 … up to an epoch.
pub(crate) fn versions(epoch: u64) -> Vec<u64> {
    (0..u64::BITS).map(|power| 1 << power).take_while(|version| *version <= epoch).collect()
}
