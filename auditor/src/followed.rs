//! Another log in the place of the one that is followed: only by the word of each log in between.
//!
//! Called by `round` where the server's keys are others than were pinned. Says what the words say; never goes on to the new
//! log itself.
//!
//! ```text
//!   log that is followed ──signs──► next ──signs──► … ──signs──► the server's log
//! ```

use waxseal_transparency::tree::Hash;
use waxseal_transparency::{Lie, LogKeys};

use crate::caught;
use crate::round::Failed;
use crate::source::{Source, read_handover};
use crate::state::State;

/// Logs that followed each other, as far as one round goes.
const LOGS: usize = 256;

/// What the words said.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// The last epoch of the log that was followed, as it says itself: fewer than were seen, after a restore.
    pub(crate) ended_at: Option<u64>,
    /// What was promised of the server's log: a size and the root there.
    pub(crate) promised: Option<(u64, Hash)>,
}

/// Follows hand-overs from the state's log to the one of these keys.
pub(crate) async fn by_word(source: &mut Source, state: &State, keys: LogKeys) -> Result<Followed, Failed> {
    let (mut at, mut followed, mut logs) = (state.log, Followed::default(), 0);
    let seen = state.seen().map(|seen| &seen.head);
    while at != keys {
        let words = source.handovers(&at.id()).await?;
        let lie = |what: &str| {
            let parts = [("shown", keys.to_bytes().to_vec()), ("handovers", words.concat())];
            Failed::from(caught::unsigned(&state.log, seen.map_or(0, |seen| seen.size), what.to_owned(), &parts))
        };
        if words.is_empty() || logs > LOGS {
            return Err(lie("the server goes on under other keys, and its log has signed no hand-over to them"));
        }
        for word in &words {
            let word = read_handover(word, &at);
            let word = word.ok_or_else(|| lie("the server goes on under other keys by a hand-over that its log has not signed"))?;
            if at == state.log {
                if word.verify(&at, seen) == Err(Lie::Split) {
                    return Err(lie("its last word speaks of another state of the same size than it showed here"));
                }
                followed.ended_at = Some(word.last.size);
            }
            followed.promised = Some((word.first.size, word.first.root));
            at = word.new;
            logs += 1;
            if at == keys {
                break;
            }
        }
    }
    Ok(followed)
}
