//! Gathers cosignatures: each new head of our log is shown to every witness that the operator lists.
//!
//! Called by `transport` while it serves. One question at a time to each witness, the newest head alone, and no more than one
//! head in [`EVERY`]; all are asked about the same one, so that their signatures stand together. A witness that does not
//! answer is asked again later, and keeps nobody waiting. Never believes a cosignature that it has not verified.
//!
//! ```text
//!   a head is told ─► heads ─┬─► witness 1: old size, proof, note ─► 200: verified, kept
//!                            └─► witness 2                           409: from its size on, once more
//!                                                                    a larger size, or 422: another history of ours!
//! ```

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use hyper::StatusCode;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};
use waxseal_transparency::{AddCheckpoint, LogKeys, SignedHead};

use super::client::{self, Silent};
use super::{ADD, Peer};
use crate::engine::Engine;
use crate::metrics;

/// Heads follow each other no faster.
const EVERY: Duration = Duration::from_secs(2);
/// Between two questions to a witness that gave no cosignature.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Sizes that a witness may name, one after the other, before it is asked later.
const TURNS: usize = 3;
/// Bytes of an answer: some lines of cosignatures.
const ANSWER: usize = 8 << 10;

/// Why there is no cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Missed {
    #[error(transparent)]
    Silent(#[from] Silent),
    /// It asks to be asked later, or is on another head of ours just now.
    #[error("it asks for patience")]
    Busy,
    /// It does not know our log, or does not like the question.
    #[error("it refuses ({0})")]
    Refused(StatusCode),
    /// What it answers is not its signature of this head.
    #[error("what it answers is not its cosignature")]
    Unsigned,
    /// It has cosigned a tree that ours does not go on from.
    #[error("it has seen another history of this log")]
    OtherHistory { theirs: u64 },
    /// Our own store gives nothing.
    #[error("our own log cannot be read, or the cosignature not be kept")]
    Ours,
}

/// Asks while what it gives lives.
pub(crate) fn start(engine: &Engine, peers: &[Peer]) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if peers.is_empty() {
        return tasks;
    }
    let (tells, heads) = watch::channel(None);
    for peer in peers {
        let asking = Asking { engine: engine.clone(), log: engine.log(), peer: peer.clone(), size: 0, was_away: false };
        tasks.spawn(asking.go_on(heads.clone()));
    }
    tasks.spawn(tell(engine.clone(), tells));
    tasks
}

/// Shows the newest head to those who ask for cosignatures.
async fn tell(engine: Engine, heads: watch::Sender<Option<Arc<SignedHead>>>) {
    loop {
        if let Ok(head) = engine.newest_head().await {
            heads.send_if_modified(|last| {
                let is_new = last.as_ref().is_none_or(|last| last.head != head.head);
                if is_new {
                    *last = Some(Arc::new(head));
                }
                is_new
            });
        }
        sleep(EVERY).await;
        engine.head_is_told().await;
    }
}

/// One witness, and how far it is.
struct Asking {
    engine: Engine,
    log: LogKeys,
    peer: Peer,
    /// Up to here we believe it to have cosigned.
    size: u64,
    was_away: bool,
}

impl Asking {
    async fn go_on(mut self, mut heads: watch::Receiver<Option<Arc<SignedHead>>>) {
        let schedule =
            ExponentialBuilder::default().with_min_delay(SHORTEST).with_max_delay(LONGEST).with_jitter().without_max_times();
        while heads.changed().await.is_ok() {
            let mut pauses = schedule.build();
            loop {
                // The newest, whatever came while it was away.
                let Some(head) = heads.borrow_and_update().clone() else { break };
                if self.has_signed(&head).await {
                    break;
                }
                let asked = self.ask(&head).await;
                self.say(&head, asked);
                match asked {
                    Ok(()) => break,
                    Err(_) => sleep(pauses.next().unwrap_or(LONGEST)).await,
                }
            }
        }
    }

    /// Before the last start, for one.
    async fn has_signed(&mut self, head: &SignedHead) -> bool {
        let Ok(Some(kept)) = self.engine.cosigned().await else { return false };
        if self.size == 0 {
            self.size = kept.head.size.min(head.head.size);
        }
        let by = |kept: &SignedHead| {
            kept.cosignatures.iter().any(|one| self.peer.witness.verify(&self.log.id(), &head.head, one).is_ok())
        };
        kept.head == head.head && by(&kept)
    }

