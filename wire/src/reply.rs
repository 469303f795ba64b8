//! What is answered and what is told.
//!
//! Made by `server`, read by `core`; `frame` turns them into bytes. Nothing
//! here is believed: `core/trust` judges chains, MLS judges envelopes.

use crate::chain::SignedRecord;
use crate::id::{AliasId, DeviceId, Epoch, Position, Seq};

/// Answers one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Not done, and nothing kept.
    Refused(Refusal),
    /// Done.
    Done,
    /// Answers a look-up.
    Accounts(Accounts),
    /// RFC 6962 §2.1.2: one tree head of the directory continues another.
    Related(Vec<[u8; 32]>),
    /// Which tree head of the directory others have signed as well.
    Witnessed(Witnessed),
    /// What the directory has ever said of this account.
    Watched(Watched),
    /// A submit has its place in the group's order.
    Accepted(Position),
    /// Part of a blob.
    BlobPart(BlobPart),
    /// The device is proven.
    Session(Session),
    /// How many KeyPackages the server still has of this device.
    KeysLeft(KeysLeft),
}

/// Told without being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Push {
    /// First frame on the device door.
    Challenge([u8; 32]),
    /// Mailbox entries, in order.
    Entries(Vec<MailboxEntry>),
}

/// Why a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Does not parse, misses a field, or a field has a wrong length.
    #[error("the request is malformed")]
    Malformed,
    /// Over a limit of size or number.
    #[error("the request is too large")]
    TooLarge,
    /// Too many requests.
    #[error("too many requests; try again in {retry_after_ms} ms")]
    TooFast {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// This door does not take this request, or the device is not proven (any more).
    #[error("this door does not take this request")]
    WrongDoor,
    /// A signature, invitation or lent key is wrong.
    #[error("not allowed")]
    NotAllowed,
    /// No such account, group, blob or alias.
    #[error("unknown")]
    Unknown,
    /// The name, group or alias exists already.
    #[error("taken")]
    Taken,
    /// The group has gone on.
    #[error("the group is at epoch {current}")]
    StaleEpoch {
        /// Where the group is.
        current: Epoch,
    },
    /// The record does not extend the chain that the server has.
    #[error("the account's chain has gone on")]
    StaleChain,
    /// No room for now.
    #[error("the server is full for now")]
    Full,
    /// The name breaks a rule.
    #[error("the name breaks a rule")]
    BadName,
    /// The server failed; the same request may be repeated.
    #[error("the server failed; try again")]
    Internal,
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for something else")]
    ReusedKey,
}

impl Refusal {
    /// Whether the same request may succeed later without a change.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::TooFast { .. } | Self::Full | Self::Internal)
    }
}

/// The answer to a look-up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// In the order asked, the first so many that fit into a frame.
    pub found: Vec<AccountFound>,
    /// The tree head that every proof stands under, unverified: read by `transparency`.
    pub placed: Vec<u8>,
    /// The log, where the client named another one or none.
    pub log: Option<Box<Log>>,
}

/// A log of the directory, and how one came to follow another. Unverified: read by `transparency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Signing key, VRF key.
    pub keys: [u8; 64],
    /// From the log that the client named, one after the other, to this one.
    pub handovers: Vec<Vec<u8>>,
}

/// What witnesses say of the directory. Unverified: read by `transparency`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnessed {
    /// The newest head that a witness cosigned, with cosignatures; empty where there is none.
    pub head: Vec<u8>,
    /// Verifier keys of the witnesses that the server asks: a client counts the ones that it chose itself.
    pub witnesses: Vec<String>,
}

/// What the directory has ever said of this account, unverified: read by `transparency`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// The tree head that the proof stands under.
    pub placed: Vec<u8>,
    /// Its newest versions; empty where the directory says nothing yet.
    pub proof: Vec<u8>,
    /// The log, where the client named another one or none.
    pub log: Option<Box<Log>>,
}

/// One account in the answer to a look-up. No chain and no proof: not told yet, ask again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFound {
    /// What the server says it is called; empty where unknown.
    pub name: String,
    /// Its chain, unverified.
    pub chain: Vec<SignedRecord>,
    /// One KeyPackage a device, where asked and there is one.
    pub key_packages: Vec<DeviceKeyPackage>,
    /// That the chain's head is the newest, or that there is no such name, unverified: read by `transparency`.
    pub proof: Vec<u8>,
}

/// A KeyPackage on its way down, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKeyPackage {
    /// Whose.
    pub device: DeviceId,
    /// MLSMessage with a KeyPackage.
    pub key_package: Vec<u8>,
    /// Whether it was the last resort.
    pub last_resort: bool,
}

/// Part of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPart {
    /// Size of the whole, in bytes.
    pub total: u64,
    /// From the offset asked.
    pub bytes: Vec<u8>,
}

/// What a proven device is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Highest `Seq` in the mailbox.
    pub head: Seq,
    /// Something was dropped unread since the last session: the device asks to be re-added.
    pub lost: bool,
    /// KeyPackages left.
    pub keys_left: KeysLeft,
    /// Index of the newest record of the account's chain.
    pub chain_index: u64,
    /// Up to here entries were acked or dropped; 0 from a server that does not say.
    pub floor: Seq,
    /// The highest number that the device ever gave a session; 0 from a server that does not say.
    pub sessions: u64,
}

/// KeyPackages that the server still has of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeysLeft {
    /// One-time ones.
    pub one_time: u32,
    /// Whether there is a last resort.
    pub last_resort: bool,
}

/// One envelope in a mailbox, sealed under its alias's seal key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxEntry {
    /// Its place in the mailbox.
    pub seq: Seq,
    /// The alias it was put to.
    pub alias: AliasId,
    /// Opened by [`crate::seal::Delivered::open`].
    pub sealed: Vec<u8>,
}
