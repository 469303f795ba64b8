//! The keys of the directory's log, in a file of their own beside the store.
//!
//! Whoever has them can sign tree heads in this server's name: they are not in
//! the store. A log is its keys: over a store that has a log, the server does
//! not start without them. A store that was set back begins another log, whose
//! keys the old one's sign: what it signed since would contradict it.
//!
//! ```text
//!   directory.key        the keys
//!   directory.key.next   there is a restored store: the keys of the next log
//! ```

use std::fs::{self, File};
use std::io;
use std::path::Path;

use waxseal_transparency::publish::{Publisher, Secrets};
use waxseal_wire::id::{LogId, Millis};
use zeroize::Zeroizing;

use super::{OpenError, folder};
use crate::policy::Policy;
use crate::roles::Roles;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

const FILE: &str = "directory.key";
const NEXT: &str = "directory.key.next";

/// The rules over the store in a data folder, with the directory's log ready to say what is new.
pub(super) fn roles(data: &Path, mut store: SqliteStore, policy: Policy, now: Millis) -> Result<Roles<SqliteStore>, OpenError> {
    let secrets = match read(&data.join(FILE))? {
        Some(secrets) => secrets,
        None if store.has_log()? => return Err(OpenError::NoLogKeys),
        None => make(data, FILE)?,
    };
    let mut roles = match read(&data.join(NEXT))?.map(Publisher::new) {
        None => Roles::new(store, policy, Publisher::new(secrets)),
        Some(next) => {
            let old = Publisher::new(secrets);
            // Where the new log has begun and the file was not moved: somebody died between the two.
            let has_begun = !store.handovers(&LogId(old.keys().id().0))?.is_empty();
            let mut roles = Roles::new(store, policy, if has_begun { next.clone() } else { old });
            if !has_begun {
                roles.begin_new_log(now, next)?;
            }
            moved(data).map_err(|error| OpenError::Folder(error.kind()))?;
            roles
        }
    };
    if roles.is_ahead(now)? {
        tracing::warn!("the clock was ahead when the directory spoke last: it begins another log");
        let next = match read(&data.join(NEXT))? {
            Some(next) => next,
            None => make(data, NEXT)?,
        };
        roles.begin_new_log(now, Publisher::new(next))?;
        moved(data).map_err(|error| OpenError::Folder(error.kind()))?;
    }
    while roles.publish(now)? {}
    Ok(roles)
}

/// Puts the keys that lie beside a backup into a folder that is being restored, and the keys of the log that will follow.
pub(super) fn restore(backup: &Path, data: &Path) -> Result<(), OpenError> {
    let Some(secrets) = read(&beside(backup))? else {
        return if SqliteStore::open_reader(backup)?.has_log()? { Err(OpenError::NoLogKeys) } else { Ok(()) };
    };
    write(data, FILE, &secrets).map_err(|error| OpenError::Folder(error.kind()))?;
    make(data, NEXT).map(drop)
}

/// Copies the keys beside a backup.
pub(super) fn backup(data: &Path, backup: &Path) -> io::Result<()> {
    folder::copy_durably(&data.join(FILE), &beside(backup))
}

/// The keys that the log has, or will have from the next start on.
pub(super) fn next(data: &Path) -> Result<Option<Secrets>, OpenError> {
    Ok(match read(&data.join(NEXT))? {
        Some(next) => Some(next),
        None => read(&data.join(FILE))?,
    })
}

/// Where the keys of a backup lie.
pub(super) fn beside(backup: &Path) -> std::path::PathBuf {
    let mut name = backup.file_name().unwrap_or_default().to_owned();
    name.push(".key");
    backup.with_file_name(name)
}

/// Two keys of 32 bytes in hexadecimal, a line each: signing, VRF.
fn read(file: &Path) -> Result<Option<Secrets>, OpenError> {
    let text = match fs::read_to_string(file).map(Zeroizing::new) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(OpenError::LogKeys),
        Err(error) => return Err(OpenError::Folder(error.kind())),
    };
    let mut lines = text.lines().map(|line| {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(line.trim(), key.as_mut_slice()).ok().map(|()| key)
    });
    match (lines.next().flatten(), lines.next().flatten()) {
        (Some(signing), Some(vrf)) => Ok(Some(Secrets::new(*signing, *vrf))),
        _ => Err(OpenError::LogKeys),
    }
}

fn make(data: &Path, name: &str) -> Result<Secrets, OpenError> {
    #[allow(clippy::disallowed_types, reason = "the engine is the shell of the rules: here their randomness comes in")]
    let secrets = Secrets::generate(&mut rand_core::OsRng);
    write(data, name, &secrets).map_err(|error| OpenError::Folder(error.kind()))?;
    Ok(secrets)
}

/// Whole or not at all: half a key would be another log.
fn write(data: &Path, name: &str, secrets: &Secrets) -> io::Result<()> {
    let keys = secrets.expose();
    let [signing, vrf] = &*keys;
    let text = Zeroizing::new(format!("{}\n{}\n", *Zeroizing::new(hex::encode(signing)), *Zeroizing::new(hex::encode(vrf))));
    folder::put_durably(data, name, text.as_bytes())
}

/// The next log's keys are the keys from here on.
fn moved(data: &Path) -> io::Result<()> {
    fs::rename(data.join(NEXT), data.join(FILE))?;
    File::open(data)?.sync_all()
}
