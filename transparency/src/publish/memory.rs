//! Records in memory, for tests: of this crate and of others.
//!
//! Can be made to fail at any read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Fault, Record, Records, Table};

/// Bytes by table and key.
type Held = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// What was stored; nothing is durable.
#[derive(Debug)]
pub struct MemoryRecords {
    held: Mutex<Held>,
    reads: AtomicU64,
    fails_at: AtomicU64,
}

impl Default for MemoryRecords {
    fn default() -> Self {
        Self { held: Mutex::default(), reads: AtomicU64::new(0), fails_at: AtomicU64::new(u64::MAX) }
    }
}

impl Clone for MemoryRecords {
    /// A copy that goes its own way.
    fn clone(&self) -> Self {
        Self { held: Mutex::new(self.held().clone()), ..Self::default() }
    }
}

impl MemoryRecords {
    /// Stores records, as a transaction that commits.
    pub fn apply(&self, records: &[Record]) {
        self.held().extend(records.iter().map(|it| ((it.table, it.key.clone()), it.bytes.clone())));
    }

    /// Reads since the last call of this; after `nth` more reads each one fails (`u64::MAX`: never).
    pub fn fail_after(&self, nth: u64) -> u64 {
        self.fails_at.store(nth, Ordering::SeqCst);
        self.reads.swap(0, Ordering::SeqCst)
    }

    /// Everything that is stored.
    pub fn all(&self) -> Vec<Record> {
        self.held().iter().map(|((table, key), bytes)| Record { table: *table, key: key.clone(), bytes: bytes.clone() }).collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> Result<(), Fault> {
        let before = self.reads.fetch_add(1, Ordering::SeqCst);
        if before >= self.fails_at.load(Ordering::SeqCst) { Err(Fault) } else { Ok(()) }
    }
}

impl Records for MemoryRecords {
    fn one(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.count()?;
        Ok(self.held().get(&(table, key.to_vec())).cloned())
    }

    fn last(&self, table: Table, from: &[u8], to: &[u8], limit: u32) -> Result<Vec<Vec<u8>>, Fault> {
        self.count()?;
        let held = self.held();
        let range = held.range((table, from.to_vec())..=(table, to.to_vec())).rev();
        Ok(range.take(limit as usize).map(|(_, bytes)| bytes.clone()).collect())
    }
}
