//! What the key directory costs with so many names, in the server's own store on a real disk: sizes, times, memory.
//!
//! ```text
//! cargo run --release --locked -p waxseal-server --example directory -- 1000000 [FOLDER [SAMPLES]]
//! ```
//! One core, no network: people register as they do at a server (`Roles`), their names are published, then look-ups are
//! answered as a reading thread answers them and judged as a client judges them. SAMPLES gets what the browser's figures need.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures, and stops where it cannot"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use waxseal_server::policy::Policy;
use waxseal_server::roles::Roles;
use waxseal_server::store::Store;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_transparency::publish::{Publisher, Secrets};
use waxseal_transparency::{LogKeys, Placed, Proven, Value, Witnesses, absence, history, lookup};
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, sign};
use waxseal_wire::id::{DeviceId, IdempotencyKey, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Accounts, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, Lookup, Register, register_bytes};

const NOW: Millis = Millis(1_790_000_000_000);
/// Registrations that are persisted together, as the server's writer does under load.
const TOGETHER: usize = 1_000;
/// Names in one epoch while the directory is filled.
const FILLED: usize = 10_000;
const ASKED: usize = 5_000;
const VERSIONS: u8 = 100;

fn publisher() -> Publisher {
    Publisher::new(Secrets::generate(&mut ChaCha20Rng::seed_from_u64(1)))
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = what();
    (done, began.elapsed())
}

fn micros(took: Duration, count: usize) -> f64 {
    took.as_secs_f64() * 1e6 / count as f64
}

fn name(n: usize) -> AccountName {
    AccountName::parse(&format!("name{n}")).expect("a name")
}

/// Bytes of the store's files.
fn on_disk(file: &Path) -> u64 {
    let size = |path: PathBuf| fs::metadata(path).map_or(0, |found| found.len());
    size(file.to_owned()) + size(file.with_extension("db-wal"))
}

/// What this process holds in memory, in MiB: now, and at its highest.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() >> 10
    };
    format!("{} MiB now, {} MiB at most", field("VmRSS:"), field("VmHWM:"))
}

/// The server's rules over its store, and chance.
struct House {
    roles: Roles<SqliteStore>,
    rng: ChaCha20Rng,
    file: PathBuf,
}

impl House {
    fn ask(&mut self, request: AnonymousRequest) -> Reply {
        self.roles.anonymous(NOW, &mut self.rng, request).reply.expect("an answer")
    }

    fn register(&mut self, names: std::ops::Range<usize>) {
        for first in names.clone().step_by(TOGETHER) {
            self.roles.store().begin().expect("begins");
            for n in first..names.end.min(first + TOGETHER) {
                let request = AnonymousRequest::Register(Box::new(self.claim(n)));
                assert_eq!(self.ask(request), Reply::Done, "{n}");
            }
            self.roles.store().persist().expect("persists");
        }
    }

    fn claim(&mut self, n: usize) -> Register {
        let key = SigningKey::generate(&mut self.rng);
        let device = DeviceEntry { id: DeviceId::random(&mut self.rng), key: PublicKey::of(&key), name_hash: [0; 32], added: NOW };
        let chain = Chain::create(device, &key, PublicKey::of(&key), &mut self.rng).expect("a chain");
        let signature = sign(&key, &register_bytes(&chain.account(), &name(n)));
        let record = chain.records().first().expect("record 0").clone();
        Register { name: name(n), record, signature, invite: String::new(), idempotency_key: IdempotencyKey::random(&mut self.rng) }
    }

    /// All that is due, as the server does it: some hundred names an epoch.
    fn publish_due(&mut self) -> usize {
        let mut epochs = 1;
        while self.roles.publish(NOW).expect("publishes") {
            epochs += 1;
        }
        epochs
    }

    /// One epoch of what is due, at most so much, and of these.
    fn publish_epoch(&mut self, most: usize, more: &[(String, Value)]) -> bool {
        let publisher = publisher();
        let made = self.roles.store().publish(most, |records, due| {
            let changes = [due, more].concat();
            Ok(publisher.publish(records, &changes, NOW).expect("publishes"))
        });
        made.expect("publishes")
    }

    fn fill(&mut self, names: usize) {
        let (_, registered) = timed(|| self.register(0..names));
        let before = on_disk(&self.file);
        println!("registered: {names} in {:.0} s; {} B a name on disk", registered.as_secs_f64(), before / names as u64);
        let (_, published) = timed(|| while self.publish_epoch(FILLED, &[]) {});
        // What stands in the write-ahead log counts once.
        self.roles.store().empty_log().expect("empties");
        let log = on_disk(&self.file).saturating_sub(before);
        println!("published: in {:.0} s; {} B a name on disk for the log", published.as_secs_f64(), log / names as u64);
    }

    fn publishing(&mut self, names: usize) {
        for count in [1, 1_000, 10_000] {
            let step = names / count;
            let changes: Vec<_> = (0..count).map(|n| (name(n * step).as_str().to_owned(), [count as u8; 32])).collect();
            let (_, took) = timed(|| self.publish_epoch(0, &changes));
            println!("one epoch of {count} changes, on disk: {:.1} ms", took.as_secs_f64() * 1e3);
        }
        self.register(names..names + 10_000);
        let (epochs, took) = timed(|| self.publish_due());
        println!("10,000 registrations as the server publishes them: {epochs} epochs, {:.2} s", took.as_secs_f64());
        for version in 0..VERSIONS {
            self.publish_epoch(0, &[("history".to_owned(), [version; 32])]);
        }
    }
}

