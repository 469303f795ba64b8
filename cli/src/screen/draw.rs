//! The model, drawn. Changes nothing; says where everything is.
//!
//! ```text
//!   ┌ status ───────────────────────────────────┐
//!   │ chats   │ title                 │ members  │
//!   │         │ messages              │          │
//!   │         │ compose               │          │
//!   └ hints ────────────────────────────────────┘
//! ```

mod chats;
mod compose;
mod conversation;
mod dialog;
mod fit;
mod help;
mod members;
mod rows;

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};
use waxseal_core::view::ChatState;

use super::dialog::Dialog;
use super::model::{Focus, Model, Places};
use fit::{fit, width};

/// In the corner.
const NAME: &str = " waxseal ";
/// Smaller than this nothing useful fits.
const LEAST: (u16, u16) = (40, 10);
/// From this width on, list and conversation stand side by side.
const TWO: u16 = 64;
/// From this width on, the members stand beside both.
const THREE: u16 = 100;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, model: &Model) -> Places {
    let area = frame.area();
    let anchor = model.open.as_ref().and_then(|open| open.anchor);
    let mut places = Places { anchor, ..Places::default() };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(frame, area);
        return places;
    }
    let [status, body, hints] = Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)]).areas(area);
    draw_status(frame, model, status);
    draw_body(frame, model, body, &mut places);
    draw_hints(frame, model, hints);
    dialog::draw(frame, model, body, &mut places);
    places
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let text = format!(
        "Waxseal needs {} × {} characters; this is {} × {}. Make the window larger.",
        LEAST.0, LEAST.1, area.width, area.height
    );
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
}

fn draw_body(frame: &mut Frame<'_>, model: &Model, area: Rect, places: &mut Places) {
    let members = model.show_members && model.open.is_some();
    if area.width < TWO {
        match model.focus {
            Focus::Chats => chats::draw(frame, model, area, places),
            Focus::Members if members => members::draw(frame, model, area, places),
            _ => draw_chat(frame, model, area, places),
        }
        return;
    }
    let list = if area.width < THREE { 26 } else { 32 };
    if members && area.width < THREE {
        let [chat, side] = Layout::horizontal([Constraint::Min(1), Constraint::Length(26)]).areas(area);
        draw_chat(frame, model, chat, places);
        let side = edge(frame, model, side);
        members::draw(frame, model, side, places);
    } else if members {
        let [left, chat, side] =
            Layout::horizontal([Constraint::Length(list), Constraint::Min(1), Constraint::Length(28)]).areas(area);
        chats::draw(frame, model, left, places);
        let chat = edge(frame, model, chat);
        draw_chat(frame, model, chat, places);
        let side = edge(frame, model, side);
        members::draw(frame, model, side, places);
    } else {
        let [left, chat] = Layout::horizontal([Constraint::Length(list), Constraint::Min(1)]).areas(area);
        chats::draw(frame, model, left, places);
        let chat = edge(frame, model, chat);
        draw_chat(frame, model, chat, places);
    }
}

