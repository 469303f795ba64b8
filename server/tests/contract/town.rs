//! A small town that asks the rules: devices with real keys, groups with opaque envelopes.

use std::collections::HashMap;

use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use waxseal_server::policy::Policy;
use waxseal_server::roles::{Outcome, Proven, Publisher, Roles, Secrets};
use waxseal_server::store::Store;
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, sign};
use waxseal_wire::id::{AliasId, DeviceId, Epoch, GroupId, IdempotencyKey, Millis, Position, Seq};
use waxseal_wire::key::{DeliveryKey, PostKey, SealSecret};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{KeysLeft, MailboxEntry, Refusal, Reply, Session};
use waxseal_wire::request::*;
use waxseal_wire::seal::{Delivered, Kind};

/// 2026-11-22, a moment in a day.
pub(crate) const NOON: Millis = Millis(1_795_348_800_000);
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

pub(crate) struct Town<S: Store> {
    pub(crate) roles: Roles<S>,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now: Millis,
}

/// One account with one device, and the keys of its aliases.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) name: AccountName,
    pub(crate) chain: Chain,
    pub(crate) entry: DeviceEntry,
    pub(crate) key: SigningKey,
    pub(crate) recovery: SigningKey,
    pub(crate) keys: HashMap<AliasId, (SealSecret, PostKey)>,
    pub(crate) proven: Option<Proven>,
}

/// What the members of a group know.
#[derive(Clone)]
pub(crate) struct Circle {
    pub(crate) group: GroupId,
    pub(crate) epoch: Epoch,
    pub(crate) delivery_key: DeliveryKey,
    pub(crate) aliases: Vec<AliasId>,
}

impl<S: Store> Town<S> {
    pub(crate) fn new(store: S) -> Self {
        Self::under(Policy::unlimited(), store)
    }

    pub(crate) fn under(policy: Policy, store: S) -> Self {
        let mut roles = Roles::new(store, policy, Publisher::new(Secrets::new([1; 32], [2; 32])));
        roles.publish(NOON).unwrap();
        Self { roles, rng: ChaCha20Rng::seed_from_u64(7), now: NOON }
    }

    pub(crate) fn ask(&mut self, request: AnonymousRequest) -> Outcome {
        let outcome = self.roles.anonymous(self.now, &mut self.rng, request);
        self.say_news();
        outcome
    }

    /// The directory says what is new, as far as the store lets it.
    pub(crate) fn say_news(&mut self) {
        while self.roles.publish(self.now) == Ok(true) {}
    }

    pub(crate) fn answer(&mut self, request: AnonymousRequest) -> Reply {
        self.ask(request).reply.expect("the anonymous door always answers")
    }

    pub(crate) fn ask_as(&mut self, device: &Device, request: DeviceRequest) -> Outcome {
        let proven = device.proven.expect("a session first");
        let outcome = self.roles.device(self.now, &mut self.rng, &proven, request);
        self.say_news();
        outcome
    }

    pub(crate) fn newcomer(&mut self, name: &str) -> (Device, Register) {
        let (key, recovery) = (SigningKey::generate(&mut self.rng), SigningKey::generate(&mut self.rng));
        let entry = self.entry(&key);
        let chain = Chain::create(entry, &key, PublicKey::of(&recovery), &mut self.rng).unwrap();
        let name = AccountName::parse(name).unwrap();
        let register = Register {
            name: name.clone(),
            record: chain.records()[0].clone(),
            signature: sign(&key, &register_bytes(&chain.account(), &name)),
            invite: String::new(),
            idempotency_key: IdempotencyKey::random(&mut self.rng),
        };
        (Device { name, chain, entry, key, recovery, keys: HashMap::new(), proven: None }, register)
    }

    pub(crate) fn entry(&mut self, key: &SigningKey) -> DeviceEntry {
        DeviceEntry { id: DeviceId::random(&mut self.rng), key: PublicKey::of(key), name_hash: [7; 32], added: NOON }
    }

    /// Registers an account and opens its first session.
    pub(crate) fn settle(&mut self, name: &str) -> Device {
        let (mut device, register) = self.newcomer(name);
        assert_eq!(self.answer(AnonymousRequest::Register(Box::new(register))), Reply::Done);
        self.session(&mut device);
        device
    }

    pub(crate) fn settle_all<const N: usize>(&mut self, names: [&str; N]) -> [Device; N] {
        names.map(|name| self.settle(name))
    }

    pub(crate) fn prove(&mut self, device: &Device) -> Result<(Proven, Session), Refusal> {
        let mut nonce = [0; 32];
        self.rng.fill_bytes(&mut nonce);
        let (account, id) = (device.chain.account(), device.entry.id);
        let signature = sign(&device.key, &authenticate_bytes(&nonce, &account, &id));
        self.roles.authenticate(self.now, &nonce, &Authenticate { account, device: id, signature })
    }

    pub(crate) fn session(&mut self, device: &mut Device) -> Session {
        let (proven, session) = self.prove(device).unwrap();
        device.proven = Some(proven);
        session
    }

    /// Registers a fresh alias.
    pub(crate) fn alias(&mut self, device: &mut Device) -> AliasId {
        let alias = self.new_alias(device);
        let publish = PublishKeys { aliases: vec![alias], ..PublishKeys::default() };
        assert!(matches!(self.ask_as(device, DeviceRequest::PublishKeys(publish)).reply, Some(Reply::KeysLeft(_))));
        alias
    }

    pub(crate) fn new_alias(&mut self, device: &mut Device) -> AliasId {
        let alias = AliasId::random(&mut self.rng);
        device.keys.insert(alias, (SealSecret::random(&mut self.rng), PostKey::random(&mut self.rng)));
        alias
    }

