//! What the server can hold about anybody, and why: read off the schema by the server itself.
//!
//! Builds `waxseald` and asks it (`waxseald holds`): nothing here knows a table. It fails where a column
//! has no reason; the server's own tests do so too, on every run.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::Failure;

/// Prints the list; gives what is held without a reason.
pub(super) fn wrongs(root: &Path) -> Result<Vec<String>, Failure> {
    let mut run = Command::new(env!("CARGO"));
    run.args(["run", "--quiet", "--locked", "-p", "waxseal-server", "--bin", "waxseald", "--", "holds"]).current_dir(root);
    let run = run.stderr(Stdio::inherit()).output();
    let Output { status, stdout, .. } = run.map_err(|error| Failure::source(Path::new("server"), error))?;
    print!("{}", String::from_utf8_lossy(&stdout));
    Ok(if status.success() { Vec::new() } else { vec!["the server does not say why it holds what it holds".to_owned()] })
}
