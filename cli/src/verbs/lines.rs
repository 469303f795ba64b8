//! Standard input, line by line, beside everything else that goes on.
//!
//! Used by `listen` and `talk`.

use std::io::BufRead as _;

use tokio::sync::mpsc;

/// Lines read ahead of what is done.
const AHEAD: usize = 64;

/// See the module.
pub(super) struct Lines(Option<mpsc::Receiver<String>>);

impl Lines {
    /// Begins to read. It blocks a thread for as long as nobody writes: one that nobody waits for.
    pub(super) fn begin() -> std::io::Result<Self> {
        let (put, lines) = mpsc::channel(AHEAD);
        std::thread::Builder::new().name("input".into()).spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if put.blocking_send(line).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self(Some(lines)))
    }

    /// Nothing will ever come.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The next line; `None` once, when there are no more, and then waits for ever.
    pub(super) async fn next(&mut self) -> Option<String> {
        match &mut self.0 {
            Some(lines) => {
                let line = lines.recv().await;
                if line.is_none() {
                    self.0 = None;
                }
                line
            }
            None => std::future::pending().await,
        }
    }
}
