//! What is broken heals without a person, and is shown, never hidden.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use waxseal_core::view::{ChatState, Line};
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::Town;
use waxseal_wire::frame::Door;
use waxseal_wire::request::{AnonymousRequest, Request};

const NAMES: [&str; 4] = ["anna", "bert", "carl", "dora"];

fn group_of_four(seed: u64) -> Town {
    let mut town = Town::of_a_group(seed, &NAMES, "bees").unwrap();
    town.run_for(10_000).unwrap();
    town
}

/// Anna and Bert, who have a chat of two.
fn two_who_talk(seed: u64) -> Town {
    let mut town = Town::of_people(seed, &["anna", "bert"]).unwrap();
    town.run_for(2_000).unwrap();
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(3_000, 0, Deed::Say("bert".into(), "hello".into()));
    town.plan(5_000, 1, Deed::AcceptAll);
    town.run_for(10_000).unwrap();
    town
}

/// Lets time pass until the server has taken these words; its answer is on its way.
fn until_taken(town: &mut Town, text: &str) {
    let is_taken = |town: &Town| {
        town.ledger.groups.values().flat_map(|group| group.accepted.values()).any(|one| one.text.as_deref() == Some(text))
    };
    while !is_taken(town) {
        town.run_for(1).unwrap();
    }
}

fn lines(town: &mut Town, house: usize) -> Vec<String> {
    let chat = town.chat(house, "bees").unwrap();
    checks::texts(town, house, chat).unwrap().iter().map(|m| checks::words(m).to_owned()).collect()
}

/// Words and gaps, as they are shown.
fn shown(town: &mut Town, house: usize, title: &str) -> Vec<String> {
    let chat = town.chat(house, title).unwrap();
    checks::shown(town, house, chat).unwrap()
}

fn state(town: &mut Town, house: usize) -> ChatState {
    let chat = town.chat(house, "bees").unwrap();
    town.houses[house].client().chat(chat).unwrap().unwrap().state
}

#[test]
fn who_breaks_a_group_is_left_out_of_the_next_one() {
    for seed in 0..5 {
        let mut town = group_of_four(seed);
        town.vandals.push(2);
        town.plan(0, 2, Deed::Refresh("bees".into()));
        // What is written while it is broken waits, and goes when it is mended.
        town.plan(2_000, 1, Deed::Say("bees".into(), "after".into()));
        town.run_for(10 * 60_000).unwrap();
        for house in [0, 1, 3] {
            assert_eq!(state(&mut town, house), ChatState::Open, "seed {seed} house {house}");
            assert_eq!(lines(&mut town, house), ["before", "after"], "seed {seed} house {house}");
            let chat = town.chat(house, "bees").unwrap();
            assert_eq!(town.houses[house].client().members(chat).unwrap().len(), 3, "seed {seed}");
        }
        assert!(!lines(&mut town, 2).contains(&"after".to_owned()), "seed {seed}");
    }
}

