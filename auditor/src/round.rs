//! One round: from what was verified to the newest head, epoch by epoch.
//!
//! Called by `follow`, as often as it likes. Believes nothing that does not follow from epochs that it verified itself.
//! Never says or signs anything before the state that it follows from is durable.
//!
//! ```text
//!   keys ─► another log? hand-over ─► head: signed? in time? against what was seen?
//!        ─► each new epoch: number, time, step ─► own tree ─► its root is the head's? ─► settled
//! ```

use std::path::PathBuf;

use waxseal_transparency::{AHEAD, EpochLeaf, LogKeys, Shown, SignedHead, step};
use waxseal_wire::id::Millis;

use crate::caught::{self, Caught, Suspicion};
use crate::followed;
use crate::paper::{say, warn};
use crate::source::{Checkpoint, Source, TILE, Trouble};
use crate::state::{State, StateError};

/// Epochs after which what was verified is kept, so that whoever is killed goes on from there.
const KEPT_EVERY: u64 = 64;

/// Why a round came to no good end.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nothing follows from it; ask again later.
    Trouble(Trouble),
    /// The log lied.
    Lie(Box<Caught>),
    /// What was found cannot be kept.
    State(StateError),
}

/// An audit of one server.
pub(crate) struct Audit {
    pub(crate) source: Source,
    /// As it is said to people, and kept.
    pub(crate) server: String,
    /// Where the state is.
    pub(crate) file: PathBuf,
    /// `None` before the first contact.
    pub(crate) state: Option<State>,
    /// The log's keys, where a person has said them.
    pub(crate) demanded: Option<LogKeys>,
}

impl Audit {
    /// Follows the log to its newest head, which is `settled` in the state then. How many epochs that took.
    pub(crate) async fn round(&mut self, now: Millis) -> Result<u64, Failed> {
        let keys = self.source.keys().await?;
        let mut state = match self.state.take() {
            Some(state) => state,
            None => self.pin(keys)?,
        };
        let done = self.advance(&mut state, keys, now).await;
        self.state = Some(state);
        done
    }

    fn pin(&self, keys: LogKeys) -> Result<State, Failed> {
        let pinned = self.demanded.unwrap_or(keys);
        let state = State::new(self.server.clone(), pinned, pinned);
        state.save(&self.file)?;
        say(format_args!("pinned {} of {}", pinned.origin(), self.server));
        say(format_args!("  its keys: {}", hex::encode(pinned.to_bytes())));
        Ok(state)
    }

    async fn advance(&mut self, state: &mut State, keys: LogKeys, now: Millis) -> Result<u64, Failed> {
        if keys != state.log {
            self.follow_on(state, keys).await?;
        }
        let head = self.newest(state).await?;
        let latest = now.0.saturating_add(u64::try_from(AHEAD.as_millis()).unwrap_or(u64::MAX));
        if head.head.at.0 > latest {
            return Err(Trouble::Early.into());
        }
        goes_on(state, &head)?;
        let before = state.grown.size;
        // What a round before did not bring to its end.
        if let Some(target) = state.target.clone() {
            self.walk(state, target).await?;
        }
        let settled = state.settled.as_mut().filter(|settled| settled.head.head.size == head.head.size);
        match settled {
            Some(settled) if settled.head.head.root != head.head.root => return Err(split(&state.log, &settled.head, &head)),
            // The same tree, signed again later.
            Some(settled) if settled.head.head.at < head.head.at => {
                settled.head = SignedHead { cosignatures: Vec::new(), ..head };
                state.save(&self.file)?;
            }
            Some(_) => {}
            None => {
                state.target = Some(SignedHead { cosignatures: Vec::new(), ..head.clone() });
                state.save(&self.file)?;
                self.walk(state, head).await?;
            }
        }
        Ok(state.grown.size.saturating_sub(before))
    }

    /// From the log that is followed to the one that the server has now; kept before it is said.
    async fn follow_on(&mut self, state: &mut State, keys: LogKeys) -> Result<(), Failed> {
        let followed = followed::by_word(&mut self.source, state, keys).await?;
        let old = state.log.origin();
        let size = state.seen().map_or(0, |seen| seen.head.size);
        *state = State { promised: followed.promised, ..State::new(state.server.clone(), state.pinned, keys) };
        state.save(&self.file)?;
        warn(format_args!(
            "ANOTHER LOG: {old} has ended, and signed that {} goes on. It is audited from its first epoch.",
            keys.origin()
        ));
        warn(format_args!("  its keys: {}", hex::encode(keys.to_bytes())));
        if let Some(last) = followed.ended_at.filter(|last| *last < size) {
            warn(format_args!(
                "TAKEN BACK: the log ended at epoch {last}, and {size} were seen: a server that was restored from a \
                 backup does that. What it published in between is not in the log that follows."
            ));
        }
        Ok(())
    }

