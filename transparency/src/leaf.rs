//! One epoch as a leaf of the tree of epochs.
//!
//! Made by `publish`, read by everyone. The layout never changes; another one gets another first byte.

use waxseal_wire::id::Millis;

use crate::{Lie, limits, tree};

/// What an epoch was. Leaf `epoch − 1` of the tree of epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochLeaf {
    /// 1, 2, 3 …
    pub epoch: u64,
    /// Root of the prefix tree.
    pub root: [u8; 32],
    /// SHA-256 of the archived proof that this epoch only added to the one before (the first: to nothing).
    pub step: [u8; 32],
    /// When it was made.
    pub at: Millis,
}

const VERSION: u8 = 1;

impl EpochLeaf {
    /// Bytes of it.
    pub const LEN: usize = 81;

    /// `version(1) ‖ epoch(8) ‖ root(32) ‖ step(32) ‖ at(8)`, numbers big-endian.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let parts = [&[VERSION][..], &self.epoch.to_be_bytes(), &self.root, &self.step, &self.at.0.to_be_bytes()];
        for (to, from) in bytes.iter_mut().zip(parts.concat()) {
            *to = from;
        }
        bytes
    }

    /// Reads one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Lie> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| Lie::Malformed)?;
        let read = |bytes: &[u8]| -> Option<Self> {
            let (version, rest) = bytes.split_first()?;
            let (epoch, rest) = rest.split_first_chunk()?;
            let (root, rest) = rest.split_first_chunk()?;
            let (step, at) = rest.split_first_chunk()?;
            let epoch = u64::from_be_bytes(*epoch);
            let at = Millis(u64::from_be_bytes(at.try_into().ok()?));
            let good = *version == VERSION && (1..=limits::EPOCHS).contains(&epoch);
            good.then_some(Self { epoch, root: *root, step: *step, at })
        };
        read(bytes).ok_or(Lie::Malformed)
    }

    /// Its hash in the tree of epochs (RFC 9162 §2.1.1).
    pub fn hash(&self) -> [u8; 32] {
        tree::leaf_hash(&self.to_bytes())
    }
}
