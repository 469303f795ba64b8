//! Real servers that are each other's witnesses, one line each: who cosigns what, and who is told what over the wire.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use waxseal_transparency::{AddCheckpoint, Head, LogKeys, SignedHead, Witness, WitnessSecret, Witnesses};
use waxseal_wire::frame::Door;
use waxseal_wire::id::Millis;
use waxseal_wire::reply::{Reply, Witnessed};
use waxseal_wire::request::AnonymousRequest;

use super::faulty::Faults;
use super::foreign::Log;
use super::person::{Connection, Person};
use super::program::{Program, folder, http, verb, waxseald};

/// Who runs a server, at an address that others know before it is up.
struct Operator {
    _around: tempfile::TempDir,
    folder: PathBuf,
    address: String,
}

impl Operator {
    fn new() -> Self {
        let (around, folder) = folder();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { _around: around, folder, address: free.to_string() }
    }

    /// What the other operator is given.
    fn line(&self) -> String {
        let printed = verb(&self.folder, &["witness", "--url", &format!("http://{}", self.address)]);
        assert!(printed.status.success(), "{printed:?}");
        String::from_utf8(printed.stdout).unwrap().trim().to_owned()
    }

    fn keys(&self) -> (LogKeys, Witness) {
        let line = self.line();
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(words[0], format!("http://{}/witness", self.address));
        (LogKeys::from_bytes(&hex::decode(words[2]).unwrap()).unwrap(), Witness::parse(words[1]).unwrap())
    }

    fn start(&self, witnesses: &[String]) -> Program {
        self.try_start(witnesses, None).unwrap()
    }

    /// To die at a step that was chosen: that may be before it is ready.
    fn try_start(&self, witnesses: &[String], faults: Option<&Faults>) -> Option<Program> {
        let config = self.folder.with_file_name("waxseald.toml");
        let lines: Vec<_> = witnesses.iter().map(|line| format!("{line:?}")).collect();
        fs::write(&config, format!("witnesses = [{}]\n", lines.join(", "))).unwrap();
        let mut command = waxseald(&self.folder);
        let said = File::options().create(true).append(true).open(self.said_in()).unwrap();
        command.stderr(said);
        if let Some(faults) = faults {
            faults.arm(&mut command);
        }
        Program::launch_at(&self.address, command, &["--config", config.to_str().unwrap()])
    }

    fn said_in(&self) -> PathBuf {
        self.folder.with_file_name("said")
    }

    /// Waits until its log says something.
    async fn says(&self, words: &str) {
        until(words, || async { fs::read_to_string(self.said_in()).unwrap().contains(words).then_some(()) }).await;
    }

    fn store(&self) -> PathBuf {
        self.folder.join("waxseal.db")
    }
}

/// Nothing takes this long unless it is broken.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    for _ in 0..400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

async fn witnessed(address: &str) -> Witnessed {
    match Connection::open(address, Door::Anonymous).await.ask(AnonymousRequest::Witnessed).await {
        Reply::Witnessed(witnessed) => witnessed,
        other => panic!("{other:?}"),
    }
}

/// The newest head, without asking anybody else.
fn newest(address: &str, log: &LogKeys) -> SignedHead {
    SignedHead::from_note(log, &http(address, "GET /log/checkpoint HTTP/1.1").1).unwrap()
}

/// Waits until the newest head of a log is cosigned, and said so by both ways.
async fn cosigned(address: &str, log: &LogKeys, by: &Witness) -> SignedHead {
    let (asked, log) = (Witnesses { keys: vec![by.clone()], need: 1 }, *log);
    until("cosigned", || async {
        let witnessed = witnessed(address).await;
        assert_eq!(witnessed.witnesses, [by.vkey()]);
        let shown = newest(address, &log);
        let told = SignedHead::decode(&witnessed.head).ok()?;
        let all = told.head == shown.head && told.verify(&log).is_ok();
        (all && asked.count(&log.id(), &told) == 1 && asked.count(&log.id(), &shown) == 1).then_some(told)
    })
    .await
}

