//! What a choice brings about.
//!
//! Called by `press`, `form` and `pointer`.

use waxseal_core::Command;
use waxseal_wire::name::AccountName;

use super::dialog::{Act, Dialog, Menu};
use super::form::Purpose;
use super::model::{Focus, Model, Wish};
use super::{ahead, find, press};

/// Does what was chosen.
pub(crate) fn act(model: &mut Model, act: Act) -> Vec<Wish> {
    match act {
        Act::Command(command) => return vec![Wish::Command(command)],
        Act::Ask { text, yes } => model.dialog = Some(Dialog::ask(text, *yes)),
        Act::Form(purpose) => press::ask(model, purpose),
        Act::Verify(account, name) => {
            model.dialog = Some(Dialog::Verify { account, name, number: None });
            return vec![Wish::Safety(account)];
        }
        Act::Reply(message) => {
            model.stop_editing();
            press::enter(model, Focus::Compose);
            if let Some(open) = &mut model.open {
                open.replying = Some(message);
            }
        }
        Act::Edit(message) => press::edit(model, message),
        Act::GoTo(message) => {
            if let Some(chat) = model.open.as_ref().map(|open| open.chat) {
                return model.open_at(chat, message);
            }
        }
        Act::Members => {
            if model.open.is_some() {
                model.show_members = !model.show_members;
                let focus = if model.show_members { Focus::Members } else { Focus::Compose };
                press::enter(model, focus);
            }
        }
        Act::Write(name) => {
            return match AccountName::parse(&name) {
                Ok(name) => {
                    let command = Command::OpenDirect(name);
                    ahead::begin(model, &command);
                    vec![Wish::Command(command)]
                }
                Err(why) => {
                    model.say(why.to_string(), true);
                    Vec::new()
                }
            };
        }
        Act::Devices => return vec![Wish::Devices],
        Act::Blocked => return vec![Wish::Blocked],
        Act::Settings => return vec![Wish::Settings],
        Act::Find => find::begin(model),
        Act::Help => model.dialog = Some(Dialog::Help { scroll: 0 }),
        Act::Quit => return vec![Wish::Quit],
    }
    Vec::new()
}

/// Does the thing of a menu that a letter stands for.
pub(crate) fn chosen(model: &mut Model, menu: Menu, key: char) -> Vec<Wish> {
    match menu.items.into_iter().find(|item| item.key == key) {
        Some(item) => act(model, item.act),
        None => Vec::new(),
    }
}

/// Ends; says first what has not left yet. What is written and not sent is kept.
pub(crate) fn quit(model: &mut Model) -> Vec<Wish> {
    let waiting = model.seen.connection.waiting;
    let is_asked = matches!(&model.dialog, Some(Dialog::Question { yes: Act::Quit, .. }));
    if waiting > 0 && !is_asked {
        let things = if waiting == 1 { "One thing waits".to_owned() } else { format!("{waiting} things wait") };
        let text = format!("{things} for the server. Quit now? They stay on this device, and go the next time Waxseal is open.");
        model.dialog = Some(Dialog::ask(text, Act::Quit));
        return Vec::new();
    }
    vec![Wish::Quit]
}

/// Names as a person writes them in one line.
pub(crate) fn names(text: &str) -> Result<Vec<AccountName>, String> {
    text.split([' ', ',', ';'])
        .filter(|name| !name.is_empty())
        .map(|name| AccountName::parse(name.trim_start_matches('@')).map_err(|why| format!("{name}: {why}")))
        .collect()
}

/// What a form asks the client for.
pub(crate) fn command(purpose: Purpose, text: impl Fn(usize) -> String) -> Result<Command, String> {
    let name = |text: String| AccountName::parse(text.trim_start_matches('@')).map_err(|why| why.to_string());
    let some = |text: String, what: &str| if text.is_empty() { Err(format!("{what} is empty")) } else { Ok(text) };
    Ok(match purpose {
        Purpose::Register => {
            Command::Register { name: name(text(1))?, device_name: some(text(2), "the device's name")?, invite: text(3) }
        }
        Purpose::Join => Command::AcceptLink { code: some(text(1), "the code")?, device_name: some(text(2), "the device's name")? },
        Purpose::NewChat => Command::OpenDirect(name(text(0))?),
        Purpose::NewGroup => Command::CreateGroup { title: some(text(0), "the title")?, members: names(&text(1))? },
        Purpose::Add(chat) => match names(&text(0))? {
            members if members.is_empty() => return Err("write at least one name".into()),
            members => Command::AddMembers(chat, members),
        },
        Purpose::Rename(chat) => Command::Rename(chat, some(text(0), "the title")?),
        Purpose::DisplayName => Command::SetDisplayName(text(0)),
        Purpose::React(chat, message) => Command::React { chat, message, emoji: text(0) },
        // These open a profile; no client is there yet.
        Purpose::Unlock | Purpose::Guard => return Err("the profile is not open yet".into()),
    })
}
