//! Typing ahead: keys pressed while a chat that a person asked for is on its way.
//!
//! Called by `press`, `happen`, the model and the loop. Such keys are words for
//! that chat; taken as keys of what happens to be on the screen they would
//! choose, block, or write to somebody else. A chat that others open never
//! takes the keyboard.

use crossterm::event::{KeyCode, KeyEvent};
use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState, ChatSummary};
use waxseal_wire::id::Millis;

use super::model::{Focus, Model, Wish};
use super::press;

/// Keys that are kept; what is typed beyond them is not heard.
const MOST: usize = 1024;
/// So long they wait, in milliseconds.
const PATIENCE: u64 = 10_000;

/// Keys that wait for a chat.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// With whom; nobody in particular where it is a new group.
    with: Option<String>,
    typed: Vec<Typed>,
    until: Millis,
}

#[derive(Debug)]
enum Typed {
    Key(KeyEvent),
    Paste(String),
}

impl Ahead {
    /// Whether this is the chat with the person who was asked for.
    pub(super) fn is_for(&self, chat: &ChatSummary) -> bool {
        chat.direct && chat.state != ChatState::Left && self.with.as_deref() == Some(&chat.title)
    }
}

/// A command goes to the client: where it asks for a chat, keys wait for that from now on.
pub(super) fn begin(model: &mut Model, command: &Command) {
    let with = match command {
        Command::OpenDirect(name) => Some(name.as_str().to_owned()),
        Command::CreateGroup { .. } => None,
        _ => return,
    };
    if let Some(name) = &with {
        model.say(format!("Looking for {name} …"), false);
    }
    model.ahead = Some(Ahead { with, typed: Vec::new(), until: Millis(model.now.0.saturating_add(PATIENCE)) });
}

/// Keeps a key for the chat that is waited for. Esc ends the waiting.
pub(super) fn keep(model: &mut Model, key: KeyEvent) {
    if key.code == KeyCode::Esc {
        model.ahead = None;
    }
    typed(model, Typed::Key(key));
}

/// Keeps pasted text for it.
pub(super) fn keep_paste(model: &mut Model, text: &str) {
    typed(model, Typed::Paste(text.to_owned()));
}

fn typed(model: &mut Model, typed: Typed) {
    if let Some(ahead) = model.ahead.as_mut().filter(|ahead| ahead.typed.len() < MOST) {
        ahead.typed.push(typed);
    }
}

/// The chat has come: it is opened, and hears what was typed.
pub(super) fn opened(model: &mut Model, chat: ChatId) -> Vec<Wish> {
    let Some(ahead) = model.ahead.take() else { return Vec::new() };
    model.remark = None;
    let mut wishes = model.open(chat, Focus::Compose);
    press::enter(model, Focus::Compose);
    for typed in ahead.typed {
        wishes.extend(match typed {
            Typed::Key(key) => press::press(model, key),
            Typed::Paste(text) => press::paste(model, &text),
        });
    }
    wishes
}

/// The chat does not come, or takes too long: what was typed for it is for nobody else.
pub(super) fn give_up(model: &mut Model, is_certain: bool) {
    let now = model.now;
    model.ahead = model.ahead.take().filter(|ahead| !is_certain && now < ahead.until);
}
