//! What a person sees: `core`'s views, with names where the page shows one.

use std::collections::HashMap;

use serde::Serialize;
use waxseal_core::{Client, ClientError, view};
use waxseal_wire::id::{AccountId, Millis};

use super::hex::{Account, Chat, Device};

/// What accounts are called, each asked for once.
pub(super) struct Names<'a> {
    client: &'a Client,
    known: HashMap<AccountId, String>,
}

impl<'a> Names<'a> {
    pub(super) fn of(client: &'a Client) -> Self {
        Self { client, known: HashMap::new() }
    }

    pub(super) fn who(&mut self, account: AccountId) -> Result<Who, ClientError> {
        let name = match self.known.get(&account) {
            Some(name) => name.clone(),
            None => {
                let name = self.client.account_name(account)?;
                self.known.insert(account, name.clone());
                name
            }
        };
        Ok(Who { account: account.into(), name })
    }

    fn all(&mut self, accounts: Vec<AccountId>) -> Result<Vec<Who>, ClientError> {
        accounts.into_iter().map(|account| self.who(account)).collect()
    }
}

#[derive(Serialize)]
pub(super) struct Who {
    pub(super) account: Account,
    pub(super) name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    account: Account,
    name: String,
    display_name: Option<String>,
    device: Device,
    device_name: String,
    registered: bool,
}

