//! Our own Commits: build, keep pending, merge or drop.
//!
//! Called by the outbox. A Commit is pending from here until its exact bytes
//! come back from the mailbox (then merge) or another one takes its place.
//!
//! ```text
//!   commit ──► pending, durable ──► submit ──► our mailbox ──► merge_pending
//!                     └──── another Commit came first: accept it, build anew
//! ```

use openmls::prelude::{
    Extension, LeafNodeIndex, LeafNodeParameters, MlsMessageOut, ProtocolVersion, StagedCommit, UnknownExtension, Welcome,
};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use tls_codec::{Deserialize as _, Serialize as _};
use waxseal_wire::id::{AliasId, BlobId, Epoch};
use waxseal_wire::key::DeliveryKey;
use waxseal_wire::request::{RosterEntry, Welcomed};
use waxseal_wire::seal;
use zeroize::Zeroizing;

use super::alias::{self, Alias};
use super::error::{Cause, GroupError};
use super::identity::Identity;
use super::offer::OfferedKeyPackage;
use super::policy::Policy;
use super::provider::Provider;
use super::{Group, exporter, storage, suite};
use crate::store::Tx;

/// What a Commit should do; all parts may be combined.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Who joins; batches of at most [`waxseal_wire::limits::ADDS`].
    pub add: Vec<OfferedKeyPackage>,
    /// Leaves that go. A device is healed by removing its leaf and adding it in one Commit.
    pub remove: Vec<u32>,
    /// A new policy.
    pub policy: Option<Policy>,
    /// A new address for our own leaf; implies a path.
    pub alias: Option<Alias>,
    /// Heal: replace our keys even where the rest would not need it.
    pub with_path: bool,
}

/// A Commit that waits for the server, and all that travels with it.
#[derive(Debug, Clone)]
pub struct PendingCommit {
    /// The epoch it leads to.
    pub next_epoch: Epoch,
    /// The MLSMessage (RFC 9420 §12.4).
    pub commit: Vec<u8>,
    /// SHA-256 of `commit`: how we know it when it comes back.
    pub hash: [u8; 32],
    /// The delivery key of the next epoch.
    pub next_delivery_key: DeliveryKey,
    /// One Welcome for each joiner.
    pub welcomes: Vec<Welcomed>,
    /// The tree for the joiners; upload it before the Commit is submitted.
    pub tree: Option<SealedTree>,
    /// Entries that come into the roster, with freshly agreed seal keys.
    pub roster_add: Vec<RosterEntry>,
    /// Aliases that leave it.
    pub roster_remove: Vec<AliasId>,
}

/// A ratchet tree, sealed for those who can join by it.
#[derive(Debug, Clone)]
pub struct SealedTree {
    /// Where it goes; the Welcomes name it.
    pub blob: BlobId,
    /// Sealed bytes (wire `seal`), about 2.7 KB a populated member.
    pub bytes: Vec<u8>,
}

pub(super) const TREE: &[u8] = b"waxseal tree v1";

impl Group {
    /// Builds a Commit and keeps it pending. [`GroupError::Pending`] while one is.
    ///
    /// Messages are still sealed and opened in the old epoch until it is merged.
    pub fn commit(
        &mut self,
        tx: &Tx<'_>,
        rng: &mut impl CryptoRngCore,
        identity: &Identity,
        change: Change,
    ) -> Result<PendingCommit, GroupError> {
        self.check_may_commit(&change)?;
        let blob = BlobId::random(rng);
        let (roster_add, roster_remove) = self.roster_change(&change, rng)?;
        if let Some(alias) = &change.alias {
            alias.keep(tx)?;
        }
        let joiners = change.add.clone();
        let provider = Provider::new(tx, rng, Some(self.id()));
        let (commit, welcome) = self.stage(&provider, identity, change, blob)?;
        let commit = commit.tls_serialize_detached().map_err(|error| provider.blame(error))?;
        let hash: [u8; 32] = Sha256::digest(&commit).into();
        storage::keep_own_commit(tx, &self.id(), Some(&hash))?;
        let pending = self.mls.pending_commit().ok_or(GroupError::NotPending)?;
        let next_epoch = Epoch(pending.epoch().as_u64());
        let next_delivery_key =
            DeliveryKey::new(*exporter(exporter::DELIVERY, |label| pending.export_secret(provider.crypto(), label, &[], 32))?);
        let plain_tree = match &welcome {
            Some(_) => Some((plain_tree(self, pending, &provider)?, tree_key(pending, &provider)?)),
            None => None,
        };
        let welcomes = match welcome {
            Some(welcome) => split(&welcome, &joiners, &provider)?,
            None => Vec::new(),
        };
        drop(provider);
        let tree = plain_tree.map(|(tree, key)| SealedTree {
            blob,
            bytes: seal::seal(&key, TREE, &tree_place(self.id().as_bytes(), next_epoch), &tree, rng),
        });
        Ok(PendingCommit { next_epoch, commit, hash, next_delivery_key, welcomes, tree, roster_add, roster_remove })
    }

