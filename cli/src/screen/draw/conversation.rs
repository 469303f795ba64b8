//! The open conversation: its title, and as many of its rows as fit.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use waxseal_core::view::{ChatSummary, MessageRef};

use super::fit::{both, fit};
use super::rows::{Row, rows};
use crate::screen::conversation::Open;
use crate::screen::model::{Focus, Model, Places};
use crate::wording;

pub(super) fn draw_title(frame: &mut Frame<'_>, model: &Model, chat: &ChatSummary, area: Rect) {
    let palette = model.palette;
    let columns = usize::from(area.width);
    let kind = if chat.direct { "" } else { "#" };
    let title = format!(" {kind}{}", wording::called(&chat.title, chat.display_name.as_deref()));
    let mut facts = Vec::new();
    if let Some(state) = wording::chat_state(chat) {
        facts.push(state.to_owned());
    }
    if !chat.held.is_empty() {
        facts.push("your words wait: a device changed (g in the chat's menu)".to_owned());
    }
    if chat.direct {
        let verified = model.members().iter().any(|member| !member.own && member.verified);
        facts.push(if verified { "verified ✓" } else { "not verified" }.to_owned());
    } else {
        facts.push(wording::members(chat.members));
    }
    let [head, rule] = [0, 1].map(|offset| Rect { y: area.y + offset, height: 1, ..area });
    let text = both(&title, &format!("{} ", facts.join(" · ")), columns);
    frame.render_widget(Line::styled(text, palette.strong()), head);
    frame.render_widget(Line::styled("─".repeat(columns), palette.faint()), rule);
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, area: Rect, places: &mut Places) {
    let Some(open) = &model.open else { return };
    let height = usize::from(area.height);
    let rows = rows(model, usize::from(area.width));
    let bottom = bottom_of(model, open, &rows, height);
    let top = bottom.saturating_sub(height);
    places.at_top = top == 0 && !rows.is_empty();
    places.at_bottom = bottom == rows.len() && !rows.is_empty();
    places.anchor = match rows.get(bottom.saturating_sub(1)) {
        Some(lowest) if !places.at_bottom || model.seen.has_newer => {
            let below = rows.iter().skip(bottom).take_while(|row| row.of == lowest.of).count();
            Some((lowest.of, below))
        }
        _ => None,
    };
    let below = rows.len().saturating_sub(bottom);
    let shown: Vec<Row> = rows.into_iter().skip(top).take(bottom - top).collect();
    // A short conversation stands at the bottom, next to where one writes.
    let free = height.saturating_sub(shown.len());
    let mut of_rows = vec![None; free];
    of_rows.extend(shown.iter().map(|row| row.is_message.then_some(row.of)));
    places.messages = Some((area, of_rows));
    let mut lines = vec![Line::default(); free];
    lines.extend(shown.into_iter().map(|row| row.line));
    frame.render_widget(Paragraph::new(lines), area);
    if places.anchor.is_some() {
        let unread = model.open_chat().map_or(0, |chat| chat.unread);
        let text = match (unread, model.seen.has_newer) {
            (0, true) => " ↓ newer ".to_owned(),
            (0, false) => format!(" ↓ {below} more "),
            (new, _) => format!(" ↓ {new} new "),
        };
        let text = fit(&text, usize::from(area.width));
        let width = u16::try_from(super::fit::width(&text)).unwrap_or(area.width);
        let corner = Rect { x: area.right().saturating_sub(width), y: area.bottom().saturating_sub(1), width, height: 1 };
        frame.render_widget(Line::from(Span::styled(text, model.palette.chosen())), corner);
    }
}

/// The row below the lowest one on the screen: where it was, moved by what was asked for.
fn bottom_of(model: &Model, open: &Open, rows: &[Row], height: usize) -> usize {
    let least = height.min(rows.len());
    let was = match open.anchor {
        Some((message, below)) => {
            rows.iter().rposition(|row| row.of == message).map_or(rows.len(), |last| (last + 1).saturating_sub(below))
        }
        None => rows.len(),
    };
    let bottom = was.saturating_add_signed(open.step.saturating_neg()).clamp(least, rows.len());
    let bottom = match open.goto {
        Some(message) => lead(rows, message, height).unwrap_or(bottom),
        None => bottom,
    };
    if model.focus == Focus::Messages && open.selected.is_some() {
        return reach(rows, open.selected, bottom, height).clamp(least, rows.len());
    }
    bottom.clamp(least, rows.len())
}

/// The message comes to the upper rows, with a little of what was said before it.
fn lead(rows: &[Row], message: MessageRef, height: usize) -> Option<usize> {
    let first = rows.iter().position(|row| row.of == message)?;
    Some((first.saturating_sub(height / 4) + height).min(rows.len()))
}

/// Scrolls as little as it takes to show the chosen message.
fn reach(rows: &[Row], message: Option<MessageRef>, bottom: usize, height: usize) -> usize {
    let Some(first) = rows.iter().position(|row| Some(row.of) == message) else { return bottom };
    let last = rows.iter().rposition(|row| Some(row.of) == message).unwrap_or(first);
    if last >= bottom {
        last + 1
    } else if first < bottom.saturating_sub(height) {
        first + height
    } else {
        bottom
    }
}
