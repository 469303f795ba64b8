//! What is asked, door by door, with every field of its right length.
//!
//! Made by `core`, answered by `server`; `frame` turns them into bytes.
//! A value of these types has passed the checks of form; whether it is
//! allowed is the server's to decide.

use rand_core::CryptoRngCore;

use crate::chain::{Signature, SignedRecord};
use crate::id::{AccountId, AliasId, BlobId, DeviceId, Epoch, GroupId, IdempotencyKey, LogId, Seq, WrongLength};
use crate::key::{BadPublic, DeliveryKey, PostKey, SealKey, SealPublic, Verifier};
use crate::name::AccountName;

/// Asked at one of the two doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Nobody says who they are.
    Anonymous(AnonymousRequest),
    /// A device proves itself.
    Device(DeviceRequest),
}

impl Request {
    /// The tree head of the directory that its answer must continue, where it names one.
    pub fn seen(&self) -> Option<Seen> {
        match self {
            Self::Anonymous(AnonymousRequest::Lookup(lookup)) => lookup.seen,
            Self::Device(DeviceRequest::Watch(watch)) => watch.seen,
            _ => None,
        }
    }
}

/// Asked at `/v1/anonymous`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnonymousRequest {
    /// Claims a name for a new account. Reply: `Done`.
    Register(Box<Register>),
    /// Chains, and one KeyPackage a device where asked. Reply: `Accounts`.
    Lookup(Lookup),
    /// Whether one tree head of the directory continues another. Reply: `Related`.
    Relate(Relate),
    /// Which tree head of the directory others have signed as well. Reply: `Witnessed`.
    Witnessed,
    /// Registers a group at its first shared epoch. Reply: `Accepted`.
    Found(Box<Found>),
    /// An application message for a group. Reply: `Accepted`.
    SubmitMessage(Box<SubmitMessage>),
    /// A Commit for a group. Reply: `Accepted`.
    SubmitCommit(Box<SubmitCommit>),
    /// One part of a sealed blob. Reply: `Done`.
    PutBlob(PutBlob),
    /// One part of a sealed blob. Reply: `BlobPart`.
    FetchBlob(FetchBlob),
}

/// Asked at `/v1/device`; only `Authenticate` before the device is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceRequest {
    /// Answers the challenge. Reply: `Session`.
    Authenticate(Authenticate),
    /// The number of this session, higher than that of every session before. Reply: `Done`.
    Begin(u64),
    /// Push entries with a `Seq` after this. Reply: `Done`.
    Take(Seq),
    /// Entries up to this are stored on the device; drop them. No reply.
    Ack(Seq),
    /// More KeyPackages and aliases. Reply: `KeysLeft`.
    PublishKeys(PublishKeys),
    /// The next record of this account's chain. Reply: `Done`.
    AppendRecord(SignedRecord),
    /// Aliases of groups this device has left. Reply: `Done`.
    DropAlias(Vec<AliasId>),
    /// Deletes the account; signed over [`close_bytes`]. Reply: `Done`.
    CloseAccount(Signature),
    /// What the directory has ever said of this account. Reply: `Watched`.
    Watch(Watch),
}

/// See [`AnonymousRequest::Register`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The name that is claimed.
    pub name: AccountName,
    /// Record 0.
    pub record: SignedRecord,
    /// By the record's signer over [`register_bytes`].
    pub signature: Signature,
    /// Empty where registration is open.
    pub invite: String,
    /// Makes a repeated request harmless.
    pub idempotency_key: IdempotencyKey,
}

/// How an account is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRef {
    /// By its name.
    Name(AccountName),
    /// By its id.
    Id(AccountId),
}

/// See [`AnonymousRequest::Lookup`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// At most [`crate::limits::LOOKUP`] accounts.
    pub who: Vec<AccountRef>,
    /// Take one KeyPackage of each of their devices.
    pub key_packages: bool,
    /// The tree head that the answer's must continue.
    pub seen: Option<Seen>,
}

/// A tree head of the directory that the client holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Of which log.
    pub log: LogId,
    /// Leaves of the log under it.
    pub size: u64,
}

/// See [`AnonymousRequest::Relate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relate {
    /// Of which log.
    pub log: LogId,
    /// Leaves under the older head.
    pub from: u64,
    /// Leaves under the newer head.
    pub to: u64,
}

/// See [`DeviceRequest::Watch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// The tree head that the answer's must continue.
    pub seen: Option<Seen>,
    /// At most so many versions, the newest first; at most [`crate::limits::VERSIONS`].
    pub versions: u32,
}

/// One address of one device for one group, as its leaf and KeyPackage carry it: no secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where to put.
    pub alias: AliasId,
    /// What to agree on a seal key with.
    pub seal_public: SealPublic,
    /// Who may submit as this alias.
    pub post_verifier: Verifier,
}

impl Address {
    /// Its bytes are so many.
    pub const LEN: usize = 80;

