//! What follows from a file of evidence.
//!
//! For anybody who is given such a file. Believes nothing that it has not verified; asks nobody.

use crate::{Answer, Crime, Entry, EpochLeaf, Evidence, Lie, LogKeys, Proven, Reason, Shown, SignedHead, Verdict};
use crate::{absence, history, lookup, tree};

/// Reads a file and judges it.
pub fn check(bytes: &[u8]) -> Verdict {
    let Ok(evidence) = Evidence::decode(bytes) else { return Verdict::DoesNotProve(Reason::Unreadable) };
    let (log, judged) = match &evidence {
        Evidence::Heads { log, one, other } => (log, heads(log, one, other)),
        Evidence::Fork { log, one, other } => (log, fork(log, one, other)),
        Evidence::Answers { log, at, name, one, other } => (log, answers(log, at, name, one, other)),
        Evidence::Step { log, from, to, step } => (log, step_of(log, from.as_ref(), to, step)),
        Evidence::Testimony { log, .. } => (log, Err(Reason::Testimony)),
    };
    judged.map_or_else(Verdict::DoesNotProve, |crime| Verdict::Proven(log.origin(), crime))
}

fn signed(log: &LogKeys, head: &SignedHead) -> Result<(), Reason> {
    head.verify(log).map_err(|_| Reason::NotTheLogs)
}

fn heads(log: &LogKeys, one: &SignedHead, other: &SignedHead) -> Result<Crime, Reason> {
    signed(log, one)?;
    signed(log, other)?;
    let (one, other) = (&one.head, &other.head);
    if one.size == other.size {
        return if one.root == other.root { Err(Reason::NoContradiction) } else { Ok(Crime::Split) };
    }
    let (earlier, later) = if one.at <= other.at { (one, other) } else { (other, one) };
    // Of one moment, either may have been first.
    let back = earlier.at < later.at && later.size < earlier.size;
    if back { Ok(Crime::RolledBack) } else { Err(Reason::NoContradiction) }
}

/// A leaf that the log signed at the place of some epoch.
fn stands(log: &LogKeys, shown: &Shown, index: u64) -> Result<(), Reason> {
    signed(log, &shown.head)?;
    let head = &shown.head.head;
    let stands = tree::is_included(&shown.leaf.hash(), index, head.size, &shown.inclusion, &head.root);
    if stands { Ok(()) } else { Err(Reason::NotTheLogs) }
}

fn epoch<'a>(log: &LogKeys, shown: &'a Shown) -> Result<&'a EpochLeaf, Reason> {
    stands(log, shown, shown.leaf.epoch.saturating_sub(1))?;
    Ok(&shown.leaf)
}

fn fork(log: &LogKeys, one: &Shown, other: &Shown) -> Result<Crime, Reason> {
    // A leaf that stands last under its head, with another number than the head's size.
    for shown in [one, other] {
        let last = shown.head.head.size.saturating_sub(1);
        if shown.leaf.epoch != shown.head.head.size && stands(log, shown, last).is_ok() {
            return Ok(Crime::Malformed);
        }
    }
    let (one, other) = (epoch(log, one)?, epoch(log, other)?);
    if one.epoch == other.epoch && one != other { Ok(Crime::Forked) } else { Err(Reason::NoContradiction) }
}

fn answers(log: &LogKeys, at: &Shown, name: &str, one: &Answer, other: &Answer) -> Result<Crime, Reason> {
    let proven = Proven::new(*epoch(log, at)?, at.head.head);
    let said = |answer: &Answer| said(log, &proven, name, answer).map_err(|_| Reason::NotTheLogs);
    let (one, other) = (said(one)?, said(other)?);
    // Two histories of different lengths agree where both begin with the newest.
    let agree = one.is_empty() == other.is_empty() && one.iter().zip(&other).all(|(one, other)| one == other);
    if agree { Err(Reason::NoContradiction) } else { Ok(Crime::Contradiction) }
}

/// What an answer says, newest first; nothing where it says that nobody has the name.
fn said(log: &LogKeys, proven: &Proven, name: &str, answer: &Answer) -> Result<Vec<Entry>, Lie> {
    match answer {
        Answer::Lookup(bytes) => Ok(vec![lookup::verify(log, proven, name, bytes)?]),
        Answer::Absence(bytes) => absence::verify(log, proven, name, bytes).map(|()| Vec::new()),
        Answer::History { most_recent, bytes } => history::verify(log, proven, name, *most_recent, bytes),
    }
}

fn step_of(log: &LogKeys, from: Option<&Shown>, to: &Shown, bytes: &[u8]) -> Result<Crime, Reason> {
    let to = epoch(log, to)?;
    let from = from.map(|from| epoch(log, from)).transpose()?;
    // The epoch names its archived proof by hash: bytes of another hash are not the log's.
    let follows = from.map_or(0, |from| from.epoch) + 1 == to.epoch;
    if !follows || crate::step::hash(bytes) != to.step {
        return Err(Reason::NotTheLogs);
    }
    if bytes.first() != Some(&crate::step::VERSION) {
        return Err(Reason::Unreadable);
    }
    if crate::step::verify(from, to, bytes).is_ok() { Err(Reason::NoContradiction) } else { Ok(Crime::Rewritten) }
}
