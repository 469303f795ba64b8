//! A person who speaks the wire and seals nothing: what they send is opaque.
//!
//! Called by `opaque` and `idle`. Has a real account chain and a real mailbox;
//! KeyPackages and envelopes are random bytes of the right size, which is all
//! that a server can see of real ones.

use ed25519_dalek::SigningKey;
use futures_util::{StreamExt, TryStreamExt, stream};
use rand_core::{OsRng, RngCore};
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, sign};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, AliasId, DeviceId, Epoch, GroupId, IdempotencyKey, Millis, Seq};
use waxseal_wire::key::{DeliveryKey, PostKey, SealSecret};
use waxseal_wire::limits::ADDS;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Push, Reply};
use waxseal_wire::request::{
    Address, AnonymousRequest, Authenticate, DeviceRequest, Found, KeyPackageUpload, Lent, PublishKeys, Register, RosterEntry,
    SubmitMessage, Welcomed, authenticate_bytes, register_bytes,
};

use crate::door::Open;
use crate::failure::Failure;

/// Sizes of the real ones, with X25519 + ML-KEM-768.
const KEY_PACKAGE: usize = 2_800;
const WELCOME: usize = 1_500;
/// How many arrive at once.
const ARRIVING: usize = 32;

/// One account with one device and one address.
pub(crate) struct Person {
    account: AccountId,
    device: DeviceId,
    key: SigningKey,
    chain: Chain,
    alias: AliasId,
    /// Opens what comes to the address.
    pub(crate) seal_secret: SealSecret,
    post_key: PostKey,
}

impl Person {
    fn new() -> Result<Self, Failure> {
        let rng = &mut OsRng;
        let (key, recovery) = (SigningKey::generate(rng), SigningKey::generate(rng));
        let device = DeviceId::random(rng);
        let entry = DeviceEntry { id: device, key: PublicKey::of(&key), name_hash: [1; 32], added: Millis(1) };
        let chain = Chain::create(entry, &key, PublicKey::of(&recovery), rng)
            .map_err(|_| Failure::Unexpected("a chain that does not hold"))?;
        Ok(Self {
            account: chain.account(),
            device,
            key,
            chain,
            alias: AliasId::random(rng),
            seal_secret: SealSecret::random(rng),
            post_key: PostKey::random(rng),
        })
    }

    /// Registers and publishes a KeyPackage under the address.
    async fn arrive(address: &str, name: String) -> Result<Self, Failure> {
        let person = Self::new()?;
        let name = AccountName::parse(&name).map_err(|_| Failure::Unexpected("a name"))?;
        let register = Register {
            record: person.chain.records().first().cloned().ok_or(Failure::Unexpected("an empty chain"))?,
            signature: sign(&person.key, &register_bytes(&person.account, &name)),
            name,
            invite: String::new(),
            idempotency_key: IdempotencyKey::random(&mut OsRng),
        };
        let mut anonymous = Open::new(address, Door::Anonymous).await?;
        let Reply::Done = anonymous.ask_anonymous(AnonymousRequest::Register(Box::new(register))).await? else {
            return Err(Failure::Unexpected("a registration that was refused"));
        };
        let key_package = KeyPackageUpload { alias: person.alias, key_package: random_bytes(KEY_PACKAGE), last_resort: false };
        let keys = PublishKeys { key_packages: vec![key_package], ..PublishKeys::default() };
        let mut device = person.connect(address).await?;
        match device.ask_device(DeviceRequest::PublishKeys(keys)).await? {
            Reply::KeysLeft(_) => Ok(person),
            _ => Err(Failure::Unexpected("KeyPackages that were refused")),
        }
    }

    /// Many people; `town` keeps their names apart from others'.
    pub(crate) async fn arrive_all(address: &str, town: &str, number: usize) -> Result<Vec<Self>, Failure> {
        let arrivals = (0..number).map(|one| Self::arrive(address, format!("{town}{one}")));
        stream::iter(arrivals).buffered(ARRIVING).try_collect().await
    }

    /// Proves the device.
    pub(crate) async fn connect(&self, address: &str) -> Result<Open, Failure> {
        let mut door = Open::new(address, Door::Device).await?;
        let Push::Challenge(nonce) = door.pushed().await? else {
            return Err(Failure::Unexpected("no challenge"));
        };
        let proof = Authenticate {
            account: self.account,
            device: self.device,
            signature: sign(&self.key, &authenticate_bytes(&nonce, &self.account, &self.device)),
        };
        match door.ask_device(DeviceRequest::Authenticate(proof)).await? {
            Reply::Session(_) => Ok(door),
            _ => Err(Failure::Unexpected("a device that was refused")),
        }
    }

    /// Proves the device and waits for all that comes.
    pub(crate) async fn listen(&self, address: &str) -> Result<Open, Failure> {
        let mut door = self.connect(address).await?;
        match door.ask_device(DeviceRequest::Take(Seq(0))).await? {
            Reply::Done => Ok(door),
            _ => Err(Failure::Unexpected("a mailbox that was refused")),
        }
    }

    fn roster_entry(&self) -> RosterEntry {
        let (seal_public, post_verifier) = (self.seal_secret.public(), self.post_key.verifier());
        Address { alias: self.alias, seal_public, post_verifier }.agree(&mut OsRng)
    }
}

/// A group in one epoch.
pub(crate) struct Group {
    id: GroupId,
    key: DeliveryKey,
}

impl Group {
    /// Made by the first of `people`, with all the others.
    pub(crate) async fn found(address: &str, people: &[Person]) -> Result<Self, Failure> {
        let group = Self { id: GroupId::random(&mut OsRng), key: DeliveryKey::random(&mut OsRng) };
        let (founder, others) = people.split_first().ok_or(Failure::Unexpected("a group of nobody"))?;
        let found = Found {
            lent: group.lent(founder),
            roster: people.iter().map(Person::roster_entry).collect(),
            // No more fit in one request; the others are in the roster all the same.
            welcomes: others.iter().take(ADDS).map(|one| Welcomed { alias: one.alias, welcome: random_bytes(WELCOME) }).collect(),
            messages: Vec::new(),
        };
        let mut anonymous = Open::new(address, Door::Anonymous).await?;
        match anonymous.ask_anonymous(AnonymousRequest::Found(Box::new(found))).await? {
            Reply::Accepted(_) => Ok(group),
            _ => Err(Failure::Unexpected("a group that was refused")),
        }
    }

    /// A message of `by`.
    pub(crate) fn message(&self, by: &Person, envelope: Vec<u8>) -> AnonymousRequest {
        AnonymousRequest::SubmitMessage(Box::new(SubmitMessage { lent: self.lent(by), envelope }))
    }

    fn lent(&self, by: &Person) -> Lent {
        Lent {
            group: self.id,
            epoch: Epoch(1),
            delivery_key: self.key.clone(),
            from: by.alias,
            post_key: by.post_key.clone(),
            idempotency_key: IdempotencyKey::random(&mut OsRng),
        }
    }
}

/// What nobody can tell from something sealed.
pub(crate) fn random_bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    OsRng.fill_bytes(&mut bytes);
    bytes
}
