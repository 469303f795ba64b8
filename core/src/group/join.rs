//! Joining a group by a Welcome and its sealed tree.
//!
//! Called by the inbox: peek first (is it wanted, where is the tree), fetch the
//! tree, then join. Whether a Welcome is *taken* is the caller's rule: only one
//! of a higher epoch than ours, or asked for, and never one whose hash was used
//! before (a last-resort Welcome can be replayed, and would roll the group back).

use openmls::group::JoinBuilder;
use openmls::prelude::{
    KeyPackage, LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn, ProcessedWelcome, RatchetTreeIn, StagedWelcome, Welcome,
    WelcomeError,
};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use tls_codec::Deserialize as _;
use waxseal_wire::id::{AliasId, BlobId, Epoch, GroupId};
use waxseal_wire::seal;
use zeroize::Zeroizing;

use super::change::{TREE, tree_place};
use super::error::{Cause, GroupError, JoinError};
use super::identity::Identity;
use super::leaf::{self, MemberLeaf};
use super::policy::Policy;
use super::provider::Provider;
use super::storage::Failed;
use super::suite::{self, Suite};
use super::{Group, alias, exporter};
use crate::store::Tx;

/// What a Welcome says before its tree is there. Unverified: only its sender's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// The group it leads into.
    pub group: GroupId,
    /// The epoch it leads to.
    pub epoch: Epoch,
    /// Where the sealed tree is.
    pub blob: BlobId,
    /// Our alias, by the KeyPackage that was used.
    pub alias: AliasId,
    /// Whether that was our last resort: change the alias in the next Commit.
    pub last_resort: bool,
    /// SHA-256 of the Welcome's bytes, to know it again.
    pub hash: [u8; 32],
}

/// A group that this device has joined.
#[derive(Debug)]
pub struct Joined {
    /// The group, stored.
    pub group: Group,
    /// Who sent the Welcome; whose leaf that is, is for `trust` to say.
    pub by: MemberLeaf,
}

/// Looks into a Welcome without using it up.
pub fn peek(tx: &Tx<'_>, welcome: &[u8]) -> Result<Peeked, JoinError> {
    let hash = Sha256::digest(welcome).into();
    let welcome = parse(welcome)?;
    tx.undone(|tx| {
        let provider = Provider::calm(tx, None);
        let processed = process(&provider, welcome)?;
        let info = processed.unverified_group_info();
        let package = processed.own_key_package().ok_or(JoinError::NoKeyPackage)?;
        Ok(Peeked {
            group: info.group_id().as_slice().try_into().map_err(|_| JoinError::Foreign)?,
            epoch: Epoch(info.epoch().as_u64()),
            blob: blob(&processed)?,
            alias: own_alias(package)?,
            last_resort: package.last_resort(),
            hash,
        })
    })
}

/// Joins. The KeyPackage is used up (a last resort stays), and its alias is bound to the group.
///
/// [`JoinError::Exists`] where the store has the group: [`super::wipe`] it first, in the same transaction.
pub fn join(
    tx: &Tx<'_>,
    rng: &mut impl CryptoRngCore,
    identity: &Identity,
    welcome: &[u8],
    sealed_tree: &[u8],
) -> Result<Joined, JoinError> {
    let welcome = parse(welcome)?;
    let provider = Provider::new(tx, rng, None);
    let processed = process(&provider, welcome)?;
    let alias = own_alias(processed.own_key_package().ok_or(JoinError::NoKeyPackage)?)?;
    let tree = open_tree(&provider, &processed, sealed_tree)?;
    let staged =
        JoinBuilder::new(&provider, processed).with_ratchet_tree(tree).build().map_err(|error| refusal(&provider, error))?;
    let sender = staged.welcome_sender_index();
    check(&staged)?;
    let mls = staged.into_group(&provider).map_err(|error| refusal(&provider, error))?;
    let group = Group::new(mls);
    check_members(&group, identity, &alias)?;
    alias::bind(tx, &alias, &group.id())?;
    let by = group.leaf_at(LeafNodeIndex::new(sender.u32())).ok_or(JoinError::Foreign)?;
    Ok(Joined { group, by })
}

fn parse(welcome: &[u8]) -> Result<Welcome, JoinError> {
    let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(|_| JoinError::Malformed)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { return Err(JoinError::Malformed) };
    if Suite::accept(welcome.ciphersuite()).is_none() {
        return Err(JoinError::WrongSuite);
    }
    Ok(welcome)
}

