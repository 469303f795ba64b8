//! The list of chats: two rows each, a title and the newest line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use waxseal_core::view::{ChatState, ChatSummary, Line as Said};

use super::fit::{both, fit};
use crate::screen::model::{Focus, Model, Places};
use crate::{clock, harmless, wording};

/// Rows of one chat.
const ROWS: usize = 2;

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, area: Rect, places: &mut Places) {
    let room = usize::from(area.height) / ROWS;
    let chosen = model.seen.chats.iter().position(|chat| Some(chat.chat) == model.chosen).unwrap_or(0);
    let last = model.seen.chats.len().saturating_sub(room);
    // The chosen one is always on the screen, unless the mouse has moved the list.
    let before = model.places.chats.map_or(0, |(_, first)| first);
    let first = model.list_from.unwrap_or_else(|| before.clamp((chosen + 1).saturating_sub(room.max(1)), chosen)).min(last);
    places.chats = Some((area, first));
    for (index, chat) in model.seen.chats.iter().enumerate().skip(first).take(room) {
        let y = area.y + u16::try_from((index - first) * ROWS).unwrap_or(0);
        let row = |offset| Rect { x: area.x, y: y + offset, width: area.width, height: 1 };
        let [title, newest] = entry(model, chat, usize::from(area.width), index == chosen);
        frame.render_widget(title, row(0));
        frame.render_widget(newest, row(1));
    }
}

fn entry(model: &Model, chat: &ChatSummary, columns: usize, is_chosen: bool) -> [Line<'static>; 2] {
    let palette = model.palette;
    let bar = if is_chosen { "▌" } else { " " };
    let bar = Span::styled(bar, if model.focus == Focus::Chats { palette.focus() } else { palette.text() });
    let kind = if chat.direct { "" } else { "#" };
    let title = format!("{kind}{}", wording::called(&chat.title, chat.display_name.as_deref()));
    let unread = match chat.unread {
        0 => String::new(),
        1..=999 => format!("({})", chat.unread),
        _ => "(999+)".to_owned(),
    };
    let room = columns.saturating_sub(2);
    let style = if chat.unread > 0 || chat.state == ChatState::Requested { palette.strong() } else { palette.text() };
    let style = if is_chosen && model.focus == Focus::Chats { palette.chosen().patch(style) } else { style };
    let newest = match wording::chat_state(chat) {
        Some(state) => state.to_owned(),
        None => draft(model, chat).unwrap_or_else(|| newest(chat)),
    };
    let at = clock::local(chat.active, model.zone);
    let today = clock::local(model.now, model.zone).date();
    let when = if at.date() == today { wording::time(at) } else { format!("{}/{}", at.day(), u8::from(at.month())) };
    let alert = chat.state == ChatState::Requested;
    let below = if alert { palette.alert() } else { palette.faint() };
    [
        Line::from(vec![bar.clone(), Span::styled(both(&title, &unread, room), style), Span::raw(" ")]),
        Line::from(vec![bar, Span::styled(both(&fit(&newest, room), &when, room), below)]),
    ]
}

/// What waits to be sent, in a chat that is not open.
fn draft(model: &Model, chat: &ChatSummary) -> Option<String> {
    let is_open = model.open.as_ref().is_some_and(|open| open.chat == chat.chat);
    let text = if is_open { String::new() } else { model.drafts.text(chat.chat) };
    (!text.trim().is_empty()).then(|| format!("draft: {}", harmless::line(&text)))
}

fn newest(chat: &ChatSummary) -> String {
    let Some(message) = &chat.last else { return String::new() };
    let said = match &message.line {
        Said::Text(text) => harmless::line(text),
        Said::Notice(notice) => return format!("({})", wording::notice_in_short(notice)),
        other => wording::placeholder(other).to_owned(),
    };
    match (message.own, chat.direct) {
        (true, _) => format!("you: {said}"),
        (false, true) => said,
        (false, false) => format!("{}: {said}", harmless::line(&message.sender_name)),
    }
}
