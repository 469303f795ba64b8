//! What a leaf says of its member.
//!
//! Called by the rest of `group`. Form only: whether the device belongs to the
//! account is `trust`'s to decide, on every add, update and message.

use openmls::prelude::{BasicCredential, Extensions, LeafNode};
use waxseal_wire::chain::PublicKey;
use waxseal_wire::id::{AccountId, DeviceId};
use waxseal_wire::request::Address;

use super::suite;

/// What a leaf claims: who, which device, which key, which address. Unproven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The account.
    pub account: AccountId,
    /// The account's device.
    pub device: DeviceId,
    /// The key that signs for it.
    pub key: PublicKey,
    /// Its address in this group.
    pub address: Address,
}

/// A member's leaf at its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberLeaf {
    /// RFC 9420 §7: the leaf index; it stays while the device is a member.
    pub leaf: u32,
    /// The account.
    pub account: AccountId,
    /// The account's device.
    pub device: DeviceId,
    /// The key that signs for it.
    pub key: PublicKey,
    /// Its address in this group.
    pub address: Address,
}

impl MemberLeaf {
    pub(super) fn new(leaf: u32, claim: Claim) -> Self {
        Self { leaf, account: claim.account, device: claim.device, key: claim.key, address: claim.address }
    }

    /// What it claims, without its place.
    pub fn claim(&self) -> Claim {
        Claim { account: self.account, device: self.device, key: self.key, address: self.address.clone() }
    }
}

/// Reads a leaf; `None` when its credential or alias is not of our form, or it has extensions that ours have not.
pub(super) fn claim(leaf: &LeafNode) -> Option<Claim> {
    if !suite::are_enough(leaf.capabilities()) {
        return None;
    }
    let credential = BasicCredential::try_from(leaf.credential().clone()).ok()?;
    let (account, device) = credential.identity().split_at_checked(AccountId::LEN)?;
    Some(Claim {
        account: account.try_into().ok()?,
        device: device.try_into().ok()?,
        key: leaf.signature_key().as_slice().try_into().ok()?,
        address: address(leaf.extensions())?,
    })
}

fn address(extensions: &Extensions<LeafNode>) -> Option<Address> {
    Address::from_bytes(&extensions.unknown(suite::ALIAS)?.0).ok()
}