fn process(provider: &Provider<'_>, welcome: Welcome) -> Result<ProcessedWelcome, JoinError> {
    ProcessedWelcome::new_from_welcome(provider, &suite::settings(), welcome).map_err(|error| refusal(provider, error))
}

fn own_alias(package: &KeyPackage) -> Result<AliasId, JoinError> {
    leaf::claim(package.leaf_node()).map(|claim| claim.address.alias).ok_or(JoinError::Foreign)
}

fn blob(processed: &ProcessedWelcome) -> Result<BlobId, JoinError> {
    let place = processed.unverified_group_info().extensions().unknown(suite::TREE_BLOB).ok_or(JoinError::Foreign)?;
    place.0.as_slice().try_into().map_err(|_| JoinError::Foreign)
}

fn open_tree(provider: &Provider<'_>, processed: &ProcessedWelcome, sealed: &[u8]) -> Result<RatchetTreeIn, JoinError> {
    let (key, place) = tree_seal(provider, processed)?;
    let plain = seal::open(&key, TREE, &place, sealed).map_err(|_| JoinError::Tree)?;
    RatchetTreeIn::tls_deserialize_exact(plain).map_err(|_| JoinError::Tree)
}

/// The key that a Welcome's tree is sealed under, and the place that it is bound to.
fn tree_seal(provider: &Provider<'_>, processed: &ProcessedWelcome) -> Result<(Zeroizing<[u8; 32]>, Vec<u8>), JoinError> {
    let key = exporter(exporter::TREE, |label| processed.export_secret(provider.crypto(), label, &[], 32))
        .map_err(|_| JoinError::Foreign)?;
    let info = processed.unverified_group_info();
    Ok((key, tree_place(info.group_id().as_slice(), Epoch(info.epoch().as_u64()))))
}

/// Seals another tree in the place of a Welcome's, as whoever invites could; gives it and the plain one. For fuzzing.
#[doc(hidden)]
pub fn remake_tree(
    tx: &Tx<'_>,
    rng: &mut impl CryptoRngCore,
    welcome: &[u8],
    sealed: &[u8],
    change: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<(Vec<u8>, Vec<u8>), JoinError> {
    let welcome = parse(welcome)?;
    let (key, place) = tx.undone(|tx| {
        let provider = Provider::calm(tx, None);
        tree_seal(&provider, &process(&provider, welcome)?)
    })?;
    let plain = seal::open(&key, TREE, &place, sealed).map_err(|_| JoinError::Tree)?;
    Ok((seal::seal(&key, TREE, &place, &change(&plain), rng), plain))
}

/// What our groups have: a 16-byte id, the suite, our requirements, a policy that reads.
fn check(staged: &StagedWelcome) -> Result<(), JoinError> {
    let context = staged.group_context();
    if Suite::accept(context.ciphersuite()).is_none() {
        return Err(JoinError::WrongSuite);
    }
    let policy = suite::policy_of(context.extensions()).ok_or(JoinError::Foreign)?;
    Policy::from_bytes(policy).map_err(|_| JoinError::Foreign)?;
    GroupId::try_from(context.group_id().as_slice()).map_err(|_| JoinError::Foreign)?;
    Ok(())
}

/// Every leaf reads, and our own is ours.
fn check_members(group: &Group, identity: &Identity, alias: &AliasId) -> Result<(), JoinError> {
    if group.members().len() != group.mls.members().count() {
        return Err(JoinError::Foreign);
    }
    let own = group.own_leaf().map_err(|_: GroupError| JoinError::Foreign)?;
    let is_ours = own.account == identity.account
        && own.device == identity.device
        && own.key == identity.public_key()
        && own.address.alias == *alias;
    if is_ours { Ok(()) } else { Err(JoinError::Foreign) }
}

fn refusal(provider: &Provider<'_>, error: WelcomeError<Failed>) -> JoinError {
    if let Some(fault) = provider.fault() {
        return JoinError::Store(fault);
    }
    match error {
        WelcomeError::NoMatchingKeyPackage => JoinError::NoKeyPackage,
        WelcomeError::GroupAlreadyExists => JoinError::Exists,
        WelcomeError::UnsupportedCiphersuite(_) | WelcomeError::CiphersuiteMismatch => JoinError::WrongSuite,
        WelcomeError::PublicTreeError(_) | WelcomeError::PublicGroupError(_) => JoinError::Tree,
        other => JoinError::Invalid(Cause::of(other)),
    }
}
