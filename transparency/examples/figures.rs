//! What the directory costs: sizes and times with so many names, in memory.
//!
//! `cargo run --release -p waxseal-transparency --features publish --example figures -- 100000`
#![allow(clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and stops where it cannot")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_transparency::publish::{Epoch, MemoryRecords, Publisher, Secrets};
use waxseal_transparency::{EpochLeaf, Proven, Value, Witnesses, absence, history, lookup, step};
use waxseal_wire::id::Millis;

const NOW: Millis = Millis(1_790_000_000_000);
const ASKED: usize = 500;

struct Log {
    publisher: Publisher,
    records: Arc<MemoryRecords>,
    last: Option<EpochLeaf>,
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = what();
    (done, began.elapsed())
}

fn changes(names: impl Iterator<Item = usize>, value: u8) -> Vec<(String, Value)> {
    names.map(|n| (format!("name-{n}"), [value; 32])).collect()
}

impl Log {
    fn publish(&mut self, what: &str, changes: &[(String, Value)]) -> Epoch {
        self.records.fail_after(u64::MAX);
        let (epoch, took) = timed(|| self.publisher.publish(&self.records, changes, NOW).expect("publishes").expect("an epoch"));
        let reads = self.records.fail_after(u64::MAX);
        let (_, checked) = timed(|| step::verify(self.last.as_ref(), &epoch.leaf, &epoch.step).expect("steps"));
        let stored: usize = epoch.records.iter().map(|it| it.key.len() + it.bytes.len()).sum();
        println!(
            "publish {what}: {} changes in {:.1} ms; {reads} reads; {} records, {stored} B to store; step {} B, verified in {:.2} ms",
            changes.len(),
            took.as_secs_f64() * 1e3,
            epoch.records.len(),
            epoch.step.len(),
            checked.as_secs_f64() * 1e3,
        );
        self.records.apply(&epoch.records);
        self.last = Some(epoch.leaf);
        epoch
    }

    fn proven(&self) -> Proven {
        let head = self.publisher.head(&self.records, NOW).expect("reads").expect("a head");
        let placed = self.publisher.place(&self.records, self.publisher.secrets().sign(head), Some(1)).expect("placed");
        let seen = None;
        let (proven, took) = timed(|| placed.verify(&self.publisher.keys(), &Witnesses::default(), seen, NOW).expect("proven"));
        println!("placed: {} B, verified in {:.0} µs", placed.encode().len(), took.as_secs_f64() * 1e6);
        proven
    }
}

/// Means and maxima of what many questions give.
fn ask(what: &str, count: usize, make: impl Fn(usize) -> Vec<u8>, verify: impl Fn(usize, &[u8])) {
    let mut answers = Vec::new();
    let (_, cold) = timed(|| (0..count).for_each(|n| answers.push(make(n))));
    let (_, warm) = timed(|| (0..count).for_each(|n| drop(make(n))));
    let (_, verified) = timed(|| answers.iter().enumerate().for_each(|(n, bytes)| verify(n, bytes)));
    let (sum, max) = (answers.iter().map(Vec::len).sum::<usize>(), answers.iter().map(Vec::len).max().unwrap_or_default());
    let each = |took: Duration| took.as_secs_f64() * 1e6 / count as f64;
    println!(
        "{what}: {} B mean, {max} max; made in {:.0} µs, again in {:.0}; verified in {:.0} µs",
        sum / count,
        each(cold),
        each(warm),
        each(verified)
    );
}

fn main() {
    let names: usize = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(10_000);
    let publisher = Publisher::new(Secrets::generate(&mut ChaCha20Rng::seed_from_u64(1)));
    let keys = publisher.keys();
    let mut log = Log { publisher, records: Arc::new(MemoryRecords::default()), last: None };
    log.publish("first", &changes(0..names, 1));
    log.publish("one new", &changes(names..names + 1, 1));
    log.publish("one changed", &changes(0..1, 2));
    log.publish("1,000 new", &changes(names + 1..names + 1001, 1));
    log.publish("1,000 changed", &changes((0..1000).map(|n| n * (names / 1000)), 3));
    if names >= 10_000 {
        log.publish("10,000 new", &changes(names + 1001..names + 11_001, 1));
        log.publish("10,000 changed", &changes((0..10_000).map(|n| n * (names / 10_000)), 4));
    }
    for version in 0..100 {
        let change = changes(5..6, 100 + version);
        let epoch = log.publisher.publish(&log.records, &change, NOW).expect("publishes").expect("an epoch");
        log.records.apply(&epoch.records);
        log.last = Some(epoch.leaf);
    }
    let all = log.records.all();
    let held: usize = all.iter().map(|it| it.key.len() + it.bytes.len()).sum();
    println!("held: {} records, {} B, {} B a name", all.len(), held, held / names);
    drop(all);
    let proven = log.proven();
    let name = |n: usize| format!("name-{}", 7 + n * (names / ASKED));
    let make = |n: usize| log.publisher.lookup(&log.records, &name(n)).expect("answers").expect("is there");
    ask("look-up", ASKED, make, |n, bytes| {
        lookup::verify(&keys, &proven, &name(n), bytes).expect("verifies");
    });
    let make = |n: usize| log.publisher.absence(&log.records, &format!("nobody-{n}")).expect("answers");
    ask("absence", ASKED, make, |n, bytes| absence::verify(&keys, &proven, &format!("nobody-{n}"), bytes).expect("verifies"));
    for most in [1, 5, 10, 100] {
        let make = |_| log.publisher.history(&log.records, "name-5", most).expect("answers").expect("is there");
        let verify = |_, bytes: &[u8]| drop(history::verify(&keys, &proven, "name-5", most, bytes).expect("verifies"));
        ask(&format!("newest {most} of 101 versions"), 20, make, verify);
    }
}
