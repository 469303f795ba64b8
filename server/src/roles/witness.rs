//! Witnesses: what others have cosigned of our log, and which heads of another log may be cosigned here.
//!
//! Called at the anonymous door (what is cosigned), by `engine` (what came from witnesses), and for the witness's door (what may
//! be signed). One transaction of the store decides, so that two who ask at once never get two histories signed. Checks RFC 6962
//! consistency alone, as witnesses of other logs do: what an epoch changed, auditors check. Never signs; never sees a socket.

use waxseal_transparency::tree::is_consistent;
use waxseal_transparency::{AddCheckpoint, Handover, Head, Lie, LogKeys, SignedHead};
use waxseal_wire::id::Millis;
use waxseal_wire::reply::Witnessed;

use super::Roles;
use super::directory::{failed, log_id, newest_head};
use crate::limits::Rate;
use crate::store::{Stop, Store, StoreError, WitnessedLog};

/// New trees of one log that are cosigned. The same tree again costs nothing and keeps nobody waiting, whoever asks.
pub(super) const COSIGNED: Rate = Rate { burst: 1, per_second: 1 };
/// Logs that followed each other, as far as one is looked for.
const LOGS: usize = 256;

/// Why a head of another log is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// The size that was asked from is over the head's.
    #[error("the old size is over the new one")]
    Backwards,
    /// The log has ended, and another one follows it.
    #[error("this log has ended")]
    Ended,
    /// What was cosigned last has another size than was asked from.
    #[error("what was cosigned last has {size} epochs")]
    Elsewhere {
        /// That size.
        size: u64,
    },
    /// The log has signed two heads that cannot both be: it is convicted.
    #[error("the log signed two histories")]
    Split {
        /// Epochs under the head that was cosigned.
        size: u64,
        /// That head, as the log signed it.
        cosigned: String,
    },
    /// The proof does not lead from what was cosigned to this head: another history, or a proof that somebody else made up.
    #[error("the proof does not hold")]
    Unproven {
        /// What was cosigned, as the log signed it; empty for nothing yet.
        cosigned: String,
    },
    /// Too many new trees in too short a time.
    #[error("too many heads")]
    TooFast,
}

impl<S: Store> Roles<S> {
    pub(super) fn witnessed(&mut self) -> Result<Witnessed, Stop> {
        let head = self.store.cosigned(&log_id(&self.publisher))?.unwrap_or_default();
        Ok(Witnessed { head, witnesses: self.policy.witnesses.clone() })
    }

    /// The newest tree head of our log, signed.
    pub fn newest_head(&mut self) -> Result<SignedHead, Stop> {
        let publisher = self.publisher.clone();
        self.store.at_once(|store| newest_head(store, &publisher))
    }

    /// Proof for a witness that our tree of `to` epochs goes on from that of `from`.
    pub fn proof(&mut self, from: u64, to: u64) -> Result<Vec<[u8; 32]>, Stop> {
        if from == 0 || from == to {
            return Ok(Vec::new());
        }
        let publisher = self.publisher.clone();
        self.store.at_once(|store| publisher.consistency(&store.records(), from, to).map_err(failed))
    }

    /// The newest head of our log that a witness cosigned.
    pub fn cosigned(&mut self) -> Result<Option<SignedHead>, StoreError> {
        let kept = self.store.cosigned(&log_id(&self.publisher))?;
        kept.map(|kept| SignedHead::decode(&kept).map_err(|_| StoreError::Corrupt)).transpose()
    }

    /// Keeps cosignatures that were verified; of two heads the newer one, of one head all.
    pub fn keep_cosigned(&mut self, signed: &SignedHead) -> Result<(), StoreError> {
        let newest = match self.cosigned()? {
            Some(mut kept) if kept.head == signed.head => {
                kept.join(signed);
                kept
            }
            Some(kept) if (kept.head.size, kept.head.at) > (signed.head.size, signed.head.at) => return Ok(()),
            _ => signed.clone(),
        };
        self.store.keep_cosigned(&log_id(&self.publisher), &newest.encode())
    }

