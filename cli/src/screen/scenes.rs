//! Scenes: the screen drawn into memory, and hands on the keyboard.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use time::UtcOffset;
use waxseal_core::Command;
use waxseal_core::output::{Event, Problem};
use waxseal_core::view::{
    ChatId, ChatState, ChatSummary, Connection, Draft, Line, Me, MemberView, MessageRef, MessageState, MessageView, Notice,
    SafetyNumber,
};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::Refusal;

use super::conversation::Window;
use super::dialog::Dialog;
use super::form::{Form, Purpose};
use super::model::{Focus, Model, Picture, Places, Wish};
use super::palette::Palette;
use super::shell::PAGE;
use super::{draw, find, happen, pointer, press};
use crate::engine::Notice as Told;
use crate::names::Names;
use crate::network::{DoorError, Shut};
use crate::profile::Secret;

mod ahead;
mod stage;

use stage::{BOB, CLUB, MALLORY, MORNING, account, commands, drawn, key, member, model, picture, said, type_in};

#[test]
fn a_group_at_80_by_24() {
    insta::assert_snapshot!(drawn(&mut model(), 80, 24).backend());
}

#[test]
fn what_is_wrong_with_the_whole_device_stays_until_it_is_read() {
    let mut model = model();
    happen::happen(&mut model, Told::Event(Event::Failed { chat: None, problem: Problem::Copied }));
    model.pass_time(Millis(MORNING + 60 * 60_000));
    insta::assert_snapshot!(drawn(&mut model, 80, 24).backend());
    key(&mut model, KeyCode::Esc);
    assert!(model.dialog.is_none());
}

#[test]
fn a_group_with_its_members_at_120_by_40() {
    let mut model = model();
    key(&mut model, KeyCode::F(2));
    insta::assert_snapshot!(drawn(&mut model, 120, 40).backend());
}

#[test]
fn display_names_stand_beside_names_and_give_way_to_what_is_told() {
    let mut told = picture();
    let display = Some("Bob “the Builder” of a Great Many Bridges and Barns".to_owned());
    for chat in told.chats.iter_mut().filter(|chat| chat.direct) {
        chat.display_name.clone_from(&display);
    }
    told.members[1].display_name.clone_from(&display);
    told.messages.iter_mut().filter(|message| message.sender_name == "bob").for_each(|one| one.sender_display.clone_from(&display));
    let mut model = model();
    model.show(told);
    let group = drawn(&mut model, 80, 24).backend().to_string();
    assert!(group.contains("bob “Bob"), "the list: {group}");
    assert!(group.contains("bob “Bob \"the Builder\" of a Great"), "a heading: {group}");
    assert!(group.contains("(3)") && group.contains("wants to talk"), "facts keep their place: {group}");
    key(&mut model, KeyCode::F(2));
    let members = drawn(&mut model, 120, 40).backend().to_string();
    assert!(members.contains("bob “Bob") && members.contains("… ✓"), "{members}");
    model.open(MALLORY, Focus::Compose);
    assert!(drawn(&mut model, 120, 24).backend().to_string().contains("mallory wants to talk to you, and goes by “Bob"));
}

#[test]
fn what_to_be_called_is_chosen_on_the_screen_too() {
    let mut model = model();
    key(&mut model, KeyCode::F(10));
    key(&mut model, KeyCode::Char('p'));
    type_in(&mut model, "Alice Example");
    assert!(matches!(&commands(key(&mut model, KeyCode::Enter))[..], [Command::SetDisplayName(name)] if name == "Alice Example"));
}

#[test]
fn a_narrow_screen_shows_one_part() {
    insta::assert_snapshot!(drawn(&mut model(), 44, 14).backend());
}

#[test]
fn a_tiny_screen_says_what_it_needs() {
    insta::assert_snapshot!(drawn(&mut model(), 30, 6).backend());
}

#[test]
fn the_first_run_asks_for_a_name() {
    let mut model = Model::new("http://127.0.0.1:8710".into(), Palette::new(true), UtcOffset::UTC);
    model.show(Picture::default());
    type_in(&mut model, "Alice");
    key(&mut model, KeyCode::Enter);
    insta::assert_snapshot!(drawn(&mut model, 80, 24).backend());
}

