//! What is said: what holds on standard output, what does not on standard error.
//!
//! Called by everyone here. A reader that has gone stops nothing: the audit matters more than its words.

use std::fmt::Display;
use std::io::Write;

/// One line for whoever reads along.
pub(crate) fn say(line: impl Display) {
    writeln!(std::io::stdout().lock(), "{line}").ok();
}

/// One line for whoever has to act.
pub(crate) fn warn(line: impl Display) {
    writeln!(std::io::stderr().lock(), "{line}").ok();
}
