//! What the rules need of a store: whole operations, each one transaction.
//!
//! Implemented by [`sqlite`]; the same suite (`tests/contract.rs`) runs on
//! each implementation. Never decides whether something is allowed.

pub mod sqlite;

/// Row id of a device's mailbox; never on the wire, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub u64);

/// The store failed. Nothing of the operation was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or the store's own limit is full. Succeeds again when there is space.
    #[error("the store is full")]
    Full,
    /// The store may not be written: read-only disk or missing rights.
    #[error("the store is read-only")]
    ReadOnly,
    /// Another process holds the store.
    #[error("the store is busy")]
    Busy,
    /// The disk failed.
    #[error("the disk failed (SQLite code {0})")]
    Disk(i32),
    /// The file is no store of ours, or is damaged.
    #[error("the store is damaged or not ours")]
    Corrupt,
    /// The store was written by a newer version.
    #[error("the store has version {found}, newer than {known}")]
    Newer {
        /// Its version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The database refused a statement: a bug.
    #[error("the database failed (SQLite code {0})")]
    Database(i32),
    /// The engine was closed.
    #[error("the store is closed")]
    Closed,
}

/// Whole operations on what the server keeps.
pub trait Store {}
