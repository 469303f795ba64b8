//! Every target on the stable toolchain: all inputs that ever failed, then mutated seeds.
//!
//! `WAXSEAL_FUZZ_CASES` inputs a decoder (others fewer, by their cost), from `WAXSEAL_FUZZ_SEED`: the same seed makes
//! the same inputs. What fails is printed as hex; keep it in `fuzz/regressions/<target>/<what it was>.hex`.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use waxseal_fuzz::mutate::mutate;
use waxseal_fuzz::seeds::{self, hex_files};
use waxseal_fuzz::{TARGETS, Target};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn hold(target: &Target, bytes: &[u8]) {
    assert!(catch_unwind(|| (target.run)(bytes)).is_ok(), "{} fell over {}", target.name, hex::encode(bytes));
}

fn mutated_seeds_hold(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let (cases, seed, seeds) = (number("WAXSEAL_FUZZ_CASES", 2000), number("WAXSEAL_FUZZ_SEED", 1), seeds::of(name));
    let began = seeds.len();
    for bytes in &seeds {
        hold(target, bytes);
    }
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    for _ in 0..(cases / target.cost).max(2) {
        let mut bytes = seeds[rng.next_u32() as usize % began].clone();
        for _ in 0..=rng.next_u32() % 6 {
            let other = &seeds[rng.next_u32() as usize % began];
            mutate(&mut bytes, other, |end| rng.next_u32() as usize % end.max(1));
        }
        hold(target, &bytes);
    }
}

/// One test a target: the runner takes them side by side, and names the one that fell.
macro_rules! mutated {
    ($($name:ident)*) => {
        mod mutated {
            $(#[test] fn $name() { super::mutated_seeds_hold(stringify!($name)); })*

            pub(super) const ALL: &[&str] = &[$(stringify!($name)),*];
        }
    };
}

mutated! {
    request_anonymous request_device told record name delivered roster content key_package policy
    config address header link_code welcome tree envelope roles stored two_devices directory
}

#[test]
fn what_once_failed_holds() {
    for target in TARGETS {
        for bytes in hex_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target.name)) {
            hold(&target, &bytes);
        }
    }
}

#[test]
fn every_seed_of_a_decoder_holds_in_every_decoder() {
    for bytes in seeds::of("content") {
        TARGETS.iter().filter(|target| target.cost < 100).for_each(|target| hold(target, &bytes));
    }
}

#[test]
fn every_target_has_a_program_for_cargo_fuzz_and_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut programs: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path().file_stem().and_then(|name| name.to_str()).expect("a name").to_owned())
        .collect();
    let targets = TARGETS.map(|target| target.name);
    assert_eq!(mutated::ALL, targets);
    let mut targets = targets.map(str::to_owned);
    programs.sort();
    targets.sort();
    assert_eq!(programs, targets);
}
