//! The log itself: who makes epochs and proofs. For the server alone (feature `publish`).
//!
//! For the server's one writer. Keeps nothing of the log between two calls: all
//! of it is in the caller's [`Records`]. Never writes: what must be stored comes out, and becomes true when the caller's
//! transaction has committed.
//!
//! ```text
//!   changes ─► akd over (Records + overlay) ─► Epoch { leaf, head, records, step }
//!                                                        │
//!      one transaction: records, step, sign(head) ◄──────┘      then, and not before: announce the head
//!      it failed? drop the Epoch: nothing has happened
//! ```

mod answer;
mod ask;
mod codec;
mod epochs;
mod memory;
mod records;
mod secrets;
mod shelf;
mod tiles;
mod vrf;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use akd::storage::StorageManager;
use akd::{AzksParallelismConfig, Directory, EpochHash};
use akd_core::{AkdLabel, AkdValue};
use waxseal_wire::id::Millis;

use crate::proof::{self, Config};
use crate::step::{self, Step};
use crate::{EpochLeaf, Head, LogKeys, Placed, SignedHead, Value};

pub use memory::MemoryRecords;
pub use records::{Fault, Record, Records, Table};
pub use secrets::Secrets;

use shelf::Shelf;
use vrf::Vrf;

/// A new epoch, not stored yet.
#[derive(Debug, Clone)]
pub struct Epoch {
    /// What goes into the tree of epochs.
    pub leaf: EpochLeaf,
    /// The tree with it, not signed; its time is the leaf's.
    pub head: Head,
    /// What to store, all or nothing.
    pub records: Vec<Record>,
    /// The proof that it only added: to be archived as it is, for auditors. Made later it would be far larger.
    pub step: Vec<u8>,
}

/// Why there is no epoch or no proof. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// A read failed. Try again.
    #[error("the directory's records could not be read")]
    Fault,
    /// Stored records contradict each other. Do not publish: restore them.
    #[error("the directory's records contradict each other")]
    Broken,
    /// A name that no directory can hold, or more versions than may be asked for.
    #[error("nobody can have this name")]
    Name,
    /// One name changes twice in one epoch.
    #[error("a name changes twice in one epoch")]
    Twice,
    /// Absence was asked of a name that is there.
    #[error("the name is there")]
    Exists,
    /// There is no epoch yet, or not the one that was asked for.
    #[error("there is no such epoch")]
    Empty,
    /// akd waited for something; called from inside an async runtime's task, perhaps.
    #[error("the directory waited where nothing is to be waited for")]
    Waited,
}

/// Makes epochs and proofs. Cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    secrets: Arc<Secrets>,
    vrf: Vrf,
    /// The newest head with its signature: it stands in every answer.
    signed: Arc<Mutex<Option<SignedHead>>>,
}

type Akd<R> = Directory<Config, Shelf<R>, Vrf>;

impl Publisher {
    /// For the log of these keys.
    pub fn new(secrets: Secrets) -> Self {
        let secrets = Arc::new(secrets);
        Self { vrf: Vrf::new(Arc::clone(&secrets)), secrets, signed: Arc::default() }
    }

    /// Signs a head as [`Secrets::sign`] does; the same one again costs nothing.
    pub fn sign(&self, head: Head) -> SignedHead {
        let mut last = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = last.as_ref().filter(|signed| signed.head == head) {
            return signed.clone();
        }
        let signed = self.secrets.sign(head);
        *last = Some(signed.clone());
        signed
    }

    /// The log's own keys.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The log's public keys.
    pub fn keys(&self) -> LogKeys {
        self.secrets.keys()
    }

    /// The next epoch; `None` where nothing changes. Names must be distinct.
    ///
    /// All reads must see one state of `records`, that which the result is stored upon.
    pub fn publish<R: Records>(
        &self,
        records: &Arc<R>,
        changes: &[(String, Value)],
        at: Millis,
    ) -> Result<Option<Epoch>, PublishError> {
        let labels = changes.iter().map(|(name, _)| proof::name(name)).collect::<Result<Vec<_>, _>>();
        let labels = labels.map_err(|_| PublishError::Name)?;
        if labels.iter().collect::<BTreeSet<_>>().len() != labels.len() {
            return Err(PublishError::Twice);
        }
        if labels.is_empty() {
            return Ok(None);
        }
        let updates = labels.into_iter().zip(changes).map(|(label, (_, value))| (label, AkdValue(value.to_vec()))).collect();
        let shelf = Shelf::new(Arc::clone(records), 1);
        let made = now(self.step(&shelf, updates))?;
        shelf.trouble()?;
        let Some((before, after, step)) = made.map_err(|_| PublishError::Broken)? else { return Ok(None) };
        let previous = self.newest(records)?;
        // The prefix tree and the tree of epochs end with the same epoch, and every new version is a new leaf; or something was lost.
        let agree = previous.map_or(before.0 == 0, |leaf| (leaf.epoch, leaf.root) == (before.0, before.1));
        if !agree || step.inserted.len() != shelf.leaves() {
            return Err(PublishError::Broken);
        }
        let step = step.encode().ok_or(PublishError::Broken)?;
        let leaf = EpochLeaf { epoch: after.0, root: after.1, step: step::hash(&step), at };
        // What an auditor would refuse is not published.
        step::verify(previous.as_ref(), &leaf, &step).map_err(|_| PublishError::Broken)?;
        let hashes = epochs::append(&**records, leaf.epoch, leaf.hash())?;
        let root = epochs::root(&**records, &hashes, leaf.epoch)?;
        let mut stored = shelf.written()?;
        stored.extend(hashes.into_iter().map(|(place, hash)| epochs::record(place, &hash)));
        stored.push(Record { table: Table::Leaf, key: leaf.epoch.to_be_bytes().to_vec(), bytes: leaf.to_bytes().to_vec() });
        Ok(Some(Epoch { leaf, head: Head { size: leaf.epoch, root, at }, records: stored, step }))
    }

