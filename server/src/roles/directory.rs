//! The directory: who is found, by which KeyPackage, and the proof of it.
//!
//! Called at the anonymous door: who looks up is not known. KeyPackages are
//! bytes here. Says nothing of an account that its log does not say: what
//! changed a moment ago is told with the next epoch.

use std::sync::Arc;

use waxseal_transparency::publish::{PublishError, Publisher};
use waxseal_transparency::{CLOSED, Head, SignedHead};
use waxseal_wire::id::{LogId, Millis};
use waxseal_wire::limits;
use waxseal_wire::reply::{AccountFound, Accounts, Log, Refusal, Watched};
use waxseal_wire::request::{AccountRef, Lookup, Relate, Seen, Watch};

use super::{Proven, Roles};
use crate::store::{Stop, Store, StoreError};

/// Room for what stands around the accounts in a frame.
const FRAME_AROUND: usize = (1 << 10) + limits::PLACED;
/// Names in one epoch: nobody who writes waits for more.
const TOGETHER: usize = 256;
/// How old a head may become before it is signed anew, in milliseconds.
const SIGNED_ANEW: u64 = 60 * 60 * 1000;
/// In the log from its beginning, so that there is one before anybody registers; no name is like it.
const FIRST: &str = "#";

impl<S: Store> Roles<S> {
    /// Accounts in the order asked, the first so many that fit into a frame. What the directory says of them stands in no answer before [`Roles::prove_found`].
    pub(super) fn look_up(&mut self, lookup: &Lookup) -> Result<Accounts, Stop> {
        if lookup.who.len() > limits::LOOKUP {
            return Err(Refusal::TooLarge.into());
        }
        let found = self.store.look_up(&lookup.who, lookup.key_packages, limits::FRAME - FRAME_AROUND)?;
        Ok(Accounts { found, ..Accounts::default() })
    }

    /// Puts the proofs to the accounts that were `taken` for a look-up: all of one moment, under one tree head.
    pub fn prove_found(&mut self, now: Millis, lookup: &Lookup, taken: Accounts) -> Result<Accounts, Refusal> {
        let publisher = self.publisher.clone();
        let proven = self.store.at_once(|store| {
            let who = lookup.who.get(..taken.found.len()).unwrap_or(&lookup.who);
            let mut left = limits::FRAME - FRAME_AROUND;
            let mut found = store.look_up(who, false, left)?;
            let records = store.records();
            for (i, (account, (who, taken))) in found.iter_mut().zip(who.iter().zip(taken.found)).enumerate() {
                complete(&publisher, &records, account, who, taken)?;
                left = left.saturating_sub(size(account));
                if left == 0 && i > 0 {
                    found.truncate(i);
                    break;
                }
            }
            let placed = place(&publisher, &records, now, lookup.seen)?;
            Ok(Accounts { found, placed, log: shown(store, &publisher, lookup.seen)? })
        });
        proven.map_err(Stop::refusal)
    }

    pub(super) fn relate(&mut self, relate: &Relate) -> Result<Vec<[u8; 32]>, Stop> {
        if relate.log != log_id(&self.publisher) || relate.from == 0 || relate.from > relate.to {
            return Err(Refusal::Unknown.into());
        }
        let publisher = self.publisher.clone();
        self.store.at_once(|store| {
            let records = store.records();
            let newest = publisher.newest(&records).map_err(failed)?.map_or(0, |leaf| leaf.epoch);
            match relate.to <= newest {
                true => publisher.consistency(&records, relate.from, relate.to).map_err(failed),
                false => Err(Refusal::Unknown.into()),
            }
        })
    }

    /// What the directory has ever said of the account that asks.
    pub fn watch(&mut self, now: Millis, by: &Proven, watch: &Watch) -> Result<Watched, Refusal> {
        let publisher = self.publisher.clone();
        let versions = usize::try_from(watch.versions).unwrap_or(0);
        let watched = self.store.at_once(|store| {
            let found = store.look_up(&[AccountRef::Id(by.account())], false, usize::MAX)?;
            let records = store.records();
            let history = |account: &AccountFound| publisher.history(&records, &account.name, versions).map_err(failed);
            let proof = found.first().filter(|account| !account.chain.is_empty()).map(history).transpose()?.flatten();
            let placed = place(&publisher, &records, now, watch.seen)?;
            Ok(Watched { placed, proof: proof.unwrap_or_default(), log: shown(store, &publisher, watch.seen)? })
        });
        watched.map_err(Stop::refusal)
    }

