//! `waxseald`: carries sealed envelopes and cannot open them.
//!
//! The shell: reads what the operator wants, and does it. Every rule is in the
//! library; the clock, the signals and the terminal are here.

mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match command::perform(command::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("waxseald: {failure}");
            failure.exit_code()
        }
    }
}
