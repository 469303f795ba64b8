//! What a page can look at: reading changes nothing.

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use waxseal_core::view::{self, MessageRef};
use waxseal_core::{Client, ClientError};
use waxseal_wire::name::AccountName;

use super::command::Draft;
use super::hex::{Account, Chat};
use super::view::{ChatSummary, Connection, DeviceView, Directory, Me, MemberView, MessageView, Names, SafetyNumber, Settings};
use super::{Fault, json};

/// A page of a conversation has at most so many lines.
const MOST: usize = 500;

/// One question; its answer's form is `Looks` of the contract.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(tag = "look", rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "each is documented where it is answered, in core/src/reading.rs")]
pub enum Look {
    Me,
    Settings,
    Devices,
    Chats,
    Chat { chat: Chat },
    Messages { chat: Chat, before: Option<i64>, limit: usize },
    MessagesAfter { chat: Chat, after: i64, limit: usize },
    Message { message: i64 },
    FirstUnread { chat: Chat },
    Search { chat: Option<Chat>, words: String, limit: usize },
    Drafts,
    Members { chat: Chat },
    SafetyNumber { account: Account },
    AccountByName { name: String },
    Blocked,
    Connection,
    IsLinking,
    Directory,
}

/// The answer, as JSON.
pub fn answer(client: &Client, look: Look) -> Result<String, Fault> {
    match look {
        Look::Me => json(&client.me()?.map(Me::from)),
        Look::Settings => {
            let (delivered_receipts, read_receipts) = client.receipts()?;
            let require_verification = client.requires_verification()?;
            json(&Settings { delivered_receipts, read_receipts, require_verification })
        }
        Look::Devices => json(&client.devices()?.into_iter().map(DeviceView::from).collect::<Vec<_>>()),
        Look::Chats => chats(client),
        Look::Chat { chat } => {
            let found = client.chat(chat.into())?;
            json(&found.map(|chat| ChatSummary::of(chat, &mut Names::of(client))).transpose()?)
        }
        Look::Messages { chat, before, limit } => {
            messages(client, client.messages(chat.into(), before.map(MessageRef), limit.min(MOST))?)
        }
        Look::MessagesAfter { chat, after, limit } => {
            let mut found = client.messages_after(MessageRef(after), limit.min(MOST))?;
            found.retain(|message| message.chat == chat.into());
            messages(client, found)
        }
        Look::Message { message } => {
            let found = client.message(MessageRef(message))?;
            json(&found.map(|message| MessageView::of(message, &mut Names::of(client))).transpose()?)
        }
        Look::FirstUnread { chat } => json(&client.first_unread(chat.into())?.map(|message| message.0)),
        Look::Search { chat, words, limit } => {
            messages(client, client.search(chat.map(view::ChatId::from), &words, limit.min(MOST))?)
        }
        Look::Drafts => {
            let draft =
                |draft: view::Draft| Draft { chat: draft.chat.into(), text: draft.text, reply_to: draft.reply_to.map(|to| to.0) };
            json(&client.drafts()?.into_iter().map(draft).collect::<Vec<_>>())
        }
        Look::Members { chat } => json(&client.members(chat.into())?.into_iter().map(MemberView::from).collect::<Vec<_>>()),
        Look::SafetyNumber { account } => json(&client.safety_number(account.into())?.map(SafetyNumber::from)),
        // Nobody has a name that breaks the rules.
        Look::AccountByName { name } => match AccountName::parse(&name) {
            Ok(name) => json(&client.account_by_name(&name)?.map(Account::from)),
            Err(_) => json(&None::<Account>),
        },
        Look::Blocked => {
            let mut names = Names::of(client);
            let blocked = client.blocked()?.into_iter().map(|account| names.who(account));
            json(&blocked.collect::<Result<Vec<_>, _>>()?)
        }
        Look::Connection => json(&Connection::from(client.connection())),
        Look::IsLinking => json(&client.is_linking()?),
        Look::Directory => json(&Directory::of(client)?),
    }
}

fn chats(client: &Client) -> Result<String, Fault> {
    let mut names = Names::of(client);
    let chats = client.chats()?.into_iter().map(|chat| ChatSummary::of(chat, &mut names));
    json(&chats.collect::<Result<Vec<_>, ClientError>>()?)
}

fn messages(client: &Client, found: Vec<view::MessageView>) -> Result<String, Fault> {
    let mut names = Names::of(client);
    let views = found.into_iter().map(|message| MessageView::of(message, &mut names));
    json(&views.collect::<Result<Vec<_>, ClientError>>()?)
}
