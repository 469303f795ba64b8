//! Every format as bytes: what was written once is written so again, and verifies for ever.
//!
//! Snapshots lie in `transparency/tests/snapshots/<version>/<name>.hex`. `WAXSEAL_BLESS=1` writes those that are missing;
//! one that exists is never changed: another format gets another folder.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_transparency::publish::{MemoryRecords, Publisher, Secrets};
use waxseal_transparency::{
    Answer, EpochLeaf, Evidence, Handover, LogKeys, Placed, SignedHead, Verdict, Witness, WitnessSecret, Witnesses, absence,
    evidence, history, lookup, step,
};
use waxseal_wire::id::Millis;

const NOW: Millis = Millis(1_790_000_000_000);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/v1")
}

/// The same things at every run: five epochs of a log of fixed keys.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let secrets = |seed| Secrets::generate(&mut ChaCha20Rng::seed_from_u64(seed));
    let (publisher, records) = (Publisher::new(secrets(1)), Arc::new(MemoryRecords::default()));
    let (keys, mut epochs) = (publisher.keys(), Vec::new());
    for epoch in 1..=5_u8 {
        let guests = (0..3).map(|n| (format!("guest-{epoch}-{n}"), [n; 32]));
        let changes: Vec<_> = guests.chain([("alice".to_owned(), [epoch; 32])]).collect();
        let made = publisher.publish(&records, &changes, NOW).expect("publishes").expect("an epoch");
        records.apply(&made.records);
        epochs.push(made);
    }
    let witness = WitnessSecret::new("witness.example/w1", [3; 32]).expect("a witness");
    let mut head = publisher.secrets().sign(epochs[4].head);
    head.cosignatures.push(witness.cosign(&keys.id(), &head.head, NOW));
    let placed = publisher.place(&records, head.clone(), Some(3)).expect("placed");
    let split = publisher.secrets().sign(waxseal_transparency::Head { root: [9; 32], ..head.head });
    let alice = publisher.lookup(&records, "alice").expect("answers").expect("is there");
    vec![
        ("keys", keys.to_bytes().to_vec()),
        ("witness", witness.vkey().into_bytes()),
        ("head", head.encode()),
        ("note", head.to_note(&keys).into_bytes()),
        ("placed", placed.encode()),
        ("lookup-alice", alice.clone()),
        ("absence-nobody", publisher.absence(&records, "nobody").expect("answers")),
        ("history-alice-3", publisher.history(&records, "alice", 3).expect("answers").expect("is there")),
        ("leaf-before", epochs[3].leaf.to_bytes().to_vec()),
        ("step", epochs[4].step.clone()),
        ("leaf-first", epochs[0].leaf.to_bytes().to_vec()),
        ("step-first", epochs[0].step.clone()),
        ("handover", publisher.secrets().hand_over(head.head, secrets(2).keys(), epochs[0].head, NOW).encode()),
        ("evidence-split", Evidence::Heads { log: keys, one: head, other: split }.encode()),
        (
            "evidence-testimony",
            Evidence::Testimony { log: keys, placed, name: "bob".to_owned(), answer: Answer::Lookup(alice) }.encode(),
        ),
    ]
}

fn read(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(folder().join(format!("{name}.hex"))).unwrap_or_else(|_| panic!("no snapshot of {name}"));
    hex::decode(text.trim()).expect("hex")
}

#[test]
fn what_is_written_is_written_as_ever() {
    for (name, bytes) in made() {
        let path = folder().join(format!("{name}.hex"));
        if std::env::var_os("WAXSEAL_BLESS").is_some() && !path.exists() {
            fs::write(&path, hex::encode(&bytes) + "\n").expect("writes");
        }
        assert_eq!(hex::encode(read(name)), hex::encode(bytes), "{name}");
    }
}

#[test]
fn what_was_written_still_verifies() {
    let keys = LogKeys::from_bytes(&read("keys")).expect("keys");
    let witness = Witness::parse(&String::from_utf8(read("witness")).expect("text")).expect("a witness");
    let witnesses = Witnesses { keys: vec![witness], need: 1 };
    let placed = Placed::decode(&read("placed")).expect("placed");
    let proven = placed.verify(&keys, &witnesses, None, NOW).expect("proven");
    assert_eq!(SignedHead::decode(&read("head")).as_ref(), Ok(&placed.head));
    let note = String::from_utf8(read("note")).expect("text");
    assert_eq!(SignedHead::from_note(&keys, &note).as_ref(), Ok(&placed.head));
    let alice = lookup::verify(&keys, &proven, "alice", &read("lookup-alice")).expect("verifies");
    assert_eq!((alice.value, alice.version, alice.since_epoch), ([5; 32], 5, 5));
    absence::verify(&keys, &proven, "nobody", &read("absence-nobody")).expect("verifies");
    let three = history::verify(&keys, &proven, "alice", 3, &read("history-alice-3")).expect("verifies");
    assert!(three.iter().map(|it| it.version).eq([5, 4, 3]));
    let leaf = |name| EpochLeaf::from_bytes(&read(name)).expect("a leaf");
    step::verify(Some(&leaf("leaf-before")), proven.leaf(), &read("step")).expect("steps");
    step::verify(None, &leaf("leaf-first"), &read("step-first")).expect("steps");
    Handover::decode(&read("handover")).expect("decodes").verify(&keys, None).expect("verifies");
    assert!(matches!(evidence::check(&read("evidence-split")), Verdict::Proven(..)));
    assert!(matches!(evidence::check(&read("evidence-testimony")), Verdict::DoesNotProve(..)));
}
