//! SQLite in a page's Worker: SQLite3MC over files that the browser keeps for this origin alone.
//!
//! Called by `store` alone, which knows this or its like in `sqlcipher`. The
//! shell has installed the pool of files (OPFS) before, and owns it alone: so
//! there is no shared memory, and none is needed (docs/decisions/0029).
//! Never looks into a row.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use zeroize::Zeroizing;

use super::StoreError;

/// The pool of files, with the cipher over it.
const POOL: &str = "multipleciphers-opfs-sahpool";

/// Opens the file of this name in the pool; it is made where it is missing.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags_and_vfs(path, flags, POOL)?)
}

/// Hands over the key; the first read is where a wrong one is noticed.
pub(super) fn unlock(connection: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    // A build of SQLite without ciphers knows neither pragma, says nothing, and would keep everything in clear.
    let cipher = connection.query_row("PRAGMA cipher = 'chacha20'", [], |row| row.get::<_, String>(0)).optional()?;
    if cipher.as_deref() != Some("chacha20") {
        return Err(StoreError::Unsealed);
    }
    connection.query_row(&pragma("key", key), [], |_| Ok(())).optional()?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
    Ok(())
}

/// The database's own form of it.
pub(super) fn rekey(connection: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    connection.query_row(&pragma("rekey", key), [], |_| Ok(())).optional()?;
    Ok(())
}

fn pragma(name: &str, key: &[u8; 32]) -> Zeroizing<String> {
    let digits = Zeroizing::new(hex::encode(key));
    Zeroizing::new(format!("PRAGMA {name} = 'raw:{}';", digits.as_str()))
}
