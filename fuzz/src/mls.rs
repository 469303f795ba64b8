//! What a member, or somebody who invites, may have sent: Welcomes, ratchet trees, envelopes.
//!
//! Two devices and a group of theirs, made once; each input is tried inside a
//! transaction that is dropped.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::content::Content;
use waxseal_core::group::{Alias, Change, Group, Identity, JoinError, Opened, Policy, join, make_key_package, read_key_package};
use waxseal_core::store::{Store, StoreError};
use waxseal_wire::id::{AccountId, DeviceId, GroupId, Millis};

use crate::rows::Rows;

const GROUP: GroupId = GroupId([9; 16]);

pub(crate) struct Stage {
    founder: Store,
    founder_is: Identity,
    /// Invited, and not in yet.
    invited: Store,
    invited_is: Identity,
    /// The same, joined.
    joined: Store,
    /// A KeyPackage, as a device publishes it.
    pub(crate) offer: Vec<u8>,
    pub(crate) welcome: Vec<u8>,
    sealed_tree: Vec<u8>,
    pub(crate) tree: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) commit: Vec<u8>,
}

thread_local! {
    static STAGE: Stage = Stage::build();
}

pub(crate) fn with<T>(act: impl FnOnce(&Stage) -> T) -> T {
    STAGE.with(act)
}

fn chance() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(77)
}

/// A Welcome from a stranger.
pub fn welcome(bytes: &[u8]) {
    with(|stage| {
        let joined = stage.invited.read(|tx| {
            drop(join::peek(tx, bytes));
            join::join(tx, &mut chance(), &stage.invited_is, bytes, &stage.sealed_tree).map(|joined| joined.group.id())
        });
        assert!(joined.is_err() || joined.is_ok_and(|group| group == GROUP), "nobody invited into this group");
    });
}

/// A tree that the server holds for joiners, sealed by whoever invited.
pub fn tree(bytes: &[u8]) {
    with(|stage| {
        let members = stage.invited.read(|tx| {
            let rng = &mut chance();
            let (sealed, _) = join::remake_tree(tx, rng, &stage.welcome, &stage.sealed_tree, |_| bytes.to_vec())?;
            let joined = join::join(tx, rng, &stage.invited_is, &stage.welcome, &sealed)?;
            Ok::<_, JoinError>(joined.group.members().len())
        });
        assert!(members.is_err() || members.is_ok_and(|members| members == 2), "the Welcome names another tree");
    });
}

/// An envelope in a group, and content that a member sealed.
pub fn envelope(bytes: &[u8]) {
    with(|stage| {
        let opened = stage.joined.read(|tx| Ok::<_, StoreError>(load(tx).open(tx, &mut chance(), bytes)));
        match opened.expect("a store in memory reads") {
            Ok(_) if bytes == stage.message || bytes == stage.commit => {}
            // Of this stage as another process made it: a path is sealed with chance of the system (docs/decisions/0013).
            Ok(Opened::Commit(made)) if bytes.len() == stage.commit.len() && made.committer.account == stage.founder_is.account => {
            }
            Ok(_) => panic!("no member sealed this"),
            Err(_) => {}
        }
        let sealed = stage.founder.read(|tx| load(tx).seal(tx, &mut chance(), &stage.founder_is, bytes));
        let Ok(sealed) = sealed else { return };
        let read = stage.joined.read(|tx| Ok::<_, StoreError>(load(tx).open(tx, &mut chance(), &sealed)));
        let Ok(Ok(Opened::Message { plaintext, .. })) = read else { panic!("what a member sealed opens") };
        assert_eq!(plaintext, bytes);
        drop(Content::from_padded(&plaintext));
    });
}

impl Stage {
    fn build() -> Self {
        let rng = &mut ChaCha20Rng::seed_from_u64(7);
        let mut founder = Store::open_in_memory().expect("a store");
        let mut joined = Store::open_in_memory().expect("a store");
        let someone = |n: u8, rng: &mut ChaCha20Rng| Identity {
            account: AccountId([n; 32]),
            device: DeviceId([n; 16]),
            key: SigningKey::generate(rng),
        };
        let (founder_is, invited_is) = (someone(1, rng), someone(2, rng));
        let offer = joined
            .write(|tx| {
                let alias = Alias::random(rng);
                make_key_package(tx, Millis(1_790_000_000_000), rng, &invited_is, &alias, false)
            })
            .expect("a KeyPackage");
        let pending = founder
            .write(|tx| {
                let policy = Policy::new([1; 16], 0, "Bees".into(), BTreeSet::from([founder_is.account]), false);
                let alias = Alias::random(rng);
                let mut group = Group::create(tx, rng, &founder_is, &alias, GROUP, &policy)?;
                let add = vec![read_key_package(&offer).expect("a good offer")];
                let pending = group.commit(tx, rng, &founder_is, Change { add, ..Change::default() })?;
                group.merge_pending(tx)?;
                Ok::<_, waxseal_core::group::GroupError>(pending)
            })
            .expect("a group");
        let welcome = pending.welcomes.first().expect("one joins").welcome.clone();
        let sealed_tree = pending.tree.expect("a tree").bytes;
        let invited = Rows::of(&joined).to_store().expect("a copy");
        joined.write(|tx| join::join(tx, rng, &invited_is, &welcome, &sealed_tree).map(drop)).expect("it joins");
        let tree = invited
            .read(|tx| join::remake_tree(tx, rng, &welcome, &sealed_tree, <[u8]>::to_vec).map(|(_, plain)| plain))
            .expect("the tree");
        // Neither is kept: the founder stays where it was.
        let message = founder.read(|tx| load(tx).seal(tx, &mut *rng, &founder_is, b"a message")).expect("a message");
        let change = Change { with_path: true, ..Change::default() };
        let commit = founder.read(|tx| load(tx).commit(tx, &mut *rng, &founder_is, change)).expect("a Commit").commit;
        Self { founder, founder_is, invited, invited_is, joined, offer, welcome, sealed_tree, tree, message, commit }
    }
}

fn load(tx: &waxseal_core::store::Tx<'_>) -> Group {
    Group::load(tx, &GROUP).ok().flatten().expect("the group")
}
