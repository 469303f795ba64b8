//! What contacts are told of each other's devices, and words that wait until a person has looked at it.

use waxseal_core::Command;
use waxseal_core::input::Setting;
use waxseal_core::view::{ChangedDevice, Line, MessageState, Notice};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::id::{AccountId, DeviceId};

use crate::scene;

const TITLE: &str = "bees";
const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const TABLET: usize = 3;
const MINUTE: u64 = 60 * 1000;

/// Three in a group; Anna and Bert have a chat of two as well.
fn three(seed: u64) -> Town {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert", "carl"]);
    scene::group(&mut town, TITLE);
    town.plan(0, BERT, Deed::Open("anna".into()));
    town.plan(1_000, BERT, Deed::Say("anna".into(), "hello".into()));
    town.plan(MINUTE, ANNA, Deed::AcceptAll);
    town.run_for(5 * MINUTE).unwrap();
    town
}

/// Bert's second device.
fn tablet(town: &mut Town) {
    let house = town.settle("bert/2", "bert");
    assert_eq!(house, TABLET);
    town.plan(0, BERT, Deed::Link(house));
    town.run_for(5 * MINUTE).unwrap();
    assert!(town.houses[TABLET].client().me().unwrap().is_some());
}

fn account(town: &mut Town, house: usize) -> AccountId {
    scene::identity(town, house).account
}

/// What a chat tells of devices of others that came and went.
fn told(town: &mut Town, house: usize, title: &str) -> Vec<(bool, AccountId, Vec<ChangedDevice>)> {
    let chat = scene::chat(town, house, title);
    let all = town.houses[house].client().messages(chat, None, 1_000).unwrap();
    let told = all.into_iter().filter_map(|message| match message.line {
        Line::Notice(Notice::DeviceAdded(who, which)) => Some((true, who, which)),
        Line::Notice(Notice::DeviceRemoved(who, which)) => Some((false, who, which)),
        _ => None,
    });
    told.collect()
}

/// Of how many own words in a chat the server has not heard.
fn waiting(town: &mut Town, house: usize, title: &str) -> Vec<String> {
    let mut waiting = scene::lines(town, house, title);
    waiting.retain(|one| one.state == MessageState::Pending);
    waiting.into_iter().filter_map(|one| if let Line::Text(text) = one.line { Some(text) } else { None }).collect()
}

fn held(town: &mut Town, house: usize, title: &str) -> Vec<AccountId> {
    let chat = scene::chat(town, house, title);
    town.houses[house].client().chat(chat).unwrap().unwrap().held
}

fn requires(town: &mut Town, house: usize, on: bool) {
    town.command(house, Command::Set(Setting::RequireVerification(on))).unwrap();
}

#[test]
fn every_chat_tells_once_of_a_device_that_came_with_its_day_and_later_its_name() {
    let mut town = three(401);
    let began = town.now;
    tablet(&mut town);
    let (bert, device) = (account(&mut town, BERT), scene::identity(&mut town, TABLET).device);
    let added = |town: &mut Town, house: usize, title: &str| -> (DeviceId, Option<String>) {
        let told = told(town, house, title);
        let [(true, who, which)] = told.as_slice() else { panic!("{house} {title}: {told:?}") };
        let [one] = which.as_slice() else { panic!("{which:?}") };
        assert_eq!(*who, bert);
        assert!((began.0..town.now.0).contains(&one.at.0), "when it was added");
        (one.device, one.name.clone())
    };
    for (house, title) in [(ANNA, TITLE), (ANNA, "bert"), (CARL, TITLE)] {
        assert_eq!(added(&mut town, house, title), (device, None), "{house} {title}");
    }
    // The next words of either device say what it is called, wherever they are said.
    scene::say(&mut town, BERT, TITLE, "from the old one");
    for (house, title) in [(ANNA, TITLE), (ANNA, "bert"), (CARL, TITLE)] {
        assert_eq!(added(&mut town, house, title), (device, Some("bert/2".into())), "{house} {title}");
    }
    // Nothing of it twice: after restarts, and when the chain is asked for again.
    for house in [ANNA, CARL] {
        town.restart(house).unwrap();
    }
    town.command(ANNA, Command::LookUp(waxseal_wire::name::AccountName::parse("bert").unwrap())).unwrap();
    town.run_for(5 * MINUTE).unwrap();
    assert_eq!(added(&mut town, ANNA, "bert").0, device);
    assert_eq!(added(&mut town, CARL, TITLE).0, device);

    town.command(BERT, Command::RemoveDevice(device)).unwrap();
    town.run_for(5 * MINUTE).unwrap();
    for (house, title) in [(ANNA, TITLE), (CARL, TITLE)] {
        let told = told(&mut town, house, title);
        let [_, (false, who, which)] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((*who, which[0].device, which[0].name.as_deref()), (bert, device, Some("bert/2")));
    }
}

