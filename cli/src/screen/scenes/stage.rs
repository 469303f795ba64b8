//! What the scenes are played with: people, chats, a model, a keyboard.

use super::*;

pub(super) const MINUTE: u64 = 60_000;
/// Sunday, 22 November 2026, 09:00 UTC.
pub(super) const MORNING: u64 = 1_795_338_000_000;
pub(super) const BOB: ChatId = ChatId([1; 16]);
pub(super) const CLUB: ChatId = ChatId([2; 16]);
pub(super) const MALLORY: ChatId = ChatId([3; 16]);

pub(super) fn account(byte: u8) -> AccountId {
    AccountId([byte; 32])
}

pub(super) fn said(n: i64, by: u8, name: &str, text: &str, minutes: u64) -> MessageView {
    MessageView {
        message: MessageRef(n),
        chat: CLUB,
        sender: Some(account(by)),
        own: by == 0,
        sender_name: name.into(),
        sender_display: None,
        at: Millis(MORNING + minutes * MINUTE),
        line: Line::Text(text.into()),
        reply_to: None,
        edited: false,
        reactions: Vec::new(),
        state: if by == 0 { MessageState::Read } else { MessageState::Received },
    }
}

pub(super) fn chat(id: ChatId, title: &str, direct: bool, unread: u64, last: Option<MessageView>) -> ChatSummary {
    let active = last.as_ref().map_or(Millis(MORNING), |last| last.at);
    let peer = direct.then(|| account(id.0[0]));
    ChatSummary {
        chat: id,
        title: title.into(),
        direct,
        peer,
        display_name: None,
        state: ChatState::Open,
        members: if direct { 2 } else { 4 },
        unread,
        last,
        active,
        held: Vec::new(),
    }
}

pub(super) fn member(byte: u8, name: &str, admin: bool, verified: bool) -> MemberView {
    MemberView { account: account(byte), name: name.into(), display_name: None, admin, own: byte == 0, devices: 1, verified }
}

/// A group with something of everything.
pub(super) fn messages() -> Vec<MessageView> {
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

pub(super) fn picture() -> Picture {
    let me = Me {
        account: account(0),
        name: AccountName::parse("alice").unwrap(),
        display_name: None,
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
        of: Some((CLUB, Window::Newest)),
        ..Picture::default()
    }
}

pub(super) fn model() -> Model {
    let mut model = Model::new("http://127.0.0.1:8710".into(), Palette::new(true), UtcOffset::UTC);
    model.now = Millis(MORNING + 30 * MINUTE);
    model.open(CLUB, Focus::Compose);
    model.show(picture());
    model
}

pub(super) fn drawn(model: &mut Model, columns: u16, rows: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut places = Places::default();
    terminal.draw(|frame| places = draw::draw(frame, model)).unwrap();
    model.placed(places);
    terminal
}

pub(super) fn key(model: &mut Model, code: KeyCode) -> Vec<Wish> {
    press::press(model, KeyEvent::new(code, KeyModifiers::NONE))
}

pub(super) fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        key(model, KeyCode::Char(c));
    }
}

pub(super) fn commands(wishes: Vec<Wish>) -> Vec<Command> {
    wishes.into_iter().filter_map(|wish| if let Wish::Command(command) = wish { Some(command) } else { None }).collect()
}
