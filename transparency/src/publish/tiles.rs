//! The tree of epochs as auditors fetch it (C2SP tlog-tiles): stored hashes of full subtrees, side by side, and the epochs below.
//!
//! Called by `server/roles`. Reads what never changes once it is there; never signs.

use std::sync::Arc;

use super::{PublishError, Publisher, Records, Table, epochs};
use crate::EpochLeaf;
use crate::tree::Hash;

impl Publisher {
    /// Hashes of `count` full subtrees of 2^`level` epochs each, from the one of index `from` on.
    ///
    /// [`PublishError::Broken`] where one of them is not there: ask for no more than the tree has.
    pub fn subtrees<R: Records>(&self, records: &Arc<R>, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, PublishError> {
        let places = from..from.checked_add(count).ok_or(PublishError::Empty)?;
        places.map(|index| epochs::read(&**records, (level, index))).collect()
    }

    /// `count` epochs, from leaf `from` on: that is epoch `from + 1`.
    pub fn leaves<R: Records>(&self, records: &Arc<R>, from: u64, count: u64) -> Result<Vec<EpochLeaf>, PublishError> {
        let first = from.checked_add(1).ok_or(PublishError::Empty)?;
        let last = from.checked_add(count).ok_or(PublishError::Empty)?;
        let limit = u32::try_from(count).map_err(|_| PublishError::Empty)?;
        let found = records.last(Table::Leaf, &first.to_be_bytes(), &last.to_be_bytes(), limit)?;
        if found.len() as u64 != count {
            return Err(PublishError::Broken);
        }
        found.iter().rev().map(|bytes| EpochLeaf::from_bytes(bytes)).collect::<Result<_, _>>().map_err(|_| PublishError::Broken)
    }
}
