//! What the rules need of a store: whole operations, each one transaction.
//!
//! Implemented by [`sqlite`]; one suite (`tests/contract.rs`) runs on each
//! implementation. An operation reads, lets the rule decide where there is
//! something to decide, and writes: all of it or nothing.
//! Never decides whether something is allowed, never sees a key in clear.

pub mod sqlite;

use std::sync::Arc;

use rand_core::CryptoRngCore;
use waxseal_transparency::publish::{Epoch as Published, Records};
use waxseal_transparency::{LogKeys, Value};
use waxseal_wire::chain::{DeviceEntry, PublicKey, SignedRecord};
use waxseal_wire::id::{AccountId, AliasId, BlobId, DeviceId, Epoch, GroupId, IdempotencyKey, LogId, Millis, Position, Seq};
use waxseal_wire::key::{SealKey, Verifier};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, BlobPart, KeysLeft, MailboxEntry, Refusal};
use waxseal_wire::request::{AccountRef, PublishKeys, PutBlob};
use waxseal_wire::seal::{Delivered, Kind, Seat};

use crate::subject::Subject;

/// Row id of a device's mailbox; never on the wire, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub u64);

/// A day, counted from 1970-01-01 UTC: the finest time that is stored with what is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u64);

impl Day {
    /// The day of a moment.
    pub fn of(now: Millis) -> Self {
        Self(now.0 / (24 * 60 * 60 * 1000))
    }

    /// The day `days` earlier.
    #[must_use]
    pub fn before(self, days: u64) -> Self {
        Self(self.0.saturating_sub(days))
    }
}

/// The store failed. Nothing of the operation was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or the store's own limit is full. Succeeds again when there is space.
    #[error("the disk, or the store's own limit, is full; make room")]
    Full,
    /// The store may not be written: read-only disk or missing rights.
    #[error("the store cannot be written: a read-only disk, or missing rights")]
    ReadOnly,
    /// Another process holds the store.
    #[error("the store is busy")]
    Busy,
    /// The disk failed.
    #[error("the disk failed (SQLite code {0})")]
    Disk(i32),
    /// The file is no store of ours, or is damaged.
    #[error("the store is damaged or not ours")]
    Corrupt,
    /// The store was written by a newer version.
    #[error("the store has version {found}, newer than {known}")]
    Newer {
        /// Its version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The database refused a statement: a bug.
    #[error("the database failed (SQLite code {0})")]
    Database(i32),
    /// The engine was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Disk(error.raw_os_error().unwrap_or(0)),
        }
    }
}

/// Why an operation was not done. Nothing of it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Against a rule; whoever asked is at fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed; the operator is asked to look.
    #[error(transparent)]
    Broken(#[from] StoreError),
}

impl Stop {
    /// What to answer. A failed store is logged here.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Broken(error) => {
                match error {
                    // Said once by the writing thread: on a full disk thousands of lines more would not help.
                    StoreError::Full | StoreError::ReadOnly | StoreError::Disk(_) => {
                        tracing::debug!(%error, "a request was not done")
                    }
                    _ => tracing::error!(%error, "a request was not done"),
                }
                if error == StoreError::Full { Refusal::Full } else { Refusal::Internal }
            }
        }
    }
}

/// What makes a request done at most once: its key, and a hash of all it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// Chosen by whoever asks.
    pub key: IdempotencyKey,
    /// Tells a repetition from another request under the same key.
    pub digest: [u8; 16],
}

/// A verified new account.
#[derive(Debug)]
pub struct NewAccount<'a> {
    /// Its id.
    pub account: AccountId,
    /// Its name.
    pub name: &'a AccountName,
    /// SHA-256 of the name's skeleton: given to nobody else, ever.
    pub skeleton: [u8; 32],
    /// Record 0.
    pub record: &'a SignedRecord,
    /// Its devices; each gets a mailbox.
    pub devices: &'a [DeviceEntry],
    /// SHA-256 of the invitation code that must be good; `None` where registration is open.
    pub invite: Option<[u8; 32]>,
}

/// An invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invite {
    /// SHA-256 of the code.
    pub code: [u8; 32],
    /// Registrations it is good for.
    pub uses: u32,
    /// The last day it is good.
    pub until: Day,
}

