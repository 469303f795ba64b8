//! SECURITY.md, "runs the server and lies": a removed device that is put into a new group hears nothing.
//!
//! Carl looks Bert up while Bert still has the device that was stolen, and is given
//! a KeyPackage that the thief made. The server holds back what Carl founds until
//! Bert has removed the device. So Carl, who is honest, adds the thief's device to
//! the group. Anna and Bert, who join, know better before they say a word.

use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::Command;
use waxseal_core::group::{find_alias, make_key_package};
use waxseal_core::store::StoreError;
use waxseal_core::view::ChatState;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::id::{AliasId, RequestId};
use waxseal_wire::reply::{AccountFound, Accounts, DeviceKeyPackage, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Request};

use crate::scene::{self, members};

const TITLE: &str = "bees";
const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const MALLORY: usize = 3;
const STOLEN: usize = 4;

/// Gives Carl the thief's KeyPackage, and takes nothing that he founds for so long; notes who submits what.
struct Liar {
    ghost: DeviceKeyPackage,
    holds: bool,
    submits: Vec<(usize, &'static str)>,
}

impl Tap for Liar {
    fn up(&mut self, house: usize, request: &mut Request) {
        match request {
            Request::Anonymous(AnonymousRequest::SubmitCommit(_)) => self.submits.push((house, "commit")),
            Request::Anonymous(AnonymousRequest::SubmitMessage(_)) => self.submits.push((house, "words")),
            _ => {}
        }
    }

    fn instead(&mut self, house: usize, _: RequestId, request: &Request) -> Option<Reply> {
        let is_held = self.holds && house == CARL && matches!(request, Request::Anonymous(AnonymousRequest::Found(_)));
        is_held.then_some(Reply::Refused(Refusal::Internal))
    }

    fn down(&mut self, house: usize, mut told: Told) -> Vec<Told> {
        if let (Told::Reply(_, Reply::Accounts(Accounts { found, .. })), CARL, true) = (&mut told, house, self.holds) {
            for offer in found.iter_mut().flat_map(|account| &mut account.key_packages) {
                if offer.device == self.ghost.device {
                    *offer = self.ghost.clone();
                }
            }
        }
        vec![told]
    }
}

/// A KeyPackage of the stolen device, whose entries go to a mailbox of Mallory's.
fn ghost(town: &mut Town) -> DeviceKeyPackage {
    let stolen = scene::identity(town, STOLEN);
    let now = town.now;
    let key_package = scene::look(town.houses[MALLORY].client(), |store| {
        store
            .write(|tx| {
                let alias: [u8; 16] =
                    tx.query_row("SELECT alias FROM alias WHERE state = 0", [], |row| row.get(0)).map_err(StoreError::from)?;
                let alias = find_alias(tx, &AliasId(alias))?.unwrap().alias;
                let mut rng = ChaCha20Rng::seed_from_u64(8);
                Ok::<_, Box<dyn std::error::Error>>(make_key_package(tx, now, &mut rng, &stolen, &alias, false)?)
            })
            .unwrap()
    });
    DeviceKeyPackage { device: stolen.device, key_package, last_resort: false }
}

/// The town, with the group founded a moment ago and the liar at the door.
fn founded(seed: u64) -> (Town, Arc<Mutex<Liar>>) {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert", "carl", "mallory"]);
    town.settle("bert/2", "bert");
    town.plan(0, BERT, Deed::Link(STOLEN));
    town.run_for(20_000).unwrap();
    town.unplug(STOLEN).unwrap();
    town.houses[STOLEN].gone = true;
    // Anna knows Carl, so his invitation opens at once.
    town.plan(0, ANNA, Deed::Open("carl".into()));
    town.run_for(5_000).unwrap();
    town.plan(0, CARL, Deed::AcceptAll);
    town.run_for(10 * 60_000).unwrap();
    let liar = Arc::new(Mutex::new(Liar { ghost: ghost(&mut town), holds: true, submits: Vec::new() }));
    town.tap = Some(Box::new(liar.clone()));
    town.plan(0, CARL, Deed::Found(TITLE.into(), vec!["anna".into(), "bert".into()]));
    town.run_for(10_000).unwrap();
    let stolen = scene::identity(&mut town, STOLEN).device;
    town.command(BERT, Command::RemoveDevice(stolen)).unwrap();
    town.run_for(20_000).unwrap();
    liar.lock().unwrap().holds = false;
    for _ in 0..6_000 {
        town.run_for(10).unwrap();
        if town.chat(ANNA, TITLE).is_some() {
            break;
        }
    }
    (town, liar)
}

/// Leaves of the stolen device in a house's group.
fn ghosts(town: &mut Town, house: usize) -> usize {
    let (stolen, id) = (scene::identity(town, STOLEN).device, scene::group_of(town, house, TITLE));
    scene::look(town.houses[house].client(), |store| members(store, &id)).iter().filter(|leaf| leaf.device == stolen).count()
}

#[test]
fn who_joins_says_nothing_before_a_ghost_is_gone() {
    let (mut town, liar) = founded(40);
    assert_eq!((ghosts(&mut town, CARL), ghosts(&mut town, ANNA)), (1, 1), "the lie worked on who founded it");
    assert_eq!(scene::state(&mut town, ANNA, TITLE), ChatState::Open);
    liar.lock().unwrap().submits.clear();
    for words in ["for friends", "and only them"] {
        town.plan(0, ANNA, Deed::Say(TITLE.into(), words.into()));
    }
    town.run_for(60_000).unwrap();
    let submits = liar.lock().unwrap().submits.clone();
    let commit = submits.iter().position(|(_, what)| *what == "commit").expect("somebody removed the ghost");
    let words = submits.iter().position(|(house, what)| (*house, *what) == (ANNA, "words")).expect("the words went");
    assert!(commit < words, "{submits:?}");
    for house in [ANNA, CARL] {
        assert_eq!(ghosts(&mut town, house), 0);
        assert_eq!(scene::texts(&mut town, house, TITLE), ["for friends", "and only them"], "in their order");
    }
    town.plan(0, BERT, Deed::AcceptAll);
    town.run_for(60_000).unwrap();
    assert_eq!(scene::texts(&mut town, BERT, TITLE), ["for friends", "and only them"]);
}

#[test]
fn a_server_that_knows_no_chain_does_not_silence_anybody() {
    let (mut town, liar) = founded(41);
    town.plan(0, ANNA, Deed::Say(TITLE.into(), "who is this".into()));
    // It denies Bert to everybody from now on.
    town.tap = Some(Box::new(Denies));
    drop(liar);
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(scene::texts(&mut town, CARL, TITLE), ["who is this"]);
}

/// Knows no account.
struct Denies;

impl Tap for Denies {
    fn down(&mut self, _: usize, mut told: Told) -> Vec<Told> {
        if let Told::Reply(_, Reply::Accounts(Accounts { found, .. })) = &mut told {
            found.iter_mut().for_each(|account| *account = AccountFound::default());
        }
        vec![told]
    }
}
