//! `send`: write to somebody, and wait until the server has it.

use std::io::IsTerminal;

use tokio::io::AsyncReadExt;
use waxseal_core::Command;
use waxseal_core::client::{Client, ClientError};
use waxseal_core::view::{ChatId, ChatState, Line, MessageRef, MessageState};

use crate::arguments::{Place, SendArgs};
use crate::exit::Failure;
use crate::paper::remark;
use crate::visit::{Reach, Visit};
use crate::{harmless, wording};

/// A text is at most so long (as the client core says too); more is not read from standard input.
const LONGEST: u64 = 64 << 10;

pub(super) async fn send(place: &Place, arguments: SendArgs) -> Result<(), Failure> {
    let text = match arguments.text.as_slice() {
        [only] if only == "-" => standard_input().await?,
        [] => standard_input().await?,
        words => words.join(" "),
    };
    if text.trim().is_empty() {
        return Err(Failure::Usage("there is nothing to send".into()));
    }
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    let chat = visit.open_chat(&arguments.to).await?;
    visit.about = Some(chat);
    let message = put(&mut visit, chat, text, None).await?;
    if arguments.no_wait {
        remark("It waits in the outbox, and goes with the next connection.");
        return Ok(());
    }
    if let Some(why) = visit.read(move |client| held(client, chat)).await? {
        if !arguments.queue {
            return Err(Failure::Held(why));
        }
        remark(why);
        return Ok(());
    }
    let done = move |client: &Client| Ok(client.message(message)?.is_none_or(|message| message.state != MessageState::Pending));
    let is_done = visit.until(done).await.map_err(|failure| match failure {
        Failure::NoSuchAccount(name) => Failure::Nobody(name),
        other => other,
    })?;
    if !is_done {
        if arguments.queue {
            remark("The server was not reached; the message waits in the outbox and goes with the next connection.");
            return Ok(());
        }
        return Err(Failure::Waiting);
    }
    match visit.read(move |client| client.message(message)).await?.map(|message| message.state) {
        Some(MessageState::Failed) | None => Err(Failure::MessageFailed),
        Some(_) => Ok(()),
    }
}

/// Why words in this chat wait for their person, where they do.
pub(super) fn held(client: &Client, chat: ChatId) -> Result<Option<String>, ClientError> {
    let held = client.chat(chat)?.map(|chat| chat.held).unwrap_or_default();
    let names = held.iter().map(|who| Ok(harmless::line(&client.account_name(*who)?))).collect::<Result<Vec<_>, ClientError>>()?;
    Ok((!names.is_empty()).then(|| wording::held(&names)))
}

/// Writes into a chat; durable when this returns.
pub(super) async fn put(
    visit: &mut Visit,
    chat: ChatId,
    text: String,
    reply_to: Option<MessageRef>,
) -> Result<MessageRef, Failure> {
    if visit.read(move |client| client.chat(chat)).await?.is_some_and(|chat| chat.state == ChatState::Requested) {
        return Err(Failure::StillARequest);
    }
    let newest = move |client: &Client| {
        let own = client.messages(chat, None, 8)?.into_iter().rev();
        Ok(own.filter(|message| message.own && matches!(message.line, Line::Text(_))).map(|message| message.message).max())
    };
    let before = visit.read(newest).await?;
    visit.command(Command::Send { chat, text, reply_to }).await?;
    match visit.read(newest).await? {
        Some(message) if Some(message) != before => Ok(message),
        _ => Err(Failure::Refused("the message was not taken")),
    }
}

async fn standard_input() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        remark("Type the message; Ctrl+D at the beginning of a line sends it, Ctrl+C does not.");
    }
    let mut text = String::new();
    let taken = tokio::io::stdin().take(LONGEST + 1).read_to_string(&mut text).await?;
    if taken as u64 > LONGEST {
        return Err(Failure::Usage("the text is longer than 64 KiB".into()));
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