#[test]
fn whoever_meets_somebody_later_is_told_of_nothing_that_was_before() {
    let mut town = Town::new(402, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert", "carl"]);
    tablet(&mut town);
    town.plan(0, ANNA, Deed::Open("bert".into()));
    town.plan(MINUTE, ANNA, Deed::Say("bert".into(), "hello".into()));
    town.run_for(5 * MINUTE).unwrap();
    assert_eq!(told(&mut town, ANNA, "bert"), []);
}

#[test]
fn words_wait_for_a_look_where_that_is_wanted_and_go_in_their_order() {
    let mut town = three(403);
    requires(&mut town, ANNA, true);
    scene::say(&mut town, ANNA, TITLE, "before");
    assert_eq!(waiting(&mut town, ANNA, TITLE), [""; 0], "what was known is right");
    tablet(&mut town);
    let bert = account(&mut town, BERT);
    for text in ["one", "two"] {
        scene::say(&mut town, ANNA, TITLE, text);
    }
    scene::say(&mut town, ANNA, "bert", "to you alone");
    town.restart(ANNA).unwrap();
    town.run_for(30 * MINUTE).unwrap();
    assert_eq!(held(&mut town, ANNA, TITLE), [bert]);
    assert_eq!(held(&mut town, CARL, TITLE), [], "he does not want that");
    assert_eq!(waiting(&mut town, ANNA, TITLE), ["one", "two"]);
    for (house, title) in [(CARL, TITLE), (BERT, TITLE), (TABLET, TITLE), (BERT, "anna")] {
        let texts = scene::texts(&mut town, house, title);
        assert!(texts.iter().all(|text| !["one", "two", "to you alone"].contains(&text.as_str())), "{house} {title}: {texts:?}");
    }
    // What she hears she still answers with receipts, and the group renews its keys.
    scene::say(&mut town, CARL, TITLE, "are you there?");
    assert!(scene::texts(&mut town, ANNA, TITLE).contains(&"are you there?".to_owned()));
    let read = scene::lines(&mut town, CARL, TITLE).pop().unwrap();
    assert_eq!(read.state, MessageState::Delivered);

    town.command(ANNA, Command::GoOn(bert)).unwrap();
    town.run_for(MINUTE).unwrap();
    assert_eq!(held(&mut town, ANNA, TITLE), []);
    let texts = scene::texts(&mut town, TABLET, TITLE);
    let at = |text: &str| texts.iter().position(|one| one == text);
    assert!(at("one").is_some() && at("one") < at("two"), "{texts:?}");
    assert!(scene::texts(&mut town, BERT, "anna").contains(&"to you alone".to_owned()));
}

#[test]
fn who_compared_or_wants_no_more_lets_words_go_and_a_device_that_went_holds_nothing() {
    let mut town = three(404);
    requires(&mut town, ANNA, true);
    tablet(&mut town);
    let (bert, device) = (account(&mut town, BERT), scene::identity(&mut town, TABLET).device);
    scene::say(&mut town, ANNA, TITLE, "one");
    assert_eq!(waiting(&mut town, ANNA, TITLE), ["one"]);
    town.command(ANNA, Command::MarkVerified(bert, true)).unwrap();
    town.run_for(MINUTE).unwrap();
    assert_eq!(waiting(&mut town, ANNA, TITLE), [""; 0]);
    town.command(BERT, Command::RemoveDevice(device)).unwrap();
    town.run_for(5 * MINUTE).unwrap();
    assert_eq!(held(&mut town, ANNA, TITLE), [], "who went hears nothing");
    let chat = scene::chat(&mut town, ANNA, TITLE);
    let members = town.houses[ANNA].client().members(chat).unwrap();
    assert!(members.iter().any(|one| one.account == bert && one.verified), "verified survives what the account signed");

    let other = town.settle("carl/2", "carl");
    town.plan(0, CARL, Deed::Link(other));
    town.run_for(5 * MINUTE).unwrap();
    scene::say(&mut town, ANNA, TITLE, "two");
    assert_eq!(waiting(&mut town, ANNA, TITLE), ["two"]);
    requires(&mut town, ANNA, false);
    town.run_for(MINUTE).unwrap();
    assert_eq!(waiting(&mut town, ANNA, TITLE), [""; 0]);
    requires(&mut town, ANNA, true);
    assert_eq!(held(&mut town, ANNA, TITLE), [], "what is known when it is switched on is right");
}
