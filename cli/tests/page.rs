//! The page that a server gives, compared with the release's: by a real server, and by one that changes it on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(dead_code, unreachable_pub, reason = "shared with other tests")]

mod cast;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use cast::Town;

/// Passes everything on, but for these bytes of what the server says; returns where it listens.
fn tampering(server: &str, from: &'static [u8], to: &'static [u8]) -> String {
    assert_eq!(from.len(), to.len(), "what follows must stay where it is");
    let server = server.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            let upstream = TcpStream::connect(&server).unwrap();
            let (mut asks, mut asked) = (caller.try_clone().unwrap(), upstream.try_clone().unwrap());
            std::thread::spawn(move || {
                std::io::copy(&mut asks, &mut asked).ok();
                asked.shutdown(Shutdown::Write).ok();
            });
            std::thread::spawn(move || answer(upstream, caller, from, to));
        }
    });
    address
}

fn answer(mut upstream: TcpStream, mut caller: TcpStream, from: &[u8], to: &[u8]) {
    let (mut buffer, mut kept) = (vec![0; 1 << 16], Vec::new());
    while let Ok(read @ 1..) = upstream.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        while let Some(at) = kept.windows(from.len()).position(|window| window == from) {
            kept[at..at + from.len()].copy_from_slice(to);
        }
        if caller.write_all(&kept).is_err() {
            return;
        }
        kept.clear();
    }
    caller.shutdown(Shutdown::Write).ok();
}

/// The paths of this release's page; the test says what to do where it was not built.
fn manifest(town: &Town) -> Vec<String> {
    let said = town.person("anybody").done(&["page", "manifest"]);
    let paths: Vec<_> = said.lines().map(|line| line.split_once("  ").unwrap().1.to_owned()).collect();
    assert!(paths.iter().any(|path| path == "/"), "the page is not built: scripts/web builds it");
    paths
}

/// What is said of the files of a page that is not the release's.
fn refused(town: &Town, address: &str) -> String {
    let output = town.person("anybody").run(&["page", "verify", address]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_page_of_an_honest_server_is_that_of_the_release() {
    let town = Town::new();
    let paths = manifest(&town);
    let said = town.person("anybody").done(&["page", "verify", &town.address()]);
    assert_eq!(said.lines().filter(|line| line.starts_with("same ")).count(), paths.len(), "{said}");
}

#[test]
fn a_changed_page_is_named_file_by_file() {
    let town = Town::new();
    let paths = manifest(&town);
    let at = tampering(&town.address(), b"<!doctype html>", b"<!DOCTYPE html>");
    let said = refused(&town, &at);
    let changed: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("CHANGED")).map(str::trim).collect();
    assert_eq!(changed, ["/"], "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("same ")).count(), paths.len() - 1, "{said}");
}

#[test]
fn a_page_that_may_do_more_than_it_should_is_named() {
    let town = Town::new();
    manifest(&town);
    let at = tampering(&town.address(), b"connect-src 'self'", b"connect-src https:");
    let said = refused(&town, &at);
    assert!(said.lines().all(|line| line.starts_with("OTHER POLICY")), "{said}");
}

#[test]
fn a_server_without_a_page_is_told_from_one_that_serves_it() {
    let town = Town::configured(tempfile::tempdir().unwrap(), "page = false");
    manifest(&town);
    let said = refused(&town, &town.address());
    assert!(!said.contains("same "), "{said}");
    assert!(said.contains("MISSING"), "{said}");
}
