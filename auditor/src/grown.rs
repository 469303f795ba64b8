//! The auditor's own tree of epochs, as small as it can be: the roots of its full subtrees (RFC 9162 §2.1).
//!
//! Called by `round` with each epoch that was verified. Built of epochs alone: what the server says of roots is never in it.
//!
//! ```text
//!   peaks of 7 leaves:  [0‥3]  [4 5]  [6]        one for each bit of the size, the largest first
//! ```

use waxseal_transparency::EpochLeaf;
use waxseal_transparency::tree::{Hash, node_hash};

/// All epochs from the first on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grown {
    /// Epochs in it.
    pub(crate) size: u64,
    /// Roots of the full subtrees of all epochs but the last.
    pub(crate) before: Vec<Hash>,
    /// The last epoch.
    pub(crate) last: Option<EpochLeaf>,
}

impl Grown {
    /// Puts the next epoch to it.
    pub(crate) fn push(&mut self, leaf: EpochLeaf) {
        self.before = self.peaks();
        self.last = Some(leaf);
        self.size = self.size.saturating_add(1);
    }

    fn peaks(&self) -> Vec<Hash> {
        let Some(last) = &self.last else { return Vec::new() };
        let (mut peaks, mut hash) = (self.before.clone(), last.hash());
        // Two full subtrees of one size become one of the next: as many as the leaf's index has ones at its end.
        for _ in 0..self.size.saturating_sub(1).trailing_ones() {
            if let Some(left) = peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        peaks.push(hash);
        peaks
    }

    /// Its root; `None` where it is empty.
    pub(crate) fn root(&self) -> Option<Hash> {
        self.peaks().into_iter().rev().reduce(|right, left| node_hash(&left, &right))
    }

    /// That the last epoch stands last: everything on its way up is to its left.
    pub(crate) fn inclusion(&self) -> Vec<Hash> {
        self.before.iter().rev().copied().collect()
    }

    /// Whether it can be: as many subtrees as the size has bits, and the last epoch of the number that the size is.
    pub(crate) fn is_whole(&self) -> bool {
        let before = self.size.saturating_sub(1).count_ones() as usize;
        self.before.len() == before && self.last.map_or(0, |leaf| leaf.epoch) == self.size
    }
}

/// The root of these leaves' hashes.
pub(crate) fn root(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [one] => Some(*one),
        _ => {
            let (left, right) = split(hashes);
            Some(node_hash(&root(left)?, &root(right)?))
        }
    }
}

/// RFC 9162 §2.1.3.1: that the leaf at `index` stands among these.
pub(crate) fn inclusion(hashes: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if hashes.len() < 2 {
        return (index < hashes.len()).then(Vec::new);
    }
    let (left, right) = split(hashes);
    let (mut proof, beside) = match index.checked_sub(left.len()) {
        None => (inclusion(left, index)?, root(right)?),
        Some(index) => (inclusion(right, index)?, root(left)?),
    };
    proof.push(beside);
    Some(proof)
}

/// At the largest power of two below their number, which is at least two.
fn split(hashes: &[Hash]) -> (&[Hash], &[Hash]) {
    hashes.split_at_checked(hashes.len().next_power_of_two() / 2).unwrap_or((hashes, &[]))
}

#[cfg(test)]
mod tests {
    use waxseal_transparency::tree::is_included;
    use waxseal_wire::id::Millis;

    use super::*;

    #[test]
    fn it_grows_as_the_tree_does() {
        let (mut grown, mut hashes) = (Grown::default(), Vec::new());
        assert_eq!((grown.root(), root(&[])), (None, None));
        for epoch in 1..=70_u64 {
            let leaf = EpochLeaf { epoch, root: [epoch as u8; 32], step: [0; 32], at: Millis(epoch) };
            grown.push(leaf);
            hashes.push(leaf.hash());
            let now = grown.root().unwrap();
            assert_eq!((Some(now), grown.size, grown.is_whole()), (root(&hashes), epoch, true));
            assert!(is_included(&leaf.hash(), epoch - 1, epoch, &grown.inclusion(), &now));
            for (index, hash) in hashes.iter().enumerate() {
                assert!(is_included(hash, index as u64, epoch, &inclusion(&hashes, index).unwrap(), &now));
            }
            assert_eq!(inclusion(&hashes, hashes.len()), None);
        }
    }
}
