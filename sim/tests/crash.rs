//! The process dies at every persist of a story, once before it and once after it: nothing is lost, nothing is doubled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Town, Weather};

/// Two people meet and talk; a third joins them in a group. A deed that died with its process is done again.
fn story(crash: Option<(usize, u64, bool)>) -> Town {
    let mut town = Town::new(5, Weather::CALM).unwrap();
    for name in ["anna", "bert", "carl"] {
        let house = town.settle(&format!("{name}/1"), name);
        town.plan(10, house, Deed::Register);
        town.plan(4_000, house, Deed::Register);
    }
    if let Some((house, nth, after)) = crash {
        town.houses[house].plan_crash(nth, after);
    }
    town.run_for(10_000).unwrap();
    let mut act = |deed: &dyn Fn(&mut Town)| {
        deed(&mut town);
        town.run_for(15_000).unwrap();
    };
    act(&|town| town.plan(0, 0, Deed::Open("bert".into())));
    act(&|town| town.plan(0, 0, Deed::Open("bert".into())));
    act(&|town| say_once(town, 0, "bert", "one"));
    act(&|town| say_once(town, 0, "bert", "one"));
    act(&|town| town.plan(0, 1, Deed::AcceptAll));
    act(&|town| say_once(town, 1, "anna", "two"));
    act(&|town| say_once(town, 1, "anna", "two"));
    act(&|town| found_once(town, 1, "bees", &["anna", "carl"]));
    act(&|town| found_once(town, 1, "bees", &["anna", "carl"]));
    act(&|town| town.plan(0, 2, Deed::AcceptAll));
    act(&|town| say_once(town, 2, "bees", "three"));
    act(&|town| say_once(town, 2, "bees", "three"));
    act(&|town| town.plan(0, 0, Deed::Refresh("bees".into())));
    act(&|town| say_once(town, 0, "bees", "four"));
    act(&|town| say_once(town, 0, "bees", "four"));
    town.run_for(200_000).unwrap();
    town
}

/// What a person does who sees that it was not written down the first time.
fn say_once(town: &mut Town, house: usize, title: &str, text: &str) {
    let Some(chat) = town.chat(house, title) else { return };
    if !checks::texts(town, house, chat).unwrap().iter().any(|message| checks::words(message) == text) {
        town.plan(0, house, Deed::Say(title.into(), text.into()));
    }
}

fn found_once(town: &mut Town, house: usize, title: &str, members: &[&str]) {
    if town.chat(house, title).is_none() {
        town.plan(0, house, Deed::Found(title.into(), members.iter().map(|name| (*name).to_owned()).collect()));
    }
}

fn shown(town: &mut Town, house: usize, title: &str) -> Vec<String> {
    let Some(chat) = town.chat(house, title) else { return Vec::new() };
    checks::texts(town, house, chat).unwrap().iter().map(|m| checks::words(m).to_owned()).collect()
}

fn judge(town: &mut Town, what: &str) {
    assert_eq!(checks::check(town).unwrap(), [], "{what}");
    for (house, title, lines) in [
        (0, "bert", ["one", "two"]),
        (1, "anna", ["one", "two"]),
        (0, "bees", ["three", "four"]),
        (1, "bees", ["three", "four"]),
        (2, "bees", ["three", "four"]),
    ] {
        assert_eq!(shown(town, house, title), lines, "{what}: house {house} in {title}");
    }
    assert_eq!(checks::health(town).unwrap().undecryptable, 0, "{what}");
}

fn dies_at_every_persist_of(house: usize) {
    let mut calm = story(None);
    judge(&mut calm, "nobody dies");
    let persists = calm.houses[house].client().store_mut().persists();
    assert!(persists > 20, "the story persists {persists} times");
    for nth in 1..=persists {
        for after in [false, true] {
            let mut town = story(Some((house, nth, after)));
            assert_eq!(town.houses[house].restarts, 1, "the {nth}th persist is reached");
            judge(&mut town, &format!("house {house} dies {} persist {nth}", if after { "after" } else { "before" }));
        }
    }
}

#[test]
fn who_begins_may_die_at_every_persist() {
    dies_at_every_persist_of(0);
}

#[test]
fn who_founds_a_group_may_die_at_every_persist() {
    dies_at_every_persist_of(1);
}

#[test]
fn who_joins_may_die_at_every_persist() {
    dies_at_every_persist_of(2);
}
