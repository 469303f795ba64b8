//! `waxseald init`: a configuration file that explains itself.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use waxseal_server::config::TEMPLATE;

use super::{Failure, tell};

/// Writes the file; never over another.
pub(super) fn init(file: &Path) -> Result<(), Failure> {
    let at = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::FileExists(file.to_owned()),
        _ => Failure::Path(file.to_owned(), error),
    };
    let mut made = OpenOptions::new().write(true).create_new(true).open(file).map_err(at)?;
    made.write_all(TEMPLATE.as_bytes()).and_then(|()| made.sync_all()).map_err(|error| {
        // Half a configuration would be taken for one.
        std::fs::remove_file(file).ok();
        at(error)
    })?;
    tell(&format!("Wrote {0}. Change what you like, then: waxseald --config {0}\n", file.display()))
}
