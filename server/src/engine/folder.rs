//! The data folder: who may look into it.
//!
//! The folder is 0700 and files are 0600, whatever the umask says: what is in
//! it is sealed, but sizes and account chains are nobody else's business.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes the folder, or takes the rights to it away from others.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700))?;
    Ok(())
}

/// Makes the store's file, where it is not there yet, or takes the rights to it away from others.
///
/// SQLite gives its log the rights of this file: made here, before it looks.
pub(super) fn make_file(file: &Path) -> io::Result<()> {
    private().write(true).create(true).truncate(false).open(file)?;
    #[cfg(unix)]
    fs::set_permissions(file, <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600))?;
    Ok(())
}

/// A new empty file that only we may read.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    private().write(true).create_new(true).open(path)
}

/// Copies a file so that it is there after a power cut.
pub(super) fn copy_durably(from: &Path, to: &Path) -> io::Result<()> {
    let mut target = new_file(to)?;
    io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()?;
    to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Writes a file that only we may read: whole or not at all, in the place of the one before.
pub(super) fn put_durably(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!("{name}.part"));
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut target = new_file(&part)?;
    target.write_all(bytes)?;
    target.sync_all()?;
    fs::rename(&part, folder.join(name))?;
    File::open(folder)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
