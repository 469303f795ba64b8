//! Scenes: the screen drawn into memory, and hands on the keyboard.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use time::UtcOffset;
use waxseal_core::output::Event;
use waxseal_core::view::{
    ChatId, ChatState, ChatSummary, Connection, Line, Me, MemberView, MessageRef, MessageState, MessageView, Notice, SafetyNumber,
};
use waxseal_core::{Command, view};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::Refusal;

use super::dialog::Dialog;
use super::model::{Focus, Model, PAGE, Picture, Places, Wish};
use super::palette::Palette;
use super::{draw, happen, pointer, press};
use crate::engine::Notice as Told;
use crate::names::Names;
use crate::network::DoorError;

const MINUTE: u64 = 60_000;
/// Sunday, 22 November 2026, 09:00 UTC.
const MORNING: u64 = 1_795_338_000_000;
const BOB: ChatId = ChatId([1; 16]);
const CLUB: ChatId = ChatId([2; 16]);
const MALLORY: ChatId = ChatId([3; 16]);

fn account(byte: u8) -> AccountId {
    AccountId([byte; 32])
}

fn said(n: i64, by: u8, name: &str, text: &str, minutes: u64) -> MessageView {
    MessageView {
        message: MessageRef(n),
        chat: CLUB,
        sender: Some(account(by)),
        own: by == 0,
        sender_name: name.into(),
        at: Millis(MORNING + minutes * MINUTE),
        line: Line::Text(text.into()),
        reply_to: None,
        edited: false,
        reactions: Vec::new(),
        state: if by == 0 { MessageState::Read } else { MessageState::Received },
    }
}

fn chat(id: ChatId, title: &str, direct: bool, unread: u64, last: Option<MessageView>) -> ChatSummary {
    let active = last.as_ref().map_or(Millis(MORNING), |last| last.at);
    let peer = direct.then(|| account(id.0[0]));
    ChatSummary {
        chat: id,
        title: title.into(),
        direct,
        peer,
        state: ChatState::Open,
        members: if direct { 2 } else { 4 },
        unread,
        last,
        active,
    }
}

fn member(byte: u8, name: &str, admin: bool, verified: bool) -> MemberView {
    MemberView { account: account(byte), name: name.into(), admin, own: byte == 0, devices: 1, verified }
}

/// A group with something of everything.
fn messages() -> Vec<MessageView> {
    let mut all = vec![
        MessageView { line: Line::Notice(Notice::Created), state: MessageState::Read, ..said(1, 0, "alice", "", 0) },
        said(2, 1, "bob", "Has anyone finished chapter four?", 1),
        said(3, 1, "bob", "I could not put it down.", 2),
        MessageView {
            reply_to: Some(MessageRef(2)),
            ..said(
                4,
                0,
                "alice",
                "Last night! The letter in the wall, I did not see that coming, and neither did the inspector.",
                4,
            )
        },
        MessageView {
            reactions: vec![(account(0), "👍".into())], ..said(5, 2, "carol", "日本語の本もいいですよ。", 12)
        },
        MessageView { line: Line::Gap, sender: None, ..said(6, 9, "", "", 13) },
        MessageView { state: MessageState::Delivered, edited: true, ..said(7, 0, "alice", "Tuesday at six, then.", 20) },
        MessageView { state: MessageState::Sent, ..said(8, 0, "alice", "I bring tea.", 21) },
        MessageView { state: MessageState::Pending, ..said(9, 0, "alice", "And cake", 22) },
        MessageView { state: MessageState::Failed, ..said(10, 0, "alice", "(a very large cake)", 23) },
    ];
    for message in &mut all {
        message.chat = CLUB;
    }
    all
}

fn picture() -> Picture {
    let me = Me {
        account: account(0),
        name: AccountName::parse("alice").unwrap(),
        device: DeviceId([7; 16]),
        device_name: "laptop".into(),
        registered: true,
    };
    let mut mallory = chat(MALLORY, "mallory", true, 1, Some(said(20, 3, "mallory", "Cheap seals, click here", 5)));
    mallory.state = ChatState::Requested;
    let members = vec![
        member(0, "alice", true, false),
        member(1, "bob", false, true),
        member(2, "carol", false, false),
        member(4, "dave", false, false),
    ];
    Picture {
        me: Some(me),
        chats: vec![
            chat(CLUB, "Book club", false, 0, messages().pop()),
            chat(BOB, "bob", true, 3, Some(said(21, 1, "bob", "See you at six\nor seven", 8))),
            mallory,
        ],
        connection: Connection { receiving: true, sending: true, caught_up: true, waiting: 1 },
        messages: messages(),
        names: Names::of_members(&members),
        members,
        of: Some((CLUB, PAGE)),
    }
}

