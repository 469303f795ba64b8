//! Evidence: one file that a third party can check, without us and without a network.
//!
//! Made by `core` and by auditors when a server contradicts itself. Only what a log has signed, or what is bound to that
//! by hashes, can convict it: a bad answer that nobody signed is kept as testimony, and said to be that.
//!
//! ```text
//!   two heads of one size          ─► split            two heads, the later one smaller  ─► rolled back
//!   two leaves for one epoch       ─► forked           two valid answers that differ     ─► contradiction
//!   an archived step that rewrites ─► rewritten        a leaf that is not its epoch's    ─► malformed
//! ```

mod check;
mod file;

use core::fmt;

use crate::{EpochLeaf, LogKeys, Placed, SignedHead};

pub use check::check;

/// What is shown; not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Two heads that one honest log does not sign.
    Heads {
        /// Whose.
        log: LogKeys,
        /// One of them.
        one: SignedHead,
        /// The other.
        other: SignedHead,
    },
    /// Two epochs of one number.
    Fork {
        /// Whose.
        log: LogKeys,
        /// One of them.
        one: Shown,
        /// The other.
        other: Shown,
    },
    /// Two answers to one question under one root.
    Answers {
        /// Whose.
        log: LogKeys,
        /// The epoch.
        at: Shown,
        /// Asked for.
        name: String,
        /// One answer.
        one: Answer,
        /// The other.
        other: Answer,
    },
    /// An epoch that did more than add.
    Step {
        /// Whose.
        log: LogKeys,
        /// The epoch before; `None` before the first.
        from: Option<Shown>,
        /// The epoch.
        to: Shown,
        /// Its archived proof.
        step: Vec<u8>,
    },
    /// An answer that does not verify. It may have been made up by anybody.
    Testimony {
        /// Said to be whose.
        log: LogKeys,
        /// What surrounded it.
        placed: Placed,
        /// Asked for.
        name: String,
        /// What came.
        answer: Answer,
    },
}

/// An epoch under a signed head: leaf `epoch − 1` of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// At least as large as the epoch's number.
    pub head: SignedHead,
    /// The epoch.
    pub leaf: EpochLeaf,
    /// That it stands there.
    pub inclusion: Vec<[u8; 32]>,
}

/// What was answered about a name, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// For `lookup::verify`.
    Lookup(Vec<u8>),
    /// For `absence::verify`.
    Absence(Vec<u8>),
    /// For `history::verify`.
    History {
        /// Versions asked for.
        most_recent: usize,
        /// The proof.
        bytes: Vec<u8>,
    },
}

/// What a third party may conclude. Its text is one paragraph for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The log of this origin did this.
    Proven(String, Crime),
    /// Nothing follows from it.
    DoesNotProve(Reason),
}

/// What a log did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crime {
    /// Signed two different trees of one size.
    Split,
    /// Signed a smaller tree later than a larger one.
    RolledBack,
    /// Showed two different epochs of one number.
    Forked,
    /// Proved two answers about one name in one epoch.
    Contradiction,
    /// Changed or removed what an earlier epoch had.
    Rewritten,
    /// Signed an epoch under a wrong number.
    Malformed,
}

/// Why nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The file cannot be read.
    Unreadable,
    /// The log did not sign what is shown, or it does not stand where it is said to.
    NotTheLogs,
    /// Everything that is shown can be so.
    NoContradiction,
    /// An answer without the log's signature.
    Testimony,
}

impl From<Placed> for Shown {
    fn from(placed: Placed) -> Self {
        Self { head: placed.head, leaf: placed.leaf, inclusion: placed.inclusion }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven(origin, crime) => write!(
                f,
                "PROVEN. The directory {origin} {crime}. The signatures in this file are its own, so whoever holds its key \
                 did this; an honest directory never does, not even by mistake of a client. Nothing that this directory \
                 says about anybody's keys should be believed until its operator has explained it."
            ),
            Self::DoesNotProve(reason) => write!(f, "NOT PROVEN. {reason}"),
        }
    }
}

impl fmt::Display for Crime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Split => "signed two different states of the same size: it shows different people different directories",
            Self::RolledBack => "signed a smaller state after a larger one: it took back what it had published",
            Self::Forked => "signed two different epochs of the same number: it keeps two directories and shows each to some",
            Self::Contradiction => "proved two different answers about the same name in the same epoch",
            Self::Rewritten => "changed or removed what an earlier epoch contained, where it may only add",
            Self::Malformed => "signed an epoch under a number that is not its own",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "The file cannot be read: it is damaged, or of a newer version than this program knows.",
            Self::NotTheLogs => {
                "Something in the file is not signed by the directory that it names, or does not stand under what is signed. \
                 It may have been made up, so it says nothing about the directory."
            }
            Self::NoContradiction => "Everything in the file is signed and can be so in an honest directory.",
            Self::Testimony => {
                "The file holds an answer that its receiver could not verify. Answers are not signed, so anybody could have \
                 made this one up: it is the receiver's word. Ask others, or an auditor, whether they saw the like."
            }
        })
    }
}
