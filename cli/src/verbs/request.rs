//! `requests`: people who have not talked to us, and want to.

use waxseal_core::Command;
use waxseal_core::client::ClientError;
use waxseal_core::view::{ChatState, ChatSummary, Line};
use waxseal_wire::id::AccountId;

use super::account::name;
use super::read::{listed, shown};
use super::sure;
use crate::arguments::{Format, Place, RequestVerb};
use crate::exit::Failure;
use crate::json::{self, ChatJson, versioned};
use crate::paper::{remark, say, say_json};
use crate::visit::{Reach, Visit};
use crate::{harmless, target};

pub(super) async fn list(place: &Place, format: Format) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    visit.catch_up().await?;
    let asking: Vec<_> = visit.chats().await?.into_iter().filter(|chat| chat.state == ChatState::Requested).collect();
    if asking.is_empty() && !format.json {
        remark("Nobody is asking.");
    }
    for chat in &asking {
        if format.json {
            say_json(&versioned(ChatJson::of(chat)))?;
            continue;
        }
        let text = match chat.last.as_ref().map(|message| &message.line) {
            Some(Line::Text(text)) => format!(": {}", harmless::line(text)),
            _ => String::new(),
        };
        say(format!("{}  {}{text}", target::short(chat.chat), listed(chat)))?;
    }
    Ok(())
}

pub(super) async fn run(place: &Place, verb: RequestVerb) -> Result<(), Failure> {
    if let RequestVerb::Blocked { format } = verb {
        return blocked(place, format).await;
    }
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    match verb {
        RequestVerb::Accept { who } => {
            let chat = match asked(&mut visit, &who).await {
                // Accepted before: whoever asked may not have heard of it.
                Err(nobody) => accepted(&visit, &who).await?.ok_or(nobody)?,
                Ok(chat) => {
                    visit.command(Command::AcceptRequest(chat.chat)).await?;
                    chat
                }
            };
            say(format!("Accepted. Write back: waxseal send {} '…'", target::quoted(&shown(&chat))))?;
        }
        RequestVerb::Decline { who, sure } => {
            let chat = asked(&mut visit, &who).await?;
            sure::ask(sure, &format!("Decline {}, and forget what was written?", shown(&chat)))?;
            visit.command(Command::DeclineRequest(chat.chat)).await?;
            say("Declined, and forgotten.")?;
        }
        RequestVerb::Block { who, sure } => {
            let account = account(&mut visit, &who).await?;
            sure::ask(sure, "Block this person? They are not told.")?;
            visit.command(Command::Block(account)).await?;
            say("Blocked. Take it back with: waxseal requests unblock NAME")?;
        }
        RequestVerb::Unblock { who } => {
            let account = account(&mut visit, &who).await?;
            visit.command(Command::Unblock(account)).await?;
            say("Unblocked. What they wrote meanwhile is gone; from now on it comes.")?;
        }
        RequestVerb::Blocked { .. } => {}
    }
    settle(&mut visit).await
}

#[derive(serde::Serialize)]
struct BlockedJson {
    account: String,
    name: String,
}

async fn blocked(place: &Place, format: Format) -> Result<(), Failure> {
    let (visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let blocked = visit
        .read(|client| {
            let named = |account| Ok(BlockedJson { account: json::account(&account), name: client.account_name(account)? });
            client.blocked()?.into_iter().map(named).collect::<Result<Vec<_>, ClientError>>()
        })
        .await?;
    if blocked.is_empty() && !format.json {
        remark("You have blocked nobody.");
    }
    for person in blocked {
        if format.json { say_json(&versioned(person))? } else { say(harmless::line(&person.name))? }
    }
    Ok(())
}

/// Lets what the answer brought about leave, where the server is there.
async fn settle(visit: &mut Visit) -> Result<(), Failure> {
    if !visit.until(|client| Ok(client.connection().waiting == 0)).await? {
        remark("The server was not reached; it will hear of it with the next connection.");
    }
    Ok(())
}

/// The request that `who` made; asks the server for news where it is not here yet.
async fn asked(visit: &mut Visit, who: &str) -> Result<ChatSummary, Failure> {
    for _ in 0..2 {
        let asking = visit.chats().await?.into_iter().filter(|chat| chat.state == ChatState::Requested).collect();
        match target::find(asking, who) {
            Ok(target::Target::Chat(chat)) => return Ok(*chat),
            Ok(target::Target::Person(_)) | Err(Failure::NoSuchChat(_)) => visit.catch_up().await?,
            Err(other) => return Err(other),
        }
    }
    Err(Failure::Refused("nobody of that name is asking; `waxseal requests` lists who does"))
}

/// The chat with `who`, where it is open already.
async fn accepted(visit: &Visit, who: &str) -> Result<Option<ChatSummary>, Failure> {
    let open = visit.chats().await?.into_iter().filter(|chat| chat.state == ChatState::Open).collect();
    Ok(match target::find(open, who) {
        Ok(target::Target::Chat(chat)) => Some(*chat),
        _ => None,
    })
}

async fn account(visit: &mut Visit, who: &str) -> Result<AccountId, Failure> {
    if let Ok(chat) = visit.chat(who).await
        && let Some(peer) = chat.peer
    {
        return Ok(peer);
    }
    visit.account(name(who)?).await
}