    /// The hash of the pending Commit's bytes.
    pub fn pending_hash(&self, tx: &Tx<'_>) -> Result<Option<[u8; 32]>, GroupError> {
        Ok(storage::own_commit(tx, &self.id())?.filter(|_| self.has_pending()))
    }

    /// The server took our Commit: goes on to the next epoch.
    pub fn merge_pending(&mut self, tx: &Tx<'_>) -> Result<(), GroupError> {
        if !self.has_pending() {
            return Err(GroupError::NotPending);
        }
        let provider = Provider::calm(tx, Some(self.id()));
        self.mls.merge_pending_commit(&provider).map_err(|error| provider.blame(error))?;
        self.settle(tx)
    }

    /// Drops our pending Commit; nothing of it was used.
    pub fn clear_pending(&mut self, tx: &Tx<'_>) -> Result<(), GroupError> {
        let provider = Provider::calm(tx, Some(self.id()));
        self.mls.clear_pending_commit(provider.storage()).map_err(|error| provider.blame(error))?;
        Ok(storage::keep_own_commit(tx, &self.id(), None)?)
    }

    /// After every step to a new epoch: no Commit of ours pends, and our alias is the one in our leaf.
    pub(super) fn settle(&mut self, tx: &Tx<'_>) -> Result<(), GroupError> {
        self.lent.take();
        storage::keep_own_commit(tx, &self.id(), None)?;
        if self.is_active() {
            alias::bind(tx, &self.own_leaf()?.address.alias, &self.id())?;
        }
        Ok(())
    }

    fn check_may_commit(&self, change: &Change) -> Result<(), GroupError> {
        if !self.is_active() {
            return Err(GroupError::NotMember);
        }
        // The library would silently put the new Commit in the old one's place.
        if self.has_pending() {
            return Err(GroupError::Pending);
        }
        let own = self.mls.own_leaf_index().u32();
        let leaves: Vec<u32> = self.members().iter().map(|member| member.leaf).collect();
        if change.remove.iter().any(|leaf| *leaf == own || !leaves.contains(leaf)) {
            return Err(GroupError::NoSuchMember);
        }
        Ok(())
    }

    fn roster_change(&self, change: &Change, rng: &mut impl CryptoRngCore) -> Result<(Vec<RosterEntry>, Vec<AliasId>), GroupError> {
        let mut add: Vec<_> = change.add.iter().map(|joiner| joiner.claim.address.agree(rng)).collect();
        let leaving = |member: &super::MemberLeaf| change.remove.contains(&member.leaf);
        let mut remove: Vec<_> =
            self.members().iter().filter(|member| leaving(member)).map(|member| member.address.alias).collect();
        if let Some(alias) = &change.alias {
            add.push(alias.address().agree(rng));
            remove.push(self.own_leaf()?.address.alias);
        }
        Ok((add, remove))
    }

