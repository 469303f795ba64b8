//! The device's database: one encrypted SQLite file, one transaction a change.
//!
//! Called by the whole of `core`; a shell opens it and hands it in. Owns the
//! key, the schema and the transaction. Never knows what the rows mean.
//!
//! ```text
//!   header ──passphrase──► StoreKey ──► Store::open
//!                                         │
//!                     write(|tx| …)  BEGIN IMMEDIATE … COMMIT   all or nothing
//!                     read(|tx| …)   one consistent view
//! ```
//! WAL with `synchronous=FULL`: what [`Store::write`] has returned survives
//! power loss. `secure_delete` overwrites deleted rows; old pages live on in
//! the WAL until [`Store::scrub`] or closing.

pub(crate) mod codec;
mod error;
pub mod key;
mod schema;
#[cfg(not(target_family = "wasm"))]
mod sqlcipher;
#[cfg(target_family = "wasm")]
mod sqlite3mc;

use std::cell::Cell;
use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
#[cfg(not(target_family = "wasm"))]
use sqlcipher as platform;
#[cfg(target_family = "wasm")]
use sqlite3mc as platform;

pub use error::StoreError;
pub use key::StoreKey;

/// A planned fault, for tests and the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Killed before the persist: nothing is kept, [`StoreError::Stopped`].
    Before,
    /// Killed after the persist: all is kept, but nobody hears of it, [`StoreError::Stopped`].
    After,
    /// No space: nothing is kept, [`StoreError::Full`].
    Full,
}

/// The open database of one profile.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    persists: Cell<u64>,
    fault: Cell<Option<(u64, Fault)>>,
}

/// One transaction. Derefs to the connection, for the SQL of whoever holds it.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: &'a Connection,
}

impl Deref for Tx<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Tx<'_> {
    /// Runs `look` and takes back all that it wrote, whatever it returns.
    pub fn undone<T, E: From<StoreError>>(&self, look: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        self.execute_batch("SAVEPOINT look").map_err(StoreError::from)?;
        let seen = look(self);
        self.execute_batch("ROLLBACK TO look; RELEASE look").map_err(StoreError::from)?;
        seen
    }
}

impl Store {
    /// Opens or makes the database at `path`, readable by its owner alone.
    ///
    /// [`StoreError::InUse`] when another process has it, [`StoreError::WrongKey`]
    /// or [`StoreError::Damaged`] when it does not read.
    pub fn open(path: &Path, key: &StoreKey) -> Result<Self, StoreError> {
        let mut refused = StoreError::WrongKey;
        for (bytes, is_current) in key.candidates() {
            match Self::unlock(platform::connect(path)?, bytes) {
                Ok(mut store) => {
                    if !is_current {
                        store.rekey(key)?;
                    }
                    return Ok(store);
                }
                Err(StoreError::Sql(error)) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {}
                // The cipher cannot tell a wrong key from a damaged first page; the key's header can.
                Err(StoreError::Damaged) if !key.is_proven() => {}
                Err(StoreError::Damaged) => refused = StoreError::Damaged,
                Err(other) => return Err(other),
            }
        }
        Err(refused)
    }

    /// A database that is gone when dropped, for tests and the simulation.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn unlock(connection: Connection, key: &[u8; 32]) -> Result<Self, StoreError> {
        platform::unlock(&connection, key)?;
        // The first read is where the cipher notices a wrong key, and SQLite another owner.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Self::prepare(connection)
    }

    fn prepare(mut connection: Connection) -> Result<Self, StoreError> {
        connection.set_prepared_statement_cache_capacity(256);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = ON;",
        )?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection, persists: Cell::new(0), fault: Cell::new(None) })
    }

    /// Makes one change: all that `change` wrote is durable when this returns `Ok`, and gone when `Err`.
    pub fn write<T, E: From<StoreError>>(&mut self, change: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        // An early return or a panic drops `tx`, which rolls back.
        let made = change(&Tx { connection: &tx })?;
        Self::persist(tx, &self.persists, &self.fault)?;
        Ok(made)
    }

    /// Looks at one consistent state; what `look` writes is not kept.
    pub fn read<T, E: From<StoreError>>(&self, look: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = self.connection.unchecked_transaction().map_err(StoreError::from)?;
        look(&Tx { connection: &tx })
    }

    /// Plans `fault` for the `nth` persist from now; 1 is the next.
    pub fn fail_persist(&self, nth: u64, fault: Fault) {
        self.fault.set(Some((self.persists.get().saturating_add(nth), fault)));
    }

    /// How many changes were persisted, or stopped at their persist, since it was opened.
    pub fn persists(&self) -> u64 {
        self.persists.get()
    }

    /// Overwrites what the WAL still holds of older states: forward secrecy on the disk.
    ///
    /// Costs two syncs; for moments of rest. Closing does the same.
    pub fn scrub(&self) -> Result<(), StoreError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Encrypts the database anew under the current key of `key`.
    pub fn rekey(&mut self, key: &StoreKey) -> Result<(), StoreError> {
        // Outside WAL, so that no frame under the old key stays behind.
        self.connection.execute_batch("PRAGMA journal_mode = DELETE;")?;
        platform::rekey(&self.connection, key.current())?;
        self.connection.execute_batch("PRAGMA journal_mode = WAL;")?;
        Ok(())
    }

    fn persist(tx: Transaction<'_>, persists: &Cell<u64>, fault: &Cell<Option<(u64, Fault)>>) -> Result<(), StoreError> {
        persists.set(persists.get().saturating_add(1));
        let due = match fault.get() {
            Some((at, due)) if at <= persists.get() => {
                fault.set(None);
                Some(due)
            }
            _ => None,
        };
        match due {
            Some(Fault::Before) => Err(StoreError::Stopped),
            Some(Fault::Full) => Err(StoreError::Full),
            Some(Fault::After) => {
                tx.commit()?;
                Err(StoreError::Stopped)
            }
            None => Ok(tx.commit()?),
        }
    }
}

#[cfg(test)]
mod tests;
