//! Which devices are connected: the newest connection of a device wins.
//!
//! Called by the device door when a device is proven and when it leaves.
//! Never touches a mailbox; knows nothing but "this one was here first".

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::store::MailboxId;

/// Who is connected now.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    count: u64,
    by_mailbox: HashMap<u64, (u64, oneshot::Sender<()>)>,
}

/// One connected device; leaves when dropped.
pub(super) struct Session<'a> {
    sessions: &'a Sessions,
    mailbox: MailboxId,
    number: u64,
    replaced: oneshot::Receiver<()>,
}

impl Sessions {
    /// Enters, and tells an earlier connection of the same device to go.
    pub(super) fn enter(&self, mailbox: MailboxId) -> Session<'_> {
        let (sender, replaced) = oneshot::channel();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.count += 1;
        let number = open.count;
        // The earlier sender is dropped here: that is how the earlier connection learns of it.
        open.by_mailbox.insert(mailbox.0, (number, sender));
        Session { sessions: self, mailbox, number, replaced }
    }
}

impl Session<'_> {
    /// Waits until a newer connection of the same device has come.
    pub(super) async fn replaced(&mut self) {
        (&mut self.replaced).await.ok();
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let mut open = self.sessions.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.by_mailbox.get(&self.mailbox.0).is_some_and(|(number, _)| *number == self.number) {
            open.by_mailbox.remove(&self.mailbox.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_newest_connection_of_a_device_wins_and_leaves_nothing_behind() {
        let sessions = Sessions::default();
        let mut first = sessions.enter(MailboxId(1));
        let mut other = sessions.enter(MailboxId(2));
        assert!(first.replaced().now_or_never().is_none());
        let mut second = sessions.enter(MailboxId(1));
        assert!(first.replaced().now_or_never().is_some());
        drop(first);
        assert!(second.replaced().now_or_never().is_none());
        assert!(other.replaced().now_or_never().is_none());
        drop((second, other));
        assert!(sessions.open.lock().unwrap().by_mailbox.is_empty());
    }
}