/// What is known of a device that wants to prove itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its mailbox.
    pub mailbox: MailboxId,
    /// Verifies its signature.
    pub key: PublicKey,
    /// Highest `Seq` of its mailbox.
    pub head: Seq,
    /// Up to here entries were acked or dropped.
    pub floor: Seq,
    /// The highest number that it gave a session.
    pub sessions: u64,
    /// How often envelopes were dropped unread.
    pub losses: u64,
    /// How many of these the device was told and acknowledged.
    pub losses_told: u64,
    /// KeyPackages left.
    pub keys_left: KeysLeft,
    /// Index of the newest record of its account.
    pub chain_index: u64,
}

/// All that is kept of a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupRow<'a> {
    /// Where it is.
    pub epoch: Epoch,
    /// Of the delivery key of that epoch.
    pub verifier: Verifier,
    /// Last position given.
    pub position: Position,
    /// Sealed under the delivery key of that epoch.
    pub roster: &'a [u8],
}

/// What a rule decided to do with a group.
#[derive(Debug)]
pub struct Step {
    /// Last position given, after it.
    pub position: Position,
    /// The epoch it leads to; `None` stays where it is.
    pub turn: Option<Turn>,
    /// The roster of the epoch that stays, where it says something new.
    pub roster: Option<Vec<u8>>,
    /// What goes into mailboxes.
    pub post: Post,
}

/// The beginning of an epoch.
#[derive(Debug)]
pub struct Turn {
    /// Which.
    pub epoch: Epoch,
    /// Of its delivery key.
    pub verifier: Verifier,
    /// Sealed under that key.
    pub roster: Vec<u8>,
    /// Aliases that must be registered, or all is refused as `Unknown`.
    pub joining: Vec<AliasId>,
}

/// Envelopes on their way into mailboxes, padded and not yet sealed.
///
/// Sealed one by one while they are put, so that a large fan-out needs little memory.
#[derive(Debug, Default)]
pub struct Post {
    bodies: Vec<Vec<u8>>,
    letters: Vec<Letter>,
}

/// One copy for one alias.
#[derive(Debug)]
pub struct Letter {
    /// Where it goes.
    pub alias: AliasId,
    /// What it may do where much waits already.
    pub standing: Standing,
    seal_key: SealKey,
    hint: [u8; 32],
    body: usize,
}

/// What a copy may do in a mailbox where [`waxseal_wire::limits::STRANGERS`] envelopes wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The alias has posted to the group: it is put, whatever waits.
    Member,
    /// It has not, so far: the copy is left out.
    Stranger,
    /// It is asked in: not left out, but slowed down.
    Asked,
}

impl Post {
    /// Adds a copy of `body` for each reader. What was added before stands before it in every mailbox.
    ///
    /// The copies are put in random order: the order of a roster is nobody's business.
    pub fn add<'a>(&mut self, body: &Delivered, readers: impl Iterator<Item = &'a Seat>, rng: &mut impl CryptoRngCore) {
        let (first, index) = (self.letters.len(), self.bodies.len());
        self.bodies.push(body.to_padded_bytes());
        let letter = |Seat { entry, has_posted }: &Seat| {
            let standing = match (body.kind, has_posted) {
                (Kind::Welcome, _) => Standing::Asked,
                (_, true) => Standing::Member,
                (_, false) => Standing::Stranger,
            };
            Letter { alias: entry.alias, standing, seal_key: entry.seal_key.clone(), hint: entry.hint, body: index }
        };
        self.letters.extend(readers.map(letter));
        // Fisher–Yates; the bias of `% i` over 64 bits is nothing here.
        for i in (first + 1..self.letters.len()).rev() {
            let span = (i - first + 1) as u64;
            let j = first + usize::try_from(rng.next_u64() % span).unwrap_or(0);
            self.letters.swap(i, j);
        }
    }

    /// The copies, in the order to put them.
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// Seals one copy under the key of its alias.
    pub fn seal(&self, letter: &Letter, rng: &mut impl CryptoRngCore) -> Vec<u8> {
        let body = self.bodies.get(letter.body).map(Vec::as_slice).unwrap_or_default();
        Delivered::seal_bytes(body, &letter.alias, &letter.seal_key, &letter.hint, rng)
    }

    /// Bytes that all copies have together.
    pub fn size(&self) -> u64 {
        self.letters.iter().map(|letter| self.bodies.get(letter.body).map_or(0, |body| body.len() as u64)).sum()
    }
}

