//! `forget`: a conversation is deleted from this device.

use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState, ChatSummary};

use super::read::shown;
use super::sure;
use crate::arguments::{Place, Sure};
use crate::exit::Failure;
use crate::paper::say;
use crate::visit::{Reach, Visit};

pub(super) async fn forget(place: &Place, target: &str, sure: Sure) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let chat = visit.chat(target).await?;
    let id = forgettable(&chat)?;
    sure::ask(sure, &format!("Delete the conversation {} from this device? It cannot be brought back.", shown(&chat)))?;
    visit.command(Command::Forget(id)).await?;
    Ok(say("Deleted from this device. Others still have what they have.")?)
}

/// A group that one is still in would come back with its next message.
pub(super) fn forgettable(chat: &ChatSummary) -> Result<ChatId, Failure> {
    if chat.direct || chat.state == ChatState::Left {
        Ok(chat.chat)
    } else {
        Err(Failure::Refused("leave the group first: waxseal group leave GROUP"))
    }
}
