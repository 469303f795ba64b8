//! Samples of everything that is said, as the TypeScript compiler reads them: it holds them against contract.ts.
//!
//! `WAXSEAL_SAMPLES=write cargo test -p waxseal-web` writes them anew; the page's `npm run check` judges them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use waxseal_core::output::{LinkProblem, Problem, Work};
use waxseal_core::store::Store;
use waxseal_core::view::{self, MessageRef};
use waxseal_core::{Client, input, output};
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::Refusal;

use super::view::{
    ChatSummary, Connection, DeviceView, Directory, Me, MemberView, MessageView, Names, SafetyNumber, Settings, Who,
};
use super::{Command, Event, Fault, Look};

const CHAT: view::ChatId = view::ChatId([1; 16]);
const ACCOUNT: AccountId = AccountId([2; 32]);
const DEVICE: DeviceId = DeviceId([3; 16]);
const AT: Millis = Millis(1_795_000_000_000);

fn name() -> AccountName {
    AccountName::parse("alice").unwrap()
}

fn events() -> Vec<output::Event> {
    use output::Event::*;
    let message = MessageRef(7);
    vec![
        Registered { account: ACCOUNT, name: name() },
        RegisterFailed(Refusal::Taken),
        LinkCode("waxseal-link".into()),
        DeviceAdded { name: "laptop".into() },
        DeviceNamed { name: "laptop".into() },
        LinkFailed(LinkProblem::Expired),
        ChatOpened(CHAT),
        ChatMoved { from: CHAT, to: CHAT },
        NoSuchAccount(name()),
        AccountKnown { account: ACCOUNT, name: name() },
        Witnesses,
        ChatChanged(CHAT),
        Requested(CHAT),
        Received { chat: CHAT, message },
        MessageChanged { chat: CHAT, message },
        Progress { chat: CHAT, work: Work::Adding, done: 1, total: 2 },
        Progress { chat: CHAT, work: Work::Joining, done: 1, total: 2 },
        Failed { chat: Some(CHAT), problem: Problem::NotAdmin },
        Failed { chat: None, problem: Problem::Copied },
        SignedOut,
        AccountClosed,
    ]
}

/// A variant that is added needs a sample: then this match says so.
fn place_of_event(event: &output::Event) -> usize {
    use output::Event::*;
    match event {
        Registered { .. } => 0,
        RegisterFailed(_) => 1,
        LinkCode(_) => 2,
        DeviceAdded { .. } => 3,
        LinkFailed(_) => 4,
        ChatOpened(_) => 5,
        ChatMoved { .. } => 6,
        NoSuchAccount(_) => 7,
        AccountKnown { .. } => 8,
        ChatChanged(_) => 9,
        Requested(_) => 10,
        Received { .. } => 11,
        MessageChanged { .. } => 12,
        Progress { .. } => 13,
        Failed { .. } => 14,
        SignedOut => 15,
        AccountClosed => 16,
        DeviceNamed { .. } => 17,
        Witnesses => 18,
    }
}

fn lines() -> Vec<view::Line> {
    use view::Notice::*;
    let changed = |name: Option<&str>| view::ChangedDevice { device: DEVICE, name: name.map(str::to_owned), at: AT };
    let notices = [
        Created,
        Joined,
        Added(vec![ACCOUNT]),
        Removed(vec![]),
        Left(ACCOUNT),
        Renamed("reading".into()),
        Admin(ACCOUNT, true),
        DeviceAdded(ACCOUNT, vec![changed(Some("Laptop")), changed(None)]),
        DeviceRemoved(ACCOUNT, vec![]),
        IdentityChanged(ACCOUNT),
        Refounded,
        Nobody,
    ];
    let plain = [view::Line::Text("hello".into()), view::Line::Deleted, view::Line::Unknown("a poll".into()), view::Line::Gap];
    plain.into_iter().chain(notices.map(view::Line::Notice)).collect()
}