#[tokio::test]
async fn two_servers_witness_each_other_by_one_line_each() {
    let (a, b) = (Operator::new(), Operator::new());
    let (line_a, line_b) = (a.line(), b.line());
    let ((log_a, key_a), (log_b, key_b)) = (a.keys(), b.keys());
    let program_a = a.start(std::slice::from_ref(&line_b));
    // Its witness is not there yet: nobody waits for it.
    tokio::time::timeout(Duration::from_secs(10), Person::arrive(&a.address, "alice")).await.unwrap();
    assert_eq!(witnessed(&a.address).await.head, Vec::<u8>::new());
    let program_b = b.start(std::slice::from_ref(&line_a));
    let first = cosigned(&a.address, &log_a, &key_b).await;
    cosigned(&b.address, &log_b, &key_a).await;
    // The lines are what they were before the first start, and while it runs.
    assert_eq!((a.line(), b.line()), (line_a.clone(), line_b.clone()));

    // It goes on with the log, through a kill of either, and what was cosigned is not forgotten.
    Person::arrive(&a.address, "bob").await;
    let second = cosigned(&a.address, &log_a, &key_b).await;
    assert!(second.head.size > first.head.size);
    program_b.kill();
    program_a.kill();
    let program_a = a.start(std::slice::from_ref(&line_b));
    let kept = SignedHead::decode(&witnessed(&a.address).await.head).unwrap();
    assert_eq!((kept.head, kept.cosignatures.len()), (second.head, 1));
    let program_b = b.start(&[line_a]);
    Person::arrive(&a.address, "carol").await;
    cosigned(&a.address, &log_a, &key_b).await;
    assert_eq!((program_a.stop(), program_b.stop()), (Some(0), Some(0)));
    assert_eq!(fs::read_to_string(a.said_in()).unwrap() + &fs::read_to_string(b.said_in()).unwrap(), "");
}

#[tokio::test]
async fn a_server_that_was_set_back_or_goes_another_way_is_refused_and_it_is_said_loudly() {
    let (a, b) = (Operator::new(), Operator::new());
    let (line_a, line_b, (log, _), (_, key)) = (a.line(), b.line(), a.keys(), b.keys());
    let program_b = b.start(std::slice::from_ref(&line_a));
    let program = a.start(std::slice::from_ref(&line_b));
    Person::arrive(&a.address, "alice").await;
    assert_eq!(program.stop(), Some(0));
    let copy = a.folder.with_file_name("copy");
    fs::copy(a.store(), &copy).unwrap();
    let program = a.start(std::slice::from_ref(&line_b));
    Person::arrive(&a.address, "bob").await;
    let before = cosigned(&a.address, &log, &key).await;
    assert_eq!(program.stop(), Some(0));

    // Not by `waxseald restore`: under the same keys.
    for name in ["waxseal.db-wal", "waxseal.db-shm"] {
        fs::remove_file(a.folder.join(name)).ok();
    }
    fs::copy(&copy, a.store()).unwrap();
    // What its witness decided is on its disk.
    program_b.kill();
    let program_b = b.start(std::slice::from_ref(&line_a));
    let program = a.start(std::slice::from_ref(&line_b));
    a.says("A WITNESS HAS SEEN ANOTHER HISTORY").await;
    // Back at the old size with somebody else in it, and beyond.
    Person::arrive(&a.address, "carol").await;
    assert_eq!(newest(&a.address, &log).head.size, before.head.size);
    b.says("HAS SIGNED TWO HISTORIES").await;
    let said = || fs::read_to_string(a.said_in()).unwrap().matches("ANOTHER HISTORY").count();
    Person::arrive(&a.address, "dave").await;
    let heard = said();
    until("said again", || async { (said() > heard).then_some(()) }).await;
    let now = newest(&a.address, &log);
    assert!(now.head.size > before.head.size && now.cosignatures.is_empty(), "{now:?}");
    let told = witnessed(&a.address).await.head;
    assert!(told.is_empty() || SignedHead::decode(&told).unwrap().head.size < before.head.size);
    assert_eq!((program.stop(), program_b.stop()), (Some(0), Some(0)));
}

