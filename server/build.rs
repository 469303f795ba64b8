//! Puts the built page into the program: `waxseald` needs no file beside it.
//!
//! What `scripts/web` made lies in `web/page/dist`, what it may do stands in
//! `web/page/policy.txt`. A build without it is a
//! server without a page, which says so where the page would be.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let page = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../web/page");
    let made = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let policy = page.join("policy.txt");
    println!("cargo::rerun-if-changed={}", policy.display());
    let policy = fs::read_to_string(policy)?;
    let directives: Vec<_> = policy.lines().filter(|line| !line.starts_with('#')).collect();
    fs::write(made.join("policy.txt"), directives.join("; "))?;
    let page = page.join("dist");
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo would run this again at each build while what it watches is missing, and never where it does not watch it.
    fs::create_dir_all(&page)?;
    println!("cargo::rerun-if-changed={}", page.display());
    let mut files = Vec::new();
    if page.join("index.html").is_file() {
        walk(&page.canonicalize()?, &mut files)?;
        files.sort();
    }
    let mut list = String::from("&[\n");
    for file in &files {
        let packed = file.with_added_extension("br");
        let packed = if packed.is_file() { format!("Some(include_bytes!({packed:?}))") } else { "None".into() };
        let path = served_as(&page.canonicalize()?, file);
        let _ = writeln!(list, "Asset {{ path: {path:?}, plain: include_bytes!({file:?}), brotli: {packed} }},");
    }
    list.push(']');
    fs::write(made.join("page.rs"), list)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => walk(&path, files)?,
            Some("br") => {}
            _ => files.push(path),
        }
    }
    Ok(())
}

/// `/` is the page itself; everything else has the path that it has in the folder.
fn served_as(page: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(page).unwrap_or(file).iter();
    let path = parts.fold(String::new(), |path, part| path + "/" + &part.to_string_lossy());
    if path == "/index.html" { "/".into() } else { path }
}
