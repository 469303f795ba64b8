//! What cannot be done to a group is said at once, with a reason, and changes nothing.

use waxseal_core::output::Problem;
use waxseal_core::view::{ChatId, ChatState};
use waxseal_core::{Command, Event};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::id::AccountId;

use super::{name, town};

const ANNA: usize = 0;
const BERT: usize = 1;

/// Anna is the admin of a group with Bert and Carl; Dora and Emil are not in it.
fn group() -> (Town, ChatId) {
    let mut town = town(61, &["anna", "bert", "carl", "dora", "emil"]);
    town.plan(0, ANNA, Deed::Found("bees".into(), vec!["bert".into(), "carl".into()]));
    town.run_for(3_000).unwrap();
    for house in [BERT, 2] {
        town.plan(0, house, Deed::AcceptAll);
    }
    town.run_for(120_000).unwrap();
    let chat = town.chat(ANNA, "bees").unwrap();
    (town, chat)
}

/// What a house is told of a command.
fn refused(town: &mut Town, house: usize, command: Command) -> Option<Problem> {
    let before = town.houses[house].told.len();
    town.command(house, command).unwrap();
    town.houses[house].told[before..].iter().find_map(|event| match event {
        Event::Failed { problem, .. } => Some(*problem),
        _ => None,
    })
}

fn account(town: &mut Town, house: usize, who: &str) -> AccountId {
    town.houses[house].client().account_by_name(&name(who)).unwrap().unwrap()
}

fn waiting(town: &mut Town, house: usize) -> u64 {
    town.houses[house].client().connection().waiting
}

#[test]
fn every_clumsy_command_of_an_admin_is_refused_with_its_reason() {
    let (mut town, bees) = group();
    let [anna, bert] = ["anna", "bert"].map(|who| account(&mut town, ANNA, who));
    town.command(ANNA, Command::LookUp(name("dora"))).unwrap();
    town.command(ANNA, Command::LookUp(name("emil"))).unwrap();
    town.run_for(1_000).unwrap();
    let (dora, emil) = (account(&mut town, ANNA, "dora"), account(&mut town, ANNA, "emil"));
    town.command(ANNA, Command::Block(emil)).unwrap();
    let add = |who: &[&str]| Command::AddMembers(bees, who.iter().map(|who| name(who)).collect());
    let create = |title: &str, who: &str| Command::CreateGroup { title: title.into(), members: vec![name(who)] };
    let rename = |title: &str| Command::Rename(bees, title.into());
    let none = ChatId([9; 16]);
    let cases = [
        (Command::SetAdmin(bees, anna, false), Problem::LastAdmin),
        (Command::SetAdmin(bees, anna, true), Problem::NoChange),
        (Command::SetAdmin(bees, bert, false), Problem::NoChange),
        (Command::SetAdmin(bees, dora, true), Problem::NotThere),
        (Command::RemoveMember(bees, anna), Problem::Yourself),
        (Command::RemoveMember(bees, dora), Problem::NotThere),
        (Command::Leave(bees), Problem::LastAdmin),
        (Command::Leave(none), Problem::NotAMember),
        (add(&[]), Problem::Nobody),
        (add(&["bert"]), Problem::AlreadyMember),
        (add(&["anna"]), Problem::AlreadyMember),
        (add(&["dora", "bert"]), Problem::AlreadyMember),
        (add(&["dora", "emil"]), Problem::Blocked),
        (Command::AddMembers(none, vec![name("dora")]), Problem::NotAMember),
        (create("club", "emil"), Problem::Blocked),
        (create("", "dora"), Problem::BadTitle),
        (create(" \t ", "dora"), Problem::BadTitle),
        (create(&"x".repeat(201), "dora"), Problem::BadTitle),
        (create("two\nlines", "dora"), Problem::BadTitle),
        (rename(""), Problem::BadTitle),
        (rename(&"ü".repeat(101)), Problem::BadTitle),
        (rename("\u{1b}[2J"), Problem::BadTitle),
        (rename("bees"), Problem::NoChange),
        (Command::OpenDirect(name("anna")), Problem::WithYourself),
        (Command::OpenDirect(name("emil")), Problem::Blocked),
        (Command::Block(anna), Problem::WithYourself),
    ];
    for (command, problem) in cases {
        let said = format!("{command:?}");
        assert_eq!(refused(&mut town, ANNA, command), Some(problem), "{said}");
        assert_eq!(waiting(&mut town, ANNA), 0, "{said}");
    }
    town.run_for(60_000).unwrap();
    assert_eq!(town.houses[ANNA].client().members(bees).unwrap().len(), 3);
}

