//! The rules: what is done when somebody asks.
//!
//! Called by `engine`, and by the simulation. One request is one whole
//! operation of the store: done and answered, or refused and nothing kept.
//! Never reads a clock, never opens an envelope, never logs who asked.

use rand_core::CryptoRngCore;
use waxseal_wire::id::{AccountId, DeviceId, Millis, Seq};
use waxseal_wire::reply::{MailboxEntry, Refusal, Reply, Session};
use waxseal_wire::request::{AnonymousRequest, Authenticate, DeviceRequest};

use crate::policy::Policy;
use crate::store::{MailboxId, Store};

/// A device that proved itself; only `authentication` can make one.
///
/// It may have been removed since: every use of it asks the store again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) mailbox: MailboxId,
    /// Losses that the session told; its acks acknowledge these and no later ones.
    pub(crate) losses: u64,
}

impl Proven {
    /// Its mailbox, to wait for what is put there.
    pub fn mailbox(&self) -> MailboxId {
        self.mailbox
    }
}

/// What came of a request. Nothing of it may leave before it is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The answer, where there is one.
    pub reply: Option<Reply>,
    /// Mailboxes that something was put into.
    pub wakes: Vec<MailboxId>,
    /// Mailboxes that are gone: their devices were removed, cut their connections.
    pub closes: Vec<MailboxId>,
}

/// The rules over a store.
#[derive(Debug)]
pub struct Roles<S: Store> {
    pub(crate) store: S,
    pub(crate) policy: Policy,
}

impl<S: Store> Roles<S> {
    /// Rules by `policy` over `store`.
    pub fn new(store: S, policy: Policy) -> Self {
        Self { store, policy }
    }

    /// The store, to be persisted, copied or closed.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Answers a request of the anonymous door.
    pub fn anonymous(&mut self, _now: Millis, _rng: &mut impl CryptoRngCore, _request: AnonymousRequest) -> Outcome {
        Outcome { reply: Some(Reply::Refused(Refusal::Internal)), ..Outcome::default() }
    }

    /// Checks a device's signature over the challenge `nonce`.
    ///
    /// `NotAllowed` where the signature is wrong or the device is not in the account's chain.
    pub fn authenticate(&mut self, _now: Millis, _nonce: &[u8; 32], _request: &Authenticate) -> Result<(Proven, Session), Refusal> {
        Err(Refusal::Internal)
    }

    /// Answers a request of a proven device; `WrongDoor` when it was removed since.
    pub fn device(&mut self, _now: Millis, _rng: &mut impl CryptoRngCore, _by: &Proven, _request: DeviceRequest) -> Outcome {
        Outcome { reply: Some(Reply::Refused(Refusal::Internal)), ..Outcome::default() }
    }

    /// Entries with a `Seq` over `after`, in order: at most `max`, and at most `max_bytes` besides the first.
    ///
    /// `WrongDoor` when the device was removed since.
    pub fn entries(&mut self, _by: &Proven, _after: Seq, _max: usize, _max_bytes: usize) -> Result<Vec<MailboxEntry>, Refusal> {
        Err(Refusal::Internal)
    }
}
