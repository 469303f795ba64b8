//! Where a person sits: the terminal, its keys, and the signals of the shell that started us.
//!
//! Held by `entrance` and by the loop, one after the other. Knows nothing of
//! what is shown.

use std::io;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::model::{Model, Places};
use super::terminal::Terminal;
use crate::stop::Stop;

/// See the module.
pub(super) struct Seat {
    terminal: Terminal,
    keys: EventStream,
    stop: Stop,
    #[cfg(unix)]
    aside: Signal,
    #[cfg(unix)]
    back: Signal,
}

/// What happened at it.
#[derive(Debug)]
pub(super) enum Sat {
    /// A key, the mouse, a paste, another size.
    Key(Event),
    /// The terminal is gone, or somebody asks us to end.
    Stop,
    /// The shell wants the terminal for a while (SIGTSTP).
    Aside,
    /// We go on after having been stopped (SIGCONT).
    Back,
}

impl Seat {
    /// Takes the terminal over.
    pub(super) fn take() -> io::Result<Self> {
        // Before the terminal: a signal must find somebody who gives it back.
        let stop = Stop::listen()?;
        Ok(Self {
            stop,
            #[cfg(unix)]
            aside: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            #[cfg(unix)]
            back: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            terminal: Terminal::enter()?,
            keys: EventStream::new(),
        })
    }

    /// Draws one frame.
    pub(super) fn draw(&mut self, model: &Model) -> io::Result<Places> {
        self.terminal.draw(model)
    }

    /// The next thing that happens.
    pub(super) async fn next(&mut self) -> Sat {
        #[cfg(unix)]
        let (aside, back) = (self.aside.recv(), self.back.recv());
        #[cfg(not(unix))]
        let (aside, back) = (std::future::pending::<()>(), std::future::pending::<()>());
        tokio::select! {
            key = self.keys.next() => match key {
                Some(Ok(key)) => Sat::Key(key),
                Some(Err(_)) | None => Sat::Stop,
            },
            () = self.stop.asked() => Sat::Stop,
            _ = aside => Sat::Aside,
            _ = back => Sat::Back,
        }
    }

    /// Steps aside, as other programs do at Ctrl+Z; comes back when the shell brings us to the front again.
    #[cfg(unix)]
    pub(super) async fn step_aside(&mut self) -> io::Result<()> {
        self.terminal.lend();
        // We listen to the polite signal, so only the other one stops us.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        self.back.recv().await;
        self.terminal.enter_again()
    }

    /// There is no shell to step aside for.
    #[cfg(not(unix))]
    pub(super) async fn step_aside(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Takes the terminal over again after somebody stopped us.
    pub(super) fn come_back(&mut self) -> io::Result<()> {
        self.terminal.enter_again()
    }
}
