//! The directory: who is found, by which KeyPackage, and the proof of it.
//!
//! Called at the anonymous door: who looks up is not known. KeyPackages are
//! bytes here. Says nothing of an account that its log does not say: what
//! changed a moment ago is told with the next epoch.

use std::sync::Arc;

use waxseal_transparency::publish::{PublishError, Publisher};
use waxseal_transparency::{AHEAD, CLOSED, SignedHead};
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
    pub fn prove_found(&mut self, lookup: &Lookup, taken: Accounts) -> Result<Accounts, Refusal> {
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
            let placed = place(store, &publisher, lookup.seen)?;
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
    pub fn watch(&mut self, by: &Proven, watch: &Watch) -> Result<Watched, Refusal> {
        let publisher = self.publisher.clone();
        let versions = usize::try_from(watch.versions).unwrap_or(0);
        let watched = self.store.at_once(|store| {
            let found = store.look_up(&[AccountRef::Id(by.account())], false, usize::MAX)?;
            let records = store.records();
            let history = |account: &AccountFound| publisher.history(&records, &account.name, versions).map_err(failed);
            let proof = found.first().filter(|account| !account.chain.is_empty()).map(history).transpose()?.flatten();
            let placed = place(store, &publisher, watch.seen)?;
            Ok(Watched { placed, proof: proof.unwrap_or_default(), log: shown(store, &publisher, watch.seen)? })
        });
        watched.map_err(Stop::refusal)
    }

    /// Makes an epoch of what changed, where something did; whether more is due.
    pub fn publish(&mut self, now: Millis) -> Result<bool, StoreError> {
        let publisher = self.publisher.clone();
        let told = self.store.told_at().map_err(stopped)?;
        // Of two heads the larger is never the earlier one, whatever the clock does.
        let at = told.map_or(now, |told| now.max(told));
        let published = self.store.publish(TOGETHER, |records, changes| {
            let mut changes = changes.to_vec();
            if publisher.newest(records).map_err(broken)?.is_none() {
                changes.push((FIRST.to_owned(), CLOSED));
            }
            publisher.publish(records, &changes, at).map_err(broken)
        });
        let more = published.map_err(stopped)?;
        let told = self.store.told_at().map_err(stopped)?;
        if told.is_some_and(|told| told.0.saturating_add(SIGNED_ANEW) <= now.0) {
            self.store.tell_again(now).map_err(stopped)?;
        }
        Ok(more)
    }

    /// Whether the directory spoke while the clock was so far ahead that what it says now is of the future to everybody.
    ///
    /// It cannot sign an earlier time again; [`Roles::begin_new_log`] helps.
    pub fn is_ahead(&mut self, now: Millis) -> Result<bool, StoreError> {
        // Half of what the others allow: theirs may be wrong, too.
        let most = u64::try_from(AHEAD.as_millis() / 2).unwrap_or(u64::MAX);
        let told = self.store.told_at().map_err(stopped)?;
        Ok(told.is_some_and(|told| told.0 > now.0.saturating_add(most)))
    }

    /// Ends the log and begins another one under the keys of `next`, which the old one names as its follower.
    ///
    /// For a store that was set back, as a log that goes on from an older state would contradict what it signed since; and for a clock that was.
    pub fn begin_new_log(&mut self, now: Millis, next: Publisher) -> Result<(), StoreError> {
        let old = self.publisher.clone();
        let told = self.store.told_at().map_err(stopped)?.map_or(now, |told| now.max(told));
        let last = old.head(&self.store.records(), told).map_err(broken)?;
        self.store.begin_new_log(&log_id(&old), |records| {
            let epoch = next.publish(records, &[(FIRST.to_owned(), CLOSED)], now).map_err(broken)?.ok_or(StoreError::Corrupt)?;
            let handover = last.map(|last| old.secrets().hand_over(last, next.keys(), epoch.head, now).encode());
            Ok((epoch, handover))
        })?;
        self.publisher = next;
        Ok(())
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
fn place<S: Store>(store: &mut S, publisher: &Publisher, seen: Option<Seen>) -> Result<Vec<u8>, Stop> {
    let seen = seen.filter(|seen| seen.log == log_id(publisher)).map(|seen| seen.size);
    let head = newest_head(store, publisher)?;
    Ok(publisher.place(&store.records(), head, seen).map_err(failed)?.encode())
}

/// The newest tree head, signed.
pub(super) fn newest_head<S: Store>(store: &mut S, publisher: &Publisher) -> Result<SignedHead, Stop> {
    let told = store.told_at()?.ok_or(StoreError::Corrupt)?;
    let head = publisher.head(&store.records(), told).map_err(failed)?.ok_or(StoreError::Corrupt)?;
    Ok(publisher.sign(head))
}

pub(super) fn log_id(publisher: &Publisher) -> LogId {
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

fn stopped(stop: Stop) -> StoreError {
    match stop {
        Stop::Broken(error) => error,
        Stop::Refused(_) => StoreError::Database(0),
    }
}

pub(super) fn failed(error: PublishError) -> Stop {
    Stop::Broken(broken(error))
}
