//! SECURITY.md, "runs the server and lies": shows nobody another directory than the others unnoticed.
//!
//! The server keeps two logs under one key: what Bert asks of people is answered out of the second. Neither log
//! contradicts itself, so no answer shows it. Bert and Anna talk to each other, and their words carry what they saw.

use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::evidence::{Crime, Verdict, check};
use waxseal_server::policy::Policy;
use waxseal_server::roles::Roles;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather, log_of};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

use crate::scene;

const TITLE: &str = "bees";
const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const DORA: usize = 3;
const HOUR: u64 = 60 * 60 * 1000;

/// Answers Bert's questions about people out of a directory of its own, to which only some are added.
pub(crate) struct Fork {
    second: Roles<SqliteStore>,
    now: Millis,
    /// Who registers in the second log alone.
    only_there: Vec<usize>,
}

impl Fork {
    pub(crate) fn of(town: &mut Town, only_there: &[usize]) -> Arc<Mutex<Self>> {
        let store = SqliteStore::from_snapshot(&town.server_disk().unwrap()).unwrap();
        let second = Roles::new(store, Policy::unlimited(), log_of(1));
        let fork = Arc::new(Mutex::new(Self { second, now: town.now, only_there: only_there.to_vec() }));
        town.tap = Some(Box::new(Arc::clone(&fork)));
        fork
    }

    fn ask(&mut self, request: AnonymousRequest) -> Option<Reply> {
        while self.second.publish(self.now).unwrap() {}
        let outcome = self.second.anonymous(self.now, &mut ChaCha20Rng::seed_from_u64(3), request);
        while self.second.publish(self.now).unwrap() {}
        outcome.reply
    }
}

impl Tap for Fork {
    fn instead(&mut self, house: usize, _: RequestId, request: &Request) -> Option<Reply> {
        match request {
            Request::Anonymous(AnonymousRequest::Register(_)) if !self.only_there.contains(&house) => None,
            Request::Anonymous(request @ AnonymousRequest::Register(_)) => self.ask(request.clone()),
            Request::Anonymous(request @ (AnonymousRequest::Lookup(_) | AnonymousRequest::Relate(_))) if house == BERT => {
                self.ask(request.clone())
            }
            Request::Device(DeviceRequest::Watch(_)) if house == BERT => Some(Reply::Refused(Refusal::Internal)),
            _ => None,
        }
    }
}

/// Anna and Bert share a group in a town with one log; then Bert is shown another one.
fn two_logs(seed: u64, only_there: &[usize]) -> (Town, Arc<Mutex<Fork>>) {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    scene::group(&mut town, TITLE);
    scene::say(&mut town, ANNA, TITLE, "before");
    let fork = Fork::of(&mut town, only_there);
    (town, fork)
}

/// Time passes, in which heads are signed anew.
fn an_hour_passes(town: &mut Town, fork: &Arc<Mutex<Fork>>) {
    town.run_for(HOUR + 60_000).unwrap();
    fork.lock().unwrap().now = town.now;
}

/// Somebody new comes, of whom the log speaks that registration goes to.
fn comes(town: &mut Town, name: &str) {
    let house = town.settle(&format!("{name}/1"), name);
    town.plan(10, house, Deed::Register);
    town.run_for(10_000).unwrap();
}

fn looks_up(town: &mut Town, house: usize, name: &str) {
    town.plan(0, house, Deed::Open(name.into()));
    town.plan(100, house, Deed::Say(name.into(), "hello".into()));
    town.run_for(60_000).unwrap();
}

/// What a house can show to anybody.
pub(crate) fn proven(town: &mut Town, house: usize) -> Vec<Crime> {
    let kept = town.houses[house].client().evidence().unwrap();
    let crime = |bytes: &[u8]| match check(bytes) {
        Verdict::Proven(_, crime) => Some(crime),
        Verdict::DoesNotProve(_) => None,
    };
    kept.iter().filter_map(|one| crime(&one.bytes)).collect()
}

#[test]
fn two_logs_of_one_size_are_found_out_by_the_first_words_and_proven() {
    let (mut town, fork) = two_logs(201, &[DORA]);
    comes(&mut town, "carl");
    an_hour_passes(&mut town, &fork);
    comes(&mut town, "dora");
    looks_up(&mut town, ANNA, "carl");
    looks_up(&mut town, BERT, "dora");
    for house in [ANNA, BERT] {
        assert!(!scene::was_told_of_lies(&mut town, house), "each log alone is without fault");
    }
    scene::say(&mut town, ANNA, TITLE, "have you met carl?");
    assert!(scene::was_told_of_lies(&mut town, BERT));
    assert_eq!(proven(&mut town, BERT), [Crime::Split]);
    scene::say(&mut town, BERT, TITLE, "who is carl?");
    assert!(scene::was_told_of_lies(&mut town, ANNA));
    assert_eq!(proven(&mut town, ANNA), [Crime::Split]);
    let epochs = town.houses[ANNA].client().directory().unwrap().unwrap().epochs;
    println!("two logs of {epochs} epochs, one apart: caught in 1 epoch, by whoever heard the first word of the other");
    assert_eq!(scene::texts(&mut town, BERT, TITLE), ["before", "have you met carl?", "who is carl?"], "no word is lost");
}

#[test]
fn two_logs_of_different_sizes_are_found_out_by_a_proof_that_cannot_be_given() {
    let (mut town, fork) = two_logs(202, &[CARL, DORA]);
    comes(&mut town, "carl");
    an_hour_passes(&mut town, &fork);
    comes(&mut town, "dora");
    comes(&mut town, "emil");
    looks_up(&mut town, ANNA, "emil");
    looks_up(&mut town, BERT, "dora");
    scene::say(&mut town, ANNA, TITLE, "have you met emil?");
    assert!(scene::was_told_of_lies(&mut town, BERT), "his log does not go on from hers");
    assert!(scene::evidence(&mut town, BERT) > 0);
}

#[test]
fn a_log_that_stands_still_for_one_person_is_found_out_and_proven() {
    let (mut town, fork) = two_logs(203, &[]);
    comes(&mut town, "carl");
    an_hour_passes(&mut town, &fork);
    looks_up(&mut town, ANNA, "carl");
    an_hour_passes(&mut town, &fork);
    // What he is shown is signed anew, and nothing is new in it.
    looks_up(&mut town, BERT, "carl");
    assert!(!scene::was_told_of_lies(&mut town, BERT));
    scene::say(&mut town, ANNA, TITLE, "have you met carl?");
    town.run_for(HOUR).unwrap();
    assert!(scene::was_told_of_lies(&mut town, BERT));
    assert_eq!(proven(&mut town, BERT), [Crime::RolledBack]);
}

#[test]
fn with_one_log_nobody_is_alarmed() {
    let mut town = Town::new(204, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    scene::group(&mut town, TITLE);
    for n in 0..5 {
        let name = ["carl", "dora", "emil", "finn", "gina"][n];
        comes(&mut town, name);
        town.run_for(HOUR + 60_000).unwrap();
        looks_up(&mut town, n % 2, name);
        // Who speaks has seen less than who hears it.
        scene::say(&mut town, (n + 1) % 2, TITLE, &format!("word {n}"));
    }
    assert!(town.traffic.requests["relate"] > 0, "they held what they saw against each other: {:?}", town.traffic.requests);
    for house in 0..town.houses.len() {
        assert!(!scene::was_told_of_lies(&mut town, house));
        assert_eq!(scene::evidence(&mut town, house), 0);
    }
}