/// Look-ups, as a reading thread answers them.
struct Reader {
    house: House,
    keys: LogKeys,
}

impl Reader {
    fn open(file: &Path) -> Self {
        let publisher = publisher();
        let keys = publisher.keys();
        let store = SqliteStore::open_reader(file).expect("opens");
        let roles = Roles::new(store, Policy::unlimited(), publisher);
        Self { house: House { roles, rng: ChaCha20Rng::seed_from_u64(3), file: file.to_owned() }, keys }
    }

    fn look_up(&mut self, who: &str) -> Accounts {
        let who = vec![AccountRef::Name(AccountName::parse(who).expect("a name"))];
        let seen = None;
        match self.house.ask(AnonymousRequest::Lookup(Lookup { who, key_packages: false, seen })) {
            Reply::Accounts(accounts) => accounts,
            other => panic!("{other:?}"),
        }
    }

    fn proven(&self, accounts: &Accounts) -> Proven {
        let placed = Placed::decode(&accounts.placed).expect("decodes");
        placed.verify(&self.keys, &Witnesses::default(), None, NOW).expect("proven")
    }

    /// Asks for all of these twice, then judges the answers; what of them the browser is to judge.
    fn ask_all(&mut self, what: &str, names: &[String], judge: impl Fn(&LogKeys, &Proven, &str, &[u8])) -> String {
        let (answers, first) = timed(|| names.iter().map(|name| self.look_up(name)).collect::<Vec<_>>());
        let (_, again) = timed(|| names.iter().for_each(|name| drop(self.look_up(name))));
        let (_, placed) = timed(|| answers.iter().map(|answer| self.proven(answer)).collect::<Vec<_>>());
        let proven: Vec<_> = answers.iter().map(|answer| self.proven(answer)).collect();
        let proofs: Vec<_> = answers.iter().map(|answer| answer.found.first().expect("one").proof.as_slice()).collect();
        let (_, judged) = timed(|| {
            for ((name, proven), proof) in names.iter().zip(&proven).zip(&proofs) {
                judge(&self.keys, proven, name, proof);
            }
        });
        let (sum, most) = (proofs.iter().map(|it| it.len()).sum::<usize>(), proofs.iter().map(|it| it.len()).max());
        let around = answers.first().map_or(0, |answer| answer.placed.len());
        println!(
            "{what}: proof {} B mean, {} B at most, and {around} B for where it stands; {:.0} a second, {:.0} where asked again; judged in {:.0} µs, where it stands in {:.0} µs",
            sum / names.len(),
            most.unwrap_or_default(),
            1e6 / micros(first, names.len()),
            1e6 / micros(again, names.len()),
            micros(judged, names.len()),
            micros(placed, names.len()),
        );
        let mut samples = String::new();
        for ((name, answer), proof) in names.iter().zip(&answers).zip(&proofs).take(100) {
            let keys = hex::encode(self.keys.to_bytes());
            let _ = writeln!(samples, "{what} {keys} {name} {} {}", hex::encode(&answer.placed), hex::encode(proof));
        }
        samples
    }

    fn history(&mut self) {
        let publisher = publisher();
        let records = self.house.roles.store().records();
        let proven = self.look_up("name1");
        let proven = self.proven(&proven);
        for most in [1, 3, 100] {
            let (proof, made) = timed(|| publisher.history(&records, "history", most).expect("answers").expect("is there"));
            let (_, judged) = timed(|| history::verify(&self.keys, &proven, "history", most, &proof).expect("verifies"));
            let (made, judged) = (made.as_secs_f64() * 1e3, judged.as_secs_f64() * 1e3);
            println!("newest {most} of {VERSIONS} versions: {} B, made in {made:.1} ms, judged in {judged:.1} ms", proof.len());
        }
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let names: usize = words.next().and_then(|it| it.parse().ok()).unwrap_or(10_000);
    let folder = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let around = tempfile::tempdir_in(folder).expect("a folder");
    let file = around.path().join("waxseal.db");
    let roles = Roles::new(SqliteStore::open(&file).expect("opens"), Policy::unlimited(), publisher());
    let mut house = House { roles, rng: ChaCha20Rng::seed_from_u64(2), file: file.clone() };
    println!("{names} names");
    house.fill(names);
    house.publishing(names);
    println!("memory, writing: {}", memory());
    drop(house);

    let mut reader = Reader::open(&file);
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let known: Vec<_> =
        (0..ASKED).map(|_| name(usize::try_from(rng.next_u32()).unwrap_or(0) % names).as_str().to_owned()).collect();
    let unknown: Vec<_> = (0..ASKED / 10).map(|n| format!("nobody{n}")).collect();
    let there = reader.ask_all("look-up", &known, |keys, proven, name, proof| {
        lookup::verify(keys, proven, name, proof).expect("verifies");
    });
    let not = reader.ask_all("absence", &unknown, |keys, proven, name, proof| {
        absence::verify(keys, proven, name, proof).expect("verifies");
    });
    reader.history();
    println!("memory, all: {}", memory());
    if let Some(samples) = words.next() {
        fs::write(samples, there + &not).expect("writes");
    }
}
