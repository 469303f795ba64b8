//! What can go wrong with the database, by who must act.

/// Why the store could not do what was asked. Nothing of the change was kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has this profile open.
    #[error("the profile is in use by another process")]
    InUse,
    /// The key does not open this database.
    #[error("wrong key")]
    WrongKey,
    /// The key is right, but pages of the database are damaged.
    #[error("the database is damaged")]
    Damaged,
    /// A newer program wrote this database.
    #[error("the database was written by a newer version (schema {found}, this program knows {known})")]
    Newer {
        /// Schema that the file has.
        found: u32,
        /// Newest schema of this program.
        known: u32,
    },
    /// No space on the disk. It works again when there is.
    #[error("the disk is full")]
    Full,
    /// The disk or the file cannot be written.
    #[error("the disk is read-only")]
    ReadOnly,
    /// The disk failed.
    #[error("the disk failed")]
    Disk(#[source] std::io::Error),
    /// A planned fault of a test or simulation: the process "died" at this persist.
    #[error("stopped at a persist")]
    Stopped,
    /// The SQLite of this build has no cipher; nothing was written.
    #[error("this build cannot encrypt its database")]
    Unsealed,
    /// A stored value does not read; the database is older than its fixture tests, or damaged.
    #[error("a stored value does not read")]
    Value,
    /// Any other refusal of SQLite.
    #[error("the database refused")]
    Sql(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::InUse,
            Some(Code::NotADatabase | Code::DatabaseCorrupt) => Self::Damaged,
            Some(Code::DiskFull) => Self::Full,
            Some(Code::ReadOnly) => Self::ReadOnly,
            _ => Self::Sql(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Disk(error),
        }
    }
}
