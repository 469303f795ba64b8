//! What a person can ask for: `core`'s commands.

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use waxseal_core::input::{self, Setting};
use waxseal_core::view::{self, MessageRef};
use waxseal_wire::name::{AccountName, BadName};

use super::hex::{Account, Chat, Device};

/// See `waxseal_core::Command`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "each is documented where it is handled, in core/src/input.rs")]
pub enum Command {
    Register { name: String, invite: String, device_name: String },
    ForgetClaim,
    OfferLink,
    AcceptLink { code: String, device_name: String },
    RemoveDevice { device: Device },
    OpenDirect { name: String },
    CreateGroup { title: String, members: Vec<String> },
    Send { chat: Chat, text: String, reply_to: Option<i64> },
    React { chat: Chat, message: i64, emoji: String },
    Edit { chat: Chat, message: i64, text: String },
    Delete { chat: Chat, message: i64 },
    KeepDraft { draft: Draft },
    Retry { message: i64 },
    Discard { message: i64 },
    MarkRead { chat: Chat },
    MarkReadUpto { chat: Chat, message: i64 },
    AddMembers { chat: Chat, members: Vec<String> },
    RemoveMember { chat: Chat, account: Account },
    SetAdmin { chat: Chat, account: Account, admin: bool },
    Rename { chat: Chat, title: String },
    Leave { chat: Chat },
    AcceptRequest { chat: Chat },
    DeclineRequest { chat: Chat },
    Block { account: Account },
    Unblock { account: Account },
    MarkVerified { account: Account, verified: bool },
    LookUp { name: String },
    Refresh { chat: Chat },
    SetDisplayName { name: String },
    SetDeliveredReceipts { on: bool },
    SetReadReceipts { on: bool },
    SetRequireVerification { on: bool },
    GoOn { account: Account },
    AcceptIdentity { name: String },
    SetWitnesses { need: usize, keys: Vec<String> },
    AskWitnesses,
    Forget { chat: Chat },
    CloseAccount,
}

/// What was written and not sent.
#[derive(Debug, Clone, PartialEq, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draft {
    pub chat: Chat,
    pub text: String,
    pub reply_to: Option<i64>,
}

fn names(names: Vec<String>) -> Result<Vec<AccountName>, BadName> {
    names.iter().map(|name| AccountName::parse(name)).collect()
}

impl TryFrom<Command> for input::Command {
    type Error = BadName;

    fn try_from(command: Command) -> Result<Self, BadName> {
        use Command as Asked;
        Ok(match command {
            Asked::Register { name, invite, device_name } => {
                Self::Register { name: AccountName::parse(&name)?, invite, device_name }
            }
            Asked::ForgetClaim => Self::ForgetClaim,
            Asked::OfferLink => Self::OfferLink,
            Asked::AcceptLink { code, device_name } => Self::AcceptLink { code, device_name },
            Asked::RemoveDevice { device } => Self::RemoveDevice(device.into()),
            Asked::OpenDirect { name } => Self::OpenDirect(AccountName::parse(&name)?),
            Asked::CreateGroup { title, members } => Self::CreateGroup { title, members: names(members)? },
            Asked::Send { chat, text, reply_to } => Self::Send { chat: chat.into(), text, reply_to: reply_to.map(MessageRef) },
            Asked::React { chat, message, emoji } => Self::React { chat: chat.into(), message: MessageRef(message), emoji },
            Asked::Edit { chat, message, text } => Self::Edit { chat: chat.into(), message: MessageRef(message), text },
            Asked::Delete { chat, message } => Self::Delete { chat: chat.into(), message: MessageRef(message) },
            Asked::KeepDraft { draft: Draft { chat, text, reply_to } } => {
                Self::KeepDraft(view::Draft { chat: chat.into(), text, reply_to: reply_to.map(MessageRef) })
            }
            Asked::Retry { message } => Self::Retry(MessageRef(message)),
            Asked::Discard { message } => Self::Discard(MessageRef(message)),
            Asked::MarkRead { chat } => Self::MarkRead(chat.into()),
            Asked::MarkReadUpto { chat, message } => Self::MarkReadUpto(chat.into(), MessageRef(message)),
            Asked::AddMembers { chat, members } => Self::AddMembers(chat.into(), names(members)?),
            Asked::RemoveMember { chat, account } => Self::RemoveMember(chat.into(), account.into()),
            Asked::SetAdmin { chat, account, admin } => Self::SetAdmin(chat.into(), account.into(), admin),
            Asked::Rename { chat, title } => Self::Rename(chat.into(), title),
            Asked::Leave { chat } => Self::Leave(chat.into()),
            Asked::AcceptRequest { chat } => Self::AcceptRequest(chat.into()),
            Asked::DeclineRequest { chat } => Self::DeclineRequest(chat.into()),
            Asked::Block { account } => Self::Block(account.into()),
            Asked::Unblock { account } => Self::Unblock(account.into()),
            Asked::MarkVerified { account, verified } => Self::MarkVerified(account.into(), verified),
            Asked::LookUp { name } => Self::LookUp(AccountName::parse(&name)?),
            Asked::Refresh { chat } => Self::Refresh(chat.into()),
            Asked::SetDisplayName { name } => Self::SetDisplayName(name),
            Asked::SetDeliveredReceipts { on } => Self::Set(Setting::DeliveredReceipts(on)),
            Asked::SetRequireVerification { on } => Self::Set(Setting::RequireVerification(on)),
            Asked::GoOn { account } => Self::GoOn(account.into()),
            Asked::AcceptIdentity { name } => Self::AcceptIdentity(AccountName::parse(&name)?),
            Asked::SetWitnesses { need, keys } => Self::SetWitnesses { need, keys },
            Asked::AskWitnesses => Self::AskWitnesses,
            Asked::SetReadReceipts { on } => Self::Set(Setting::ReadReceipts(on)),
            Asked::Forget { chat } => Self::Forget(chat.into()),
            Asked::CloseAccount => Self::CloseAccount,
        })
    }
}
