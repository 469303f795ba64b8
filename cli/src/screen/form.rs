//! Keys while a dialog is open.
//!
//! Called by `press`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use waxseal_core::Command;

use super::act;
use super::dialog::{Dialog, Form, Purpose};
use super::model::{Model, Wish};

/// Handles one key of a dialog.
pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    match &mut model.dialog {
        Some(Dialog::Form(form)) => {
            if key.code == KeyCode::Esc && !form.is_first() {
                model.dialog = None;
                return Vec::new();
            }
            return fill_in(model, key);
        }
        Some(Dialog::Menu(menu)) => {
            let last = menu.items.len().saturating_sub(1);
            match key.code {
                KeyCode::Up | KeyCode::Char('k') if menu.items.iter().all(|item| item.key != 'k') => {
                    menu.at = menu.at.saturating_sub(1)
                }
                KeyCode::Down | KeyCode::Char('j') if menu.items.iter().all(|item| item.key != 'j') => {
                    menu.at = (menu.at + 1).min(last)
                }
                KeyCode::Enter => return choose(model, None),
                KeyCode::Char(c) => return choose(model, Some(c)),
                KeyCode::Esc => model.dialog = None,
                _ => {}
            }
        }
        Some(Dialog::Question { .. }) => match key.code {
            KeyCode::Char('y') => return answer(model),
            KeyCode::Char('n') | KeyCode::Esc => model.dialog = None,
            _ => {}
        },
        Some(Dialog::Verify { account, number, .. }) => match (key.code, number) {
            (KeyCode::Char('m'), Some(number)) => {
                let (account, verified) = (*account, !number.verified);
                return vec![Wish::Command(Command::MarkVerified(account, verified)), Wish::Safety(account)];
            }
            (KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q'), _) => model.dialog = None,
            _ => {}
        },
        Some(Dialog::Help { scroll }) => match key.code {
            KeyCode::Up | KeyCode::Char('k') => *scroll = scroll.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => *scroll = scroll.saturating_add(1),
            KeyCode::PageUp => *scroll = scroll.saturating_sub(10),
            KeyCode::PageDown => *scroll = scroll.saturating_add(10),
            _ => model.dialog = None,
        },
        Some(Dialog::Paper { .. }) => {
            if matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q')) {
                model.dialog = None;
            }
        }
        None => {}
    }
    Vec::new()
}

/// Takes the chosen line of a menu, or the one that a letter stands for.
pub(super) fn choose(model: &mut Model, key: Option<char>) -> Vec<Wish> {
    let Some(Dialog::Menu(menu)) = model.dialog.take() else { return Vec::new() };
    let at = match key {
        Some(key) => menu.items.iter().position(|item| item.key == key),
        None => Some(menu.at),
    };
    match at {
        Some(at) => match menu.items.into_iter().nth(at) {
            Some(item) => act::act(model, item.act),
            None => Vec::new(),
        },
        None => {
            model.dialog = Some(Dialog::Menu(menu));
            Vec::new()
        }
    }
}

fn answer(model: &mut Model) -> Vec<Wish> {
    match model.dialog.take() {
        Some(Dialog::Question { yes, .. }) => act::act(model, yes),
        other => {
            model.dialog = other;
            Vec::new()
        }
    }
}

fn fill_in(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
    let (at, count) = (form.at, form.fields.len().max(1));
    match key.code {
        KeyCode::Char('o') if key.modifiers.contains(KeyModifiers::CONTROL) && form.is_first() => {
            // Two ways to begin: a new account, or one that another device has.
            let other = if form.purpose == Purpose::Register { Purpose::Join } else { Purpose::Register };
            model.dialog = Some(Dialog::Form(Form::new(other)));
        }
        KeyCode::Enter
            if at + 1 < count
                && form.fields.get(at + 1).is_some_and(|next| next.text().is_empty() && next.label != "Invitation") =>
        {
            form.at = at + 1;
        }
        KeyCode::Enter => return hand_in(model),
        KeyCode::Tab | KeyCode::Down => form.at = (at + 1) % count,
        KeyCode::BackTab | KeyCode::Up => form.at = (at + count - 1) % count,
        _ => {
            if let Some(field) = form.fields.get_mut(at) {
                field.value.input_without_shortcuts(key);
                if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
                    form.wrong = None;
                }
            }
        }
    }
    Vec::new()
}

fn hand_in(model: &mut Model) -> Vec<Wish> {
    let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
    if form.is_busy {
        return Vec::new();
    }
    let purpose = form.purpose;
    match act::command(purpose, |field| form.text(field)) {
        Ok(command) => {
            form.wrong = None;
            // These are answered by the server; the form waits, and says what it answers.
            if matches!(purpose, Purpose::Register | Purpose::Join) {
                form.is_busy = true;
            } else {
                if let Command::OpenDirect(name) = &command {
                    model.say(format!("Looking for {name} …"), false);
                }
                model.dialog = None;
            }
            vec![Wish::Hurry, Wish::Command(command)]
        }
        Err(wrong) => {
            form.wrong = Some(wrong);
            Vec::new()
        }
    }
}