    fn stage(
        &mut self,
        provider: &Provider<'_>,
        identity: &Identity,
        change: Change,
        blob: BlobId,
    ) -> Result<(MlsMessageOut, Option<Welcome>), GroupError> {
        let adds = !change.add.is_empty();
        let mut builder = self
            .mls
            .commit_builder()
            .consume_proposal_store(false)
            .propose_removals(change.remove.into_iter().map(LeafNodeIndex::new))
            .propose_adds(change.add.into_iter().map(|joiner| joiner.package))
            .force_self_update(change.with_path);
        if let Some(policy) = &change.policy {
            let context = suite::context(policy.to_bytes()?)?;
            builder = builder.propose_group_context_extensions(context).map_err(|error| provider.blame(error))?;
        }
        if let Some(alias) = &change.alias {
            let leaf = LeafNodeParameters::builder().with_extensions(suite::leaf(&alias.address())?).build();
            builder = builder.leaf_node_parameters(leaf).force_self_update(true);
        }
        let mut builder = builder.load_psks(provider.storage()).map_err(|error| provider.blame(error))?;
        if adds {
            let place = Extension::Unknown(suite::TREE_BLOB, UnknownExtension(blob.0.to_vec()));
            builder = builder.create_group_info_with_extensions([place]).map_err(|error| provider.blame(error))?;
        }
        let built = builder
            .build(provider.rand(), provider.crypto(), identity, |_| true)
            .map_err(|error| provider.blame(error))?
            .stage_commit(provider)
            .map_err(|error| provider.blame(error))?;
        let (commit, welcome, _) = built.into_contents();
        Ok((commit, welcome))
    }
}

fn plain_tree(group: &Group, pending: &StagedCommit, provider: &Provider<'_>) -> Result<Vec<u8>, GroupError> {
    let tree = pending
        .export_ratchet_tree(provider.crypto(), group.mls.export_ratchet_tree())
        .map_err(|error| provider.blame(error))?
        .ok_or(GroupError::NotMember)?;
    tree.tls_serialize_detached().map_err(|error| provider.blame(error))
}

fn tree_key(pending: &StagedCommit, provider: &Provider<'_>) -> Result<Zeroizing<[u8; 32]>, GroupError> {
    exporter(exporter::TREE, |label| pending.export_secret(provider.crypto(), label, &[], 32))
}

/// Binds a sealed tree to its group and epoch.
pub(super) fn tree_place(group: &[u8], epoch: Epoch) -> Vec<u8> {
    [group, &epoch.0.to_be_bytes()].concat()
}

/// RFC 9420 §12.4.3.1: one Welcome lists the secrets of all joiners. Gives each joiner its own alone.
fn split(welcome: &Welcome, joiners: &[OfferedKeyPackage], provider: &Provider<'_>) -> Result<Vec<Welcomed>, GroupError> {
    let whole = welcome.tls_serialize_detached().map_err(|error| provider.blame(error))?;
    let secrets = welcome.secrets().tls_serialize_detached().map_err(|error| provider.blame(error))?;
    // suite (2 bytes) ‖ secrets ‖ encrypted GroupInfo
    let (suite, rest) = whole.split_at_checked(2).ok_or(GroupError::Torn)?;
    let info = rest.strip_prefix(secrets.as_slice()).ok_or(GroupError::Torn)?;
    let mut welcomes = Vec::with_capacity(joiners.len());
    for joiner in joiners {
        let reference = joiner.package.hash_ref(provider.crypto()).map_err(|error| provider.blame(error))?;
        let own = welcome.secrets().iter().find(|secret| secret.new_member() == reference).ok_or(GroupError::Torn)?;
        let own = [own].as_slice().tls_serialize_detached().map_err(|error| provider.blame(error))?;
        let single = Welcome::tls_deserialize_exact([suite, &own, info].concat()).map_err(|error| provider.blame(error))?;
        let message = MlsMessageOut::from_welcome(single, ProtocolVersion::Mls10);
        welcomes.push(Welcomed {
            alias: joiner.claim.address.alias,
            welcome: message.tls_serialize_detached().map_err(|error| GroupError::Library(Cause::of(error)))?,
        });
    }
    Ok(welcomes)
}