/// A line at the left; gives back what is right of it.
fn edge(frame: &mut Frame<'_>, model: &Model, area: Rect) -> Rect {
    let block = Block::new().borders(Borders::LEFT).border_style(model.palette.faint());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

fn draw_chat(frame: &mut Frame<'_>, model: &Model, area: Rect, places: &mut Places) {
    let Some(chat) = model.open_chat() else {
        let text = if model.seen.chats.is_empty() {
            "No conversations yet.\n\nn  write to somebody\ng  start a group\n?  help"
        } else {
            "Enter opens the chosen conversation."
        };
        let [_, middle, _] = Layout::vertical([Constraint::Fill(1), Constraint::Length(5), Constraint::Fill(1)]).areas(area);
        frame.render_widget(Paragraph::new(text).style(model.palette.faint()).alignment(Alignment::Center), middle);
        return;
    };
    let height = compose::height(model, chat, area.width).min(area.height.saturating_sub(4));
    let [title, messages, line] =
        Layout::vertical([Constraint::Length(2), Constraint::Min(1), Constraint::Length(height)]).areas(area);
    conversation::draw_title(frame, model, chat, title);
    conversation::draw(frame, model, messages, places);
    compose::draw(frame, model, chat, line, places);
}

fn draw_status(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let palette = model.palette;
    let (who, more) = match &model.seen.me {
        Some(me) if me.registered => (format!(" {}", me.name), format!(" · {}", model.server)),
        Some(me) => (format!(" {} (not confirmed yet)", me.name), format!(" · {}", model.server)),
        None => (format!(" {}", model.server), String::new()),
    };
    let (mark, said, style) = connection(model);
    let waiting = match model.seen.connection.waiting {
        0 => String::new(),
        some => format!(" · {some} waiting"),
    };
    let room = usize::from(area.width).saturating_sub(NAME.len());
    // How things stand matters more than where the server is.
    let right = fit(&format!("{mark} {said}{waiting} "), room.saturating_sub(width(&who) + 2));
    let place = room.saturating_sub(width(&right) + 2);
    let left = if width(&who) + width(&more) <= place { format!("{who}{more}") } else { fit(&who, place) };
    let gap = room.saturating_sub(width(&left) + width(&right));
    let name = Span::styled(NAME, palette.chosen());
    let line = Line::from(vec![name, Span::raw(left), Span::raw(" ".repeat(gap)), Span::styled(right, style)]);
    frame.render_widget(line, area);
}

/// Where the connection stands: a mark, words, and how they look.
fn connection(model: &Model) -> (&'static str, String, Style) {
    let palette = model.palette;
    if matches!(&model.dialog, Some(Dialog::Form(form)) if form.is_first() && !form.is_beginning()) {
        return ("", String::new(), palette.faint());
    }
    let connection = model.seen.connection;
    match (connection.receiving, connection.sending, model.trouble()) {
        (true, true, _) => ("●", "connected".to_owned(), palette.good()),
        (_, true, None) if model.seen.me.is_none() => ("●", "server reached".to_owned(), palette.good()),
        (_, true, Some(_)) if model.seen.me.is_none() => ("●", "server reached".to_owned(), palette.good()),
        (_, _, Some(shut)) => {
            let again = match shut.again.0.saturating_sub(model.now.0).div_ceil(1000) {
                0 => "trying now".to_owned(),
                seconds => format!("again in {seconds} s"),
            };
            ("○", format!("offline · {again}"), palette.alert())
        }
        _ => ("◌", "connecting".to_owned(), palette.faint()),
    }
}

fn draw_hints(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let palette = model.palette;
    let (text, style) = match (&model.remark, &model.progress) {
        (Some(remark), _) if remark.is_alert => (format!("! {}", remark.text), palette.alert()),
        (Some(remark), _) => (remark.text.clone(), palette.strong()),
        (None, Some(progress)) => (progress.clone(), palette.strong()),
        (None, None) => match model.trouble().filter(|_| model.dialog.is_none()) {
            Some(shut) => (format!("! {} · Ctrl+L connects now · F1 help", shut.why), palette.alert()),
            None => (hints(model).to_owned(), palette.faint()),
        },
    };
    frame.render_widget(Line::styled(fit(&format!(" {text}"), usize::from(area.width)), style), area);
}

fn hints(model: &Model) -> &'static str {
    let requested = model.open_chat().is_some_and(|chat| chat.state == ChatState::Requested);
    match (&model.dialog, model.focus) {
        (Some(Dialog::Form(form)), _) if form.is_beginning() && form.busy.is_some() => "Esc change it · Ctrl+Q quit",
        (Some(Dialog::Form(form)), _) if form.is_beginning() => {
            "Enter go on · Tab next field · Ctrl+O other way to begin · Ctrl+Q quit"
        }
        (Some(Dialog::Form(form)), _) if form.is_first() => "Enter go on · Ctrl+U clear · Ctrl+Q quit",
        (Some(Dialog::Form(_)), _) => "Enter go on · Tab next field · Esc cancel",
        (Some(Dialog::Find(_)), _) => "type words · ↑↓ choose · Enter open · Esc close",
        (Some(Dialog::Menu(_)), _) => "↑↓ choose · Enter or a letter does it · Esc close",
        (Some(Dialog::Question { .. }), _) => "y yes · n no",
        (Some(Dialog::Verify { .. }), _) => "m mark as compared · Esc close",
        (Some(Dialog::Help { .. }), _) => "↑↓ scroll · any other key closes",
        (Some(Dialog::Paper { .. }), _) => "Esc close",
        (None, _) if requested => "a accept · d decline · b block",
        (None, Focus::Chats) => "↑↓ choose · Enter write · n new · g group · / find · o options · m menu · ? help",
        (None, Focus::Messages) => "↑↓ choose · Enter options · r reply · + react · Esc write",
        (None, Focus::Members) => "↑↓ choose · Enter options · v verify · a add · Esc close",
        (None, Focus::Compose) => "Enter send · Alt+Enter new line · ↑ messages · PgUp older · Esc chats · F1 help",
    }
}
