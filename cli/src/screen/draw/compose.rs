//! Where one writes, or answers a request.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};
use waxseal_core::view::{ChatState, ChatSummary, Line as Said};

use super::fit::{fit, wrap};
use crate::screen::model::{Focus, Model, Places};
use crate::{harmless, wording};

/// A long message gets so many rows, then scrolls.
const MOST: usize = 6;

/// Rows that it takes, the rule above included.
pub(super) fn height(model: &Model, chat: &ChatSummary, columns: u16) -> u16 {
    let rows = match chat.state {
        ChatState::Requested => 2,
        ChatState::Left | ChatState::Leaving => 1,
        _ => {
            let room = usize::from(columns.saturating_sub(3));
            // One column stays free for the cursor behind the last letter.
            wrap(&model.drafts.text(chat.chat), room.saturating_sub(1)).len().clamp(1, MOST) + usize::from(above(model).is_some())
        }
    };
    u16::try_from(rows + 1).unwrap_or(3)
}

/// What the line answers or changes.
fn above(model: &Model) -> Option<String> {
    let open = model.open.as_ref()?;
    if open.editing.is_some() {
        return Some("changing a message · Esc keeps it as it was".to_owned());
    }
    let Some(message) = model.message(open.replying?) else {
        return Some("↳ to an older message · Esc cancels".to_owned());
    };
    let who = if message.own { "yourself".to_owned() } else { harmless::line(&message.sender_name) };
    let said = match &message.line {
        Said::Text(text) => harmless::line(text),
        _ => String::new(),
    };
    Some(format!("↳ to {who}: {said} · Esc cancels"))
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, chat: &ChatSummary, area: Rect, places: &mut Places) {
    let palette = model.palette;
    let has_keyboard = model.focus == Focus::Compose && model.dialog.is_none();
    let block = Block::new().borders(Borders::TOP).border_style(if has_keyboard { palette.focus() } else { palette.faint() });
    let mut inner = block.inner(area);
    frame.render_widget(block, area);
    places.compose = Some(area);
    match chat.state {
        ChatState::Requested => {
            let question = fit(&format!(" {}.", wording::request(chat)), usize::from(inner.width));
            let keys = Line::from(vec![
                Span::styled(" a", palette.strong()),
                Span::raw(" accept   "),
                Span::styled("d", palette.strong()),
                Span::raw(" decline   "),
                Span::styled("b", palette.strong()),
                Span::raw(" block"),
            ]);
            frame.render_widget(
                Paragraph::new(vec![Line::styled(question, palette.alert()), keys]).wrap(Wrap { trim: false }),
                inner,
            );
            return;
        }
        ChatState::Left | ChatState::Leaving => {
            let text =
                if chat.direct { " This conversation has ended; n begins it anew." } else { " You are no longer in this chat." };
            frame.render_widget(Line::styled(text, palette.faint()), inner);
            return;
        }
        ChatState::Opening | ChatState::Open | ChatState::Healing => {}
    }
    if let Some(text) = above(model) {
        let row = Rect { height: 1, ..inner };
        frame.render_widget(
            Line::styled(format!(" {}", fit(&text, usize::from(inner.width.saturating_sub(1)))), palette.faint()),
            row,
        );
        inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    }
    let prompt = Rect { width: 3.min(inner.width), height: 1, ..inner };
    frame.render_widget(Line::styled(" › ", if has_keyboard { palette.focus() } else { palette.faint() }), prompt);
    let field = Rect { x: inner.x + 3, width: inner.width.saturating_sub(3), ..inner };
    match model.drafts.seen(chat.chat) {
        Some(draft) => {
            frame.render_widget(draft, field);
            if has_keyboard {
                cursor(frame, draft, field);
            }
        }
        None if has_keyboard => frame.set_cursor_position(Position::new(field.x, field.y)),
        None => {}
    }
}

/// Puts the terminal's own cursor where one writes: readers and input methods look there.
pub(super) fn cursor(frame: &mut Frame<'_>, area: &ratatui_textarea::TextArea<'_>, field: Rect) {
    let (at, (top, left)) = (area.screen_cursor(), area.scroll_offset());
    let column = u16::try_from(at.col).unwrap_or(u16::MAX).saturating_sub(left);
    let row = u16::try_from(at.row).unwrap_or(u16::MAX).saturating_sub(top);
    let x = field.x.saturating_add(column).min(field.right().saturating_sub(1));
    let y = field.y.saturating_add(row).min(field.bottom().saturating_sub(1));
    frame.set_cursor_position(Position::new(x, y));
}
