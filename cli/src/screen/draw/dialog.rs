//! Dialogs, over everything else.

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};
use waxseal_core::view::SafetyNumber;

use super::compose::cursor;
use super::fit::{both, fit, wrap};
use super::help::HELP;
use crate::screen::dialog::{Dialog, Menu};
use crate::screen::find::Find;
use crate::screen::form::{Form, Purpose, Value};
use crate::screen::model::{Model, Places};
use crate::screen::palette::Palette;

/// As wide as a line that is easily read.
const WIDE: u16 = 68;

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, area: Rect, places: &mut Places) {
    let palette = model.palette;
    let columns = usize::from(WIDE.min(area.width).saturating_sub(4));
    match &model.dialog {
        None => {}
        Some(Dialog::Form(form)) => draw_form(frame, model, form, area),
        Some(Dialog::Menu(menu)) => draw_menu(frame, palette, menu, area, places),
        Some(Dialog::Find(find)) => draw_find(frame, palette, find, area, places),
        Some(Dialog::Help { scroll }) => {
            let lines: Vec<_> = HELP.iter().map(|(key, what)| help_line(palette, key, what)).collect();
            let inner = frame_of(frame, palette, "Help", lines.len(), area);
            let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(inner.height);
            frame.render_widget(Paragraph::new(lines).scroll(((*scroll).min(most), 0)), inner);
        }
        Some(Dialog::Question { text, .. }) => {
            let mut lines: Vec<_> = wrap(text, columns).into_iter().map(Line::from).collect();
            lines.push(Line::default());
            lines.push(keys(palette, &[("y", "yes"), ("n", "no")]));
            show(frame, palette, "Are you sure?", lines, area);
        }
        Some(Dialog::Verify { name, number, .. }) => {
            show(frame, palette, &format!("Safety number with {name}"), verify(palette, name, number.as_ref(), columns), area);
        }
        Some(Dialog::Paper { title, text }) => {
            let lines = wrap(text, columns).into_iter().map(Line::from).collect();
            show(frame, palette, title, lines, area);
        }
    }
}

fn help_line(palette: Palette, key: &str, what: &str) -> Line<'static> {
    if key.is_empty() {
        return Line::styled(what.to_owned(), palette.strong());
    }
    Line::from(vec![Span::styled(format!("  {key:<15}"), palette.focus()), Span::raw(what.to_owned())])
}

fn keys(palette: Palette, keys: &[(&str, &str)]) -> Line<'static> {
    let spans =
        keys.iter().flat_map(|(key, what)| [Span::styled(format!("{key} "), palette.strong()), Span::raw(format!("{what}   "))]);
    Line::from(spans.collect::<Vec<_>>())
}

/// An empty frame in the middle, with room for so many rows.
fn frame_of(frame: &mut Frame<'_>, palette: Palette, title: &str, rows: usize, area: Rect) -> Rect {
    let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let [row] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [place] = Layout::horizontal([Constraint::Length(WIDE.min(area.width))]).flex(Flex::Center).areas(row);
    let title = fit(title, usize::from(place.width.saturating_sub(6)));
    let block = Block::bordered()
        .title(format!(" {title} "))
        .padding(Padding::horizontal(1))
        .border_style(palette.focus())
        .style(palette.text());
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    inner
}

fn show(frame: &mut Frame<'_>, palette: Palette, title: &str, lines: Vec<Line<'static>>, area: Rect) {
    let inner = frame_of(frame, palette, title, lines.len(), area);
    frame.render_widget(Paragraph::new(lines), inner);
}

fn verify(palette: Palette, name: &str, number: Option<&SafetyNumber>, columns: usize) -> Vec<Line<'static>> {
    let Some(number) = number else { return vec![Line::from("Looking it up …")] };
    let digits = number.to_string();
    let groups: Vec<_> = digits.split(' ').collect();
    let mut lines = vec![Line::default()];
    lines.extend(groups.chunks(4).map(|row| Line::styled(row.join("  "), palette.strong()).centered()));
    lines.push(Line::default());
    let text =
        format!("Compare it with {name} in person or by phone. The same digits on both sides mean that nobody sits between you.");
    lines.extend(wrap(&text, columns).into_iter().map(Line::from));
    lines.push(Line::default());
    lines.push(if number.verified {
        Line::from(vec![
            Span::styled("✓ verified   ", palette.good()),
            Span::styled("m ", palette.strong()),
            Span::raw("take it back"),
        ])
    } else {
        keys(palette, &[("m", "mark as compared and equal"), ("Esc", "close")])
    });
    lines
}

fn draw_menu(frame: &mut Frame<'_>, palette: Palette, menu: &Menu, area: Rect, places: &mut Places) {
    let inner = frame_of(frame, palette, &menu.title, menu.items.len(), area);
    let room = usize::from(inner.height);
    let first = (menu.at + 1).saturating_sub(room.max(1));
    places.menu = Some((inner, first));
    for (row, (index, item)) in menu.items.iter().enumerate().skip(first).take(room).enumerate() {
        let row = Rect { y: inner.y + u16::try_from(row).unwrap_or(0), height: 1, ..inner };
        let text = both(&item.label, &item.key.to_string(), usize::from(inner.width));
        let style = if index == menu.at { palette.chosen() } else { palette.text() };
        frame.render_widget(Line::styled(text, style), row);
    }
}

