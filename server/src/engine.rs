//! The async front of the rules, for `transport`.
//!
//! ```text
//!   requests ──► queue ──► writer thread: one transaction for all that waits
//!                             │ persist, then reply, then wake
//!   look-ups ──► readers ─────┘ (their own connections)
//! ```
//! Owns the threads and the order "durable before told". Decides nothing.

mod folder;
mod health;
mod log_keys;
mod readers;
mod wake;
mod witness;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Notify;
use waxseal_transparency::{LogKeys, WitnessSecret};
use waxseal_wire::id::{Millis, Seq};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{MailboxEntry, Refusal, Reply, Session};
use waxseal_wire::request::{AnonymousRequest, Authenticate, DeviceRequest, Lookup};

use self::health::Health;
use self::readers::Readers;
use self::wake::Wakes;
pub use self::wake::{Wake, Woken};
pub use self::witness::identity;
use self::writer::{Answer, Work, Writer};
use crate::policy::Policy;
use crate::roles::{Audit, Proven, Roles};
use crate::store::sqlite::{SqliteStore, file_in};
use crate::store::{MailboxId, Stop, StoreError};
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
    /// The system gives no thread or no randomness.
    #[error("the system gives no thread or no randomness: {0}")]
    System(std::io::ErrorKind),
    /// The file with the keys of the directory's log is not one.
    #[error("directory.key is damaged: put it back from a backup")]
    LogKeys,
    /// The store has a log, and its keys are not there.
    #[error("the keys of the key directory are missing: put directory.key into the data folder, or FILE.key beside the backup")]
    NoLogKeys,
    /// The file with the witness's key is not one.
    #[error(
        "witness.key is damaged: remove it, and another key is made; then give the new line of `waxseald witness` to the others"
    )]
    WitnessKey,
    /// There is data already where a backup should be restored.
    #[error("there is a store already")]
    Exists,
}

type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The server's rules and store; cheap to clone.
///
/// Ends when [`Engine::close`] is called or all clones are gone. Needs a tokio runtime with time.
#[derive(Clone)]
pub struct Engine {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    wakes: Arc<Wakes>,
    health: Arc<Health>,
    clock: Clock,
    folder: Arc<Path>,
    log: LogKeys,
    witness: Arc<WitnessSecret>,
    heads: Arc<Notify>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Opens or makes the store in `folder` (mode 0700, its files 0600).
    pub fn open(folder: &Path, policy: Policy, clock: impl Fn() -> Millis + Send + Sync + 'static) -> Result<Self, OpenError> {
        let file = file_in(folder);
        folder::make(folder).and_then(|()| folder::make_file(&file)).map_err(|error| OpenError::Folder(error.kind()))?;
        let mut store = SqliteStore::open(&file)?;
        store.limit_size(policy.store_bytes)?;
        let (clock, wakes): (Clock, _) = (Arc::new(clock), Arc::new(Wakes::default()));
        let roles = log_keys::roles(folder, store, policy.clone(), clock())?;
        let readers = Readers::start(&file, &policy, roles.publisher())?;
        let health = Arc::<Health>::default();
        let (log, witness, heads) = (roles.publisher().keys(), Arc::new(witness::key(folder)?), Arc::<Notify>::default());
        let writer = Writer::start(roles, Arc::clone(&clock), Arc::clone(&wakes), Arc::clone(&health), Arc::clone(&heads))?;
        let (writer, readers, folder) = (Arc::new(writer), Arc::new(readers), folder.into());
        Ok(Self { writer, readers, wakes, health, clock, folder, log, witness, heads })
    }

    /// Puts a backup into a data folder that has no store yet.
    pub fn restore(from: &Path, folder: &Path) -> Result<(), OpenError> {
        let disk = |error: std::io::Error| OpenError::Folder(error.kind());
        SqliteStore::check(from)?;
        folder::make(folder).map_err(disk)?;
        let file = file_in(folder);
        if file.exists() {
            return Err(OpenError::Exists);
        }
        log_keys::restore(from, folder)?;
        folder::copy_durably(from, &file).map_err(disk)
    }

    /// Answers a request of the anonymous door; what the answer promises is durable.
    pub async fn anonymous(&self, request: AnonymousRequest) -> Reply {
        let refused = Reply::Refused;
        match request {
            AnonymousRequest::Lookup(lookup) if lookup.key_packages => return self.look_up(lookup).await,
            AnonymousRequest::Lookup(_)
            | AnonymousRequest::Relate(_)
            | AnonymousRequest::Witnessed
            | AnonymousRequest::FetchBlob(_) => {}
            request => return self.write(Work::Anonymous(request)).await.unwrap_or(refused(Refusal::Internal)),
        }
        let now = (self.clock)();
        // What only reads draws no chance; a generator must stand there all the same.
        let looked = self.readers.look(move |roles| roles.anonymous(now, &mut readers::no_chance(), request).reply).await;
        looked.ok().flatten().unwrap_or(refused(Refusal::Internal))
    }

