//! The header and the key file as files, beside the database.
//!
//! Called by shells that have a file system. A header is written whole or not
//! at all; neither file is for other eyes than its owner's.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use super::{Cost, KeyError, StoreKey, Unlock, settled};
use crate::store::StoreError;

impl StoreKey {
    /// Makes a fresh key and writes its header at `header`, which must not exist.
    pub fn create(header: &Path, unlock: Unlock<'_>, cost: Cost, rng: &mut impl CryptoRngCore) -> Result<Self, KeyError> {
        if header.exists() {
            return Err(KeyError::Exists);
        }
        let (key, bytes) = Self::make(unlock, cost, rng)?;
        write(header, &bytes)?;
        Ok(key)
    }

    /// Opens the header that [`StoreKey::create`] or [`StoreKey::change`] wrote.
    pub fn open(header: &Path, unlock: Unlock<'_>) -> Result<Self, KeyError> {
        Self::read(&read(header)?, unlock)
    }

    /// Changes what opens the header, and the key. Then [`crate::store::Store::rekey`], then [`StoreKey::settle`].
    pub fn change(
        header: &Path,
        from: Unlock<'_>,
        to: Unlock<'_>,
        cost: Cost,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, KeyError> {
        let (key, bytes) = Self::replace(&read(header)?, from, to, cost, rng)?;
        write(header, &bytes)?;
        Ok(key)
    }

    /// Forgets the key before: the database is under the current one.
    pub fn settle(header: &Path) -> Result<(), KeyError> {
        write(header, &settled(&read(header)?)?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => KeyError::Missing,
        _ => KeyError::Disk(error),
    })
}

/// Whole or not at all: a new file takes the old one's name when it is on the disk.
fn write(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let beside = beside(path)?;
    write_private(&beside, bytes).map_err(KeyError::Disk)?;
    std::fs::rename(&beside, path).map_err(KeyError::Disk)?;
    sync_folder(path)
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

pub(super) fn read_key_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
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
pub(in crate::store) fn touch_private(path: &Path) -> Result<(), StoreError> {
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
