//! The key of the database, and the header that guards it.
//!
//! Called by a shell before it opens the store, and by `file` where the header
//! is a file. The database has a random key; the header beside it holds that key sealed under what the person knows (a
//! passphrase, by Argon2id) or has (a key file). Deleting the header deletes
//! the database in effect. Never keeps a passphrase.
//!
//! ```text
//!   passphrase ─Argon2id─┐
//!                        ├─► opens the header ─► StoreKey
//!   key file ───HKDF─────┘
//! ```
//! A change of passphrase also changes the key: the new header holds both keys
//! until the database is encrypted anew, so a crash in between loses nothing.

#[cfg(not(target_family = "wasm"))]
pub(super) mod file;

#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use waxseal_wire::seal;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

#[cfg(not(target_family = "wasm"))]
pub use file::make_key_file;

/// What opens a header.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// What the person types.
    Passphrase(&'a str),
    /// A file of 64 hex digits that only its owner may read; for scripts.
    #[cfg(not(target_family = "wasm"))]
    KeyFile(&'a Path),
    /// The secret that such a file holds, where the shell keeps it in another way.
    Secret(&'a [u8; 32]),
}

impl core::fmt::Debug for Unlock<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Unlock")
    }
}

/// What guessing a passphrase costs (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// 64 MiB, 3 passes, 1 lane.
    fn default() -> Self {
        Self { memory_kib: 64 << 10, passes: 3, lanes: 1 }
    }
}

impl Cost {
    /// For tests: fast, and worth nothing.
    pub const CHEAP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// A header is a file: what it asks for is bounded (1 GiB, 64 passes).
    fn is_sane(&self) -> bool {
        self.memory_kib <= 1 << 20 && self.passes <= 64 && self.lanes <= 16
    }
}

/// Why a header or key file did not give a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The passphrase or key file is not the one.
    #[error("wrong passphrase or key file")]
    WrongKey,
    /// The header does not read.
    #[error("the key header is damaged")]
    Damaged,
    /// The header exists already.
    #[error("the key header exists already")]
    Exists,
    /// There is no header: the profile was never made, or was wiped.
    #[error("there is no key header")]
    Missing,
    /// The key file does not hold 64 hex digits.
    #[error("the key file does not hold 64 hex digits")]
    BadKeyFile,
    /// Others may read the key file: `chmod 600` it.
    #[error("others may read the key file; it must be readable by its owner alone")]
    OpenToOthers,
    /// The disk failed.
    #[error("the disk failed")]
    Disk(#[source] std::io::Error),
}

/// The key of one database. Zeroized on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StoreKey {
    current: [u8; 32],
    previous: Option<[u8; 32]>,
    #[zeroize(skip)]
    proven: bool,
}

impl core::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StoreKey")
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u8,
    stretch: Stretch,
    sealed: Vec<u8>,
    previous: Option<Vec<u8>>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Stretch {
    Argon2id { cost: Cost, salt: [u8; 16] },
    KeyFile { salt: [u8; 16] },
}

const LABEL: &[u8] = b"waxseal store key v1";
const VERSION: u8 = 1;