#[tokio::test]
async fn a_restored_server_is_followed_to_its_new_log_which_begins_without_cosignatures() {
    let (a, b) = (Operator::new(), Operator::new());
    let (line_a, line_b, (old, _), (_, key)) = (a.line(), b.line(), a.keys(), b.keys());
    let program_b = b.start(std::slice::from_ref(&line_a));
    let program = a.start(std::slice::from_ref(&line_b));
    Person::arrive(&a.address, "alice").await;
    let backup = a.folder.with_file_name("backup");
    assert!(verb(&a.folder, &["backup", backup.to_str().unwrap()]).status.success());
    Person::arrive(&a.address, "bob").await;
    cosigned(&a.address, &old, &key).await;
    assert_eq!(program.stop(), Some(0));
    assert!(verb(&a.folder, &["restore", "--force", backup.to_str().unwrap()]).status.success());
    program_b.kill();
    let program = a.start(std::slice::from_ref(&line_b));
    let (new, vkey) = a.keys();
    assert!(new != old && !line_a.contains(&vkey.vkey()), "another log, and another witness: it has forgotten what it signed");
    assert_eq!(witnessed(&a.address).await.head, Vec::<u8>::new());
    // The witness still has the line with the old log.
    let program_b = b.start(std::slice::from_ref(&line_a));
    cosigned(&a.address, &new, &key).await;
    // And remembers where it went.
    program_b.kill();
    let program_b = b.start(std::slice::from_ref(&line_a));
    Person::arrive(&a.address, "carol").await;
    cosigned(&a.address, &new, &key).await;
    assert_eq!((program.stop(), program_b.stop()), (Some(0), Some(0)));
}

/// Status, head in lower case, and body.
fn post(address: &str, path: &str, body: &[u8]) -> (u16, String, String) {
    try_post(address, path, body).unwrap()
}

/// `None` where it dies before it has answered.
fn try_post(address: &str, path: &str, body: &[u8]) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).ok()?;
    // It may refuse before it has all.
    stream.write_all(body).ok();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned()))
}

#[tokio::test]
async fn the_door_of_a_witness_answers_as_the_specification_has_it() {
    const DOOR: &str = "/witness/add-checkpoint";
    let (b, mut log, stranger) = (Operator::new(), Log::new(1, 5), Log::new(2, 5));
    // Its server is not there: hand-overs cannot be looked for, and a cosignature of it cannot be had.
    let line = format!("http://127.0.0.1:9/witness {} {}", Operator::new().keys().1.vkey(), hex::encode(log.keys().to_bytes()));
    let (_, witness) = b.keys();
    let program = b.start(&[line]);
    Person::arrive(&b.address, "alice").await;
    let asks = |log: &Log, old: u64, minutes: u64| {
        let head = log.head(minutes);
        let proof = if old == 0 || old >= head.head.size { vec![] } else { log.consistency(old) };
        AddCheckpoint { old, proof, note: head.to_note(&log.keys()) }
    };
    let ask = |asked: &AddCheckpoint| post(&b.address, DOOR, asked.to_text().as_bytes());

    for body in ["", "old 5", "old x\n\nnote", "old 5\nAAAA\n\nnote", "old 0\n\nnote", "\u{fffd}"] {
        assert_eq!(post(&b.address, DOOR, body.as_bytes()).0, 400, "{body:?}");
    }
    assert_eq!(post(&b.address, DOOR, &[0xff; 100]).0, 400);
    assert_eq!(post(&b.address, DOOR, &vec![b'x'; 200_000]).0, 400, "too much to be one");
    assert_eq!(ask(&asks(&stranger, 0, 5)).0, 404, "not a log of ours");
    let forged = SignedHead { signature: [7; 64], ..log.head(5) };
    assert_eq!(ask(&AddCheckpoint { old: 0, proof: vec![], note: forged.to_note(&log.keys()) }).0, 403);
    let (status, head, size) = ask(&asks(&log, 3, 5));
    assert_eq!((status, size.as_str(), head.contains("content-type: text/x.tlog.size")), (409, "0\n", true));
    assert_eq!(ask(&AddCheckpoint { old: 9, ..asks(&log, 0, 5) }).0, 400, "the old size is over the new one");

    let asked = asks(&log, 0, 5);
    let (status, _, line) = ask(&asked);
    assert_eq!(status, 200);
    let signed = SignedHead::from_note(&log.keys(), &format!("{}{line}", asked.note)).unwrap();
    assert_eq!(signed.cosignatures.len(), 1);
    witness.verify(&log.keys().id(), &signed.head, &signed.cosignatures[0]).unwrap();

    let mut other = log.parted();
    log.grow(1);
    other.grow(2);
    assert_eq!(ask(&AddCheckpoint { proof: vec![[1; 32]], ..asks(&log, 5, 6) }).0, 422);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(ask(&asks(&log, 5, 6)).0, 200);
    log.grow(3);
    assert_eq!(ask(&asks(&log, 6, 7)).0, 429, "one new tree a second");
    let (status, _, size) = ask(&asks(&other, 6, 8));
    assert_eq!((status, size.as_str()), (409, "6\n"), "never two trees of one size");
    b.says("HAS SIGNED TWO HISTORIES").await;
    for line in ["GET /witness/add-checkpoint", "POST /witness", "POST /witness/", "POST /add-checkpoint"] {
        assert_eq!(http(&b.address, &format!("{line} HTTP/1.1")).0, 404, "{line}");
    }
    assert_eq!(program.stop(), Some(0));
}

