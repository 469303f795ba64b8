//! A witness's one door: may this head of another log be cosigned?
//!
//! Called by `transport` with a text that came by HTTP. Answers as C2SP tlog-witness has it. Checks that a head continues what was
//! cosigned and no more: what its epochs changed, auditors check. Never answers before what was decided is durable.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::{error, warn};
use waxseal_transparency::{AddCheckpoint, LogKeys, SignedHead};

use super::Peer;
use super::follow::Followed;
use crate::engine::Engine;
use crate::roles::Declined;

/// Heads that are judged at once.
const TURNS: usize = 4;
/// How often it is said that a log was convicted: anybody can bring the same two heads over and over.
const LOUD_EVERY: Duration = Duration::from_secs(60);

/// The logs that we are a witness of.
pub(crate) struct Door {
    followed: Vec<Followed>,
    turns: Semaphore,
    loud: Pace,
    warned: Pace,
}

/// When something was said last that anybody can make us say over and over.
#[derive(Default)]
struct Pace(Mutex<Option<Instant>>);

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// A line of a signed note.
    Cosigned(String),
    /// At this size we are.
    Size(u64),
    /// Why not.
    Refused(StatusCode),
}

impl Door {
    pub(crate) fn new(peers: &[Peer]) -> Self {
        Self {
            followed: peers.iter().filter_map(Followed::of).collect(),
            turns: Semaphore::new(TURNS),
            loud: Pace::default(),
            warned: Pace::default(),
        }
    }

    /// Answers one question.
    pub(crate) async fn answer(&self, engine: &Engine, text: &str) -> Said {
        let Ok(asked) = AddCheckpoint::parse(text) else { return Said::Refused(StatusCode::BAD_REQUEST) };
        // Two lines, an empty one, a signature: what is no note at all is at fault, and not the log.
        if !asked.note.contains("\n\n\u{2014} ") {
            return Said::Refused(StatusCode::BAD_REQUEST);
        }
        let Some(log) = self.log(engine, asked.origin()).await else { return Said::Refused(StatusCode::NOT_FOUND) };
        // A crowd waits here, and not before people's look-ups.
        let Ok(_turn) = self.turns.acquire().await else { return Said::Refused(StatusCode::SERVICE_UNAVAILABLE) };
        let Ok(signed) = SignedHead::from_note(&log, &asked.note) else { return Said::Refused(StatusCode::FORBIDDEN) };
        match engine.cosign(log, asked, signed.clone()).await {
            Ok(Ok(cosignature)) => Said::Cosigned(cosignature.to_note_line()),
            Ok(Err(declined)) => self.decline(&log, &signed, declined),
            Err(_) => Said::Refused(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    async fn log(&self, engine: &Engine, origin: &str) -> Option<LogKeys> {
        for followed in &self.followed {
            if let Some(log) = followed.find(engine, origin).await {
                return Some(log);
            }
        }
        for followed in &self.followed {
            if let Some(log) = followed.look(engine, origin).await {
                return Some(log);
            }
        }
        None
    }

    fn decline(&self, log: &LogKeys, signed: &SignedHead, declined: Declined) -> Said {
        match declined {
            Declined::Backwards => Said::Refused(StatusCode::BAD_REQUEST),
            Declined::Ended => Said::Refused(StatusCode::FORBIDDEN),
            Declined::Elsewhere { size } => Said::Size(size),
            Declined::Unproven { cosigned } => {
                // Anybody can make up a proof that does not hold: so this alone convicts nobody.
                if self.warned.is_time() {
                    warn!(
                        log = log.origin(),
                        cosigned,
                        refused = signed.to_note(log),
                        "a head of a log that is witnessed here was not proven to continue what was cosigned: refused"
                    );
                }
                Said::Refused(StatusCode::UNPROCESSABLE_ENTITY)
            }
            Declined::TooFast => Said::Refused(StatusCode::TOO_MANY_REQUESTS),
            Declined::Split { size, cosigned } => {
                if self.loud.is_time() {
                    error!(
                        log = log.origin(),
                        cosigned,
                        refused = signed.to_note(log),
                        "A LOG THAT IS WITNESSED HERE HAS SIGNED TWO HISTORIES: both heads stand here, signed by it"
                    );
                }
                Said::Size(size)
            }
        }
    }
}

impl Pace {
    fn is_time(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| last.elapsed() >= LOUD_EVERY);
        if is_time {
            *last = Some(Instant::now());
        }
        is_time
    }
}