#[test]
fn a_stranger_is_accepted_declined_or_blocked() {
    let mut model = model();
    model.open(MALLORY, Focus::Compose);
    let mut picture = picture();
    picture.messages = vec![MessageView { chat: MALLORY, ..said(20, 3, "mallory", "Cheap seals, click here", 5) }];
    picture.members = vec![member(0, "alice", true, false), member(3, "mallory", true, false)];
    picture.of = Some((MALLORY, Window::Newest));
    assert!(commands(model.show(picture)).is_empty(), "a request is not marked as read");
    insta::assert_snapshot!(drawn(&mut model, 80, 24).backend());
    assert!(matches!(commands(key(&mut model, KeyCode::Char('b'))).as_slice(), []), "blocking asks first");
    assert!(matches!(commands(key(&mut model, KeyCode::Char('y'))).as_slice(), [Command::Block(who)] if *who == account(3)));
    assert!(matches!(commands(key(&mut model, KeyCode::Char('a'))).as_slice(), [Command::AcceptRequest(MALLORY)]));
}

#[test]
fn help_names_every_key() {
    let mut model = model();
    key(&mut model, KeyCode::F(1));
    insta::assert_snapshot!(drawn(&mut model, 80, 42).backend());
}

#[test]
fn a_safety_number_is_shown_and_marked() {
    let mut model = model();
    model.dialog = Some(Dialog::Verify { account: account(1), name: "bob".into(), number: None });
    let digits = "0123456789".repeat(6);
    happen::safety(&mut model, account(1), Some(SafetyNumber { digits, verified: false }));
    insta::assert_snapshot!(drawn(&mut model, 80, 24).backend());
    let marked = commands(key(&mut model, KeyCode::Char('m')));
    assert!(matches!(marked.as_slice(), [Command::MarkVerified(who, true)] if *who == account(1)));
}