    /// Makes an epoch of what changed, where something did; whether more is due.
    pub fn publish(&mut self, now: Millis) -> Result<bool, StoreError> {
        let publisher = self.publisher.clone();
        let published = self.store.publish(TOGETHER, |records, changes| {
            let mut changes = changes.to_vec();
            if publisher.newest(records).map_err(broken)?.is_none() {
                changes.push((FIRST.to_owned(), CLOSED));
            }
            publisher.publish(records, &changes, now).map_err(broken)
        });
        published.map_err(|stop| match stop {
            Stop::Broken(error) => error,
            Stop::Refused(_) => StoreError::Database(0),
        })
    }

    /// Ends the log and begins another one under the keys of `next`, which the old one names as its follower.
    ///
    /// For a store that was set back: a log that goes on from an older state would contradict what it signed since.
    pub fn begin_new_log(&mut self, now: Millis, next: Publisher) -> Result<(), StoreError> {
        let old = std::mem::replace(&mut self.publisher, next.clone());
        let last = old.head(&self.store.records(), now).map_err(broken)?;
        let old_log = log_id(&old);
        self.store.begin_new_log(&old_log, |records| {
            let epoch = next.publish(records, &[(FIRST.to_owned(), CLOSED)], now).map_err(broken)?.ok_or(StoreError::Corrupt)?;
            let handover = last.map(|last| old.secrets().hand_over(last, next.keys(), epoch.head, now).encode());
            Ok((epoch, handover))
        })
    }

    /// What signs the directory's log.
    pub(crate) fn publisher(&self) -> &Publisher {
        &self.publisher
    }
}

/// The log, and what led to it, for somebody who does not name it.
fn shown<S: Store>(store: &mut S, publisher: &Publisher, seen: Option<Seen>) -> Result<Option<Box<Log>>, Stop> {
    let keys = publisher.keys();
    let handovers = match seen {
        Some(seen) if seen.log == log_id(publisher) => return Ok(None),
        Some(seen) => store.handovers(&seen.log)?,
        None => Vec::new(),
    };
    Ok(Some(Box::new(Log { keys: keys.to_bytes(), handovers })))
}

/// Puts KeyPackages and proof to what the directory says of an account.
fn complete<R: waxseal_transparency::publish::Records>(
    publisher: &Publisher,
    records: &Arc<R>,
    account: &mut AccountFound,
    who: &AccountRef,
    taken: AccountFound,
) -> Result<(), Stop> {
    if !account.chain.is_empty() {
        account.key_packages = taken.key_packages;
        account.proof = publisher.lookup(records, &account.name).map_err(failed)?.ok_or(StoreError::Corrupt)?;
        return Ok(());
    }
    // It is there, and the directory does not say so yet.
    if !account.name.is_empty() {
        *account = AccountFound::default();
        return Ok(());
    }
    let AccountRef::Name(name) = who else { return Ok(()) };
    account.proof = match publisher.lookup(records, name.as_str()).map_err(failed)? {
        // It was closed.
        Some(proof) => proof,
        None => publisher.absence(records, name.as_str()).map_err(failed)?,
    };
    Ok(())
}

fn size(account: &AccountFound) -> usize {
    const AROUND: usize = 128;
    let records: usize = account.chain.iter().map(|record| record.body.len() + AROUND).sum();
    let keys: usize = account.key_packages.iter().map(|one| one.key_package.len() + AROUND).sum();
    account.name.len() + records + keys + account.proof.len() + AROUND
}

/// The newest tree head, with all that surrounds an answer under it.
fn place<R: waxseal_transparency::publish::Records>(
    publisher: &Publisher,
    records: &Arc<R>,
    now: Millis,
    seen: Option<Seen>,
) -> Result<Vec<u8>, Stop> {
    let seen = seen.filter(|seen| seen.log == log_id(publisher)).map(|seen| seen.size);
    let head = signed_head(publisher, records, now)?;
    Ok(publisher.place(records, head, seen).map_err(failed)?.encode())
}

/// The head of all that is durable. Every process makes the same one: its time is that of the epoch, or a full hour after it.
fn signed_head<R: waxseal_transparency::publish::Records>(
    publisher: &Publisher,
    records: &Arc<R>,
    now: Millis,
) -> Result<SignedHead, Stop> {
    let made = publisher.newest(records).map_err(failed)?.ok_or(StoreError::Corrupt)?.at;
    let hour = Millis(now.0 / SIGNED_ANEW * SIGNED_ANEW);
    let head: Head = publisher.head(records, made.max(hour)).map_err(failed)?.ok_or(StoreError::Corrupt)?;
    Ok(publisher.secrets().sign(head))
}

fn log_id(publisher: &Publisher) -> LogId {
    LogId(publisher.keys().id().0)
}

fn broken(error: PublishError) -> StoreError {
    match error {
        // The store said why when it happened.
        PublishError::Fault => StoreError::Database(0),
        error => {
            tracing::error!(%error, "the directory's log does not hold together");
            StoreError::Corrupt
        }
    }
}

fn failed(error: PublishError) -> Stop {
    Stop::Broken(broken(error))
}
