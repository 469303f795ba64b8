//! What comes right again when a server has lied, story by story; whole towns of lies are in `storm.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use waxseal_core::view::ChatState;
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Broken, Town};
use waxseal_wire::frame::Told;
use waxseal_wire::id::RequestId;
use waxseal_wire::reply::{Push, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Request};

const NAMES: [&str; 4] = ["anna", "bert", "carl", "dora"];

/// What is pushed to the last house never comes, and nobody says so.
struct Swallows;

impl Tap for Swallows {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        if house == 3 && matches!(told, Told::Push(Push::Entries(_))) { Vec::new() } else { vec![told] }
    }
}

fn swallow(town: &mut Town, begin: u64, end: u64) {
    town.plant(begin, |town| {
        town.tap = Some(Box::new(Swallows));
        Ok(())
    });
    town.plant(end, |town| {
        town.tap = None;
        Ok::<_, Broken>(())
    });
}

/// The first questions for a tree are answered with a lie: it is not there.
struct Denies(u32);

impl Tap for Denies {
    fn instead(&mut self, _house: usize, _id: RequestId, request: &Request) -> Option<Reply> {
        let asks = matches!(request, Request::Anonymous(AnonymousRequest::FetchBlob(_)));
        if !asks || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(Reply::Refused(Refusal::Unknown))
    }
}

#[test]
fn who_is_invited_comes_in_though_the_server_denied_the_tree_at_first() {
    let mut town = Town::of_people(5, &NAMES).unwrap();
    town.run_for(2_000).unwrap();
    let denies = waxseal_sim::plan::shared(&mut town, Denies(3));
    town.plan(0, 0, Deed::Found("bees".into(), NAMES.iter().map(|name| (*name).to_owned()).collect()));
    town.run_for(60_000).unwrap();
    assert_eq!(denies.lock().unwrap().0, 0, "it was denied");
    for house in 1..4 {
        assert!(town.chat(house, "bees").is_some(), "house {house} was told of the chat");
    }
}

#[test]
fn who_was_added_again_and_never_heard_of_it_is_added_once_more() {
    for seed in 0..3 {
        let mut town = Town::of_people(seed, &NAMES).unwrap();
        town.run_for(2_000).unwrap();
        town.plan(0, 0, Deed::Found("bees".into(), NAMES.iter().map(|name| (*name).to_owned()).collect()));
        for house in 1..4 {
            town.plan(5_000, house, Deed::AcceptAll);
        }
        // Keys are renewed after joining; then it is quiet.
        town.run_for(5 * 60_000).unwrap();
        // Dora misses a Commit, sees that she is lost, asks, and misses the Welcome too.
        town.plan(1_000, 2, Deed::Refresh("bees".into()));
        town.plan(6_000, 1, Deed::Say("bees".into(), "who is there?".into()));
        swallow(&mut town, 0, 5_000);
        swallow(&mut town, 7_000, 40_000);
        town.run_for(15 * 60_000).unwrap();
        let readded = checks::health(&mut town).unwrap().readded;
        assert!(readded > 0, "seed {seed}: she comes back");
        town.plan(0, 1, Deed::Say("bees".into(), "welcome back".into()));
        town.run_for(10_000).unwrap();
        let chat = town.chat(3, "bees").unwrap();
        assert_eq!(town.houses[3].client().chat(chat).unwrap().unwrap().state, ChatState::Open, "seed {seed}");
        let texts = checks::texts(&mut town, 3, chat).unwrap();
        assert_eq!(checks::words(texts.last().unwrap()), "welcome back", "seed {seed}");
    }
}
