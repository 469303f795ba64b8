//! Clocks that go back take nothing with them.

use waxseal_core::view::MessageState;
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_sim::trouble::Trouble;

use super::{DAY, texts, town};

const YEAR: i64 = 365 * DAY.cast_signed();

#[test]
fn what_was_due_by_a_clock_that_ran_ahead_is_done_when_it_is_set() {
    let mut town = town(71, &["anna", "bert"]);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(500, 0, Deed::Say("bert".into(), "one".into()));
    town.plan(3_000, 1, Deed::AcceptAll);
    town.run_for(120_000).unwrap();
    // Bert's clock shows a later year while he hears from Anna, and is right before his receipt leaves.
    town.trouble(0, Trouble::Clock(1, 3 * YEAR));
    town.run_for(90_000).unwrap();
    town.plan(0, 0, Deed::Say("bert".into(), "two".into()));
    town.run_for(500).unwrap();
    assert_eq!(texts(&mut town, 1, "anna"), ["one", "two"]);
    town.trouble(0, Trouble::Clock(1, 0));
    town.run_for(10 * 60_000).unwrap();
    let chat = town.chat(0, "bert").unwrap();
    let last = checks::texts(&mut town, 0, chat).unwrap().pop().unwrap();
    assert_eq!((checks::words(&last), last.state), ("two", MessageState::Delivered));
    assert_eq!(checks::check(&mut town).unwrap(), []);
}

fn bert_can_be_added(town: &mut Town) {
    town.plan(0, 0, Deed::Found("bees".into(), vec!["bert".into()]));
    town.plan(5_000, 1, Deed::AcceptAll);
    town.plan(6_000, 0, Deed::Say("bees".into(), "you are in".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(texts(town, 1, "bees"), ["you are in"]);
}

#[test]
fn who_had_a_wrong_clock_can_be_added_as_soon_as_it_is_set() {
    let mut town = town(72, &["anna", "bert"]);
    town.trouble(0, Trouble::Clock(1, 5 * YEAR));
    // By his clock it is time for new KeyPackages, and they are made in that year.
    town.run_for(5 * 60_000).unwrap();
    town.trouble(0, Trouble::Clock(1, 0));
    town.run_for(2 * 60_000).unwrap();
    bert_can_be_added(&mut town);
}

#[test]
fn key_packages_that_were_on_their_way_when_a_clock_was_set_are_made_anew() {
    let mut town = town(73, &["anna", "bert"]);
    town.weather.delay = (3_000, 3_000);
    town.trouble(0, Trouble::Clock(1, 5 * YEAR));
    let sent = |town: &Town| town.traffic.requests["publish keys"];
    let before = sent(&town);
    for _ in 0..2_400 {
        if sent(&town) > before {
            break;
        }
        town.run_for(500).unwrap();
    }
    assert!(sent(&town) > before, "by his clock it is time for new ones");
    // The server has not answered yet.
    town.trouble(0, Trouble::Clock(1, 0));
    town.run_for(60_000).unwrap();
    town.weather.delay = (1, 20);
    town.run_for(2 * 60_000).unwrap();
    bert_can_be_added(&mut town);
}

#[test]
fn a_server_whose_clock_ran_ahead_is_believed_again_when_it_is_set() {
    let mut town = town(76, &["anna", "bert"]);
    town.trouble(0, Trouble::ServerClock(3 * YEAR));
    // What the directory says of this one is of that year.
    town.settle("carl/1", "carl");
    town.plan(10, 2, Deed::Register);
    town.run_for(60_000).unwrap();
    town.trouble(0, Trouble::ServerClock(0));
    town.plan(1_000, 0, Deed::Found("bees".into(), vec!["bert".into(), "carl".into()]));
    town.plan(30_000, 0, Deed::Say("bees".into(), "you are in".into()));
    town.run_for(5 * 60_000).unwrap();
    for other in [1, 2] {
        assert_eq!(texts(&mut town, other, "bees"), ["you are in"]);
    }
}
