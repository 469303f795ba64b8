//! Mailboxes: one queue of sealed envelopes a device.
//!
//! ```text
//!   put ──► [ 7 | 8 | 9 ] ──► entries(after 6)
//!                 ▲
//!                 ack(8) drops 7 and 8
//! ```
//! `Seq` is gap-free; the head stays when the queue is emptied. What is dropped
//! unread is counted as a loss until a session that was told of it acks.
//! Never opens an envelope; never decides who may put one.

use waxseal_wire::id::Seq;

use super::{Proven, Roles};
use crate::store::{Stop, Store};

impl<S: Store> Roles<S> {
    /// Drops entries up to `upto`. Idempotent; never reaches beyond the head.
    pub(super) fn ack(&mut self, by: &Proven, upto: Seq) -> Result<(), Stop> {
        // A loss from after this session began was not told: its ack must not hide it.
        self.store.ack(by.mailbox(), upto, by.losses())
    }
}
