//! What Cargo resolved: the part of `cargo metadata` that is read.
//!
//! Called by `arch` and `deps`. Never judges.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::Failure;

/// All packages that Cargo knows, and what is built of them.
#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    pub(super) workspace_members: Vec<String>,
    pub(super) resolve: Resolve,
}

/// One version of a package.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: semver::Version,
    pub(super) license: Option<String>,
    pub(super) source: Option<String>,
    pub(super) dependencies: Vec<Declared>,
    pub(super) metadata: Option<Notes>,
}

/// A line of `[dependencies]`; `kind` is none, `build` or `dev`.
#[derive(Deserialize)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) rename: Option<String>,
    #[serde(default)]
    pub(super) features: Vec<String>,
}

/// `[package.metadata.cargo-machete] ignored = […]`: needed without being named.
#[derive(Default, Deserialize)]
pub(super) struct Notes {
    #[serde(rename = "cargo-machete", default)]
    pub(super) machete: Machete,
}

/// See [`Notes`].
#[derive(Default, Deserialize)]
pub(super) struct Machete {
    #[serde(default)]
    pub(super) ignored: Vec<String>,
}

/// Who depends on whom.
#[derive(Deserialize)]
pub(super) struct Resolve {
    pub(super) nodes: Vec<Node>,
}

/// One package that is built, and what it needs.
#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) deps: Vec<Arrow>,
    #[serde(default)]
    pub(super) features: Vec<String>,
}

/// To another package, and in which builds.
#[derive(Deserialize)]
pub(super) struct Arrow {
    pub(super) pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl Arrow {
    /// Whether more than tests need it.
    pub(super) fn is_built(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}

impl Metadata {
    /// Asks Cargo.
    pub(super) fn of_workspace(root: &Path) -> Result<Self, Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--locked"])
            .current_dir(root)
            .output()
            .map_err(|error| Failure::Metadata(error.to_string()))?;
        if output.status.success() {
            Self::from_json(&output.stdout)
        } else {
            Err(Failure::Metadata(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }

    /// Reads what Cargo said.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(json).map_err(|error| Failure::Metadata(error.to_string()))
    }
}
