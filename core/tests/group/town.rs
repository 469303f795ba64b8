//! Devices with stores of their own, and a mail that carries bytes between them.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use waxseal_core::group::{
    Alias, Change, Group, GroupError, Identity, JoinError, MemberLeaf, OfferedKeyPackage, OpenError, Opened, PendingCommit, Policy,
    join, make_key_package, read_key_package,
};
use waxseal_core::store::Store;
use waxseal_wire::id::{AccountId, DeviceId, GroupId};

pub(crate) const GROUP: GroupId = GroupId([0x67; 16]);

pub(crate) struct Device {
    pub(crate) store: Store,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) me: Identity,
}

impl Device {
    pub(crate) fn new(seed: u8) -> Self {
        Self::with(Store::open_in_memory().unwrap(), seed)
    }

    pub(crate) fn with(store: Store, seed: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let me =
            Identity { account: AccountId([seed; 32]), device: DeviceId::random(&mut rng), key: SigningKey::generate(&mut rng) };
        Self { store, rng, me }
    }

    pub(crate) fn offer(&mut self, last_resort: bool) -> OfferedKeyPackage {
        let (rng, me) = (&mut self.rng, &self.me);
        let bytes = self
            .store
            .write(|tx| {
                let alias = Alias::random(rng);
                make_key_package(tx, waxseal_wire::id::Millis(1_790_000_000_000), rng, me, &alias, last_resort)
            })
            .unwrap();
        read_key_package(&bytes).unwrap()
    }

    pub(crate) fn create(&mut self) {
        let (rng, me) = (&mut self.rng, &self.me);
        let policy = Policy::new([1; 16], 0, "Bees".into(), BTreeSet::from([me.account]), false);
        self.store
            .write(|tx| {
                let alias = Alias::random(rng);
                Group::create(tx, rng, me, &alias, GROUP, &policy).map(drop)
            })
            .unwrap();
    }

    /// Reads something off the stored group.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Group) -> T) -> T {
        self.store.read(|tx| Group::load(tx, &GROUP).map(|group| question(&group.unwrap()))).unwrap()
    }

    pub(crate) fn commit(&mut self, change: Change) -> Result<PendingCommit, GroupError> {
        let (rng, me) = (&mut self.rng, &self.me);
        self.store.write(|tx| Group::load(tx, &GROUP)?.unwrap().commit(tx, rng, me, change))
    }

    pub(crate) fn merge(&mut self) {
        self.store.write(|tx| Group::load(tx, &GROUP)?.unwrap().merge_pending(tx)).unwrap();
    }

    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        let (rng, me) = (&mut self.rng, &self.me);
        self.store.write(|tx| Group::load(tx, &GROUP)?.unwrap().seal(tx, rng, me, text.as_bytes())).unwrap()
    }

    /// Opens, and keeps what opening used up.
    pub(crate) fn open(&mut self, envelope: &[u8]) -> Result<Opened, OpenError> {
        let rng = &mut self.rng;
        self.store.write(|tx| Group::load(tx, &GROUP).unwrap().unwrap().open(tx, rng, envelope))
    }

    pub(crate) fn read(&mut self, envelope: &[u8]) -> Result<(MemberLeaf, String), OpenError> {
        match self.open(envelope)? {
            Opened::Message { from, plaintext } => Ok((from, String::from_utf8(plaintext).unwrap())),
            other => panic!("not a message: {other:?}"),
        }
    }

    /// Opens a Commit of another member and accepts it.
    pub(crate) fn accept(&mut self, commit: &[u8]) {
        let rng = &mut self.rng;
        self.store
            .write(|tx| -> Result<(), GroupError> {
                let mut group = Group::load(tx, &GROUP)?.unwrap();
                match group.open(tx, rng, commit).unwrap() {
                    Opened::Commit(change) => group.accept(tx, *change),
                    other => panic!("not another's Commit: {other:?}"),
                }
            })
            .unwrap();
    }

    pub(crate) fn join(&mut self, pending: &PendingCommit) -> Result<MemberLeaf, JoinError> {
        let (rng, me) = (&mut self.rng, &self.me);
        let tree = &pending.tree.as_ref().unwrap().bytes;
        self.store.write(|tx| {
            let mine = pending.welcomes.iter().find(|one| join::peek(tx, &one.welcome).is_ok());
            let mine = mine.ok_or(JoinError::NoKeyPackage)?;
            join::join(tx, rng, me, &mine.welcome, tree).map(|joined| joined.by)
        })
    }
}

/// A group of `n` devices, all in the same epoch, made by one Commit.
pub(crate) fn town(n: u8) -> Vec<Device> {
    let mut devices: Vec<_> = (1..=n).map(Device::new).collect();
    settle(&mut devices);
    devices
}

/// Lets the first device found a group with all the others.
pub(crate) fn settle(devices: &mut [Device]) {
    let (founder, others) = devices.split_first_mut().unwrap();
    founder.create();
    let add = others.iter_mut().map(|other| other.offer(false)).collect();
    let pending = founder.commit(Change { add, ..Change::default() }).unwrap();
    founder.merge();
    for other in others {
        other.join(&pending).unwrap();
    }
}

/// Takes a Commit that the server accepted to its committer and to all others.
pub(crate) fn deliver(devices: &mut [Device], committer: usize, commit: &[u8]) {
    for (place, device) in devices.iter_mut().enumerate() {
        if place == committer {
            assert!(matches!(device.open(commit).unwrap(), Opened::OwnCommit));
            device.merge();
        } else {
            device.accept(commit);
        }
    }
}

pub(crate) fn assert_converged(devices: &[Device]) {
    let (first, others) = devices.split_first().unwrap();
    let view =
        |device: &Device| device.ask(|group| (group.epoch(), group.roster_hash(), group.delivery_key().unwrap(), group.members()));
    for other in others {
        assert_eq!(view(first), view(other));
    }
}
