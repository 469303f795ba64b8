//! Bytes as they were sent: every frame has a snapshot, and every snapshot ever taken must still read.
//!
//! Snapshots lie in `wire/tests/snapshots/<version>/<door>-<name>.hex`. `WAXSEAL_BLESS=1` writes those that
//! are missing; it never changes one. A frame that changes gets a new version's folder, the old one stays.

use std::fs;
use std::path::{Path, PathBuf};

use waxseal_wire::frame::{Door, Told, decode_request, decode_told, encode_push, encode_reply, encode_request};
use waxseal_wire::id::RequestId;
use waxseal_wire::request::Request;

use super::samples;

const VERSION: &str = "v1";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

fn matches_snapshot(name: &str, bytes: &[u8]) {
    let path = folder().join(VERSION).join(format!("{name}.hex"));
    if !path.exists() && std::env::var_os("WAXSEAL_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, hex::encode(bytes) + "\n").expect("written");
    }
    let snapshot = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} has no snapshot; WAXSEAL_BLESS=1 takes one"));
    assert_eq!(hex::encode(bytes), snapshot.trim(), "{name} has other bytes than it was published with");
}

#[test]
fn every_frame_has_the_bytes_it_was_published_with() {
    for (name, request) in samples::anonymous_requests() {
        matches_snapshot(&format!("anonymous-{name}"), &encode_request(RequestId(1), &Request::Anonymous(request)));
    }
    for (name, request) in samples::device_requests() {
        matches_snapshot(&format!("device-{name}"), &encode_request(RequestId(1), &Request::Device(request)));
    }
    for (name, reply) in samples::replies() {
        matches_snapshot(&format!("told-{name}"), &encode_reply(RequestId(1), &reply));
    }
    for (name, push) in samples::pushes() {
        matches_snapshot(&format!("told-{name}"), &encode_push(&push));
    }
}

#[test]
fn every_snapshot_ever_taken_still_reads() {
    let mut read = 0;
    for version in fs::read_dir(folder()).expect("snapshots") {
        for file in fs::read_dir(version.expect("a folder").path()).expect("a folder") {
            let path = file.expect("a file").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
            let bytes = hex::decode(fs::read_to_string(&path).expect("readable").trim()).expect("hex");
            match name.split_once('-').expect("a door").0 {
                "anonymous" => drop(decode_request(Door::Anonymous, &bytes).expect(&name)),
                "device" => drop(decode_request(Door::Device, &bytes).expect(&name)),
                "told" => drop(decode_told(&bytes).expect(&name)),
                other => panic!("no such door: {other}"),
            }
            read += 1;
        }
    }
    assert!(read >= 25, "only {read} snapshots");
}

#[test]
fn snapshots_mean_what_they_meant() {
    for (name, request) in samples::anonymous_requests() {
        let bytes = published(&format!("anonymous-{name}"));
        assert_eq!(decode_request(Door::Anonymous, &bytes), Ok((RequestId(1), Request::Anonymous(request))), "{name}");
    }
    for (name, request) in samples::device_requests() {
        let bytes = published(&format!("device-{name}"));
        assert_eq!(decode_request(Door::Device, &bytes), Ok((RequestId(1), Request::Device(request))), "{name}");
    }
    for (name, reply) in samples::replies() {
        assert_eq!(decode_told(&published(&format!("told-{name}"))), Ok(Told::Reply(RequestId(1), reply)), "{name}");
    }
    for (name, push) in samples::pushes() {
        assert_eq!(decode_told(&published(&format!("told-{name}"))), Ok(Told::Push(push)), "{name}");
    }
}

fn published(name: &str) -> Vec<u8> {
    let path = folder().join("v1").join(format!("{name}.hex"));
    hex::decode(fs::read_to_string(path).expect("a snapshot").trim()).expect("hex")
}
