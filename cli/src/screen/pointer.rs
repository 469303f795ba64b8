//! What the mouse does: choose, open, scroll. Everything it does a key does too.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::dialog::Dialog;
use super::model::{Focus, Model, Wish};
use super::{form, menus, press};

/// Rows a turn of the wheel goes.
const WHEEL: usize = 3;

/// Handles one movement of the mouse.
pub(crate) fn point(model: &mut Model, mouse: MouseEvent) -> Vec<Wish> {
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(model, at, true),
        MouseEventKind::ScrollDown => wheel(model, at, false),
        MouseEventKind::Down(MouseButton::Left) => click(model, at),
        _ => Vec::new(),
    }
}

fn wheel(model: &mut Model, at: Position, up: bool) -> Vec<Wish> {
    if let Some(dialog) = &mut model.dialog {
        if let Dialog::Help { scroll } = dialog {
            *scroll = if up { scroll.saturating_sub(1) } else { scroll.saturating_add(1) };
        }
        return Vec::new();
    }
    match &model.places.messages {
        Some((area, _)) if area.contains(at) => press::scroll(model, up, WHEEL),
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, at: Position) -> Vec<Wish> {
    if let Some(dialog) = &mut model.dialog {
        if let (Dialog::Menu(menu), Some(row)) = (dialog, row(model.places.menu, at))
            && row < menu.items.len()
        {
            menu.at = row;
            return form::choose(model, None);
        }
        return Vec::new();
    }
    if let Some((area, first)) = model.places.chats
        && let Some(row) = row(Some(area), at)
    {
        // A chat takes two rows.
        let chat = model.seen.chats.get(first + row / 2).map(|chat| chat.chat);
        return match chat {
            Some(chat) => {
                let wishes = model.open(chat, Focus::Compose);
                press::enter(model, Focus::Compose);
                wishes
            }
            None => Vec::new(),
        };
    }
    if let Some((area, rows)) = &model.places.messages
        && let Some(row) = row(Some(*area), at)
    {
        let message = rows.get(row).copied().flatten();
        let again = message.is_some() && model.open.as_ref().is_some_and(|open| open.selected == message);
        model.focus = Focus::Messages;
        if let Some(open) = &mut model.open {
            open.selected = message.or(open.selected);
        }
        if again {
            model.dialog = menus::message(model);
        }
        return Vec::new();
    }
    if model.places.compose.is_some_and(|area| area.contains(at)) {
        press::enter(model, Focus::Compose);
    } else if let Some(row) = row(model.places.members, at) {
        let count = model.members().len();
        model.focus = Focus::Members;
        if let Some(open) = model.open.as_mut().filter(|_| row < count) {
            let again = open.member == row;
            open.member = row;
            if again {
                model.dialog = menus::member(model);
            }
        }
    }
    Vec::new()
}

fn row(area: Option<Rect>, at: Position) -> Option<usize> {
    let area = area?;
    area.contains(at).then(|| usize::from(at.y - area.y))
}