#[test]
fn no_size_breaks_the_screen_and_no_stranger_writes_on_it() {
    let mut hostile = picture();
    let nasty =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\u{2066}\u{200b}\r\nbob\t\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}";
    for chat in &mut hostile.chats {
        chat.title = nasty.into();
    }
    for message in &mut hostile.messages {
        message.sender_name = nasty.into();
        message.line = Line::Text(nasty.repeat(20));
        message.reactions = vec![(account(1), nasty.into())];
    }
    for member in &mut hostile.members {
        member.name = nasty.into();
    }
    for (columns, rows) in
        [(1, 1), (2, 40), (40, 12), (39, 9), (40, 10), (63, 24), (64, 24), (80, 24), (99, 12), (100, 50), (200, 60), (300, 3)]
    {
        let mut model = model();
        model.show(hostile.clone());
        model.show_members = true;
        for focus in [Focus::Chats, Focus::Messages, Focus::Compose, Focus::Members] {
            press::enter(&mut model, focus);
            let terminal = drawn(&mut model, columns, rows);
            for cell in &terminal.backend().buffer().content {
                let acts = |c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                assert!(!cell.symbol().chars().any(acts), "{columns}×{rows}: {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn without_colour_nothing_is_coloured_and_nothing_is_lost() {
    let coloured = drawn(&mut model(), 120, 40).backend().to_string();
    let mut plain = model();
    plain.palette = Palette::new(false);
    let terminal = drawn(&mut plain, 120, 40);
    assert!(terminal.backend().buffer().content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert_eq!(terminal.backend().to_string(), coloured);
}

#[test]
fn enter_sends_and_alt_enter_begins_a_line() {
    let mut model = model();
    type_in(&mut model, "one");
    press::press(&mut model, KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT));
    type_in(&mut model, "two");
    let sent = commands(key(&mut model, KeyCode::Enter));
    assert!(matches!(sent.as_slice(), [Command::Send { chat: CLUB, text, reply_to: None }] if text == "one\ntwo"), "{sent:?}");
    assert!(commands(key(&mut model, KeyCode::Enter)).is_empty(), "an empty line is not sent");
}

#[test]
fn each_conversation_keeps_its_draft() {
    let mut model = model();
    type_in(&mut model, "for the club");
    press::press(&mut model, KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL));
    type_in(&mut model, "for bob");
    press::press(&mut model, KeyEvent::new(KeyCode::Char('p'), KeyModifiers::CONTROL));
    let sent = commands(key(&mut model, KeyCode::Enter));
    assert!(matches!(sent.as_slice(), [Command::Send { chat: CLUB, text, .. }, ..] if text == "for the club"), "{sent:?}");
}

#[test]
fn a_message_is_answered_changed_deleted_and_tried_again() {
    let mut model = model();
    key(&mut model, KeyCode::Up);
    assert_eq!(model.focus, Focus::Messages);
    assert!(matches!(commands(key(&mut model, KeyCode::Char('t'))).as_slice(), [Command::Retry(MessageRef(10))]));
    for _ in 0..3 {
        key(&mut model, KeyCode::Up);
    }
    assert!(commands(key(&mut model, KeyCode::Char('d'))).is_empty(), "deleting asks first");
    let deleted = commands(key(&mut model, KeyCode::Char('y')));
    assert!(matches!(deleted.as_slice(), [Command::Delete { chat: CLUB, message: MessageRef(7) }]), "{deleted:?}");
    key(&mut model, KeyCode::Char('e'));
    type_in(&mut model, "!");
    let changed = commands(key(&mut model, KeyCode::Enter));
    assert!(
        matches!(changed.as_slice(), [Command::Edit { message: MessageRef(7), text, .. }] if text == "Tuesday at six, then.!"),
        "{changed:?}"
    );
    key(&mut model, KeyCode::Up);
    key(&mut model, KeyCode::Home);
    key(&mut model, KeyCode::Down);
    key(&mut model, KeyCode::Char('r'));
    type_in(&mut model, "yes");
    let answered = commands(key(&mut model, KeyCode::Enter));
    assert!(matches!(answered.as_slice(), [Command::Send { reply_to: Some(MessageRef(2)), .. }]), "{answered:?}");
}

#[test]
fn leaving_a_group_is_asked_twice() {
    let mut model = model();
    key(&mut model, KeyCode::Esc);
    key(&mut model, KeyCode::Char('o'));
    assert!(commands(key(&mut model, KeyCode::Char('l'))).is_empty());
    assert!(matches!(model.dialog, Some(Dialog::Question { .. })));
    key(&mut model, KeyCode::Char('n'));
    assert!(model.dialog.is_none(), "no means no");
    key(&mut model, KeyCode::Char('o'));
    key(&mut model, KeyCode::Char('l'));
    assert!(matches!(commands(key(&mut model, KeyCode::Char('y'))).as_slice(), [Command::Leave(CLUB)]));
}

#[test]
fn quitting_keeps_what_is_written_and_asks_only_while_something_waits() {
    let mut model = model();
    type_in(&mut model, "half a sent");
    let quit = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL);
    assert!(press::press(&mut model, quit).is_empty(), "one message waits: that is said first");
    assert!(drawn(&mut model, 80, 24).backend().to_string().contains("One thing waits for the server"));
    assert!(matches!(key(&mut model, KeyCode::Char('y')).as_slice(), [Wish::Quit]));
    model.seen.connection.waiting = 0;
    assert!(matches!(press::press(&mut model, quit).as_slice(), [Wish::Quit]));
    let kept = model.leave_chat();
    assert!(matches!(kept, Some(Wish::Command(Command::KeepDraft(draft))) if draft.chat == CLUB && draft.text == "half a sent"));
    assert!(model.leave_chat().is_none(), "once is enough");
}

#[test]
fn a_draft_is_there_again_and_changing_a_message_does_not_touch_it() {
    let mut model = model();
    let draft = Draft { chat: CLUB, text: "as I was saying".into(), reply_to: None };
    model.drafts.restore(vec![draft]);
    press::enter(&mut model, Focus::Messages);
    for _ in 0..3 {
        key(&mut model, KeyCode::Up);
    }
    key(&mut model, KeyCode::Char('e'));
    assert_eq!(model.drafts.text(CLUB), "Tuesday at six, then.");
    assert!(model.keep_draft().is_none(), "what is changed is no draft");
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.drafts.text(CLUB), "as I was saying");
    let sent = commands(key(&mut model, KeyCode::Enter));
    assert!(
        matches!(&sent[..], [Command::Send { text, .. }, Command::KeepDraft(gone)] if text == "as I was saying" && gone.text.is_empty())
    );
}

