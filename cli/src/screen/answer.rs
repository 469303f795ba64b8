//! Keys while a dialog is open.
//!
//! Called by `press`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use waxseal_core::Command;

use super::dialog::Dialog;
use super::form::{Form, Purpose};
use super::model::{Model, Wish};
use super::{act, ahead, find};
use crate::address::Address;
use crate::profile::Secret;

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
        Some(Dialog::Find(_)) => return find::press(model, key),
        Some(Dialog::Menu(menu)) => {
            let last = menu.items.len().saturating_sub(1);
            match key.code {
                KeyCode::Up | KeyCode::Char('k') if menu.items.iter().all(|item| item.key != 'k') => {
                    menu.at = menu.at.saturating_sub(1)
                }
                KeyCode::Down | KeyCode::Char('j') if menu.items.iter().all(|item| item.key != 'j') => {
                    menu.at = (menu.at + 1).min(last)
                }
                KeyCode::Home => menu.at = 0,
                KeyCode::End => menu.at = last,
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
        KeyCode::Char('o') if key.modifiers.contains(KeyModifiers::CONTROL) && form.is_beginning() => {
            // Two ways to begin: a new account, or one that another device has.
            let other = if form.purpose == Purpose::Register { Purpose::Join } else { Purpose::Register };
            let server = form.text(0);
            model.pending = None;
            model.dialog = Some(Dialog::Form(Form::beginning(other, &server)));
        }
        // What was handed in is taken back by Esc alone: a stray key changes nothing.
        KeyCode::Esc if form.is_beginning() => {
            form.busy = None;
            model.pending = None;
        }
        _ if form.busy.is_some() => {}
        KeyCode::Enter if form.fields.iter().skip(at + 1).any(|field| field.is_empty() && !field.is_optional) => {
            let missing = form.fields.iter().skip(at + 1).position(|field| field.is_empty() && !field.is_optional);
            form.at = at + 1 + missing.unwrap_or(0);
        }
        // A passphrase is typed twice.
        KeyCode::Enter if form.purpose == Purpose::Guard && at == 0 && !form.hidden(0).is_empty() => form.at = 1,
        // A group of one's own is wanted rarely; who else is in it is asked once.
        KeyCode::Enter if form.purpose == Purpose::NewGroup && at == 0 && form.text(1).is_empty() => form.at = 1,
        KeyCode::Enter => return hand_in(model),
        KeyCode::Tab | KeyCode::Down => form.at = (at + 1) % count,
        KeyCode::BackTab | KeyCode::Up => form.at = (at + count - 1) % count,
        _ => {
            if let Some(field) = form.fields.get_mut(at) {
                field.take(key);
                if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
                    form.wrong = None;
                    form.is_warned = false;
                }
            }
        }
    }
    Vec::new()
}

fn hand_in(model: &mut Model) -> Vec<Wish> {
    let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
    match form.purpose {
        Purpose::Unlock => {
            form.busy = Some("Opening …");
            return vec![Wish::Open(Secret::Passphrase(form.hidden(0)))];
        }
        Purpose::Guard => return guard(form),
        Purpose::Register | Purpose::Join => return begin(model),
        _ => {}
    }
    match act::command(form.purpose, |field| form.text(field)) {
        Ok(command) => {
            model.dialog = None;
            ahead::begin(model, &command);
            vec![Wish::Hurry, Wish::Command(command)]
        }
        Err(wrong) => {
            form.refuse(wrong);
            Vec::new()
        }
    }
}

/// A new passphrase, or none.
fn guard(form: &mut Form) -> Vec<Wish> {
    let (first, again) = (form.hidden(0), form.hidden(1));
    if *first != *again {
        form.refuse("The two differ; type the same twice.");
        return Vec::new();
    }
    if first.is_empty() && !form.is_warned {
        form.refuse("Without a passphrase, whoever reads this computer's files reads your messages. Enter again if you want that.");
        form.is_warned = true;
        return Vec::new();
    }
    form.busy = Some("Making your profile …");
    vec![Wish::Open(Secret::Passphrase(first))]
}

/// An account is made, or joined, once the server is reached.
fn begin(model: &mut Model) -> Vec<Wish> {
    let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
    let address = match Address::parse(&form.text(0), model.insecure_http) {
        Ok(address) => address,
        Err(wrong) => {
            form.at = 0;
            form.refuse(wrong.to_string());
            return Vec::new();
        }
    };
    let command = match act::command(form.purpose, |field| form.text(field)) {
        Ok(command) => command,
        Err(wrong) => {
            form.refuse(wrong);
            return Vec::new();
        }
    };
    form.wrong = None;
    form.busy = Some("Asking the server …");
    if model.server != address.to_string() {
        model.pending = Some(command);
        return vec![Wish::MoveTo(address)];
    }
    if model.seen.connection.sending {
        return vec![Wish::Command(command)];
    }
    model.pending = Some(command);
    vec![Wish::Hurry]
}
