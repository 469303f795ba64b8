//! SECURITY.md, "runs the server and lies": never gets a device or a member in unseen.
//!
//! The server itself is honest; who stands before it is not. He swaps KeyPackages,
//! names and account chains in what is looked up; the directory's proofs he passes on.
//! Who joins a group with a ghost in it: `ghost`.

use std::collections::BTreeSet;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::Command;
use waxseal_core::group::{Alias, Change, Group, Identity, Policy, make_key_package, read_key_package};
use waxseal_core::output::Problem;
use waxseal_core::store::{Store, StoreError};
use waxseal_core::view::ChatState;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::id::{DeviceId, GroupId};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, Accounts, DeviceKeyPackage, Reply};

use crate::scene::{self, members};

const TITLE: &str = "bees";

/// A device as it stands in its account's chain: account, device, key.
type True = ([u8; 32], [u8; 16], [u8; 32]);

fn truth(town: &mut Town, houses: &[usize]) -> BTreeSet<True> {
    houses.iter().map(|house| scene::identity(town, *house)).map(|me| (me.account.0, me.device.0, me.public_key().0)).collect()
}

/// Leaves, in any group of a store, of devices that are not among the true ones.
fn ghosts(store: &Store, truth: &BTreeSet<True>) -> usize {
    let groups: Vec<[u8; 16]> = store
        .read(|tx| {
            let mut select = tx.prepare("SELECT DISTINCT group_id FROM mls_group")?;
            Ok::<_, StoreError>(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
        .unwrap();
    let leaves = groups.into_iter().flat_map(|id| members(store, &GroupId(id)));
    leaves.filter(|leaf| !truth.contains(&(leaf.account.0, leaf.device.0, leaf.key.0))).count()
}

/// Hands out one KeyPackage of his own as every device's of an account.
struct Swaps {
    victim: &'static str,
    offer: Vec<u8>,
    /// Says so of a device that the chain does not list, too.
    extra: Option<DeviceId>,
}

impl Tap for Swaps {
    fn down(&mut self, _: usize, mut told: Told) -> Vec<Told> {
        if let Told::Reply(_, Reply::Accounts(Accounts { found, .. })) = &mut told {
            for account in found.iter_mut().filter(|account| account.name == self.victim && !account.key_packages.is_empty()) {
                account.key_packages.iter_mut().for_each(|offer| offer.key_package = self.offer.clone());
                let extra =
                    self.extra.map(|device| DeviceKeyPackage { device, key_package: self.offer.clone(), last_resort: false });
                account.key_packages.extend(extra);
            }
        }
        vec![told]
    }
}

/// A KeyPackage that says what it likes, with its private part in a store of its maker.
fn offer_of(me: &Identity) -> (Store, Vec<u8>) {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut store = Store::open_in_memory().unwrap();
    let alias = Alias::random(&mut rng);
    let offer = store
        .write(|tx| {
            Ok::<_, Box<dyn std::error::Error>>(make_key_package(
                tx,
                waxseal_wire::id::Millis(1_790_000_000_000),
                &mut rng,
                me,
                &alias,
                false,
            )?)
        })
        .unwrap();
    (store, offer)
}

/// Ghosts that a swapped KeyPackage could be: Mallory's own, one in Bert's name, one of a device that Bert has not.
fn swapped(town: &mut Town) -> Vec<(Identity, Option<DeviceId>)> {
    let (bert, mallory) = (scene::identity(town, 1), scene::identity(town, 2));
    let in_berts_name = Identity { key: mallory.key.clone(), ..bert.clone() };
    let unlisted = Identity { device: DeviceId([9; 16]), ..in_berts_name.clone() };
    vec![(mallory, None), (in_berts_name, None), (unlisted, Some(DeviceId([9; 16])))]
}

#[test]
fn a_swapped_key_package_is_never_added() {
    for case in 0..3 {
        let mut town = Town::new(30 + case as u64, Weather::CALM).unwrap();
        scene::people(&mut town, &["anna", "bert", "mallory"]);
        let (ghost, extra) = swapped(&mut town).swap_remove(case);
        let (_store, offer) = offer_of(&ghost);
        town.tap = Some(Box::new(Swaps { victim: "bert", offer, extra }));
        town.plan(0, 0, Deed::Open("bert".into()));
        town.plan(3_000, 0, Deed::Say("bert".into(), "for bert alone".into()));
        town.plan(6_000, 0, Deed::Found("for two".into(), vec!["bert".into()]));
        town.run_for(10 * 60_000).unwrap();
        let truth = truth(&mut town, &[0, 1]);
        assert_eq!(ghosts(town.houses[0].client().store_mut(), &truth), 0, "case {case}");
        assert_eq!(town.houses[2].client().chats().unwrap(), [], "mallory hears nothing, case {case}");
        assert!(scene::was_told_of(&town, 0, Problem::ForeignKeyPackage), "who asked is told, case {case}");
    }
}

#[test]
fn counter_proof_a_ghost_in_a_group_is_seen() {
    let mut town = Town::new(33, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert", "mallory"]);
    let truth = truth(&mut town, &[0, 1]);
    let anna = scene::identity(&mut town, 0);
    for (ghost, _) in swapped(&mut town) {
        let (_store, offer) = offer_of(&ghost);
        // A client that asks nobody whether the leaf is that account's device.
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        let mut careless = Store::open_in_memory().unwrap();
        let policy = Policy::new([1; 16], 0, TITLE.into(), BTreeSet::from([anna.account]), false);
        careless
            .write(|tx| {
                let alias = Alias::random(&mut rng);
                let mut group = Group::create(tx, &mut rng, &anna, &alias, GroupId([2; 16]), &policy)?;
                group.commit(tx, &mut rng, &anna, Change { add: vec![read_key_package(&offer)?], ..Change::default() })?;
                group.merge_pending(tx)?;
                Ok::<_, Box<dyn std::error::Error>>(())
            })
            .unwrap();
        assert_eq!(ghosts(&careless, &truth), 1);
    }
}

/// Answers for one name with the account of another, or with the first records of its chain alone.
struct Rewrites {
    of: &'static str,
    with: Option<&'static str>,
    records: usize,
    /// A KeyPackage to put beside.
    offer: Option<DeviceKeyPackage>,
    known: Vec<AccountFound>,
}

impl Tap for Rewrites {
    fn down(&mut self, _: usize, mut told: Told) -> Vec<Told> {
        if let Told::Reply(_, Reply::Accounts(Accounts { found, .. })) = &mut told {
            self.known.extend(found.iter().filter(|account| !account.chain.is_empty()).cloned());
            for account in found.iter_mut().filter(|account| account.name == self.of) {
                if let Some(other) = self.known.iter().find(|other| Some(other.name.as_str()) == self.with) {
                    account.chain = other.chain.clone();
                }
                account.chain.truncate(self.records);
                account.key_packages.extend(self.offer.clone());
            }
        }
        vec![told]
    }
}

#[test]
fn a_name_that_is_known_does_not_become_somebody_else() {
    let mut town = Town::new(34, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert", "mallory"]);
    let (bert, mallory) = (AccountName::parse("bert").unwrap(), AccountName::parse("mallory").unwrap());
    for name in [&bert, &mallory] {
        town.command(0, Command::LookUp(name.clone())).unwrap();
        town.run_for(3_000).unwrap();
    }
    let before = town.houses[0].client().account_by_name(&bert).unwrap();
    assert_eq!(before, Some(scene::identity(&mut town, 1).account));
    town.tap = Some(Box::new(Rewrites { of: "bert", with: Some("mallory"), records: 9, offer: None, known: Vec::new() }));
    // The liar first hears of Mallory, then answers with her for Bert.
    for name in [&mallory, &bert] {
        town.command(0, Command::LookUp(name.clone())).unwrap();
        town.run_for(3_000).unwrap();
    }
    town.plan(0, 0, Deed::Found("for two".into(), vec!["bert".into()]));
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(town.houses[0].client().account_by_name(&bert).unwrap(), before);
    let truth = truth(&mut town, &[0, 1]);
    assert_eq!(ghosts(town.houses[0].client().store_mut(), &truth), 0);
    assert_eq!(town.houses[2].client().chats().unwrap(), []);
}

/// Anna, Bert, and Bert's second device, which somebody takes: what is true without it, and a KeyPackage of it.
fn second_device(seed: u64) -> (Town, BTreeSet<True>, DeviceKeyPackage) {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    town.settle("bert/2", "bert");
    town.plan(0, 1, Deed::Link(2));
    town.run_for(20_000).unwrap();
    let stolen = scene::identity(&mut town, 2);
    let (_store, offer) = offer_of(&stolen);
    let offer = DeviceKeyPackage { device: stolen.device, key_package: offer, last_resort: false };
    let truth = truth(&mut town, &[0, 1]);
    (town, truth, offer)
}

#[test]
fn a_chain_that_is_rolled_back_brings_no_removed_device_back() {
    let (mut town, truth, offer) = second_device(35);
    let stolen = scene::identity(&mut town, 2).device;
    town.command(1, Command::RemoveDevice(stolen)).unwrap();
    town.run_for(20_000).unwrap();
    town.houses[2].gone = true;
    town.command(0, Command::LookUp(AccountName::parse("bert").unwrap())).unwrap();
    town.run_for(3_000).unwrap();
    town.tap = Some(Box::new(Rewrites { of: "bert", with: None, records: 2, offer: Some(offer), known: Vec::new() }));
    town.plan(0, 0, Deed::Found(TITLE.into(), vec!["bert".into()]));
    town.run_for(10 * 60_000).unwrap();
    // The log says that the chain goes on: nothing of the answer is used, and a person is told.
    assert_eq!(town.chat(1, TITLE), None, "nobody is invited on the server's word");
    assert!(scene::was_told_of_lies(&mut town, 0));
    assert!(scene::evidence(&mut town, 0) > 0, "what shows the lie is kept");
    town.tap = None;
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(scene::state(&mut town, 1, TITLE), ChatState::Requested, "bert's first device is in");
    assert_eq!(ghosts(town.houses[0].client().store_mut(), &truth), 0);
}

#[test]
fn counter_proof_a_device_that_was_not_removed_is_in() {
    let (mut town, truth, _) = second_device(36);
    town.plan(0, 0, Deed::Found(TITLE.into(), vec!["bert".into()]));
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(ghosts(town.houses[0].client().store_mut(), &truth), 1);
}
