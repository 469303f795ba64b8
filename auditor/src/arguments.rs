//! The command line: what can be asked for, with examples.
//!
//! Called by `main`. Decides nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueHint};
use waxseal_transparency::LogKeys;

use crate::address::Address;
use crate::source::read_keys;

const EXAMPLES: &str = "\
Examples:
  waxseal-auditor follow https://chat.example --once
      look at everything once: every epoch from the first on, at the next call from where it stopped
  waxseal-auditor key new auditor.example witness.key
  waxseal-auditor follow https://chat.example --key witness.key --listen 127.0.0.1:8720 --on-failure ./call-me
      a service that looks every minute, tells others what it has verified, and calls somebody where the server lies
  waxseal-auditor check evidence.waxseal
      what a piece of evidence proves, without a network";

const CODES: &str = "\
Exit codes:
  0  all of it holds (check: the log is convicted)
  1  the log lied: standard error says how, and where the evidence is (check: nothing is proven)
  2  nothing can be said now: no answer, or one that cannot be read; ask again later
  3  the command line is wrong, or a file cannot be read or written";

/// Follows a server's key directory and says so where it lies.
///
/// It takes every epoch of the log from the first on, verifies that each one only added to the one before, builds the
/// log's tree by itself, and compares. It sees no names.
#[derive(Debug, Parser)]
#[command(name = "waxseal-auditor", version, max_term_width = 100, after_help = format!("{EXAMPLES}\n\n{CODES}"))]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Follow the log of a server, as a service or once.
    Follow(Box<Follow>),
    /// Make or show this auditor's own key, which cosigns what it has verified.
    #[command(subcommand)]
    Key(KeyVerb),
    /// Write the newest verified head, with cosignatures, as a signed note.
    Export {
        /// The state that `follow` keeps.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        state: PathBuf,
        /// Where to write it.
        file: PathBuf,
    },
    /// Say what a piece of evidence proves.
    Check {
        /// Written by this program, or by `waxseal evidence write`.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key; prints the verifier key, to be published.
    New {
        /// What this witness is called, best a host name: auditor.example.
        name: String,
        /// A new file; whoever has it can sign as this witness.
        file: PathBuf,
    },
    /// Print the verifier key of a key.
    Show {
        /// A file that `key new` made.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Follow {
    /// The server, as https://chat.example.
    #[arg(value_hint = ValueHint::Url)]
    pub(crate) server: Address,
    /// What was verified so far [default: HOST.audit in this folder].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// Look once, and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// How often to look, as 30s, 5m or 1h.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = read_time)]
    pub(crate) every: Duration,
    /// The log's keys (the first line of SERVER/log/keys), from somebody whom you believe.
    #[arg(long, value_name = "HEX", value_parser = read_log_key)]
    pub(crate) log_key: Option<LogKeys>,
    /// Cosign what was verified with this key.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// Show the newest verified head here, at /checkpoint; with --key, be a witness at /add-checkpoint.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    pub(crate) listen: Option<SocketAddr>,
    /// Run by `sh -c` where the log lied; $WAXSEAL_SENTENCE and $WAXSEAL_EVIDENCE say what and where.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_failure: Option<String>,
    /// Where evidence is written [default: beside the state].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) evidence: Option<PathBuf>,
    /// Trust the certificates in this PEM file too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
    /// Allow plain http to another machine, where a tunnel protects it.
    #[arg(long)]
    pub(crate) insecure_http: bool,
}

fn read_time(text: &str) -> Result<Duration, &'static str> {
    const FORM: &str = "write a time as 30s, 5m or 1h";
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        _ => return Err(FORM),
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<u32>().ok());
    number.filter(|number| *number > 0).map(|number| Duration::from_secs(u64::from(number) * unit)).ok_or(FORM)
}

fn read_log_key(text: &str) -> Result<LogKeys, &'static str> {
    read_keys(text).ok_or("these are no keys of a log: 128 hexadecimal digits, as SERVER/log/keys shows them")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together_and_teaches() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_long_help().to_string();
        assert!(help.contains("waxseal-auditor follow https://") && help.contains("Exit codes"));
    }

    #[test]
    fn times_are_read() {
        assert_eq!(read_time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(read_time("2h"), Ok(Duration::from_secs(7200)));
        for text in ["", "s", "0s", "1", "-1s", "1d", "1é", "99999999999s"] {
            assert!(read_time(text).is_err(), "{text}");
        }
    }
}