    async fn newest(&mut self, state: &State) -> Result<SignedHead, Failed> {
        let note = match self.source.checkpoint(&state.log).await? {
            Checkpoint::Signed(head) => return Ok(*head),
            Checkpoint::Foreign(note) => note,
        };
        // Between the two questions the server may have begun another log.
        if self.source.keys().await? != state.log {
            return Err(Trouble::Changed.into());
        }
        let size = state.seen().map_or(0, |seen| seen.head.size);
        let what = "the newest tree head is not signed by the log that the server says it has".to_owned();
        Err(caught::unsigned(&state.log, size, what, &[("note", note.into_bytes())]).into())
    }

    /// Verifies every epoch up to a head, and the head by them.
    async fn walk(&mut self, state: &mut State, head: SignedHead) -> Result<(), Failed> {
        let (log, size) = (state.log.id(), head.head.size);
        while state.grown.size < size {
            let index = state.grown.size / TILE;
            let width = TILE.min(size - index * TILE);
            let leaves = self.source.entries(&log, index, width).await?;
            let new = usize::try_from(state.grown.size % TILE).unwrap_or(usize::MAX);
            for leaf in leaves.into_iter().skip(new) {
                if let Some(suspicion) = self.epoch(state, &head, leaf).await? {
                    return Err(self.accuse(state, &head, suspicion).await);
                }
                if state.grown.size.is_multiple_of(KEPT_EVERY) {
                    state.save(&self.file)?;
                }
            }
            state.save(&self.file)?;
        }
        if state.grown.root() != Some(head.head.root) {
            return Err(self.accuse(state, &head, Suspicion::Root).await);
        }
        if let Some(leaf) = state.grown.last {
            state.settled = Some(Shown { head, leaf, inclusion: state.grown.inclusion() });
        }
        state.target = None;
        Ok(state.save(&self.file)?)
    }

    /// Verifies the next epoch and puts it to our tree; or what is wrong with it.
    async fn epoch(&mut self, state: &mut State, head: &SignedHead, leaf: EpochLeaf) -> Result<Option<Suspicion>, Failed> {
        let epoch = state.grown.size.saturating_add(1);
        if leaf.epoch != epoch {
            return Ok(Some(Suspicion::Number(epoch)));
        }
        if leaf.at > head.head.at {
            return Ok(Some(Suspicion::Time(epoch)));
        }
        let bytes = self.source.step(&state.log.id(), &leaf).await?;
        if step::verify(state.grown.last.as_ref(), &leaf, &bytes).is_err() {
            return Ok(Some(Suspicion::Step(epoch, bytes)));
        }
        state.grown.push(leaf);
        match state.promised {
            Some((size, root)) if size == epoch && state.grown.root() != Some(root) => {
                let what = "the log does not begin as the one before it has signed that it does".to_owned();
                Err(caught::unsigned(&state.log, epoch, what, &[("head", head.encode()), ("promised", root.to_vec())]).into())
            }
            _ => Ok(None),
        }
    }

    async fn accuse(&mut self, state: &State, head: &SignedHead, suspicion: Suspicion) -> Failed {
        caught::under(&mut self.source, &state.log, state.settled.as_ref(), head, suspicion)
            .await
            .map_or_else(Failed::from, Failed::from)
    }
}

/// Whether a head may come after all that was seen, as far as sizes and times tell.
pub(crate) fn goes_on(state: &State, head: &SignedHead) -> Result<(), Failed> {
    let seen = [state.settled.as_ref().map(|shown| &shown.head), state.target.as_ref()];
    for seen in seen.into_iter().flatten() {
        let (was, is) = (&seen.head, &head.head);
        if was.size == is.size && was.root != is.root {
            return Err(split(&state.log, seen, head));
        }
        let (earlier, later) = if was.at <= is.at { (was, is) } else { (is, was) };
        if earlier.at < later.at && later.size < earlier.size {
            let (from, to) = (earlier.size, later.size);
            let what = format!("a tree head of {to} epochs was signed later than one of {from}");
            return Err(caught::heads(&state.log, seen, head, what).into());
        }
        if is.size < was.size {
            return Err(Trouble::Behind.into());
        }
    }
    Ok(())
}

fn split(log: &LogKeys, seen: &SignedHead, head: &SignedHead) -> Failed {
    let what = format!("two tree heads of {} epochs have different roots", head.head.size);
    caught::heads(log, seen, head, what).into()
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Caught> for Failed {
    fn from(caught: Caught) -> Self {
        Self::Lie(Box::new(caught))
    }
}

impl From<StateError> for Failed {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}