impl From<view::Me> for Me {
    fn from(me: view::Me) -> Self {
        Self {
            account: me.account.into(),
            name: me.name.as_str().into(),
            display_name: me.display_name,
            device: me.device.into(),
            device_name: me.device_name,
            registered: me.registered,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    pub(super) delivered_receipts: bool,
    pub(super) read_receipts: bool,
    pub(super) require_verification: bool,
}

#[derive(Serialize)]
pub(super) struct DeviceView {
    device: Device,
    name: Option<String>,
    added: u64,
    this: bool,
}

impl From<view::DeviceView> for DeviceView {
    fn from(device: view::DeviceView) -> Self {
        Self { device: device.device.into(), name: device.name, added: device.added.0, this: device.this }
    }
}

#[derive(Serialize)]
pub(super) struct Directory {
    origin: String,
    epochs: u64,
    signed: u64,
    watched: Option<u64>,
    versions: u64,
    evidence: u32,
    witnesses: Witnesses,
}

/// Who vouches for it, now.
#[derive(Serialize)]
struct Witnesses {
    need: usize,
    keys: Vec<Witness>,
    have: usize,
    listed: Vec<String>,
    holds: bool,
}

#[derive(Serialize)]
struct Witness {
    name: String,
    key: String,
    at: Option<u64>,
}

impl Directory {
    /// `None` before the first answer of a server.
    pub(super) fn of(client: &Client) -> Result<Option<Self>, ClientError> {
        let (Some(known), witnesses) = (client.directory()?, client.witnesses()?) else { return Ok(None) };
        Ok(Some(Self::at(known, witnesses, client.latest().unwrap_or_default())))
    }

    pub(super) fn at(known: view::DirectoryView, witnesses: view::WitnessesView, now: Millis) -> Self {
        let view::DirectoryView { origin, epochs, signed, watched, versions, evidence } = known;
        let witnesses = Witnesses::at(witnesses, now);
        Self { origin, epochs, signed: signed.0, watched: watched.map(|at| at.0), versions, evidence, witnesses }
    }
}

impl Witnesses {
    fn at(known: view::WitnessesView, now: Millis) -> Self {
        let (have, holds) = (known.have(now), known.holds(now));
        let view::WitnessesView { need, keys, listed } = known;
        let one = |view::WitnessView { name, key, at }| Witness { name, key, at: at.map(|at| at.0) };
        Self { need, keys: keys.into_iter().map(one).collect(), have, listed, holds }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum ChatState {
    Opening,
    Requested,
    Open,
    Healing,
    Leaving,
    Left,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatSummary {
    chat: Chat,
    title: String,
    direct: bool,
    peer: Option<Account>,
    display_name: Option<String>,
    state: ChatState,
    members: usize,
    unread: u64,
    last: Option<MessageView>,
    active: u64,
    held: Vec<Who>,
}

impl ChatSummary {
    pub(super) fn of(chat: view::ChatSummary, names: &mut Names<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            chat: chat.chat.into(),
            title: chat.title,
            direct: chat.direct,
            peer: chat.peer.map(Account::from),
            display_name: chat.display_name,
            state: match chat.state {
                view::ChatState::Opening => ChatState::Opening,
                view::ChatState::Requested => ChatState::Requested,
                view::ChatState::Open => ChatState::Open,
                view::ChatState::Healing => ChatState::Healing,
                view::ChatState::Leaving => ChatState::Leaving,
                view::ChatState::Left => ChatState::Left,
            },
            members: chat.members,
            unread: chat.unread,
            last: chat.last.map(|last| MessageView::of(last, names)).transpose()?,
            active: chat.active.0,
            held: names.all(chat.held)?,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum MessageState {
    Received,
    Pending,
    Sent,
    Delivered,
    Read,
    Failed,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Line {
    Text { text: String },
    Deleted,
    Unknown { what: String },
    Gap,
    Notice { notice: Notice },
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "camelCase")]
enum Notice {
    Created,
    Joined,
    Added { who: Vec<Who> },
    Removed { who: Vec<Who> },
    Left { who: Who },
    Renamed { title: String },
    Admin { who: Who, admin: bool },
    DeviceAdded { who: Who, devices: Vec<ChangedDevice> },
    DeviceRemoved { who: Who, devices: Vec<ChangedDevice> },
    IdentityChanged { who: Who },
    Refounded,
    Nobody,
}

#[derive(Serialize)]
struct ChangedDevice {
    name: Option<String>,
    at: u64,
}

fn changed(devices: Vec<view::ChangedDevice>) -> Vec<ChangedDevice> {
    devices.into_iter().map(|one| ChangedDevice { name: one.name, at: one.at.0 }).collect()
}

impl Line {
    fn of(line: view::Line, names: &mut Names<'_>) -> Result<Self, ClientError> {
        Ok(match line {
            view::Line::Text(text) => Self::Text { text },
            view::Line::Deleted => Self::Deleted,
            view::Line::Unknown(what) => Self::Unknown { what },
            view::Line::Gap => Self::Gap,
            view::Line::Notice(notice) => Self::Notice { notice: Notice::of(notice, names)? },
        })
    }
}

impl Notice {
    fn of(notice: view::Notice, names: &mut Names<'_>) -> Result<Self, ClientError> {
        Ok(match notice {
            view::Notice::Created => Self::Created,
            view::Notice::Joined => Self::Joined,
            view::Notice::Added(who) => Self::Added { who: names.all(who)? },
            view::Notice::Removed(who) => Self::Removed { who: names.all(who)? },
            view::Notice::Left(who) => Self::Left { who: names.who(who)? },
            view::Notice::Renamed(title) => Self::Renamed { title },
            view::Notice::Admin(who, admin) => Self::Admin { who: names.who(who)?, admin },
            view::Notice::DeviceAdded(who, devices) => Self::DeviceAdded { who: names.who(who)?, devices: changed(devices) },
            view::Notice::DeviceRemoved(who, devices) => Self::DeviceRemoved { who: names.who(who)?, devices: changed(devices) },
            view::Notice::IdentityChanged(who) => Self::IdentityChanged { who: names.who(who)? },
            view::Notice::Refounded => Self::Refounded,
            view::Notice::Nobody => Self::Nobody,
        })
    }
}

#[derive(Serialize)]
struct Reaction {
    account: Account,
    name: String,
    emoji: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageView {
    message: i64,
    chat: Chat,
    sender: Option<Account>,
    own: bool,
    sender_name: String,
    sender_display: Option<String>,
    at: u64,
    line: Line,
    reply_to: Option<i64>,
    edited: bool,
    reactions: Vec<Reaction>,
    state: MessageState,
}

impl MessageView {
    pub(super) fn of(message: view::MessageView, names: &mut Names<'_>) -> Result<Self, ClientError> {
        let reaction = |(account, emoji)| {
            let Who { account, name } = names.who(account)?;
            Ok::<_, ClientError>(Reaction { account, name, emoji })
        };
        let reactions = message.reactions.into_iter().map(reaction).collect::<Result<_, _>>()?;
        Ok(Self {
            message: message.message.0,
            chat: message.chat.into(),
            sender: message.sender.map(Account::from),
            own: message.own,
            sender_name: message.sender_name,
            sender_display: message.sender_display,
            at: message.at.0,
            line: Line::of(message.line, names)?,
            reply_to: message.reply_to.map(|to| to.0),
            edited: message.edited,
            reactions,
            state: match message.state {
                view::MessageState::Received => MessageState::Received,
                view::MessageState::Pending => MessageState::Pending,
                view::MessageState::Sent => MessageState::Sent,
                view::MessageState::Delivered => MessageState::Delivered,
                view::MessageState::Read => MessageState::Read,
                view::MessageState::Failed => MessageState::Failed,
            },
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberView {
    account: Account,
    name: String,
    display_name: Option<String>,
    admin: bool,
    own: bool,
    devices: usize,
    verified: bool,
}

impl From<view::MemberView> for MemberView {
    fn from(member: view::MemberView) -> Self {
        Self {
            account: member.account.into(),
            name: member.name,
            display_name: member.display_name,
            admin: member.admin,
            own: member.own,
            devices: member.devices,
            verified: member.verified,
        }
    }
}

#[derive(Serialize)]
pub(super) struct SafetyNumber {
    digits: String,
    verified: bool,
}

impl From<view::SafetyNumber> for SafetyNumber {
    fn from(number: view::SafetyNumber) -> Self {
        Self { digits: number.digits, verified: number.verified }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection {
    receiving: bool,
    sending: bool,
    caught_up: bool,
    waiting: u64,
}

impl From<view::Connection> for Connection {
    fn from(connection: view::Connection) -> Self {
        Self {
            receiving: connection.receiving,
            sending: connection.sending,
            caught_up: connection.caught_up,
            waiting: connection.waiting,
        }
    }
}
