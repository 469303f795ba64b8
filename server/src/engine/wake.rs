//! Who waits for which mailbox.
//!
//! A wake-up is a hint without content: whoever is woken reads the mailbox.
//! In a fleet the same hints come from other nodes. Never holds an envelope.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::store::MailboxId;

/// What a wake-up tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Something was put into the mailbox: read on from where you are.
    Entries,
    /// The device was removed from its account: cut the connection.
    Removed,
}

/// Waits for one mailbox; armed from its creation on.
#[derive(Debug)]
pub struct Wake {
    mailbox: MailboxId,
    signal: Arc<Signal>,
    wakes: Arc<Wakes>,
}

#[derive(Debug, Default)]
struct Signal {
    put: Notify,
    removed: AtomicBool,
}

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Wakes(Mutex<HashMap<MailboxId, Vec<Arc<Signal>>>>);

impl Wake {
    /// Waits until something was put since the last call, or the device was removed.
    ///
    /// May come once too often, never too seldom. Cancel-safe.
    pub async fn woken(&mut self) -> Woken {
        if !self.signal.removed.load(Ordering::Acquire) {
            // One permit is kept while nobody waits, so nothing is missed between two calls.
            self.signal.put.notified().await;
        }
        if self.signal.removed.load(Ordering::Acquire) { Woken::Removed } else { Woken::Entries }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        let mut waiting = self.wakes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signals) = waiting.get_mut(&self.mailbox) {
            signals.retain(|signal| !Arc::ptr_eq(signal, &self.signal));
            if signals.is_empty() {
                waiting.remove(&self.mailbox);
            }
        }
    }
}

impl Wakes {
    pub(super) fn wait_for(self: &Arc<Self>, mailbox: MailboxId) -> Wake {
        let signal = Arc::<Signal>::default();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nearly always one connection a device.
        waiting.entry(mailbox).or_insert_with(|| Vec::with_capacity(1)).push(Arc::clone(&signal));
        Wake { mailbox, signal, wakes: Arc::clone(self) }
    }

    /// Wakes who waits for any of `put`; tells who waits for any of `removed` to go.
    pub(super) fn wake(&self, put: impl IntoIterator<Item = MailboxId>, removed: impl IntoIterator<Item = MailboxId>) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |mailbox| waiting.get(&mailbox).into_iter().flatten();
        for signal in put.into_iter().flat_map(of) {
            signal.put.notify_one();
        }
        for signal in removed.into_iter().flat_map(of) {
            signal.removed.store(true, Ordering::Release);
            signal.put.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_put_before_waiting_still_wakes() {
        let wakes = Arc::new(Wakes::default());
        let mut wake = wakes.wait_for(MailboxId(1));
        wakes.wake([MailboxId(1), MailboxId(1), MailboxId(2)], []);
        assert_eq!(wake.woken().await, Woken::Entries);
    }

    #[tokio::test]
    async fn every_connection_of_a_device_is_woken_and_then_told_to_go() {
        let wakes = Arc::new(Wakes::default());
        let (mut one, mut two) = (wakes.wait_for(MailboxId(1)), wakes.wait_for(MailboxId(1)));
        wakes.wake([MailboxId(1)], []);
        assert_eq!((one.woken().await, two.woken().await), (Woken::Entries, Woken::Entries));
        wakes.wake([], [MailboxId(1)]);
        assert_eq!((one.woken().await, two.woken().await, one.woken().await), (Woken::Removed, Woken::Removed, Woken::Removed));
    }

    #[test]
    fn who_waits_no_more_is_forgotten() {
        let wakes = Arc::new(Wakes::default());
        drop((wakes.wait_for(MailboxId(1)), wakes.wait_for(MailboxId(1))));
        assert!(wakes.0.lock().unwrap().is_empty());
    }
}
