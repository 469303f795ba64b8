//! Puts the manifest of the page into the program: what a server's page must be.
//!
//! What `scripts/web` made lies in `web/page/page.manifest`. A build without it
//! has nothing to compare with, and says so.

#![allow(clippy::disallowed_macros, reason = "Cargo reads what a build script prints")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let page = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../web/page");
    let made = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    // The manifest is written with the files in `dist`. Cargo would run this again at each build while what it watches is missing.
    fs::create_dir_all(page.join("dist"))?;
    for watched in ["policy.txt", "dist"] {
        println!("cargo::rerun-if-changed={}", page.join(watched).display());
    }
    let policy = fs::read_to_string(page.join("policy.txt"))?;
    let directives: Vec<_> = policy.lines().filter(|line| !line.starts_with('#')).collect();
    fs::write(made.join("policy.txt"), directives.join("; "))?;
    let manifest = fs::read_to_string(page.join("page.manifest")).unwrap_or_default();
    let mut list = String::from("&[\n");
    for line in manifest.lines() {
        let mut words = line.splitn(3, "  ");
        let (Some(hash), Some(bytes), Some(path)) = (words.next(), words.next(), words.next()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "page.manifest does not read"));
        };
        let _ = writeln!(list, "File {{ path: {path:?}, bytes: {bytes}, sha256: {hash:?} }},");
    }
    list.push(']');
    fs::write(made.join("manifest.rs"), list)
}