fn message(line: view::Line, state: view::MessageState) -> view::MessageView {
    let known = matches!(line, view::Line::Text(_));
    view::MessageView {
        message: MessageRef(7),
        chat: CHAT,
        sender: known.then_some(ACCOUNT),
        own: false,
        sender_name: "alice".into(),
        sender_display: known.then(|| "Alice".into()),
        at: AT,
        line,
        reply_to: known.then_some(MessageRef(6)),
        edited: false,
        reactions: if known { vec![(ACCOUNT, "👍".into())] } else { vec![] },
        state,
    }
}

fn messages(names: &mut Names<'_>) -> Vec<MessageView> {
    use view::MessageState::*;
    let states = [Received, Pending, Sent, Delivered, Read, Failed];
    let said = states.map(|state| message(view::Line::Text("hello".into()), state));
    let all = lines().into_iter().map(|line| message(line, Received)).chain(said);
    all.map(|message| MessageView::of(message, names).unwrap()).collect()
}

fn chats(names: &mut Names<'_>) -> Vec<ChatSummary> {
    use view::ChatState::*;
    let chat = |state| view::ChatSummary {
        chat: CHAT,
        title: "alice".into(),
        direct: state == Open,
        peer: (state == Open).then_some(ACCOUNT),
        display_name: (state == Open).then(|| "Alice".into()),
        state,
        members: 2,
        unread: 1,
        last: (state == Open).then(|| message(view::Line::Gap, view::MessageState::Received)),
        active: AT,
        held: if state == Open { vec![ACCOUNT] } else { vec![] },
    };
    [Opening, Requested, Open, Healing, Leaving, Left].map(|state| ChatSummary::of(chat(state), names).unwrap()).into()
}

/// What every look answers, in each of its forms.
fn answers() -> Value {
    let client = Client::open(Store::open_in_memory().unwrap()).unwrap();
    let names = &mut Names::of(&client);
    let me = view::Me {
        account: ACCOUNT,
        name: name(),
        display_name: None,
        device: DEVICE,
        device_name: "laptop".into(),
        registered: true,
    };
    let named = view::Me { display_name: Some("Alice".into()), ..me.clone() };
    let device = view::DeviceView { device: DEVICE, name: None, added: AT, this: true };
    let member = view::MemberView {
        account: ACCOUNT,
        name: "alice".into(),
        display_name: None,
        admin: true,
        own: false,
        devices: 1,
        verified: false,
    };
    let number = view::SafetyNumber { digits: "0".repeat(60), verified: false };
    let connection = view::Connection { receiving: true, sending: true, caught_up: false, waiting: 3 };
    let who = Who { account: ACCOUNT.into(), name: "alice".into() };
    let directory = view::DirectoryView {
        origin: "waxseal/01010101010101010101010101010101".into(),
        epochs: 12,
        signed: AT,
        watched: Some(AT),
        versions: 2,
        evidence: 0,
    };
    let key = |at| view::WitnessView { name: "witness.example".into(), key: "witness.example+12ab34cd+BA".into(), at };
    let keys = vec![key(Some(AT)), key(None)];
    let witnesses = view::WitnessesView { need: 1, keys, listed: vec!["witness.example+12ab34cd+BA".into()] };
    let unwitnessed = view::WitnessesView { need: 1, keys: vec![key(None)], listed: vec![] };
    let directories = [witnesses, unwitnessed].map(|known| Directory::at(directory.clone(), known, AT));
    let draft = super::command::Draft { chat: CHAT.into(), text: "so far".into(), reply_to: Some(7) };
    json!({
        "me": [Some(Me::from(me)), Some(Me::from(named)), null],
        "settings": [Settings { delivered_receipts: true, read_receipts: false, require_verification: false }],
        "devices": [[DeviceView::from(device)]],
        "chats": [chats(names)],
        "chat": [chats(names).pop(), null],
        "messages": [messages(names)],
        "messagesAfter": [[messages(names).pop()]],
        "message": [messages(names).pop(), null],
        "firstUnread": [Some(7), null],
        "search": [[messages(names).pop()]],
        "drafts": [[draft]],
        "members": [[MemberView::from(member)]],
        "safetyNumber": [Some(SafetyNumber::from(number)), null],
        "accountByName": [Some(super::hex::Account::from(ACCOUNT)), null],
        "blocked": [[who]],
        "connection": [Connection::from(connection)],
        "isLinking": [true],
        "directory": [json!(directories[0]), json!(directories[1]), null],
    })
}

