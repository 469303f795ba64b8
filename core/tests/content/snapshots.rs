//! Bytes as they were said: old messages must read for ever.
//!
//! Snapshots lie in `core/tests/content/snapshots/<version>/<name>.hex`. `WAXSEAL_BLESS=1` writes those that
//! are missing; it never changes one. A form that changes gets a new version's folder, the old one stays.

use std::fs;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::content::{Body, Content, Expiry, MessageId, Receipt, ReceiptStatus};
use waxseal_wire::id::AccountId;
use waxseal_wire::name::AccountName;

use super::{framed, open};

const VERSION: &str = "v1";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/content/snapshots")
}

fn samples() -> Vec<(&'static str, Content)> {
    let rng = &mut ChaCha20Rng::seed_from_u64(7);
    let (one, other) = (MessageId([1; 32]), other_id());
    let receipts =
        [(one, ReceiptStatus::Delivered), (other, ReceiptStatus::Read)].map(|(message, status)| Receipt { message, status });
    let name = AccountName::parse("alice").expect("a good name");
    let profile = Body::Profile { name, device_name: "terminal".to_owned(), device_salt: [9; 16] };
    let mut text = |text| Content::text(text, rng).expect("a text");
    let mut samples = vec![
        ("text", text("See you at six, Zoë 🙂")),
        ("reply", text("Fine!").replying_to(one)),
        ("edit", text("See you at seven").replacing(one)),
        ("expiring-at", text("soon gone").expiring(Expiry::At { seconds: 1_800_000_000 })),
        ("expiring-after-reading", text("soon gone").expiring(Expiry::AfterReading { seconds: 3600 })),
    ];
    samples.push(("reaction", Content::reaction(one, "👍🏽", rng).expect("a reaction")));
    samples.push(("delete", Content::delete(one, rng)));
    samples.push(("receipts", Content::new(Body::Receipts(receipts.to_vec()), rng)));
    samples.push(("profile", Content::new(profile, rng)));
    samples.push(("leave", Content::new(Body::Leave, rng)));
    samples.push(("readd", Content::new(Body::Readd, rng)));
    samples
}

fn other_id() -> MessageId {
    let mut id = [5; 32];
    id[0] = 1;
    MessageId(id)
}

/// Without padding, so that the snapshots stay small.
fn cbor(content: &Content) -> Vec<u8> {
    let padded = content.to_padded();
    let (length, rest) = padded.split_at(4);
    rest[..u32::from_be_bytes(length.try_into().expect("4 bytes")) as usize].to_vec()
}

#[test]
fn every_content_has_the_bytes_it_was_said_with() {
    for (name, content) in samples() {
        let path = folder().join(VERSION).join(format!("{name}.hex"));
        let taken = format!("{}\n{}\n", hex::encode(content.id(&AccountId([2; 32]), &[3; 16]).0), hex::encode(cbor(&content)));
        if !path.exists() && std::env::var_os("WAXSEAL_BLESS").is_some() {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, &taken).expect("written");
        }
        let snapshot = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} has no snapshot; WAXSEAL_BLESS=1 takes one"));
        assert_eq!(taken, snapshot, "{name}: other bytes or another id than it was said with");
    }
}

#[test]
fn every_snapshot_ever_taken_still_reads_under_its_id() {
    let mut read = 0;
    for version in fs::read_dir(folder()).expect("snapshots") {
        for file in fs::read_dir(version.expect("a folder").path()).expect("a folder") {
            let text = fs::read_to_string(file.expect("a file").path()).expect("readable");
            let (id, cbor) = text.split_once('\n').expect("two lines");
            let content = open(&hex::decode(cbor.trim()).expect("hex")).expect("an old content reads");
            assert_eq!(hex::encode(content.id(&AccountId([2; 32]), &[3; 16]).0), id);
            read += 1;
        }
    }
    assert!(read >= 11, "only {read} snapshots");
}

#[test]
fn snapshots_mean_what_they_meant() {
    for (name, content) in samples() {
        assert_eq!(Content::from_padded(&framed(&cbor(&content))), Ok(content), "{name}");
    }
}