    /// Reads 80 bytes: alias, seal public key, post verifier.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadPublic> {
        let wrong = WrongLength { what: "address", want: Self::LEN, got: bytes.len() };
        let (alias, rest) = bytes.split_at_checked(16).ok_or(wrong)?;
        let (seal, post) = rest.split_at_checked(32).ok_or(wrong)?;
        Ok(Self { alias: alias.try_into()?, seal_public: seal.try_into()?, post_verifier: post.try_into()? })
    }

    /// Its 80 bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (alias, rest) = bytes.split_at_mut(16);
        let (seal, post) = rest.split_at_mut(32);
        alias.copy_from_slice(&self.alias.0);
        seal.copy_from_slice(self.seal_public.as_bytes());
        post.copy_from_slice(&self.post_verifier.0);
        bytes
    }

    /// Agrees on a fresh seal key for it: whoever puts an address into a roster does this.
    pub fn agree(&self, rng: &mut impl CryptoRngCore) -> RosterEntry {
        let (seal_key, hint) = self.seal_public.agree(rng);
        RosterEntry { alias: self.alias, seal_key, post_verifier: self.post_verifier, hint }
    }
}

/// An [`Address`] in a roster, with the seal key that was agreed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Where to put.
    pub alias: AliasId,
    /// What to seal under.
    pub seal_key: SealKey,
    /// Who may submit as this alias.
    pub post_verifier: Verifier,
    /// What the device derives the seal key with; stands in front of what is sealed.
    pub hint: [u8; 32],
}

/// A Welcome for one joiner (RFC 9420 §12.4.3.1), without the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcomed {
    /// The joiner's alias, as its KeyPackage gives it.
    pub alias: AliasId,
    /// The MLSMessage.
    pub welcome: Vec<u8>,
}

/// Who submits to a group, and the keys that are lent for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// The group.
    pub group: GroupId,
    /// The epoch of the submitter.
    pub epoch: Epoch,
    /// Opens the roster of that epoch.
    pub delivery_key: DeliveryKey,
    /// The submitter's own alias: it gets no copy of its messages.
    pub from: AliasId,
    /// Proves that the alias is the submitter's.
    pub post_key: PostKey,
    /// Makes a repeated submit harmless.
    pub idempotency_key: IdempotencyKey,
}

/// See [`AnonymousRequest::Found`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The new group, its first shared epoch, and the founder.
    pub lent: Lent,
    /// Every member's entry, the founder's too.
    pub roster: Vec<RosterEntry>,
    /// One a joiner.
    pub welcomes: Vec<Welcomed>,
    /// First messages, sealed in that epoch; positions 1, 2, …
    pub messages: Vec<Vec<u8>>,
}

/// See [`AnonymousRequest::SubmitMessage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitMessage {
    /// Where, who, and the keys.
    pub lent: Lent,
    /// The MLSMessage, sealed end to end.
    pub envelope: Vec<u8>,
}

/// See [`AnonymousRequest::SubmitCommit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitCommit {
    /// Where, who, and the keys of the epoch that ends.
    pub lent: Lent,
    /// Of the epoch that begins.
    pub next_delivery_key: DeliveryKey,
    /// The MLSMessage, sealed end to end.
    pub commit: Vec<u8>,
    /// What happens to the roster.
    pub roster: RosterChange,
    /// One a joiner.
    pub welcomes: Vec<Welcomed>,
}

/// What a Commit does to the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterChange {
    /// Removes first, then adds. An alias that a device changes is both.
    Edit {
        /// New entries.
        add: Vec<RosterEntry>,
        /// Aliases that go.
        remove: Vec<AliasId>,
    },
    /// Takes this for the whole roster: mends one that disagrees with the tree.
    Replace(Vec<RosterEntry>),
}

/// See [`AnonymousRequest::PutBlob`]. Parts come in order; the same part again is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBlob {
    /// Random, chosen by whoever puts it.
    pub blob: BlobId,
    /// Where this part begins, in bytes.
    pub offset: u64,
    /// Size of the whole, in bytes.
    pub total: u64,
    /// At most [`crate::limits::BLOB_PART`] bytes.
    pub bytes: Vec<u8>,
}

/// See [`AnonymousRequest::FetchBlob`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchBlob {
    /// Which.
    pub blob: BlobId,
    /// Where the part begins, in bytes.
    pub offset: u64,
}

/// See [`DeviceRequest::Authenticate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticate {
    /// Whose.
    pub account: AccountId,
    /// Which device.
    pub device: DeviceId,
    /// By the device over [`authenticate_bytes`].
    pub signature: Signature,
}

/// See [`DeviceRequest::PublishKeys`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishKeys {
    /// New KeyPackages, each with the alias that stands in it.
    pub key_packages: Vec<KeyPackageUpload>,
    /// Spare aliases, for groups that the device founds or changes its alias in.
    pub aliases: Vec<AliasId>,
    /// Take back every KeyPackage of this device that is not among these; the aliases stay.
    pub replace: bool,
}

/// One KeyPackage on its way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPackageUpload {
    /// Registered to this device's mailbox.
    pub alias: AliasId,
    /// MLSMessage with a KeyPackage (RFC 9420 §10).
    pub key_package: Vec<u8>,
    /// Handed out when nothing else is left, and never used up.
    pub last_resort: bool,
}

/// What [`Register::signature`] signs.
pub fn register_bytes(account: &AccountId, name: &AccountName) -> Vec<u8> {
    [b"waxseal register v1".as_slice(), &account.0, name.as_str().as_bytes()].concat()
}

/// What [`Authenticate::signature`] signs.
pub fn authenticate_bytes(nonce: &[u8; 32], account: &AccountId, device: &DeviceId) -> Vec<u8> {
    [b"waxseal authenticate v1".as_slice(), nonce, &account.0, &device.0].concat()
}

/// What [`DeviceRequest::CloseAccount`] signs.
pub fn close_bytes(account: &AccountId) -> Vec<u8> {
    [b"waxseal close v1".as_slice(), &account.0].concat()
}
