//! The rules: what is done when somebody asks.
//!
//! Called by `engine`, and by the simulation. One request is one whole
//! operation of the store: done and answered, or refused and nothing kept.
//! Never reads a clock, never opens an envelope, never logs who asked.

mod audit;
mod authentication;
mod blob;
mod delivery;
mod directory;
mod mailbox;
mod witness;

use rand_core::CryptoRngCore;
use waxseal_transparency::LogKeys;
use waxseal_wire::id::{AccountId, GroupId, Millis, Seq};
use waxseal_wire::limits::KEPT_DAYS;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{MailboxEntry, Refusal, Reply, Session};
use waxseal_wire::request::{AnonymousRequest, Authenticate, DeviceRequest};

pub use self::audit::{Audit, HEIGHT, TILE, Tile};
pub use self::authentication::Proven;
pub use self::witness::Declined;
use crate::limits::Buckets;
use crate::policy::Policy;
use crate::store::{Day, MailboxId, Posted, Stop, Store, StoreError};
use crate::subject::Subject;
pub use waxseal_transparency::publish::{Publisher, Secrets};

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

impl Outcome {
    fn reply(reply: Reply) -> Self {
        Self { reply: Some(reply), ..Self::default() }
    }

    /// A refusal; nothing was kept.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::reply(Reply::Refused(refusal))
    }
}

impl From<Posted> for Outcome {
    fn from(posted: Posted) -> Self {
        Self { reply: Some(Reply::Accepted(posted.position)), wakes: posted.woken, closes: Vec::new() }
    }
}

/// The rules over a store.
#[derive(Debug)]
pub struct Roles<S: Store> {
    store: S,
    policy: Policy,
    publisher: Publisher,
    groups: Buckets<GroupId>,
    accounts: Buckets<AccountId>,
    strangers: Buckets<MailboxId>,
    cosigned: Buckets<LogKeys>,
}

impl<S: Store> Roles<S> {
    /// Rules by `policy` over `store`; `publisher` has the keys of the directory's log in it.
    pub fn new(store: S, policy: Policy, publisher: Publisher) -> Self {
        let (groups, accounts) = (Buckets::new(policy.group), Buckets::new(policy.account));
        let (strangers, cosigned) = (Buckets::new(delivery::CROWDED), Buckets::new(witness::COSIGNED));
        Self { store, policy, publisher, groups, accounts, strangers, cosigned }
    }

    /// The store, to be persisted, copied or closed.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Answers a request of the anonymous door.
    pub fn anonymous(&mut self, now: Millis, rng: &mut impl CryptoRngCore, request: AnonymousRequest) -> Outcome {
        let outcome = self.answer_anonymous(now, rng, &request);
        match (request, outcome.reply) {
            (AnonymousRequest::Lookup(lookup), Some(Reply::Accounts(taken))) => {
                Outcome::reply(self.prove_found(&lookup, taken).map_or_else(Reply::Refused, Reply::Accounts))
            }
            (_, reply) => Outcome { reply, ..outcome },
        }
    }

    /// The same, but for the proofs of a look-up: they need no writing.
    pub(crate) fn answer_anonymous(&mut self, now: Millis, rng: &mut impl CryptoRngCore, request: &AnonymousRequest) -> Outcome {
        let today = Day::of(now);
        let done = |()| Outcome::reply(Reply::Done);
        match request {
            AnonymousRequest::Register(register) => self.register(today, register).map(done),
            AnonymousRequest::Lookup(lookup) => self.look_up(lookup).map(|found| Outcome::reply(Reply::Accounts(found))),
            AnonymousRequest::Relate(relate) => self.relate(relate).map(|hashes| Outcome::reply(Reply::Related(hashes))),
            AnonymousRequest::Witnessed => self.witnessed().map(|witnessed| Outcome::reply(Reply::Witnessed(witnessed))),
            AnonymousRequest::Found(found) => self.found(now, rng, found).map(Outcome::from),
            AnonymousRequest::SubmitMessage(submit) => self.submit_message(now, rng, submit).map(Outcome::from),
            AnonymousRequest::SubmitCommit(submit) => self.submit_commit(now, rng, submit).map(Outcome::from),
            AnonymousRequest::PutBlob(put) => self.put_blob(today, put).map(done),
            AnonymousRequest::FetchBlob(fetch) => self.fetch_blob(fetch).map(|part| Outcome::reply(Reply::BlobPart(part))),
        }
        .unwrap_or_else(|stop| Outcome::refused(stop.refusal()))
    }

