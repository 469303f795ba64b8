//! The engine: many at once, durable before told.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use waxseal_server::engine::{Engine, OpenError, Woken};
use waxseal_server::policy::{Policy, Registration};
use waxseal_server::roles::Proven;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_transparency::{Handover, Head, Lie, LogKeys, Placed, Witnesses};
use waxseal_wire::chain::sign;
use waxseal_wire::id::{LogId, Millis, Position, Seq};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Log, Refusal, Reply};
use waxseal_wire::request::{
    AccountRef, AnonymousRequest, Authenticate, DeviceRequest, Lookup, Seen, authenticate_bytes, close_bytes,
};

use crate::town::{Circle, Device, NOON, Town};

/// A folder in which two people share a group already.
fn village(folder: &Path) -> (Town<SqliteStore>, Device, Device, Circle) {
    let mut town = Town::new(SqliteStore::open(&folder.join("waxseal.db")).unwrap());
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    // The keys that the town's log has.
    std::fs::write(folder.join("directory.key"), format!("{}\n{}\n", "01".repeat(32), "02".repeat(32))).unwrap();
    (town, a, b, circle)
}

fn open(folder: &Path) -> Engine {
    Engine::open(folder, Policy::unlimited(), || NOON).unwrap()
}

async fn prove(engine: &Engine, device: &Device) -> Result<Proven, Refusal> {
    let (account, id) = (device.chain.account(), device.entry.id);
    let signature = sign(&device.key, &authenticate_bytes(&[3; 32], &account, &id));
    engine.authenticate([3; 32], Authenticate { account, device: id, signature }).await.map(|(proven, _)| proven)
}

#[tokio::test]
async fn many_at_once_are_all_answered_in_one_order_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (mut town, a, b, circle) = village(folder.path());
    let submits: Vec<_> = (0..300).map(|_| town.message(&circle, &a, circle.aliases[0], b"hello")).collect();
    drop(town);
    let engine = open(folder.path());
    let asked: Vec<_> = submits
        .into_iter()
        .map(|submit| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.anonymous(AnonymousRequest::SubmitMessage(Box::new(submit))).await })
        })
        .collect();
    let mut positions = Vec::new();
    for one in asked {
        let Reply::Accepted(position) = one.await.unwrap() else { panic!() };
        positions.push(position.0);
    }
    positions.sort_unstable();
    assert_eq!(positions, (2..=301).collect::<Vec<_>>());
    let proven = prove(&engine, &b).await.unwrap();
    assert_eq!(engine.entries(&proven, Seq(0), 1000, usize::MAX).await.unwrap().len(), 302);
    // No close: as if it had been killed.
    drop(engine);
    let engine = open(folder.path());
    let proven = prove(&engine, &b).await.unwrap();
    assert_eq!(engine.entries(&proven, Seq(0), 1000, usize::MAX).await.unwrap().len(), 302);
}

#[tokio::test]
async fn who_waits_is_woken_when_it_is_there_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let (mut town, a, b, circle) = village(folder.path());
    let submit = town.message(&circle, &a, circle.aliases[0], b"hello");
    let engine = open(folder.path());
    let proven = prove(&engine, &b).await.unwrap();
    let mut wake = engine.wake(proven.mailbox());
    let asked = tokio::spawn({
        let engine = engine.clone();
        async move { engine.anonymous(AnonymousRequest::SubmitMessage(Box::new(submit))).await }
    });
    assert_eq!(wake.woken().await, Woken::Entries);
    assert_eq!(engine.entries(&proven, Seq(2), 10, usize::MAX).await.unwrap().len(), 1);
    assert_eq!(asked.await.unwrap(), Reply::Accepted(Position(2)));
    // A closed account cuts its connections.
    let close = DeviceRequest::CloseAccount(sign(&b.key, &close_bytes(&b.chain.account())));
    assert_eq!(engine.device(&proven, close).await, Some(Reply::Done));
    assert_eq!(wake.woken().await, Woken::Removed);
    assert_eq!(engine.entries(&proven, Seq(0), 10, usize::MAX).await, Err(Refusal::WrongDoor));
    assert_eq!(prove(&engine, &b).await, Err(Refusal::NotAllowed));
}

#[tokio::test]
async fn an_ack_has_no_reply_and_is_kept_at_the_latest_when_the_engine_closes() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, b, _) = village(folder.path());
    let engine = open(folder.path());
    let proven = prove(&engine, &b).await.unwrap();
    assert_eq!(engine.device(&proven, DeviceRequest::Ack(Seq(1))).await, None);
    engine.clone().close();
    assert_eq!(engine.device(&proven, DeviceRequest::DropAlias(vec![])).await, Some(Reply::Refused(Refusal::Internal)));
    let engine = open(folder.path());
    let proven = prove(&engine, &b).await.unwrap();
    assert_eq!(engine.entries(&proven, Seq(0), 10, usize::MAX).await.unwrap().len(), 1);
    assert_eq!(engine.device(&proven, DeviceRequest::Ack(Seq(2))).await, None);
    while !engine.entries(&proven, Seq(0), 10, usize::MAX).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_backup_taken_while_it_runs_is_a_whole_store() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, b, _) = village(folder.path());
    let engine = open(folder.path());
    let copy = folder.path().join("copy");
    engine.backup(&copy).await.unwrap();
    assert!(engine.backup(&copy).await.is_err(), "a backup is never overwritten");
    let fresh = folder.path().join("fresh");
    Engine::restore(&copy, &fresh).unwrap();
    assert_eq!(Engine::restore(&copy, &fresh), Err(OpenError::Exists));
    let again = open(&fresh);
    let proven = prove(&again, &b).await.unwrap();
    assert_eq!(again.entries(&proven, Seq(0), 10, usize::MAX).await.unwrap().len(), 2);
    assert_eq!(again.subject(&b.name).await.unwrap().unwrap().devices[0].envelopes.len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_look_into_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let engine = open(&data);
    engine.invite(1, 1).await.unwrap();
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let mut files = 0;
    for file in std::fs::read_dir(&data).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        files += 1;
    }
    assert!(files >= 2, "the store and its log");
}