#[test]
fn what_is_on_the_screen_counts_as_read_only_while_somebody_looks() {
    let mut unread = picture();
    unread.chats[0].unread = 2;
    let mut away = model();
    away.attentive = false;
    assert!(commands(away.show(unread.clone())).is_empty());
    away.attentive = true;
    assert!(matches!(away.mark_read(), Some(Wish::Command(Command::MarkRead(CLUB)))));
    assert!(away.mark_read().is_none(), "once is enough");
}

#[test]
fn passing_by_in_the_list_reads_nothing() {
    let mut unread = picture();
    unread.chats[0].unread = 2;
    let mut model = model();
    model.focus = Focus::Chats;
    assert!(commands(model.show(unread)).is_empty());
    assert!(matches!(commands(key(&mut model, KeyCode::Enter)).as_slice(), [Command::MarkRead(CLUB)]), "entering does");
}

#[test]
fn the_connection_is_looked_at_until_it_stands() {
    let mut model = model();
    assert!(!model.is_settled(), "something waits");
    let connection = Connection { waiting: 0, ..model.seen.connection };
    model.show(Picture { connection, ..picture() });
    assert!(model.is_settled());
    let shut = Shut { why: DoorError::Refused, again: Millis(model.now.0 + 12_000) };
    happen::happen(&mut model, Told::Door(Door::Device, Err(shut)));
    model.show(Picture { connection: Connection::default(), ..picture() });
    assert!(!model.is_settled());
    let screen = drawn(&mut model, 80, 24).backend().to_string();
    assert!(screen.contains("○ offline · again in 12 s"), "{screen}");
    assert!(screen.contains("! nobody answers at the server's address · Ctrl+L connects now"), "{screen}");
    assert!(model.pass_time(Millis(model.now.0 + 1_000)), "the seconds are counted down");
}

#[test]
fn the_mouse_opens_chats_and_scrolls() {
    let mut model = model();
    drawn(&mut model, 80, 14);
    let mouse = |kind, column, row| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    pointer::point(&mut model, mouse(MouseEventKind::ScrollUp, 50, 5));
    drawn(&mut model, 80, 14);
    assert!(model.open.as_ref().unwrap().anchor.is_some());
    pointer::point(&mut model, mouse(MouseEventKind::ScrollDown, 50, 5));
    drawn(&mut model, 80, 14);
    assert!(model.open.as_ref().unwrap().anchor.is_none());
    let wishes = pointer::point(&mut model, mouse(MouseEventKind::Down(MouseButton::Left), 5, 3));
    assert!(matches!(wishes.as_slice(), [Wish::Unread(BOB), Wish::Look]));
    assert_eq!(model.open.as_ref().unwrap().chat, BOB);
}

#[test]
fn pasted_text_is_made_harmless_and_not_sent() {
    let mut model = model();
    press::paste(&mut model, "rm -rf\u{1b}[A\nnext");
    let sent = commands(key(&mut model, KeyCode::Enter));
    assert!(matches!(sent.as_slice(), [Command::Send { text, .. }] if text == "rm -rf␛[A\nnext"), "{sent:?}");
}

#[test]
fn a_refused_name_is_said_in_the_form() {
    let mut model = Model::new("http://127.0.0.1:8710".into(), Palette::new(true), UtcOffset::UTC);
    let connection = Connection { sending: true, ..Connection::default() };
    model.show(Picture { connection, ..Picture::default() });
    type_in(&mut model, "alice");
    let handed_in = commands(key(&mut model, KeyCode::Enter));
    assert!(matches!(handed_in.as_slice(), [Command::Register { name, .. }] if name.as_str() == "alice"), "{handed_in:?}");
    assert!(matches!(&model.dialog, Some(Dialog::Form(form)) if form.busy.is_some()), "handed in");
    happen::happen(&mut model, Told::Event(Event::RegisterFailed(Refusal::Taken)));
    let Some(Dialog::Form(form)) = &model.dialog else { panic!("the form is gone") };
    assert!(form.wrong.as_ref().unwrap().contains("choose another") && form.busy.is_none());
}

