//! The members of the open chat.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::{both, fit};
use crate::screen::model::{Focus, Model, Places};
use crate::{harmless, wording};

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, area: Rect, places: &mut Places) {
    let palette = model.palette;
    let members = model.members();
    let has_keyboard = model.focus == Focus::Members;
    let columns = usize::from(area.width);
    let [head, rule] = [0, 1].map(|offset| Rect { y: area.y + offset, height: 1, ..area });
    frame.render_widget(Line::styled(fit(&format!(" Members ({})", members.len()), columns), palette.strong()), head);
    frame.render_widget(Line::styled("─".repeat(columns), palette.faint()), rule);
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let at = model.open.as_ref().map_or(0, |open| open.member);
    let first = (at + 1).saturating_sub(usize::from(list.height).max(1));
    places.members = Some((list, first));
    for (row, (index, member)) in members.iter().enumerate().skip(first).take(usize::from(list.height)).enumerate() {
        let name = match (member.own, member.display_name.as_deref()) {
            (true, _) => format!("{} (you)", harmless::line(&member.name)),
            (false, display) => wording::called(&member.name, display),
        };
        let mut facts = String::new();
        if member.admin {
            facts.push_str("admin ");
        }
        if member.verified {
            facts.push('✓');
        }
        let chosen = has_keyboard && index == at;
        let bar = Span::styled(if chosen { "▌" } else { " " }, palette.focus());
        let style = if chosen { palette.chosen() } else { palette.person(Some(&member.account)) };
        let text = Span::styled(both(&name, facts.trim_end(), columns.saturating_sub(2)), style);
        let place = Rect { y: list.y + u16::try_from(row).unwrap_or(0), height: 1, ..list };
        frame.render_widget(Line::from(vec![bar, text]), place);
    }
}
