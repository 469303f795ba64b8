//! What came into the house: licences, bans, sources, and nothing unused.
//!
//! The part of `cargo deny check bans licenses sources` and `cargo machete`
//! that needs no other tool and no network; reads the same `deny.toml`.
//! Advisories need a database from outside: `make deny`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use quote::ToTokens;
use semver::{Version, VersionReq};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use super::cargo::{Metadata, Package};
use super::{Failure, source};

/// The part of `deny.toml` that is read.
#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

/// `crate@<0.13` bans what is older; `wrappers` may depend on it all the same.
#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
}

/// Everything that should not be here.
pub(super) fn wrongs(root: &Path) -> Result<Vec<String>, Failure> {
    let path = Path::new("deny.toml");
    let rules = fs::read_to_string(root.join(path)).map_err(|error| Failure::source(path, error))?;
    let rules: Rules = toml::from_str(&rules).map_err(|error| Failure::source(path, error))?;
    let metadata = Metadata::of_workspace(root)?;
    let mut wrongs = strangers(&rules, &metadata);
    for package in metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id)) {
        wrongs.extend(unused(root, package)?);
    }
    wrongs.extend(misspelled(root));
    Ok(wrongs)
}

fn strangers(rules: &Rules, metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let parents = |id: &str| {
        let nodes = metadata.resolve.nodes.iter().filter(move |node| node.deps.iter().any(|to| to.pkg == id));
        nodes.filter_map(|node| names.get(node.id.as_str()).copied()).collect::<Vec<_>>()
    };
    let mut wrongs = Vec::new();
    // What Cargo knows but does not build (other platforms are built too) is not here.
    for package in metadata.packages.iter().filter(|package| metadata.resolve.nodes.iter().any(|node| node.id == package.id)) {
        let Package { name, version, .. } = package;
        if !is_allowed(package.license.as_deref().unwrap_or_default(), &rules.licenses.allow) {
            wrongs.push(format!("{name} {version} has the licence {:?}", package.license));
        }
        if package.source.as_deref().is_some_and(|source| source != "registry+https://github.com/rust-lang/crates.io-index") {
            wrongs.push(format!("{name} {version} comes from an unknown source"));
        }
        for ban in rules.bans.deny.iter().filter(|ban| ban.bans(name, version)) {
            for parent in parents(&package.id).into_iter().filter(|parent| !ban.wrappers.iter().any(|wrapper| wrapper == parent)) {
                wrongs.push(format!("{name} {version} is banned and came in through {parent}"));
            }
        }
    }
    wrongs
}

impl Ban {
    fn bans(&self, name: &str, version: &Version) -> bool {
        match self.name.split_once('@') {
            Some((banned, versions)) => banned == name && VersionReq::parse(versions).is_ok_and(|banned| banned.matches(version)),
            None => self.name == name,
        }
    }
}

/// An SPDX expression; older packages write `/` for `OR`.
fn is_allowed(expression: &str, allow: &[String]) -> bool {
    let known = |it: &LicenseReq| allow.iter().any(|allowed| *allowed == it.to_string());
    Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(known))
}

/// Declared, but named nowhere in the crate.
fn unused(root: &Path, package: &Package) -> Result<Vec<String>, Failure> {
    let folder = package.name.trim_start_matches("waxseal-");
    let mut words = String::new();
    for source in source::of_crate(root, folder)? {
        words.push_str(&source.file.to_token_stream().to_string());
    }
    let named = |name: &str| words.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name);
    let ignored = package.metadata.as_ref().map(|notes| notes.machete.ignored.as_slice()).unwrap_or_default();
    let declared = package.dependencies.iter().filter(|declared| declared.kind.is_none() && !ignored.contains(&declared.name));
    let unnamed = declared.filter(|declared| !named(&declared.rename.as_ref().unwrap_or(&declared.name).replace('-', "_")));
    Ok(unnamed.map(|declared| format!("{folder} declares {} and does not use it", declared.name)).collect())
}

/// `typos`, where it is installed.
fn misspelled(root: &Path) -> Vec<String> {
    match Command::new("typos").args(["--format", "brief"]).current_dir(root).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrongs(name: &str, version: &str, licence: &str, source: &str, parent: &str) -> Vec<String> {
        let rules: Rules = toml::from_str(
            "[licenses]\nallow = ['MIT', 'ISC', 'Apache-2.0']\n[bans]\ndeny = [{ crate = 'akd@<0.13' }, { crate = 'openssl-sys', wrappers = ['libsqlite3-sys'] }]",
        )
        .expect("rules");
        let package = |id: &str, licence: &str, source: &str| {
            let (name, version) = id.split_once(' ').expect("name and version");
            json!({"id": id, "name": name, "version": version, "license": licence, "source": source,
                "dependencies": [], "metadata": null})
        };
        let (child, parent) = (format!("{name} {version}"), format!("{parent} 1.0.0"));
        let metadata = json!({
            "packages": [package(&child, licence, source), package(&parent, "MIT", "registry+https://github.com/rust-lang/crates.io-index")],
            "workspace_members": [],
            "resolve": {"nodes": [{"id": child, "deps": []}, {"id": parent, "deps": [{"pkg": child, "dep_kinds": []}]}]},
        });
        strangers(&rules, &serde_json::from_value(metadata).expect("metadata"))
    }

    const HOME: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn an_unknown_licence_or_source_is_named() {
        assert!(wrongs("a", "1.0.0", "MIT OR GPL-3.0", HOME, "b").is_empty());
        assert_eq!(wrongs("a", "1.0.0", "GPL-3.0", HOME, "b").len(), 1);
        assert_eq!(wrongs("a", "1.0.0", "MIT", "git+https://example.org/a", "b").len(), 1);
    }

    #[test]
    fn a_banned_crate_comes_in_only_through_its_wrapper() {
        assert!(wrongs("openssl-sys", "0.9.1", "MIT", HOME, "libsqlite3-sys").is_empty());
        assert_eq!(
            wrongs("openssl-sys", "0.9.1", "MIT", HOME, "native-tls"),
            ["openssl-sys 0.9.1 is banned and came in through native-tls"]
        );
        assert_eq!(wrongs("akd", "0.12.9", "MIT", HOME, "waxseal-transparency").len(), 1);
        assert!(wrongs("akd", "0.13.0", "MIT", HOME, "waxseal-transparency").is_empty());
    }

    #[test]
    fn licence_expressions_are_read_as_spdx_means_them() {
        let allow = ["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0".to_owned()];
        for good in
            ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "MIT AND ISC", "(MIT OR GPL-3.0) AND ISC", "ISC AND (Apache-2.0 OR MIT)"]
        {
            assert!(is_allowed(good, &allow), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "GPL-3.0 AND (MIT OR ISC)"] {
            assert!(!is_allowed(bad, &allow), "{bad}");
        }
    }

    #[test]
    fn a_dependency_that_nobody_names_is_unused() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("core/src")).expect("a folder");
        fs::write(root.path().join("core/src/lib.rs"), "use used_one::Thing; // not idle\n").expect("a file");
        let declared = ["used-one", "idle", "needed"].map(|name| json!({"name": name, "kind": null, "rename": null}));
        let package = json!({"id": "c", "name": "waxseal-core", "version": "1.0.0", "license": null, "source": null,
            "metadata": {"cargo-machete": {"ignored": ["needed"]}}, "dependencies": declared});
        let package = serde_json::from_value(package).expect("a package");
        assert_eq!(unused(root.path(), &package).expect("it reads"), ["core declares idle and does not use it"]);
    }
}
