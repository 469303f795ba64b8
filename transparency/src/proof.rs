//! Parts of proofs: paths in the prefix tree, read so that only what fits a tree can be said.
//!
//! Called by `lookup`, `absence` and `history`. Stricter than akd_core's verifier, which is called on
//! what comes out: here every path starts at the root, follows the label's own bits, has its siblings
//! on the other side, and a label that is said to be missing leaves the tree where its path ends.
//!
//! ```text
//!   root ─┬─ sibling            at: 0
//!         └─ 01 ─┬─ sibling     at: 2      each inner node is a prefix of the label, named by its length
//!                └─ 0110…       the leaf, or (absent) two children that both turn off
//! ```

pub(crate) mod label;

use akd_core::configuration::Configuration as _;
use akd_core::ecvrf::{Proof, VRFPublicKey};
use akd_core::{
    AkdLabel, AzksElement, AzksValue, Direction, MembershipProof, NodeLabel, NonMembershipProof, SiblingProof, VersionFreshness,
};

use crate::proto::{Absent, Child, Present, Sibling};
use crate::{Lie, LogKeys, limits};

/// How akd hashes here; part of the format.
pub(crate) type Config = akd_core::WhatsAppV1Configuration;

/// A name as akd has it.
pub(crate) fn name(name: &str) -> Result<AkdLabel, Lie> {
    if (1..=limits::NAME).contains(&name.len()) { Ok(AkdLabel(name.as_bytes().to_vec())) } else { Err(Lie::Name) }
}

pub(crate) fn hash(bytes: &[u8]) -> Result<[u8; 32], Lie> {
    bytes.try_into().map_err(|_| Lie::Malformed)
}

/// A leaf that is there. `leaf` is its hash where the answer says it; the proof may not say it again.
pub(crate) fn present(part: &Present, leaf: Option<[u8; 32]>) -> Result<MembershipProof, Lie> {
    let label = label::of_vrf(&part.vrf)?;
    let hash_val = match (leaf, part.leaf.is_empty()) {
        (Some(leaf), true) => leaf,
        (None, false) => hash(&part.leaf)?,
        _ => return Err(Lie::Malformed),
    };
    // A leaf is never the root, so its path has a first step.
    if part.path.is_empty() {
        return Err(Lie::Shape);
    }
    Ok(MembershipProof { label, hash_val: AzksValue(hash_val), sibling_proofs: path(&label, 256, &part.path)? })
}

/// A leaf that is not there.
pub(crate) fn absent(part: &Absent) -> Result<NonMembershipProof, Lie> {
    let label = label::of_vrf(&part.vrf)?;
    if part.at >= 256 {
        return Err(Lie::Shape);
    }
    let end = label.get_prefix(part.at);
    let child = |side, child: &Option<Child>| {
        let child = child.as_ref().ok_or(Lie::Malformed)?;
        element(&label, part.at, side, child.bits, &child.label, &child.hash)
    };
    let children = [child(Direction::Left, &part.left)?, child(Direction::Right, &part.right)?];
    let [left, right] = &children;
    // The label turns off here: on its side stands nothing, or something that it does not go through.
    let passes = |child: &AzksElement| !is_empty(child) && child.label.is_prefix_of(&label);
    if passes(left) || passes(right) || (is_empty(left) && is_empty(right)) {
        return Err(Lie::Shape);
    }
    let hash_val = Config::compute_parent_hash_from_children(
        &left.value,
        &left.label.value::<Config>(),
        &right.value,
        &right.label.value::<Config>(),
    );
    let membership = MembershipProof { label: end, hash_val, sibling_proofs: path(&end, part.at, &part.path)? };
    Ok(NonMembershipProof {
        label,
        longest_prefix: end,
        longest_prefix_children: children,
        longest_prefix_membership_proof: membership,
    })
}

/// The way from the root down to the node of label `to`, which is `bits` long.
fn path(to: &NodeLabel, bits: u32, siblings: &[Sibling]) -> Result<Vec<SiblingProof>, Lie> {
    let mut above = None;
    let mut proofs = Vec::with_capacity(siblings.len().min(256));
    for sibling in siblings {
        let follows = above.map_or(sibling.at == 0, |above| sibling.at > above);
        if !follows || sibling.at >= bits {
            return Err(Lie::Shape);
        }
        above = Some(sibling.at);
        let direction = label::direction(to, sibling.at);
        let beside = element(to, sibling.at, direction.other(), sibling.bits, &sibling.label, &sibling.hash)?;
        proofs.push(SiblingProof { label: to.get_prefix(sibling.at), siblings: [beside], direction });
    }
    // Only the root has nothing above it.
    if above.is_none() && bits != 0 { Err(Lie::Shape) } else { Ok(proofs) }
}

/// A node on one side of the inner node that is `at` bits of `of`.
fn element(of: &NodeLabel, at: u32, side: Direction, bits: u32, label: &[u8], hash: &[u8]) -> Result<AzksElement, Lie> {
    if bits == 0 {
        // Only the root may lack a child.
        let whole = at == 0 && label.is_empty() && hash.is_empty();
        return if whole { Ok(empty()) } else { Err(Lie::Shape) };
    }
    let label = label::read(bits, label)?;
    let below = bits > at && label.get_prefix(at) == of.get_prefix(at) && label::direction(&label, at) == side;
    if below { Ok(AzksElement { label, value: AzksValue(self::hash(hash)?) }) } else { Err(Lie::Shape) }
}

/// What stands for a child that the root does not have.
pub(crate) fn empty() -> AzksElement {
    AzksElement { label: Config::empty_label(), value: Config::empty_node_hash() }
}

fn is_empty(element: &AzksElement) -> bool {
    element.label == Config::empty_label()
}

/// That the log's VRF gives this part's label for a version of a name (RFC 9381 §5.3).
pub(crate) fn verify_label(
    log: &LogKeys,
    name: &AkdLabel,
    freshness: VersionFreshness,
    version: u64,
    vrf: &[u8],
) -> Result<(), Lie> {
    let key = VRFPublicKey::try_from(log.vrf.as_slice()).map_err(|_| Lie::Malformed)?;
    let proof = Proof::try_from(vrf).map_err(|_| Lie::Malformed)?;
    key.verify(&proof, &Config::get_hash_from_label_input(name, freshness, version)).map_err(|_| Lie::Answer)
}

/// The root that a path leads to.
pub(crate) fn root_of(proof: &MembershipProof) -> [u8; 32] {
    let (mut value, mut label) = (proof.hash_val, proof.label);
    for step in proof.sibling_proofs.iter().rev() {
        let [beside] = &step.siblings;
        let (own, other) = (label.value::<Config>(), beside.label.value::<Config>());
        value = match step.direction {
            Direction::Left => Config::compute_parent_hash_from_children(&value, &own, &beside.value, &other),
            Direction::Right => Config::compute_parent_hash_from_children(&beside.value, &other, &value, &own),
        };
        label = step.label;
    }
    Config::compute_root_hash_from_val(&value)
}
