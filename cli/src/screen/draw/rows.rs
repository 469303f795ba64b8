//! Messages as rows of the screen.
//!
//! Called by `conversation`. Everything of others is made harmless here.

use ratatui::layout::Alignment;
use ratatui::text::{Line, Span};
use time::Date;
use waxseal_core::view::{Line as Said, MessageRef, MessageState, MessageView};

use super::fit::{fit, width, wrap};
use crate::names::Names;
use crate::screen::model::Model;
use crate::{clock, harmless, wording};

/// Messages of one person within so many milliseconds share a heading.
const TOGETHER: u64 = 5 * 60_000;

/// One row.
pub(super) struct Row {
    pub(super) line: Line<'static>,
    /// The message that it is of, or stands above.
    pub(super) of: MessageRef,
    /// It is of the message itself.
    pub(super) is_message: bool,
}

/// All rows of the open conversation, oldest first.
pub(super) fn rows(model: &Model, columns: usize) -> Vec<Row> {
    let names = &model.seen.names;
    let mut rows = Vec::new();
    let mut day: Option<Date> = None;
    let mut before: Option<&MessageView> = None;
    for message in model.messages() {
        let at = clock::local(message.at, model.zone);
        if day != Some(at.date()) {
            day = Some(at.date());
            before = None;
            let line = Line::styled(format!("── {} ──", wording::day(at.date())), model.palette.faint());
            rows.push(Row { line: line.alignment(Alignment::Center), of: message.message, is_message: false });
        }
        if let Some(open) = model.open.as_ref().filter(|open| open.unread_from == Some(message.message)) {
            before = None;
            let line = Line::styled(format!("── {} new ──", open.unread), model.palette.alert());
            rows.push(Row { line: line.alignment(Alignment::Center), of: message.message, is_message: false });
        }
        let together = before.is_some_and(|before| goes_with(before, message));
        Writer { model, names, message, columns, rows: &mut rows }.write(together);
        before = Some(message);
    }
    rows
}

fn goes_with(before: &MessageView, message: &MessageView) -> bool {
    let plain = |view: &MessageView| !matches!(view.line, Said::Notice(_) | Said::Gap);
    plain(before) && plain(message) && before.sender == message.sender && message.at.0.saturating_sub(before.at.0) < TOGETHER
}

struct Writer<'a> {
    model: &'a Model,
    names: &'a Names,
    message: &'a MessageView,
    columns: usize,
    rows: &'a mut Vec<Row>,
}

impl Writer<'_> {
    fn write(&mut self, together: bool) {
        let palette = self.model.palette;
        match &self.message.line {
            Said::Notice(notice) => {
                let text = wording::notice(notice, self.message, self.names);
                for row in wrap(&text, self.columns.saturating_sub(4)) {
                    self.push(Line::styled(row, palette.faint()).alignment(Alignment::Center));
                }
            }
            Said::Gap => {
                let text = format!("! {}", wording::placeholder(&Said::Gap));
                for row in wrap(&text, self.columns.saturating_sub(4)) {
                    self.push(Line::styled(row, palette.alert()).alignment(Alignment::Center));
                }
            }
            said => {
                if !together {
                    self.heading();
                }
                self.quote();
                let text = match said {
                    Said::Text(text) => harmless::text(text),
                    other => wording::placeholder(other).to_owned(),
                };
                self.body(&text, matches!(said, Said::Text(_)));
                self.reactions();
            }
        }
    }

    fn push(&mut self, mut line: Line<'static>) {
        let selected = self.model.open.as_ref().is_some_and(|open| open.selected == Some(self.message.message));
        let mark = if selected { Span::styled("▌", self.model.palette.focus()) } else { Span::raw(" ") };
        line.spans.insert(0, mark);
        self.rows.push(Row { line, of: self.message.message, is_message: true });
    }

    fn heading(&mut self) {
        let palette = self.model.palette;
        let name = match self.message.own {
            true => "you".to_owned(),
            false => wording::called(&self.message.sender_name, self.message.sender_display.as_deref()),
        };
        let time = wording::time(clock::local(self.message.at, self.model.zone));
        let name = fit(&name, self.columns.saturating_sub(8));
        let style = palette.person(self.message.sender.as_ref());
        self.push(Line::from(vec![Span::styled(name, style), Span::styled(format!("  {time}"), palette.faint())]));
    }

    fn quote(&mut self) {
        let Some(to) = self.message.reply_to else { return };
        let text = match self.model.message(to) {
            Some(view) => {
                let who = if view.own { "you".to_owned() } else { harmless::line(&view.sender_name) };
                let said = match &view.line {
                    Said::Text(text) => harmless::line(text),
                    other => wording::placeholder(other).to_owned(),
                };
                format!("  ↳ {who}: {said}")
            }
            None => "  ↳ an older message".to_owned(),
        };
        let text = fit(&text, self.columns.saturating_sub(1));
        self.push(Line::styled(text, self.model.palette.faint()));
    }

    fn body(&mut self, text: &str, is_text: bool) {
        let palette = self.model.palette;
        let style = if is_text { palette.text() } else { palette.faint() };
        let mut tail = String::new();
        if self.message.edited {
            tail.push_str(" (edited)");
        }
        let mark = wording::mark(self.message.state);
        let marked = match self.message.state {
            MessageState::Failed => palette.alert(),
            MessageState::Read => palette.good(),
            _ => palette.faint(),
        };
        // A gutter, an indent of two and the room for a mark stay free.
        let room = self.columns.saturating_sub(4);
        let mut rows = wrap(text, room);
        let last = rows.pop().unwrap_or_default();
        for row in rows {
            self.push(Line::styled(format!("  {row}"), style));
        }
        let after = width(&tail) + width(mark) + 1;
        if width(&last) + after <= room {
            let line = vec![
                Span::styled(format!("  {last}"), style),
                Span::styled(tail, palette.faint()),
                Span::styled(format!(" {mark}"), marked),
            ];
            self.push(Line::from(line));
        } else {
            self.push(Line::styled(format!("  {last}"), style));
            self.push(Line::from(vec![
                Span::styled(format!(" {tail}"), palette.faint()),
                Span::styled(format!(" {mark}"), marked),
            ]));
        }
    }

    fn reactions(&mut self) {
        if self.message.reactions.is_empty() {
            return;
        }
        let all: Vec<_> =
            self.message.reactions.iter().map(|(by, emoji)| format!("{} {}", harmless::line(emoji), self.names.of(by))).collect();
        let text = fit(&format!("  {}", all.join(" · ")), self.columns.saturating_sub(1));
        self.push(Line::styled(text, self.model.palette.faint()));
    }
}