impl StoreKey {
    /// Takes over 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { current: bytes, previous: None, proven: false }
    }

    /// Makes a fresh key, and the header that guards it, for a shell to keep.
    pub fn make(unlock: Unlock<'_>, cost: Cost, rng: &mut impl CryptoRngCore) -> Result<(Self, Vec<u8>), KeyError> {
        let mut key = Self { current: [0; 32], previous: None, proven: true };
        rng.fill_bytes(&mut key.current);
        let header = key.header(unlock, cost, rng)?;
        Ok((key, header))
    }

    /// Opens a header that [`StoreKey::make`] or [`StoreKey::replace`] made.
    pub fn read(header: &[u8], unlock: Unlock<'_>) -> Result<Self, KeyError> {
        let header = Header::parse(header)?;
        let under = header.stretch.key(unlock)?;
        let current = header.stretch.open(&under, &header.sealed)?;
        let previous = header.previous.as_deref().map(|sealed| header.stretch.open(&under, sealed)).transpose()?;
        Ok(Self { current, previous, proven: true })
    }

    /// Another key, and a header with both that `to` opens: to be kept before [`super::Store::rekey`], and [`settled`] after it.
    pub fn replace(
        header: &[u8],
        from: Unlock<'_>,
        to: Unlock<'_>,
        cost: Cost,
        rng: &mut impl CryptoRngCore,
    ) -> Result<(Self, Vec<u8>), KeyError> {
        let mut key = Self::read(header, from)?;
        key.previous = Some(key.current);
        rng.fill_bytes(&mut key.current);
        let header = key.header(to, cost, rng)?;
        Ok((key, header))
    }

    pub(super) fn current(&self) -> &[u8; 32] {
        &self.current
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven
    }

    /// The keys to try, and whether each is the current one.
    pub(super) fn candidates(&self) -> impl Iterator<Item = (&[u8; 32], bool)> {
        std::iter::once((&self.current, true)).chain(self.previous.iter().map(|key| (key, false)))
    }

    fn header(&self, unlock: Unlock<'_>, cost: Cost, rng: &mut impl CryptoRngCore) -> Result<Vec<u8>, KeyError> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let stretch = match unlock {
            Unlock::Passphrase(_) => Stretch::Argon2id { cost, salt },
            _ => Stretch::KeyFile { salt },
        };
        let under = stretch.key(unlock)?;
        let sealed = seal::seal(&under, LABEL, &[], &self.current, rng);
        let previous = self.previous.as_ref().map(|key| seal::seal(&under, LABEL, &[], key, rng));
        Header { version: VERSION, stretch, sealed, previous }.bytes()
    }
}

/// The header without the key before: the database is under the current one.
pub fn settled(header: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut settled = Header::parse(header)?;
    settled.previous = None;
    settled.bytes()
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let header: Self = ciborium::from_reader(bytes).map_err(|_| KeyError::Damaged)?;
        if header.version == VERSION { Ok(header) } else { Err(KeyError::Damaged) }
    }

    fn bytes(&self) -> Result<Vec<u8>, KeyError> {
        let mut bytes = Vec::new();
        ciborium::into_writer(self, &mut bytes).map_err(|_| KeyError::Damaged)?;
        Ok(bytes)
    }
}

impl Stretch {
    fn key(&self, unlock: Unlock<'_>) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        match (self, unlock) {
            (Self::Argon2id { cost, salt }, Unlock::Passphrase(passphrase)) => {
                if !cost.is_sane() {
                    return Err(KeyError::Damaged);
                }
                let params =
                    argon2::Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| KeyError::Damaged)?;
                argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
                    .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
                    .map_err(|_| KeyError::Damaged)?;
            }
            (Self::KeyFile { salt }, Unlock::Secret(secret)) => expand(secret, salt, &mut key)?,
            #[cfg(not(target_family = "wasm"))]
            (Self::KeyFile { salt }, Unlock::KeyFile(path)) => expand(&*file::read_key_file(path)?, salt, &mut key)?,
            _ => return Err(KeyError::WrongKey),
        }
        Ok(key)
    }

    fn open(&self, under: &[u8; 32], sealed: &[u8]) -> Result<[u8; 32], KeyError> {
        let plain = Zeroizing::new(seal::open(under, LABEL, &[], sealed).map_err(|_| KeyError::WrongKey)?);
        plain.as_slice().try_into().map_err(|_| KeyError::Damaged)
    }
}

fn expand(secret: &[u8; 32], salt: &[u8; 16], key: &mut [u8; 32]) -> Result<(), KeyError> {
    hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), secret).expand(LABEL, key).map_err(|_| KeyError::Damaged)
}
