//! One device's part in one group: a store and the group loaded from it.
//!
//! Called by `group`. Does what the client does with a group, one durable
//! transaction an operation, without chats and without a server.

use std::collections::BTreeSet;
use std::path::Path;

use ed25519_dalek::SigningKey;
use rand_core::{OsRng, RngCore};
use waxseal_core::group::{
    Alias, Change, Group, GroupError, Identity, OfferedKeyPackage, Opened, PendingCommit, Policy, join, make_key_package,
    read_key_package,
};
use waxseal_core::store::{Store, StoreKey};
use waxseal_wire::id::{AccountId, DeviceId, GroupId};

use crate::failure::Failure;

/// See the module.
pub(crate) struct Device {
    store: Store,
    me: Identity,
    group: Option<Group>,
}

impl Device {
    /// With an encrypted store in a file, durable.
    pub(crate) fn on_disk(folder: &Path, name: &str) -> Result<Self, Failure> {
        let mut key = [0; 32];
        OsRng.fill_bytes(&mut key);
        Ok(Self::with(Store::open(&folder.join(name), &StoreKey::from_bytes(key))?))
    }

    /// With a store in memory: the same work, but nothing encrypted or synced.
    pub(crate) fn in_memory() -> Result<Self, Failure> {
        Ok(Self::with(Store::open_in_memory()?))
    }

    fn with(store: Store) -> Self {
        Self { store, me: somebody(), group: None }
    }

    /// A KeyPackage of this device.
    pub(crate) fn offer(&mut self) -> Result<OfferedKeyPackage, Failure> {
        let me = &self.me;
        offer_of(&mut self.store, me)
    }

    /// Founds the group, alone.
    pub(crate) fn found(&mut self) -> Result<(), Failure> {
        let me = &self.me;
        let policy = Policy::new([1; 16], 0, "Bees".into(), BTreeSet::from([me.account]), false);
        let id = GroupId::random(&mut OsRng);
        let group = self.store.write(|tx| {
            let alias = Alias::random(&mut OsRng);
            Group::create(tx, &mut OsRng, me, &alias, id, &policy)
        })?;
        self.group = Some(group);
        Ok(())
    }

    /// Builds a Commit and keeps it pending.
    pub(crate) fn commit(&mut self, change: Change) -> Result<PendingCommit, Failure> {
        let (group, me) = (self.group.as_mut().ok_or(GroupError::NotMember)?, &self.me);
        Ok(self.store.write(|tx| group.commit(tx, &mut OsRng, me, change))?)
    }

    /// The server took our Commit.
    pub(crate) fn merge(&mut self) -> Result<(), Failure> {
        let group = self.group.as_mut().ok_or(GroupError::NotMember)?;
        Ok(self.store.write(|tx| group.merge_pending(tx))?)
    }

    /// Opens another's Commit and goes on to its epoch.
    pub(crate) fn follow(&mut self, commit: &[u8]) -> Result<(), Failure> {
        let group = self.group.as_mut().ok_or(GroupError::NotMember)?;
        self.store.write(|tx| match group.open(tx, &mut OsRng, commit)? {
            Opened::Commit(change) => Ok(group.accept(tx, *change)?),
            _ => Err(Failure::Unexpected("a Commit of ours")),
        })
    }

    /// Joins by the Welcome that is ours.
    pub(crate) fn join(&mut self, welcome: &[u8], tree: &[u8]) -> Result<(), Failure> {
        let me = &self.me;
        let joined = self.store.write(|tx| join::join(tx, &mut OsRng, me, welcome, tree))?;
        self.group = Some(joined.group);
        Ok(())
    }

    /// Seals a message; its ratchet step is stored.
    pub(crate) fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        let (group, me) = (self.group.as_mut().ok_or(GroupError::NotMember)?, &self.me);
        Ok(self.store.write(|tx| group.seal(tx, &mut OsRng, me, plaintext))?)
    }

    /// Opens a message; the key that it used up is gone from the store.
    pub(crate) fn open(&mut self, envelope: &[u8]) -> Result<(), Failure> {
        let group = self.group.as_mut().ok_or(GroupError::NotMember)?;
        match self.store.write(|tx| group.open(tx, &mut OsRng, envelope))? {
            Opened::Message { .. } => Ok(()),
            _ => Err(Failure::Unexpected("no message")),
        }
    }

    /// Members of its group.
    pub(crate) fn members(&self) -> usize {
        self.group.as_ref().map_or(0, |group| group.members().len())
    }
}

/// KeyPackages of devices that are only ever added.
pub(crate) struct Crowd(Store);

impl Crowd {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(Store::open_in_memory()?))
    }

    pub(crate) fn offer(&mut self) -> Result<OfferedKeyPackage, Failure> {
        offer_of(&mut self.0, &somebody())
    }
}

fn somebody() -> Identity {
    Identity { account: AccountId::random(&mut OsRng), device: DeviceId::random(&mut OsRng), key: SigningKey::generate(&mut OsRng) }
}

fn offer_of(store: &mut Store, me: &Identity) -> Result<OfferedKeyPackage, Failure> {
    let bytes = store.write(|tx| {
        make_key_package(tx, waxseal_wire::id::Millis(1_790_000_000_000), &mut OsRng, me, &Alias::random(&mut OsRng), false)
    })?;
    Ok(read_key_package(&bytes)?)
}
