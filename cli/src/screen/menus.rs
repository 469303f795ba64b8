//! What can be done with a message, a member, a chat, and in general.
//!
//! Called by `press` and `pointer`. A letter of a menu also works without
//! opening it, where what it is about has the keyboard.

use waxseal_core::Command;
use waxseal_core::input::Setting;
use waxseal_core::view::{ChatState, Line, MessageState};

use super::dialog::{Act, Dialog, Menu};
use super::form::Purpose;
use super::model::Model;
use crate::harmless;

fn ask(text: impl Into<String>, command: Command) -> Act {
    Act::Ask { text: text.into(), yes: Box::new(Act::Command(command)) }
}

/// What blocking means.
pub(super) fn block(name: &str) -> String {
    format!("Block {name}? They are not told. It can be taken back: F10, blocked people.")
}

/// About the chosen message.
pub(super) fn message(model: &Model) -> Option<Dialog> {
    let view = model.selected()?;
    let (chat, message) = (view.chat, view.message);
    let is_text = matches!(view.line, Line::Text(_));
    let waits = matches!(view.state, MessageState::Pending | MessageState::Failed);
    let failed = view.state == MessageState::Failed;
    let menu = Menu::new("This message")
        .item_if(is_text && !waits, 'r', "Reply", || Act::Reply(message))
        .item_if(is_text && !waits, '+', "React", || Act::Form(Purpose::React(chat, message)))
        .item_if(view.own && is_text && !waits, 'e', "Edit", || Act::Edit(message))
        .item_if(view.reply_to.is_some(), 'g', "Go to the message it answers", || view.reply_to.map_or(Act::Members, Act::GoTo))
        .item_if(view.own && is_text && !waits, 'd', "Delete for everybody", || {
            let text = "Delete this message for everybody? It cannot be brought back. Who has read it has read it.";
            ask(text, Command::Delete { chat, message })
        })
        .item_if(failed, 't', "Try again", || Act::Command(Command::Retry(message)))
        .item_if(view.own && waits, 'x', "Throw away", || ask("Throw this message away unsent?", Command::Discard(message)));
    (!menu.items.is_empty()).then_some(Dialog::Menu(menu))
}

/// About the chosen member.
pub(super) fn member(model: &Model) -> Option<Dialog> {
    let chat = model.open_chat()?;
    let member = model.member()?;
    let (id, account, admin) = (chat.chat, member.account, member.admin);
    let name = harmless::line(&member.name);
    let others = !member.own;
    let mine = model.is_admin() && !chat.direct;
    let role = if admin { "Take the admin role away" } else { "Make an admin" };
    let menu = Menu::new(&name)
        .item_if(others && !chat.direct, 'w', "Write to them alone", || Act::Write(member.name.clone()))
        .item_if(others, 'v', "Verify the safety number", || Act::Verify(account, name.clone()))
        .item_if(mine, 'a', "Add people to the group", || Act::Form(Purpose::Add(id)))
        .item_if(mine && others, 'm', role, || {
            if admin {
                ask(format!("Take the admin role from {name}?"), Command::SetAdmin(id, account, false))
            } else {
                ask(format!("Make {name} an admin? Admins add, remove and rename."), Command::SetAdmin(id, account, true))
            }
        })
        .item_if(mine && others, 'r', "Remove from the group", || {
            let text =
                format!("Remove {name} from the group? What is said from then on is sealed from them. They can be added again.");
            ask(text, Command::RemoveMember(id, account))
        })
        .item_if(others, 'b', "Block", || ask(block(&name), Command::Block(account)));
    (!menu.items.is_empty()).then_some(Dialog::Menu(menu))
}

/// About the chosen chat.
pub(super) fn chat(model: &Model) -> Option<Dialog> {
    let chat = model.summary(model.chosen?)?;
    let id = chat.chat;
    let title = harmless::line(&chat.title);
    let open = model.open_chat().is_some_and(|open| open.chat == id);
    let active = !matches!(chat.state, ChatState::Left | ChatState::Leaving | ChatState::Requested);
    let group = !chat.direct && active;
    let menu = Menu::new(&title)
        .item_if(open, 'm', "Show or hide members (F2)", || Act::Members)
        .item_if(chat.peer.is_some(), 'v', "Verify the safety number", || {
            chat.peer.map_or(Act::Members, |peer| Act::Verify(peer, title.clone()))
        })
        .item_if(!chat.held.is_empty(), 'g', "What changed in these people is right: let my words go", || {
            let who = chat.held.first().copied();
            let name = who.and_then(|who| model.members().iter().find(|member| member.account == who));
            let name = name.map_or_else(|| title.clone(), |member| harmless::line(&member.name));
            let text = format!("Is {name}'s new device right? Ask them by another way. Your words go to it from then on.");
            who.map_or(Act::Members, |who| ask(text, Command::GoOn(who)))
        })
        .item_if(group && open && model.is_admin(), 'a', "Add people", || Act::Form(Purpose::Add(id)))
        .item_if(group && open && model.is_admin(), 't', "Rename", || Act::Form(Purpose::Rename(id)))
        .item_if(active, 'k', "Make new keys now", || Act::Command(Command::Refresh(id)))
        .item_if(group, 'l', "Leave the group", || {
            ask(format!("Leave {title}? There is no way back but being added again."), Command::Leave(id))
        })
        .item_if(chat.peer.is_some(), 'b', "Block", || {
            chat.peer.map_or(Act::Members, |peer| ask(block(&title), Command::Block(peer)))
        })
        .item_if(chat.direct || chat.state == ChatState::Left, 'f', "Delete from this device", || {
            ask(format!("Delete the conversation {title} from this device? It cannot be brought back."), Command::Forget(id))
        });
    Some(Dialog::Menu(menu))
}

/// In general.
pub(super) fn main(model: &Model) -> Dialog {
    let has_chat = model.chosen.is_some();
    let menu = Menu::new("Waxseal")
        .item('n', "New conversation", Act::Form(Purpose::NewChat))
        .item('g', "New group", Act::Form(Purpose::NewGroup))
        .item_if(has_chat, 'm', "Members of this chat (F2)", || Act::Members)
        .item('f', "Find a chat or a message (Ctrl+F)", Act::Find)
        .item('p', "Your display name", Act::Form(Purpose::DisplayName))
        .item('d', "Your devices", Act::Devices)
        .item('b', "Blocked people", Act::Blocked)
        .item('s', "Settings", Act::Settings)
        .item('?', "Help (F1)", Act::Help)
        .item('q', "Quit (Ctrl+Q)", Act::Quit);
    Dialog::Menu(menu)
}

/// What can be switched.
pub(super) fn settings(delivered: bool, read: bool, require: bool) -> Dialog {
    let word = |on| if on { "on" } else { "off" };
    let switch = |setting| Act::Command(Command::Set(setting));
    let menu = Menu::new("Settings")
        .item(
            'd',
            format!("Tell others that a message reached this device: {}", word(delivered)),
            switch(Setting::DeliveredReceipts(!delivered)),
        )
        .item('r', format!("Tell others that a message was read: {}", word(read)), switch(Setting::ReadReceipts(!read)))
        .item(
            'v',
            format!("Let words wait when somebody has a new device, until you have looked: {}", word(require)),
            switch(Setting::RequireVerification(!require)),
        );
    Dialog::Menu(menu)
}