    /// KeyPackages are taken where is written; the proofs are made where is only read.
    async fn look_up(&self, lookup: Lookup) -> Reply {
        let taken = match self.write(Work::Anonymous(AnonymousRequest::Lookup(lookup.clone()))).await {
            Some(Reply::Accounts(taken)) => taken,
            other => return other.unwrap_or(Reply::Refused(Refusal::Internal)),
        };
        let proven = self.readers.look(move |roles| roles.prove_found(&lookup, taken)).await.map_err(closed);
        proven.flatten().map_or_else(Reply::Refused, Reply::Accounts)
    }

    /// What the directory's log shows to whoever audits it; `None` where there is no such thing, or not yet.
    pub async fn audit(&self, asked: Audit) -> Result<Option<Vec<u8>>, Refusal> {
        self.readers.look(move |roles| roles.audit(&asked)).await.map_err(closed)?.map_err(Stop::refusal)
    }

    /// Checks a device's signature over the challenge `nonce`.
    pub async fn authenticate(&self, nonce: [u8; 32], request: Authenticate) -> Result<(Proven, Session), Refusal> {
        let now = (self.clock)();
        self.readers.look(move |roles| roles.authenticate(now, &nonce, &request)).await.map_err(closed)?
    }

    /// Answers a request of a proven device. An ack has no reply and becomes durable a moment later.
    pub async fn device(&self, by: &Proven, request: DeviceRequest) -> Option<Reply> {
        match request {
            DeviceRequest::Ack(upto) => {
                self.writer.ack(by, upto);
                None
            }
            DeviceRequest::Take(_) => Some(Reply::Done),
            DeviceRequest::Watch(_) => {
                let (now, by) = ((self.clock)(), *by);
                let watched = self.readers.look(move |roles| roles.answer_device(now, &by, &request)).await;
                watched.map_or(Some(Reply::Refused(Refusal::Internal)), |outcome| outcome.reply)
            }
            request => self.write(Work::Device(*by, request)).await,
        }
    }

    /// Entries with a `Seq` over `after`, in order: at most `max`, and at most `max_bytes` besides the first.
    ///
    /// `WrongDoor` when the device was removed since: cut its connection.
    pub async fn entries(&self, by: &Proven, after: Seq, max: usize, max_bytes: usize) -> Result<Vec<MailboxEntry>, Refusal> {
        let by = *by;
        self.readers.look(move |roles| roles.entries(&by, after, max, max_bytes)).await.map_err(closed)?
    }

    /// Waits for what is put into a mailbox. Take it before the first read, so that nothing falls between.
    pub fn wake(&self, mailbox: MailboxId) -> Wake {
        self.wakes.wait_for(mailbox)
    }

    /// Makes an invitation code, good for `uses` registrations within `days` days.
    pub async fn invite(&self, uses: u32, days: u32) -> Result<String, StoreError> {
        match self.writer.ask(Work::Invite { uses, days }).await? {
            Answer::Code(code) => code,
            _ => Err(StoreError::Closed),
        }
    }

    /// Everything held about an account; `None` where there is no such account.
    pub async fn subject(&self, name: &AccountName) -> Result<Option<Subject>, StoreError> {
        let name = name.clone();
        self.readers.look(move |roles| roles.subject(&name)).await?
    }

    /// Writes a consistent copy of the store to the new file `to` while it runs (mode 0600).
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (to, data): (PathBuf, PathBuf) = (to.to_owned(), self.folder.to_path_buf());
        let work = move |roles: &mut Roles<SqliteStore>| {
            folder::new_file(&to)?;
            let copied = roles.store().backup(&to).and_then(|()| Ok(log_keys::backup(&data, &to)?));
            if copied.is_err() {
                // Half a backup is worse than none.
                std::fs::remove_file(&to).ok();
                std::fs::remove_file(log_keys::beside(&to)).ok();
            }
            copied
        };
        self.readers.look(work).await?
    }

    /// Drops what is older than it may be kept; to be called every hour.
    pub async fn sweep(&self) {
        // A failed sweep was logged; the next one does its work.
        drop(self.writer.ask(Work::Sweep).await);
    }

    /// Whether what is given to the store is taken; why not, where it is not.
    pub fn health(&self) -> Result<(), StoreError> {
        self.health.now()
    }

    /// Tries whether the store takes things again; to be called every few seconds while it does not.
    pub async fn try_store(&self) {
        // What came of it, `health` tells.
        drop(self.writer.ask(Work::Trial).await);
    }

    /// Answers what waits, makes it durable, and closes the store. Other clones answer `Internal` from here on.
    pub fn close(self) {
        self.readers.close();
        self.writer.close();
    }

    async fn write(&self, work: Work) -> Option<Reply> {
        match self.writer.ask(work).await {
            Ok(Answer::Reply(reply)) => reply,
            Ok(_) | Err(_) => Some(Reply::Refused(Refusal::Internal)),
        }
    }
}

fn closed(error: StoreError) -> Refusal {
    Stop::Broken(error).refusal()
}
