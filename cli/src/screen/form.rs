//! Forms: words to fill in.
//!
//! Opened by `press`, `act` and `entrance`; filled in by `answer`; drawn by `draw`.

use core::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::TextArea;
use waxseal_core::view::{ChatId, MessageRef};
use zeroize::Zeroizing;

use super::drafts::writing;

/// Room for a passphrase; more would be copied on its way.
const LONGEST: usize = 1024;

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Open the profile.
    Unlock,
    /// Choose what opens it from now on.
    Guard,
    /// Make an account.
    Register,
    /// Join an account with a code.
    Join,
    /// Write to somebody.
    NewChat,
    /// Start a group.
    NewGroup,
    /// Add people to a group.
    Add(ChatId),
    /// Change the title.
    Rename(ChatId),
    /// Choose what to be called.
    DisplayName,
    /// React to a message.
    React(ChatId, MessageRef),
}

/// Some words to fill in.
#[derive(Debug)]
pub(crate) struct Form {
    /// What for.
    pub(crate) purpose: Purpose,
    /// What is asked, and what was written.
    pub(crate) fields: Vec<Field>,
    /// Which field has the keyboard.
    pub(crate) at: usize,
    /// What is wrong with it.
    pub(crate) wrong: Option<String>,
    /// What was handed in and is being worked on.
    pub(crate) busy: Option<&'static str>,
    /// Something was said that must be confirmed by handing in again.
    pub(crate) is_warned: bool,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Field {
    /// What is asked.
    pub(crate) label: &'static str,
    /// How to fill it in.
    pub(crate) hint: &'static str,
    /// It may stay empty.
    pub(crate) is_optional: bool,
    /// What was written.
    pub(crate) value: Value,
}

/// What was written into a field.
#[derive(Debug)]
pub(crate) enum Value {
    /// To be seen.
    Open(Box<TextArea<'static>>),
    /// To be hidden.
    Hidden(Hidden),
}

/// Words that are not shown, and not kept longer than the form.
pub(crate) struct Hidden(Zeroizing<String>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Hidden {
    fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(LONGEST)))
    }

    /// How many letters were typed.
    pub(crate) fn letters(&self) -> usize {
        self.0.chars().count()
    }

    fn put(&mut self, c: char) {
        if self.0.len() + c.len_utf8() <= LONGEST {
            self.0.push(c);
        }
    }
}

impl Field {
    fn new(label: &'static str, hint: &'static str, value: &str) -> Self {
        let mut area = writing();
        area.set_wrap_mode(ratatui_textarea::WrapMode::None);
        area.insert_str(value);
        Self { label, hint, is_optional: false, value: Value::Open(Box::new(area)) }
    }

    fn hidden(label: &'static str, hint: &'static str) -> Self {
        Self { label, hint, is_optional: false, value: Value::Hidden(Hidden::new()) }
    }

    fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// What was written; nothing for hidden words.
    pub(crate) fn text(&self) -> String {
        match &self.value {
            Value::Open(area) => area.lines().join(" ").trim().to_owned(),
            Value::Hidden(_) => String::new(),
        }
    }

    /// Whether nothing was written.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Open(_) => self.text().is_empty(),
            Value::Hidden(hidden) => hidden.0.is_empty(),
        }
    }

    /// Takes in one key.
    pub(crate) fn take(&mut self, key: KeyEvent) {
        match (&mut self.value, key.code) {
            (Value::Open(area), _) => {
                area.input_without_shortcuts(key);
            }
            (Value::Hidden(hidden), KeyCode::Char('u')) if key.modifiers.contains(KeyModifiers::CONTROL) => hidden.0.clear(),
            (Value::Hidden(_), KeyCode::Char(_)) if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {}
            (Value::Hidden(hidden), KeyCode::Char(c)) => hidden.put(c),
            (Value::Hidden(hidden), KeyCode::Backspace) => {
                hidden.0.pop();
            }
            (Value::Hidden(_), _) => {}
        }
    }

    /// Takes in pasted text, as one line.
    pub(crate) fn paste(&mut self, text: &str) {
        match &mut self.value {
            Value::Open(area) => {
                area.insert_str(crate::harmless::text(text).replace('\n', " ").trim());
            }
            // Exactly as it is, but for the line's end that came with it.
            Value::Hidden(hidden) => text.trim_end_matches(['\r', '\n']).chars().for_each(|c| hidden.put(c)),
        }
    }
}

