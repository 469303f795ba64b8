//! What people and devices are called: who hears it, when, and at what price.

use waxseal_core::output::Problem;
use waxseal_core::store::StoreError;
use waxseal_core::view::DeviceView;
use waxseal_core::{Command, Event};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;

use super::{link, name, said, texts, town};

const ANNA: usize = 0;
const BERT: usize = 1;

fn call(town: &mut Town, house: usize, display: &str) {
    town.command(house, Command::SetDisplayName(display.into())).unwrap();
}

fn say(town: &mut Town, house: usize, title: &str, text: &str) {
    town.plan(0, house, Deed::Say(title.into(), text.into()));
    town.run_for(10_000).unwrap();
}

/// What `house` sees beside the name of `who` among the members of the chat; `None` where nothing was told.
fn seen(town: &mut Town, house: usize, title: &str, who: &str) -> Option<String> {
    let chat = town.chat(house, title).unwrap();
    let members = town.houses[house].client().members(chat).unwrap();
    members.into_iter().find(|member| member.name == who).unwrap().display_name
}

fn own(town: &mut Town, house: usize) -> Option<String> {
    town.houses[house].client().me().unwrap().unwrap().display_name
}

/// Anna writes to Bert, who has not answered.
fn request(seed: u64) -> Town {
    let mut town = town(seed, &["anna", "bert", "carl"]);
    call(&mut town, ANNA, "Anna of the Hive");
    call(&mut town, BERT, "Bert the Elder");
    town.plan(0, ANNA, Deed::Open("bert".into()));
    town.run_for(1_000).unwrap();
    say(&mut town, ANNA, "bert", "hello");
    town
}

#[test]
fn a_display_name_travels_with_the_first_words_and_never_to_a_stranger_who_was_not_answered() {
    let mut town = request(81);
    assert_eq!(seen(&mut town, BERT, "anna", "anna").as_deref(), Some("Anna of the Hive"));
    // Bert has read it, and said nothing: nothing is told, neither by receipts nor by time.
    town.plan(0, BERT, Deed::ReadAll);
    town.run_for(10 * super::DAY).unwrap();
    assert_eq!(seen(&mut town, ANNA, "bert", "bert"), None);
    town.plan(0, BERT, Deed::AcceptAll);
    town.run_for(60_000).unwrap();
    assert_eq!(seen(&mut town, ANNA, "bert", "bert"), None, "accepting alone says nothing in words");
    say(&mut town, BERT, "anna", "hello yourself");
    assert_eq!(seen(&mut town, ANNA, "bert", "bert").as_deref(), Some("Bert the Elder"));
    let chat = town.chat(ANNA, "bert").unwrap();
    let client = town.houses[ANNA].client();
    let summary = client.chat(chat).unwrap().unwrap();
    assert_eq!((summary.title.as_str(), summary.display_name.as_deref()), ("bert", Some("Bert the Elder")), "beside, not instead");
    let last = summary.last.unwrap();
    assert_eq!((last.sender_name.as_str(), last.sender_display.as_deref()), ("bert", Some("Bert the Elder")));
}

#[test]
fn it_costs_no_message_of_its_own_and_is_said_once() {
    let mut town = request(82);
    town.plan(0, BERT, Deed::AcceptAll);
    town.run_for(3_600_000).unwrap();
    let messages = |town: &Town| town.traffic.requests.get("message").copied().unwrap_or_default();
    town.command(BERT, Command::Set(waxseal_core::input::Setting::DeliveredReceipts(false))).unwrap();
    let before = messages(&town);
    call(&mut town, ANNA, "Anna Queen");
    for text in ["one", "two", "three"] {
        say(&mut town, ANNA, "bert", text);
    }
    assert_eq!(messages(&town) - before, 3);
    assert_eq!(seen(&mut town, BERT, "anna", "anna").as_deref(), Some("Anna Queen"));
    assert_eq!(texts(&mut town, BERT, "anna"), ["hello", "one", "two", "three"]);
    // It is not repeated: what Bert forgets stays forgotten until Anna chooses anew.
    let forget = "UPDATE account SET display = '', display_set = 0";
    town.houses[BERT].client().store_mut().write(|tx| Ok::<_, StoreError>(tx.execute(forget, [])?)).unwrap();
    say(&mut town, ANNA, "bert", "four");
    assert_eq!(seen(&mut town, BERT, "anna", "anna"), None);
    call(&mut town, ANNA, "");
    say(&mut town, ANNA, "bert", "five");
    assert_eq!((own(&mut town, ANNA), seen(&mut town, BERT, "anna", "anna")), (None, None), "taken back");
}

