//! A log of the real publisher in memory, of which everything is kept: every epoch can be shown again, or beside another.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_transparency::publish::{MemoryRecords, Publisher, Secrets};
use waxseal_transparency::tree::{Hash, node_hash};
use waxseal_transparency::{EpochLeaf, Head, LogKeys, SignedHead};
use waxseal_wire::id::Millis;

pub(crate) const MINUTE: u64 = 60_000;

/// All epochs of one log, from the first on.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) publisher: Publisher,
    records: Arc<MemoryRecords>,
    pub(crate) leaves: Vec<EpochLeaf>,
    pub(crate) steps: Vec<Vec<u8>>,
    began: u64,
}

pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Log {
    /// Of the keys of `seed`, with so many epochs, the last of them some minutes ago.
    pub(crate) fn new(seed: u64, epochs: u64) -> Self {
        Self::begun(seed, epochs, now() - 600 * MINUTE)
    }

    /// The same, its first epoch at a moment.
    pub(crate) fn begun(seed: u64, epochs: u64, began: u64) -> Self {
        let publisher = Publisher::new(Secrets::generate(&mut ChaCha20Rng::seed_from_u64(seed)));
        let mut log = Self { publisher, records: Arc::default(), leaves: Vec::new(), steps: Vec::new(), began };
        (0..epochs).for_each(|epoch| log.grow(epoch));
        log
    }

    /// A copy that goes its own way: another history under the same keys.
    pub(crate) fn parted(&self) -> Self {
        Self { records: Arc::new(MemoryRecords::clone(&self.records)), ..self.clone() }
    }

    /// One more epoch, in which `alice` becomes what `value` says, and somebody new comes.
    pub(crate) fn grow(&mut self, value: u64) {
        let n = self.leaves.len() as u64;
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&value.to_be_bytes());
        let changes = [("alice".to_owned(), bytes), (format!("guest{n}-{value}"), bytes)];
        let epoch = self.publisher.publish(&self.records, &changes, Millis(self.began + n * 100)).unwrap().unwrap();
        self.records.apply(&epoch.records);
        self.leaves.push(epoch.leaf);
        self.steps.push(epoch.step);
    }

    pub(crate) fn keys(&self) -> LogKeys {
        self.publisher.keys()
    }

    /// The head of all epochs, signed so many minutes after the log began.
    pub(crate) fn head(&self, minutes: u64) -> SignedHead {
        self.head_of(self.leaves.len(), minutes)
    }

    pub(crate) fn head_of(&self, size: usize, minutes: u64) -> SignedHead {
        self.publisher.secrets().sign(self.bare_head(size, minutes))
    }

    /// That the newest head goes on from one of so many epochs.
    pub(crate) fn consistency(&self, from: u64) -> Vec<Hash> {
        self.publisher.consistency(&self.records, from, self.leaves.len() as u64).unwrap()
    }

    pub(crate) fn bare_head(&self, size: usize, minutes: u64) -> Head {
        let hashes: Vec<Hash> = self.leaves[..size].iter().map(EpochLeaf::hash).collect();
        Head { size: size as u64, root: naive(&hashes), at: Millis(self.began + minutes * MINUTE) }
    }
}

/// RFC 9162 §2.1.1, as it is written there.
pub(crate) fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&naive(left), &naive(right))
        }
    }
}
