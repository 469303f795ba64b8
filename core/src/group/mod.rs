//! MLS groups: who is in, what they share, what is sealed to them.
//!
//! Called by inbox, outbox and chats, always inside a store transaction: the
//! MLS library (openmls, RFC 9420) writes in the middle of its operations. The
//! only folder that names that library. Knows nothing of accounts' chains, of
//! chats or of the server; never decides whether a member may do something.
//!
//! ```text
//!   offer ──► change ──► (mailbox) ──► open ──► judge ──► accept
//!   KeyPackage  Commit                   │
//!                 └─ Welcome, tree ──► join
//! ```
//! After any error the transaction is rolled back and the [`Group`] dropped:
//! in memory it may be ahead of the database. Load it again.

mod alias;
mod change;
mod error;
mod identity;
pub mod join;
mod leaf;
mod offer;
mod open;
mod policy;
mod provider;
mod storage;
mod suite;

use std::cell::OnceCell;

use openmls::group::{ExportSecretError, MlsGroup};
use openmls::prelude::LeafNodeIndex;
use openmls::treesync::LeafNodeSource;
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use tls_codec::Serialize as _;
use waxseal_wire::id::{AliasId, Epoch, GroupId};
use waxseal_wire::key::DeliveryKey;
use waxseal_wire::request::RosterEntry;
use waxseal_wire::seal::roster_hash;
use zeroize::{Zeroize, Zeroizing};

pub(crate) use alias::offers;
pub use alias::{Alias, AliasState, OwnAlias, find as find_alias, forget as forget_alias, of_group as aliases_of};
pub use change::{Change, PendingCommit, SealedTree};
pub use error::{Cause, GroupError, JoinError, OfferError, OpenError};
pub use identity::Identity;
pub use leaf::{Claim, MemberLeaf};
pub use offer::{LIFETIME_DAYS, OfferedKeyPackage, make_key_package, read_key_package};
pub use open::{Opened, StagedChange};
pub(crate) use policy::seats;
pub use policy::{ADMINS, Errand, Policy, PolicyError};
pub use suite::Suite;

use crate::store::{StoreError, Tx};
use provider::{CRYPTO, Provider};

/// One MLS group, as it was when loaded or last changed.
pub struct Group {
    mls: MlsGroup,
    /// The delivery key of the epoch that it is in, once it was asked for.
    lent: OnceCell<DeliveryKey>,
}

impl core::fmt::Debug for Group {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Group(epoch {})", self.epoch())
    }
}

impl Group {
    fn new(mls: MlsGroup) -> Self {
        Self { mls, lent: OnceCell::new() }
    }

    /// Makes a group with this device as its only member, in epoch 0.
    pub fn create(
        tx: &Tx<'_>,
        rng: &mut impl CryptoRngCore,
        identity: &Identity,
        alias: &Alias,
        group: GroupId,
        policy: &Policy,
    ) -> Result<Self, GroupError> {
        if Self::load(tx, &group)?.is_some() {
            return Err(GroupError::Exists);
        }
        let provider = Provider::new(tx, rng, Some(group));
        let mls = MlsGroup::builder()
            .with_group_id(library_id(&group))
            .ciphersuite(Suite::CURRENT.library())
            .lifetime(suite::lifetime())
            .with_capabilities(suite::capabilities(Suite::CURRENT))
            .with_wire_format_policy(suite::settings().wire_format_policy())
            .max_past_epochs(0)
            .use_ratchet_tree_extension(false)
            .number_of_resumption_psks(0)
            .padding_size(0)
            .with_group_context_extensions(suite::context(policy.to_bytes()?)?)
            .with_leaf_node_extensions(suite::leaf(&alias.address())?)
            .map_err(|error| provider.blame(error))?
            .build(&provider, identity, identity.credential())
            .map_err(|error| provider.blame(error))?;
        alias.keep(tx)?;
        alias::bind(tx, &alias.alias, &group)?;
        Ok(Self::new(mls))
    }

    /// The stored group, or `None` when there is none of this id.
    pub fn load(tx: &Tx<'_>, group: &GroupId) -> Result<Option<Self>, GroupError> {
        let provider = Provider::calm(tx, Some(*group));
        let mls = MlsGroup::load(provider.storage(), &library_id(group)).map_err(|error| provider.blame(error))?;
        match mls {
            Some(mls) if Suite::accept(mls.ciphersuite()).is_none() => Err(GroupError::Torn),
            loaded => Ok(loaded.map(Self::new)),
        }
    }

    /// Its id.
    pub fn id(&self) -> GroupId {
        // Made by `create` or checked by `join`: 16 bytes.
        self.mls.group_id().as_slice().try_into().unwrap_or(GroupId([0; 16]))
    }

