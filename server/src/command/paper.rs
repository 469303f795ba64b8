//! `waxseald completions` and `man`: made from the same words as `--help`.

use clap::CommandFactory;

use super::{Args, Failure, tell};

/// Prints completions.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "waxseald", &mut script);
    tell(&String::from_utf8_lossy(&script))
}

/// Prints the manual page, in roff.
pub(super) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page)?;
    tell(&String::from_utf8_lossy(&page))
}
