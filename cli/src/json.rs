//! The JSON that scripts see: version 1.
//!
//! Used by `read`, `chats`, `export`, `listen`. A field is never renamed or
//! given another meaning within a version; new fields and events may come.
//! Text is exact, as it was written.

use serde::{Deserialize, Serialize};
use waxseal_core::view::{ChatState, ChatSummary, Line, MemberView, MessageState, MessageView, Notice};
use waxseal_wire::id::AccountId;

use crate::target;

/// Of all that is printed.
pub(crate) const VERSION: u32 = 1;

/// What `waxseal listen --help` says: the contract of a bot.
pub(crate) const LISTEN_HELP: &str = r##"Print events as they come, and take commands: all that a bot needs.

Every line on standard output is one JSON object with "v":1 and "event":
  {"v":1,"event":"ready","name":"bot","account":"…"}
  {"v":1,"event":"message","chat":"…","title":"alice","direct":true,"message":7,"from":"alice",
   "own":false,"at_ms":1764000000000,"kind":"text","text":"hi","state":"received","backlog":false, …}
  {"v":1,"event":"changed", …}      the same fields: an own message's state, a text, or reactions changed
  {"v":1,"event":"request","chat":"…","title":"mallory", …}    somebody new wants to talk
  {"v":1,"event":"chat","chat":"…","title":"Book club","state":"open","members":3, …}
  {"v":1,"event":"connection","receiving":true,"sending":true,"waiting":0}
  {"v":1,"event":"progress","chat":"…","work":"adding","done":128,"total":1000}
  {"v":1,"event":"done","id":…, …}  a command was made durable ("chat" and "message" say what it touched)
  {"v":1,"event":"error","id":…,"error":"…"}                  a command was refused
  {"v":1,"event":"signed_out"}      this device was removed; nothing more will come
"kind" is text, deleted, unknown, gap or notice. "state" is received, pending, sent, delivered, read or failed.

Messages that came while nobody listened are printed first ("backlog":true). Each message is printed at
least once; it counts as read after it was printed, unless --keep-unread is given.

Every line on standard input is one command; "id" is anything, and comes back:
  {"id":1,"send":{"to":"alice","text":"hi","reply_to":7}}       to: a name, "#Group", or a chat's id
  {"react":{"message":7,"emoji":"👍"}}   {"edit":{"message":9,"text":"…"}}   {"delete":{"message":9}}
  {"accept":{"chat":"mallory"}}  {"decline":{"chat":"mallory"}}  {"block":{"chat":"mallory"}}
  {"create_group":{"title":"Book club","members":["bob","carol"]}}
  {"add":{"group":"#Book club","members":["dave"]}}  {"remove":{"group":"#Book club","member":"dave"}}
  {"rename":{"group":"#Book club","title":"Films"}}  {"leave":{"group":"#Book club"}}
  {"mark_read":{"chat":"alice"}}  {"history":{"chat":"alice","limit":20}}  {"chats":{}}
The end of standard input does not end listening; stop it with SIGTERM or Ctrl+C.

Example: waxseal -p bot listen --json | jq -r 'select(.event=="message" and .kind=="text") | .text'"##;

/// One message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MessageJson {
    chat: String,
    title: String,
    direct: bool,
    message: i64,
    from: Option<String>,
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
        let plain = |what| Self { what, accounts: Vec::new(), title: None, admin: None };
        let about = |what, who: &[AccountId]| Self { accounts: who.iter().map(account).collect(), ..plain(what) };
        match notice {
            Notice::Created => plain("created"),
            Notice::Joined => plain("joined"),
            Notice::Added(who) => about("added", who),
            Notice::Removed(who) => about("removed", who),
            Notice::Left(who) => about("left", &[*who]),
            Notice::Renamed(title) => Self { title: Some(title.clone()), ..plain("renamed") },
            Notice::Admin(who, admin) => Self { admin: Some(*admin), ..about("admin", &[*who]) },
            Notice::DeviceAdded(who) => about("device_added", &[*who]),
            Notice::DeviceRemoved(who) => about("device_removed", &[*who]),
            Notice::Refounded => plain("refounded"),
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

/// One line of `listen`'s output.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum EventJson {
    /// The profile is open; its backlog follows.
    Ready {
        /// Ours.
        name: String,
        /// Ours.
        account: String,
    },
    /// A message came.
    Message {
        /// Which.
        #[serde(flatten)]
        message: MessageJson,
        /// It came while nobody listened.
        backlog: bool,
    },
    /// A message changed.
    Changed(MessageJson),
    /// Somebody new wants to talk.
    Request(ChatJson),
    /// A chat came, went or changed.
    Chat(ChatJson),
    /// Where the connection stands.
    Connection {
        /// Messages can come.
        receiving: bool,
        /// Messages can go.
        sending: bool,
        /// Entries in the outbox.
        waiting: u64,
    },
    /// Long work.
    Progress {
        /// Where.
        chat: String,
        /// `adding` or `joining`.
        work: &'static str,
        /// Steps done.
        done: u64,
        /// Steps in all.
        total: u64,
    },
    /// A command was made durable.
    Done {
        /// As it came.
        id: serde_json::Value,
        /// What it touched.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat: Option<String>,
        /// What it made.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<i64>,
    },
    /// A command, or something that went on by itself, was refused.
    Error {
        /// As it came; null for what nobody asked.
        id: serde_json::Value,
        /// Why.
        error: String,
    },
    /// This device was removed.
    SignedOut,
}

/// One line of `listen`'s input.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Order {
    /// Comes back in the answer.
    #[serde(default)]
    pub(crate) id: serde_json::Value,
    /// What to do.
    #[serde(flatten)]
    pub(crate) wish: Wish,
}

/// See [`LISTEN_HELP`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    Send { to: String, text: String, reply_to: Option<i64> },
    React { message: i64, emoji: String },
    Edit { message: i64, text: String },
    Delete { message: i64 },
    Accept { chat: String },
    Decline { chat: String },
    Block { chat: String },
    CreateGroup { title: String, members: Vec<String> },
    Add { group: String, members: Vec<String> },
    Remove { group: String, member: String },
    Rename { group: String, title: String },
    Leave { group: String },
    MarkRead { chat: String },
    History { chat: String, limit: usize },
    Chats {},
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_in_the_help_reads() {
        let commands: Vec<_> = LISTEN_HELP
            .lines()
            .skip_while(|line| !line.starts_with("Every line on standard input"))
            .flat_map(|line| line.split("  "))
            .map(str::trim)
            .filter(|part| part.starts_with('{') && !part.contains("\"v\""))
            .collect();
        assert!(commands.len() >= 13, "{}", commands.len());
        for command in commands {
            // A remark may follow the object.
            let mut objects = serde_json::Deserializer::from_str(command).into_iter::<Order>();
            assert!(objects.next().is_some_and(|order| order.is_ok()), "{command}");
        }
    }

    #[test]
    fn every_event_says_its_version_first() {
        let line = crate::paper::json(&versioned(EventJson::SignedOut)).unwrap();
        assert_eq!(line, r#"{"v":1,"event":"signed_out"}"#);
        let line = crate::paper::json(&versioned(EventJson::Done { id: 7.into(), chat: None, message: Some(3) })).unwrap();
        assert_eq!(line, r#"{"v":1,"event":"done","id":7,"message":3}"#);
    }
}