#[test]
fn a_device_that_was_away_too_long_is_added_again() {
    let mut town = group_of_four(7);
    town.unplug(3).unwrap();
    town.houses[3].gone = true;
    town.plan(0, 0, Deed::Say("bees".into(), "you will never read this".into()));
    town.plan(1_000, 1, Deed::Refresh("bees".into()));
    town.run_for(60_000).unwrap();
    town.skip_days(31);
    town.houses[3].gone = false;
    town.connect(3, 10);
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 0, Deed::Say("bees".into(), "welcome back".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(state(&mut town, 3), ChatState::Open);
    assert_eq!(lines(&mut town, 3), ["before", "welcome back"]);
    let chat = town.chat(3, "bees").unwrap();
    let all = town.houses[3].client().messages(chat, None, 100).unwrap();
    assert!(all.iter().any(|message| message.line == Line::Gap), "the hole is shown");
    assert!(checks::health(&mut town).unwrap().readded >= 1);
}

#[test]
fn a_mailbox_that_dropped_its_oldest_shows_a_hole_and_all_the_rest() {
    let mut town = group_of_four(13);
    town.plan(0, 3, Deed::Found("wasps".into(), vec!["anna".into()]));
    town.run_for(10_000).unwrap();
    town.plan(0, 0, Deed::AcceptAll);
    // Cadence after joining is over; then dora goes away.
    town.run_for(10 * 60_000).unwrap();
    town.unplug(3).unwrap();
    town.houses[3].gone = true;
    let days = [("too early", 25), ("first kept", 2), ("last kept", 5)];
    for (words, days) in days {
        town.plan(0, 0, Deed::Say("bees".into(), words.into()));
        town.run_for(60_000).unwrap();
        town.skip_days(days);
    }
    town.houses[3].gone = false;
    let readded = checks::health(&mut town).unwrap().readded;
    town.connect(3, 10);
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(lines(&mut town, 3), ["before", "first kept", "last kept"]);
    let chat = town.chat(3, "bees").unwrap();
    let all = town.houses[3].client().messages(chat, None, 100).unwrap();
    assert!(all.iter().any(|message| message.line == Line::Gap), "the hole is shown");
    town.plan(0, 3, Deed::Say("bees".into(), "here again".into()));
    town.plan(0, 3, Deed::Say("wasps".into(), "and here".into()));
    town.run_for(60_000).unwrap();
    for house in 0..4 {
        assert_eq!(lines(&mut town, house).last().unwrap(), "here again", "house {house}");
    }
    let wasps = town.chat(0, "wasps").unwrap();
    assert_eq!(checks::words(checks::texts(&mut town, 0, wasps).unwrap().last().unwrap()), "and here");
    assert_eq!(checks::health(&mut town).unwrap().readded, readded, "nobody had to help in bees");
}

/// Somebody is away for so long that the server forgets the first of two Commits, and keeps what was said after it.
fn away_while_two_commit(town: &mut Town, house: usize, speaker: usize, words: &[&str]) {
    // Cadence after joining is over.
    town.run_for(10 * 60_000).unwrap();
    town.unplug(house).unwrap();
    town.houses[house].gone = true;
    town.plan(0, speaker, Deed::Refresh("bees".into()));
    town.run_for(60_000).unwrap();
    town.skip_days(2);
    for (number, text) in (0u64..).zip(words) {
        town.plan(number * 1_000, speaker, Deed::Say("bees".into(), (*text).to_owned()));
    }
    town.plan(30_000, speaker, Deed::Refresh("bees".into()));
    town.run_for(60_000).unwrap();
    town.skip_days(29);
    town.houses[house].gone = false;
    town.connect(house, 10);
}

#[test]
fn what_the_server_forgot_is_a_hole_and_what_follows_it_no_entry_that_failed() {
    let mut town = group_of_four(21);
    away_while_two_commit(&mut town, 3, 0, &["you will never read this"]);
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 0, Deed::Say("bees".into(), "welcome back".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(lines(&mut town, 3), ["before", "welcome back"]);
    let chat = town.chat(3, "bees").unwrap();
    let all = town.houses[3].client().messages(chat, None, 100).unwrap();
    assert!(all.iter().any(|message| message.line == Line::Gap), "the hole is shown");
    let health = checks::health(&mut town).unwrap();
    assert_eq!((health.readded, health.undecryptable), (1, 0), "{health:?}");
}

#[test]
fn nobody_is_blamed_for_a_commit_that_came_after_one_we_missed() {
    let mut town = Town::of_people(22, &["anna", "bert"]).unwrap();
    town.run_for(2_000).unwrap();
    town.plan(0, 0, Deed::Found("bees".into(), vec!["bert".into()]));
    town.plan(3_000, 0, Deed::Say("bees".into(), "before".into()));
    town.plan(5_000, 1, Deed::AcceptAll);
    town.run_for(10_000).unwrap();
    // The first thing that Bert hears of is a Commit that he cannot open. Without Anna nobody could add him again.
    away_while_two_commit(&mut town, 1, 0, &[]);
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 0, Deed::Say("bees".into(), "welcome back".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(state(&mut town, 1), ChatState::Open);
    assert_eq!(lines(&mut town, 1), ["before", "welcome back"]);
    assert_eq!(checks::health(&mut town).unwrap().readded, 1);
}

#[test]
fn a_group_that_lost_a_race_does_not_take_its_chat_with_it() {
    for seed in 0..6 {
        let mut town = Town::of_people(30 + seed, &["anna", "bert"]).unwrap();
        town.run_for(2_000).unwrap();
        // Both begin at once: there are two groups, and one of them carries the chat.
        for (house, other) in [(0, "bert"), (1, "anna")] {
            town.plan(0, house, Deed::Open(other.into()));
            town.plan(3_000, house, Deed::Say(other.into(), format!("{house}: first")));
        }
        town.run_for(60_000).unwrap();
        // One of them is away until the server forgets what was said, and doubts all groups.
        let (away, here) = if seed % 2 == 0 { (0, 1) } else { (1, 0) };
        town.unplug(away).unwrap();
        town.plan(0, here, Deed::Say(["anna", "bert"][away].into(), "nobody reads this".into()));
        town.run_for(60_000).unwrap();
        town.skip_days(31);
        town.connect(away, 10);
        town.run_for(10 * 60_000).unwrap();
        for (house, other) in [(0, "bert"), (1, "anna")] {
            let chat = town.chat(house, other).unwrap();
            let state = town.houses[house].client().chat(chat).unwrap().unwrap().state;
            assert_eq!(state, ChatState::Open, "seed {seed} house {house}");
        }
    }
}

#[test]
fn what_was_lost_with_a_group_that_another_replaces_leaves_a_hole() {
    let mut town = two_who_talk(41);
    town.run_for(10 * 60_000).unwrap();
    town.unplug(1).unwrap();
    town.houses[1].gone = true;
    town.plan(0, 0, Deed::Say("bert".into(), "nobody reads this".into()));
    town.run_for(60_000).unwrap();
    // Her keys change after it, so that Bert cannot follow; and she is away, too, so that nothing of hers tells him.
    town.skip_days(9);
    town.run_for(60_000).unwrap();
    town.unplug(0).unwrap();
    town.houses[0].gone = true;
    town.skip_days(31);
    town.houses[1].gone = false;
    // A chat of two is founded anew at once.
    town.connect(1, 10);
    town.run_for(60 * 60_000).unwrap();
    assert_eq!(shown(&mut town, 1, "anna"), ["hello", "(gap)"]);
    town.houses[0].gone = false;
    town.connect(0, 10);
    town.run_for(60_000).unwrap();
    town.plan(0, 0, Deed::Say("bert".into(), "welcome back".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(shown(&mut town, 1, "anna"), ["hello", "(gap)", "welcome back"]);
}

#[test]
fn what_is_said_where_somebody_was_lost_before_it_was_replaced_is_missing_and_nothing_that_failed() {
    let mut town = two_who_talk(45);
    town.run_for(10 * 60_000).unwrap();
    town.unplug(1).unwrap();
    town.houses[1].gone = true;
    // Anna's keys change, which Bert never hears of.
    town.skip_days(9);
    town.run_for(60_000).unwrap();
    town.skip_days(31);
    town.run_for(60_000).unwrap();
    town.houses[1].gone = false;
    town.connect(1, 10);
    // He founds their chat anew; she speaks in the old group before she hears it.
    let before = town.ledger.groups.len();
    while town.ledger.groups.len() == before {
        town.run_for(1).unwrap();
    }
    town.plan(0, 0, Deed::Say("bert".into(), "nobody reads this".into()));
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 0, Deed::Say("bert".into(), "welcome back".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(shown(&mut town, 1, "anna"), ["hello", "(gap)", "welcome back"]);
    assert_eq!(checks::health(&mut town).unwrap().undecryptable, 0);
}

/// Makes a house's next message claim that it is of a later epoch than it is.
struct LaterEpoch(usize);

impl Tap for LaterEpoch {
    fn up(&mut self, house: usize, request: &mut Request) {
        if let Request::Anonymous(AnonymousRequest::SubmitMessage(submit)) = request
            && house == self.0
        {
            // MLSMessage (RFC 9420 §6): version 2, wire format 2, the group's id with its length 1 + 16, the epoch 8.
            submit.envelope[28] ^= 0x10;
            self.0 = usize::MAX;
        }
    }
}

#[test]
fn a_member_who_claims_a_later_epoch_makes_nobody_ask_for_help() {
    let mut town = group_of_four(44);
    town.run_for(10 * 60_000).unwrap();
    town.tap = Some(Box::new(LaterEpoch(3)));
    town.plan(0, 3, Deed::Say("bees".into(), "from the future".into()));
    town.run_for(60_000).unwrap();
    town.plan(0, 0, Deed::Say("bees".into(), "after".into()));
    town.run_for(10 * 60_000).unwrap();
    for house in 0..3 {
        assert_eq!(shown(&mut town, house, "bees"), ["before", "(gap)", "after"], "house {house}");
        let health = town.houses[house].client().health().unwrap();
        assert_eq!((health.readded, health.refounded), (0, 0), "house {house}: {health:?}");
    }
}

#[test]
fn words_that_were_taken_twice_stand_where_their_sender_has_them() {
    let mut town = group_of_four(42);
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 3, Deed::Say("bees".into(), "twice".into()));
    until_taken(&mut town, "twice");
    // Dora does not hear that it was taken, until the server knows it no more.
    town.unplug(3).unwrap();
    town.run_for(60_000).unwrap();
    town.skip_days(2);
    town.plan(0, 0, Deed::Say("bees".into(), "between".into()));
    town.plan(5_000, 0, Deed::Refresh("bees".into()));
    town.run_for(60_000).unwrap();
    town.skip_days(29);
    town.connect(3, 10);
    town.run_for(10 * 60_000).unwrap();
    for house in 0..4 {
        assert_eq!(lines(&mut town, house), ["before", "between", "twice"], "house {house}");
    }
    assert_eq!(checks::once_in_order(&mut town).unwrap(), []);
}

#[test]
fn bytes_that_the_server_may_have_forgotten_are_not_sent_again() {
    let mut town = two_who_talk(43);
    town.run_for(10 * 60_000).unwrap();
    town.plan(0, 0, Deed::Say("bert".into(), "twice".into()));
    until_taken(&mut town, "twice");
    // Bert has heard it; Anna does not know that it was taken. Nobody else moves the chat on meanwhile.
    town.unplug(0).unwrap();
    town.run_for(60_000).unwrap();
    town.unplug(1).unwrap();
    town.skip_days(32);
    town.connect(0, 10);
    town.run_for(2_000).unwrap();
    town.connect(1, 10);
    town.run_for(10 * 60_000).unwrap();
    for (house, other) in [(0, "bert"), (1, "anna")] {
        let chat = town.chat(house, other).unwrap();
        let texts = checks::texts(&mut town, house, chat).unwrap();
        let shown: Vec<_> = texts.iter().map(checks::words).collect();
        assert_eq!(shown, ["hello", "twice"], "house {house}");
    }
    assert_eq!(checks::health(&mut town).unwrap().undecryptable, 0);
}

#[test]
fn who_wants_to_be_out_and_lost_the_group_comes_back_to_say_so() {
    let mut town = group_of_four(44);
    town.run_for(10 * 60_000).unwrap();
    town.unplug(3).unwrap();
    town.plan(0, 3, Deed::Leave("bees".into()));
    town.plan(0, 0, Deed::Refresh("bees".into()));
    town.run_for(60_000).unwrap();
    town.skip_days(31);
    town.connect(3, 10);
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(state(&mut town, 3), ChatState::Left);
    for house in 0..3 {
        let chat = town.chat(house, "bees").unwrap();
        assert_eq!(town.houses[house].client().members(chat).unwrap().len(), 3, "house {house}");
    }
}

#[test]
fn a_device_that_cannot_ask_yet_keeps_its_tries_and_is_added_again() {
    let mut town = group_of_four(8);
    town.unplug(3).unwrap();
    town.houses[3].gone = true;
    town.plan(1_000, 1, Deed::Refresh("bees".into()));
    town.run_for(60_000).unwrap();
    town.skip_days(31);
    town.houses[3].gone = false;
    // It hears that its mailbox is lost, and can say nothing for half an hour.
    town.shut(&[3], &[Door::Anonymous], 30 * 60_000).unwrap();
    town.connect(3, 10);
    town.run_for(45 * 60_000).unwrap();
    town.plan(0, 0, Deed::Say("bees".into(), "welcome back".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(lines(&mut town, 3), ["before", "welcome back"]);
    let health = checks::health(&mut town).unwrap();
    assert_eq!((health.readded, health.refounded), (1, 0), "{health:?}");
}

#[test]
fn who_is_no_admin_founds_nobody_out_and_nobody_follows_another_way() {
    let mut town = group_of_four(14);
    for house in [2, 3] {
        town.unplug(house).unwrap();
        town.houses[house].gone = true;
    }
    town.plan(0, 0, Deed::Say("bees".into(), "nobody else reads this".into()));
    town.run_for(35 * 24 * 60 * 60_000).unwrap();
    town.sweep().unwrap();
    // Dora is back first, finds neither help nor Carl's KeyPackages, and would have founded without him.
    town.shut(&[0, 1], &[Door::Anonymous, Door::Device], 60 * 60_000).unwrap();
    town.houses[3].gone = false;
    town.connect(3, 10);
    town.run_for(90 * 60_000).unwrap();
    town.houses[2].gone = false;
    town.connect(2, 10);
    town.run_for(30 * 60_000).unwrap();
    for house in 0..4 {
        town.plan(0, house, Deed::Say("bees".into(), format!("from {house}")));
    }
    town.run_for(10 * 60_000).unwrap();
    for house in 0..4 {
        let mut last: Vec<_> = lines(&mut town, house).into_iter().rev().take(4).collect();
        last.sort();
        assert_eq!(last, ["from 0", "from 1", "from 2", "from 3"], "house {house}");
    }
}

#[test]
fn what_is_missing_before_and_after_own_words_is_marked_twice() {
    const DAY: u64 = 24 * 60 * 60_000;
    let mut town = group_of_four(17);
    town.run_for(10 * 60_000).unwrap();
    // Dora can post, and hears nothing, until the server has forgotten what she did not hear.
    town.shut(&[3], &[Door::Device], 31 * DAY).unwrap();
    for (house, words) in [(0, "one"), (3, "mine"), (1, "two")] {
        town.plan(0, house, Deed::Say("bees".into(), words.into()));
        town.run_for(60_000).unwrap();
    }
    town.skip_days(31);
    town.plan(0, 0, Deed::Say("bees".into(), "three".into()));
    town.run_for(10 * 60_000).unwrap();
    assert_eq!(shown(&mut town, 3, "bees"), ["before", "(gap)", "mine", "(gap)", "three"]);
}

#[test]
fn a_device_without_key_packages_is_reached_by_its_last_resort() {
    let mut town = group_of_four(9);
    // Dora is away while twenty-five groups ask for her KeyPackages.
    town.unplug(3).unwrap();
    for number in 0..30 {
        town.plan(number * 500, 0, Deed::Found(format!("club {number}"), vec!["dora".into()]));
    }
    town.run_for(60_000).unwrap();
    town.connect(3, 10);
    town.run_for(30_000).unwrap();
    town.plan(0, 3, Deed::AcceptAll);
    town.plan(1_000, 0, Deed::Say("club 29".into(), "still here".into()));
    town.run_for(10 * 60_000).unwrap();
    let chat = town.chat(3, "club 29").expect("the last group came through");
    let texts = checks::texts(&mut town, 3, chat).unwrap();
    assert_eq!(texts.iter().map(checks::words).collect::<Vec<_>>(), ["still here"]);
    assert_eq!(checks::check(&mut town).unwrap(), []);
}

#[test]
fn a_connection_that_breaks_in_the_middle_loses_nothing() {
    let mut town = group_of_four(11);
    for number in 0..20 {
        town.plan(number * 200, 0, Deed::Say("bees".into(), format!("number {number}")));
        town.run_for(150).unwrap();
        town.cut(0, Door::Anonymous).unwrap();
        town.cut(1, Door::Device).unwrap();
    }
    town.run_for(120_000).unwrap();
    let said: Vec<_> = ["before".to_owned()].into_iter().chain((0..20).map(|number| format!("number {number}"))).collect();
    for house in 0..4 {
        assert_eq!(lines(&mut town, house), said);
    }
}
