//! What the MLS library stands on: cryptography, chance and storage.
//!
//! Called by the rest of `group`, one for each operation. Chance is the
//! caller's, but for one part: sealing to a public key (HPKE) draws from the
//! system inside `hpke-rs`. A simulation wraps `C`.

use std::cell::RefCell;
use std::sync::LazyLock;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use rand_core::CryptoRngCore;
use waxseal_wire::id::GroupId;

use super::error::{Cause, GroupError};
use super::storage::Storage;
use crate::store::{StoreError, Tx};

/// Stateless but for a generator that our operations do not use.
pub(super) static CRYPTO: LazyLock<RustCrypto> = LazyLock::new(RustCrypto::default);

/// One operation's ground.
pub(super) struct Provider<'a, C: OpenMlsCrypto = RustCrypto> {
    crypto: &'a C,
    chance: Chance<'a>,
    storage: Storage<'a>,
}

/// The caller's randomness, or none where an operation needs none.
pub(super) struct Chance<'a>(Option<RefCell<&'a mut dyn CryptoRngCore>>);

#[derive(Debug, thiserror::Error)]
#[error("no randomness was lent")]
pub(super) struct NoChance;

impl<'a> Provider<'a> {
    /// For work inside `group`, or outside any.
    pub(super) fn new(tx: &'a Tx<'_>, rng: &'a mut impl CryptoRngCore, group: Option<GroupId>) -> Self {
        Self { crypto: &CRYPTO, chance: Chance(Some(RefCell::new(rng))), storage: Storage::new(tx, group) }
    }

    /// For work that draws no randomness.
    pub(super) fn calm(tx: &'a Tx<'_>, group: Option<GroupId>) -> Self {
        Self { crypto: &CRYPTO, chance: Chance(None), storage: Storage::new(tx, group) }
    }
}

impl<C: OpenMlsCrypto> Provider<'_, C> {
    /// The failure of the database behind an error of the library, if there is one.
    pub(super) fn fault(&self) -> Option<StoreError> {
        self.storage.fault()
    }

    /// The error to hand on: the database's where it failed, else the library's.
    pub(super) fn blame(&self, error: impl std::error::Error + Send + Sync + 'static) -> GroupError {
        self.fault().map_or_else(|| GroupError::Library(Cause::of(error)), GroupError::Store)
    }
}

impl<'a, C: OpenMlsCrypto> OpenMlsProvider for Provider<'a, C> {
    type CryptoProvider = C;
    type RandProvider = Chance<'a>;
    type StorageProvider = Storage<'a>;

    fn storage(&self) -> &Storage<'a> {
        &self.storage
    }

    fn crypto(&self) -> &C {
        self.crypto
    }

    fn rand(&self) -> &Chance<'a> {
        &self.chance
    }
}

impl OpenMlsRand for Chance<'_> {
    type Error = NoChance;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoChance> {
        let mut bytes = [0; N];
        self.0.as_ref().ok_or(NoChance)?.borrow_mut().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, NoChance> {
        let mut bytes = vec![0; len];
        self.0.as_ref().ok_or(NoChance)?.borrow_mut().fill_bytes(&mut bytes);
        Ok(bytes)
    }
}