/// Two heads of one size, brought at once, over and over: one tree is signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_ask_at_once_never_get_two_histories() {
    let (b, log) = (Operator::new(), Log::new(1, 5));
    let line = format!("http://127.0.0.1:9/witness {} {}", Operator::new().keys().1.vkey(), hex::encode(log.keys().to_bytes()));
    let program = b.start(&[line]);
    let (mut one, mut other) = (log.parted(), log.parted());
    one.grow(1);
    other.grow(2);
    let asks: Vec<_> = (0..16)
        .map(|n| {
            let log = if n % 2 == 0 { &one } else { &other };
            let text = AddCheckpoint { old: 0, proof: vec![], note: log.head(5 + n).to_note(&log.keys()) }.to_text();
            let address = b.address.clone();
            std::thread::spawn(move || (n % 2, post(&address, "/witness/add-checkpoint", text.as_bytes()).0))
        })
        .collect();
    let signed: Vec<_> = asks.into_iter().map(|ask| ask.join().unwrap()).filter(|(_, status)| *status == 200).collect();
    assert!(!signed.is_empty() && signed.iter().all(|(which, _)| *which == signed[0].0), "{signed:?}");
    assert_eq!(program.stop(), Some(0));
}

/// Killed at one change of its files after the other, also between what is durable and the answer.
#[test]
fn a_witness_that_is_killed_never_signs_two_trees_of_one_size() {
    const DOOR: &str = "/witness/add-checkpoint";
    let log = Log::new(1, 5);
    let (mut one, mut other) = (log.parted(), log.parted());
    one.grow(1);
    other.grow(2);
    let line = format!("http://127.0.0.1:9/witness {} {}", Operator::new().keys().1.vkey(), hex::encode(log.keys().to_bytes()));
    let (mut silent, mut remembered, mut alive) = (0, 0, 0);
    for step in 1..400 {
        // Beyond what a question changes.
        if alive >= 4 {
            break;
        }
        let b = Operator::new();
        b.line();
        let faults = Faults::under(&b.folder).kill_at(step);
        let Some(program) = b.try_start(std::slice::from_ref(&line), Some(&faults)) else { continue };
        let asks = |log: &Log, old| AddCheckpoint { old, proof: vec![], note: log.head(6).to_note(&log.keys()) }.to_text();
        let first = try_post(&b.address, DOOR, asks(&one, 0).as_bytes()).map(|answer| answer.0);
        program.kill();
        let program = b.start(std::slice::from_ref(&line));
        let second = post(&b.address, DOOR, asks(&other, 0).as_bytes());
        match first {
            Some(200) => assert_eq!((second.0, second.2.as_str()), (409, "6\n"), "killed at {step}"),
            // It may have decided and not said so: then whoever asks again is given the signature.
            None if second.0 == 409 => assert_eq!(post(&b.address, DOOR, asks(&one, 6).as_bytes()).0, 200),
            None => assert_eq!(second.0, 200),
            other => panic!("{other:?} at {step}"),
        }
        alive += usize::from(first.is_some());
        silent += usize::from(first.is_none());
        remembered += usize::from(first.is_none() && second.0 == 409);
        program.kill();
    }
    assert!(silent > 0 && remembered > 0, "it was killed before it could answer, and after it had decided");
    println!("killed before an answer {silent} times, {remembered} of them after it was durable");
}

