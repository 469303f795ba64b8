//! The async front of the rules, for `transport`.
//!
//! ```text
//!   requests ──► queue ──► writer thread: one transaction for all that waits
//!                             │ persist, then reply, then wake
//!   look-ups ──► readers ─────┘ (their own connections)
//! ```
//! Owns the threads and the order "durable before told". Decides nothing.

mod wake;

use std::path::Path;

use waxseal_wire::id::{Millis, Seq};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{MailboxEntry, Refusal, Reply, Session};
use waxseal_wire::request::{AnonymousRequest, Authenticate, DeviceRequest};

pub use self::wake::{Wake, Woken};
use crate::policy::Policy;
use crate::roles::Proven;
use crate::store::{MailboxId, StoreError};
use crate::subject::Subject;

/// Why a data folder cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or is not ours to use.
    #[error("the data folder cannot be used: {0}")]
    Folder(std::io::ErrorKind),
    /// The store in it cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(std::io::ErrorKind),
    /// There is data already where a backup should be restored.
    #[error("there is a store already")]
    Exists,
}

/// The server's rules and store; cheap to clone, closed when `close` is called or all clones are gone.
#[derive(Debug, Clone)]
pub struct Engine {}

impl Engine {
    /// Opens or makes the store in `folder` (mode 0700, files 0600).
    pub fn open(_folder: &Path, _policy: Policy, _clock: impl Fn() -> Millis + Send + Sync + 'static) -> Result<Self, OpenError> {
        Err(OpenError::Store(StoreError::Closed))
    }

    /// Puts a backup where there is no store yet.
    pub fn restore(_from: &Path, _folder: &Path) -> Result<(), OpenError> {
        Err(OpenError::Store(StoreError::Closed))
    }

    /// Answers a request of the anonymous door; what it promises is durable.
    pub async fn anonymous(&self, _request: AnonymousRequest) -> Reply {
        Reply::Refused(Refusal::Internal)
    }

    /// Checks a device's signature over the challenge `nonce`.
    pub async fn authenticate(&self, _nonce: [u8; 32], _request: Authenticate) -> Result<(Proven, Session), Refusal> {
        Err(Refusal::Internal)
    }

    /// Answers a request of a proven device; an ack has no reply and is made durable a little later.
    pub async fn device(&self, _by: &Proven, _request: DeviceRequest) -> Option<Reply> {
        Some(Reply::Refused(Refusal::Internal))
    }

    /// Entries with a `Seq` over `after`, in order: at most `max`, and at most `max_bytes` besides the first.
    pub async fn entries(&self, _by: &Proven, _after: Seq, _max: usize, _max_bytes: usize) -> Result<Vec<MailboxEntry>, Refusal> {
        Err(Refusal::Internal)
    }

    /// Waits for what is put into a mailbox. Take it before the first read, so that nothing comes between.
    pub fn wake(&self, _mailbox: MailboxId) -> Wake {
        Wake::default()
    }

    /// Makes an invitation code, good for `uses` registrations within `days` days.
    pub async fn invite(&self, _uses: u32, _days: u32) -> Result<String, StoreError> {
        Err(StoreError::Closed)
    }

    /// Everything held about an account; `None` where there is no such account.
    pub async fn subject(&self, _name: &AccountName) -> Result<Option<Subject>, StoreError> {
        Err(StoreError::Closed)
    }

    /// Writes a consistent copy of the store to the file `to` while it runs (mode 0600).
    pub async fn backup(&self, _to: &Path) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Drops what is older than it may be kept; to be called every hour.
    pub async fn sweep(&self) {}

    /// Answers what waits, makes it durable, and closes the store.
    pub fn close(self) {}
}
