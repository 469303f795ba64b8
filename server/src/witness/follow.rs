//! An unknown log at the witness's door: is it the one that a log we know has handed over to?
//!
//! Called by `door`. Asks the server that its line names, seldom; believes the signature of the log that ended and nothing
//! else. Never goes on to a log that no known log has named.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};
use waxseal_transparency::{Handover, Lie, LogKeys, limits};

use super::Peer;
use super::client;
use crate::engine::Engine;

/// Between two looks for hand-overs at one server: anybody can name an unknown log.
const SELDOM: Duration = Duration::from_secs(10);
/// Hand-overs that are read at once.
const MOST: usize = 64 * (limits::HANDOVER + 2);

/// A log that we are a witness of, and when its hand-overs were looked for.
pub(super) struct Followed {
    peer: Peer,
    pinned: LogKeys,
    looked: Mutex<Option<Instant>>,
}

impl Followed {
    /// The line's log; `None` where the line names none.
    pub(super) fn of(peer: &Peer) -> Option<Self> {
        Some(Self { peer: peer.clone(), pinned: peer.log?, looked: Mutex::default() })
    }

    /// The log of this origin, where it is this one or the one that goes on in its place.
    pub(super) async fn find(&self, engine: &Engine, origin: &str) -> Option<LogKeys> {
        let known = engine.followed(self.pinned).await.ok()?;
        if known.origin() == origin {
            return Some(known);
        }
        None
    }

    /// Looks for hand-overs from the log that is known, and follows them, to the one of this origin.
    pub(super) async fn look(&self, engine: &Engine, origin: &str) -> Option<LogKeys> {
        if !self.is_time() {
            return None;
        }
        let mut known = engine.followed(self.pinned).await.ok()?;
        let path = format!("/log/handovers/{}", hex::encode(known.id().0));
        let answer = client::get(&self.peer.url, &path, MOST).await.ok().filter(|answer| answer.status.is_success())?;
        let words = counted(&answer.body)?.into_iter().map(|word| Handover::decode(word).ok()).collect::<Option<Vec<_>>>()?;
        // Also where they do not lead to this origin: a log that has ended has ended, and an answer holds some of them only.
        for word in words {
            if word.old != known {
                return None;
            }
            match engine.follow(word.clone()).await.ok()? {
                Ok(()) => {}
                Err(lie) => {
                    self.refuse(&word, lie);
                    return None;
                }
            }
            known = word.new;
            info!(from = word.old.origin(), to = known.origin(), "a log that is witnessed here was followed to the next one");
            if known.origin() == origin {
                return Some(known);
            }
        }
        None
    }

    fn refuse(&self, word: &Handover, lie: Lie) {
        let witness = self.peer.witness.name();
        if lie != Lie::Split {
            return warn!(witness, %lie, "a hand-over that this witness's server shows is none: not followed");
        }
        error!(
            log = word.old.origin(),
            ended = word.last.size,
            root = hex::encode(word.last.root),
            "A LOG THAT IS WITNESSED HERE ENDS WITH A WORD THAT CONTRADICTS WHAT WAS COSIGNED OF IT: the next one is not followed"
        );
    }

    fn is_time(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = looked.is_none_or(|looked| looked.elapsed() >= SELDOM);
        if is_time {
            *looked = Some(Instant::now());
        }
        is_time
    }
}

/// Parts that each stand after their length in two bytes, as `/log/handovers` has them.
fn counted(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (count, rest) = bytes.split_first_chunk()?;
        let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*count).into())?;
        parts.push(part);
        bytes = rest;
    }
    Some(parts)
}
