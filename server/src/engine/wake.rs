//! Who waits for which mailbox.

/// What a wake-up tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Something was put into the mailbox: read on from where you are.
    Entries,
    /// The device was removed from its account: cut the connection.
    Removed,
}

/// Waits for one mailbox; armed from its creation on.
#[derive(Debug, Default)]
pub struct Wake {}

impl Wake {
    /// Waits until something was put since the last call, or the device was removed.
    ///
    /// May come once too often, never too seldom. Cancel-safe.
    pub async fn woken(&mut self) -> Woken {
        Woken::Removed
    }
}
