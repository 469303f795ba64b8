//! What is written and not sent, one text a chat: on the screen, and as the client keeps it.
//!
//! Held by the model. Says what has changed since it was last kept; keeping it
//! is the client's.

use std::collections::HashMap;

use ratatui_textarea::{CursorMove, TextArea, WrapMode};
use waxseal_core::Command;
use waxseal_core::view::{ChatId, Draft, MessageRef};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    written: HashMap<ChatId, TextArea<'static>>,
    kept: HashMap<ChatId, Draft>,
    /// What was written when it was last looked whether somebody is writing.
    last: Option<(ChatId, String)>,
}

impl Drafts {
    /// Takes in what was kept when the program last ended.
    pub(crate) fn restore(&mut self, drafts: Vec<Draft>) {
        for draft in drafts {
            if self.text(draft.chat).is_empty() {
                self.set(draft.chat, &draft.text);
            }
            self.kept.insert(draft.chat, draft);
        }
    }

    /// Where one writes in this chat.
    pub(crate) fn area(&mut self, chat: ChatId) -> &mut TextArea<'static> {
        self.written.entry(chat).or_insert_with(writing)
    }

    /// The same, to look at; none before something was written.
    pub(crate) fn seen(&self, chat: ChatId) -> Option<&TextArea<'static>> {
        self.written.get(&chat)
    }

    /// What is written in this chat.
    pub(crate) fn text(&self, chat: ChatId) -> String {
        self.written.get(&chat).map(|area| area.lines().join("\n")).unwrap_or_default()
    }

    /// Writes it anew, with the cursor at its end.
    pub(crate) fn set(&mut self, chat: ChatId, text: &str) {
        let area = self.area(chat);
        area.clear();
        area.insert_str(text);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
    }

    /// The message that the kept draft of this chat answers.
    pub(crate) fn kept_reply(&self, chat: ChatId) -> Option<MessageRef> {
        self.kept.get(&chat).and_then(|draft| draft.reply_to)
    }

    /// What is written in one chat is written in another from now on.
    pub(crate) fn moved(&mut self, from: ChatId, to: ChatId) {
        if let Some(area) = self.written.remove(&from) {
            self.written.entry(to).or_insert(area);
        }
        if let Some(kept) = self.kept.remove(&from) {
            self.kept.entry(to).or_insert(Draft { chat: to, ..kept });
        }
    }

    /// Whether nothing was written in this chat since this was last asked.
    pub(crate) fn rests(&mut self, chat: ChatId) -> bool {
        let now = Some((chat, self.text(chat)));
        let rests = self.last == now;
        self.last = now;
        rests
    }

    /// What the client should keep for this chat, where that is not what it has.
    pub(crate) fn keep(&mut self, chat: ChatId, text: String, reply_to: Option<MessageRef>) -> Option<Command> {
        let reply_to = reply_to.filter(|_| !text.is_empty());
        let draft = Draft { chat, text, reply_to };
        let same = match self.kept.get(&chat) {
            Some(kept) => *kept == draft,
            None => draft.text.is_empty(),
        };
        if same {
            return None;
        }
        self.kept.insert(chat, draft.clone());
        Some(Command::KeepDraft(draft))
    }
}

/// A field to write in: wraps, and shows the terminal's own cursor.
pub(crate) fn writing() -> TextArea<'static> {
    let mut area = TextArea::default();
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area.set_cursor_style(ratatui::style::Style::default());
    area
}
