//! A server that was set back to an older backup gets back what it lost, and loses nobody's words.

use waxseal_core::output::Problem;
use waxseal_core::{Command, Event};
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::chain::Chain;
use waxseal_wire::frame::Door;
use waxseal_wire::reply::Reply;
use waxseal_wire::request::{AccountRef, AnonymousRequest, Lookup};

use super::{is_open, link, said, texts, town};

/// Devices that the server lists for an account.
fn listed(town: &mut Town, account: &str) -> usize {
    let who = vec![AccountRef::Name(super::name(account))];
    match town.ask(AnonymousRequest::Lookup(Lookup { who, key_packages: false, seen: None })).unwrap() {
        Some(Reply::Accounts(accounts)) if !accounts.found[0].chain.is_empty() => {
            Chain::verify(&accounts.found[0].chain).unwrap().devices().len()
        }
        _ => 0,
    }
}

fn problems(town: &Town, house: usize, problem: Problem) -> usize {
    said(town, house, |event| *event == Event::Failed { chat: None, problem })
}

fn signed_out(town: &Town, house: usize) -> bool {
    said(town, house, |event| *event == Event::SignedOut) > 0
}

/// Anna and Bert know each other.
fn two_who_talk(seed: u64) -> Town {
    let mut town = town(seed, &["anna", "bert"]);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(500, 0, Deed::Say("bert".into(), "one".into()));
    town.plan(3_000, 1, Deed::AcceptAll);
    town.run_for(120_000).unwrap();
    town
}

#[test]
fn a_chain_that_the_server_lost_is_given_back_and_grows_again() {
    for seed in 41..44 {
        given_back_and_grown(seed);
    }
}

