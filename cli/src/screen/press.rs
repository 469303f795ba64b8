//! What a key does, by what has the keyboard.
//!
//! Called by the loop. Changes the model and says what the shell should do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::CursorMove;
use waxseal_core::Command;
use waxseal_core::view::{ChatState, Line, MessageRef};

use super::act;
use super::dialog::{Act, Dialog, Form, Purpose};
use super::model::{Focus, Model, Wish};
use super::{form, menus};

/// Handles one key.
pub(crate) fn press(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'q') if ctrl => return act::quit(model),
        KeyCode::Char('l') if ctrl => return vec![Wish::Hurry, Wish::Look],
        KeyCode::F(1) if !matches!(model.dialog, Some(Dialog::Form(_))) => {
            model.dialog = Some(Dialog::Help { scroll: 0 });
            return Vec::new();
        }
        _ => {}
    }
    if model.dialog.is_some() {
        return form::press(model, key);
    }
    match key.code {
        KeyCode::F(2) => return act::act(model, Act::Members),
        KeyCode::F(10) => {
            model.dialog = Some(menus::main(model));
            return Vec::new();
        }
        KeyCode::Tab => return turn(model, true),
        KeyCode::BackTab => return turn(model, false),
        KeyCode::PageUp => return scroll(model, true, page(model)),
        KeyCode::PageDown => return scroll(model, false, page(model)),
        KeyCode::Char('n') if ctrl => return next_chat(model, 1),
        KeyCode::Char('p') if ctrl => return next_chat(model, -1),
        _ => {}
    }
    match model.focus {
        Focus::Chats => chats(model, key),
        Focus::Messages => messages(model, key),
        Focus::Compose => compose(model, key),
        Focus::Members => members(model, key),
    }
}

/// Takes in pasted text, wherever words are written.
pub(crate) fn paste(model: &mut Model, text: &str) -> Vec<Wish> {
    let clean = crate::harmless::text(text);
    match &mut model.dialog {
        Some(Dialog::Form(form)) => {
            let at = form.at;
            if let Some(field) = form.fields.get_mut(at) {
                field.value.insert_str(clean.replace('\n', " ").trim());
            }
        }
        Some(_) => {}
        None => {
            if model.open.is_some() {
                model.focus = Focus::Compose;
            }
            if let Some(draft) = model.draft() {
                draft.insert_str(clean);
            }
        }
    }
    Vec::new()
}

fn page(model: &Model) -> usize {
    model.places.messages.as_ref().map_or(10, |(area, _)| usize::from(area.height.saturating_sub(2).max(1)))
}

/// Scrolls the conversation by rows.
pub(crate) fn scroll(model: &mut Model, up: bool, rows: usize) -> Vec<Wish> {
    let Some(open) = &mut model.open else { return Vec::new() };
    open.selected = None;
    open.scroll = if up { open.scroll.saturating_add(rows) } else { open.scroll.saturating_sub(rows) };
    model.mark_read().into_iter().collect()
}

fn turn(model: &mut Model, forward: bool) -> Vec<Wish> {
    if model.open.is_none() {
        return Vec::new();
    }
    let mut order = vec![Focus::Chats, Focus::Messages, Focus::Compose];
    if model.show_members {
        order.push(Focus::Members);
    }
    let at = order.iter().position(|focus| *focus == model.focus).unwrap_or(0);
    let step = if forward { 1 } else { order.len() - 1 };
    let focus = order.get((at + step) % order.len()).copied().unwrap_or(Focus::Chats);
    enter(model, focus);
    Vec::new()
}

/// Gives the keyboard to a part of the screen.
pub(crate) fn enter(model: &mut Model, focus: Focus) {
    let newest = model.messages().last().map(|message| message.message);
    model.focus = focus;
    if let Some(open) = &mut model.open {
        match focus {
            Focus::Messages => open.selected = open.selected.or(newest),
            _ => open.selected = None,
        }
    }
}

