//! What the mouse does: choose, open, scroll. Everything it does a key does too.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::dialog::Dialog;
use super::model::{Focus, Model, Wish};
use super::{answer, find, menus, press};

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
    let step = |from: usize, last: usize| if up { from.saturating_sub(1) } else { (from + 1).min(last) };
    match &mut model.dialog {
        Some(Dialog::Help { scroll }) => *scroll = if up { scroll.saturating_sub(1) } else { scroll.saturating_add(1) },
        Some(Dialog::Menu(menu)) => menu.at = step(menu.at, menu.items.len().saturating_sub(1)),
        Some(Dialog::Find(find)) => find.at = step(find.at, find.hits.len().saturating_sub(1)),
        Some(_) => {}
        None => return wheel_on_chats(model, at, up),
    }
    Vec::new()
}

fn wheel_on_chats(model: &mut Model, at: Position, up: bool) -> Vec<Wish> {
    match (&model.places.messages, model.places.chats) {
        (Some((area, _)), _) if area.contains(at) => return press::scroll(model, up, WHEEL),
        // The list moves; which chat is open does not.
        (_, Some((area, first))) if area.contains(at) => {
            let last = model.seen.chats.len().saturating_sub(usize::from(area.height) / 2);
            model.list_from = Some(if up { first.saturating_sub(1) } else { (first + 1).min(last) });
        }
        _ => {}
    }
    Vec::new()
}

fn click(model: &mut Model, at: Position) -> Vec<Wish> {
    // Who points elsewhere waits for nothing.
    model.ahead = None;
    if model.dialog.is_some() {
        return click_on_dialog(model, at);
    }
    if let Some((area, first)) = model.places.chats
        && let Some(row) = row(Some(area), at)
    {
        // A chat takes two rows.
        let chat = model.seen.chats.get(first + row / 2).map(|chat| chat.chat);
        return match chat {
            Some(chat) => {
                let mut wishes = model.open(chat, Focus::Compose);
                press::enter(model, Focus::Compose);
                wishes.extend(model.mark_read());
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
    } else if let Some((area, first)) = model.places.members
        && let Some(row) = row(Some(area), at)
    {
        let (row, count) = (first + row, model.members().len());
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

fn click_on_dialog(model: &mut Model, at: Position) -> Vec<Wish> {
    let Some((area, first)) = model.places.menu else { return Vec::new() };
    let row = row(Some(area), at).map(|row| first + row);
    match (&mut model.dialog, row) {
        (Some(Dialog::Menu(menu)), Some(row)) if row < menu.items.len() => {
            menu.at = row;
            answer::choose(model, None)
        }
        (Some(Dialog::Find(find)), Some(row)) if row < find.hits.len() => {
            find.at = row;
            find::open(model)
        }
        _ => Vec::new(),
    }
}

fn row(area: Option<Rect>, at: Position) -> Option<usize> {
    let area = area?;
    area.contains(at).then(|| usize::from(at.y - area.y))
}