fn given_back_and_grown(seed: u64) {
    let mut town = two_who_talk(seed);
    let backup = town.server_disk().unwrap();
    let tablet = link(&mut town, 0, "anna/2");
    town.plan(0, 1, Deed::Say("anna".into(), "two".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(texts(&mut town, tablet, "bert"), ["two"]);
    town.server_goes_back(&backup).unwrap();
    assert_eq!(listed(&mut town, "anna"), 1);
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(listed(&mut town, "anna"), 2);
    assert!(!signed_out(&town, tablet));
    let phone = link(&mut town, 0, "anna/3");
    assert_eq!(listed(&mut town, "anna"), 3);
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 1, Deed::Say("anna".into(), "three".into()));
    town.plan(1_000, tablet, Deed::Say("bert".into(), "four".into()));
    town.run_for(10 * 60_000).unwrap();
    for house in [0, 1, tablet, phone] {
        let title = if house == 1 { "anna" } else { "bert" };
        let texts = texts(&mut town, house, title);
        assert!(texts.ends_with(&["three".to_owned(), "four".to_owned()]), "{}: {texts:?}", town.houses[house].name);
    }
    assert_eq!(checks::check(&mut town).unwrap(), []);
}

#[test]
fn an_account_made_after_the_backup_is_claimed_again() {
    let mut town = super::town(42, &["bert"]);
    let backup = town.server_disk().unwrap();
    let anna = town.settle("anna/1", "anna");
    town.plan(10, anna, Deed::Register);
    town.run_for(3_000).unwrap();
    let tablet = link(&mut town, anna, "anna/2");
    town.server_goes_back(&backup).unwrap();
    assert_eq!(listed(&mut town, "anna"), 0);
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(listed(&mut town, "anna"), 2);
    assert!(!signed_out(&town, anna) && !signed_out(&town, tablet));
    // A server shuts the door on whoever does not prove themselves; the next try is let in.
    town.cut(tablet, Door::Device).unwrap();
    town.run_for(60_000).unwrap();
    town.plan(0, 0, Deed::Open("anna".into()));
    town.plan(500, 0, Deed::Say("anna".into(), "still you?".into()));
    town.run_for(60_000).unwrap();
    for house in [anna, tablet] {
        assert_eq!(texts(&mut town, house, "bert"), ["still you?"]);
    }
}

#[test]
fn a_device_that_was_removed_after_the_backup_stays_removed() {
    let mut town = two_who_talk(43);
    let tablet = link(&mut town, 0, "anna/2");
    let backup = town.server_disk().unwrap();
    let device = town.houses[tablet].client().me().unwrap().unwrap().device;
    town.command(0, Command::RemoveDevice(device)).unwrap();
    town.run_for(60_000).unwrap();
    assert!(signed_out(&town, tablet));
    town.server_goes_back(&backup).unwrap();
    assert_eq!(listed(&mut town, "anna"), 2);
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(listed(&mut town, "anna"), 1);
}

#[test]
fn a_device_that_the_server_forgot_waits_for_an_older_one_and_says_so() {
    let mut town = two_who_talk(44);
    let backup = town.server_disk().unwrap();
    let tablet = link(&mut town, 0, "anna/2");
    town.houses[0].gone = true;
    town.server_goes_back(&backup).unwrap();
    town.run_for(5 * 60_000).unwrap();
    assert!(!signed_out(&town, tablet));
    assert!(problems(&town, tablet, Problem::ServerBehind) >= 1);
    assert!(!town.houses[tablet].client().connection().receiving);
    town.houses[0].gone = false;
    town.connect(0, 0);
    town.run_for(60_000).unwrap();
    town.cut(tablet, Door::Device).unwrap();
    town.run_for(60_000).unwrap();
    assert!(town.houses[tablet].client().connection().receiving);
}

#[test]
fn a_history_that_contradicts_ours_is_told_and_not_taken() {
    let mut town = two_who_talk(45);
    let tablet = link(&mut town, 0, "anna/2");
    let backup = town.server_disk().unwrap();
    let device = |town: &mut Town, house: usize| town.houses[house].client().me().unwrap().unwrap().device;
    let (laptop_id, tablet_id) = (device(&mut town, 0), device(&mut town, tablet));
    // The tablet is in other hands, and off the network while it is removed.
    town.unplug(tablet).unwrap();
    town.command(0, Command::RemoveDevice(tablet_id)).unwrap();
    town.run_for(60_000).unwrap();
    town.houses[0].gone = true;
    town.server_goes_back(&backup).unwrap();
    town.connect(tablet, 0);
    town.run_for(3_000).unwrap();
    town.command(tablet, Command::RemoveDevice(laptop_id)).unwrap();
    town.run_for(60_000).unwrap();
    town.houses[0].gone = false;
    town.connect(0, 0);
    town.run_for(60_000).unwrap();
    assert!(problems(&town, 0, Problem::Forked) >= 1);
    assert!(!signed_out(&town, 0), "another's history is no reason to give up ours");
    assert_eq!(town.houses[0].client().devices().unwrap().len(), 1);
}

/// The group's numbers begin again where the backup was: nothing that is said there may be taken for a replay.
#[test]
fn nothing_that_is_said_after_the_server_went_back_is_lost() {
    for seed in 46..66 {
        let mut town = super::town(seed, &["anna", "bert", "carl"]);
        town.plan(0, 0, Deed::Found("bees".into(), vec!["bert".into(), "carl".into()]));
        town.plan(3_000, 1, Deed::AcceptAll);
        town.plan(3_000, 2, Deed::AcceptAll);
        town.run_for(10 * 60_000).unwrap();
        let backup = town.server_disk().unwrap();
        // Carl hears nothing of this, and nobody will tell him.
        town.unplug(2).unwrap();
        for n in 0..3 {
            town.plan(n * 100, 0, Deed::Say("bees".into(), format!("lost with the backup {n}")));
        }
        town.run_for(10_000).unwrap();
        town.server_goes_back(&backup).unwrap();
        town.connect(2, 0);
        town.run_for(2_000).unwrap();
        // His first words get a number that the others have seen.
        town.plan(0, 2, Deed::Say("bees".into(), "from carl".into()));
        town.plan(10_000, 0, Deed::Say("bees".into(), "from anna".into()));
        town.plan(20_000, 1, Deed::Say("bees".into(), "from bert".into()));
        town.run_for(20 * 60_000).unwrap();
        for house in 0..3 {
            let texts = texts(&mut town, house, "bees");
            for word in ["from anna", "from bert", "from carl"] {
                assert_eq!(texts.iter().filter(|text| *text == word).count(), 1, "seed {seed} house {house}: {texts:?}");
            }
            assert!(is_open(&mut town, house, "bees"), "seed {seed} house {house}");
        }
        town.plan(0, 1, Deed::Say("bees".into(), "all well".into()));
        town.run_for(60_000).unwrap();
        for house in 0..3 {
            assert!(texts(&mut town, house, "bees").ends_with(&["all well".to_owned()]), "seed {seed} house {house}");
        }
    }
}
