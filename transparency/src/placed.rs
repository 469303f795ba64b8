//! Where an answer stands: under the last epoch of a head that is signed, fresh, and goes on from what was seen.
//!
//! Called by `core` and by auditors before they read any answer. [`Proven`] is what they get; nothing else makes one.
//!
//! ```text
//!   signed? ─► witnessed? ─► in time? ─► goes on from `seen`? ─► last leaf? ─► Proven { epoch, root }
//! ```

use core::time::Duration;

use prost::Message as _;
use waxseal_wire::id::Millis;

use crate::{EpochLeaf, Head, Lie, LogKeys, SignedHead, Witnesses, limits, proto, tree};

/// How old a head may be.
pub const FRESH: Duration = Duration::from_secs(24 * 3600);
/// How far in the future a head may be: clocks differ, by hours where a time zone is set wrong.
pub const AHEAD: Duration = FRESH;

/// What surrounds every answer; not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The newest head.
    pub head: SignedHead,
    /// Its last epoch, under which the answer is proven.
    pub leaf: EpochLeaf,
    /// That the leaf stands last in the head's tree (RFC 9162 §2.1.3).
    pub inclusion: Vec<[u8; 32]>,
    /// That the tree goes on from the size that the asker named (RFC 9162 §2.1.4); empty where it named none.
    pub consistency: Vec<[u8; 32]>,
}

/// An epoch that the log vouches for. Keep its head: it is the next `seen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    leaf: EpochLeaf,
    head: Head,
}

impl Proven {
    /// For `evidence`, where the head's age and history are no question.
    pub(crate) fn new(leaf: EpochLeaf, head: Head) -> Self {
        Self { leaf, head }
    }

    /// Which epoch.
    pub fn epoch(&self) -> u64 {
        self.leaf.epoch
    }

    /// Root of its prefix tree.
    pub fn root(&self) -> [u8; 32] {
        self.leaf.root
    }

    /// The whole epoch.
    pub fn leaf(&self) -> &EpochLeaf {
        &self.leaf
    }

    /// The head that it stands under.
    pub fn head(&self) -> &Head {
        &self.head
    }
}

impl Placed {
    /// Verifies all of it. `seen` is the largest head of this log that this device knows.
    pub fn verify(&self, log: &LogKeys, witnesses: &Witnesses, seen: Option<&Head>, now: Millis) -> Result<Proven, Lie> {
        let head = &self.head.head;
        self.head.verify(log)?;
        witnesses.verify(&log.id(), &self.head)?;
        if head.at.0 > now.0.saturating_add(millis(AHEAD)) {
            return Err(Lie::Early);
        }
        if head.at.0.saturating_add(millis(FRESH)) < now.0 {
            return Err(Lie::Stale);
        }
        if let Some(seen) = seen {
            self.follows(seen)?;
        }
        let included = tree::is_included(&self.leaf.hash(), head.size.saturating_sub(1), head.size, &self.inclusion, &head.root);
        if !included || self.leaf.epoch != head.size || self.leaf.at > head.at {
            return Err(Lie::Leaf);
        }
        Ok(Proven { leaf: self.leaf, head: *head })
    }

    fn follows(&self, seen: &Head) -> Result<(), Lie> {
        let head = &self.head.head;
        if head.size >= seen.size {
            return consistent(seen, head, &self.consistency);
        }
        // A replica that lags has signed nothing wrong; a tree that shrank after it was seen has.
        let lags = head.at <= seen.at || tree::is_consistent((head.size, &head.root), (seen.size, &seen.root), &self.consistency);
        Err(if lags { Lie::Behind } else { Lie::RolledBack })
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.to_proto().encode_to_vec()
    }

    /// Reads its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Lie> {
        if bytes.len() > limits::PLACED {
            return Err(Lie::Malformed);
        }
        Self::of_proto(&proto::Placed::decode(bytes).map_err(|_| Lie::Malformed)?)
    }

    pub(crate) fn to_proto(&self) -> proto::Placed {
        proto::Placed {
            head: Some(self.head.to_proto()),
            leaf: self.leaf.to_bytes().to_vec(),
            inclusion: self.inclusion.iter().map(|it| it.to_vec()).collect(),
            consistency: self.consistency.iter().map(|it| it.to_vec()).collect(),
        }
    }

    pub(crate) fn of_proto(placed: &proto::Placed) -> Result<Self, Lie> {
        Ok(Self {
            head: SignedHead::of_proto(placed.head.as_ref().ok_or(Lie::Malformed)?)?,
            leaf: EpochLeaf::from_bytes(&placed.leaf)?,
            inclusion: hashes(&placed.inclusion)?,
            consistency: hashes(&placed.consistency)?,
        })
    }
}

/// Proves that `newer` goes on from `older`, be they of one size. For heads that others carry, too.
pub fn consistent(older: &Head, newer: &Head, proof: &[[u8; 32]]) -> Result<(), Lie> {
    if older.size == newer.size {
        return if older.root == newer.root { Ok(()) } else { Err(Lie::Split) };
    }
    let holds = tree::is_consistent((older.size, &older.root), (newer.size, &newer.root), proof);
    if holds { Ok(()) } else { Err(Lie::Consistency) }
}

pub(crate) fn hashes(hashes: &[Vec<u8>]) -> Result<Vec<[u8; 32]>, Lie> {
    if hashes.len() > limits::TREE_PROOF {
        return Err(Lie::Malformed);
    }
    hashes.iter().map(|hash| hash.as_slice().try_into().map_err(|_| Lie::Malformed)).collect()
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}