    /// C2SP tlog-witness, add-checkpoint.
    async fn ask(&mut self, signed: &SignedHead) -> Result<(), Missed> {
        let (size, note) = (signed.head.size, signed.to_note(&self.log));
        let mut old = self.size.min(size);
        for _ in 0..TURNS {
            let proof = self.engine.proof(old, size).await.map_err(|_| Missed::Ours)?;
            let asked = AddCheckpoint { old, proof, note: note.clone() };
            let answer = client::post(&self.peer.url, ADD, asked.to_text(), ANSWER).await?;
            let text = std::str::from_utf8(&answer.body);
            match answer.status {
                StatusCode::OK => return self.keep(signed, &note, text.map_err(|_| Missed::Unsigned)?).await,
                StatusCode::CONFLICT => {
                    let theirs = text.ok().and_then(AddCheckpoint::read_size).ok_or(Missed::Refused(answer.status))?;
                    if theirs == old && old == size {
                        return Err(Missed::OtherHistory { theirs });
                    }
                    if theirs > size {
                        return Err(self.is_ahead(theirs).await);
                    }
                    old = theirs;
                }
                StatusCode::UNPROCESSABLE_ENTITY if old > 0 => return Err(Missed::OtherHistory { theirs: old }),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => return Err(Missed::Busy),
                status => return Err(Missed::Refused(status)),
            }
        }
        Err(Missed::Busy)
    }

    /// Somebody may have shown it a head that we signed since; but never one that we did not.
    async fn is_ahead(&self, theirs: u64) -> Missed {
        match self.engine.newest_head().await {
            Ok(newest) if theirs <= newest.head.size => Missed::Busy,
            Ok(_) => Missed::OtherHistory { theirs },
            Err(_) => Missed::Ours,
        }
    }

    async fn keep(&mut self, signed: &SignedHead, note: &str, lines: &str) -> Result<(), Missed> {
        let answered = SignedHead::from_note(&self.log, &format!("{note}{lines}")).map_err(|_| Missed::Unsigned)?;
        let mut cosignatures = answered.cosignatures;
        // A witness may say what others have signed as well; whether they did, they say themselves.
        cosignatures.retain(|one| self.peer.witness.verify(&self.log.id(), &signed.head, one).is_ok());
        cosignatures.truncate(1);
        if cosignatures.is_empty() {
            return Err(Missed::Unsigned);
        }
        self.size = signed.head.size;
        self.engine.keep_cosigned(SignedHead { cosignatures, ..signed.clone() }).await.map_err(|_| Missed::Ours)
    }

    fn say(&mut self, head: &SignedHead, asked: Result<(), Missed>) {
        let (witness, size) = (self.peer.witness.name(), head.head.size);
        metrics::witness_asked(match asked {
            Ok(()) => "cosigned",
            Err(Missed::Silent(_)) => "silent",
            Err(Missed::Busy) => "busy",
            Err(Missed::Refused(_)) => "refused",
            Err(Missed::Unsigned) => "unsigned",
            Err(Missed::OtherHistory { .. }) => "other_history",
            Err(Missed::Ours) => "failed",
        });
        match asked {
            Ok(()) if self.was_away => info!(witness, size, "a witness cosigns again"),
            Ok(()) => debug!(witness, size, "a witness cosigned"),
            Err(Missed::OtherHistory { theirs }) => error!(
                witness,
                theirs,
                ours = size,
                root = hex::encode(head.head.root),
                "A WITNESS HAS SEEN ANOTHER HISTORY OF THIS SERVER'S LOG. Was the store put back without `waxseald restore`, or do \
                 two servers run with the same directory.key? Clients that count on this witness believe nobody new"
            ),
            Err(Missed::Busy) => debug!(witness, "a witness asks for patience"),
            Err(Missed::Silent(_) | Missed::Ours) if self.was_away => debug!(witness, "a witness still gives no cosignature"),
            Err(missed) => warn!(witness, why = %missed, "a witness gives no cosignature; it is asked again"),
        }
        match asked {
            Ok(()) => self.was_away = false,
            Err(Missed::Busy) => {}
            Err(_) => self.was_away = true,
        }
    }
}
