//! Keys typed while a chat is on its way, and chats that others open.

use super::stage::chat;
use super::*;
use crate::screen::ahead;

fn ask_for_dora(model: &mut Model) -> Vec<Command> {
    key(model, KeyCode::Esc);
    key(model, KeyCode::Char('n'));
    type_in(model, "dora");
    commands(key(model, KeyCode::Enter))
}

fn with_dora() -> Picture {
    let mut told = picture();
    told.chats.insert(0, chat(ChatId([9; 16]), "dora", true, 0, None));
    told
}

#[test]
fn words_typed_while_a_chat_is_on_its_way_are_for_that_chat() {
    let mut model = model();
    assert!(matches!(&ask_for_dora(&mut model)[..], [Command::OpenDirect(name)] if name.as_str() == "dora"));
    // As keys of the list these would open the menu of the club, and leave it.
    type_in(&mut model, "hello, both of you");
    press::paste(&mut model, " and\nyours");
    assert!(model.dialog.is_none());
    assert_eq!(model.open.as_ref().map(|open| open.chat), Some(CLUB), "nothing is taken for a key of what is shown");
    assert!(commands(model.show(picture())).is_empty(), "another chat is not the one");
    model.show(with_dora());
    assert_eq!(model.open.as_ref().map(|open| open.chat), Some(ChatId([9; 16])));
    let sent = commands(key(&mut model, KeyCode::Enter));
    assert!(
        matches!(&sent[0], Command::Send { chat: ChatId([9, ..]), text, .. } if text == "hello, both of you and\nyours"),
        "{sent:?}"
    );
}

#[test]
fn a_group_hears_what_was_typed_before_it_stood() {
    let mut model = model();
    key(&mut model, KeyCode::Esc);
    key(&mut model, KeyCode::Char('g'));
    type_in(&mut model, "Choir");
    key(&mut model, KeyCode::Enter);
    assert!(matches!(&commands(key(&mut model, KeyCode::Enter))[..], [Command::CreateGroup { .. }]));
    type_in(&mut model, "welcome");
    assert!(key(&mut model, KeyCode::Enter).is_empty());
    let sent = commands(ahead::opened(&mut model, ChatId([8; 16])));
    assert!(
        sent.iter().any(|one| matches!(one, Command::Send { chat: ChatId([8, ..]), text, .. } if text == "welcome")),
        "{sent:?}"
    );
}

#[test]
fn a_chat_that_others_open_takes_no_keyboard() {
    let mut model = model();
    type_in(&mut model, "for the club al");
    happen::happen(&mut model, Told::Event(Event::ChatOpened(BOB)));
    type_in(&mut model, "one");
    let sent = commands(key(&mut model, KeyCode::Enter));
    assert!(matches!(&sent[0], Command::Send { chat: CLUB, text, .. } if text == "for the club alone"), "{sent:?}");
}

#[test]
fn who_waits_in_vain_gets_the_keyboard_back() {
    let nobody = || Told::Event(Event::NoSuchAccount(AccountName::parse("dora").unwrap()));
    let ends: [&dyn Fn(&mut Model); 3] =
        [&|model| drop(happen::happen(model, nobody())), &|model| drop(key(model, KeyCode::Esc)), &|model| {
            assert!(model.pass_time(Millis(model.now.0 + 10_000)))
        }];
    for end in ends {
        let mut model = model();
        ask_for_dora(&mut model);
        type_in(&mut model, "hello");
        end(&mut model);
        model.show(with_dora());
        assert_eq!(model.open.as_ref().map(|open| open.chat), Some(CLUB), "a chat that comes too late waits in the list");
        key(&mut model, KeyCode::Char('?'));
        assert!(matches!(model.dialog, Some(Dialog::Help { .. })), "keys are heard again");
    }
}
