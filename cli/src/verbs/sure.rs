//! Asking before something that cannot be taken back.
//!
//! Called by verbs that remove, leave, block or delete. A script is not asked:
//! whoever wrote it has typed what should happen.

use std::io::{BufRead, IsTerminal, Write};

use crate::arguments::Sure;
use crate::exit::Failure;

/// Goes on where the person says yes, has said so on the command line, or is not there.
pub(super) fn ask(sure: Sure, question: &str) -> Result<(), Failure> {
    if sure.yes || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(());
    }
    let mut out = std::io::stderr();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") { Ok(()) } else { Err(Failure::NotSure) }
}