fn commands() -> Vec<Command> {
    use Command::*;
    let (chat, account, device) = (CHAT.into(), ACCOUNT.into(), DEVICE.into());
    let (name, text, message) = (|| "alice".to_owned(), || "hello".to_owned(), 7);
    vec![
        Register { name: name(), invite: String::new(), device_name: "laptop".into() },
        ForgetClaim,
        OfferLink,
        AcceptLink { code: "waxseal-link".into(), device_name: "laptop".into() },
        RemoveDevice { device },
        OpenDirect { name: name() },
        CreateGroup { title: "reading".into(), members: vec![name()] },
        Send { chat, text: text(), reply_to: None },
        Send { chat, text: text(), reply_to: Some(message) },
        React { chat, message, emoji: "👍".into() },
        Edit { chat, message, text: text() },
        Delete { chat, message },
        KeepDraft { draft: super::command::Draft { chat, text: text(), reply_to: None } },
        Retry { message },
        Discard { message },
        MarkRead { chat },
        MarkReadUpto { chat, message },
        AddMembers { chat, members: vec![name()] },
        RemoveMember { chat, account },
        SetAdmin { chat, account, admin: true },
        Rename { chat, title: "reading".into() },
        Leave { chat },
        AcceptRequest { chat },
        DeclineRequest { chat },
        Block { account },
        Unblock { account },
        MarkVerified { account, verified: true },
        LookUp { name: name() },
        Refresh { chat },
        SetDisplayName { name: "Alice".into() },
        SetDeliveredReceipts { on: true },
        SetReadReceipts { on: false },
        SetRequireVerification { on: true },
        GoOn { account },
        AcceptIdentity { name: name() },
        SetWitnesses { need: 1, keys: vec!["witness.example+12ab34cd+BA".into()] },
        AskWitnesses,
        Forget { chat },
        CloseAccount,
    ]
}

fn looks() -> Vec<Look> {
    use Look::*;
    let (chat, account, message, limit) = (CHAT.into(), ACCOUNT.into(), 7, 50);
    vec![
        Me,
        Settings,
        Devices,
        Chats,
        Chat { chat },
        Messages { chat, before: Some(message), limit },
        MessagesAfter { chat, after: message, limit },
        Message { message },
        FirstUnread { chat },
        Search { chat: None, words: "hello".into(), limit },
        Drafts,
        Members { chat },
        SafetyNumber { account },
        AccountByName { name: "alice".into() },
        Blocked,
        Connection,
        IsLinking,
        Directory,
    ]
}

/// The asks by name, without the name in them: as the page hands them over.
fn asks() -> Value {
    let ask = |look: Look| {
        let mut ask = serde_json::to_value(look).unwrap();
        let name = ask.as_object_mut().unwrap().remove("look").unwrap();
        (name.as_str().unwrap().to_owned(), ask)
    };
    looks().into_iter().map(ask).collect::<serde_json::Map<_, _>>().into()
}

