//! SECURITY.md, "Not promised" and decision 0022: a profile that is put back from a copy.
//!
//! Its ratchets are behind those that the other copy moved on. It must find out
//! before it seals a word: keys that are used twice protect neither message.

use waxseal_core::output::Problem;
use waxseal_core::view::{ChatState, Line};
use waxseal_core::{Client, Event};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;

use crate::scene::{self, Disk};

const TITLE: &str = "bees";

/// Anna's disk is copied, then all go on.
fn copied(seed: u64) -> (Town, Vec<Disk>, Disk) {
    let (mut town, disks) = scene::people_with_disks(seed, &["anna", "bert", "carl"]);
    scene::group(&mut town, TITLE);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(100, 0, Deed::Say("bert".into(), "hello".into()));
    town.run_for(5_000).unwrap();
    town.plan(0, 1, Deed::AcceptAll);
    town.run_for(60 * 60_000).unwrap();
    let copy = disks[0].copy();
    (town, disks, copy)
}

/// Anna goes on from the copy, with words that she writes before it is connected.
fn goes_on(town: &mut Town, copy: &Disk, words: &[(&str, &str)]) {
    town.unplug(0).unwrap();
    town.run_for(1_000).unwrap();
    town.houses[0].client = Some(Client::open(copy.store()).unwrap());
    for (title, words) in words {
        town.plan(0, 0, Deed::Say((*title).into(), (*words).into()));
    }
    town.run_for(1_000).unwrap();
    town.connect(0, 10);
    town.run_for(10 * 60_000).unwrap();
}

fn was_told(town: &Town) -> usize {
    let told = town.houses[0].told.iter();
    told.filter(|event| matches!(event, Event::Failed { problem: Problem::Copied, .. })).count()
}

#[test]
fn a_copy_that_is_behind_takes_new_keys_before_it_says_a_word() {
    let (mut town, _disks, copy) = copied(51);
    for (house, title, words) in [(0, TITLE, "one"), (0, TITLE, "two"), (1, TITLE, "three"), (0, "bert", "four")] {
        scene::say(&mut town, house, title, words);
    }
    goes_on(&mut town, &copy, &[(TITLE, "five"), ("bert", "six")]);
    assert_eq!(was_told(&town), 1);
    assert_eq!(scene::state(&mut town, 0, TITLE), ChatState::Open);
    for house in [1, 2] {
        let lines = scene::lines(&mut town, house, TITLE);
        assert!(lines.iter().all(|line| line.line != Line::Gap), "nothing was sealed with old keys");
        assert_eq!(scene::texts(&mut town, house, TITLE), ["one", "two", "three", "five"]);
    }
    assert_eq!(scene::texts(&mut town, 1, "anna"), ["hello", "four", "six"]);
    assert!(scene::lines(&mut town, 0, TITLE).iter().any(|line| line.line == Line::Gap), "the hole is shown");
    // It goes on as before.
    scene::say(&mut town, 2, TITLE, "seven");
    scene::say(&mut town, 0, TITLE, "eight");
    for house in 0..3 {
        assert!(scene::texts(&mut town, house, TITLE).ends_with(&["five".into(), "seven".into(), "eight".into()]));
    }
    assert_eq!(was_told(&town), 1, "once");
}

#[test]
fn a_copy_of_the_present_goes_on_as_if_nothing_had_been() {
    let (mut town, _disks, copy) = copied(52);
    goes_on(&mut town, &copy, &[(TITLE, "one")]);
    assert_eq!(was_told(&town), 0);
    for house in 0..3 {
        assert_eq!(scene::texts(&mut town, house, TITLE), ["one"]);
    }
}

#[test]
fn a_copy_that_missed_only_its_own_words_is_found_out() {
    let (mut town, _disks, copy) = copied(53);
    // Nobody is there to answer, so that nothing comes to the mailbox.
    for house in [1, 2] {
        town.unplug(house).unwrap();
    }
    town.unplug(0).unwrap();
    town.run_for(1_000).unwrap();
    town.connect(0, 10);
    town.run_for(1_000).unwrap();
    scene::say(&mut town, 0, TITLE, "one");
    goes_on(&mut town, &copy, &[(TITLE, "two")]);
    assert_eq!(was_told(&town), 1);
    for house in [1, 2] {
        town.connect(house, 10);
    }
    town.run_for(10 * 60_000).unwrap();
    for house in [1, 2] {
        assert_eq!(scene::texts(&mut town, house, TITLE), ["one", "two"]);
        assert!(
            scene::lines(&mut town, house, TITLE).iter().all(|line| line.line != Line::Gap),
            "nothing was sealed with old keys"
        );
    }
}
