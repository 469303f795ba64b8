//! The open conversation: its title, and as many of its rows as fit.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use waxseal_core::view::ChatSummary;

use super::fit::{both, fit};
use super::rows::{Row, rows};
use crate::screen::model::{Focus, Model, Places};
use crate::{harmless, wording};

pub(super) fn draw_title(frame: &mut Frame<'_>, model: &Model, chat: &ChatSummary, area: Rect) {
    let palette = model.palette;
    let columns = usize::from(area.width);
    let kind = if chat.direct { "" } else { "#" };
    let title = format!(" {kind}{}", harmless::line(&chat.title));
    let mut facts = Vec::new();
    if let Some(state) = wording::chat_state(chat) {
        facts.push(state.to_owned());
    }
    if chat.direct {
        let verified = model.members().iter().any(|member| !member.own && member.verified);
        facts.push(if verified { "verified ✓" } else { "not verified" }.to_owned());
    } else {
        facts.push(format!("{} members", chat.members));
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
    let most = rows.len().saturating_sub(height);
    let mut scroll = open.scroll.min(most);
    if model.focus == Focus::Messages && open.selected.is_some() {
        scroll = reach(&rows, open.selected, scroll, height).min(most);
    }
    places.scroll = scroll;
    places.at_top = scroll == most && !rows.is_empty();
    let first = most.saturating_sub(scroll);
    let shown: Vec<Row> = rows.into_iter().skip(first).take(height).collect();
    // A short conversation stands at the bottom, next to where one writes.
    let free = height.saturating_sub(shown.len());
    let mut of_rows = vec![None; free];
    of_rows.extend(shown.iter().map(|row| row.message));
    places.messages = Some((area, of_rows));
    let mut lines = vec![Line::default(); free];
    lines.extend(shown.into_iter().map(|row| row.line));
    frame.render_widget(Paragraph::new(lines), area);
    if scroll > 0 {
        let below = format!(" ↓ {scroll} more ");
        let text = fit(&below, usize::from(area.width));
        let width = u16::try_from(super::fit::width(&text)).unwrap_or(area.width);
        let corner = Rect { x: area.right().saturating_sub(width), y: area.bottom().saturating_sub(1), width, height: 1 };
        frame.render_widget(Line::from(Span::styled(text, model.palette.chosen())), corner);
    }
}

/// Scrolls as little as it takes to show the chosen message.
fn reach(rows: &[Row], message: Option<waxseal_core::view::MessageRef>, scroll: usize, height: usize) -> usize {
    let Some(first) = rows.iter().position(|row| row.message == message) else { return scroll };
    let last = rows.iter().rposition(|row| row.message == message).unwrap_or(first);
    let bottom = rows.len().saturating_sub(scroll);
    let top = bottom.saturating_sub(height);
    if last >= bottom {
        rows.len().saturating_sub(last + 1)
    } else if first < top {
        rows.len().saturating_sub(first + height)
    } else {
        scroll
    }
}