fn next_chat(model: &mut Model, step: isize) -> Vec<Wish> {
    let chats = &model.seen.chats;
    let at = chats.iter().position(|chat| Some(chat.chat) == model.chosen).unwrap_or(0);
    let to = at.saturating_add_signed(step).min(chats.len().saturating_sub(1));
    match chats.get(to).map(|chat| chat.chat) {
        Some(chat) => {
            let focus = model.focus;
            model.open(chat, focus)
        }
        None => Vec::new(),
    }
}

fn chats(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    let last = isize::try_from(model.seen.chats.len()).unwrap_or(isize::MAX);
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => next_chat(model, -1),
        KeyCode::Down | KeyCode::Char('j') => next_chat(model, 1),
        KeyCode::Home => next_chat(model, -last),
        KeyCode::End => next_chat(model, last),
        KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => match model.chosen {
            Some(chat) => {
                let wishes = model.open(chat, Focus::Compose);
                enter(model, Focus::Compose);
                wishes
            }
            None => Vec::new(),
        },
        KeyCode::Char('n') => act::act(model, Act::Form(Purpose::NewChat)),
        KeyCode::Char('g') => act::act(model, Act::Form(Purpose::NewGroup)),
        KeyCode::Char('m') => {
            model.dialog = Some(menus::main(model));
            Vec::new()
        }
        KeyCode::Char('o') => {
            model.dialog = menus::chat(model);
            Vec::new()
        }
        KeyCode::Char('?') => act::act(model, Act::Help),
        KeyCode::Char('q') => act::quit(model),
        KeyCode::Char(c) if is_request(model) => request(model, c),
        _ => Vec::new(),
    }
}

fn is_request(model: &Model) -> bool {
    model.open_chat().is_some_and(|chat| chat.state == ChatState::Requested)
}

