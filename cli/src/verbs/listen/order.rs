//! Commands of a bot: one line, one answer (`done` or `error`).

use waxseal_core::Command;
use waxseal_core::client::Client;
use waxseal_core::view::{ChatId, MessageRef};

use super::{Listening, event};
use crate::exit::Failure;
use crate::json::{ChatJson, EventJson, MessageJson, Order, Wish};
use crate::target;
use crate::verbs::account::name;
use crate::verbs::send;
use crate::visit::opened;

type Touched = (Option<ChatId>, Option<MessageRef>);

/// Does what a line says, and answers. Only a broken client or output is an error here.
pub(super) async fn obey(listening: &mut Listening, line: &str) -> Result<(), Failure> {
    let order: Order = match serde_json::from_str(line) {
        Ok(order) => order,
        Err(error) => {
            // A line that does not read may still say which one it was.
            let id = serde_json::from_str(line).ok().and_then(|value: serde_json::Value| value.get("id").cloned());
            return Ok(event(EventJson::Error { id: id.unwrap_or_default(), error: format!("not a command: {error}") })?);
        }
    };
    let id = order.id;
    match listening.grant(order.wish).await {
        Ok((chat, message)) => {
            event(EventJson::Done { id, chat: chat.map(target::id), message: message.map(|message| message.0) })?;
            Ok(())
        }
        Err(stop @ (Failure::Stopped | Failure::SignedOut | Failure::Io(_))) => Err(stop),
        Err(refused) => Ok(event(EventJson::Error { id, error: refused.to_string() })?),
    }
}

impl Listening {
    async fn grant(&mut self, wish: Wish) -> Result<Touched, Failure> {
        match wish {
            Wish::Send { to, text, reply_to } => {
                let chat = self.visit.open_chat(&to).await?;
                let message = send::put(&mut self.visit, chat, text, reply_to.map(MessageRef)).await?;
                Ok((Some(chat), Some(message)))
            }
            Wish::React { message, emoji } => self.about(message, |chat, message| Command::React { chat, message, emoji }).await,
            Wish::Edit { message, text } => self.about(message, |chat, message| Command::Edit { chat, message, text }).await,
            Wish::Delete { message } => self.about(message, |chat, message| Command::Delete { chat, message }).await,
            Wish::Accept { chat } => {
                let touched = self.within(&chat, Command::AcceptRequest).await?;
                if let Some(id) = touched.0
                    && let Some(chat) = self.visit.read(move |client| client.chat(id)).await?
                {
                    self.backlog(&chat).await?;
                }
                Ok(touched)
            }
            Wish::Decline { chat } => self.within(&chat, Command::DeclineRequest).await,
            Wish::Block { chat } => {
                let chat = self.visit.chat(&chat).await?;
                let peer = chat.peer.ok_or(Failure::Refused("a group cannot be blocked; leave it"))?;
                self.visit.command(Command::Block(peer)).await?;
                Ok((Some(chat.chat), None))
            }
            Wish::CreateGroup { title, members } => {
                let members = members.iter().map(|member| name(member)).collect::<Result<_, _>>()?;
                self.visit.command(Command::CreateGroup { title, members }).await?;
                Ok((Some(self.visit.wait(opened).await?), None))
            }
            Wish::Add { group, members } => {
                let members: Vec<_> = members.iter().map(|member| name(member)).collect::<Result<_, _>>()?;
                self.within(&group, |chat| Command::AddMembers(chat, members)).await
            }
            Wish::Remove { group, member } => {
                let account = self.visit.account(name(&member)?).await?;
                self.within(&group, |chat| Command::RemoveMember(chat, account)).await
            }
            Wish::Rename { group, title } => self.within(&group, |chat| Command::Rename(chat, title)).await,
            Wish::Leave { group } => self.within(&group, Command::Leave).await,
            Wish::MarkRead { chat } => self.within(&chat, Command::MarkRead).await,
            Wish::History { chat, limit } => {
                let chat = self.visit.chat(&chat).await?;
                let id = chat.chat;
                for message in self.visit.read(move |client: &Client| client.messages(id, None, limit)).await? {
                    event(EventJson::Message { message: MessageJson::of(&message, &chat), backlog: true })?;
                }
                Ok((Some(id), None))
            }
            Wish::Chats {} => {
                for chat in self.visit.chats().await? {
                    event(EventJson::Chat(ChatJson::of(&chat)))?;
                }
                Ok((None, None))
            }
        }
    }

    async fn within(&mut self, chat: &str, command: impl FnOnce(ChatId) -> Command) -> Result<Touched, Failure> {
        let chat = self.visit.chat(chat).await?.chat;
        self.visit.command(command(chat)).await?;
        Ok((Some(chat), None))
    }

    async fn about(&mut self, message: i64, command: impl FnOnce(ChatId, MessageRef) -> Command) -> Result<Touched, Failure> {
        let message = MessageRef(message);
        let found = self.visit.read(move |client| client.message(message)).await?;
        let chat = found.ok_or(Failure::Refused("there is no such message"))?.chat;
        self.visit.command(command(chat, message)).await?;
        Ok((Some(chat), Some(message)))
    }
}