fn model() -> Model {
    let mut model = Model::new("http://127.0.0.1:8710".into(), Palette::new(true), UtcOffset::UTC);
    model.now = Millis(MORNING + 30 * MINUTE);
    model.open(CLUB, Focus::Compose);
    model.show(picture());
    model
}

fn drawn(model: &mut Model, columns: u16, rows: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut places = Places::default();
    terminal.draw(|frame| places = draw::draw(frame, model)).unwrap();
    model.placed(places);
    terminal
}

fn key(model: &mut Model, code: KeyCode) -> Vec<Wish> {
    press::press(model, KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        key(model, KeyCode::Char(c));
    }
}

fn commands(wishes: Vec<Wish>) -> Vec<Command> {
    wishes.into_iter().filter_map(|wish| if let Wish::Command(command) = wish { Some(command) } else { None }).collect()
}

#[test]
fn a_group_at_80_by_24() {
    insta::assert_snapshot!(drawn(&mut model(), 80, 24).backend());
}

#[test]
fn a_group_with_its_members_at_120_by_40() {
    let mut model = model();
    key(&mut model, KeyCode::F(2));
    insta::assert_snapshot!(drawn(&mut model, 120, 40).backend());
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
    picture.of = Some((MALLORY, PAGE));
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
    insta::assert_snapshot!(drawn(&mut model, 80, 40).backend());
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
        [(1, 1), (2, 40), (39, 9), (40, 10), (63, 24), (64, 24), (80, 24), (99, 12), (100, 50), (200, 60), (300, 3)]
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
    assert!(matches!(sent.as_slice(), [Command::Send { chat: CLUB, text, .. }] if text == "for the club"), "{sent:?}");
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
fn quitting_with_a_draft_is_asked_first() {
    let mut model = model();
    type_in(&mut model, "half a sent");
    let quit = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL);
    assert!(press::press(&mut model, quit).is_empty());
    assert!(matches!(key(&mut model, KeyCode::Char('y')).as_slice(), [Wish::Quit]));
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
fn the_connection_is_looked_at_until_it_stands() {
    let mut model = model();
    assert!(!model.is_settled(), "something waits");
    let connection = Connection { waiting: 0, ..model.seen.connection };
    model.show(Picture { connection, ..picture() });
    assert!(model.is_settled());
    happen::happen(&mut model, Told::Door(Door::Device, Err(DoorError::Refused)));
    model.show(Picture { connection: Connection::default(), ..picture() });
    assert!(!model.is_settled());
    assert!(drawn(&mut model, 80, 24).backend().to_string().contains("offline: nobody answers"));
}

#[test]
fn the_mouse_opens_chats_and_scrolls() {
    let mut model = model();
    drawn(&mut model, 80, 14);
    let mouse = |kind, column, row| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    pointer::point(&mut model, mouse(MouseEventKind::ScrollUp, 50, 5));
    drawn(&mut model, 80, 14);
    assert_eq!(model.open.as_ref().unwrap().scroll, 3);
    pointer::point(&mut model, mouse(MouseEventKind::ScrollDown, 50, 5));
    drawn(&mut model, 80, 14);
    assert_eq!(model.open.as_ref().unwrap().scroll, 0);
    let wishes = pointer::point(&mut model, mouse(MouseEventKind::Down(MouseButton::Left), 5, 3));
    assert!(matches!(wishes.as_slice(), [Wish::Look]));
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
    model.show(Picture::default());
    type_in(&mut model, "alice");
    key(&mut model, KeyCode::Enter);
    assert!(matches!(&model.dialog, Some(Dialog::Form(form)) if form.is_busy), "handed in");
    happen::happen(&mut model, Told::Event(Event::RegisterFailed(Refusal::Taken)));
    let Some(Dialog::Form(form)) = &model.dialog else { panic!("the form is gone") };
    assert!(form.wrong.as_ref().unwrap().contains("choose another") && !form.is_busy);
}

#[test]
fn older_messages_are_read_when_the_first_is_reached() {
    let mut model = model();
    let mut full = picture();
    full.messages = (0..PAGE as i64).map(|n| said(n, 1, "bob", "words", n as u64)).collect();
    model.show(full);
    press::scroll(&mut model, true, 10_000);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut places = Places::default();
    terminal.draw(|frame| places = draw::draw(frame, &model)).unwrap();
    assert!(matches!(model.placed(places.clone()).as_slice(), [Wish::Look]));
    assert!(model.placed(places).is_empty(), "asked once, until the answer comes");
    let _: &[view::MessageView] = model.messages();
}