    pub(crate) fn publish(&mut self, device: &Device, uploads: Vec<KeyPackageUpload>) -> KeysLeft {
        let publish = PublishKeys { key_packages: uploads, ..PublishKeys::default() };
        match self.ask_as(device, DeviceRequest::PublishKeys(publish)).reply {
            Some(Reply::KeysLeft(left)) => left,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn upload(&mut self, device: &mut Device, bytes: &[u8], last_resort: bool) -> KeyPackageUpload {
        KeyPackageUpload { alias: self.new_alias(device), key_package: bytes.to_vec(), last_resort }
    }

    pub(crate) fn circle(&mut self, devices: &mut [&mut Device]) -> Circle {
        let aliases = devices.iter_mut().map(|device| self.alias(device)).collect();
        let (group, delivery_key) = (GroupId::random(&mut self.rng), DeliveryKey::random(&mut self.rng));
        Circle { group, epoch: Epoch(1), delivery_key, aliases }
    }

    /// The founding of a circle by its first member, with one message and a Welcome to each other one.
    pub(crate) fn founding(&mut self, circle: &Circle, devices: &[&Device]) -> Found {
        let roster: Vec<_> = circle.aliases.iter().zip(devices).map(|(alias, device)| device.in_roster(*alias)).collect();
        let welcomes =
            circle.aliases[1..].iter().map(|alias| Welcomed { alias: *alias, welcome: b"welcome in".to_vec() }).collect();
        Found { lent: self.lent(circle, devices[0], circle.aliases[0]), roster, welcomes, messages: vec![b"first words".to_vec()] }
    }

    /// Founds a group of these devices; positions go on from 1.
    pub(crate) fn found(&mut self, devices: &mut [&mut Device]) -> Circle {
        let circle = self.circle(devices);
        let devices: Vec<&Device> = devices.iter().map(|device| &**device).collect();
        let founding = self.founding(&circle, &devices);
        assert_eq!(self.answer(AnonymousRequest::Found(Box::new(founding))), Reply::Accepted(Position(1)));
        circle
    }

    pub(crate) fn lent(&mut self, circle: &Circle, device: &Device, from: AliasId) -> Lent {
        Lent {
            group: circle.group,
            epoch: circle.epoch,
            delivery_key: circle.delivery_key.clone(),
            from,
            post_key: device.keys[&from].1.clone(),
            idempotency_key: IdempotencyKey::random(&mut self.rng),
        }
    }

    pub(crate) fn message(&mut self, circle: &Circle, device: &Device, from: AliasId, words: &[u8]) -> SubmitMessage {
        SubmitMessage { lent: self.lent(circle, device, from), envelope: words.to_vec() }
    }

    pub(crate) fn say(&mut self, circle: &Circle, device: &Device, from: AliasId, words: &[u8]) -> Reply {
        let submit = self.message(circle, device, from, words);
        self.answer(AnonymousRequest::SubmitMessage(Box::new(submit)))
    }

    pub(crate) fn commit(&mut self, circle: &Circle, device: &Device, from: AliasId) -> SubmitCommit {
        SubmitCommit {
            lent: self.lent(circle, device, from),
            next_delivery_key: DeliveryKey::random(&mut self.rng),
            commit: b"a commit".to_vec(),
            roster: RosterChange::Edit { add: Vec::new(), remove: Vec::new() },
            welcomes: Vec::new(),
        }
    }

    pub(crate) fn submit(&mut self, commit: &SubmitCommit) -> Reply {
        self.answer(AnonymousRequest::SubmitCommit(Box::new(commit.clone())))
    }

    pub(crate) fn read(&mut self, device: &Device) -> Vec<MailboxEntry> {
        self.roles.entries(&device.proven.unwrap(), Seq(0), 20_000, usize::MAX).unwrap()
    }

    pub(crate) fn opened(&mut self, device: &Device) -> Vec<Delivered> {
        self.read(device).iter().map(|entry| device.open(entry)).collect()
    }

    /// What a device finds in its mailbox, in order: (kind, epoch, position).
    pub(crate) fn order(&mut self, device: &Device) -> Vec<(Kind, u64, u64)> {
        self.opened(device).iter().map(|one| (one.kind, one.epoch.0, one.position.0)).collect()
    }

    pub(crate) fn ack(&mut self, device: &Device, upto: u64) {
        assert_eq!(self.ask_as(device, DeviceRequest::Ack(Seq(upto))), Outcome::default());
    }
}

impl Device {
    pub(crate) fn in_roster(&self, alias: AliasId) -> RosterEntry {
        self.address(alias).agree(&mut ChaCha20Rng::from_seed([alias.0, alias.0].concat().try_into().unwrap()))
    }

    /// What the device's leaf and KeyPackage carry.
    pub(crate) fn address(&self, alias: AliasId) -> Address {
        let (seal_secret, post_key) = &self.keys[&alias];
        Address { alias, seal_public: seal_secret.public(), post_verifier: post_key.verifier() }
    }

    pub(crate) fn open(&self, entry: &MailboxEntry) -> Delivered {
        Delivered::open(&entry.sealed, &entry.alias, &self.keys[&entry.alias].0).unwrap()
    }
}

impl Circle {
    /// The circle after a Commit was accepted.
    pub(crate) fn after(&self, commit: &SubmitCommit) -> Self {
        Self { epoch: self.epoch.next(), delivery_key: commit.next_delivery_key.clone(), ..self.clone() }
    }
}

pub(crate) fn refused(refusal: Refusal) -> Reply {
    Reply::Refused(refusal)
}
