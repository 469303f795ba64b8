//! Step: that an epoch only added leaves to the one before.
//!
//! Made by `publish` and archived; replayed by auditors. Needs no akd: a prefix tree's root follows from any set
//! of nodes that together cover it, so one set is hashed twice, without and with the new leaves.
//!
//! ```text
//!   version(1) ‖ new leaves(4) ‖ kept nodes(4)
//!   ‖ (label 32 ‖ commitment 32) for each new leaf, by label
//!   ‖ (bits 2 ‖ label ⌈bits/8⌉ ‖ hash 32) for each kept node, by label
//! ```

use akd_core::configuration::Configuration as _;
use akd_core::{AzksElement, AzksValue, Direction, NodeLabel};
use sha2::{Digest, Sha256};

use crate::proof::{self, Config, label};
use crate::{EpochLeaf, Lie, limits};

/// Of the layout.
pub(crate) const VERSION: u8 = 1;

/// What an epoch added, and the subtrees that it left as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// 256-bit labels with commitments, not yet hashed with the epoch.
    pub(crate) inserted: Vec<AzksElement>,
    pub(crate) kept: Vec<AzksElement>,
}

/// Verifies the step to an epoch from the one before; from nothing where `to` is the first.
pub fn verify(from: Option<&EpochLeaf>, to: &EpochLeaf, bytes: &[u8]) -> Result<(), Lie> {
    let before = from.map_or(0, |from| from.epoch);
    if before + 1 != to.epoch || hash(bytes) != to.step {
        return Err(Lie::Step);
    }
    let step = Step::decode(bytes)?;
    let old = from.map_or_else(|| root(&[]), |from| from.root);
    if root(&step.kept) != old {
        return Err(Lie::Step);
    }
    let leaf = |it: &AzksElement| AzksElement {
        label: it.label,
        value: AzksValue(Config::hash_leaf_with_commitment(it.value, to.epoch).0),
    };
    let mut all: Vec<AzksElement> = step.kept.iter().copied().chain(step.inserted.iter().map(leaf)).collect();
    all.sort_by_key(order);
    // A node below another would be hashed nowhere: a leaf could hide in a subtree that is said to be kept.
    let overlaps = all.iter().zip(all.iter().skip(1)).any(|(one, next)| one.label.is_prefix_of(&next.label));
    if overlaps || root(&all) != to.root { Err(Lie::Step) } else { Ok(()) }
}

/// What the epoch's leaf says of its archived step.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn order(element: &AzksElement) -> ([u8; 32], u32) {
    (element.label.label_val, element.label.label_len)
}

/// Root of the prefix tree of these nodes, ordered by label, none below another.
fn root(nodes: &[AzksElement]) -> [u8; 32] {
    if nodes.is_empty() {
        return Config::compute_root_hash_from_val(&Config::empty_root_value());
    }
    Config::compute_root_hash_from_val(&inner(nodes, 0))
}

/// Value of the inner node that is the first `at` bits of all of these.
fn inner(nodes: &[AzksElement], at: u32) -> AzksValue {
    let split = nodes.partition_point(|node| label::direction(&node.label, at) == Direction::Left);
    let (left, right) = nodes.split_at_checked(split).unwrap_or((nodes, &[]));
    let (left, right) = (child(left), child(right));
    Config::compute_parent_hash_from_children(
        &left.value,
        &left.label.value::<Config>(),
        &right.value,
        &right.label.value::<Config>(),
    )
}

fn child(nodes: &[AzksElement]) -> AzksElement {
    match nodes {
        [] => proof::empty(),
        [one] => *one,
        [first, .., last] => {
            let common: NodeLabel = first.label.get_longest_common_prefix::<Config>(last.label);
            AzksElement { label: common, value: inner(nodes, common.label_len) }
        }
    }
}

impl Step {
    /// Its bytes: one form for one step.
    #[cfg(feature = "publish")]
    pub(crate) fn encode(mut self) -> Option<Vec<u8>> {
        self.inserted.sort_by_key(order);
        self.kept.sort_by_key(order);
        let mut bytes = vec![VERSION];
        bytes.extend(u32::try_from(self.inserted.len()).ok()?.to_be_bytes());
        bytes.extend(u32::try_from(self.kept.len()).ok()?.to_be_bytes());
        for node in &self.inserted {
            bytes.extend(node.label.label_val);
            bytes.extend(node.value.0);
        }
        for node in &self.kept {
            bytes.extend(u16::try_from(node.label.label_len).ok()?.to_be_bytes());
            bytes.extend(label::bytes(&node.label));
            bytes.extend(node.value.0);
        }
        (bytes.len() <= limits::STEP).then_some(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Lie> {
        if bytes.len() > limits::STEP {
            return Err(Lie::Malformed);
        }
        let mut rest = Reader(bytes);
        let [version] = rest.take::<1>()?;
        let (inserted, kept) = (u32::from_be_bytes(rest.take()?), u32::from_be_bytes(rest.take()?));
        // 64 bytes a leaf and at least 35 a node: counts that the bytes cannot hold are refused before anything is set aside.
        let holds = u64::from(inserted) * 64 + u64::from(kept) * 35 <= rest.0.len() as u64;
        if version != VERSION || !holds || inserted == 0 {
            return Err(Lie::Malformed);
        }
        let leaf =
            |rest: &mut Reader<'_>| Ok(AzksElement { label: NodeLabel::new(rest.take()?, 256), value: AzksValue(rest.take()?) });
        let node = |rest: &mut Reader<'_>| {
            let bits = u32::from(u16::from_be_bytes(rest.take()?));
            let label = label::read(bits, rest.slice((bits as usize).div_ceil(8))?)?;
            Ok(AzksElement { label, value: AzksValue(rest.take()?) })
        };
        let inserted = (0..inserted).map(|_| leaf(&mut rest)).collect::<Result<Vec<_>, Lie>>()?;
        let kept = (0..kept).map(|_| node(&mut rest)).collect::<Result<Vec<_>, Lie>>()?;
        // Ordered, so that nothing is there twice, and none below another.
        let good = |nodes: &[AzksElement]| {
            nodes
                .iter()
                .zip(nodes.iter().skip(1))
                .all(|(one, next)| order(one) < order(next) && !one.label.is_prefix_of(&next.label))
        };
        if rest.0.is_empty() && good(&inserted) && good(&kept) { Ok(Self { inserted, kept }) } else { Err(Lie::Malformed) }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], Lie> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Lie::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Lie> {
        self.slice(N)?.try_into().map_err(|_| Lie::Malformed)
    }
}
