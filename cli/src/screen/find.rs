//! Looking for a chat by its title, and for a message by its words.
//!
//! Opened by Ctrl+F. Chats are found among those on the screen at once;
//! messages are looked for by the client, and come a moment later.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui_textarea::{TextArea, WrapMode};
use waxseal_core::view::{ChatId, Line, MessageRef, MessageView};

use super::dialog::Dialog;
use super::drafts::writing;
use super::model::{Focus, Model, Wish};
use super::press;
use crate::harmless;

/// So many messages are shown; more words find fewer.
pub(crate) const MOST: usize = 100;

/// See the module.
#[derive(Debug)]
pub(crate) struct Find {
    /// What is typed.
    pub(crate) words: TextArea<'static>,
    /// What was found.
    pub(crate) hits: Vec<Hit>,
    /// Which has the keyboard.
    pub(crate) at: usize,
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub(crate) enum Hit {
    /// A chat.
    Chat(ChatId, String),
    /// A message of a chat.
    Message(ChatId, MessageRef, String),
}

impl Hit {
    /// As one line.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Chat(_, label) | Self::Message(_, _, label) => label,
        }
    }
}

/// Opens it, with all chats.
pub(crate) fn begin(model: &mut Model) {
    let mut words = writing();
    words.set_wrap_mode(WrapMode::None);
    model.dialog = Some(Dialog::Find(Box::new(Find { words, hits: chats(model, ""), at: 0 })));
}

/// Handles one key.
pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    let Some(Dialog::Find(find)) = &mut model.dialog else { return Vec::new() };
    let last = find.hits.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc => model.dialog = None,
        KeyCode::Up => find.at = find.at.saturating_sub(1),
        KeyCode::Down => find.at = (find.at + 1).min(last),
        KeyCode::PageUp => find.at = find.at.saturating_sub(10),
        KeyCode::PageDown => find.at = (find.at + 10).min(last),
        KeyCode::Enter => return open(model),
        _ => {
            if find.words.input_without_shortcuts(key) {
                return again(model);
            }
        }
    }
    Vec::new()
}

/// Takes in pasted text.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Wish> {
    let Some(Dialog::Find(find)) = &mut model.dialog else { return Vec::new() };
    find.words.insert_str(harmless::line(text));
    again(model)
}

/// What is typed has changed.
fn again(model: &mut Model) -> Vec<Wish> {
    let Some(Dialog::Find(find)) = &model.dialog else { return Vec::new() };
    let words = find.words.lines().join(" ");
    let hits = chats(model, &words);
    if let Some(Dialog::Find(find)) = &mut model.dialog {
        (find.hits, find.at) = (hits, 0);
    }
    // One letter is in nearly every message.
    if words.trim().chars().count() < 2 { Vec::new() } else { vec![Wish::Search(words)] }
}

/// Opens what was chosen.
pub(super) fn open(model: &mut Model) -> Vec<Wish> {
    let Some(Dialog::Find(find)) = &model.dialog else { return Vec::new() };
    let Some(hit) = find.hits.get(find.at).cloned() else { return Vec::new() };
    model.dialog = None;
    match hit {
        Hit::Chat(chat, _) => {
            let wishes = model.open(chat, Focus::Compose);
            press::enter(model, Focus::Compose);
            wishes
        }
        Hit::Message(chat, message, _) => model.open_at(chat, message),
    }
}

/// Takes in the messages that were found, where they are still asked for.
pub(crate) fn found(model: &mut Model, words: &str, messages: &[MessageView]) {
    let Some(Dialog::Find(find)) = &model.dialog else { return };
    if find.words.lines().join(" ") != words {
        return;
    }
    let mut hits = chats(model, words);
    hits.extend(messages.iter().map(|message| hit(model, message)));
    if let Some(Dialog::Find(find)) = &mut model.dialog {
        find.at = find.at.min(hits.len().saturating_sub(1));
        find.hits = hits;
    }
}

fn chats(model: &Model, words: &str) -> Vec<Hit> {
    let words = words.trim().to_lowercase();
    let fits = |title: &str| title.to_lowercase().contains(words.trim_start_matches(['#', '@']));
    let chats = model.seen.chats.iter().filter(|chat| fits(&chat.title));
    chats.map(|chat| Hit::Chat(chat.chat, title(&chat.title, chat.direct))).collect()
}

fn title(title: &str, is_direct: bool) -> String {
    let title = harmless::line(title);
    if is_direct { title } else { format!("#{title}") }
}

fn hit(model: &Model, message: &MessageView) -> Hit {
    let chat = model.summary(message.chat);
    let place = chat.map_or_else(String::new, |chat| title(&chat.title, chat.direct));
    let who = if message.own { "you".to_owned() } else { harmless::line(&message.sender_name) };
    let said = match &message.line {
        Line::Text(text) => harmless::line(text),
        _ => String::new(),
    };
    let at = crate::clock::local(message.at, model.zone).date();
    Hit::Message(message.chat, message.message, format!("{place} · {who}, {}/{}: {said}", at.day(), u8::from(at.month())))
}
