//! The terminal itself: taken over, lent back to the shell, given back as it was.

use std::io::{self, stdout};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
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
            give_back();
            before(panic);
        }));
        execute!(stdout(), EnableMouseCapture, EnableBracketedPaste, EnableFocusChange)?;
        Ok(terminal)
    }

    /// Takes it over again, whatever others have done with it meanwhile.
    pub(super) fn enter_again(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, EnableFocusChange)?;
        self.0.clear()
    }

    /// Lends it back to whoever has started us.
    pub(super) fn lend(&mut self) {
        let _ = self.0.show_cursor();
        give_back();
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
        self.lend();
    }
}

/// A terminal that is gone needs nothing back.
fn give_back() {
    let _ = execute!(stdout(), DisableFocusChange, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen);
    let _ = disable_raw_mode();
}
