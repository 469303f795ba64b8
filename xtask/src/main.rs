//! Checks of the house that no compiler makes: `cargo run -p xtask -- <check>`.
//!
//! Called by `make lint`. Reads the workspace; never changes it.

mod arch;
#[cfg(feature = "web")]
mod bindgen;
mod cargo;
mod deps;
mod hold;
mod purity;
mod size;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Checks that the house is as it was drawn.
#[derive(Debug, Parser)]
#[command(version)]
enum Check {
    /// Dependencies point down, the server cannot read, the pure crates fetch nothing.
    Arch,
    /// Licences, bans and sources as in deny.toml; no dependency unused; no typos.
    Deps,
    /// Print what the server can hold about anybody, and why; every column has its reason.
    WhatWeHold,
    /// No file over 500 lines and no function over 80, tests apart.
    Size,
    /// Make the page's module and its JavaScript out of what Cargo built (called by scripts/web).
    #[cfg(feature = "web")]
    Bindgen {
        /// What Cargo built.
        module: PathBuf,
        /// Where the two go.
        out: PathBuf,
    },
}

impl Check {
    /// Whether it looks at the house, and makes nothing.
    fn looks(&self) -> bool {
        match self {
            #[cfg(feature = "web")]
            Self::Bindgen { .. } => false,
            _ => true,
        }
    }
}

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cargo metadata: {0}")]
    Metadata(String),
    #[error("{path}: {reason}")]
    Source { path: PathBuf, reason: String },
}

impl Failure {
    fn source(path: &Path, reason: impl ToString) -> Self {
        Self::Source { path: path.to_owned(), reason: reason.to_string() }
    }
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let check = Check::parse();
    match run(&check, root) {
        Ok(wrongs) if wrongs.is_empty() => {
            if check.looks() {
                println!("the house stands as drawn");
            }
            ExitCode::SUCCESS
        }
        Ok(wrongs) => {
            wrongs.iter().for_each(|wrong| eprintln!("error: {wrong}"));
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is wrong, one sentence each.
fn run(check: &Check, root: &Path) -> Result<Vec<String>, Failure> {
    match check {
        Check::Arch => {
            let mut wrongs = arch::Graph::of(cargo::Metadata::of_workspace(root)?).wrongs();
            wrongs.extend(purity::wrongs(root)?);
            Ok(wrongs)
        }
        Check::Deps => deps::wrongs(root),
        Check::WhatWeHold => hold::wrongs(root),
        Check::Size => size::wrongs(root),
        #[cfg(feature = "web")]
        Check::Bindgen { module, out } => bindgen::run(module, out).map(|()| Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(it: &Check) -> Vec<String> {
        run(it, Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")).expect("readable source")
    }

    #[test]
    fn this_house_keeps_its_arrows() {
        assert_eq!(house(&Check::Arch), Vec::<String>::new());
    }

    #[test]
    fn this_house_keeps_its_sizes() {
        assert_eq!(house(&Check::Size), Vec::<String>::new());
    }
}