    /// Checks a device's signature over the challenge `nonce`.
    ///
    /// `NotAllowed` where the signature is wrong or the device is not in the account's chain.
    pub fn authenticate(&mut self, _now: Millis, nonce: &[u8; 32], request: &Authenticate) -> Result<(Proven, Session), Refusal> {
        self.prove(nonce, request).map_err(Stop::refusal)
    }

    /// Answers a request of a proven device; `WrongDoor` when it was removed since.
    pub fn device(&mut self, now: Millis, rng: &mut impl CryptoRngCore, by: &Proven, request: DeviceRequest) -> Outcome {
        let _ = rng; // nothing here needs chance yet; in the signature because it may
        self.answer_device(now, by, &request)
    }

    pub(crate) fn answer_device(&mut self, now: Millis, by: &Proven, request: &DeviceRequest) -> Outcome {
        let done = |()| Outcome::reply(Reply::Done);
        let gone = |closes| Outcome { reply: Some(Reply::Done), wakes: Vec::new(), closes };
        let metered = !matches!(request, DeviceRequest::Begin(_) | DeviceRequest::Take(_) | DeviceRequest::Ack(_));
        if metered && let Err(refusal) = self.accounts.take(by.account(), now, 1) {
            return Outcome::refused(refusal);
        }
        match request {
            DeviceRequest::Authenticate(_) => Err(Stop::Refused(Refusal::WrongDoor)),
            DeviceRequest::Begin(session) => self.store.count_session(by.mailbox(), *session).map(done),
            DeviceRequest::Take(_) => Ok(done(())),
            DeviceRequest::Ack(upto) => self.ack(by, *upto).map(|()| Outcome::default()),
            DeviceRequest::PublishKeys(publish) => {
                self.store.publish_keys(by.mailbox(), publish).map(|left| Outcome::reply(Reply::KeysLeft(left)))
            }
            DeviceRequest::AppendRecord(record) => self.append_record(by, record).map(gone),
            DeviceRequest::DropAlias(aliases) => self.store.drop_aliases(by.mailbox(), aliases).map(done),
            DeviceRequest::Watch(watch) => {
                self.watch(by, watch).map(|watched| Outcome::reply(Reply::Watched(watched))).map_err(Stop::from)
            }
            DeviceRequest::CloseAccount(signature) => self.close_account(by, signature).map(gone),
        }
        .unwrap_or_else(|stop| Outcome::refused(stop.refusal()))
    }

    /// Entries with a `Seq` over `after`, in order: at most `max`, and at most `max_bytes` besides the first.
    ///
    /// `WrongDoor` when the device was removed since.
    pub fn entries(&mut self, by: &Proven, after: Seq, max: usize, max_bytes: usize) -> Result<Vec<MailboxEntry>, Refusal> {
        self.store.entries(by.mailbox(), after, max, max_bytes).map_err(Stop::refusal)
    }

    /// Makes an invitation code, good for `uses` registrations until `days` days from now.
    pub fn invite(&mut self, now: Millis, rng: &mut impl CryptoRngCore, uses: u32, days: u32) -> Result<String, StoreError> {
        let (code, invite) = authentication::new_invite(now, rng, uses, days);
        self.store.add_invite(&invite)?;
        Ok(code)
    }

    /// Drops what is older than it may be kept.
    pub fn sweep(&mut self, now: Millis) -> Result<(), StoreError> {
        let today = Day::of(now);
        self.store.sweep(today, today.before(KEPT_DAYS), today.before(self.policy.group_days))
    }

    /// Everything held about an account; `None` where there is no such account.
    pub fn subject(&mut self, name: &AccountName) -> Result<Option<Subject>, StoreError> {
        self.store.subject(name)
    }
}