/// What a witness keeps of another server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedLog {
    /// Leaves under the head that was cosigned last.
    pub size: u64,
    /// Its root.
    pub root: [u8; 32],
    /// The head as that log signed it; empty where it is known by the word of the log before alone.
    pub note: String,
    /// The log that followed. From then on this one is not cosigned.
    pub next: Option<LogKeys>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Last position given by it; of the first time where it was a repetition.
    pub position: Position,
    /// Mailboxes that something was put into.
    pub woken: Vec<MailboxId>,
}

/// Looks at a group as it is, and says what becomes of it.
pub trait Rule<R>: FnMut(Option<&GroupRow<'_>>, &mut R) -> Result<Step, Refusal> {}

impl<R, F: FnMut(Option<&GroupRow<'_>>, &mut R) -> Result<Step, Refusal>> Rule<R> for F {}

/// Whole operations on what the server keeps.
///
/// Each is durable when it returns, except between [`Store::begin`] and
/// [`Store::persist`], where all become durable together; a refused one undoes
/// itself alone. After `begin`, an error of `persist` means that none was kept.
/// An operation of a device whose mailbox is gone is refused as `WrongDoor`.
pub trait Store {
    /// What the directory's log is read from.
    type Records: Records;

    /// Begins to gather operations.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Makes durable what was gathered. On an error all of it is undone.
    fn persist(&mut self) -> Result<(), StoreError>;

    /// Adds an account. `Taken`: name, look-alike or account; `NotAllowed`: the invitation; `ReusedKey`.
    fn register(&mut self, today: Day, once: &Once, new: &NewAccount<'_>) -> Result<(), Stop>;
    /// Adds an invitation.
    fn add_invite(&mut self, invite: &Invite) -> Result<(), StoreError>;
    /// Finds a device of an account.
    fn device(&mut self, account: &AccountId, device: &DeviceId) -> Result<Option<DeviceRow>, StoreError>;
    /// Adds a record to the chain of the account of `by`.
    ///
    /// `rule` sees the chain and says which devices there are from now on; `None`
    /// where there is nothing to do. Gives the mailboxes of devices that are gone.
    fn append_record(
        &mut self,
        by: MailboxId,
        record: &SignedRecord,
        rule: impl FnMut(&[SignedRecord]) -> Result<Option<Vec<DeviceEntry>>, Refusal>,
    ) -> Result<Vec<MailboxId>, Stop>;
    /// Deletes the account of `by`; its name stays taken. Gives the mailboxes of its devices.
    fn close_account(&mut self, by: MailboxId) -> Result<Vec<MailboxId>, Stop>;

    /// Accounts in the order asked, as far as the directory says what they are; with `key_packages`, takes one of each of their devices.
    ///
    /// Gives the first so many that are no more than about `most_bytes` together, and at least one.
    fn look_up(&mut self, who: &[AccountRef], key_packages: bool, most_bytes: usize) -> Result<Vec<AccountFound>, StoreError>;
    /// Keeps KeyPackages, in the place of all others where asked, and registers their aliases and spare ones. `Taken`: an alias of another device; `TooLarge`.
    fn publish_keys(&mut self, by: MailboxId, publish: &PublishKeys) -> Result<KeysLeft, Stop>;
    /// Forgets aliases of `by`; others are left alone.
    fn drop_aliases(&mut self, by: MailboxId, aliases: &[AliasId]) -> Result<(), Stop>;

    /// Does one step of a group: lets `rule` decide on the group as it is, keeps what it says, and puts the copies.
    ///
    /// A repetition (`once`) gives the first position again; `ReusedKey` where it says something else.
    /// The group is locked from the reading to the end. Copies to aliases that are gone are left out, and so are
    /// those of [`Standing::Stranger`] where too much waits; for one that is [`Standing::Asked`], `crowded` decides.
    fn post<R: CryptoRngCore>(
        &mut self,
        today: Day,
        rng: &mut R,
        once: &Once,
        group: &GroupId,
        rule: impl Rule<R>,
        crowded: impl FnMut(MailboxId) -> Result<(), Refusal>,
    ) -> Result<Posted, Stop>;

    /// Keeps the number of a device's session, where it is the highest so far.
    fn count_session(&mut self, by: MailboxId, session: u64) -> Result<(), Stop>;
    /// Entries over `after`, in order: at most `max`, and at most `max_bytes` besides the first.
    fn entries(&mut self, by: MailboxId, after: Seq, max: usize, max_bytes: usize) -> Result<Vec<MailboxEntry>, Stop>;
    /// Drops entries up to `upto` (at most the head), and remembers that `losses` are known to the device.
    fn ack(&mut self, by: MailboxId, upto: Seq, losses: u64) -> Result<(), Stop>;

    /// Keeps one part of a blob. `Taken`: other bytes are there; `NotAllowed`: a part before it is missing.
    fn put_blob(&mut self, today: Day, put: &PutBlob) -> Result<(), Stop>;
    /// Part of a whole blob, from `offset` on. `Unknown`: not there, not whole yet, or beyond its end.
    fn fetch_blob(&mut self, blob: &BlobId, offset: u64) -> Result<BlobPart, Stop>;

    /// Lets `work` read several things as they were at one moment.
    fn at_once<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop>;
    /// What the directory's log is read from: inside [`Store::at_once`], as it was at that moment.
    fn records(&self) -> Arc<Self::Records>;
    /// Makes an epoch of the names that changed, at most `most` of them; whether more are due.
    ///
    /// `rule` sees the records as they are, and each name with the hash of its chain's head, or [`CLOSED`]; what it gives is kept.
    ///
    /// [`CLOSED`]: waxseal_transparency::CLOSED
    fn publish(
        &mut self,
        most: usize,
        rule: impl FnOnce(&Arc<Self::Records>, &[(String, Value)]) -> Result<Option<Published>, StoreError>,
    ) -> Result<bool, Stop>;
    /// When the newest tree head was signed; `None` where there is no log.
    fn told_at(&mut self) -> Result<Option<Millis>, Stop>;
    /// The newest tree head is signed again, at a later time.
    fn tell_again(&mut self, at: Millis) -> Result<(), Stop>;
    /// Takes the whole log away, makes every name due, and keeps the first epoch of the next log, with the old one's word for it.
    fn begin_new_log(
        &mut self,
        old: &LogId,
        rule: impl FnOnce(&Arc<Self::Records>) -> Result<(Published, Option<Vec<u8>>), StoreError>,
    ) -> Result<(), StoreError>;
    /// The words of logs that others follow them, from this one on.
    fn handovers(&mut self, from: &LogId) -> Result<Vec<Vec<u8>>, StoreError>;
    /// The append-only proof that was made when this epoch was published.
    fn step(&mut self, epoch: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The newest head of this log that a witness cosigned, as it was kept.
    fn cosigned(&mut self, log: &LogId) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keeps it, in the place of the one before, and of those of other logs.
    fn keep_cosigned(&mut self, log: &LogId, head: &[u8]) -> Result<(), StoreError>;
    /// What this server, as a witness, knows of another's log.
    fn witnessed(&mut self, log: &LogKeys) -> Result<Option<WitnessedLog>, StoreError>;
    /// Lets `rule` see that, and keeps what it gives: nobody else decides in between.
    fn witness<T>(
        &mut self,
        log: &LogKeys,
        rule: impl FnOnce(Option<&WitnessedLog>) -> (Option<WitnessedLog>, T),
    ) -> Result<T, StoreError>;

    /// Drops what is from before `kept` (envelopes, blobs, idempotency keys), groups idle since before `groups`, dead invitations.
    fn sweep(&mut self, today: Day, kept: Day, groups: Day) -> Result<(), StoreError>;
    /// Everything held about an account.
    fn subject(&mut self, name: &AccountName) -> Result<Option<Subject>, StoreError>;
}
