//! What a server says about its directory: bytes in, no panic, and nothing that verifies is untrue.
//!
//! The first byte chooses the decoder. One small log of a fixed seed stands behind all of them.

use std::sync::{Arc, OnceLock};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_transparency::publish::{MemoryRecords, Publisher, Secrets};
use waxseal_transparency::{
    AddCheckpoint, Answer, Entry, EpochLeaf, Evidence, Handover, Head, LogKeys, Placed, Proven, SignedHead, Verdict, WitnessSecret,
    Witnesses, absence, evidence, history, lookup, step,
};
use waxseal_wire::id::Millis;

const EPOCHS: u64 = 6;
const NOW: Millis = Millis(1_790_000_000_000);

struct Log {
    keys: LogKeys,
    proven: Proven,
    before: EpochLeaf,
    seeds: Vec<Vec<u8>>,
    newest: Entry,
    step: Vec<u8>,
    handover: Handover,
    head: SignedHead,
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(make)
}

fn make() -> Log {
    let secrets = |seed| Secrets::generate(&mut ChaCha20Rng::seed_from_u64(seed));
    let (publisher, records) = (Publisher::new(secrets(1)), Arc::new(MemoryRecords::default()));
    let mut made = Vec::new();
    for epoch in 1..=EPOCHS {
        let names = (0..4).map(|n| (format!("guest-{epoch}-{n}"), [n; 32]));
        let changes: Vec<_> = names.chain([("alice".to_owned(), [epoch as u8; 32])]).collect();
        let epoch = publisher.publish(&records, &changes, NOW).expect("publishes").expect("an epoch");
        records.apply(&epoch.records);
        made.push(epoch);
    }
    let (last, before) = (&made[made.len() - 1], made[made.len() - 2].leaf);
    let keys = publisher.keys();
    let mut head = publisher.secrets().sign(last.head);
    let witness = WitnessSecret::new("witness.example", [3; 32]).expect("a witness");
    head.cosignatures.push(witness.cosign(&keys.id(), &head.head, NOW));
    let placed = publisher.place(&records, head.clone(), Some(3)).expect("placed");
    let proven = placed.verify(&keys, &Witnesses::default(), None, NOW).expect("proven");
    let answer = |it: Option<Vec<u8>>| it.expect("is there");
    let alice = answer(publisher.lookup(&records, "alice").expect("answers"));
    let nobody = publisher.absence(&records, "nobody").expect("answers");
    let three = answer(publisher.history(&records, "alice", 3).expect("answers"));
    let handover = publisher.secrets().hand_over(last.head, secrets(2).keys(), made[0].head, NOW);
    let (other, at, name) = (Answer::History { most_recent: 3, bytes: three.clone() }, placed.clone().into(), "alice".to_owned());
    let file = Evidence::Answers { log: keys, at, name, one: Answer::Lookup(alice.clone()), other };
    let heads = Evidence::Heads { log: keys, one: head.clone(), other: head.clone() };
    let stepped = Evidence::Step { log: keys, from: None, to: placed.clone().into(), step: last.step.clone() };
    let note = head.to_note(&keys).into_bytes();
    let asked = AddCheckpoint { old: 1, proof: vec![[7; 32]], note: head.to_note(&keys) };
    let parts = [
        (0, alice),
        (1, nobody),
        (2, three),
        (3, placed.encode()),
        (4, head.encode()),
        (5, note),
        (6, handover.encode()),
        (7, file.encode()),
        (7, heads.encode()),
        (7, stepped.encode()),
        (8, last.step.clone()),
        (9, keys.to_bytes().to_vec()),
        (9, witness.vkey().into_bytes()),
        (9, asked.to_text().into_bytes()),
    ];
    let seeds = parts.into_iter().map(|(kind, bytes)| [&[kind][..], &bytes].concat()).collect();
    let newest = Entry { value: [EPOCHS as u8; 32], version: EPOCHS, since_epoch: EPOCHS };
    Log { keys, proven, before, seeds, newest, step: last.step.clone(), handover, head }
}

/// Honest answers, each with the byte that chooses its decoder.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    log().seeds.clone()
}

/// Any bytes, as any of the things that a server says.
pub fn directory(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let log = log();
    let (keys, proven) = (&log.keys, &log.proven);
    match kind % 10 {
        0 => {
            if let Ok(entry) = lookup::verify(keys, proven, "alice", bytes) {
                assert_eq!(entry, log.newest, "alice has one value");
            }
            assert!(lookup::verify(keys, proven, "nobody", bytes).is_err(), "nobody is there");
        }
        1 => assert!(absence::verify(keys, proven, "alice", bytes).is_err(), "alice is there"),
        2 => {
            if let Ok(entries) = history::verify(keys, proven, "alice", 3, bytes) {
                assert_eq!((entries.len(), entries.first()), (3, Some(&log.newest)), "alice has one history");
            }
        }
        3 => {
            let Ok(placed) = Placed::decode(bytes) else { return };
            assert_eq!(Placed::decode(&placed.encode()).as_ref(), Ok(&placed));
            if let Ok(other) = placed.verify(keys, &Witnesses::default(), None, NOW) {
                assert_eq!(other, *proven, "one head was signed");
            }
        }
        4 => signed(SignedHead::decode(bytes).ok(), log),
        5 => signed(str::from_utf8(bytes).ok().and_then(|text| SignedHead::from_note(keys, text).ok()), log),
        6 => {
            let Ok(handover) = Handover::decode(bytes) else { return };
            assert_eq!(Handover::decode(&handover.encode()).as_ref(), Ok(&handover));
            assert!(handover.verify(keys, None).is_err() || handover == log.handover, "one hand-over was signed");
        }
        7 => {
            let verdict = evidence::check(bytes);
            assert!(matches!(verdict, Verdict::DoesNotProve(_)), "this log is honest: {verdict}");
        }
        8 => {
            let held = step::verify(Some(&log.before), proven.leaf(), bytes);
            assert!(held.is_err() || bytes == log.step, "one step was made");
            // As if the log had committed to these bytes.
            let to = EpochLeaf { step: step::hash(bytes), ..*proven.leaf() };
            assert!(step::verify(Some(&log.before), &to, bytes).is_err() || bytes == log.step);
        }
        _ => {
            if let Ok(read) = LogKeys::from_bytes(bytes) {
                assert_eq!(read.to_bytes(), bytes);
            }
            if let Some(witness) = str::from_utf8(bytes).ok().and_then(|text| waxseal_transparency::Witness::parse(text).ok()) {
                assert_eq!(witness.vkey().as_bytes(), bytes);
            }
            if let Some(asked) = str::from_utf8(bytes).ok().and_then(|text| AddCheckpoint::parse(text).ok()) {
                assert_eq!(AddCheckpoint::parse(&asked.to_text()), Ok(asked), "what is asked reads again");
            }
        }
    }
}

fn signed(head: Option<SignedHead>, log: &Log) {
    let Some(head) = head else { return };
    assert_eq!(SignedHead::decode(&head.encode()).as_ref(), Ok(&head));
    let known: &Head = &log.head.head;
    assert!(head.verify(&log.keys).is_err() || head.head == *known, "one head was signed");
}
