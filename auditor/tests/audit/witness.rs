//! What others are told: cosigned heads, of what was verified and of nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use waxseal_transparency::{AddCheckpoint, SignedHead, Witness};

use super::liar::{Liar, Shows};
use super::log::Log;
use super::program::Auditor;

pub(crate) struct Service(Child, String);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn service(auditor: &Auditor, words: &[&str]) -> Service {
    service_at(auditor, "127.0.0.1:0", &[&["--every", "1s"], words].concat())
}

pub(crate) fn service_at(auditor: &Auditor, listen: &str, words: &[&str]) -> Service {
    let mut command = auditor.following(&["--listen", listen]);
    let mut child = command.args(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}")).to_owned();
    Service(child, address)
}

fn ask(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Asks for the checkpoint until it is of this status.
fn until(address: &str, wanted: u16) -> String {
    for _ in 0..200 {
        let (status, body) = ask(address, "GET /checkpoint", "");
        if status == wanted {
            return body;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("never {wanted}")
}

pub(crate) fn key(auditor: &Auditor) -> Witness {
    let made = auditor.run(&["key", "new", "auditor.example", "key"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(auditor.run(&["key", "show", "key"]).out, made.out);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(auditor.path("key")).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    Witness::parse(made.out.trim()).unwrap()
}

#[test]
fn a_verified_head_is_cosigned_and_written_for_others() {
    let mut log = Log::new(1, 5);
    let liar = Liar::honest(&log, 5);
    let auditor = Auditor::of(&liar.url);
    let witness = key(&auditor);
    let export = ["export", "--state", "state", "note"];
    assert_eq!(auditor.run(&export).code, 3, "nothing yet");
    for minutes in 6..8 {
        assert_eq!(auditor.once_with(&["--key", "key"]).code, 0);
        assert_eq!(auditor.run(&export).code, 0);
        let note = std::fs::read_to_string(auditor.path("note")).unwrap();
        let head = SignedHead::from_note(&log.keys(), &note).unwrap();
        assert_eq!((head.head, head.cosignatures.len()), (log.head(minutes - 1).head, 1));
        assert_eq!(witness.verify(&log.keys().id(), &head.head, &head.cosignatures[0]), Ok(()));
        log.grow(minutes);
        liar.show(Shows::of(&log, &log.head(minutes)));
    }
    // A head that is a lie is not cosigned, and what was cosigned before is shown no more.
    let mut other = Log::new(1, 5);
    (0..3).for_each(|_| other.grow(99));
    liar.show(Shows::of(&other, &other.head(9)));
    assert_eq!(auditor.once_with(&["--key", "key"]).code, 1);
    let state = std::fs::read_to_string(auditor.state()).unwrap();
    assert!(!state.contains(&hex::encode(other.head(9).head.root)) || !state.contains("cosign"));
    let run = auditor.run(&export);
    assert_eq!((run.code, run.err.contains("the log lied")), (3, true), "{run:?}");
}

#[test]
fn a_service_witnesses_what_it_verified_and_is_silent_after_a_lie() {
    let log = Log::new(1, 5);
    let liar = Liar::honest(&log, 5);
    let auditor = Auditor::of(&liar.url);
    let witness = key(&auditor);
    let service = service(&auditor, &["--key", "key"]);
    let address = service.1.clone();
    let shown = SignedHead::from_note(&log.keys(), &until(&address, 200)).unwrap();
    assert_eq!(witness.verify(&log.keys().id(), &shown.head, &shown.cosignatures[0]), Ok(()));

    // C2SP tlog-witness.
    let add = |old: &str, note: &str| ask(&address, "POST /add-checkpoint", &format!("{old}\n\n{note}"));
    let note = log.head(5).to_note(&log.keys());
    let (status, line) = add("old 5", &note);
    assert_eq!(status, 200);
    let cosigned = SignedHead::from_note(&log.keys(), &format!("{note}{line}")).unwrap();
    assert_eq!(witness.verify(&log.keys().id(), &cosigned.head, &cosigned.cosignatures[0]), Ok(()));
    // Signed again later, it is the same tree.
    assert_eq!(add("old 5", &log.head(7).to_note(&log.keys())).0, 200);
    assert_eq!(add("old 4", &note), (409, "5\n".to_owned()));
    assert_eq!(add("old 6", &note).0, 400);
    let (mut next, mut other) = (log.parted(), Log::new(1, 4));
    next.grow(1);
    other.grow(9);
    let asks = |log: &Log| {
        let proof = log.consistency(5);
        AddCheckpoint { old: 5, proof, note: log.head(6).to_note(&log.keys()) }.to_text()
    };
    assert_eq!(ask(&address, "POST /add-checkpoint", &asks(&next)).0, 503, "never before it is verified");
    assert_eq!(add("old 5", &next.head(6).to_note(&log.keys())).0, 422, "nor without a proof");
    // A head from before is what anybody may hold.
    assert_eq!(add("old 4", &log.head_of(4, 3).to_note(&log.keys())).0, 409);
    let stranger = Log::new(2, 5);
    assert_eq!(add("old 5", &stranger.head(5).to_note(&stranger.keys())).0, 404);
    let forged = SignedHead { signature: [7; 64], ..log.head(5) };
    assert_eq!(add("old 5", &forged.to_note(&log.keys())).0, 403);
    for asked in ["", "old", "old x\n\nnote", "old -1\n\n", "old 5"] {
        assert_eq!(ask(&address, "POST /add-checkpoint", asked).0, 400, "{asked}");
    }
    assert_eq!(ask(&address, "GET /", "").0, 404);
    // Another auditor does not work with this one's state.
    assert_eq!(auditor.once().code, 3);

    // It follows by itself, and stops at a lie.
    liar.show(Shows::of(&next, &next.head(6)));
    let grown = |note: &str| SignedHead::from_note(&log.keys(), note).is_ok_and(|head| head.head.size == 6);
    assert!((0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        grown(&until(&address, 200))
    }));
    other.grow(9);
    other.grow(9);
    liar.show(Shows::of(&other, &other.head(9)));
    until(&address, 503);
    assert_eq!(add("old 6", &next.head(6).to_note(&log.keys())).0, 503);
    liar.show(Shows::of(&next, &next.head(10)));
    std::thread::sleep(Duration::from_secs(2));
    until(&address, 503);
    drop(service);
    assert_eq!(auditor.once().code, 1, "also after a restart, and though the server shows the truth again");
}

#[test]
fn a_head_that_somebody_brings_convicts_a_log_that_shows_another_here() {
    let (log, mut other) = (Log::new(1, 5), Log::new(1, 4));
    other.grow(9);
    for (brought, of) in [(other.head(6), "two different states"), (other.head_of(4, 6), "took back")] {
        let liar = Liar::honest(&log, 5);
        let auditor = Auditor::of(&liar.url);
        key(&auditor);
        let service = service(&auditor, &["--key", "key"]);
        until(&service.1, 200);
        let note = brought.to_note(&log.keys());
        let (status, size) = ask(&service.1, "POST /add-checkpoint", &format!("old {}\n\n{note}", brought.head.size));
        assert_eq!((status, size.as_str()), (409, "5\n"), "never another root");
        until(&service.1, 503);
        drop(service);
        assert!(auditor.convicts().contains(of));
    }
}

#[test]
fn a_newer_head_that_somebody_brings_is_looked_at_at_once() {
    let log = Log::new(1, 5);
    let liar = Liar::honest(&log, 5);
    let auditor = Auditor::of(&liar.url);
    let witness = key(&auditor);
    // By itself it would look in an hour.
    let service = service_at(&auditor, "127.0.0.1:0", &["--every", "1h", "--key", "key"]);
    until(&service.1, 200);
    let (mut next, mut other) = (log.parted(), log.parted());
    next.grow(1);
    other.grow(2);
    liar.show(Shows::of(&next, &next.head(6)));
    let asks = |log: &Log, old: u64, minutes: u64| {
        let proof = log.consistency(old);
        AddCheckpoint { old, proof, note: log.head(minutes).to_note(&log.keys()) }
    };
    let asked = asks(&next, 5, 6);
    let (status, line) = ask(&service.1, "POST /add-checkpoint", &asked.to_text());
    assert_eq!(status, 200);
    let signed = SignedHead::from_note(&log.keys(), &format!("{}{line}", asked.note)).unwrap();
    assert_eq!(witness.verify(&log.keys().id(), &signed.head, &signed.cosignatures[0]), Ok(()));
    // Another history does not go on from what it found.
    next.grow(3);
    other.grow(4);
    liar.show(Shows::of(&next, &next.head(7)));
    let (status, size) = ask(&service.1, "POST /add-checkpoint", &AddCheckpoint { proof: vec![], ..asks(&other, 5, 7) }.to_text());
    assert_eq!((status, size.as_str()), (409, "6\n"));
    assert_eq!(ask(&service.1, "POST /add-checkpoint", &asks(&other, 6, 7).to_text()).0, 422);
    assert_eq!(ask(&service.1, "POST /add-checkpoint", &asks(&next, 6, 7).to_text()).0, 200);
    // One that leaves the common way only now is not what the round comes to, either.
    let mut fork = next.parted();
    fork.grow(5);
    next.grow(6);
    liar.show(Shows::of(&next, &next.head(8)));
    let (status, size) = ask(&service.1, "POST /add-checkpoint", &asks(&fork, 7, 8).to_text());
    assert_eq!((status, size.as_str()), (409, "8\n"));
    until(&service.1, 503);
    drop(service);
    assert!(auditor.convicts().contains("two different states"));
}