#[tokio::test]
async fn time_and_policy_are_the_operators() {
    let folder = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(NOON.0));
    let clock = Arc::clone(&time);
    let policy = Policy { registration: Registration::Invite, ..Policy::unlimited() };
    let engine = Engine::open(folder.path(), policy, move || Millis(clock.load(Ordering::Relaxed))).unwrap();
    let mut town = Town::new(crate::memory());
    let (alice, request) = town.newcomer("alice");
    let register = |invite: &str| {
        AnonymousRequest::Register(Box::new(waxseal_wire::request::Register { invite: invite.into(), ..request.clone() }))
    };
    assert_eq!(engine.anonymous(register("")).await, Reply::Refused(Refusal::NotAllowed));
    let code = engine.invite(1, 2).await.unwrap();
    time.fetch_add(3 * crate::town::DAY, Ordering::Relaxed);
    assert_eq!(engine.anonymous(register(&code)).await, Reply::Refused(Refusal::NotAllowed));
    let code = engine.invite(1, 2).await.unwrap();
    assert_eq!(engine.anonymous(register(&code)).await, Reply::Done);
    engine.sweep().await;
    assert!(prove(&engine, &alice).await.is_ok());
}

/// The directory's tree head and log, as somebody is shown them who has seen `seen`, judged at `now`.
async fn directory(engine: &Engine, seen: Option<Seen>, now: Millis) -> (Log, Result<Head, Lie>) {
    let who = vec![AccountRef::Name(AccountName::parse("alice").unwrap())];
    let asked = AnonymousRequest::Lookup(Lookup { who, key_packages: true, seen });
    let Reply::Accounts(accounts) = engine.anonymous(asked).await else { panic!() };
    let log = *accounts.log.unwrap();
    let keys = LogKeys::from_bytes(&log.keys).unwrap();
    let placed = Placed::decode(&accounts.placed).unwrap();
    (log, placed.verify(&keys, &Witnesses::default(), None, now).map(|proven| *proven.head()))
}

#[tokio::test]
async fn a_directory_that_spoke_of_the_future_begins_another_log_when_the_clock_is_right_again() {
    const DAY: u64 = crate::town::DAY;
    let folder = tempfile::tempdir().unwrap();
    drop(village(folder.path()));
    let later = Millis(NOON.0 + 40 * DAY);
    let at = |now: Millis| Engine::open(folder.path(), Policy::unlimited(), move || now).unwrap();
    let (old, head) = directory(&at(later), None, later).await;
    let seen = head.unwrap();
    // The clock is set back by an hour: no head is signed with an earlier time, and nobody minds.
    let (same, head) = directory(&at(Millis(later.0 - DAY / 24)), None, later).await;
    assert_eq!((same.keys, head.map(|head| head.at)), (old.keys, Ok(seen.at)));
    // By all of it: what was said of the future is believed by nobody, and whoever did is handed over.
    let keys = LogKeys::from_bytes(&old.keys).unwrap();
    let (new, head) = directory(&at(NOON), Some(Seen { log: LogId(keys.id().0), size: seen.size }), NOON).await;
    assert_ne!(new.keys, old.keys);
    assert_eq!(head.unwrap().at, NOON);
    let [word] = &new.handovers[..] else { panic!("one log was before it") };
    let next = Handover::decode(word).unwrap().verify(&keys, Some(&seen)).unwrap();
    assert_eq!(next.to_bytes(), new.keys);
    // It stays that one.
    let (again, _) = directory(&at(NOON), None, NOON).await;
    assert_eq!(again.keys, new.keys);
}

#[tokio::test]
async fn a_tree_head_is_signed_anew_every_hour() {
    let folder = tempfile::tempdir().unwrap();
    drop(village(folder.path()));
    let time = Arc::new(AtomicU64::new(NOON.0));
    let clock = Arc::clone(&time);
    let engine = Engine::open(folder.path(), Policy::unlimited(), move || Millis(clock.load(Ordering::Relaxed))).unwrap();
    let first = directory(&engine, None, NOON).await.1.unwrap();
    let later = Millis(NOON.0 + 2 * crate::town::DAY);
    time.store(later.0, Ordering::Relaxed);
    assert_eq!(directory(&engine, None, later).await.1, Err(Lie::Stale));
    engine.sweep().await;
    let next = directory(&engine, None, later).await.1.unwrap();
    assert_eq!((next.at, next.size, next.root), (later, first.size, first.root));
}
