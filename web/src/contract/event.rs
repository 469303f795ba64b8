//! What a person should see: `core`'s events.

use serde::Serialize;
use waxseal_core::output;

use super::Fault;
use super::hex::{Account, Chat};

/// See `waxseal_core::Event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "each is documented where it is made, in core/src/output.rs")]
pub enum Event {
    Registered { account: Account, name: String },
    RegisterFailed { fault: Fault },
    LinkCode { code: String },
    DeviceAdded { name: String },
    DeviceNamed { name: String },
    LinkFailed { fault: Fault },
    ChatOpened { chat: Chat },
    ChatMoved { from: Chat, to: Chat },
    NoSuchAccount { name: String },
    AccountKnown { account: Account, name: String },
    Witnesses,
    ChatChanged { chat: Chat },
    Requested { chat: Chat },
    Received { chat: Chat, message: i64 },
    MessageChanged { chat: Chat, message: i64 },
    Progress { chat: Chat, work: Work, done: u64, total: u64 },
    Failed { chat: Option<Chat>, fault: Fault, of_the_device: bool },
    SignedOut,
    AccountClosed,
}

/// Long work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Work {
    Adding,
    Joining,
}

impl From<output::Event> for Event {
    fn from(event: output::Event) -> Self {
        use output::Event as Told;
        match event {
            Told::Registered { account, name } => Self::Registered { account: account.into(), name: name.as_str().into() },
            Told::RegisterFailed(refusal) => Self::RegisterFailed { fault: refusal.into() },
            Told::LinkCode(code) => Self::LinkCode { code },
            Told::DeviceAdded { name } => Self::DeviceAdded { name },
            Told::DeviceNamed { name } => Self::DeviceNamed { name },
            Told::LinkFailed(problem) => Self::LinkFailed { fault: problem.into() },
            Told::ChatOpened(chat) => Self::ChatOpened { chat: chat.into() },
            Told::ChatMoved { from, to } => Self::ChatMoved { from: from.into(), to: to.into() },
            Told::NoSuchAccount(name) => Self::NoSuchAccount { name: name.as_str().into() },
            Told::AccountKnown { account, name } => Self::AccountKnown { account: account.into(), name: name.as_str().into() },
            Told::Witnesses => Self::Witnesses,
            Told::ChatChanged(chat) => Self::ChatChanged { chat: chat.into() },
            Told::Requested(chat) => Self::Requested { chat: chat.into() },
            Told::Received { chat, message } => Self::Received { chat: chat.into(), message: message.0 },
            Told::MessageChanged { chat, message } => Self::MessageChanged { chat: chat.into(), message: message.0 },
            Told::Progress { chat, work, done, total } => {
                let work = match work {
                    output::Work::Adding => Work::Adding,
                    output::Work::Joining => Work::Joining,
                };
                Self::Progress { chat: chat.into(), work, done, total }
            }
            Told::Failed { chat, problem } => {
                let of_the_device = problem.is_of_the_device();
                Self::Failed { chat: chat.map(Chat::from), fault: problem.into(), of_the_device }
            }
            Told::SignedOut => Self::SignedOut,
            Told::AccountClosed => Self::AccountClosed,
        }
    }
}
