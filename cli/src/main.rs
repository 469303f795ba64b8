//! `waxseal`: the terminal client, scripting verbs and the door for bots.
//!
//! A shell around `waxseal-core`: it owns the clock, chance, sockets and the
//! terminal, and decides nothing about the protocol.
//!
//! ```text
//!   arguments ─► verbs ──┐                     ┌─► profile   folder, lock, key
//!   keys ──────► screen ─┴─► visit ─► engine ──┼─► core      decides
//!                                              └─► network   two doors
//! ```

mod address;
mod arguments;
mod chance;
mod clock;
mod engine;
mod exit;
mod harmless;
mod json;
mod names;
mod network;
mod paper;
mod profile;
mod screen;
mod stop;
mod target;
mod verbs;
mod visit;
mod wording;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use exit::Failure;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misread(&error),
    };
    // Before the first thread: the system's zone can be read safely only then.
    let zone = clock::zone();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let done = runtime.block_on(async {
        match arguments.verb {
            Some(verb) => verbs::run(verb, &arguments.place, zone).await,
            None => screen::run(&arguments.place, zone).await,
        }
    });
    // A read of standard input may never end; nobody waits for it.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read us has gone: `waxseal read | head`.
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => failed(&failure),
    }
}

/// What clap says; an error repeats what was typed, so it is made harmless first.
fn misread(error: &clap::Error) -> ExitCode {
    let is_plain = |typed: std::ffi::OsString| typed.to_str().is_some_and(|typed| harmless::text(typed) == typed);
    if error.use_stderr() && !std::env::args_os().all(is_plain) {
        // As text it has no colours: what is left of escape sequences was typed.
        paper::remark(harmless::text(error.to_string().trim_end()));
    } else {
        // Help, the version, or an error with its colours. Nobody reads it: nothing can be done.
        error.print().ok();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn failed(failure: &Failure) -> ExitCode {
    paper::remark(harmless::text(&format!("waxseal: {failure}")));
    failure.code()
}