impl Form {
    /// An empty one.
    pub(crate) fn new(purpose: Purpose) -> Self {
        let fields = match purpose {
            Purpose::Unlock => vec![Field::hidden("Passphrase", "of this profile")],
            Purpose::Guard => vec![
                Field::hidden("Passphrase", "some words that nobody guesses; empty for none").optional(),
                Field::hidden("Again", "the same").optional(),
            ],
            Purpose::Register => vec![
                Field::new("Server", "as whoever runs it told you", ""),
                Field::new("Name", "2 to 32 lower-case letters or digits", ""),
                Field::new("Device", "what you call this one", "terminal"),
                Field::new("Invitation", "leave empty where the server is open", "").optional(),
            ],
            Purpose::Join => vec![
                Field::new("Server", "the same as on your other device", ""),
                Field::new("Code", "on your other device: waxseal link", ""),
                Field::new("Device", "what you call this one", "terminal"),
            ],
            Purpose::NewChat => vec![Field::new("Name", "whom to write to", "")],
            Purpose::NewGroup => vec![
                Field::new("Title", "members see it, the server does not", ""),
                Field::new("Members", "names, with spaces between", "").optional(),
            ],
            Purpose::Add(_) => vec![Field::new("Members", "names, with spaces between", "")],
            Purpose::Rename(_) => vec![Field::new("Title", "members see it, the server does not", "")],
            Purpose::DisplayName => vec![Field::new("Name", "one line; empty for none", "").optional()],
            Purpose::React(..) => vec![Field::new("Emoji", "one; empty takes yours back", "👍").optional()],
        };
        Self { purpose, fields, at: 0, wrong: None, busy: None, is_warned: false }
    }

    /// One for beginning: with the server that is tried already, and the keyboard where something is missing.
    pub(crate) fn beginning(purpose: Purpose, server: &str) -> Self {
        let mut form = Self::new(purpose);
        if let Some(field) = form.fields.first_mut() {
            field.paste(server);
        }
        form.at = 1;
        form
    }

    /// What was written in one of the fields.
    pub(crate) fn text(&self, field: usize) -> String {
        self.fields.get(field).map(Field::text).unwrap_or_default()
    }

    /// The hidden words of one of the fields.
    pub(crate) fn hidden(&self, field: usize) -> Zeroizing<String> {
        match self.fields.get(field).map(|field| &field.value) {
            Some(Value::Hidden(hidden)) => hidden.0.clone(),
            _ => Zeroizing::default(),
        }
    }

    /// What it is called.
    pub(crate) fn title(&self) -> &'static str {
        match self.purpose {
            Purpose::Unlock => "Waxseal is locked",
            Purpose::Guard => "Welcome to Waxseal",
            Purpose::Register => "Welcome to Waxseal: your account",
            Purpose::Join => "Join your account",
            Purpose::NewChat => "New conversation",
            Purpose::NewGroup => "New group",
            Purpose::Add(_) => "Add members",
            Purpose::Rename(_) => "Rename the group",
            Purpose::DisplayName => "Your display name",
            Purpose::React(..) => "React",
        }
    }

    /// Whether it must be answered before anything else can be done.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self.purpose, Purpose::Unlock | Purpose::Guard) || self.is_beginning()
    }

    /// Whether it is one of the two ways to begin.
    pub(crate) fn is_beginning(&self) -> bool {
        matches!(self.purpose, Purpose::Register | Purpose::Join)
    }

    /// Says that the server of a beginning is not reached, with the keyboard there: the usual one may be the wrong one.
    pub(crate) fn refuse_server(&mut self, wrong: impl Into<String>) {
        self.refuse(wrong);
        self.at = 0;
    }

    /// Says what is wrong, and lets it be mended.
    pub(crate) fn refuse(&mut self, wrong: impl Into<String>) {
        self.busy = None;
        self.wrong = Some(wrong.into());
    }
}
