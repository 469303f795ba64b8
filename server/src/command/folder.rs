//! The data folder: one server at a time, and how to reach that server.
//!
//! ```text
//!   waxseald.lock    held while a server or a verb works in the folder
//!   admin.token      what a request to the admin listener must bear
//!   admin.address    where the admin listener of the running server is
//! ```
//! Called by the verbs. Never opens the store.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand_core::RngCore;
use zeroize::Zeroizing;

use super::Failure;

const LOCK: &str = "waxseald.lock";
const TOKEN: &str = "admin.token";
const ADDRESS: &str = "admin.address";

/// A folder that is ours until dropped.
pub(super) struct Claimed {
    path: PathBuf,
    _lock: File,
}

/// A server that runs in the folder, and the way to ask it.
pub(super) struct Occupied {
    pub(super) address: String,
    pub(super) token: Zeroizing<String>,
}

/// Whose a folder is.
pub(super) enum Folder {
    Ours(Claimed),
    Theirs(Occupied),
}

/// Claims the folder, making it where it is not there, or finds the server that has it.
pub(super) fn find(path: &Path) -> Result<Folder, Failure> {
    let at = |error| Failure::Path(path.to_owned(), error);
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at)?;
    }
    let lock_path = path.join(LOCK);
    let lock = open(OpenOptions::new().read(true).write(true).create(true).truncate(false), &lock_path)?;
    match lock.try_lock() {
        Ok(()) => Ok(Folder::Ours(Claimed { path: path.to_owned(), _lock: lock })),
        Err(TryLockError::Error(error)) => Err(Failure::Path(lock_path, error)),
        Err(TryLockError::WouldBlock) => {
            // Whoever holds the lock says where it is, unless it is a verb, or only about to start.
            let read = |name| fs::read_to_string(path.join(name)).map(|text| text.trim().to_owned());
            match (read(ADDRESS), read(TOKEN)) {
                (Ok(address), Ok(token)) => Ok(Folder::Theirs(Occupied { address, token: token.into() })),
                _ => Err(Failure::InUse(path.to_owned())),
            }
        }
    }
}

/// Claims the folder, or says that it is in use.
pub(super) fn claim(path: &Path) -> Result<Claimed, Failure> {
    match find(path)? {
        Folder::Ours(claimed) => Ok(claimed),
        Folder::Theirs(_) => Err(Failure::InUse(path.to_owned())),
    }
}

impl Claimed {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing lies in it but what this module puts there.
    pub(super) fn is_empty(&self) -> Result<bool, Failure> {
        let at = |error| Failure::Path(self.path.clone(), error);
        for entry in fs::read_dir(&self.path).map_err(at)? {
            if ![LOCK, TOKEN, ADDRESS].iter().any(|ours| entry.as_ref().is_ok_and(|entry| entry.file_name() == *ours)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The token of this folder; made once, so that a scraper of metrics can keep it.
    pub(super) fn token(&self) -> Result<Zeroizing<String>, Failure> {
        let path = self.path.join(TOKEN);
        let kept = fs::read_to_string(&path).map(|text| Zeroizing::new(text.trim().to_owned()));
        if let Ok(token) = kept
            && token.len() == 64
            && fs::metadata(&path).is_ok_and(|data| data.permissions().mode() & 0o077 == 0)
        {
            return Ok(token);
        }
        // A token that others could read is no token: another takes its place.
        let token = fresh_token();
        fs::remove_file(&path).ok();
        write(&path, &token)?;
        Ok(token)
    }

    /// Says where the admin listener is, for the verbs.
    pub(super) fn announce(&self, admin: SocketAddr) -> Result<(), Failure> {
        write(&self.path.join(ADDRESS), &admin.to_string())
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        fs::remove_file(self.path.join(ADDRESS)).ok();
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> Result<File, Failure> {
    options.mode(0o600).open(path).map_err(|error: io::Error| Failure::Path(path.to_owned(), error))
}

/// Whole or not at all, and never through a link that somebody put there.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension("new");
    fs::remove_file(&beside).ok();
    let mut file = open(OpenOptions::new().write(true).create_new(true), &beside)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        fs::remove_file(&beside).ok();
        Failure::Path(path.to_owned(), error)
    })
}

#[allow(clippy::disallowed_types, reason = "a shell: the token is made of the system's randomness")]
fn fresh_token() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand_core::OsRng.fill_bytes(bytes.as_mut());
    Zeroizing::new(hex::encode(bytes.as_ref()))
}
