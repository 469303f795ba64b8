//! The terminal itself: taken over, and given back as it was.

use std::io::{self, stdout};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange, EnableMouseCapture,
};
use crossterm::execute;
use ratatui::DefaultTerminal;

use super::draw;
use super::model::{Model, Places};

/// Gives the terminal back when dropped, also after a panic.
pub(super) struct Terminal(DefaultTerminal);

impl Terminal {
    /// Takes the terminal over.
    pub(super) fn enter() -> io::Result<Self> {
        let terminal = Self(ratatui::try_init()?);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
        execute!(stdout(), EnableMouseCapture, EnableBracketedPaste, EnableFocusChange)?;
        Ok(terminal)
    }

    /// Draws one frame.
    pub(super) fn draw(&mut self, model: &Model) -> io::Result<Places> {
        let mut places = Places::default();
        self.0.draw(|frame| places = draw::draw(frame, model))?;
        Ok(places)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
        ratatui::restore();
    }
}

fn leave() {
    // A terminal that is gone needs nothing back.
    let _ = execute!(stdout(), DisableFocusChange, DisableBracketedPaste, DisableMouseCapture);
}
