//! kill -9 of the real client at every step at which something becomes durable, again and again, over a real server.
//!
//! A verb runs, and dies instead of its 1st, 2nd, 3rd … step, until one run ends by itself. After each death a
//! person does what a person would: looks, and does it again where it is not there. In the end nothing is lost,
//! nothing is there twice, and everybody sees the same.
//!
//! A step is any change of a file: a write, a sync, a new name. Every other death is a power cut: what was not synced
//! is lost too. A usual run dies at every so many steps; `WAXSEAL_FAULTS=all` (`make faults`) at each.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "waiting for other processes takes time")]
#![allow(dead_code, unreachable_pub, reason = "shared with the tests of the server")]

mod cast;
#[path = "../../server/tests/faulty/mod.rs"]
mod faulty;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cast::{Person, Town};
use faulty::Faults;

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
/// Nothing on one machine takes longer, even on a busy one.
const SOON: Duration = Duration::from_secs(60);

/// How a run ended that was to die.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// At its step.
    Killed,
    /// By itself: it has no such step.
    Done,
}

/// A verb that will die instead of its `nth` step.
fn doomed(person: &Person, nth: u64, verb: &[&str]) -> Command {
    let faults = Faults::under(person.folder()).kill_at(nth);
    let faults = if nth.is_multiple_of(2) { faults.cut_power(nth) } else { faults };
    let mut command = person.command(verb);
    faults.arm(&mut command).stdin(Stdio::null());
    command
}

/// Runs a verb that dies instead of its `nth` step.
fn dies_at(person: &Person, nth: u64, verb: &[&str]) -> Ended {
    let output = doomed(person, nth, verb).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    match (output.status.signal(), output.status.success()) {
        (Some(SIGKILL), _) => Ended::Killed,
        (None, true) => Ended::Done,
        _ => panic!("{verb:?} at step {nth}: {}\n{words}", output.status),
    }
}

/// Dies at the first step, and at every so many after it (an odd number: deaths and power cuts take turns), until
/// there are no more.
fn at_steps(stride: usize, mut run: impl FnMut(u64) -> Ended) {
    let stride = if std::env::var("WAXSEAL_FAULTS").is_ok_and(|which| which == "all") { 1 } else { stride };
    for nth in (1..).step_by(stride) {
        if run(nth) == Ended::Done {
            eprintln!("it had fewer than {nth} steps, and died at every {stride} of them");
            assert!(nth > 3, "a verb that never persists");
            return;
        }
    }
}

/// The texts of a chat as one device has them.
fn texts(person: &Person, chat: &str) -> Vec<String> {
    let said = person.run(&["read", chat, "--json", "--peek", "--offline", "--limit", "10000"]);
    let said = String::from_utf8(said.stdout).unwrap();
    let lines = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|message| message["kind"] == "text").map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

/// What in a chat is no text and should not be there: gaps, things that nobody can show.
fn oddities(person: &Person, chat: &str) -> Vec<String> {
    let said = person.done(&["read", chat, "--json", "--peek", "--offline", "--limit", "10000"]);
    let is_odd = |line: &&str| line.contains(r#""kind":"gap""#) || line.contains(r#""kind":"unknown""#);
    said.lines().filter(is_odd).map(str::to_owned).collect()
}

fn titles(person: &Person) -> Vec<String> {
    let said = person.done(&["chats", "--json"]);
    said.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["title"].as_str().unwrap().to_owned())
        .collect()
}

/// Two who talk.
fn acquainted(town: &Town) -> (Person, Person) {
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    alice.done(&["send", "bob", "hello"]);
    bob.until(&["read"], "alice: hello");
    bob.done(&["requests", "accept", "alice"]);
    (alice, bob)
}

#[test]
fn who_registers_may_die_at_every_step_and_has_the_name() {
    let town = Town::new();
    let zoe = town.registered("zoe");
    at_steps(19, |nth| {
        let name = format!("anna{nth}");
        let anna = town.person(&name);
        let ended = dies_at(&anna, nth, &["register", &name]);
        // Done again it is done, whether it was before or not.
        assert!(anna.done(&["register", &name]).contains(&format!("You are {name}")));
        zoe.done(&["send", &name, "welcome"]);
        anna.until(&["read"], "zoe: welcome");
        ended
    });
}