#[test]
fn nothing_is_claimed_before_the_server_is_reached() {
    let mut model = Model::new("http://127.0.0.1:8710".into(), Palette::new(true), UtcOffset::UTC);
    model.show(Picture::default());
    type_in(&mut model, "alice");
    key(&mut model, KeyCode::BackTab);
    key(&mut model, KeyCode::Backspace);
    type_in(&mut model, "9");
    let wishes = key(&mut model, KeyCode::Enter);
    assert!(matches!(wishes.as_slice(), [Wish::MoveTo(to)] if to.to_string() == "http://127.0.0.1:8719"), "{wishes:?}");
    let shut = Shut { why: DoorError::Refused, again: Millis(0) };
    assert!(commands(happen::happen(&mut model, Told::Door(Door::Anonymous, Err(shut)))).is_empty());
    let Some(Dialog::Form(form)) = &model.dialog else { panic!("the form is gone") };
    assert!(form.wrong.as_ref().unwrap().contains("nobody answers"), "it can be mended and handed in again");
    assert_eq!(form.at, 0, "the usual server may be the wrong one");
    model.server = "http://127.0.0.1:8719".into();
    key(&mut model, KeyCode::Enter);
    let told = commands(happen::happen(&mut model, Told::Door(Door::Anonymous, Ok(()))));
    assert!(matches!(told.as_slice(), [Command::Register { .. }]), "{told:?}");
}

fn many(count: i64) -> Vec<MessageView> {
    (0..count).map(|n| said(n + 100, 1, "bob", &format!("number {n}"), n as u64)).collect()
}

#[test]
fn older_messages_are_read_when_the_first_is_reached() {
    let mut model = model();
    model.show(Picture { messages: many(PAGE as i64), has_older: true, ..picture() });
    press::scroll(&mut model, true, 10_000);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut places = Places::default();
    terminal.draw(|frame| places = draw::draw(frame, &model)).unwrap();
    assert!(matches!(model.placed(places.clone()).as_slice(), [Wish::Look]));
    assert_eq!(model.open.as_ref().unwrap().window, Window::Around(MessageRef(100)));
    assert!(model.placed(places).is_empty(), "asked once, until the answer comes");
}

#[test]
fn what_is_being_read_stays_where_it_is_while_others_write() {
    let mut model = model();
    model.show(Picture { messages: many(60), ..picture() });
    drawn(&mut model, 80, 24);
    press::scroll(&mut model, true, 30);
    let before = drawn(&mut model, 80, 24).backend().to_string();
    assert!(before.contains("number 20") && !before.contains("number 59"), "{before}");
    let mut chats = picture().chats;
    chats[0].unread = 2;
    model.show(Picture { messages: many(62), chats, ..picture() });
    let after = drawn(&mut model, 80, 24).backend().to_string();
    let lines = |screen: &str| screen.lines().skip(3).take(14).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&before), lines(&after));
    assert!(after.contains("↓ 2 new"), "{after}");
    press::enter(&mut model, Focus::Messages);
    key(&mut model, KeyCode::End);
    assert!(drawn(&mut model, 80, 24).backend().to_string().contains("number 61"));
}

#[test]
fn a_line_shows_where_the_unread_begins() {
    let mut model = model();
    let mut chats = picture().chats;
    chats[1].unread = 40;
    model.show(Picture { chats: chats.clone(), ..picture() });
    assert!(model.open(BOB, Focus::Compose).iter().any(|wish| matches!(wish, Wish::Unread(BOB))));
    let messages: Vec<_> = many(90).into_iter().map(|message| MessageView { chat: BOB, ..message }).collect();
    let marked = commands(model.show(Picture { chats, messages, of: Some((BOB, Window::Newest)), ..picture() }));
    assert!(marked.is_empty(), "not before it is known where the unread begins");
    model.unread_found(BOB, Some(MessageRef(150)));
    let screen = drawn(&mut model, 80, 24).backend().to_string();
    assert!(screen.contains("── 40 new ──") && screen.contains("number 50") && !screen.contains("number 89"), "{screen}");
    press::scroll(&mut model, false, 1_000);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut places = Places::default();
    terminal.draw(|frame| places = draw::draw(frame, &model)).unwrap();
    assert!(matches!(commands(model.placed(places)).as_slice(), [Command::MarkRead(BOB)]), "scrolled to its end");
}

