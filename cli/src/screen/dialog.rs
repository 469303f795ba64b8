//! What stands before everything else until it is answered.
//!
//! Opened by `press` and `happen`; drawn by `draw`. A form asks for words, a
//! menu for a choice, a question for yes or no.

use ratatui_textarea::TextArea;
use waxseal_core::Command;
use waxseal_core::view::{ChatId, DeviceView, MessageRef, SafetyNumber};
use waxseal_wire::id::AccountId;

use super::model::writing;

/// See the module.
#[derive(Debug)]
pub(crate) enum Dialog {
    /// Keys and marks.
    Help {
        /// Rows scrolled down.
        scroll: u16,
    },
    /// Asks for words.
    Form(Form),
    /// Asks for a choice.
    Menu(Menu),
    /// Asks for yes or no: something that cannot be taken back.
    Question {
        /// What would happen.
        text: String,
        /// What happens on yes.
        yes: Act,
    },
    /// Digits to compare.
    Verify {
        /// With whom.
        account: AccountId,
        /// What they are called.
        name: String,
        /// The digits, once read.
        number: Option<SafetyNumber>,
    },
    /// Something to read or copy.
    Paper {
        /// What it is.
        title: String,
        /// What it says.
        text: String,
    },
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
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
    /// It was handed in and is being worked on.
    pub(crate) is_busy: bool,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Field {
    /// What is asked.
    pub(crate) label: &'static str,
    /// How to fill it in.
    pub(crate) hint: &'static str,
    /// What was written.
    pub(crate) value: TextArea<'static>,
}

impl Field {
    fn new(label: &'static str, hint: &'static str, value: &str) -> Self {
        let mut area = writing();
        area.set_wrap_mode(ratatui_textarea::WrapMode::None);
        area.insert_str(value);
        Self { label, hint, value: area }
    }

    /// What was written.
    pub(crate) fn text(&self) -> String {
        self.value.lines().join(" ").trim().to_owned()
    }
}

impl Form {
    /// An empty one.
    pub(crate) fn new(purpose: Purpose) -> Self {
        let fields = match purpose {
            Purpose::Register => vec![
                Field::new("Name", "2 to 32 lower-case letters or digits", ""),
                Field::new("Device", "what you call this one", "terminal"),
                Field::new("Invitation", "leave empty where the server is open", ""),
            ],
            Purpose::Join => vec![
                Field::new("Code", "on your other device: waxseal link", ""),
                Field::new("Device", "what you call this one", "terminal"),
            ],
            Purpose::NewChat => vec![Field::new("Name", "whom to write to", "")],
            Purpose::NewGroup => vec![
                Field::new("Title", "members see it, the server does not", ""),
                Field::new("Members", "names, with spaces between", ""),
            ],
            Purpose::Add(_) => vec![Field::new("Members", "names, with spaces between", "")],
            Purpose::Rename(_) => vec![Field::new("Title", "members see it, the server does not", "")],
            Purpose::React(..) => vec![Field::new("Emoji", "one; empty takes yours back", "👍")],
        };
        Self { purpose, fields, at: 0, wrong: None, is_busy: false }
    }

    /// What was written in one of the fields.
    pub(crate) fn text(&self, field: usize) -> String {
        self.fields.get(field).map(Field::text).unwrap_or_default()
    }

    /// What it is called.
    pub(crate) fn title(&self) -> &'static str {
        match self.purpose {
            Purpose::Register => "Welcome to Waxseal",
            Purpose::Join => "Join your account",
            Purpose::NewChat => "New conversation",
            Purpose::NewGroup => "New group",
            Purpose::Add(_) => "Add members",
            Purpose::Rename(_) => "Rename the group",
            Purpose::React(..) => "React",
        }
    }

    /// Whether it must be answered before anything else can be done.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self.purpose, Purpose::Register | Purpose::Join)
    }
}

/// A list of things that can be done.
#[derive(Debug)]
pub(crate) struct Menu {
    /// About what.
    pub(crate) title: String,
    /// What can be done.
    pub(crate) items: Vec<Item>,
    /// Which has the keyboard.
    pub(crate) at: usize,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Item {
    /// Does it at once.
    pub(crate) key: char,
    /// What it is.
    pub(crate) label: String,
    /// What happens.
    pub(crate) act: Act,
}

impl Menu {
    /// An empty one.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), items: Vec::new(), at: 0 }
    }

    /// With one thing more.
    pub(crate) fn item(mut self, key: char, label: impl Into<String>, act: Act) -> Self {
        self.items.push(Item { key, label: label.into(), act });
        self
    }

    /// With one thing more, where it makes sense.
    pub(crate) fn item_if(self, makes_sense: bool, key: char, label: impl Into<String>, act: impl FnOnce() -> Act) -> Self {
        if makes_sense { self.item(key, label, act()) } else { self }
    }
}

/// What a choice brings about.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Hand to the client.
    Command(Command),
    /// Ask first.
    Ask {
        /// What would happen.
        text: String,
        /// What happens on yes.
        yes: Box<Act>,
    },
    /// Ask for words.
    Form(Purpose),
    /// Show a safety number.
    Verify(AccountId, String),
    /// Answer a message.
    Reply(MessageRef),
    /// Change an own message.
    Edit(MessageRef),
    /// Show or hide the members.
    Members,
    /// Write to this person.
    Write(String),
    /// Show own devices.
    Devices,
    /// Show settings.
    Settings,
    /// Keys and marks.
    Help,
    /// Leave the program.
    Quit,
}

impl Dialog {
    /// What a first run shows.
    pub(crate) fn welcome() -> Self {
        Self::Form(Form::new(Purpose::Register))
    }

    /// Asks before something that cannot be taken back.
    pub(crate) fn ask(text: impl Into<String>, yes: Act) -> Self {
        Self::Question { text: text.into(), yes }
    }

    /// Own devices, to remove one.
    pub(crate) fn devices(devices: &[DeviceView]) -> Self {
        let mut menu = Menu::new("Your devices");
        for (device, key) in devices.iter().zip('1'..='9') {
            let name = device.name.as_deref().map_or_else(|| "(name not told)".into(), crate::harmless::line);
            let act = if device.this {
                Act::Devices
            } else {
                Act::Ask {
                    text: format!("Remove the device “{name}”? It will read nothing that is said from then on."),
                    yes: Box::new(Act::Command(Command::RemoveDevice(device.device))),
                }
            };
            let what = if device.this { "this device" } else { "Enter removes it" };
            menu = menu.item(key, format!("{name} ({what})"), act);
        }
        Self::Menu(menu.item('a', "Add a device: show a code for it", Act::Command(Command::OfferLink)))
    }
}
