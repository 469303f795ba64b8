//! `talk`: a conversation line by line, for screen readers and plain terminals.
//!
//! What comes is printed as one line of plain text; each line that is typed is
//! sent. No colours, no cursor, nothing is ever drawn over.

use time::UtcOffset;
use waxseal_core::client::Client;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, MemberView, MessageRef, MessageState};
use waxseal_core::{Command, Event};

use super::lines::Lines;
use super::printer::Printer;
use super::read::shown;
use super::send;
use crate::arguments::{Place, TalkArgs};
use crate::exit::Failure;
use crate::paper::say;
use crate::stop::Stop;
use crate::visit::{Reach, Visit};
use crate::{harmless, wording};

const HELP: &str = "\
Each line that you type is sent. A line that ends in \\ goes on in the next one.
/accept, /decline, /block   answer a request
/go-on                      somebody's new device is right: let my words go
/members                    who is here
/older                      what was said before that
/help, /quit
A message that begins with / is typed with two: //";

struct Talk {
    visit: Visit,
    printer: Printer,
    chat: ChatId,
    /// The oldest message that was printed.
    oldest: Option<MessageRef>,
    /// Sent from here and not yet with the server.
    sent: Vec<MessageRef>,
    /// A line that goes on in the next one.
    begun: String,
    is_offline: bool,
}

pub(super) async fn talk(place: &Place, arguments: TalkArgs, zone: UtcOffset) -> Result<(), Failure> {
    let (mut visit, me) = Visit::of_account(place, Reach::Online).await?;
    visit.catch_up().await?;
    let chat = visit.open_chat(&arguments.chat).await?;
    visit.keep_passed();
    let mut printer = Printer::new(zone);
    printer.is_spoken = true;
    let mut talk = Talk { visit, printer, chat, oldest: None, sent: Vec::new(), begun: String::new(), is_offline: false };
    let summary = talk.summary().await?;
    say(format!("You are {}. This is {}. /help says what you can type.", me.name, shown(&summary)))?;
    talk.page(arguments.limit).await?;
    let mut stop = Stop::listen()?;
    let mut lines = Lines::begin()?;
    loop {
        tokio::select! {
            happened = talk.visit.happening() => {
                let happened = happened?;
                talk.tell_connection().await?;
                if let Some(event) = happened {
                    talk.tell(event).await?;
                }
            }
            line = lines.next() => match line {
                Some(line) => if !talk.take(&line).await? { return talk.leave().await },
                None => return talk.leave().await,
            },
            () = stop.asked() => return talk.leave().await,
        }
    }
}

impl Talk {
    async fn summary(&self) -> Result<ChatSummary, Failure> {
        let chat = self.chat;
        let found = self.visit.read(move |client| client.chat(chat)).await?;
        found.ok_or_else(|| Failure::Refused("this conversation is gone"))
    }

    /// Prints so many messages before the oldest that was printed.
    async fn page(&mut self, limit: usize) -> Result<(), Failure> {
        let (chat, before) = (self.chat, self.oldest);
        let messages = self.visit.read(move |client: &Client| client.messages(chat, before, limit)).await?;
        if messages.is_empty() && before.is_some() {
            return Ok(say("There is nothing before that.")?);
        }
        self.oldest = messages.first().map(|message| message.message).or(self.oldest);
        let summary = self.summary().await?;
        self.printer.print(&mut self.visit, &summary, &messages).await?;
        if summary.state == ChatState::Requested {
            say(format!("{}. /accept, /decline or /block.", wording::request(&summary)))?;
        }
        Ok(())
    }

    async fn tell(&mut self, event: Event) -> Result<(), Failure> {
        let chat = self.chat;
        match event {
            Event::Received { chat: at, message } if at == chat => {
                let found = self.visit.read(move |client: &Client| Ok((client.chat(chat)?, client.message(message)?))).await?;
                if let (Some(chat), Some(message)) = found {
                    self.printer.print(&mut self.visit, &chat, std::slice::from_ref(&message)).await?;
                }
            }
            Event::MessageChanged { chat: at, message } if at == chat => self.tell_changed(message).await?,
            Event::Failed { chat: at, problem } if at.is_none_or(|at| at == chat) => say(format!("Not done: {problem}."))?,
            Event::Received { chat: other, .. } => self.tell_elsewhere(other).await?,
            _ => {}
        }
        Ok(())
    }

    /// Another conversation has news: said once, until this one goes on.
    async fn tell_elsewhere(&mut self, other: ChatId) -> Result<(), Failure> {
        let found = self.visit.read(move |client| client.chat(other)).await?;
        if let Some(other) = found.filter(|other| other.unread == 1) {
            say(format!("({} has written.)", shown(&other)))?;
        }
        Ok(())
    }