#[test]
fn a_chat_is_found_by_its_title_and_a_message_by_its_words() {
    let mut model = model();
    press::press(&mut model, KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL));
    type_in(&mut model, "bo");
    let Some(Dialog::Find(asked)) = &model.dialog else { panic!("not looking") };
    assert_eq!(asked.hits.iter().map(find::Hit::label).collect::<Vec<_>>(), ["#Book club", "bob"]);
    let wishes = key(&mut model, KeyCode::Char('o'));
    assert!(matches!(wishes.as_slice(), [Wish::Search(words)] if words == "boo"), "{wishes:?}");
    let old = MessageView { chat: BOB, ..said(7, 1, "bob", "a book about seals", 0) };
    find::found(&mut model, "bo", std::slice::from_ref(&old));
    assert!(matches!(&model.dialog, Some(Dialog::Find(asked)) if asked.hits.len() == 1), "an answer that came late is left");
    find::found(&mut model, "boo", &[old]);
    insta::assert_snapshot!(drawn(&mut model, 80, 24).backend());
    key(&mut model, KeyCode::Down);
    assert!(key(&mut model, KeyCode::Enter).iter().any(|wish| matches!(wish, Wish::Look)));
    let open = model.open.as_ref().unwrap();
    assert_eq!((open.chat, open.window, open.selected), (BOB, Window::Around(MessageRef(7)), Some(MessageRef(7))));
}

#[test]
fn a_passphrase_is_typed_twice_and_never_shown() {
    let mut model = Model::new("http://127.0.0.1:8710".into(), Palette::new(true), UtcOffset::UTC);
    model.dialog = Some(Dialog::Form(Form::new(Purpose::Guard)));
    type_in(&mut model, "correct horse");
    key(&mut model, KeyCode::Enter);
    type_in(&mut model, "correct house");
    assert!(key(&mut model, KeyCode::Enter).is_empty(), "the two differ");
    let screen = drawn(&mut model, 80, 24).backend().to_string();
    assert!(screen.contains("The two differ") && screen.contains("•••") && !screen.contains("horse"), "{screen}");
    for _ in 0..3 {
        key(&mut model, KeyCode::Backspace);
    }
    type_in(&mut model, "rse");
    insta::assert_snapshot!(drawn(&mut model, 80, 24).backend());
    let wishes = key(&mut model, KeyCode::Enter);
    assert!(matches!(wishes.as_slice(), [Wish::Open(Secret::Passphrase(typed))] if typed.as_str() == "correct horse"));
    assert!(!format!("{:?} {wishes:?}", model.dialog).contains("horse"), "not in a log either");
}

#[test]
fn a_burst_of_messages_rings_once() {
    let mut model = model();
    model.now = Millis(MORNING);
    let received = || Told::Event(Event::Received { chat: BOB, message: MessageRef(1) });
    let rings = |wishes: Vec<Wish>| wishes.iter().filter(|wish| matches!(wish, Wish::Ring)).count();
    let rung: usize = (0..50).map(|_| rings(happen::happen(&mut model, received()))).sum();
    assert_eq!(rung, 1);
}

#[test]
fn who_is_blocked_is_listed_and_can_be_taken_back() {
    let mut model = model();
    model.dialog = Some(Dialog::blocked(&[(account(3), "mallory".into())]));
    assert!(commands(key(&mut model, KeyCode::Enter)).is_empty(), "asked first");
    assert!(matches!(commands(key(&mut model, KeyCode::Char('y'))).as_slice(), [Command::Unblock(who)] if *who == account(3)));
}
