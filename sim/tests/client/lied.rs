//! What a lying server says is not believed: neither numbers, nor names, nor the order of things.

use std::sync::{Arc, Mutex};

use waxseal_core::view::Line;
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::liar::{Liar, Lie};
use waxseal_sim::plan;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::reply::Reply;

use super::{is_open, texts};

/// Three people in a group, who know each other; whoever runs the server has listened from the beginning.
fn three(seed: u64, lies: &[(Lie, u32)]) -> (Town, Arc<Mutex<Liar>>) {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    let liar = plan::shared(&mut town, Liar::telling(seed, lies, 0).quiet());
    town.move_in(&["anna", "bert", "carl"]);
    town.run_for(3_000).unwrap();
    town.plan(0, 0, Deed::Found("bees".into(), vec!["bert".into(), "carl".into()]));
    town.plan(3_000, 0, Deed::Say("bees".into(), "before".into()));
    for house in 1..3 {
        town.plan(5_000, house, Deed::AcceptAll);
    }
    town.run_for(120_000).unwrap();
    (town, liar)
}

/// A server that gives used numbers to all that it delivers.
#[test]
fn a_commit_under_a_used_number_is_followed_and_what_is_said_after_it_is_heard() {
    for seed in 80..84 {
        let (mut town, liar) = three(seed, &[(Lie::Backdate, 1_000)]);
        liar.lock().unwrap().speak();
        town.plan(0, 0, Deed::Refresh("bees".into()));
        town.plan(5_000, 1, Deed::Say("bees".into(), "first".into()));
        town.plan(10_000, 2, Deed::Refresh("bees".into()));
        town.plan(15_000, 0, Deed::Say("bees".into(), "second".into()));
        town.run_for(60_000).unwrap();
        assert!(liar.lock().unwrap().told().values().sum::<u64>() > 6);
        for house in 0..3 {
            let mut shown = texts(&mut town, house, "bees");
            shown.sort();
            assert_eq!(shown, ["before", "first", "second"], "seed {seed} house {house}");
            assert!(is_open(&mut town, house, "bees"), "seed {seed} house {house}");
        }
        assert_eq!(checks::health(&mut town).unwrap().refounded, 0, "nobody was lost");
    }
}

/// A server that calls everybody mallory.
struct Renames;

impl waxseal_sim::tap::Tap for Renames {
    fn down(&mut self, _: usize, told: Told) -> Vec<Told> {
        let Told::Reply(id, Reply::Accounts(mut accounts)) = told else { return vec![told] };
        accounts.found.iter_mut().for_each(|one| one.name = "mallory".into());
        vec![Told::Reply(id, Reply::Accounts(accounts))]
    }
}

#[test]
fn who_is_known_by_a_name_keeps_it_whatever_the_server_says() {
    let (mut town, _) = three(85, &[]);
    town.tap = Some(Box::new(Renames));
    // New devices make everybody fetch the chains of Anna and Bert.
    for (house, device) in [(0, "anna/2"), (1, "bert/2")] {
        let account = town.houses[house].account.clone();
        let other = town.settle(device, &account);
        town.plan(100, house, Deed::Link(other));
    }
    town.run_for(120_000).unwrap();
    for house in [3, 4] {
        assert!(town.houses[house].client().me().unwrap().is_none(), "nobody is anybody on the word of such a server");
    }
    town.tap = None;
    town.run_for(60_000).unwrap();
    // Whose a new device is, it has from the code that the old one shows.
    for (house, name) in [(3, "anna"), (4, "bert")] {
        assert_eq!(town.houses[house].client().me().unwrap().unwrap().name.as_str(), name);
    }
    town.plan(0, 0, Deed::Say("bees".into(), "still me".into()));
    town.plan(1_000, 1, Deed::Say("bees".into(), "me too".into()));
    town.run_for(60_000).unwrap();
    let chat = town.chat(2, "bees").unwrap();
    let names: Vec<_> = checks::texts(&mut town, 2, chat).unwrap().into_iter().map(|said| said.sender_name).collect();
    assert_eq!(names, ["anna", "anna", "bert"]);
    assert!(town.traffic.requests["lookup"] > 6, "{:?}", town.traffic);
}

/// A server that leaves the newest record of every account away, for all but the first house.
struct Cuts;

impl waxseal_sim::tap::Tap for Cuts {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        let Told::Reply(id, Reply::Accounts(mut accounts)) = told else { return vec![told] };
        let others = [1, 2].contains(&house);
        accounts.found.iter_mut().filter(|_| others).for_each(|one| drop(one.chain.pop()));
        vec![Told::Reply(id, Reply::Accounts(accounts))]
    }
}

#[test]
fn a_true_device_is_no_ghost_however_often_the_server_leaves_it_out_of_its_chain() {
    let (mut town, _) = three(87, &[]);
    town.tap = Some(Box::new(Cuts));
    let other = town.settle("anna/2", "anna");
    town.plan(100, 0, Deed::Link(other));
    town.plan(60_000, other, Deed::Say("bees".into(), "from my other one".into()));
    town.run_for(600_000).unwrap();
    for house in [1, 2] {
        assert_eq!(texts(&mut town, house, "bees"), ["before"], "it is not shown before it is proven to be hers");
        assert!(town.houses[house].client().directory().unwrap().is_some_and(|directory| directory.evidence > 0));
    }
    town.tap = None;
    town.run_for(1_200_000).unwrap();
    for house in 0..4 {
        assert!(texts(&mut town, house, "bees").ends_with(&["from my other one".into()]), "house {house}");
        assert!(is_open(&mut town, house, "bees"), "house {house}");
    }
    assert_eq!(checks::health(&mut town).unwrap().refounded, 0, "nobody was lost");
}

#[test]
fn words_that_come_while_a_group_is_broken_are_shown_as_missing() {
    let (mut town, _) = three(86, &[]);
    let liar = plan::shared(&mut town, Liar::telling(86, &[(Lie::Damage, 1_000)], 0).only(1).quiet());
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(500, 0, Deed::Say("bert".into(), "one".into()));
    town.plan(5_000, 1, Deed::AcceptAll);
    town.run_for(120_000).unwrap();
    // Bert's copy of a Commit does not open; he cannot help himself before Anna has said something.
    liar.lock().unwrap().speak();
    town.plan(0, 0, Deed::Refresh("bert".into()));
    town.run_for(300).unwrap();
    town.tap = None;
    town.shut(&[1], &[Door::Anonymous], 20_000).unwrap();
    town.plan(500, 0, Deed::Say("bert".into(), "two".into()));
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(texts(&mut town, 0, "bert"), ["one", "two"]);
    let chat = town.chat(1, "anna").unwrap();
    let all = town.houses[1].client().messages(chat, None, 100).unwrap();
    let is_there = all.iter().any(|message| message.line == Line::Gap || message.line == Line::Text("two".into()));
    assert!(is_there, "{all:?}");
    assert!(is_open(&mut town, 1, "anna"));
}
