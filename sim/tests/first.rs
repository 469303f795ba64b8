//! The first things that must work, in calm weather.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use waxseal_core::Command;
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::name::AccountName;

fn town(names: &[&str]) -> Town {
    let mut town = Town::of_people(1, names).unwrap();
    town.run_for(2_000).unwrap();
    town
}

fn lines(town: &mut Town, house: usize, title: &str) -> Vec<String> {
    let Some(chat) = town.chat(house, title) else { panic!("no chat {title}: {:?}", town.houses[house].told) };
    checks::texts(town, house, chat).unwrap().iter().map(|m| checks::words(m).to_owned()).collect()
}

#[test]
fn two_people_register_find_each_other_and_talk() {
    let mut town = town(&["anna", "bert"]);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(500, 0, Deed::Say("bert".into(), "Hello Bert".into()));
    town.run_for(3_000).unwrap();
    assert_eq!(lines(&mut town, 1, "anna"), ["Hello Bert"]);
    town.plan(0, 1, Deed::AcceptAll);
    town.plan(10, 1, Deed::Say("anna".into(), "Hello Anna".into()));
    town.run_for(120_000).unwrap();
    assert_eq!(lines(&mut town, 0, "bert"), ["Hello Bert", "Hello Anna"]);
    assert_eq!(lines(&mut town, 1, "anna"), ["Hello Bert", "Hello Anna"]);
    assert_eq!(checks::check(&mut town).unwrap(), []);
    println!("{:?}", town.traffic);
    println!("{:?}", checks::health(&mut town).unwrap());
}

#[test]
fn a_group_of_five_adds_removes_renames_and_leaves() {
    let mut town = town(&["anna", "bert", "carl", "dora", "emil"]);
    town.plan(0, 0, Deed::Found("bees".into(), vec!["bert".into(), "carl".into(), "dora".into()]));
    town.plan(10, 0, Deed::Say("bees".into(), "one".into()));
    town.run_for(5_000).unwrap();
    for house in 1..4 {
        town.plan(0, house, Deed::AcceptAll);
        town.plan(100, house, Deed::Say("bees".into(), format!("from {house}")));
    }
    town.plan(300, 0, Deed::Add("bees".into(), vec!["emil".into()]));
    town.plan(301, 2, Deed::Refresh("bees".into()));
    town.plan(3_000, 4, Deed::AcceptAll);
    town.plan(3_100, 4, Deed::Say("bees".into(), "here I am".into()));
    town.plan(6_000, 0, Deed::Remove("bees".into(), "dora".into()));
    town.plan(9_000, 1, Deed::Leave("bees".into()));
    town.plan(60_000, 0, Deed::Rename("bees".into(), "wasps".into()));
    town.plan(70_000, 4, Deed::Say("wasps".into(), "last".into()));
    town.run_for(300_000).unwrap();
    assert_eq!(checks::check(&mut town).unwrap(), []);
    let all = lines(&mut town, 0, "wasps");
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(lines(&mut town, 2, "wasps"), all);
    assert!(lines(&mut town, 4, "wasps").ends_with(&["last".to_owned()]));
    assert!(!lines(&mut town, 3, "bees").contains(&"last".to_owned()));
    let wasps = town.chat(0, "wasps").unwrap();
    assert_eq!(town.houses[0].client().members(wasps).unwrap().len(), 3);
    println!("{:?}", town.traffic);
}

/// DESIGN's budget: a first message costs two requests; in a known chat one request, one push, one ack.
#[test]
fn round_trips_keep_to_the_budget() {
    let mut town = town(&["anna", "bert"]);
    let count =
        |town: &Town, kinds: &[&str]| kinds.iter().map(|kind| town.traffic.requests.get(kind).copied().unwrap_or(0)).sum::<u64>();
    let sends = ["lookup", "found", "message", "commit", "put blob", "fetch blob"];
    let before = count(&town, &sends);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(300, 0, Deed::Say("bert".into(), "one".into()));
    town.run_for(1_500).unwrap();
    assert_eq!(lines(&mut town, 1, "anna"), ["one"]);
    // Anna's two, and Bert's look at who she is.
    assert_eq!(count(&town, &sends) - before, 3, "{:?}", town.traffic);
    town.plan(0, 1, Deed::AcceptAll);
    town.run_for(200_000).unwrap();
    let (sends_before, pushes, acks) = (count(&town, &sends), town.traffic.pushes, count(&town, &["ack"]));
    town.plan(0, 0, Deed::Say("bert".into(), "two".into()));
    town.run_for(1_000).unwrap();
    assert_eq!(lines(&mut town, 1, "anna"), ["one", "two"]);
    assert_eq!(count(&town, &sends) - sends_before, 1);
    assert_eq!((town.traffic.pushes - pushes, count(&town, &["ack"]) - acks), (1, 1));
}

#[test]
fn who_is_blocked_is_not_heard_and_is_told_nothing() {
    let mut town = town(&["anna", "bert"]);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(300, 0, Deed::Say("bert".into(), "one".into()));
    town.run_for(3_000).unwrap();
    town.plan(0, 1, Deed::AcceptAll);
    town.run_for(30_000).unwrap();
    let anna = AccountName::parse("anna").unwrap();
    let account = town.houses[1].client().account_by_name(&anna).unwrap().unwrap();
    town.command(1, Command::Block(account)).unwrap();
    town.plan(0, 0, Deed::Say("bert".into(), "two".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(lines(&mut town, 1, "anna"), ["one"]);
    assert_eq!(lines(&mut town, 0, "bert"), ["one", "two"]);
    // Nor is a new chat of theirs let in.
    town.plan(0, 0, Deed::Found("trap".into(), vec!["bert".into()]));
    town.run_for(60_000).unwrap();
    assert_eq!(town.chat(1, "trap"), None);
    // Taken back, the two talk again when either writes.
    town.command(1, Command::Unblock(account)).unwrap();
    town.command(1, Command::OpenDirect(anna)).unwrap();
    town.run_for(2_000).unwrap();
    town.plan(0, 1, Deed::Say("anna".into(), "three".into()));
    town.run_for(60_000).unwrap();
    assert!(lines(&mut town, 0, "bert").contains(&"three".to_owned()), "{:?}", town.houses[0].told);
    assert_eq!(lines(&mut town, 1, "anna"), ["one", "three"]);
}