    async fn tell_changed(&mut self, message: MessageRef) -> Result<(), Failure> {
        let Some(view) = self.visit.read(move |client| client.message(message)).await? else { return Ok(()) };
        if view.own && self.sent.contains(&message) {
            match view.state {
                MessageState::Pending => return Ok(()),
                MessageState::Failed => say("That was not sent; the full-screen client can try it again.")?,
                _ => {}
            }
            self.sent.retain(|waiting| *waiting != message);
        } else if view.edited && !view.own {
            let chat = self.summary().await?;
            self.printer.again(message);
            self.printer.print(&mut self.visit, &chat, &[view]).await?;
        }
        Ok(())
    }

    async fn tell_connection(&mut self) -> Result<(), Failure> {
        let now = self.visit.read(|client| Ok(client.connection())).await?;
        let is_offline = !(now.receiving && now.sending);
        match (self.is_offline, is_offline, self.visit.why_offline()) {
            (false, true, Some(why)) => {
                self.is_offline = true;
                say(format!("(Not connected: {why}. What you type waits.)"))?;
            }
            (true, false, _) => {
                self.is_offline = false;
                say("(Connected again.)")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Does what a typed line says; false where it is the last.
    async fn take(&mut self, line: &str) -> Result<bool, Failure> {
        if let Some(begun) = line.strip_suffix('\\') {
            self.begun.push_str(begun);
            self.begun.push('\n');
            return Ok(true);
        }
        let text = std::mem::take(&mut self.begun) + line;
        let done = match text.trim_end() {
            "" => Ok(()),
            "/quit" | "/q" => return Ok(false),
            "/help" | "/?" => Ok(say(HELP)?),
            "/older" => self.page(20).await,
            "/members" => self.members().await,
            "/go-on" => self.go_on().await,
            "/accept" => self.order(Command::AcceptRequest(self.chat), "Accepted. You can write now.").await,
            "/decline" => {
                self.order(Command::DeclineRequest(self.chat), "Declined.").await?;
                return Ok(false);
            }
            "/block" => {
                let peer = self.summary().await?.peer.ok_or(Failure::Refused("a group cannot be blocked; /decline it"));
                self.order(Command::Block(peer?), "Blocked. Take it back with: waxseal requests unblock NAME").await?;
                return Ok(false);
            }
            words => match words.strip_prefix('/') {
                Some(rest) if !rest.starts_with('/') => {
                    Ok(say(format!("There is no /{}. /help lists what there is.", harmless::line(rest)))?)
                }
                escaped => self.send(escaped.unwrap_or(words).to_owned()).await,
            },
        };
        match done {
            Err(Failure::Refused(why)) => say(format!("Not done: {why}."))?,
            Err(Failure::StillARequest) => say("This is still a request. /accept it first, or /decline or /block.")?,
            Err(Failure::Problem(problem)) => say(format!("Not done: {problem}."))?,
            other => other?,
        }
        Ok(true)
    }

    async fn send(&mut self, text: String) -> Result<(), Failure> {
        let message = send::put(&mut self.visit, self.chat, text, None).await?;
        self.sent.push(message);
        let chat = self.chat;
        match self.visit.read(move |client| send::held(client, chat)).await? {
            Some(why) => Ok(say(format!("({why} Here: /go-on)"))?),
            None => Ok(()),
        }
    }

    async fn go_on(&mut self) -> Result<(), Failure> {
        let held = self.summary().await?.held;
        if held.is_empty() {
            return Err(Failure::Refused("nothing waits for a look"));
        }
        for who in held {
            self.visit.command(Command::GoOn(who)).await?;
        }
        Ok(say("Noted. Words that waited go.")?)
    }

    async fn order(&mut self, command: Command, said: &str) -> Result<(), Failure> {
        self.visit.command(command).await?;
        Ok(say(said)?)
    }

    async fn members(&mut self) -> Result<(), Failure> {
        let chat = self.chat;
        let members = self.visit.read(move |client| client.members(chat)).await?;
        let called = |member: &MemberView| wording::called(&member.name, member.display_name.as_deref());
        let names: Vec<_> = members.iter().map(|member| if member.own { "you".to_owned() } else { called(member) }).collect();
        Ok(say(names.join(", "))?)
    }

    /// Gives what was typed last the time to leave.
    async fn leave(mut self) -> Result<(), Failure> {
        if !self.begun.is_empty() {
            let text = std::mem::take(&mut self.begun);
            self.send(text).await?;
        }
        self.visit.begin_waiting();
        let sent = std::mem::take(&mut self.sent);
        let is_pending = move |client: &Client| {
            for message in &sent {
                if client.message(*message)?.is_some_and(|view| view.state == MessageState::Pending) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if self.visit.until(is_pending).await? { Ok(()) } else { Err(Failure::Waiting) }
    }
}
