//! Every target on the stable toolchain: all inputs that ever failed, then mutated seeds.
//!
//! `WAXSEAL_FUZZ_CASES` inputs a target, from `WAXSEAL_FUZZ_SEED`: the same seed makes the same inputs.
//! What fails is printed as hex; keep it in `fuzz/regressions/<target>/<what it was>.hex`.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use waxseal_core::group::{Alias, Identity, Policy, make_key_package};
use waxseal_core::store::Store;
use waxseal_fuzz::{TARGETS, Target};
use waxseal_wire::id::{AccountId, AliasId, DeviceId, Epoch, GroupId, Position};
use waxseal_wire::seal::{Delivered, Kind};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn hold(name: &str, target: Target, bytes: &[u8]) {
    assert!(catch_unwind(|| target(bytes)).is_ok(), "{name} fell over {}", hex::encode(bytes));
}

/// Every hex file below a folder; the last line of each is the bytes.
fn hex_files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read =
        |path: &PathBuf| fs::read_to_string(path).ok().and_then(|text| hex::decode(text.lines().last().unwrap_or_default()).ok());
    paths.iter().flat_map(|path| if path.is_dir() { hex_files(path) } else { read(path).into_iter().collect() }).collect()
}

/// Good bytes of every kind, to be made bad.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut seeds = hex_files(&root.join("wire/tests/snapshots"));
    seeds.extend(hex_files(&root.join("core/tests/content")));
    assert!(seeds.len() > 40, "the snapshots are the seeds");
    let delivered = Delivered {
        group: GroupId([1; 16]),
        epoch: Epoch(2),
        position: Position(3),
        kind: Kind::Commit,
        from: AliasId([4; 16]),
        roster_hash: Some([5; 32]),
        envelope: vec![6; 40],
    };
    seeds.push(delivered.to_padded_bytes());
    seeds.push([[0, 0, 0, 2].as_slice(), &[7; 160], &[0; 92]].concat());
    let device = [b"\x0a\x10".as_slice(), &[1; 16], b"\x12\x20", &[2; 32], b"\x1a\x20", &[3; 32], b"\x20\x09"].concat();
    seeds.push([b"\x1a".as_slice(), &[device.len() as u8], &device, b"\x22\x20", &[4; 32], b"\x2a\x10", &[5; 16]].concat());
    seeds.push(key_package());
    let policy = Policy::new([1; 16], 2, "Book club".to_owned(), [AccountId([3; 32])].into(), false);
    seeds.push(policy.to_bytes().expect("a policy"));
    seeds.extend(["alice", "zoë-2", "мария", "a\u{202e}b"].map(|name| name.as_bytes().to_vec()));
    seeds
}

/// A good one, as a device publishes it.
fn key_package() -> Vec<u8> {
    let rng = &mut ChaCha20Rng::seed_from_u64(7);
    let identity = Identity { account: AccountId([1; 32]), device: DeviceId([2; 16]), key: SigningKey::generate(rng) };
    let alias = Alias::random(rng);
    let made = Store::open_in_memory()
        .expect("a store")
        .write(|tx| make_key_package(tx, waxseal_wire::id::Millis(1_790_000_000_000), rng, &identity, &alias, false));
    made.expect("a KeyPackage")
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha20Rng) {
    let mut below = |end: usize| rng.next_u32() as usize % end.max(1);
    let at = below(bytes.len());
    let len = below(16).min(bytes.len().saturating_sub(at));
    match below(8) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
        1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, 0x9f, 0xbf, 0x5f][below(8)],
        2 => drop(bytes.drain(at..at + len)),
        3 => {
            let copied = bytes[at..at + len].to_vec();
            drop(bytes.splice(at..at, copied));
        }
        4 => {
            let from = below(other.len());
            drop(bytes.splice(at..at + len, other[from..].iter().copied().take(64)));
        }
        5 => bytes.truncate(at),
        6 => drop(bytes.splice(at..at + len.min(4), [0xff, 0xff, 0xff, 0x0f])),
        _ => drop(bytes.splice(at..at, (0..len).map(|_| below(256) as u8).collect::<Vec<_>>())),
    }
}

#[test]
fn what_once_failed_holds() {
    for (name, target) in TARGETS {
        for bytes in hex_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(name)) {
            hold(name, target, &bytes);
        }
    }
}

#[test]
fn every_seed_holds_in_every_target() {
    for bytes in seeds() {
        TARGETS.iter().for_each(|(name, target)| hold(name, *target, &bytes));
    }
}

#[test]
fn mutated_seeds_hold() {
    let (cases, seed, seeds) = (number("WAXSEAL_FUZZ_CASES", 2000), number("WAXSEAL_FUZZ_SEED", 1), seeds());
    for (name, target) in TARGETS {
        let rng = &mut ChaCha20Rng::seed_from_u64(seed);
        for _ in 0..cases {
            let mut bytes = seeds[rng.next_u32() as usize % seeds.len()].clone();
            for _ in 0..=rng.next_u32() % 6 {
                let other = &seeds[rng.next_u32() as usize % seeds.len()];
                mutate(&mut bytes, other, rng);
            }
            hold(name, target, &bytes);
        }
    }
}

#[test]
fn every_target_has_a_program_for_cargo_fuzz() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut programs: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path().file_stem().and_then(|name| name.to_str()).expect("a name").to_owned())
        .collect();
    let mut targets = TARGETS.map(|(name, _)| name.to_owned());
    programs.sort();
    targets.sort();
    assert_eq!(programs, targets);
}