/// What a witness answers; some of it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    AsItShould,
    ByAnotherKey,
    OfAnotherHead,
    TooMuch,
    NoSize,
    NotFound,
}

/// A witness of the test's own: its key, where it is, how often it was asked.
fn witness(answers: Answers, log: LogKeys) -> (String, String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (at, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let seed = answers as u8 + 1;
    let (right, wrong) = (WitnessSecret::new("w.example", [seed; 32]).unwrap(), WitnessSecret::new("w.example", [99; 32]).unwrap());
    let (vkey, count) = (right.vkey(), Arc::clone(&asked));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Some((mut stream, text)) = stream.ok().and_then(read_asked) else { continue };
            let signed = SignedHead::from_note(&log, &AddCheckpoint::parse(&text).unwrap().note).unwrap();
            let (id, head, now) = (log.id(), signed.head, waxseal_server::clock::system());
            let later = Head { at: Millis(head.at.0 + 1), ..head };
            let foreign = wrong.cosign(&id, &head, now).to_note_line();
            let (status, body) = match answers {
                // Others may stand beside it; what they signed, they say themselves.
                Answers::AsItShould => ("200 OK", foreign + &right.cosign(&id, &head, now).to_note_line()),
                Answers::ByAnotherKey => ("200 OK", foreign),
                Answers::OfAnotherHead => ("200 OK", right.cosign(&id, &later, now).to_note_line()),
                Answers::TooMuch => ("200 OK", right.cosign(&id, &head, now).to_note_line() + &"x".repeat(1 << 20)),
                Answers::NoSize => ("409 Conflict", "-1\n".to_owned()),
                Answers::NotFound => ("404 Not Found", right.cosign(&id, &head, now).to_note_line()),
            };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).ok();
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (format!("http://{at} {vkey}"), vkey, asked)
}

#[tokio::test]
async fn what_is_no_cosignature_of_this_head_by_this_witness_is_not_kept() {
    use Answers::*;
    let a = Operator::new();
    let (log, _) = a.keys();
    let all = [AsItShould, ByAnotherKey, OfAnotherHead, TooMuch, NoSize, NotFound].map(|answers| witness(answers, log));
    let program = a.start(&all.each_ref().map(|(line, ..)| line.clone()));
    until("all are asked", || async { all.iter().all(|(.., asked)| asked.load(Ordering::Relaxed) > 0).then_some(()) }).await;
    // Long enough for what was answered to be kept.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = witnessed(&a.address).await;
    assert_eq!(told.witnesses, all.each_ref().map(|(_, vkey, _)| vkey.clone()));
    let head = SignedHead::decode(&told.head).unwrap();
    assert_eq!(head.cosignatures.len(), 1, "{head:?}");
    Witness::parse(&all[0].1).unwrap().verify(&log.id(), &head.head, &head.cosignatures[0]).unwrap();
    assert_eq!(program.stop(), Some(0));
}

/// One question, whole.
fn read_asked(mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
        if body.len() >= length {
            return Some((stream, body.to_owned()));
        }
    }
}

#[test]
fn a_line_that_is_none_is_refused_with_a_word_on_what_to_do() {
    let a = Operator::new();
    let config = a.folder.with_file_name("waxseald.toml");
    let key = a.line().split(' ').nth(1).unwrap().to_owned();
    for (line, says) in [
        ("https://chat.example".to_owned(), "waxseald witness"),
        (format!("http://chat.example {key}"), "use https"),
        (format!("https://chat.example {key} 00"), "/log/keys"),
    ] {
        fs::write(&config, format!("witnesses = [{line:?}]\n")).unwrap();
        let refused = verb(&a.folder, &["run", "--config", config.to_str().unwrap()]);
        let words = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(
            (refused.status.code(), words.contains("witnesses, line 1") && words.contains(says)),
            (Some(2), true),
            "{words}"
        );
    }
}