/// Answers the request that is open.
fn request(model: &mut Model, key: char) -> Vec<Wish> {
    let Some(chat) = model.open_chat().cloned() else { return Vec::new() };
    let name = crate::harmless::line(&chat.title);
    match (key, chat.peer) {
        ('a', _) => {
            model.focus = Focus::Compose;
            vec![Wish::Command(Command::AcceptRequest(chat.chat))]
        }
        ('d', _) => {
            let yes = Act::Command(Command::DeclineRequest(chat.chat));
            model.dialog = Some(Dialog::ask(format!("Decline {name}, and forget what they wrote?"), yes));
            Vec::new()
        }
        ('b', Some(peer)) => {
            let yes = Act::Command(Command::Block(peer));
            model.dialog = Some(Dialog::ask(format!("Block {name}? They will not be told."), yes));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn messages(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => select(model, -1),
        KeyCode::Down | KeyCode::Char('j') => select(model, 1),
        KeyCode::Home => select(model, -10_000),
        KeyCode::End => select(model, 10_000),
        KeyCode::Esc => {
            enter(model, Focus::Compose);
            Vec::new()
        }
        KeyCode::Left | KeyCode::Char('h') => {
            enter(model, Focus::Chats);
            Vec::new()
        }
        KeyCode::Char('?') => act::act(model, Act::Help),
        KeyCode::Char(c) if is_request(model) && matches!(c, 'a' | 'd' | 'b') => request(model, c),
        KeyCode::Enter => {
            model.dialog = menus::message(model);
            Vec::new()
        }
        KeyCode::Char(c) => match menus::message(model) {
            Some(Dialog::Menu(menu)) => act::chosen(model, menu, c),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn select(model: &mut Model, step: isize) -> Vec<Wish> {
    let all: Vec<MessageRef> = model.messages().iter().map(|message| message.message).collect();
    let Some(last) = all.len().checked_sub(1) else { return Vec::new() };
    let Some(open) = &mut model.open else { return Vec::new() };
    let at = open.selected.and_then(|selected| all.iter().position(|message| *message == selected)).unwrap_or(last);
    // Below the newest message lies the line that is written.
    if at == last && step == 1 {
        enter(model, Focus::Compose);
        return Vec::new();
    }
    open.selected = all.get(at.saturating_add_signed(step).min(last)).copied();
    Vec::new()
}

fn members(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    let last = model.members().len().saturating_sub(1);
    let Some(open) = &mut model.open else { return Vec::new() };
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => open.member = open.member.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => open.member = open.member.saturating_add(1).min(last),
        KeyCode::Home => open.member = 0,
        KeyCode::End => open.member = last,
        KeyCode::Esc => return act::act(model, Act::Members),
        KeyCode::Left | KeyCode::Char('h') => enter(model, Focus::Compose),
        KeyCode::Char('?') => return act::act(model, Act::Help),
        KeyCode::Enter => model.dialog = menus::member(model),
        KeyCode::Char(c) => {
            if let Some(Dialog::Menu(menu)) = menus::member(model) {
                return act::chosen(model, menu, c);
            }
        }
        _ => {}
    }
    Vec::new()
}

fn compose(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    if is_request(model) {
        return match key.code {
            KeyCode::Char(c) => request(model, c),
            KeyCode::Esc | KeyCode::Left => {
                enter(model, Focus::Chats);
                Vec::new()
            }
            _ => Vec::new(),
        };
    }
    let new_line = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT);
    let Some(draft) = model.draft() else { return Vec::new() };
    match key.code {
        KeyCode::Enter if new_line => draft.insert_newline(),
        KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => draft.insert_newline(),
        KeyCode::Enter => return send(model),
        KeyCode::Esc => return stop_writing(model),
        KeyCode::Up if draft.is_empty() => enter(model, Focus::Messages),
        KeyCode::Char('?') if draft.is_empty() => return act::act(model, Act::Help),
        _ => {
            draft.input(key);
        }
    }
    Vec::new()
}

/// Esc takes back what is going on, step by step.
fn stop_writing(model: &mut Model) -> Vec<Wish> {
    let Some(open) = &mut model.open else { return Vec::new() };
    if open.editing.take().is_some() {
        if let Some(draft) = model.draft() {
            draft.clear();
        }
    } else if open.replying.take().is_none() {
        enter(model, Focus::Chats);
    }
    Vec::new()
}

fn send(model: &mut Model) -> Vec<Wish> {
    let Some(open) = &mut model.open else { return Vec::new() };
    let (chat, editing, reply_to) = (open.chat, open.editing, open.replying);
    let Some(draft) = model.draft() else { return Vec::new() };
    let text = draft.lines().join("\n");
    let text = text.trim_matches(['\n', ' ']).to_owned();
    if text.is_empty() {
        return Vec::new();
    }
    if text.len() > 64 << 10 {
        model.say("A message has at most 64 KiB; nothing was sent", true);
        return Vec::new();
    }
    draft.clear();
    if let Some(open) = &mut model.open {
        open.editing = None;
        open.replying = None;
        open.selected = None;
        open.scroll = 0;
    }
    vec![Wish::Command(match editing {
        Some(message) => Command::Edit { chat, message, text },
        None => Command::Send { chat, text, reply_to },
    })]
}

/// Begins to change an own message.
pub(crate) fn edit(model: &mut Model, message: MessageRef) {
    let Some(Line::Text(text)) = model.message(message).map(|view| view.line.clone()) else { return };
    enter(model, Focus::Compose);
    if let Some(draft) = model.draft() {
        draft.clear();
        draft.insert_str(text);
        draft.move_cursor(CursorMove::Bottom);
        draft.move_cursor(CursorMove::End);
    }
    if let Some(open) = &mut model.open {
        open.editing = Some(message);
        open.replying = None;
    }
}

/// Opens a form.
pub(crate) fn ask(model: &mut Model, purpose: Purpose) {
    model.dialog = Some(Dialog::Form(Form::new(purpose)));
}
