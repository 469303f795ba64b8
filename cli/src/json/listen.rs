//! What a bot hears and says: the lines of `listen`, and the words that describe them.
//!
//! `docs/bots.md` tells the same at length; a test holds the two together.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ChatJson, MemberJson, MessageJson};

/// What `waxseal listen --help` says: the contract of a bot.
pub(crate) const HELP: &str = r##"Print events as they come, and take commands: all that a bot needs.

Every line on standard output is one JSON object with "v":1 and "event":
  {"v":1,"event":"ready","name":"bot","account":"…"}
  {"v":1,"event":"message","chat":"…","title":"alice","direct":true,"message":7,"from":"alice","from_display_name":"Alice Example",
   "own":false,"at_ms":1764000000000,"kind":"text","text":"hi","state":"received","backlog":false, …}
  {"v":1,"event":"changed", …}      the same fields: an own message's state, a text, or reactions changed
  {"v":1,"event":"request","chat":"…","title":"mallory", …}    somebody new wants to talk
  {"v":1,"event":"chat","chat":"…","title":"Book club","state":"open","members":3, …}
  {"v":1,"event":"moved","from":"…","chat":"…"}               a chat begun offline under a name has its own id now
  {"v":1,"event":"members","chat":"…","members":[{"name":"bob","admin":false, …}, …]}
  {"v":1,"event":"connection","receiving":true,"sending":true,"waiting":0}
  {"v":1,"event":"progress","chat":"…","work":"adding","done":128,"total":1000}
  {"v":1,"event":"device_added","name":"tablet"}              a device joined the bot's own account
  {"v":1,"event":"done","id":…, …}  a command was made durable ("chat" and "message" say what it touched)
  {"v":1,"event":"error","id":…,"code":"…","error":"…", …}    a command was refused, or (id null) something failed later
  {"v":1,"event":"signed_out"}      this device was removed; nothing more will come
"kind" is text, deleted, unknown, gap or notice. "state" is received, pending, sent, delivered, read or failed.

Messages that came while nobody listened are printed first ("backlog":true). Each message is printed at
least once; it counts as read after it was printed, unless --keep-unread is given.

Every line on standard input is one command; "id" is anything, and comes back:
  {"id":1,"send":{"to":"alice","text":"hi","reply_to":7}}       to: a name, "#Group", or a chat's id
  {"react":{"message":7,"emoji":"👍"}}   {"edit":{"message":9,"text":"…"}}   {"delete":{"message":9}}
  {"retry":{"message":9}}   {"discard":{"message":9}}           of what was not sent
  {"accept":{"chat":"mallory"}}  {"decline":{"chat":"mallory"}}  {"block":{"chat":"mallory"}}  {"unblock":{"name":"mallory"}}
  {"create_group":{"title":"Book club","members":["bob","carol"]}}
  {"add":{"group":"#Book club","members":["dave"]}}  {"remove":{"group":"#Book club","member":"dave"}}
  {"admin":{"group":"#Book club","member":"bob","admin":true}}  {"members":{"chat":"#Book club"}}
  {"rename":{"group":"#Book club","title":"Films"}}  {"leave":{"group":"#Book club"}}  {"forget":{"chat":"mallory"}}
  {"profile":{"display_name":"Bot of Bees"}}                     what people see beside the bot's name; empty takes it back
  {"mark_read":{"chat":"alice"}}  {"history":{"chat":"alice","limit":20,"before":7}}  {"chats":{}}
  {"search":{"words":"chapter four","limit":20}}
The end of standard input does not end listening; stop it with SIGTERM or Ctrl+C.

Example: waxseal -p bot listen --json | jq -r 'select(.event=="message" and .kind=="text") | .text'
A whole bot in 20 lines: docs/bots.md"##;

/// One line of output.
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
        /// It came while nobody listened, or was asked for.
        backlog: bool,
    },
    /// A message changed.
    Changed(MessageJson),
    /// Somebody new wants to talk.
    Request(ChatJson),
    /// A chat came, went or changed.
    Chat(ChatJson),
    /// What waited under a name is in another chat from now on.
    Moved {
        /// Where it waited.
        from: String,
        /// Where it is.
        chat: String,
    },
    /// Who is in a chat; was asked for.
    Members {
        /// Which.
        chat: String,
        /// Who.
        members: Vec<MemberJson>,
    },
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
    /// A device joined our account.
    DeviceAdded {
        /// What it calls itself.
        name: String,
    },
    /// A command was made durable.
    Done {
        /// As it came.
        id: Value,
        /// What it touched.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat: Option<String>,
        /// What it made.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<i64>,
    },
    /// A command, or something that went on by itself, was refused.
    Error {
        /// As it came; null for what nobody asked just now.
        id: Value,
        /// What kind, for a program.
        code: &'static str,
        /// Why, for a person.
        error: String,
        /// In which chat.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat: Option<String>,
        /// Whom it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// This device was removed.
    SignedOut,
}

/// One line of input.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Order {
    /// Comes back in the answer.
    #[serde(default)]
    pub(crate) id: Value,
    /// What to do.
    #[serde(flatten)]
    pub(crate) wish: Wish,
}

/// See [`HELP`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    Send { to: String, text: String, reply_to: Option<i64> },
    React { message: i64, emoji: String },
    Edit { message: i64, text: String },
    Delete { message: i64 },
    Retry { message: i64 },
    Discard { message: i64 },
    Accept { chat: String },
    Decline { chat: String },
    Block { chat: String },
    Unblock { name: String },
    CreateGroup { title: String, members: Vec<String> },
    Add { group: String, members: Vec<String> },
    Remove { group: String, member: String },
    Admin { group: String, member: String, admin: bool },
    Members { chat: String },
    Rename { group: String, title: String },
    Leave { group: String },
    Forget { chat: String },
    Profile { display_name: String },
    MarkRead { chat: String },
    History { chat: String, limit: usize, before: Option<i64> },
    Chats {},
    Search { words: String, chat: Option<String>, limit: usize },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::versioned;

    fn commands(text: &str) -> Vec<Order> {
        let commands: Vec<_> = text
            .lines()
            .flat_map(|line| line.split("  "))
            .map(str::trim)
            .filter(|part| part.starts_with('{') && !part.contains("\"v\""))
            .collect();
        let read = |command: &&str| {
            // A remark may follow the object.
            let mut objects = serde_json::Deserializer::from_str(command).into_iter::<Order>();
            objects.next().unwrap_or_else(|| panic!("{command}")).unwrap_or_else(|error| panic!("{command}: {error}"))
        };
        commands.iter().map(read).collect()
    }

    #[test]
    fn every_command_in_the_help_reads() {
        let input = HELP.split_once("Every line on standard input").unwrap().1;
        assert_eq!(commands(input).len(), 23, "one of each");
    }

    #[test]
    fn the_page_for_bots_names_every_command_and_every_event() {
        let page = include_str!("../../../docs/bots.md");
        for order in commands(HELP.split_once("Every line on standard input").unwrap().1) {
            let shown = format!("{:?}", order.wish);
            let variant = shown.split([' ', '{']).next().unwrap();
            let mut word = String::new();
            for c in variant.chars() {
                if c.is_uppercase() && !word.is_empty() {
                    word.push('_');
                }
                word.extend(c.to_lowercase());
            }
            assert!(page.contains(&format!("`{word}`")), "{word} is not in docs/bots.md");
        }
        for line in HELP.lines().filter_map(|line| line.split_once(r#""event":""#)) {
            let event = line.1.split('"').next().unwrap();
            assert!(page.contains(&format!("`{event}`")), "{event} is not in docs/bots.md");
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