/// The names that serde knows of an enum, from its complaint about another.
fn variants<T: serde::de::DeserializeOwned>(tag: &str) -> BTreeSet<String> {
    let complaint = serde_json::from_value::<T>(json!({ tag: "?" })).err().unwrap().to_string();
    let known = complaint.split_once("expected one of").unwrap().1;
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn tags(tag: &str, all: impl Serialize) -> BTreeSet<String> {
    let all = serde_json::to_value(all).unwrap();
    all.as_array().unwrap().iter().map(|value| value[tag].as_str().unwrap().to_owned()).collect()
}

/// One sample a line, in the shape that its outermost layer has.
fn pretty(value: impl Serialize) -> String {
    let lines = |lines: Vec<String>, from: char, to: char| {
        format!("{from}\n{}{to}", lines.iter().map(|line| format!("  {line},\n")).collect::<String>())
    };
    match serde_json::to_value(&value).unwrap() {
        Value::Array(all) => lines(all.iter().map(Value::to_string).collect(), '[', ']'),
        Value::Object(all) => lines(all.iter().map(|(name, value)| format!("{}: {value}", json!(name))).collect(), '{', '}'),
        other => other.to_string(),
    }
}

fn samples() -> String {
    let events: Vec<Event> = events().into_iter().map(Event::from).collect();
    format!(
        "// Everything that the core and the page say to each other, as Rust writes it. Made by `cargo test -p waxseal-web` (WAXSEAL_SAMPLES=write
// makes it anew), never by hand: where it does not fit contract.ts, one of the two halves has drifted.
import type {{ Command, Event, Line, Looks, Notice }} from \"../bridge/contract\";

export const commands = {} satisfies Command[];

export const events = {} satisfies Event[];

export const asks = {} satisfies {{ [What in keyof Looks]: Looks[What][\"ask\"] }};

export const answers = {} satisfies {{ [What in keyof Looks]: Looks[What][\"answer\"][] }};

// And nothing is in the contract that Rust does not say.
type Said = (typeof answers.messages)[number][number][\"line\"];
type Unsaid =
  | Exclude<Command[\"do\"], (typeof commands)[number][\"do\"]>
  | Exclude<Event[\"event\"], (typeof events)[number][\"event\"]>
  | Exclude<Line[\"kind\"], Said[\"kind\"]>
  | Exclude<Notice[\"what\"], Extract<Said, {{ kind: \"notice\" }}>[\"notice\"][\"what\"]>;
export const nothingIsUnsaid: [Unsaid] extends [never] ? true : never = true;
",
        pretty(commands()),
        pretty(events),
        pretty(asks()),
        pretty(answers()),
    )
}

#[test]
fn what_is_said_is_what_the_typescript_half_is_held_against() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("page/src/worker/samples.ts");
    if std::env::var_os("WAXSEAL_SAMPLES").is_some() {
        std::fs::write(&path, samples()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == samples(), "the boundary has changed: WAXSEAL_SAMPLES=write cargo test -p waxseal-web, then npm run check");
}

#[test]
fn every_command_look_and_event_has_a_sample() {
    assert_eq!(tags("do", commands()), variants::<Command>("do"));
    assert_eq!(tags("look", looks()), variants::<Look>("look"));
    let places: BTreeSet<usize> = events().iter().map(place_of_event).collect();
    assert_eq!(places, (0..19).collect());
}

#[test]
fn what_is_read_is_what_was_written_and_nothing_unknown_passes() {
    for command in commands() {
        let text = super::json(&command).unwrap();
        assert_eq!(super::parse::<Command>(&text).unwrap(), command);
        input::Command::try_from(command).unwrap();
    }
    for look in looks() {
        assert_eq!(super::parse::<Look>(&super::json(&look).unwrap()).unwrap(), look);
    }
    let refused = [
        r#"{"do":"leave"}"#,
        r#"{"do":"leave","chat":"01"}"#,
        r#"{"do":"leave","chat":"01010101010101010101010101010101","more":1}"#,
        r#"{"do":"steal"}"#,
        "[]",
        "",
    ];
    for text in refused {
        assert_eq!(super::parse::<Command>(text), Err(Fault::malformed()), "{text}");
    }
}

#[test]
fn a_name_that_breaks_a_rule_is_refused_with_the_rule() {
    let named = |name: &str| {
        let command = Command::OpenDirect { name: name.into() };
        input::Command::try_from(command).map(drop).map_err(|error| Fault::from(error).code)
    };
    assert_eq!(named("alice"), Ok(()));
    assert_eq!(named("a"), Err("badNameLength"));
    assert_eq!(named("Alice"), Err("badNameCase"));
    assert_eq!(named("a--b"), Err("badNameCharacter"));
}
