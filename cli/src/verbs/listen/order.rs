//! Commands of a bot: one line, one answer (`done` or `error`).

use waxseal_core::Command;
use waxseal_core::client::Client;
use waxseal_core::view::{ChatId, MessageRef};

use super::{Listening, event, refuse};
use crate::exit::Failure;
use crate::json::listen::{EventJson, Order, Wish};
use crate::json::{ChatJson, MemberJson, MessageJson};
use crate::target;
use crate::verbs::account::name;
use crate::verbs::forget::forgettable;
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
            return refuse(id.unwrap_or_default(), &Failure::Usage(format!("not a command: {error}")), None);
        }
    };
    let id = order.id;
    match listening.grant(order.wish).await {
        Ok((chat, message)) => {
            event(EventJson::Done { id, chat: chat.map(target::id), message: message.map(|message| message.0) })?;
            Ok(())
        }
        Err(stop @ (Failure::Stopped | Failure::SignedOut | Failure::Io(_))) => Err(stop),
        Err(refused) => refuse(id, &refused, None),
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
            Wish::Retry { message } => self.about(message, |_, message| Command::Retry(message)).await,
            Wish::Discard { message } => self.about(message, |_, message| Command::Discard(message)).await,
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
            Wish::Unblock { name: who } => {
                let account = self.visit.account(name(&who)?).await?;
                self.visit.command(Command::Unblock(account)).await?;
                Ok((None, None))
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
            Wish::Admin { group, member, admin } => {
                let account = self.visit.account(name(&member)?).await?;
                self.within(&group, |chat| Command::SetAdmin(chat, account, admin)).await
            }
            Wish::Rename { group, title } => self.within(&group, |chat| Command::Rename(chat, title)).await,
            Wish::Leave { group } => self.within(&group, Command::Leave).await,
            Wish::Forget { chat } => {
                let id = forgettable(&self.visit.chat(&chat).await?)?;
                self.visit.command(Command::Forget(id)).await?;
                Ok((Some(id), None))
            }
            Wish::Profile { display_name } => {
                self.visit.command(Command::SetDisplayName(display_name)).await?;
                Ok((None, None))
            }
            Wish::MarkRead { chat } => self.within(&chat, Command::MarkRead).await,
            asked => self.look_up(asked).await,
        }
    }

    /// What is only looked at, and printed before the answer.
    async fn look_up(&mut self, asked: Wish) -> Result<Touched, Failure> {
        match asked {
            Wish::Members { chat } => {
                let id = self.visit.chat(&chat).await?.chat;
                let members = self.visit.read(move |client| client.members(id)).await?;
                event(EventJson::Members { chat: target::id(id), members: members.iter().map(MemberJson::of).collect() })?;
                Ok((Some(id), None))
            }
            Wish::History { chat, limit, before } => {
                let chat = self.visit.chat(&chat).await?;
                let id = chat.chat;
                let before = before.map(MessageRef);
                for message in self.visit.read(move |client: &Client| client.messages(id, before, limit)).await? {
                    event(EventJson::Message { message: MessageJson::of(&message, &chat), backlog: true })?;
                }
                Ok((Some(id), None))
            }
            Wish::Search { words, chat, limit } => {
                let of = match chat {
                    Some(chat) => Some(self.visit.chat(&chat).await?.chat),
                    None => None,
                };
                let chats = self.visit.chats().await?;
                for message in self.visit.read(move |client: &Client| client.search(of, &words, limit)).await? {
                    if let Some(chat) = chats.iter().find(|chat| chat.chat == message.chat) {
                        event(EventJson::Message { message: MessageJson::of(&message, chat), backlog: true })?;
                    }
                }
                Ok((of, None))
            }
            Wish::Chats {} => {
                for chat in self.visit.chats().await? {
                    event(EventJson::Chat(ChatJson::of(&chat)))?;
                }
                Ok((None, None))
            }
            // All others change something.
            _ => Ok((None, None)),
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