#[test]
fn who_writes_may_die_at_every_step_and_every_word_arrives_once() {
    let town = Town::new();
    let (alice, bob) = acquainted(&town);
    let mut said = vec!["hello".to_owned()];
    at_steps(3, |nth| {
        let word = format!("word {nth}");
        let ended = dies_at(&alice, nth, &["send", "bob", &word]);
        if !texts(&alice, "bob").contains(&word) {
            assert_eq!(ended, Ended::Killed, "what was acknowledged is kept");
            alice.done(&["send", "bob", &word]);
        }
        said.push(word);
        ended
    });
    alice.done(&["send", "bob", "the end"]);
    said.push("the end".to_owned());
    bob.until(&["read", "alice", "--peek", "--limit", "1000"], "the end");
    assert_eq!(texts(&bob, "alice"), said);
    assert_eq!(texts(&alice, "bob"), said);
    assert_eq!([oddities(&alice, "bob"), oddities(&bob, "alice")].concat(), [""; 0]);
    bob.done(&["send", "alice", "all of it"]);
    alice.until(&["read", "bob"], "bob: all of it");
}

#[test]
fn who_founds_a_group_may_die_at_every_step_and_founds_one() {
    let town = Town::new();
    let (alice, bob) = acquainted(&town);
    let mut expected = vec!["alice".to_owned()];
    at_steps(9, |nth| {
        let title = format!("circle {nth}");
        let ended = dies_at(&alice, nth, &["group", "create", &title, "bob"]);
        if !titles(&alice).contains(&title) {
            assert_eq!(ended, Ended::Killed, "what was acknowledged is kept");
            alice.done(&["group", "create", &title, "bob"]);
        }
        let target = format!("#{title}");
        alice.done(&["send", &target, "are we all here?"]);
        bob.until(&["read", &target], "alice: are we all here?");
        expected.push(title);
        ended
    });
    let mut seen = titles(&bob);
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "one group each");
}

#[test]
fn who_accepts_may_die_at_every_step_and_has_accepted() {
    let town = Town::new();
    // A stranger: whoever is known already has no need to ask.
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    at_steps(5, |nth| {
        let (title, target) = (format!("circle {nth}"), format!("#circle {nth}"));
        alice.done(&["group", "create", &title, "bob"]);
        bob.until(&["requests"], &title);
        let ended = dies_at(&bob, nth, &["requests", "accept", &target]);
        assert!(bob.done(&["requests", "accept", &target]).contains("Accepted"));
        bob.done(&["send", &target, "here I am"]);
        alice.until(&["read", &target], "bob: here I am");
        ended
    });
}

#[test]
fn who_adds_and_removes_may_die_at_every_step_and_it_is_done() {
    let town = Town::new();
    let (alice, bob) = acquainted(&town);
    let carol = town.registered("carol");
    alice.done(&["group", "create", "circle", "bob"]);
    let is_in = |name: &str| alice.done(&["group", "members", "#circle"]).lines().filter(|line| line.contains(name)).count();
    at_steps(11, |nth| {
        let added = dies_at(&alice, nth, &["group", "add", "#circle", "carol"]);
        let again = alice.run(&["group", "add", "#circle", "carol"]);
        let complained = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success() || complained.contains("in the group already"), "{complained}");
        assert_eq!(is_in("carol"), 1);
        let removed = dies_at(&alice, nth, &["group", "remove", "#circle", "carol"]);
        if is_in("carol") > 0 {
            assert_eq!(removed, Ended::Killed, "what was acknowledged is kept");
            alice.done(&["group", "remove", "#circle", "carol"]);
        }
        assert_eq!(is_in("carol"), 0);
        if added == Ended::Killed { removed } else { added }
    });
    alice.done(&["group", "add", "#circle", "carol"]);
    alice.done(&["send", "#circle", "all of us"]);
    for person in [&bob, &carol] {
        person.until(&["read", "#circle"], "alice: all of us");
        assert_eq!(oddities(person, "#circle"), [""; 0], "{}", person.done(&["read", "#circle", "--peek", "--limit", "1000"]));
    }
}

/// Alice's new device hears what Bob writes to her, and is removed: an account has 16 at most.
fn hears_and_goes(tablet: &Person, alice: &Person, bob: &Person, word: &str) {
    bob.done(&["send", "alice", word]);
    tablet.until(&["read", "bob"], word);
    let device: serde_json::Value = serde_json::from_str(&tablet.done(&["whoami", "--json"])).unwrap();
    alice.done(&["devices", "--remove", device["device"].as_str().unwrap()]);
}