fn draw_find(frame: &mut Frame<'_>, palette: Palette, find: &Find, area: Rect, places: &mut Places) {
    let inner = frame_of(frame, palette, "Find a chat or a message", usize::from(area.height), area);
    let [line, rule] = [0, 1].map(|offset| Rect { y: inner.y + offset, height: 1.min(inner.height), ..inner });
    frame.render_widget(Span::styled("› ", palette.focus()), line);
    let field = Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line };
    frame.render_widget(&find.words, field);
    frame.render_widget(Line::styled("─".repeat(usize::from(rule.width)), palette.faint()), rule);
    let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    let room = usize::from(list.height);
    let first = (find.at + 1).saturating_sub(room.max(1));
    places.menu = Some((list, first));
    if find.hits.is_empty() {
        frame.render_widget(Line::styled("Nothing is found.", palette.faint()), list);
    }
    for (row, (index, hit)) in find.hits.iter().enumerate().skip(first).take(room).enumerate() {
        let row = Rect { y: list.y + u16::try_from(row).unwrap_or(0), height: 1, ..list };
        let style = if index == find.at { palette.chosen() } else { palette.text() };
        frame.render_widget(Line::styled(fit(hit.label(), usize::from(list.width)), style), row);
    }
    cursor(frame, &find.words, field);
}

fn draw_form(frame: &mut Frame<'_>, model: &Model, form: &Form, area: Rect) {
    let palette = model.palette;
    let columns = usize::from(WIDE.min(area.width).saturating_sub(4));
    let intro = wrap(intro(form).as_str(), columns);
    let below = match (&form.wrong, form.busy) {
        (Some(wrong), _) => wrap(&format!("! {wrong}"), columns),
        (None, Some(busy)) => vec![busy.to_owned()],
        (None, None) => vec![String::new()],
    };
    // Where it is tight, what explains gives way to what is asked.
    let room = usize::from(area.height).saturating_sub(2);
    let asked = form.fields.len() * 2 + below.len();
    let gap = u16::from(room >= asked + form.fields.len() + intro.len());
    let intro: Vec<_> = intro.into_iter().take(room.saturating_sub(asked)).collect();
    let rows = intro.len() + asked + form.fields.len() * usize::from(gap);
    let inner = frame_of(frame, palette, form.title(), rows, area);
    let mut y = inner.y;
    let mut row = |height: u16| {
        let place =
            Rect { y: y.min(inner.bottom().saturating_sub(1)), height: height.min(inner.bottom().saturating_sub(y)), ..inner };
        y = y.saturating_add(height);
        place
    };
    for line in intro {
        frame.render_widget(Line::from(line), row(1));
    }
    let mut place_of_cursor = None;
    for (index, field) in form.fields.iter().enumerate() {
        let here = index == form.at && form.busy.is_none();
        let label = Line::from(vec![
            Span::styled(format!("{}  ", field.label), if here { palette.focus() } else { palette.strong() }),
            Span::styled(field.hint, palette.faint()),
        ]);
        frame.render_widget(label, row(1));
        let place = row(1);
        frame.render_widget(Span::styled("› ", if here { palette.focus() } else { palette.faint() }), place);
        let value = Rect { x: place.x + 2, width: place.width.saturating_sub(2), ..place };
        match &field.value {
            Value::Open(text) => frame.render_widget(text.as_ref(), value),
            Value::Hidden(hidden) => {
                let shown = "•".repeat(hidden.letters().min(usize::from(value.width.saturating_sub(1))));
                frame.render_widget(Line::from(shown), value);
            }
        }
        if here {
            place_of_cursor = Some((&field.value, value));
        }
        row(gap);
    }
    let style = if form.wrong.is_some() { palette.alert() } else { palette.strong() };
    for line in below {
        frame.render_widget(Line::styled(line, style), row(1));
    }
    match place_of_cursor {
        Some((Value::Open(text), place)) => cursor(frame, text, place),
        Some((Value::Hidden(hidden), place)) => {
            let letters = u16::try_from(hidden.letters()).unwrap_or(u16::MAX).min(place.width.saturating_sub(1));
            frame.set_cursor_position(Position::new(place.x + letters, place.y));
        }
        None => {}
    }
}

fn intro(form: &Form) -> String {
    match form.purpose {
        Purpose::Unlock => String::new(),
        Purpose::Guard => {
            "What you write is sealed on this device, and its server cannot read it.\n\nA passphrase guards your messages here. Nobody can reset it.\n"
                .to_owned()
        }
        Purpose::Register => {
            "Choose a name. No phone number, no e-mail.\nHave an account already? Ctrl+O joins it with a code.\n".to_owned()
        }
        Purpose::Join => {
            "Join the account that another of your devices has.\nCtrl+O goes back to making a new account.\n".to_owned()
        }
        Purpose::DisplayName => {
            "People see it beside your name, with your next words. The server never learns it.\n".to_owned()
        }
        Purpose::NewChat => "The first message asks them whether they want to talk.\n".to_owned(),
        Purpose::NewGroup => "You will be its admin. More people can be added later.\n".to_owned(),
        _ => String::new(),
    }
}
