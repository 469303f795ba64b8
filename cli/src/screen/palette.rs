//! Colours and weights. Nothing is told by colour alone.
//!
//! The hues are those of Okabe and Ito (2008), which people with any kind of
//! colour vision tell apart. With `NO_COLOR` (no-color.org) only weight is left.

use ratatui::style::{Color, Modifier, Style};
use waxseal_wire::id::AccountId;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    colour: bool,
}

/// Orange, sky blue, green, yellow, blue, purple of Okabe and Ito, in the 256-colour cube.
const PEOPLE: [u8; 6] = [214, 75, 36, 221, 68, 175];

impl Palette {
    /// With colours, unless `NO_COLOR` is set to anything.
    pub(crate) fn of_environment() -> Self {
        Self { colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    /// With or without colours.
    #[cfg(test)]
    pub(crate) fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn tinted(self, style: Style, index: u8) -> Style {
        if self.colour { style.fg(Color::Indexed(index)) } else { style }
    }

    /// Ordinary text.
    pub(crate) fn text(self) -> Style {
        Style::default()
    }

    /// What matters less: times, hints, notices.
    pub(crate) fn faint(self) -> Style {
        Style::default().add_modifier(Modifier::DIM)
    }

    /// What matters more.
    pub(crate) fn strong(self) -> Style {
        Style::default().add_modifier(Modifier::BOLD)
    }

    /// The frame of what has the keyboard.
    pub(crate) fn focus(self) -> Style {
        self.tinted(self.strong(), 75)
    }

    /// What is chosen.
    pub(crate) fn chosen(self) -> Style {
        Style::default().add_modifier(Modifier::REVERSED)
    }

    /// What went well.
    pub(crate) fn good(self) -> Style {
        self.tinted(Style::default(), 36)
    }

    /// What needs a person.
    pub(crate) fn alert(self) -> Style {
        self.tinted(self.strong(), 214)
    }

    /// One person's name.
    pub(crate) fn person(self, account: Option<&AccountId>) -> Style {
        let byte = account.and_then(|account| account.0.first()).copied().unwrap_or_default();
        let index = PEOPLE.get(usize::from(byte) % PEOPLE.len()).copied().unwrap_or(75);
        self.tinted(self.strong(), index)
    }
}
