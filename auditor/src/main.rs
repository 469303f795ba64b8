//! `waxseal-auditor`: follows a server's key directory, epoch by epoch, and says so where it lies.
//!
//! A shell around `transparency`'s verifying half: it owns the clock, the sockets and the disk. Sees no names, has no
//! account, and needs nobody's leave.
//!
//! ```text
//!   arguments ─► follow ─► round ─┬─► source ─► fetch      what the server shows
//!                  │              ├─► followed             another log, by the old one's word
//!                  │              ├─► grown                our own tree
//!                  │              ├─► caught               what shows a lie
//!                  │              └─► state ─► kept        before anything is said
//!                  └─► serve, witness                      what others are told
//! ```

mod address;
mod arguments;
mod caught;
mod chance;
mod clock;
mod fetch;
mod follow;
mod followed;
mod grown;
mod kept;
mod paper;
mod round;
mod serve;
mod source;
mod state;
mod witness;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use waxseal_transparency::{Verdict, evidence, limits};

use arguments::{Arguments, KeyVerb, Verb};
use caught::TESTIMONY;
use fetch::BadCertificates;
use paper::{say, warn};
use state::{State, StateError};
use witness::KeyError;

/// How it ended; see `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Holds = 0,
    Lied = 1,
    Unknown = 2,
}

/// Why it did not begin, or could not go on: whoever runs this is asked to look.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Certificates(#[from] BadCertificates),
    #[error("plain http leaves this machine unprotected on the way; use https, or say --insecure-http if a tunnel protects it")]
    Open,
    #[error("this state is of {0}; give another server another --state")]
    OtherServer(String),
    #[error("this state follows a log with other keys than --log-key says")]
    OtherLog,
    #[error("--listen: {0}")]
    Listen(#[source] std::io::Error),
    #[error("{path}: {0}", path = .1.display())]
    File(#[source] std::io::Error, PathBuf),
    #[error("nothing was verified yet")]
    Nothing,
    #[error("the log lied: what was verified before is not to be shown; {0}")]
    Lied(String),
    #[error("the system gives no runtime: {0}")]
    System(#[source] std::io::Error),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { 3 } else { 0 });
        }
    };
    match run(arguments.verb) {
        Ok(end) => ExitCode::from(end as u8),
        Err(stop) => {
            warn(format_args!("waxseal-auditor: {stop}"));
            ExitCode::from(3)
        }
    }
}

fn run(verb: Verb) -> Result<End, Stop> {
    match verb {
        Verb::Follow(asked) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Stop::System)?;
            return runtime.block_on(follow::follow(*asked));
        }
        Verb::Key(KeyVerb::New { name, file }) => say(witness::make(&name, &file)?),
        Verb::Key(KeyVerb::Show { file }) => say(witness::load(&file)?.vkey()),
        Verb::Export { state, file } => export(&state, &file)?,
        Verb::Check { file } => return check(&file),
    }
    Ok(End::Holds)
}

fn export(state: &Path, file: &Path) -> Result<(), Stop> {
    let state = State::load(state)?.ok_or(Stop::Nothing)?;
    if let Some(lie) = state.lie {
        return Err(Stop::Lied(lie.sentence));
    }
    let settled = state.settled.ok_or(Stop::Nothing)?;
    kept::put(file, settled.head.to_note(&state.log).as_bytes()).map_err(|error| Stop::File(error, file.to_owned()))
}

fn check(file: &Path) -> Result<End, Stop> {
    let bytes = kept::take(file, limits::EVIDENCE as u64).map_err(|error| Stop::File(error, file.to_owned()))?.unwrap_or_default();
    if bytes.starts_with(TESTIMONY.as_bytes()) {
        let text = String::from_utf8_lossy(&bytes);
        let sentence: String = text.lines().nth(1).unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        say(format_args!("NOT PROVEN. An auditor says so, and the log's own signature does not: {sentence}"));
        return Ok(End::Lied);
    }
    let verdict = evidence::check(&bytes);
    say(&verdict);
    Ok(if matches!(verdict, Verdict::Proven(..)) { End::Holds } else { End::Lied })
}