#[test]
fn who_is_no_admin_changes_nothing_but_may_leave() {
    let (mut town, bees) = group();
    let (anna, carl) = (account(&mut town, BERT, "anna"), account(&mut town, BERT, "carl"));
    for command in [
        Command::Rename(bees, "wasps".into()),
        Command::AddMembers(bees, vec![name("dora")]),
        Command::RemoveMember(bees, carl),
        Command::SetAdmin(bees, carl, true),
        Command::SetAdmin(bees, anna, false),
    ] {
        let said = format!("{command:?}");
        assert_eq!(refused(&mut town, BERT, command), Some(Problem::NotAdmin), "{said}");
    }
    assert_eq!(refused(&mut town, BERT, Command::Leave(bees)), None);
    assert_eq!(refused(&mut town, BERT, Command::Leave(bees)), Some(Problem::NoChange));
    town.run_for(120_000).unwrap();
    assert_eq!(refused(&mut town, BERT, Command::Leave(bees)), Some(Problem::NotAMember));
    assert_eq!(town.houses[ANNA].client().members(bees).unwrap().len(), 2);
}

#[test]
fn a_request_is_accepted_before_it_is_changed_and_a_direct_chat_keeps_its_two() {
    let mut town = town(62, &["anna", "bert", "carl"]);
    town.plan(0, ANNA, Deed::Open("bert".into()));
    town.plan(500, ANNA, Deed::Say("bert".into(), "hello".into()));
    town.plan(1_000, ANNA, Deed::Found("bees".into(), vec!["bert".into()]));
    town.run_for(5_000).unwrap();
    let bees = town.chat(BERT, "bees").unwrap();
    assert_eq!(refused(&mut town, BERT, Command::Rename(bees, "wasps".into())), Some(Problem::OnlyRequested));
    let direct = town.chat(ANNA, "bert").unwrap();
    let bert = account(&mut town, ANNA, "bert");
    for command in [
        Command::AddMembers(direct, vec![name("carl")]),
        Command::RemoveMember(direct, bert),
        Command::SetAdmin(direct, bert, false),
        Command::Rename(direct, "us".into()),
    ] {
        let said = format!("{command:?}");
        assert_eq!(refused(&mut town, ANNA, command), Some(Problem::DirectChat), "{said}");
    }
}

#[test]
fn the_last_admin_goes_when_somebody_else_is_one() {
    let (mut town, bees) = group();
    let bert = account(&mut town, ANNA, "bert");
    assert_eq!(refused(&mut town, ANNA, Command::SetAdmin(bees, bert, true)), None);
    town.run_for(10_000).unwrap();
    assert_eq!(refused(&mut town, ANNA, Command::Leave(bees)), None);
    town.run_for(120_000).unwrap();
    assert_eq!(town.houses[ANNA].client().chat(bees).unwrap().unwrap().state, ChatState::Left);
    assert_eq!(refused(&mut town, BERT, Command::Rename(bees, "wasps".into())), None);
    town.run_for(10_000).unwrap();
    assert!(town.chat(BERT, "wasps").is_some());
}

#[test]
fn who_was_added_removed_and_added_again_while_away_comes_in() {
    const DORA: usize = 3;
    let (mut town, bees) = group();
    town.unplug(DORA).unwrap();
    town.houses[DORA].gone = true;
    town.command(ANNA, Command::LookUp(name("dora"))).unwrap();
    town.run_for(1_000).unwrap();
    let dora = account(&mut town, ANNA, "dora");
    for command in [
        Command::AddMembers(bees, vec![name("dora"), name("emil")]),
        Command::RemoveMember(bees, dora),
        Command::AddMembers(bees, vec![name("dora")]),
    ] {
        town.command(ANNA, command).unwrap();
        town.run_for(30_000).unwrap();
    }
    // Both Welcomes are read at once, and the tree of the first is still on its way when the second takes its place.
    town.houses[DORA].gone = false;
    town.connect(DORA, 10);
    town.plan(5_000, DORA, Deed::AcceptAll);
    town.run_for(30_000).unwrap();
    town.plan(0, ANNA, Deed::Say("bees".into(), "welcome".into()));
    town.run_for(30_000).unwrap();
    assert!(super::texts(&mut town, DORA, "bees").contains(&"welcome".to_owned()));
}
