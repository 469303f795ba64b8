//! Files that are there after a power cut, whole or as they were before.
//!
//! Called for the state, evidence and exports. Never reads what they mean.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file in the place of another one: first beside it, then by renaming.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = with_ending(path, ".new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// Writes a secret into a new file that only we may read.
pub(crate) fn put_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_folder(path)
}

/// A file of at most so many bytes; `None` where it is larger.
pub(crate) fn take(path: &Path, at_most: u64) -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(path)?.len() > at_most { Ok(None) } else { fs::read(path).map(Some) }
}

/// Holds a file for this process alone, as long as what it gives lives; `None` where another one has it.
pub(crate) fn hold(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(with_ending(path, ".lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A renamed file is there when its folder says so.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
