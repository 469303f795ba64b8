//! Where log lines go: standard error, for eyes or for programs.
//!
//! Nothing that is logged anywhere in this crate names or measures a person.

use std::io;

use tracing_subscriber::EnvFilter;
use waxseal_server::config::{Log, LogFormat};

use super::Failure;

/// Starts logging.
pub(super) fn start(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| Failure::LogLevel(error.to_string()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let started = match log.format {
        LogFormat::Human => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| Failure::LogLevel(error.to_string()))
}
