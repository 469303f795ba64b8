//! Prints messages, and marks as read what it printed.
//!
//! Used by `read`, `search` and `talk`.

use std::collections::HashSet;

use time::UtcOffset;
use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, MessageRef, MessageView};

use super::read::{listed, shown};
use super::transcript::Transcript;
use crate::exit::Failure;
use crate::json::{MessageJson, versioned};
use crate::names::Names;
use crate::paper::{remark, say, say_json};
use crate::visit::Visit;
use crate::{target, wording};

/// See the module.
pub(super) struct Printer {
    /// As JSON.
    pub(super) json: bool,
    /// Nothing counts as read by being printed.
    pub(super) peek: bool,
    /// Each chat is named before what was said in it.
    pub(super) headings: bool,
    transcript: Transcript,
    /// Nothing is said of what is typed here and goes its way.
    pub(super) is_spoken: bool,
    last: Option<ChatId>,
    printed: HashSet<MessageRef>,
}

impl Printer {
    /// For a person, of one chat, marking as read what it prints.
    pub(super) fn new(zone: UtcOffset) -> Self {
        Self {
            json: false,
            peek: false,
            headings: false,
            is_spoken: false,
            transcript: Transcript::new(zone),
            last: None,
            printed: HashSet::new(),
        }
    }

    /// A message has changed: it may be printed again.
    pub(super) fn again(&mut self, message: MessageRef) {
        self.printed.remove(&message);
    }

    /// Prints messages of one chat, oldest first; none of them twice.
    pub(super) async fn print(&mut self, visit: &mut Visit, chat: &ChatSummary, messages: &[MessageView]) -> Result<(), Failure> {
        let id = chat.chat;
        let about = messages.to_vec();
        let names = visit.read(move |client| Names::with_quotes(client, &client.members(id)?, &about)).await?;
        if self.last != Some(id) {
            self.last = Some(id);
            self.transcript.begin();
            if self.headings && !self.json {
                say(format!("{} ({})", listed(chat), target::short(id)))?;
            }
        }
        for message in messages {
            // While following, an event may come of what was printed already.
            if !self.printed.insert(message.message) {
                continue;
            }
            if self.json {
                say_json(&versioned(MessageJson::of(message, chat)))?;
                continue;
            }
            for line in self.transcript.lines(message, &names) {
                say(line)?;
            }
        }
        if chat.state == ChatState::Requested {
            if !self.json && !self.is_spoken {
                let asks = wording::request(chat);
                remark(format!("{asks}. Answer with: waxseal requests accept|decline|block {}", target::quoted(&shown(chat))));
            }
        } else if let Some(last) = messages.iter().map(|message| message.message).max()
            && !self.peek
            && chat.unread > 0
        {
            visit.command(Command::MarkReadUpto(id, last)).await?;
        }
        Ok(())
    }
}
