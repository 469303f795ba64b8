//! What a database must give: records by key, and the last ones of a range.
//!
//! Implemented by the server over its store, in one transaction or snapshot. Reads only.

use super::PublishError;

/// Kinds of records; keys of different tables may be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Nodes of the prefix tree; overwritten in place.
    Tree = 1,
    /// What each name meant from an epoch on.
    Value = 2,
    /// Full subtrees of the tree of epochs; never overwritten.
    Hash = 3,
    /// Epochs.
    Leaf = 4,
}

/// One record to store: put or overwrite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where.
    pub table: Table,
    /// At most 160 bytes, ordered bytewise.
    pub key: Vec<u8>,
    /// At most about 400.
    pub bytes: Vec<u8>,
}

/// A read that failed. Whoever implements [`Records`] says why, in its own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record could not be read")]
pub struct Fault;

/// The stored log.
pub trait Records: Send + Sync + 'static {
    /// The record of a key.
    fn one(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// The records of many keys, in the keys' order.
    fn many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        keys.iter().map(|key| self.one(table, key)).collect()
    }

    /// Records with `from <= key <= to`, the greatest key first, at most `limit`.
    fn last(&self, table: Table, from: &[u8], to: &[u8], limit: u32) -> Result<Vec<Vec<u8>>, Fault>;
}

impl TryFrom<u8> for Table {
    type Error = PublishError;
    fn try_from(table: u8) -> Result<Self, PublishError> {
        [Self::Tree, Self::Value, Self::Hash, Self::Leaf].into_iter().find(|it| *it as u8 == table).ok_or(PublishError::Broken)
    }
}

impl From<Fault> for PublishError {
    fn from(_: Fault) -> Self {
        Self::Fault
    }
}
