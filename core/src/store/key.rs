//! The key of the database, and the header file that guards it.
//!
//! Called by a shell before it opens the store. The database has a random key;
//! the header beside it holds that key sealed under what the person knows (a
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

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use waxseal_wire::seal;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::StoreError;

/// What opens a header.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// What the person types.
    Passphrase(&'a str),
    /// A file of 64 hex digits that only its owner may read; for scripts.
    KeyFile(&'a Path),
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

    /// Makes a fresh key and writes its header at `header`, which must not exist.
    pub fn create(header: &Path, unlock: Unlock<'_>, cost: Cost, rng: &mut impl CryptoRngCore) -> Result<Self, KeyError> {
        if header.exists() {
            return Err(KeyError::Exists);
        }
        let mut key = Self { current: [0; 32], previous: None, proven: true };
        rng.fill_bytes(&mut key.current);
        key.write(header, unlock, cost, rng)?;
        Ok(key)
    }

    /// Opens the header that [`StoreKey::create`] or [`StoreKey::change`] wrote.
    pub fn open(header: &Path, unlock: Unlock<'_>) -> Result<Self, KeyError> {
        let header = Header::read(header)?;
        let under = header.stretch.key(unlock)?;
        let current = header.stretch.open(&under, &header.sealed)?;
        let previous = header.previous.as_deref().map(|sealed| header.stretch.open(&under, sealed)).transpose()?;
        Ok(Self { current, previous, proven: true })
    }

    /// Changes what opens the header, and the key. Then [`super::Store::rekey`], then [`StoreKey::settle`].
    pub fn change(
        header: &Path,
        from: Unlock<'_>,
        to: Unlock<'_>,
        cost: Cost,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, KeyError> {
        let mut key = Self::open(header, from)?;
        key.previous = Some(key.current);
        rng.fill_bytes(&mut key.current);
        key.write(header, to, cost, rng)?;
        Ok(key)
    }

    /// Forgets the key before: the database is under the current one.
    pub fn settle(header: &Path) -> Result<(), KeyError> {
        let mut settled = Header::read(header)?;
        settled.previous = None;
        settled.write(header)
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

    fn write(&self, header: &Path, unlock: Unlock<'_>, cost: Cost, rng: &mut impl CryptoRngCore) -> Result<(), KeyError> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let stretch = match unlock {
            Unlock::Passphrase(_) => Stretch::Argon2id { cost, salt },
            Unlock::KeyFile(_) => Stretch::KeyFile { salt },
        };
        let under = stretch.key(unlock)?;
        let sealed = seal::seal(&under, LABEL, &[], &self.current, rng);
        let previous = self.previous.as_ref().map(|key| seal::seal(&under, LABEL, &[], key, rng));
        Header { version: VERSION, stretch, sealed, previous }.write(header)
    }
}

impl Header {
    fn read(path: &Path) -> Result<Self, KeyError> {
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => KeyError::Missing,
            _ => KeyError::Disk(error),
        })?;
        let header: Self = ciborium::from_reader(bytes.as_slice()).map_err(|_| KeyError::Damaged)?;
        if header.version == VERSION { Ok(header) } else { Err(KeyError::Damaged) }
    }

    /// Whole or not at all: a new file takes the old one's name when it is on the disk.
    fn write(&self, path: &Path) -> Result<(), KeyError> {
        let mut bytes = Vec::new();
        ciborium::into_writer(self, &mut bytes).map_err(|_| KeyError::Damaged)?;
        let beside = beside(path)?;
        write_private(&beside, &bytes).map_err(KeyError::Disk)?;
        std::fs::rename(&beside, path).map_err(KeyError::Disk)?;
        sync_folder(path)
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
            (Self::KeyFile { salt }, Unlock::KeyFile(path)) => {
                let secret = read_key_file(path)?;
                hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), secret.as_ref())
                    .expand(LABEL, key.as_mut())
                    .map_err(|_| KeyError::Damaged)?;
            }
            _ => return Err(KeyError::WrongKey),
        }
        Ok(key)
    }

    fn open(&self, under: &[u8; 32], sealed: &[u8]) -> Result<[u8; 32], KeyError> {
        let plain = Zeroizing::new(seal::open(under, LABEL, &[], sealed).map_err(|_| KeyError::WrongKey)?);
        plain.as_slice().try_into().map_err(|_| KeyError::Damaged)
    }
}

/// Makes a key file with a fresh secret; it must not exist. Whole or not at all, whenever the process dies.
pub fn make_key_file(path: &Path, rng: &mut impl CryptoRngCore) -> Result<(), KeyError> {
    let mut secret = Zeroizing::new([0; 32]);
    rng.fill_bytes(secret.as_mut());
    let digits = Zeroizing::new(hex::encode(secret.as_ref()));
    let beside = beside(path)?;
    write_private(&beside, digits.as_bytes()).map_err(KeyError::Disk)?;
    // A second name, unlike a new one, never takes another file's place; not every file system has them.
    let placed = match std::fs::hard_link(&beside, path) {
        Err(error) if !path.exists() && error.kind() != std::io::ErrorKind::StorageFull => std::fs::rename(&beside, path),
        linked => std::fs::remove_file(&beside).and(linked),
    };
    placed.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyError::Exists,
        _ => KeyError::Disk(error),
    })?;
    sync_folder(path)
}

/// A name for a file that is to take the place of `path`; what a crash left there is taken away.
fn beside(path: &Path) -> Result<PathBuf, KeyError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(KeyError::Disk(error)),
        _ => Ok(beside),
    }
}

/// Makes a new name durable.
fn sync_folder(path: &Path) -> Result<(), KeyError> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(KeyError::Disk)?;
    }
    Ok(())
}

fn read_key_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let file = File::open(path).map_err(KeyError::Disk)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().map_err(KeyError::Disk)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::OpenToOthers);
        }
    }
    let mut digits = Zeroizing::new(String::with_capacity(128));
    file.take(128).read_to_string(&mut digits).map_err(|_| KeyError::BadKeyFile)?;
    let mut secret = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits.trim(), secret.as_mut()).map_err(|_| KeyError::BadKeyFile)?;
    Ok(secret)
}

/// Makes the file if it is not there, for its owner's eyes alone.
pub(super) fn touch_private(path: &Path) -> Result<(), StoreError> {
    private().create(true).truncate(false).open(path)?;
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private().create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
