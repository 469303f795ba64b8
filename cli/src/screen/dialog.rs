//! What stands before everything else until it is answered.
//!
//! Opened by `press` and `happen`; drawn by `draw`. A form asks for words, a
//! menu for a choice, a question for yes or no.

use waxseal_core::Command;
use waxseal_core::view::{DeviceView, MessageRef, SafetyNumber};
use waxseal_wire::id::AccountId;

use super::find::Find;
use super::form::{Form, Purpose};

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
    /// Looks for chats and messages.
    Find(Box<Find>),
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
    /// Show the message that another one answers.
    GoTo(MessageRef),
    /// Show or hide the members.
    Members,
    /// Write to this person.
    Write(String),
    /// Show own devices.
    Devices,
    /// Show who is blocked.
    Blocked,
    /// Show settings.
    Settings,
    /// Look for chats and messages.
    Find,
    /// Keys and marks.
    Help,
    /// Leave the program.
    Quit,
}

impl Dialog {
    /// What a first run shows: two ways to begin. A device that waits to be added to an account goes on waiting.
    pub(crate) fn welcome(server: &str, is_linking: bool) -> Self {
        if !is_linking {
            return Self::Form(Form::beginning(Purpose::Register, server));
        }
        let mut form = Form::beginning(Purpose::Join, server);
        form.busy = Some("Waiting for the other device …");
        Self::Form(form)
    }

    /// Asks before something that cannot be taken back.
    pub(crate) fn ask(text: impl Into<String>, yes: Act) -> Self {
        Self::Question { text: text.into(), yes }
    }

    /// Who is blocked, to take it back.
    pub(crate) fn blocked(blocked: &[(AccountId, String)]) -> Self {
        if blocked.is_empty() {
            return Self::Paper { title: "Blocked people".into(), text: "You have blocked nobody.".into() };
        }
        let mut menu = Menu::new("Blocked people");
        for ((account, name), key) in blocked.iter().zip(('1'..='9').chain('a'..='z').cycle()) {
            let yes = Box::new(Act::Command(Command::Unblock(*account)));
            let text = format!("Take messages and requests of {name} again?");
            menu = menu.item(key, format!("{name} (Enter takes it back)"), Act::Ask { text, yes });
        }
        Self::Menu(menu)
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
