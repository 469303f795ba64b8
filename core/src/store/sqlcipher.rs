//! SQLite beside a file system: SQLCipher, a write-ahead log, one process.
//!
//! Called by `store` alone, which knows this or its like in `sqlite3mc`.
//! Never looks into a row.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::{StoreError, key};

/// Opens the file, which only its owner may read; it is made where it is missing.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    key::file::touch_private(path)?;
    Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

/// Hands over the key; the first read is where a wrong one is noticed, and another owner.
pub(super) fn unlock(connection: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    // SQLCipher would write to the terminal by itself, in the middle of a screen.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&pragma("key", key))?;
    // One process a profile: whoever comes second is told at once.
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
    Ok(())
}

/// The database's own form of it.
pub(super) fn rekey(connection: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    connection.execute_batch(&pragma("rekey", key))?;
    Ok(())
}

fn pragma(name: &str, key: &[u8; 32]) -> Zeroizing<String> {
    let digits = Zeroizing::new(hex::encode(key));
    Zeroizing::new(format!("PRAGMA {name} = \"x'{}'\";", digits.as_str()))
}