#[test]
fn a_new_device_may_die_at_every_step_and_joins_with_the_same_code() {
    let town = Town::new();
    let (alice, bob) = acquainted(&town);
    at_steps(27, |nth| {
        let tablet = town.person(&format!("tablet{nth}"));
        let code = alice.link_code();
        let ended = dies_at(&tablet, nth, &["link", &code.code]);
        assert!(tablet.done(&["link", &code.code]).contains("one of alice's"));
        code.finished();
        hears_and_goes(&tablet, &alice, &bob, &format!("to the {nth}th tablet"));
        ended
    });
}

#[test]
fn who_shows_a_code_may_die_at_every_step_and_the_device_still_joins() {
    let town = Town::new();
    let (alice, bob) = acquainted(&town);
    at_steps(19, |nth| {
        let tablet = town.person(&format!("tablet{nth}"));
        let mut showing = Lines::of(doomed(&alice, nth, &["link"]));
        let Some(code) = showing.next(Instant::now() + SOON) else { return showing.ended() };
        let mut joining = tablet.command(&["link", &code]).stdin(Stdio::null()).spawn().unwrap();
        let ended = showing.ended();
        // Whatever the old device does next, it goes on with what it showed.
        let since = Instant::now();
        let joined = loop {
            match joining.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(since.elapsed() < SOON, "the device never joined after step {nth}"),
            }
            alice.done(&["read"]);
        };
        assert!(joined.success());
        // It comes into the chats by the old device's hand.
        while !titles(&tablet).contains(&"bob".to_owned()) {
            assert!(since.elapsed() < SOON, "the device never came into the chat after step {nth}");
            alice.done(&["read"]);
            tablet.done(&["read"]);
        }
        hears_and_goes(&tablet, &alice, &bob, &format!("to the {nth}th tablet"));
        ended
    });
}

#[test]
fn who_listens_may_die_at_every_step_and_prints_every_word() {
    let town = Town::new();
    let (alice, bob) = acquainted(&town);
    let mut said = vec!["hello".to_owned()];
    let printed = RefCell::new(BTreeSet::new());
    at_steps(9, |nth| {
        let (early, late) = (format!("early {nth}"), format!("late {nth}"));
        alice.done(&["send", "bob", &early]);
        let mut listening = Lines::of(doomed(&bob, nth, &["listen", "--json", "--no-input"]));
        let first = listening.next(Instant::now() + SOON);
        alice.done(&["send", "bob", &late]);
        let mut until = Instant::now() + SOON;
        let mut lines: Vec<String> = first.into_iter().collect();
        while let Some(line) = listening.next(until) {
            if line.contains(&late) {
                // Reading is made durable, and told, after it is printed.
                until = Instant::now() + Duration::from_secs(1);
            }
            lines.push(line);
        }
        for line in lines {
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "message" && event["kind"] == "text" {
                printed.borrow_mut().insert(event["text"].as_str().unwrap().to_owned());
            }
        }
        said.extend([early, late]);
        listening.stopped()
    });
    let mut listening = bob.listen();
    alice.done(&["send", "bob", "the end"]);
    listening.hear("message", |event| {
        printed.borrow_mut().insert(event["text"].as_str().unwrap_or_default().to_owned());
        event["text"] == "the end"
    });
    drop(listening);
    said.push("the end".to_owned());
    let printed = printed.into_inner();
    assert!(said.iter().skip(1).all(|word| printed.contains(word)), "{printed:?}");
    assert_eq!(texts(&bob, "alice"), said);
    assert_eq!(oddities(&bob, "alice"), [""; 0]);
}

/// A running program and the lines that it prints.
struct Lines {
    process: Child,
    lines: Receiver<String>,
}

impl Lines {
    fn of(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (put, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| put.send(line)));
        Self { process, lines }
    }

    /// The next line, unless the program ends or the moment comes before it.
    fn next(&mut self, until: Instant) -> Option<String> {
        self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
    }

    /// Whether it has died; asks it to stop where it has not.
    fn stopped(mut self) -> Ended {
        if self.process.try_wait().unwrap().is_none() {
            Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        }
        self.ended()
    }

    /// Whether it has died when it has come to its end.
    fn ended(mut self) -> Ended {
        let status = self.process.wait().unwrap();
        match status.signal() {
            Some(SIGKILL) => Ended::Killed,
            None | Some(SIGTERM) => Ended::Done,
            other => panic!("ended by {other:?}"),
        }
    }
}
