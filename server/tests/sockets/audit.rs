//! The log's paths over a real socket: as plain HTTP has them, beside the page, for anybody.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use waxseal_server::transport::Settings;
use waxseal_transparency::{EpochLeaf, LogKeys, SignedHead};

use super::person::Person;
use super::program::http;
use super::story::Town;

/// Head and body of one answer.
fn whole(address: &str, line: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_shown_to_whoever_asks() {
    let town = Town::new(Settings::default()).await;
    Person::arrive(&town.address, "alice").await;
    let (head, keys) = whole(&town.address, "GET /log/keys");
    assert!(head.starts_with("http/1.1 200") && head.contains("text/plain"), "{head}");
    let keys = String::from_utf8(keys).unwrap();
    let keys = LogKeys::from_bytes(&hex::decode(keys.lines().next().unwrap()).unwrap()).unwrap();

    let (head, note) = whole(&town.address, "GET /log/checkpoint");
    assert!(head.contains("cache-control: no-cache") && head.contains("text/plain"), "{head}");
    let signed = SignedHead::from_note(&keys, &String::from_utf8(note).unwrap()).unwrap();
    let size = signed.head.size;
    assert!(size >= 2);

    let path = format!("/log/tile/entries/000.p/{size}");
    let (head, tile) = whole(&town.address, &format!("GET {path}"));
    assert!(head.contains("immutable") && head.contains("nosniff") && head.contains("application/octet-stream"), "{head}");
    assert_eq!(tile.len() as u64, size * (2 + EpochLeaf::LEN as u64));
    let leaf = EpochLeaf::from_bytes(&tile[tile.len() - EpochLeaf::LEN..]).unwrap();
    assert_eq!(leaf.epoch, size);
    let (_, hash) = whole(&town.address, &format!("GET /log/tile/0/000.p/{size}?log=of-no-matter"));
    assert!(hash.ends_with(&leaf.hash()));
    let (head, step) = whole(&town.address, &format!("GET /log/step/{size}"));
    assert!(head.contains("immutable"), "{head}");
    assert_eq!(waxseal_transparency::step::hash(&step), leaf.step);
    let (head, none) = whole(&town.address, &format!("GET /log/handovers/{}", hex::encode(keys.id().0)));
    assert!(head.starts_with("http/1.1 200") && head.contains("no-cache") && none.is_empty(), "{head}");

    // A HEAD says how long it would be; what only writes finds nothing.
    let (head, body) = whole(&town.address, &format!("HEAD {path}"));
    assert!(head.contains(&format!("content-length: {}", tile.len())) && body.is_empty(), "{head}");
    for line in [
        &format!("POST {path}"),
        "PUT /log/checkpoint",
        "GET /log/",
        "GET /log/step/0",
        "GET /log/tile/0/000",
        "GET /log/tile/1/000.p/1",
    ] {
        assert_eq!(http(&town.address, &format!("{line} HTTP/1.1")).0, 404, "{line}");
    }
    // An absolute form and dots are no other way in.
    for line in ["GET /log/../log/keys", "GET /log//keys", "GET /LOG/keys", "GET /log/keys/"] {
        assert_eq!(http(&town.address, &format!("{line} HTTP/1.1")).0, 404, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auditors_do_not_keep_others_from_being_answered() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    // Many who ask for everything at once, over and over, and read nothing.
    let crowd: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(&town.address).unwrap();
            let ask = "GET /log/tile/entries/000.p/1 HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50);
            stream.write_all(ask.as_bytes()).unwrap();
            stream
        })
        .collect();
    let carol = Person::arrive(&town.address, "carol").await;
    for person in [&bob, &carol] {
        person.connect(&town.address).await;
    }
    drop(crowd);
}
