//! What a key does, by what has the keyboard.
//!
//! Called by the loop. Changes the model and says what the shell should do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use waxseal_core::Command;
use waxseal_core::view::{ChatState, Line, MessageRef};

use super::dialog::{Act, Dialog};
use super::form::{Form, Purpose};
use super::model::{Focus, Model, Wish};
use super::{act, ahead, answer, find, menus};

/// Longest text, in bytes, as the client core says too.
const LONGEST: usize = 64 << 10;

/// Handles one key.
pub(crate) fn press(model: &mut Model, key: KeyEvent) -> Vec<Wish> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    if ctrl && matches!(key.code, KeyCode::Char('c' | 'q')) {
        return act::quit(model);
    }
    if model.ahead.is_some() {
        ahead::keep(model, key);
        return Vec::new();
    }
    match key.code {
        KeyCode::Char('l') if ctrl => return vec![Wish::Hurry, Wish::Look],
        KeyCode::Char('z') if ctrl => return model.keep_draft().into_iter().chain([Wish::Suspend]).collect(),
        KeyCode::F(1) if !matches!(model.dialog, Some(Dialog::Form(_))) => {
            model.dialog = Some(Dialog::Help { scroll: 0 });
            return Vec::new();
        }
        _ => {}
    }
    if model.dialog.is_some() {
        return answer::press(model, key);
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
        KeyCode::Char('f') if ctrl && model.seen.me.is_some() => {
            find::begin(model);
            return Vec::new();
        }
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
    if model.ahead.is_some() {
        ahead::keep_paste(model, text);
        return Vec::new();
    }
    match &mut model.dialog {
        Some(Dialog::Form(form)) if form.busy.is_none() => {
            let at = form.at;
            if let Some(field) = form.fields.get_mut(at) {
                field.paste(text);
                form.wrong = None;
            }
        }
        Some(Dialog::Find(_)) => return find::paste(model, text),
        Some(_) => {}
        None => {
            if model.open.is_some() && !is_request(model) {
                enter(model, Focus::Compose);
                if let Some(draft) = model.draft() {
                    draft.insert_str(crate::harmless::text(text));
                }
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
    let rows = isize::try_from(rows).unwrap_or(isize::MAX);
    open.step = if up { open.step.saturating_add(rows) } else { open.step.saturating_sub(rows) };
    Vec::new()
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
                let mut wishes = model.open(chat, Focus::Compose);
                enter(model, Focus::Compose);
                wishes.extend(model.mark_read());
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
        KeyCode::Char('/') => act::act(model, Act::Find),
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
            model.dialog = Some(Dialog::ask(menus::block(&name), yes));
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
        KeyCode::End => {
            let wishes = model.show_newest();
            select(model, 10_000);
            wishes
        }
        KeyCode::Char('/') => act::act(model, Act::Find),
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
    if model.stop_editing() {
        return Vec::new();
    }
    let Some(open) = &mut model.open else { return Vec::new() };
    if open.replying.take().is_none() {
        enter(model, Focus::Chats);
    }
    model.keep_draft().into_iter().collect()
}

fn send(model: &mut Model) -> Vec<Wish> {
    let Some(open) = &model.open else { return Vec::new() };
    let (chat, reply_to) = (open.chat, open.replying);
    let text = model.drafts.text(chat);
    let text = text.trim_matches(['\n', ' ']).to_owned();
    if text.is_empty() {
        return Vec::new();
    }
    if text.len() > LONGEST {
        let over = text.len() - LONGEST;
        model.say(format!("A message has at most 64 KiB; this one has {over} bytes too many. Nothing was sent"), true);
        return Vec::new();
    }
    let editing = model.open.as_mut().and_then(|open| open.editing.take());
    let mut wishes = match editing {
        Some((message, draft)) => {
            model.drafts.set(chat, &draft);
            vec![Wish::Command(Command::Edit { chat, message, text })]
        }
        None => {
            model.drafts.set(chat, "");
            if let Some(open) = &mut model.open {
                (open.replying, open.selected, open.unread, open.unread_from) = (None, None, 0, None);
            }
            let mut wishes = model.show_newest();
            wishes.push(Wish::Command(Command::Send { chat, text, reply_to }));
            wishes
        }
    };
    wishes.extend(model.keep_draft());
    wishes
}

/// Begins to change an own message; what was being written waits.
pub(crate) fn edit(model: &mut Model, message: MessageRef) {
    let Some(Line::Text(text)) = model.message(message).map(|view| view.line.clone()) else { return };
    model.stop_editing();
    enter(model, Focus::Compose);
    let Some(open) = &mut model.open else { return };
    open.editing = Some((message, model.drafts.text(open.chat)));
    let chat = open.chat;
    model.drafts.set(chat, &text);
}

/// Opens a form.
pub(crate) fn ask(model: &mut Model, purpose: Purpose) {
    let mut form = Form::new(purpose);
    let display = model.seen.me.as_ref().and_then(|me| me.display_name.as_deref());
    if let (Purpose::DisplayName, Some(display), Some(field)) = (purpose, display, form.fields.first_mut()) {
        field.paste(display);
    }
    model.dialog = Some(Dialog::Form(form));
}
