//! The tree of epochs, out of stored hashes of its full subtrees (RFC 9162 §2.1).
//!
//! Called by `publish`. A full subtree of 2ˡ leaves never changes; what stands at the right edge is made anew.
//!
//! ```text
//!   level 2        ·                 leaves 0…3
//!   level 1    ·       ·       ·     two each
//!   level 0  0   1   2   3   4   5   6    ◄ the root of 7 is made of (2,0), (1,2), (0,6)
//! ```

use super::{PublishError, Record, Records, Table};
use crate::tree::{Hash, node_hash};

/// Level, and index within it.
pub(super) type Place = (u8, u64);

/// The hashes that a new leaf completes: its own, and those of all full subtrees that it is the last leaf of.
pub(super) fn append(records: &impl Records, size: u64, leaf: Hash) -> Result<Vec<(Place, Hash)>, PublishError> {
    let index = size.checked_sub(1).ok_or(PublishError::Empty)?;
    let mut made = vec![((0, index), leaf)];
    let (mut hash, mut level, mut at) = (leaf, 0_u8, index);
    while at & 1 == 1 {
        hash = node_hash(&read(records, (level, at - 1))?, &hash);
        (level, at) = (level + 1, at >> 1);
        made.push(((level, at), hash));
    }
    Ok(made)
}

/// The root of `size` leaves; `fresh` are hashes that are not stored yet.
pub(super) fn root(records: &impl Records, fresh: &[(Place, Hash)], size: u64) -> Result<Hash, PublishError> {
    Tree { records, fresh }.hash(0, size)
}

/// RFC 9162 §2.1.3.1, of leaf `epoch − 1`.
pub(super) fn inclusion(records: &impl Records, epoch: u64, size: u64) -> Result<Vec<Hash>, PublishError> {
    let tree = Tree { records, fresh: &[] };
    let index = epoch.checked_sub(1).filter(|index| *index < size).ok_or(PublishError::Empty)?;
    let (mut from, mut to, mut proof) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(tree.hash(middle, to)?);
            to = middle;
        } else {
            proof.push(tree.hash(from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// RFC 9162 §2.1.4.1.
pub(super) fn consistency(records: &impl Records, old: u64, new: u64) -> Result<Vec<Hash>, PublishError> {
    let tree = Tree { records, fresh: &[] };
    if old == 0 || old > new {
        return Err(PublishError::Empty);
    }
    let (mut from, mut to, mut proof) = (0, new, Vec::new());
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(tree.hash(middle, to)?);
            to = middle;
        } else {
            proof.push(tree.hash(from, middle)?);
            from = middle;
        }
    }
    // The old tree's own root is known to who asks.
    if from != 0 {
        proof.push(tree.hash(from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

pub(super) fn record((level, index): Place, hash: &Hash) -> Record {
    Record { table: Table::Hash, key: key((level, index)), bytes: hash.to_vec() }
}

fn key((level, index): Place) -> Vec<u8> {
    [&[level][..], &index.to_be_bytes()].concat()
}

pub(super) fn read(records: &impl Records, place: Place) -> Result<Hash, PublishError> {
    let bytes = records.one(Table::Hash, &key(place))?.ok_or(PublishError::Broken)?;
    bytes.as_slice().try_into().map_err(|_| PublishError::Broken)
}

/// The largest power of two below `leaves`, which are at least two.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

struct Tree<'a, R> {
    records: &'a R,
    fresh: &'a [(Place, Hash)],
}

impl<R: Records> Tree<'_, R> {
    /// MTH of leaves `from..to`, where `from` is a multiple of the power of two that holds them all.
    fn hash(&self, from: u64, to: u64) -> Result<Hash, PublishError> {
        let leaves = to.checked_sub(from).filter(|leaves| *leaves > 0).ok_or(PublishError::Empty)?;
        if leaves.is_power_of_two() {
            let level = leaves.trailing_zeros();
            let place = (u8::try_from(level).map_err(|_| PublishError::Broken)?, from >> level);
            let fresh = self.fresh.iter().find(|(it, _)| *it == place);
            return fresh.map_or_else(|| read(self.records, place), |(_, hash)| Ok(*hash));
        }
        let middle = from + split(leaves);
        Ok(node_hash(&self.hash(from, middle)?, &self.hash(middle, to)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryRecords;
    use super::*;
    use crate::tree::{is_consistent, is_included, leaf_hash};

    #[test]
    fn every_leaf_of_every_size_is_included_and_every_two_sizes_are_consistent() {
        let (records, mut roots) = (MemoryRecords::default(), vec![[0; 32]]);
        let leaf = |size: u64| leaf_hash(&size.to_be_bytes());
        for size in 1..=70 {
            let made = append(&records, size, leaf(size)).expect("hashes");
            roots.push(root(&records, &made, size).expect("a root"));
            records.apply(&made.iter().map(|(place, hash)| record(*place, hash)).collect::<Vec<_>>());
            let now = &roots[size as usize];
            assert_eq!(root(&records, &[], size), Ok(*now));
            for old in 1..=size {
                let proof = inclusion(&records, old, size).expect("a proof");
                assert!(is_included(&leaf(old), old - 1, size, &proof, now), "{old} of {size}");
                assert!(!is_included(&leaf(old + 1), old - 1, size, &proof, now));
                let proof = consistency(&records, old, size).expect("a proof");
                assert!(is_consistent((old, &roots[old as usize]), (size, now), &proof), "{old} to {size}");
                let wrong = &leaf(old + 99);
                assert!(!is_consistent((old, wrong), (size, now), &proof));
                for cut in 0..proof.len() {
                    assert!(!is_consistent((old, &roots[old as usize]), (size, now), &proof[..cut]));
                }
            }
        }
    }
}
