//! The real program on a disk that is full, read-only or broken: it says so, keeps what it promised, and goes on by
//! itself when the disk is well again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand_core::OsRng;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{IdempotencyKey, Position, Seq};
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::AnonymousRequest;
use waxseal_wire::seal::Kind;

use super::faulty::small::SmallDisk;
use super::faulty::{Faults, Mood, set_mood};
use super::person::{Connection, Group, Person, found, random_bytes, take};
use super::program::{Program, WAXSEALD, admin, at_home, folder, http, verb, waxseald};
use super::story::two;

/// The program tries its store every two seconds.
const SOON: Duration = Duration::from_secs(10);

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn health(program: &Program) -> [(u16, String); 2] {
    ["/healthz", "/readyz"].map(|path| http(&program.address, &format!("GET {path} HTTP/1.1")))
}

/// Waits until it is ready again, though nobody asks it for anything.
fn recovers(program: &Program) {
    let since = Instant::now();
    while health(program) != [(200, "ok\n".to_owned()), (200, "ready\n".to_owned())] {
        assert!(since.elapsed() < SOON, "{:?}", health(program));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_ill(program: &Program, why: &str) {
    let [(alive, _), (ready, said)] = health(program);
    assert_eq!((alive, ready), (200, 503));
    assert!(said.contains(why), "{said}");
}

async fn ask(program: &Program, request: AnonymousRequest) -> Reply {
    Connection::open(&program.address, Door::Anonymous).await.ask(request).await
}

/// All messages that lie in a mailbox, in order.
async fn messages(person: &Person, program: &Program) -> Vec<(Position, Vec<u8>)> {
    let (mut device, session) = person.connect(&program.address).await;
    assert_eq!(device.ask(take(Seq(0))).await, Reply::Done);
    let mut all = Vec::new();
    let mut last = Seq(0);
    while last < session.head {
        for entry in device.entries().await {
            last = entry.seq;
            let delivered = person.open(&entry);
            if delivered.kind == Kind::Message {
                all.push((delivered.position, delivered.envelope));
            }
        }
    }
    all
}

/// A program on a disk whose mood is ours, with two people who talk.
fn moody(runtime: &Runtime) -> (TempDir, PathBuf, PathBuf, Program, Person, Person, Group) {
    let (around, folder) = folder();
    let mood = around.path().join("mood");
    set_mood(&mood, Mood::Well);
    let program = Program::start_with(&folder, &[], &Faults::under(&folder).disk(&mood)).unwrap();
    let (alice, bob, group) = runtime.block_on(two(&program.address));
    (around, folder, mood, program, alice, bob, group)
}

#[test]
fn whatever_a_disk_does_the_program_says_it_serves_who_reads_and_recovers_by_itself() {
    let runtime = Runtime::new().unwrap();
    let (_around, folder, mood, program, alice, bob, group) = moody(&runtime);
    let mut expected = vec![(Position(1), b"hello".to_vec())];
    let sicknesses = [
        (Mood::Full, Refusal::Full, "full; make room"),
        // A file that is open already fails as any other would.
        (Mood::ReadOnly, Refusal::Internal, "disk failed"),
        (Mood::Broken, Refusal::Internal, "disk failed"),
    ];
    for (sickness, refusal, why) in sicknesses {
        set_mood(&mood, sickness);
        // More than the log may have room for from before.
        let bytes = random_bytes(200_000);
        let request = group.message_again(&alice, &bytes, IdempotencyKey::random(&mut OsRng));
        assert_eq!(runtime.block_on(ask(&program, request.clone())), Reply::Refused(refusal), "{sickness:?}");
        is_ill(&program, why);
        assert_eq!(runtime.block_on(ask(&program, request.clone())), Reply::Refused(refusal));
        // Whoever reads is served, and finds nothing half done.
        let known = AnonymousRequest::Lookup(waxseal_wire::request::Lookup {
            who: vec![waxseal_wire::request::AccountRef::Name(bob.name.clone())],
            key_packages: false,
            seen: None,
        });
        assert_eq!(found(runtime.block_on(ask(&program, known))).chain, bob.chain.records());
        assert_eq!(runtime.block_on(messages(&bob, &program)), expected);
        let (address, token) = admin(&folder);
        let numbers = http(&address, &format!("GET /metrics HTTP/1.1\r\nAuthorization: Bearer {token}")).1;
        assert!(numbers.contains("waxseal_store_takes 0"), "{numbers}");

        set_mood(&mood, Mood::Well);
        recovers(&program);
        // The same request again is done, once.
        let position = Position(expected.len() as u64 + 1);
        assert_eq!(runtime.block_on(ask(&program, request.clone())), Reply::Accepted(position));
        assert_eq!(runtime.block_on(ask(&program, request)), Reply::Accepted(position));
        expected.push((position, bytes));
        assert_eq!(runtime.block_on(messages(&bob, &program)), expected);
    }
    assert_eq!(program.stop(), Some(0));
    let program = Program::start(&folder, &[]);
    assert_eq!(runtime.block_on(messages(&bob, &program)), expected);
}

#[test]
fn a_disk_that_is_full_for_an_hour_is_a_few_lines_in_the_log() {
    let runtime = Runtime::new().unwrap();
    let (around, folder) = folder();
    let (mood, log) = (around.path().join("mood"), around.path().join("log"));
    set_mood(&mood, Mood::Well);
    let mut command = waxseald(&folder);
    Faults::under(&folder).disk(&mood).arm(&mut command).stderr(std::fs::File::create(&log).unwrap());
    let program = Program::launch(command, &["--log", "info"]).unwrap();
    let (alice, _bob, group) = runtime.block_on(two(&program.address));
    set_mood(&mood, Mood::Full);
    for _ in 0..100 {
        let request = group.message(&alice, &random_bytes(200_000));
        assert_eq!(runtime.block_on(ask(&program, request)), Reply::Refused(Refusal::Full));
    }
    set_mood(&mood, Mood::Well);
    recovers(&program);
    assert_eq!(program.stop(), Some(0));
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("nothing can be stored") && said.contains("stored again"), "{said}");
    assert!(said.lines().count() < 20, "{said}");
}

/// The program on a small disk.
fn on(disk: &SmallDisk, folder: &Path, words: &[&str]) -> std::process::Output {
    at_home(disk.command(WAXSEALD), folder).args(words).output().unwrap()
}

#[test]
fn a_small_disk_fills_up_empties_and_fills_up() {
    let runtime = Runtime::new().unwrap();
    let (_around, folder) = folder();
    let disk = SmallDisk::new(&folder, 6);
    let program = Program::launch(at_home(disk.command(WAXSEALD), &folder), &[]).unwrap();
    let (alice, bob, group) = runtime.block_on(two(&program.address));
    let mut expected = vec![(Position(1), b"hello".to_vec())];
    for _ in 0..2 {
        disk.fill();
        let bytes = random_bytes(200_000);
        let request = group.message_again(&alice, &bytes, IdempotencyKey::random(&mut OsRng));
        assert_eq!(runtime.block_on(ask(&program, request.clone())), Reply::Refused(Refusal::Full));
        is_ill(&program, "full");
        disk.clear();
        recovers(&program);
        let position = Position(expected.len() as u64 + 1);
        assert_eq!(runtime.block_on(ask(&program, request)), Reply::Accepted(position));
        expected.push((position, bytes));
        assert_eq!(runtime.block_on(messages(&bob, &program)), expected);
    }
    program.kill();

    // Started on a full disk, and on one that cannot be written, it says what to do, and nothing is lost by it.
    disk.fill();
    let refused = on(&disk, &folder, &["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused.stderr));
    assert!(words(&refused.stderr).contains("make room"), "{}", words(&refused.stderr));
    disk.clear();
    disk.freeze();
    let refused = on(&disk, &folder, &["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(words(&refused.stderr).to_lowercase().contains("read-only"), "{}", words(&refused.stderr));
    disk.thaw();
    let program = Program::launch(at_home(disk.command(WAXSEALD), &folder), &[]).unwrap();
    assert_eq!(runtime.block_on(messages(&bob, &program)), expected);
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn a_backup_or_configuration_that_does_not_fit_leaves_nothing_behind() {
    let runtime = Runtime::new().unwrap();
    let (around, folder) = folder();
    let full = around.path().join("stick");
    let disk = SmallDisk::new(&full, 1);
    let program = Program::launch(at_home(disk.command(WAXSEALD), &folder), &[]).unwrap();
    runtime.block_on(two(&program.address));
    disk.fill();
    for (what, name) in [("backup", "copy.waxseal"), ("init", "waxseald.toml")] {
        let file = full.join(name);
        let refused = on(&disk, &folder, &[what, file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1), "{what}: {}", words(&refused.stderr));
        let left = disk.command("ls").arg(&full).output().unwrap();
        assert!(!words(&left.stdout).contains(name), "half of {name} is left");
    }
    disk.clear();
    let copy = full.join("copy.waxseal");
    assert_eq!(on(&disk, &folder, &["backup", copy.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(program.stop(), Some(0));
    // Put back where there is no room: refused, and what is there stays.
    disk.fill();
    let small = full.join("data");
    let restore = at_home(disk.command(WAXSEALD), &folder).args(["--folder"]).arg(&small).arg("restore").arg(&copy).output();
    assert_eq!(restore.unwrap().status.code(), Some(1));
    assert_eq!(verb(&folder, &["subject", "alice"]).status.code(), Some(0));
}
