//! A name that was claimed and not confirmed holds nothing up.

use waxseal_core::output::Problem;
use waxseal_core::{Command, Event};
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::reply::{Refusal, Reply};

use super::{name, register, said};

/// Loses, or changes, what the server answers to one house.
struct Answers(Option<Reply>);

impl Tap for Answers {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        match (house, told, &self.0) {
            (0, Told::Reply(id, _), Some(reply)) => vec![Told::Reply(id, reply.clone())],
            (0, Told::Reply(..), None) => Vec::new(),
            (_, told, _) => vec![told],
        }
    }
}

fn empty_town(houses: &[&str]) -> Town {
    let mut town = Town::new(31, Weather::CALM).unwrap();
    for house in houses {
        town.settle(house, house);
    }
    town
}

fn who(town: &mut Town, house: usize) -> Option<(String, bool)> {
    town.houses[house].client().me().unwrap().map(|me| (me.name.to_string(), me.registered))
}

#[test]
fn a_claim_that_never_left_makes_room_for_another_name() {
    let mut town = empty_town(&["anna", "bert"]);
    town.houses[0].gone = true;
    town.run_for(100).unwrap();
    register(&mut town, 0, "anna");
    assert_eq!(who(&mut town, 0), Some(("anna".into(), false)));
    register(&mut town, 0, "berta");
    town.houses[0].gone = false;
    town.connect(0, 0);
    town.run_for(3_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("berta".into(), true)));
    // The first name was never taken.
    register(&mut town, 1, "anna");
    town.run_for(3_000).unwrap();
    assert_eq!(who(&mut town, 1), Some(("anna".into(), true)));
}

#[test]
fn a_claim_whose_answer_was_lost_is_ours_whatever_was_typed_since() {
    let mut town = empty_town(&["anna", "bert"]);
    town.tap = Some(Box::new(Answers(None)));
    town.run_for(100).unwrap();
    register(&mut town, 0, "anna");
    town.run_for(3_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("anna".into(), false)));
    register(&mut town, 0, "berta");
    town.tap = None;
    town.restart(0).unwrap();
    town.run_for(5_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("anna".into(), true)));
    register(&mut town, 1, "berta");
    town.run_for(3_000).unwrap();
    assert_eq!(who(&mut town, 1), Some(("berta".into(), true)));
}

#[test]
fn a_claim_that_turns_out_taken_gives_way_to_the_next() {
    let mut town = empty_town(&["anna", "bert"]);
    town.run_for(100).unwrap();
    register(&mut town, 1, "anna");
    town.run_for(1_000).unwrap();
    town.tap = Some(Box::new(Answers(None)));
    register(&mut town, 0, "anna");
    town.run_for(1_000).unwrap();
    register(&mut town, 0, "carla");
    town.tap = None;
    town.restart(0).unwrap();
    town.run_for(5_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("carla".into(), true)));
    assert_eq!(said(&town, 0, |event| matches!(event, Event::RegisterFailed(_))), 0);
}

#[test]
fn a_taken_name_leaves_nothing_behind_and_twice_is_refused() {
    let mut town = empty_town(&["anna", "bert"]);
    town.run_for(100).unwrap();
    register(&mut town, 1, "anna");
    town.run_for(1_000).unwrap();
    register(&mut town, 0, "anna");
    town.run_for(1_000).unwrap();
    assert_eq!(said(&town, 0, |event| *event == Event::RegisterFailed(Refusal::Taken)), 1);
    assert_eq!(who(&mut town, 0), None);
    register(&mut town, 0, "berta");
    town.run_for(1_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("berta".into(), true)));
    register(&mut town, 0, "again");
    let twice = |event: &Event| *event == Event::Failed { chat: None, problem: Problem::AlreadyRegistered };
    assert_eq!(said(&town, 0, twice), 1);
    assert_eq!(who(&mut town, 0), Some(("berta".into(), true)));
}

#[test]
fn a_busy_server_is_asked_again_without_a_person() {
    let mut town = empty_town(&["anna"]);
    town.tap = Some(Box::new(Answers(Some(Reply::Refused(Refusal::TooFast { retry_after_ms: 5_000 })))));
    town.run_for(100).unwrap();
    register(&mut town, 0, "anna");
    town.run_for(1_000).unwrap();
    town.tap = None;
    assert_eq!(who(&mut town, 0), Some(("anna".into(), false)));
    town.run_for(10_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("anna".into(), true)));
}

#[test]
fn a_claim_is_forgotten_before_another_server_is_asked() {
    let mut town = empty_town(&["anna"]);
    town.tap = Some(Box::new(Answers(None)));
    town.run_for(100).unwrap();
    register(&mut town, 0, "anna");
    town.run_for(1_000).unwrap();
    town.command(0, Command::ForgetClaim).unwrap();
    assert_eq!(who(&mut town, 0), None);
    register(&mut town, 0, "berta");
    town.tap = None;
    town.restart(0).unwrap();
    town.run_for(5_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("berta".into(), true)));
    // Whoever has an account forgets nothing by it.
    town.command(0, Command::ForgetClaim).unwrap();
    assert_eq!(who(&mut town, 0), Some(("berta".into(), true)));
}

#[test]
fn a_code_that_leads_nowhere_does_not_hold_the_profile() {
    let mut town = empty_town(&["tablet", "anna"]);
    town.run_for(100).unwrap();
    register(&mut town, 1, "anna");
    town.run_for(3_000).unwrap();
    town.command(1, Command::OfferLink).unwrap();
    let code = town.houses[1].told.iter().rev().find_map(|event| match event {
        Event::LinkCode(code) => Some(code.clone()),
        _ => None,
    });
    // The old device is gone before it sees the new one.
    town.unplug(1).unwrap();
    town.command(0, Command::AcceptLink { code: code.clone().unwrap(), device_name: "tablet".into() }).unwrap();
    town.run_for(30_000).unwrap();
    assert_eq!(who(&mut town, 0), None);
    // Another code, and then a name of its own: either may follow.
    town.command(0, Command::AcceptLink { code: code.unwrap(), device_name: "tablet".into() }).unwrap();
    town.command(0, Command::Register { name: name("carla"), invite: String::new(), device_name: "tablet".into() }).unwrap();
    town.run_for(3_000).unwrap();
    assert_eq!(who(&mut town, 0), Some(("carla".into(), true)));
}