    /// The epoch it is in.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.mls.epoch().as_u64())
    }

    /// The suite it uses.
    pub fn suite(&self) -> Suite {
        Suite::accept(self.mls.ciphersuite()).unwrap_or(Suite::CURRENT)
    }

    /// All members, this device among them, by leaf index.
    pub fn members(&self) -> Vec<MemberLeaf> {
        let leaves = self.mls.public_group().treesync().full_leaves();
        leaves.filter_map(|(index, node)| Some(MemberLeaf::new(index.u32(), leaf::claim(node)?))).collect()
    }

    /// Whether a leaf is still as it was added: its device has made no Commit since, and may not know that it is in (RFC 9420 §7.2).
    pub fn is_untouched(&self, leaf: &MemberLeaf) -> bool {
        let node = self.mls.public_group().leaf(LeafNodeIndex::new(leaf.leaf));
        node.is_some_and(|node| matches!(node.leaf_node_source(), LeafNodeSource::KeyPackage(_)))
    }

    /// The addresses of all members, with seal keys that are agreed anew each time.
    pub fn roster(&self, rng: &mut impl CryptoRngCore) -> Vec<RosterEntry> {
        self.members().into_iter().map(|member| member.address.agree(rng)).collect()
    }

    /// Hash over the addresses of all members, to compare with what the server has.
    pub fn roster_hash(&self) -> [u8; 32] {
        let members = self.members();
        roster_hash(members.iter().map(|member| &member.address.alias))
    }

    /// What it is called and who may change it.
    pub fn policy(&self) -> Result<Policy, GroupError> {
        let bytes = suite::policy_of(self.mls.extensions()).ok_or(GroupError::Torn)?;
        Ok(Policy::from_bytes(bytes)?)
    }

    /// This device's own leaf.
    pub fn own_leaf(&self) -> Result<MemberLeaf, GroupError> {
        self.leaf_at(self.mls.own_leaf_index()).filter(|_| self.is_active()).ok_or(GroupError::NotMember)
    }

    /// Whether this device is still a member.
    pub fn is_active(&self) -> bool {
        self.mls.is_active()
    }

    /// Whether a Commit of ours waits for the server.
    pub fn has_pending(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// The key to lend to the server in this epoch.
    pub fn delivery_key(&self) -> Result<DeliveryKey, GroupError> {
        if !self.is_active() {
            return Err(GroupError::NotMember);
        }
        if let Some(key) = self.lent.get() {
            return Ok(key.clone());
        }
        let key = exporter(exporter::DELIVERY, |label| self.mls.export_secret(&*CRYPTO, label, &[], 32))?;
        Ok(self.lent.get_or_init(|| DeliveryKey::new(*key)).clone())
    }

    /// Seals an application message in the current epoch; 150 bytes longer than `plaintext`.
    ///
    /// Put the envelope into the outbox in the same transaction: sent before it is durable, it would reuse a key.
    pub fn seal(
        &mut self,
        tx: &Tx<'_>,
        rng: &mut impl CryptoRngCore,
        identity: &Identity,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, GroupError> {
        if !self.is_active() {
            return Err(GroupError::NotMember);
        }
        let provider = Provider::new(tx, rng, Some(self.id()));
        let message = self.mls.create_message(&provider, identity, plaintext).map_err(|error| provider.blame(error))?;
        message.tls_serialize_detached().map_err(|error| provider.blame(error))
    }

    fn leaf_at(&self, index: LeafNodeIndex) -> Option<MemberLeaf> {
        Some(MemberLeaf::new(index.u32(), leaf::claim(self.mls.public_group().leaf(index)?)?))
    }
}

/// Deletes all that is stored of a group, private keys first of all. Says which aliases were its own: drop them at the server.
pub fn wipe(tx: &Tx<'_>, group: &GroupId) -> Result<Vec<AliasId>, StoreError> {
    storage::wipe(tx, group)?;
    alias::wipe(tx, group)
}

fn library_id(group: &GroupId) -> openmls::group::GroupId {
    openmls::group::GroupId::from_slice(group.as_bytes())
}

/// Labels of the MLS exporter (RFC 9420 §8.5).
mod exporter {
    /// [`waxseal_wire::key::DeliveryKey`].
    pub(super) const DELIVERY: &str = "waxseal delivery";
    /// Seals the tree for joiners.
    pub(super) const TREE: &str = "waxseal tree";
}

/// Exports 32 bytes under one of our labels.
fn exporter(
    label: &str,
    export: impl FnOnce(&str) -> Result<Vec<u8>, ExportSecretError>,
) -> Result<Zeroizing<[u8; 32]>, GroupError> {
    let mut bytes = export(label).map_err(|error| GroupError::Library(Cause::of(error)))?;
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| GroupError::Torn);
    bytes.zeroize();
    key
}

#[cfg(test)]
mod tests;
