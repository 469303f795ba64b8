//! The JSON that scripts see: version 1.
//!
//! Used by `read`, `chats`, `export`, `listen`. A field is never renamed or
//! given another meaning within a version; new fields and events may come.
//! Text is exact, as it was written.

pub(crate) mod listen;

use serde::Serialize;
use waxseal_core::view::{ChangedDevice, ChatState, ChatSummary, Line, MemberView, MessageState, MessageView, Notice};
use waxseal_wire::id::AccountId;

use crate::target;

/// Of all that is printed.
pub(crate) const VERSION: u32 = 1;

/// One message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MessageJson {
    chat: String,
    title: String,
    direct: bool,
    message: i64,
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_display_name: Option<String>,
    from_id: Option<String>,
    own: bool,
    at_ms: u64,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<NoticeJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<i64>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    edited: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionJson>,
    state: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct ReactionJson {
    by_id: String,
    emoji: String,
}

#[derive(Debug, Clone, Serialize)]
struct NoticeJson {
    what: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    devices: Vec<ChangedDeviceJson>,
}

#[derive(Debug, Clone, Serialize)]
struct ChangedDeviceJson {
    name: Option<String>,
    at_ms: u64,
}

fn devices(which: &[ChangedDevice]) -> Vec<ChangedDeviceJson> {
    which.iter().map(|one| ChangedDeviceJson { name: one.name.clone(), at_ms: one.at.0 }).collect()
}

/// An account's id, in full.
pub(crate) fn account(account: &AccountId) -> String {
    hex::encode(account.0)
}

impl MessageJson {
    /// Of a message in `chat`.
    pub(crate) fn of(message: &MessageView, chat: &ChatSummary) -> Self {
        let (kind, text, notice) = match &message.line {
            Line::Text(text) => ("text", Some(text.clone()), None),
            Line::Deleted => ("deleted", None, None),
            Line::Unknown(what) => ("unknown", Some(what.clone()), None),
            Line::Gap => ("gap", None, None),
            Line::Notice(notice) => ("notice", None, Some(NoticeJson::of(notice))),
        };
        Self {
            chat: target::id(message.chat),
            title: chat.title.clone(),
            direct: chat.direct,
            message: message.message.0,
            from: message.sender.map(|_| message.sender_name.clone()),
            from_display_name: message.sender_display.clone(),
            from_id: message.sender.as_ref().map(account),
            own: message.own,
            at_ms: message.at.0,
            kind,
            text,
            notice,
            reply_to: message.reply_to.map(|to| to.0),
            edited: message.edited,
            reactions: message
                .reactions
                .iter()
                .map(|(by, emoji)| ReactionJson { by_id: account(by), emoji: emoji.clone() })
                .collect(),
            state: state(message.state),
        }
    }
}

impl NoticeJson {
    fn of(notice: &Notice) -> Self {
        let plain = |what| Self { what, accounts: Vec::new(), title: None, admin: None, devices: Vec::new() };
        let about = |what, who: &[AccountId]| Self { accounts: who.iter().map(account).collect(), ..plain(what) };
        match notice {
            Notice::Created => plain("created"),
            Notice::Joined => plain("joined"),
            Notice::Added(who) => about("added", who),
            Notice::Removed(who) => about("removed", who),
            Notice::Left(who) => about("left", &[*who]),
            Notice::Renamed(title) => Self { title: Some(title.clone()), ..plain("renamed") },
            Notice::Admin(who, admin) => Self { admin: Some(*admin), ..about("admin", &[*who]) },
            Notice::DeviceAdded(who, which) => Self { devices: devices(which), ..about("device_added", &[*who]) },
            Notice::DeviceRemoved(who, which) => Self { devices: devices(which), ..about("device_removed", &[*who]) },
            Notice::IdentityChanged(who) => about("identity_changed", &[*who]),
            Notice::Refounded => plain("refounded"),
            Notice::Nobody => plain("nobody"),
        }
    }
}

fn state(state: MessageState) -> &'static str {
    match state {
        MessageState::Received => "received",
        MessageState::Pending => "pending",
        MessageState::Sent => "sent",
        MessageState::Delivered => "delivered",
        MessageState::Read => "read",
        MessageState::Failed => "failed",
    }
}

/// One chat.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChatJson {
    chat: String,
    title: String,
    direct: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    state: &'static str,
    members: usize,
    unread: u64,
    active_ms: u64,
}

impl ChatJson {
    /// Of a chat.
    pub(crate) fn of(chat: &ChatSummary) -> Self {
        Self {
            chat: target::id(chat.chat),
            title: chat.title.clone(),
            direct: chat.direct,
            peer_id: chat.peer.as_ref().map(account),
            display_name: chat.display_name.clone(),
            state: chat_state(chat.state),
            members: chat.members,
            unread: chat.unread,
            active_ms: chat.active.0,
        }
    }
}

/// A chat's state, as one word.
pub(crate) fn chat_state(state: ChatState) -> &'static str {
    match state {
        ChatState::Opening => "opening",
        ChatState::Requested => "requested",
        ChatState::Open => "open",
        ChatState::Healing => "healing",
        ChatState::Leaving => "leaving",
        ChatState::Left => "left",
    }
}

/// One member.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MemberJson {
    account: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    admin: bool,
    own: bool,
    devices: usize,
    verified: bool,
}

impl MemberJson {
    /// Of a member.
    pub(crate) fn of(member: &MemberView) -> Self {
        Self {
            account: account(&member.account),
            name: member.name.clone(),
            display_name: member.display_name.clone(),
            admin: member.admin,
            own: member.own,
            devices: member.devices,
            verified: member.verified,
        }
    }
}

/// Puts the version before any of them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Versioned<T> {
    v: u32,
    #[serde(flatten)]
    what: T,
}

/// See [`Versioned`].
pub(crate) fn versioned<T>(what: T) -> Versioned<T> {
    Versioned { v: VERSION, what }
}
