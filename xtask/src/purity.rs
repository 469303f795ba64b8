//! The pure crates fetch nothing: no clock, no socket, no randomness of the system.
//!
//! Clippy forbids the calls where it sees them; this reads the tokens, so that
//! macros and re-exports do not hide one. Tests are free. Dependencies are
//! looked at by `arch`.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use super::Failure;
use super::source::{self, Source};

/// Crates that take time and chance as arguments.
pub(super) const PURE: [&str; 3] = ["wire", "transparency", "core"];

/// Paths that reach outside; a path is found wherever these words follow each other.
const FORBIDDEN: [(&[&str], &str); 9] = [
    (&["SystemTime", "now"], "time is passed in as Millis"),
    (&["Instant", "now"], "time is passed in as Millis"),
    (&["OsRng"], "randomness is passed in"),
    (&["thread_rng"], "randomness is passed in"),
    (&["from_entropy"], "randomness is passed in"),
    (&["getrandom"], "randomness is passed in"),
    (&["std", "net"], "a shell opens sockets"),
    (&["tokio"], "a shell waits"),
    (&["thread", "sleep"], "a shell waits"),
];

/// Every forbidden name in the pure crates.
pub(super) fn wrongs(root: &Path) -> Result<Vec<String>, Failure> {
    let mut wrongs = Vec::new();
    for folder in PURE {
        for source in source::of_crate(root, folder)? {
            wrongs.extend(reaches_outside(&source));
        }
    }
    Ok(wrongs)
}

fn reaches_outside(source: &Source) -> Vec<String> {
    let mut paths = Vec::new();
    read_paths(source.file.to_token_stream(), &[], &mut paths);
    let mut wrongs = Vec::new();
    for (words, why) in FORBIDDEN {
        let named = |path: &Vec<String>| path.windows(words.len()).any(|window| window.iter().eq(words));
        if paths.iter().any(named) {
            wrongs.push(format!("{}: names {} — {why}", source.path.display(), words.join("::")));
        }
    }
    wrongs
}

/// Every `a::b::c` in the tokens; in `a::{b, c::d}` every branch with its stem.
fn read_paths(tokens: TokenStream, stem: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = stem.to_owned();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                if colons != 2 {
                    found.push(std::mem::replace(&mut path, if colons == 0 { stem.to_owned() } else { Vec::new() }));
                }
                path.push(word.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                read_paths(group.stream(), if colons == 2 { &path } else { &[] }, found);
                colons = 0;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {
                found.push(std::mem::replace(&mut path, stem.to_owned()));
                colons = 0;
            }
        }
    }
    found.push(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrongs(text: &str) -> usize {
        reaches_outside(&Source::parse(Path::new("core/src/a.rs"), text).expect("it parses")).len()
    }

    #[test]
    fn every_way_outside_is_seen() {
        for text in [
            "fn a() { let _ = std::time::Instant::now(); }",
            "use std::time::SystemTime;\nfn a() { SystemTime::now(); }",
            "use rand_core::OsRng;",
            "use rand_core::{CryptoRngCore, OsRng as Chance};",
            "use std::{fmt, net::TcpStream};",
            "fn a() { my_macro!(x, std::net::TcpStream::connect(y)); }",
            "fn a() { getrandom::getrandom(&mut x); }",
            "fn a() { ChaCha20Rng::from_entropy(); }",
            "async fn a() { tokio::task::yield_now().await; }",
            "use std::thread;\nfn a() { thread::sleep(b); }",
        ] {
            assert_eq!(wrongs(text), 1, "{text}");
        }
    }

    #[test]
    fn words_tests_and_other_names_are_free() {
        for text in [
            "// Instant::now() is forbidden\nfn a() { let b = \"OsRng\"; }",
            "#[cfg(test)]\nmod tests { use rand_core::OsRng; }",
            "use std::fmt;\nmod net {}\nfn a(now: Millis) { net::b(); }",
            "struct A { std: u8, net: u8 }",
        ] {
            assert_eq!(wrongs(text), 0, "{text}");
        }
    }
}
