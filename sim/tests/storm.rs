//! Seeded towns in a storm. `WAXSEAL_TOWNS` says how many; a failing seed is printed and
//! `cargo run -p waxseal-sim -- --seed N` plays it again, step for step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use waxseal_sim::plan::{self, kind_of};
use waxseal_sim::tally::Tally;

/// Tests that share the seeds among them, to run side by side.
const SHARES: u64 = 8;

fn play(share: u64) {
    let towns: u64 = std::env::var("WAXSEAL_TOWNS").ok().and_then(|towns| towns.parse().ok()).unwrap_or(40);
    let mut all = Tally::default();
    let mut faults = Vec::new();
    for seed in (share..towns).step_by(SHARES as usize) {
        let (ending, _) = plan::play(seed, kind_of(seed)).unwrap_or_else(|broken| panic!("{}: {broken}", again(seed)));
        all.add(&ending.tally);
        if !ending.faults.is_empty() {
            faults.push((again(seed), ending.faults));
        }
    }
    println!("{all}");
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(all.undecryptable_after, 0);
    assert!(towns <= share || all.health.opened > 0, "a town in which nothing is said shows nothing");
}

/// What plays a town again.
fn again(seed: u64) -> String {
    format!("cargo run -p waxseal-sim -- --seed {seed}")
}

macro_rules! shares {
    ($($name:ident $share:literal)*) => { $(
        #[test]
        fn $name() {
            play($share);
        }
    )* };
}

shares! {
    storms_leave_nothing_lost_0 0
    storms_leave_nothing_lost_1 1
    storms_leave_nothing_lost_2 2
    storms_leave_nothing_lost_3 3
    storms_leave_nothing_lost_4 4
    storms_leave_nothing_lost_5 5
    storms_leave_nothing_lost_6 6
    storms_leave_nothing_lost_7 7
}

#[test]
fn the_same_seed_plays_the_same_town() {
    for seed in 0..8 {
        let (one, _) = plan::play(seed, kind_of(seed)).unwrap();
        let (other, _) = plan::play(seed, kind_of(seed)).unwrap();
        assert_eq!(one.traffic.requests, other.traffic.requests, "seed {seed}");
        assert_eq!(one.tally, other.tally, "seed {seed}");
    }
}