#[test]
fn who_comes_later_hears_it_with_the_next_words_and_of_two_choices_the_later_counts() {
    let mut town = town(83, &["anna", "bert", "carl"]);
    call(&mut town, ANNA, "Anna One");
    town.plan(0, ANNA, Deed::Found("bees".into(), vec!["bert".into()]));
    town.run_for(3_000).unwrap();
    town.plan(0, BERT, Deed::AcceptAll);
    say(&mut town, ANNA, "bees", "first");
    call(&mut town, ANNA, "Anna Two");
    say(&mut town, ANNA, "bees", "second");
    assert_eq!(seen(&mut town, BERT, "bees", "anna").as_deref(), Some("Anna Two"));
    town.plan(0, ANNA, Deed::Add("bees".into(), vec!["carl".into()]));
    town.run_for(10_000).unwrap();
    assert_eq!(seen(&mut town, 2, "bees", "anna"), None);
    say(&mut town, ANNA, "bees", "third");
    assert_eq!(seen(&mut town, 2, "bees", "anna").as_deref(), Some("Anna Two"));
}

#[test]
fn names_that_play_tricks_are_refused_and_change_nothing() {
    let mut town = town(84, &["anna"]);
    call(&mut town, ANNA, " Anna of the Hive ");
    for bad in ["two\nlines", "a\u{202e}b", "\u{1b}[2J", "in\u{200b}visible", &"x".repeat(129)] {
        let before = said(&town, ANNA, |event| matches!(event, waxseal_core::Event::Failed { problem: Problem::BadDisplay, .. }));
        call(&mut town, ANNA, bad);
        let after = said(&town, ANNA, |event| matches!(event, waxseal_core::Event::Failed { problem: Problem::BadDisplay, .. }));
        assert_eq!(after, before + 1, "{bad:?}");
    }
    assert_eq!(own(&mut town, ANNA).as_deref(), Some("Anna of the Hive"));
    let house = town.settle("bert/1", "bert");
    let command = Command::Register { name: name("bert"), invite: String::new(), device_name: "a\u{202e}b".into() };
    town.command(house, command).unwrap();
    assert_eq!(said(&town, house, |event| matches!(event, waxseal_core::Event::Failed { problem: Problem::BadDeviceName, .. })), 1);
}

/// Names of an account's devices as one of them sees them.
fn devices(town: &mut Town, house: usize) -> Vec<Option<String>> {
    let mut names: Vec<_> =
        town.houses[house].client().devices().unwrap().into_iter().map(|DeviceView { name, .. }| name).collect();
    names.sort();
    names
}

#[test]
fn own_devices_know_each_others_names_and_what_the_person_wants_to_be_called() {
    let mut town = town(85, &["anna", "bert"]);
    call(&mut town, ANNA, "Anna of the Hive");
    let tablet = link(&mut town, ANNA, "annas tablet");
    let phone = link(&mut town, tablet, "annas telephone");
    let all = ["anna/1", "annas tablet", "annas telephone"].map(|name| Some(name.to_owned()));
    for house in [ANNA, tablet, phone] {
        assert_eq!(devices(&mut town, house), all, "{house}");
        assert_eq!(own(&mut town, house).as_deref(), Some("Anna of the Hive"), "{house}");
        // They have no chat, and notes leave none.
        assert!(town.houses[house].client().chats().unwrap().is_empty());
        assert_eq!(town.houses[house].client().connection().waiting, 0);
    }
    // A screen that shows the list knows when to look again.
    for name in ["annas tablet", "annas telephone"] {
        assert!(town.houses[ANNA].told.contains(&Event::DeviceNamed { name: name.into() }), "{name}");
    }
    // A choice made on one is known on all, also on the one that was away; then there is silence.
    town.unplug(tablet).unwrap();
    call(&mut town, phone, "Anna Queen");
    town.run_for(60_000).unwrap();
    town.connect(tablet, 0);
    town.run_for(60_000).unwrap();
    for house in [ANNA, tablet, phone] {
        assert_eq!(own(&mut town, house).as_deref(), Some("Anna Queen"), "{house}");
    }
    let before = town.traffic.requests.get("found").copied();
    town.run_for(super::DAY).unwrap();
    assert_eq!(town.traffic.requests.get("found").copied(), before);
}

#[test]
fn a_device_name_that_the_chain_does_not_bear_out_is_not_shown() {
    let mut town = town(86, &["anna"]);
    let lie = "UPDATE me SET device_name = 'bank of bees'";
    town.houses[ANNA].client().store_mut().write(|tx| Ok::<_, StoreError>(tx.execute(lie, [])?)).unwrap();
    let tablet = link(&mut town, ANNA, "annas tablet");
    assert_eq!(devices(&mut town, tablet), [None, Some("annas tablet".to_owned())]);
    assert_eq!(devices(&mut town, ANNA), ["annas tablet", "bank of bees"].map(|name| Some(name.to_owned())));
}
