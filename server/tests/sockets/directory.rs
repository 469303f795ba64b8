//! The directory of the real program, judged as a client does: every answer proven, each tree head going on from the last,
//! through kills, a restore, and keys that are gone.

use std::fs;
use std::time::Duration;

use waxseal_transparency::{CLOSED, Handover, Head, Lie, LogKeys, Placed, Proven, Witnesses, absence, history, lookup, step};
use waxseal_wire::chain::sign;
use waxseal_wire::frame::Door;
use waxseal_wire::id::LogId;
use waxseal_wire::reply::{Accounts, Log, Refusal, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, DeviceRequest, Lookup, Relate, Seen, Watch, close_bytes};

use super::person::{Connection, Person};
use super::program::{Program, folder, verb};

/// What a client holds of a log.
#[derive(Clone, Copy)]
struct Held {
    keys: LogKeys,
    head: Head,
}

impl Held {
    fn seen(&self) -> Seen {
        Seen { log: LogId(self.keys.id().0), size: self.head.size }
    }
}

fn keys(log: &Log) -> LogKeys {
    LogKeys::from_bytes(&log.keys).unwrap()
}

fn place(held: Option<Held>, log: Option<&Log>, placed: &[u8]) -> (Held, Proven) {
    let keys = log.map_or_else(|| held.expect("the log is told to who has none").keys, keys);
    let seen = held.filter(|held| held.keys == keys).map(|held| held.head);
    let placed = Placed::decode(placed).unwrap();
    let proven = placed.verify(&keys, &Witnesses::default(), seen.as_ref(), waxseal_server::clock::system()).unwrap();
    (Held { keys, head: *proven.head() }, proven)
}

async fn ask(address: &str, name: &str, held: Option<Held>) -> Accounts {
    let mut anonymous = Connection::open(address, Door::Anonymous).await;
    let name = waxseal_wire::name::AccountName::parse(name).unwrap();
    let lookup = Lookup { who: vec![AccountRef::Name(name)], key_packages: false, seen: held.map(|held| held.seen()) };
    match anonymous.ask(AnonymousRequest::Lookup(lookup)).await {
        Reply::Accounts(accounts) if accounts.found.len() == 1 => accounts,
        other => panic!("{other:?}"),
    }
}

/// Looks somebody up, and judges the answer; what is held from then on.
async fn finds(address: &str, person: &Person, held: Option<Held>) -> Held {
    let accounts = ask(address, person.name.as_str(), held).await;
    let (held, proven) = place(held, accounts.log.as_deref(), &accounts.placed);
    let entry = lookup::verify(&held.keys, &proven, person.name.as_str(), &accounts.found[0].proof).unwrap();
    assert_eq!(entry.value, person.chain.head_hash());
    assert_eq!(accounts.found[0].chain, person.chain.records());
    // The proof is of this name, and of what is so.
    assert!(lookup::verify(&held.keys, &proven, "somebody", &accounts.found[0].proof).is_err_and(|lie| lie.is_lie()));
    assert!(absence::verify(&held.keys, &proven, person.name.as_str(), &accounts.found[0].proof).is_err_and(|lie| lie.is_lie()));
    held
}

