//! The directory's log for whoever audits it: heads, epochs, what each of them added, and which log followed which.
//!
//! Called by `engine` on reading threads, for anybody who asks. Says nothing that a name could be read from: labels are
//! VRF outputs, values are hashes. Never says anything of an epoch that the newest tree head does not cover.
//!
//! ```text
//!   Audit ─► one moment of the store: newest head ─► is it under that head? ─► bytes, or nothing
//! ```

use waxseal_transparency::publish::{PublishError, Publisher};
use waxseal_transparency::{EpochLeaf, SignedHead};
use waxseal_wire::id::LogId;

use super::Roles;
use super::directory::{failed, log_id, newest_head};
use crate::store::{Stop, Store, StoreError};

/// Hashes or epochs in a full tile: 2^[`HEIGHT`] (C2SP tlog-tiles).
pub const TILE: u64 = 1 << HEIGHT;
/// Levels of the tree in one level of tiles.
pub const HEIGHT: u8 = 8;

/// Which tile, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Counted from the left.
    pub index: u64,
    /// At least one, at most [`TILE`].
    pub width: u64,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// The log's public keys, as text for people and for witnesses.
    Keys,
    /// The newest tree head, as a signed note, with the cosignatures that it has.
    Checkpoint,
    /// Hashes of the tree of epochs, at a level of tiles.
    Hashes(u8, Tile),
    /// The epochs themselves.
    Entries(Tile),
    /// The archived proof that an epoch only added to the one before.
    Step(u64),
    /// Who followed this log, and who followed that one.
    Handovers(LogId),
}

impl<S: Store> Roles<S> {
    /// The bytes of what is asked for; `None` where there is no such thing, or not yet.
    pub fn audit(&mut self, asked: &Audit) -> Result<Option<Vec<u8>>, Stop> {
        let publisher = self.publisher.clone();
        self.store.at_once(|store| match asked {
            Audit::Keys => Ok(Some(keys(&publisher).into_bytes())),
            Audit::Checkpoint => checkpoint(store, &publisher).map(Some),
            Audit::Hashes(level, tile) => hashes(store, &publisher, *level, *tile),
            Audit::Entries(tile) => entries(store, &publisher, *tile),
            Audit::Step(epoch) if *epoch <= size(store, &publisher)? => Ok(store.step(*epoch)?),
            Audit::Step(_) => Ok(None),
            Audit::Handovers(log) => handovers(store, &publisher, log),
        })
    }
}

/// Two lines: both keys in hex, and the verifier key that tools for signed notes read.
fn keys(publisher: &Publisher) -> String {
    let keys = publisher.keys();
    format!("{}\n{}\n", hex::encode(keys.to_bytes()), keys.vkey())
}

fn checkpoint<S: Store>(store: &mut S, publisher: &Publisher) -> Result<Vec<u8>, Stop> {
    let mut head = newest_head(store, publisher)?;
    if let Some(cosigned) = store.cosigned(&log_id(publisher))? {
        // Of an older head they say nothing about this one; `join` leaves them out.
        head.join(&SignedHead::decode(&cosigned).map_err(|_| StoreError::Corrupt)?);
    }
    Ok(head.to_note(&publisher.keys()).into_bytes())
}

/// Epochs under the newest tree head.
fn size<S: Store>(store: &mut S, publisher: &Publisher) -> Result<u64, Stop> {
    Ok(publisher.newest(&store.records()).map_err(failed)?.map_or(0, |leaf| leaf.epoch))
}

/// Where a tile begins, if all of it is among `there` hashes or epochs.
fn begins(tile: Tile, there: u64) -> Option<u64> {
    let from = tile.index.checked_mul(TILE)?;
    let to = from.checked_add(tile.width)?;
    ((1..=TILE).contains(&tile.width) && to <= there).then_some(from)
}

fn hashes<S: Store>(store: &mut S, publisher: &Publisher, level: u8, tile: Tile) -> Result<Option<Vec<u8>>, Stop> {
    // A level that no tree reaches has nothing in it.
    let Some(below) = level.checked_mul(HEIGHT).filter(|below| u32::from(*below) < u64::BITS) else { return Ok(None) };
    let Some(from) = begins(tile, size(store, publisher)? >> below) else { return Ok(None) };
    let hashes = publisher.subtrees(&store.records(), below, from, tile.width).map_err(failed)?;
    Ok(Some(hashes.concat()))
}

fn entries<S: Store>(store: &mut S, publisher: &Publisher, tile: Tile) -> Result<Option<Vec<u8>>, Stop> {
    let Some(from) = begins(tile, size(store, publisher)?) else { return Ok(None) };
    let leaves = publisher.leaves(&store.records(), from, tile.width).map_err(failed)?;
    Ok(Some(leaves.iter().map(EpochLeaf::to_bytes).map(|leaf| counted(&leaf)).collect::<Result<Vec<_>, _>>()?.concat()))
}

/// Nothing yet is an answer about a log that is known: that it goes on itself.
fn handovers<S: Store>(store: &mut S, publisher: &Publisher, log: &LogId) -> Result<Option<Vec<u8>>, Stop> {
    let words = store.handovers(log)?;
    if words.is_empty() && *log != log_id(publisher) {
        return Ok(None);
    }
    Ok(Some(words.iter().map(|word| counted(word)).collect::<Result<Vec<_>, _>>()?.concat()))
}

/// Bytes after their number (C2SP tlog-tiles: big-endian uint16).
fn counted(bytes: &[u8]) -> Result<Vec<u8>, Stop> {
    let count = u16::try_from(bytes.len()).map_err(|_| failed(PublishError::Broken))?;
    Ok([&count.to_be_bytes()[..], bytes].concat())
}
