//! `export`: what is on this device belongs to its owner, as JSON.

use waxseal_core::client::Client;
use waxseal_core::view::{ChatSummary, MessageRef};

use crate::arguments::Place;
use crate::exit::Failure;
use crate::json::{MessageJson, versioned};
use crate::paper::say_json;
use crate::visit::{Reach, Visit};

/// Messages read at a time.
const PAGE: usize = 500;

pub(super) async fn export(place: &Place, chat: Option<&str>) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let chats = match chat {
        Some(target) => vec![visit.chat(target).await?],
        None => visit.chats().await?,
    };
    for chat in &chats {
        one(&visit, chat).await?;
    }
    Ok(())
}

/// Oldest first: the pages are found from the newest back, then printed the other way round.
async fn one(visit: &Visit, chat: &ChatSummary) -> Result<(), Failure> {
    let id = chat.chat;
    let mut starts: Vec<Option<MessageRef>> = vec![None];
    loop {
        let before = starts.last().copied().flatten();
        let page = visit.read(move |client: &Client| client.messages(id, before, PAGE)).await?;
        match page.first() {
            Some(first) if page.len() == PAGE => starts.push(Some(first.message)),
            _ => break,
        }
    }
    for before in starts.into_iter().rev() {
        for message in visit.read(move |client: &Client| client.messages(id, before, PAGE)).await? {
            say_json(&versioned(MessageJson::of(&message, chat)))?;
        }
    }
    Ok(())
}
