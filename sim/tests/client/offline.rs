//! Words to a name, written while nobody can say whose it is.

use waxseal_core::view::{ChatState, Line, MessageState, Notice};
use waxseal_core::{Command, Event};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;

use super::{name, said, texts, town};

const ANNA: usize = 0;
const BERT: usize = 1;

/// Anna writes to somebody while she is offline.
fn write(town: &mut Town, to: &str, words: &[&str]) {
    town.unplug(ANNA).unwrap();
    town.command(ANNA, Command::OpenDirect(name(to))).unwrap();
    for text in words {
        let chat = town.chat(ANNA, to).unwrap();
        town.command(ANNA, Command::Send { chat, text: (*text).to_owned(), reply_to: None }).unwrap();
    }
}

fn states(town: &mut Town, title: &str) -> Vec<MessageState> {
    let chat = town.chat(ANNA, title).unwrap();
    let all = town.houses[ANNA].client().messages(chat, None, 100).unwrap();
    all.into_iter().filter(|message| matches!(message.line, Line::Text(_))).map(|message| message.state).collect()
}

#[test]
fn words_to_a_name_wait_and_go_when_it_is_known_whose_it_is() {
    let mut town = town(91, &["anna", "bert"]);
    town.command(ANNA, Command::SetDisplayName("Anna of the Hive".into())).unwrap();
    write(&mut town, "bert", &["hello", "are you there?"]);
    assert_eq!(texts(&mut town, ANNA, "bert"), ["hello", "are you there?"], "the chat is there at once");
    assert_eq!(states(&mut town, "bert"), [MessageState::Pending; 2]);
    // An answer, an edit and a reaction name messages by ids that will be others; a restart forgets nothing.
    let waits = town.chat(ANNA, "bert").unwrap();
    let first = town.houses[ANNA].client().messages(waits, None, 100).unwrap()[0].message;
    town.command(ANNA, Command::Send { chat: waits, text: "me again".into(), reply_to: Some(first) }).unwrap();
    town.command(ANNA, Command::Edit { chat: waits, message: first, text: "hello, Bert".into() }).unwrap();
    town.command(ANNA, Command::React { chat: waits, message: first, emoji: "🐝".into() }).unwrap();
    town.restart(ANNA).unwrap();
    town.run_for(10_000).unwrap();
    assert_eq!(said(&town, ANNA, |event| matches!(event, Event::ChatMoved { from, .. } if *from == waits)), 1);
    assert_eq!(town.houses[ANNA].client().chat(waits).unwrap(), None);
    let all = ["hello, Bert", "are you there?", "me again"];
    assert_eq!(
        (texts(&mut town, ANNA, "bert"), texts(&mut town, BERT, "anna")),
        (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec())
    );
    assert_eq!(states(&mut town, "bert"), [MessageState::Sent; 3]);
    let theirs = town.chat(BERT, "anna").unwrap();
    let heard = town.houses[BERT].client().messages(theirs, None, 100).unwrap();
    let heard: Vec<_> = heard.into_iter().filter(|message| matches!(message.line, Line::Text(_))).collect();
    assert_eq!((heard[0].edited, heard[0].reactions.len(), heard[2].reply_to), (true, 1, Some(heard[0].message)));
    assert_eq!(town.houses[BERT].client().chat(theirs).unwrap().unwrap().display_name.as_deref(), Some("Anna of the Hive"));
    assert_eq!(town.houses[ANNA].client().chats().unwrap().len(), 1);
}

#[test]
fn words_to_nobody_have_failed_are_kept_and_go_when_somebody_takes_the_name() {
    let mut town = town(92, &["anna"]);
    write(&mut town, "bert", &["anybody there?"]);
    town.connect(ANNA, 0);
    town.run_for(10_000).unwrap();
    assert_eq!(said(&town, ANNA, |event| matches!(event, Event::NoSuchAccount(_))), 1);
    assert_eq!(states(&mut town, "bert"), [MessageState::Failed]);
    let chat = town.chat(ANNA, "bert").unwrap();
    let lines = town.houses[ANNA].client().messages(chat, None, 100).unwrap();
    assert_eq!(lines.last().unwrap().line, Line::Notice(Notice::Nobody), "it is said in the chat");
    assert_eq!(town.houses[ANNA].client().chat(chat).unwrap().unwrap().state, ChatState::Left);
    let bert = town.settle("bert/1", "bert");
    town.plan(0, bert, Deed::Register);
    town.run_for(5_000).unwrap();
    let message = lines.iter().find(|line| line.own).unwrap().message;
    town.command(ANNA, Command::Retry(message)).unwrap();
    town.run_for(10_000).unwrap();
    assert_eq!(texts(&mut town, bert, "anna"), ["anybody there?"]);
    assert_eq!(states(&mut town, "bert"), [MessageState::Sent]);
    let chat = town.chat(ANNA, "bert").unwrap();
    let lines = town.houses[ANNA].client().messages(chat, None, 100).unwrap();
    assert!(lines.iter().all(|line| line.line != Line::Notice(Notice::Nobody)), "and taken back");
}

#[test]
fn a_name_that_was_only_looked_at_leaves_nothing_behind() {
    let mut town = town(93, &["anna", "bert"]);
    write(&mut town, "nobody-here", &[]);
    town.connect(ANNA, 0);
    town.run_for(10_000).unwrap();
    assert!(town.houses[ANNA].client().chats().unwrap().is_empty());
    // And what somebody asked meanwhile is answered by what waits for them.
    write(&mut town, "bert", &["hello"]);
    town.plan(0, BERT, Deed::Open("anna".into()));
    town.run_for(2_000).unwrap();
    town.plan(0, BERT, Deed::Say("anna".into(), "hello first".into()));
    town.run_for(5_000).unwrap();
    town.connect(ANNA, 0);
    town.run_for(60_000).unwrap();
    assert_eq!(town.houses[ANNA].client().chats().unwrap().len(), 1);
    for (house, title) in [(ANNA, "bert"), (BERT, "anna")] {
        let mut all = texts(&mut town, house, title);
        all.sort();
        assert_eq!(all, ["hello", "hello first"], "{title}");
    }
}

#[test]
fn a_look_up_made_offline_is_answered_when_the_connection_is_back() {
    let mut town = town(94, &["anna", "bert"]);
    town.unplug(ANNA).unwrap();
    town.command(ANNA, Command::LookUp(name("bert"))).unwrap();
    town.restart(ANNA).unwrap();
    town.run_for(10_000).unwrap();
    assert_eq!(said(&town, ANNA, |event| matches!(event, Event::AccountKnown { .. })), 1);
    assert_eq!(town.houses[ANNA].client().connection().waiting, 0);
}
