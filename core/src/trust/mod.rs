//! Trust: whether a leaf is the device that it says it is.
//!
//! ```text
//!   leaf: account ‖ device, key ──► account chain ──► listed with that key?
//!                                        │ not known here
//!                                        └──► look-up, verified, kept; ask again
//! ```
//! Called on every add, update and message, before anything is shown. Chains
//! certify themselves (`wire::chain`) and may only grow; which one a name
//! means, and that it is the newest, the key directory proves (`directory`).
//! Never believes a server: what does not verify is not kept.

pub(crate) mod account;
pub(crate) mod changes;
pub(crate) mod directory;
mod heard;
mod leaves;
mod lookup;
pub(crate) mod reconcile;
pub(crate) mod safety;
pub(crate) mod witness;

use waxseal_wire::chain::PublicKey;
use waxseal_wire::id::{AccountId, DeviceId};

pub(crate) use account::{chain, is_blocked, keep, keep_chain, name, want};

use crate::group::MemberLeaf;
use crate::store::{StoreError, Tx};

/// What is known of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its account lists the device with that key.
    Proven,
    /// The account's chain is not here, or may be older than the leaf: fetch it, then ask again.
    Unknown(AccountId),
    /// The account does not list it, and the chain was just fetched.
    Unlisted,
}

/// Judges one leaf. `fresh`, asked only about what is not listed, says whether the chain was fetched because of this leaf.
pub(crate) fn standing(
    tx: &Tx<'_>,
    leaf: &MemberLeaf,
    fresh: impl FnOnce() -> Result<bool, StoreError>,
) -> Result<Standing, StoreError> {
    standing_of(tx, &leaf.account, &leaf.device, &leaf.key, fresh)
}

/// The same for a KeyPackage or anything else that names a device.
pub(crate) fn standing_of(
    tx: &Tx<'_>,
    account: &AccountId,
    device: &DeviceId,
    key: &PublicKey,
    fresh: impl FnOnce() -> Result<bool, StoreError>,
) -> Result<Standing, StoreError> {
    let listed = chain(tx, account)?.is_some_and(|chain| chain.device(device).is_some_and(|entry| entry.key == *key));
    Ok(match listed {
        true => Standing::Proven,
        false if fresh()? => Standing::Unlisted,
        false => Standing::Unknown(*account),
    })
}
