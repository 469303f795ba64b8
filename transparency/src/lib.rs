//! The key directory: which head of an account chain a name means, and proof that everybody is told the same.
//!
//! For `core` (before it believes an answer), for auditors, and for `server` (feature `publish`); none of them uses it yet.
//! Knows no clock, no socket and no randomness of its own. Never decides what a person is told.
//!
//! ```text
//!   name ──VRF──► label ──► prefix tree (akd) ──► root of epoch e        lookup, absence, history, step
//!                                                   │
//!                      EpochLeaf { e, root, step, at } = leaf e − 1      leaf
//!                                                   │
//!                                   RFC 6962 tree of all epochs          tree
//!                                                   │
//!                      Head { size, root, at }, signed, cosigned         head, witness, note
//! ```
//! An answer is verified from the bottom up: [`Placed`] proves the epoch's root to be what the log
//! signed last and to go on from what this device saw; only then is the answer judged under that root.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod absence;
mod add_checkpoint;
pub mod evidence;
mod handover;
mod head;
pub mod history;
mod leaf;
mod lie;
pub mod limits;
mod log;
pub mod lookup;
mod note;
mod placed;
mod proof;
mod proto;
#[cfg(feature = "publish")]
pub mod publish;
pub mod step;
pub mod tree;
mod witness;

pub use add_checkpoint::AddCheckpoint;
pub use evidence::{Answer, Crime, Evidence, Reason, Shown, Verdict};
pub use handover::Handover;
pub use head::{Cosignature, Head, SignedHead};
pub use leaf::EpochLeaf;
pub use lie::Lie;
pub use log::{LogId, LogKeys};
pub use lookup::Entry;
pub use placed::{AHEAD, FRESH, Placed, Proven, consistent};
pub use witness::{Witness, WitnessSecret, Witnesses};

#[cfg(test)]
mod hostile;

/// What a name means: the hash of the head of an account chain.
pub type Value = [u8; 32];

/// The value of a closed account.
pub const CLOSED: Value = [0; 32];