#[test]
fn every_answer_is_proven_and_each_head_goes_on_from_the_last_through_kills() {
    let (_around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let program = Program::start(&folder, &[]);
    // Before anybody has registered there is a log, and it proves that nobody is there.
    let nobody = runtime.block_on(ask(&program.address, "alice", None));
    let (mut held, proven) = place(None, nobody.log.as_deref(), &nobody.placed);
    absence::verify(&held.keys, &proven, "alice", &nobody.found[0].proof).unwrap();
    let alice = runtime.block_on(Person::arrive(&program.address, "alice"));
    held = runtime.block_on(finds(&program.address, &alice, Some(held)));
    let first = held;
    program.kill();
    let mut everybody = vec![alice];
    for name in ["bob", "carol", "dave"] {
        let program = Program::start(&folder, &[]);
        let person = runtime.block_on(Person::arrive(&program.address, name));
        everybody.push(person);
        for person in &everybody {
            held = runtime.block_on(finds(&program.address, person, Some(held)));
        }
        program.kill();
    }
    assert!(held.head.size > first.head.size);
    let program = Program::start(&folder, &[]);
    runtime.block_on(async {
        let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
        let relate = |log, from, to| AnonymousRequest::Relate(Relate { log, from, to });
        let log = first.seen().log;
        match anonymous.ask(relate(log, first.head.size, held.head.size)).await {
            Reply::Related(proof) => waxseal_transparency::consistent(&first.head, &held.head, &proof).unwrap(),
            other => panic!("{other:?}"),
        }
        for refused in [relate(log, 0, 1), relate(log, 2, 1), relate(log, 1, 1_000_000), relate(LogId([7; 32]), 1, 2)] {
            assert_eq!(anonymous.ask(refused).await, Reply::Refused(Refusal::Unknown));
        }
    });
}

#[test]
fn a_device_watches_its_own_name_and_a_closed_account_is_proven_closed() {
    let (_around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let program = Program::start(&folder, &[]);
    runtime.block_on(async {
        let alice = Person::arrive(&program.address, "alice").await;
        let (mut device, _) = alice.connect(&program.address).await;
        let watched = match device.ask(DeviceRequest::Watch(Watch { seen: None, versions: 3 })).await {
            Reply::Watched(watched) => watched,
            other => panic!("{other:?}"),
        };
        let (held, proven) = place(None, watched.log.as_deref(), &watched.placed);
        let versions = history::verify(&held.keys, &proven, "alice", 3, &watched.proof).unwrap();
        assert_eq!(versions.iter().map(|entry| (entry.version, entry.value)).collect::<Vec<_>>(), [(1, alice.chain.head_hash())]);
        assert!(history::verify(&held.keys, &proven, "bob", 3, &watched.proof).is_err_and(|lie| lie.is_lie()));

        let closing = DeviceRequest::CloseAccount(sign(&alice.key, &close_bytes(&alice.account)));
        assert_eq!(device.ask(closing).await, Reply::Done);
        loop {
            let gone = ask(&program.address, "alice", Some(held)).await;
            if gone.found[0].proof.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let (held, proven) = place(Some(held), gone.log.as_deref(), &gone.placed);
            let entry = lookup::verify(&held.keys, &proven, "alice", &gone.found[0].proof).unwrap();
            if entry.value == CLOSED {
                assert_eq!((gone.found[0].chain.len(), entry.version), (0, 2));
                break;
            }
        }
    });
}

#[test]
fn a_restored_server_begins_another_log_that_the_old_one_signs() {
    let (around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let copy = around.path().join("copy.waxseal");
    let copy_name = copy.to_str().unwrap();
    let program = Program::start(&folder, &[]);
    let alice = runtime.block_on(Person::arrive(&program.address, "alice"));
    assert!(verb(&folder, &["backup", copy_name]).status.success());
    let before = runtime.block_on(finds(&program.address, &alice, None));
    let late = runtime.block_on(Person::arrive(&program.address, "late"));
    let newest = runtime.block_on(finds(&program.address, &late, Some(before)));
    assert_eq!(program.stop(), Some(0));

    assert!(verb(&folder, &["restore", copy_name, "--force"]).status.success());
    for _ in 0..2 {
        let program = Program::start(&folder, &[]);
        // Who saw what the backup has not seen is told of another log, and by whom it was named.
        let accounts = runtime.block_on(ask(&program.address, "alice", Some(newest)));
        let log = accounts.log.as_deref().expect("another log is told");
        assert_eq!(log.handovers.len(), 1);
        let word = Handover::decode(&log.handovers[0]).unwrap();
        assert_eq!(word.verify(&newest.keys, None), Ok(keys(log)));
        assert_eq!(word.verify(&newest.keys, Some(&newest.head)), Err(Lie::RolledBack), "and that something was taken back");
        let other = LogKeys { signing: keys(log).signing, vrf: newest.keys.vrf };
        assert!(word.verify(&other, None).is_err());
        runtime.block_on(finds(&program.address, &alice, None));
        let nobody = runtime.block_on(ask(&program.address, "late", None));
        let (held, proven) = place(None, nobody.log.as_deref(), &nobody.placed);
        absence::verify(&held.keys, &proven, "late", &nobody.found[0].proof).unwrap();
        program.kill();
    }
}

#[test]
fn without_its_keys_a_log_is_not_gone_on_with() {
    let (around, folder) = folder();
    let copy = around.path().join("copy.waxseal");
    let program = Program::start(&folder, &[]);
    assert!(verb(&folder, &["backup", copy.to_str().unwrap()]).status.success());
    assert_eq!(program.stop(), Some(0));
    let key = folder.join("directory.key");
    let kept = fs::read(&key).unwrap();
    for damage in [None, Some(&b"no key"[..]), Some(&kept[..40])] {
        match damage {
            None => fs::remove_file(&key).unwrap(),
            Some(bytes) => fs::write(&key, bytes).unwrap(),
        }
        let refused = verb(&folder, &["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("directory.key"), "{refused:?}");
    }
    fs::write(&key, &kept).unwrap();
    assert_eq!(Program::start(&folder, &[]).stop(), Some(0));
    // A backup without its keys is none.
    fs::remove_file(around.path().join("copy.waxseal.key")).unwrap();
    let refused = verb(&folder, &["restore", copy.to_str().unwrap(), "--force"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("nothing was changed"), "{refused:?}");
    assert_eq!(Program::start(&folder, &[]).stop(), Some(0));
}

#[test]
fn every_archived_step_only_adds() {
    let (_around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let program = Program::start(&folder, &[]);
    for name in ["alice", "bob", "carol"] {
        runtime.block_on(Person::arrive(&program.address, name));
    }
    assert_eq!(program.stop(), Some(0));
    let conn = rusqlite::Connection::open(folder.join("waxseal.db")).unwrap();
    let steps: Vec<Vec<u8>> = conn
        .prepare("SELECT bytes FROM log_step ORDER BY epoch")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut leaves = Vec::new();
    let mut select = conn.prepare("SELECT bytes FROM log_record WHERE part = 4 ORDER BY key").unwrap();
    for bytes in select.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap().map(Result::unwrap) {
        leaves.push(waxseal_transparency::EpochLeaf::from_bytes(&bytes).unwrap());
    }
    assert!(leaves.len() > 1 && leaves.len() == steps.len(), "{} {}", leaves.len(), steps.len());
    for (at, (leaf, bytes)) in leaves.iter().zip(&steps).enumerate() {
        step::verify(at.checked_sub(1).map(|before| &leaves[before]), leaf, bytes).unwrap();
        let other = steps.iter().find(|other| *other != bytes).unwrap();
        assert!(step::verify(at.checked_sub(1).map(|before| &leaves[before]), leaf, other).is_err());
    }
}