    async fn step<R: Records>(
        &self,
        shelf: &Shelf<R>,
        updates: Vec<(AkdLabel, AkdValue)>,
    ) -> Result<Option<(EpochHash, EpochHash, Step)>, akd::errors::AkdError> {
        let reads = shelf.clone();
        // A read that fails here fails again where akd makes it, and is remembered there.
        let vrf = self.vrf.with_ahead(Arc::new(move |labels| {
            let _ = reads.preload(labels);
        }));
        let akd = akd(shelf, vrf).await?;
        let before = akd.get_epoch_hash().await?;
        let after = akd.publish(updates).await?;
        if after.0 == before.0 {
            return Ok(None);
        }
        let made = akd.audit(before.0, after.0).await?.proofs.pop();
        Ok(made.map(|made| (before, after, Step { inserted: made.inserted, kept: made.unchanged_nodes })))
    }

    /// One epoch, as it was published.
    pub fn leaf<R: Records>(&self, records: &Arc<R>, epoch: u64) -> Result<Option<EpochLeaf>, PublishError> {
        let bytes = records.one(Table::Leaf, &epoch.to_be_bytes())?;
        bytes.map(|bytes| EpochLeaf::from_bytes(&bytes)).transpose().map_err(|_| PublishError::Broken)
    }

    /// The newest epoch.
    pub fn newest<R: Records>(&self, records: &Arc<R>) -> Result<Option<EpochLeaf>, PublishError> {
        let found = records.last(Table::Leaf, &[0; 8], &[0xff; 8], 1)?;
        found.first().map(|bytes| EpochLeaf::from_bytes(bytes)).transpose().map_err(|_| PublishError::Broken)
    }

    /// The head of all that is stored, at a time, not signed.
    pub fn head<R: Records>(&self, records: &Arc<R>, at: Millis) -> Result<Option<Head>, PublishError> {
        let Some(leaf) = self.newest(records)? else { return Ok(None) };
        Ok(Some(Head { size: leaf.epoch, root: epochs::root(&**records, &[], leaf.epoch)?, at }))
    }

    /// What surrounds an answer under the newest epoch. `seen` is the size that the asker knows.
    pub fn place<R: Records>(&self, records: &Arc<R>, head: SignedHead, seen: Option<u64>) -> Result<Placed, PublishError> {
        let size = head.head.size;
        let leaf = self.leaf(records, size)?.ok_or(PublishError::Empty)?;
        let inclusion = self.inclusion(records, size, size)?;
        let consistency = match seen {
            Some(seen) if (1..size).contains(&seen) => self.consistency(records, seen, size)?,
            _ => Vec::new(),
        };
        Ok(Placed { head, leaf, inclusion, consistency })
    }

    /// That an epoch stands in the tree of `size` epochs.
    pub fn inclusion<R: Records>(&self, records: &Arc<R>, epoch: u64, size: u64) -> Result<Vec<[u8; 32]>, PublishError> {
        epochs::inclusion(&**records, epoch, size)
    }

    /// That the tree of `to` epochs goes on from that of `from`.
    pub fn consistency<R: Records>(&self, records: &Arc<R>, from: u64, to: u64) -> Result<Vec<[u8; 32]>, PublishError> {
        epochs::consistency(&**records, from, to)
    }
}

/// Without akd's cache: it would remember what a failed transaction wrote.
async fn akd<R: Records>(shelf: &Shelf<R>, vrf: Vrf) -> Result<Akd<R>, akd::errors::AkdError> {
    let manager = StorageManager::new_no_cache(shelf.clone());
    Akd::new(manager, vrf, AzksParallelismConfig::disabled()).await
}

/// akd is written for runtimes, but over a store that never waits it never waits either.
fn now<T>(future: impl Future<Output = T>) -> Result<T, PublishError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err(PublishError::Waited),
    }
}

impl core::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Publisher({})", self.keys().origin())
    }
}
