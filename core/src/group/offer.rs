//! KeyPackages: ours to offer, others' to add.
//!
//! Called by `authentication`'s client side (makes, publishes) and by whoever
//! adds a member. A KeyPackage is checked here as every member will check it,
//! ours too: the library builds some that nobody could add.

use openmls::prelude::{KeyPackage, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProtocolVersion};
use rand_core::CryptoRngCore;
use tls_codec::{Deserialize as _, Serialize as _};
use waxseal_wire::id::Millis;

use super::alias::Alias;
use super::error::{Cause, GroupError, OfferError};
use super::identity::Identity;
use super::leaf::{self, Claim};
use super::provider::{CRYPTO, Provider};
use super::storage;
use super::suite::{self, Suite};
use crate::store::Tx;
use openmls_traits::OpenMlsProvider;

/// Another device's KeyPackage, found valid: it can be added.
#[derive(Debug, Clone)]
pub struct OfferedKeyPackage {
    /// Who offers it; unproven until `trust` has seen the account chain.
    pub claim: Claim,
    /// Whether it is the device's last resort, used many times.
    pub last_resort: bool,
    /// The day it was made, counted from 1970-01-01 UTC, as its device says.
    made: Option<u32>,
    /// The MLSMessage, as it came.
    pub bytes: Vec<u8>,
    pub(super) package: KeyPackage,
}

/// A KeyPackage is good for so many days from the day it was made.
pub const LIFETIME_DAYS: u64 = 90;

const DAY: u64 = 24 * 60 * 60 * 1000;

impl OfferedKeyPackage {
    /// Whether it is too old to add anybody by, or too far in the future to have an age.
    ///
    /// For whoever is about to add alone: members who judge a Commit have other clocks, and would part over it.
    pub fn is_expired(&self, now: Millis) -> bool {
        let today = now.0 / DAY;
        self.made.is_none_or(|made| today.abs_diff(u64::from(made)) > LIFETIME_DAYS)
    }
}

/// Makes a KeyPackage that carries `alias`, and keeps its private part and the alias.
///
/// Returns the MLSMessage to publish (RFC 9420 §10, about 2.8 KB).
pub fn make_key_package(
    tx: &Tx<'_>,
    now: Millis,
    rng: &mut impl CryptoRngCore,
    identity: &Identity,
    alias: &Alias,
    last_resort: bool,
) -> Result<Vec<u8>, GroupError> {
    let provider = Provider::new(tx, rng, None);
    let mut builder = KeyPackage::builder()
        .key_package_lifetime(suite::lifetime())
        .key_package_extensions(suite::key_package(u32::try_from(now.0 / DAY).unwrap_or(u32::MAX))?)
        .leaf_node_capabilities(suite::capabilities(Suite::CURRENT))
        .leaf_node_extensions(suite::leaf(&alias.address())?);
    if last_resort {
        builder = builder.mark_as_last_resort();
    }
    let bundle = builder
        .build(Suite::CURRENT.library(), &provider, identity, identity.credential())
        .map_err(|error| provider.blame(error))?;
    let package = bundle.into_key_package();
    let reference = package.hash_ref(provider.crypto()).map_err(|error| provider.blame(error))?;
    alias.offer(tx, &storage::item_key(&reference)?, last_resort)?;
    let bytes = MlsMessageOut::from(package).tls_serialize_detached().map_err(|error| provider.blame(error))?;
    read_key_package(&bytes)?;
    Ok(bytes)
}

/// Checks a KeyPackage: signatures, suite, capabilities, credential, alias. Its age is judged by
/// [`OfferedKeyPackage::is_expired`].
pub fn read_key_package(bytes: &[u8]) -> Result<OfferedKeyPackage, OfferError> {
    let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| OfferError::Malformed)?;
    let MlsMessageBodyIn::KeyPackage(unverified) = message.extract() else { return Err(OfferError::Malformed) };
    let package = unverified.validate(&*CRYPTO, ProtocolVersion::Mls10).map_err(|error| OfferError::Invalid(Cause::of(error)))?;
    let claim = check(&package)?;
    Ok(OfferedKeyPackage { claim, last_resort: package.last_resort(), made: suite::made(&package), bytes: bytes.to_vec(), package })
}

/// The rules of ours that the library does not know.
pub(super) fn check(package: &KeyPackage) -> Result<Claim, OfferError> {
    let leaf = package.leaf_node();
    if Suite::accept(package.ciphersuite()).is_none() {
        return Err(OfferError::WrongSuite);
    }
    if !suite::are_enough(leaf.capabilities()) {
        return Err(OfferError::Incapable);
    }
    if *package.life_time() != suite::lifetime() {
        return Err(OfferError::Lifetime);
    }
    if leaf.extensions().unknown(suite::ALIAS).is_none() {
        return Err(OfferError::NoAlias);
    }
    leaf::claim(leaf).ok_or(OfferError::Credential)
}
