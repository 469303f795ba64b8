//! Two people and their server at two moments, lived once and copied for each input.
//!
//! Called by `hostile`, `stored` and `roles`.

use std::sync::{Arc, Mutex, PoisonError};

use waxseal_core::Client;
use waxseal_server::store::sqlite::{Snapshot, SqliteStore};
use waxseal_sim::deeds::Deed;
use waxseal_sim::house::House;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::{Told, encode_push, encode_reply, encode_request};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::request::Request;

use crate::rows::Rows;

pub(crate) const PEOPLE: [&str; 2] = ["anna", "bert"];
pub(crate) const TITLE: &str = "bees";

/// Everything at one moment.
pub(crate) struct Scene {
    pub(crate) clients: Vec<Rows>,
    pub(crate) server: Snapshot,
    pub(crate) now: Millis,
    /// What passed between them up to now, up and down.
    pub(crate) asked: Vec<Vec<u8>>,
    pub(crate) told: Vec<Vec<u8>>,
}

thread_local! {
    static STRANGERS: Scene = strangers();
    static FRIENDS: Scene = friends();
}

/// Does something with Anna and Bert: registered and no more, or in a chat of two and a group, with things said.
pub(crate) fn with<T>(are_friends: bool, act: impl FnOnce(&Scene) -> T) -> T {
    if are_friends { FRIENDS.with(act) } else { STRANGERS.with(act) }
}

impl Scene {
    /// The town as it was, with everybody about to connect.
    pub(crate) fn town(&self, seed: u64) -> Town {
        let server = SqliteStore::from_snapshot(&self.server).expect("a copy of the server");
        let mut town = Town::with_store(seed, Weather::CALM, server);
        town.now = self.now;
        for (name, rows) in PEOPLE.iter().zip(&self.clients) {
            let store = rows.to_store().expect("a copy of a client");
            let client = Some(Client::open(store).expect("a client"));
            town.houses.push(House { client, ..House::new(&format!("{name}/1"), name) });
            town.connect(town.houses.len() - 1, 0);
        }
        town
    }

    fn of(town: &mut Town, heard: &Mutex<Heard>) -> Self {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            clients: town.houses.iter_mut().map(|house| Rows::of(house.client().store_mut())).collect(),
            server: town.server_disk().expect("the server's disk"),
            now: town.now,
            asked: std::mem::take(&mut heard.asked),
            told: std::mem::take(&mut heard.told),
        }
    }
}

#[derive(Default)]
struct Heard {
    asked: Vec<Vec<u8>>,
    told: Vec<Vec<u8>>,
}

impl Tap for Heard {
    fn up(&mut self, _: usize, request: &mut Request) {
        self.asked.push(encode_request(RequestId(1), request));
    }

    fn down(&mut self, _: usize, told: Told) -> Vec<Told> {
        self.told.push(match &told {
            Told::Reply(id, reply) => encode_reply(*id, reply),
            Told::Push(push) => encode_push(push),
        });
        vec![told]
    }
}

fn strangers() -> Scene {
    let (mut town, heard) = registered();
    Scene::of(&mut town, &heard)
}

fn registered() -> (Town, Arc<Mutex<Heard>>) {
    let mut town = Town::new(1, Weather::CALM).expect("a town");
    let heard = Arc::new(Mutex::new(Heard::default()));
    town.tap = Some(Box::new(heard.clone()));
    for name in PEOPLE {
        let house = town.settle(&format!("{name}/1"), name);
        town.plan(10, house, Deed::Register);
    }
    town.run_for(3_000).expect("they register");
    (town, heard)
}

fn friends() -> Scene {
    let (mut town, heard) = registered();
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(1_000, 0, Deed::Say("bert".into(), "anna was here".into()));
    town.plan(3_000, 1, Deed::AcceptAll);
    town.plan(4_000, 1, Deed::Say("anna".into(), "bert was here".into()));
    town.plan(6_000, 0, Deed::Found(TITLE.into(), vec!["bert".into()]));
    town.plan(9_000, 1, Deed::AcceptAll);
    town.plan(10_000, 1, Deed::Say(TITLE.into(), "bert is in".into()));
    town.run_for(60 * 60_000).expect("they meet");
    for house in 0..2 {
        assert!(town.chat(house, TITLE).is_some(), "both are in the group");
    }
    Scene::of(&mut town, &heard)
}