    /// Decides whether a head of another log, whose signature was verified, may be cosigned; from then on it is what was cosigned last.
    ///
    /// C2SP tlog-witness, add-checkpoint. Nothing may be signed before this is durable.
    pub fn witness(
        &mut self,
        now: Millis,
        log: &LogKeys,
        asked: &AddCheckpoint,
        signed: &SignedHead,
    ) -> Result<Result<(), Declined>, StoreError> {
        let (head, rates) = (signed.head, &mut self.cosigned);
        self.store.witness(log, |known| {
            if let Err(declined) = judge(known, log, asked, &head) {
                return (None, Err(declined));
            }
            // The same tree, signed again later: nothing that is new has to be kept.
            if known.is_some_and(|known| known.size == head.size) {
                return (None, Ok(()));
            }
            if rates.take(*log, now, 1).is_err() {
                return (None, Err(Declined::TooFast));
            }
            (Some(WitnessedLog { size: head.size, root: head.root, note: asked.note.clone(), next: None }), Ok(()))
        })
    }

    /// The log that goes on where this one was pinned, as far as hand-overs were kept.
    pub fn followed(&mut self, pinned: LogKeys) -> Result<LogKeys, StoreError> {
        let mut at = pinned;
        for _ in 0..LOGS {
            match self.store.witnessed(&at)?.and_then(|known| known.next) {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(at)
    }

    /// Goes on from a pinned log to the one that its word names, which begins as the word says.
    ///
    /// A log that ends before what was cosigned is a server that was restored: that is followed, and said.
    pub fn follow(&mut self, word: &Handover) -> Result<Result<(), Lie>, StoreError> {
        if self.store.witnessed(&word.new)?.is_some() {
            return Ok(Err(Lie::Handover));
        }
        let verified = self.store.witness(&word.old, |known| {
            let known = known.cloned().unwrap_or(WitnessedLog { size: 0, root: [0; 32], note: String::new(), next: None });
            let seen = Head { size: known.size, root: known.root, at: word.last.at };
            match word.verify(&word.old, Some(&seen).filter(|seen| seen.size > 0)) {
                Ok(_) => {}
                Err(Lie::RolledBack) => {
                    tracing::warn!(
                        ended = word.last.size,
                        cosigned = seen.size,
                        "another log ended before what was cosigned of it: its server was restored"
                    );
                }
                Err(lie) => return (None, Err(lie)),
            }
            (Some(WitnessedLog { next: Some(word.new), ..known }), Ok(()))
        })?;
        if verified.is_err() {
            return Ok(verified);
        }
        let first = WitnessedLog { size: word.first.size, root: word.first.root, note: String::new(), next: None };
        self.store.witness(&word.new, |_| (Some(first), Ok(())))
    }
}

/// C2SP tlog-witness: what is checked, in its order.
fn judge(known: Option<&WitnessedLog>, log: &LogKeys, asked: &AddCheckpoint, head: &Head) -> Result<(), Declined> {
    if asked.old > head.size {
        return Err(Declined::Backwards);
    }
    let Some(known) = known else {
        return match (asked.old, asked.proof.is_empty()) {
            (0, true) => Ok(()),
            (0, false) => Err(Declined::Unproven { cosigned: String::new() }),
            _ => Err(Declined::Elsewhere { size: 0 }),
        };
    };
    if known.next.is_some() {
        return Err(Declined::Ended);
    }
    let (size, was) = (known.size, SignedHead::from_note(log, &known.note));
    let contradicts = match head.size {
        same if same == size => head.root != known.root,
        // No honest log signs a smaller tree later.
        less if less < size => was.is_ok_and(|was| head.at > was.head.at),
        _ => false,
    };
    if contradicts {
        return Err(Declined::Split { size, cosigned: known.note.clone() });
    }
    if asked.old != size {
        return Err(Declined::Elsewhere { size });
    }
    match is_consistent((size, &known.root), (head.size, &head.root), &asked.proof) {
        true => Ok(()),
        false => Err(Declined::Unproven { cosigned: known.note.clone() }),
    }
}
