//! The real client on a disk that is full or read-only: it says so, does nothing by halves, and the next verb goes on.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "waiting for other processes takes time")]
#![allow(dead_code, unreachable_pub, reason = "shared with the tests of the server")]

mod cast;
#[path = "../../server/tests/faulty/mod.rs"]
mod faulty;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cast::{Person, Town};
use faulty::small::SmallDisk;

const SOON: Duration = Duration::from_secs(60);

/// Somebody whose profile is on a small disk.
fn cramped(town: &Town, name: &str) -> (Person, Rc<SmallDisk>) {
    let person = town.person(name);
    let home = person.folder().join(format!("{name}-disk"));
    let disk = Rc::new(SmallDisk::new(&home, 8));
    let launcher = disk.clone();
    (person.who_lives_in(&home, move |program: &Path| launcher.command(program)), disk)
}

fn texts(person: &Person, chat: &str) -> Vec<String> {
    let said = person.done(&["read", chat, "--json", "--peek", "--offline", "--limit", "1000"]);
    let lines = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|message| message["kind"] == "text").map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn on_a_full_disk_nothing_is_half_said_and_all_that_is_there_can_be_read() {
    let town = Town::new();
    let (alice, disk) = cramped(&town, "alice");
    alice.done(&["register", "alice"]);
    let bob = town.registered("bob");
    alice.done(&["send", "bob", "hello"]);
    for word in ["one", "two"] {
        disk.fill();
        let complained = alice.refused(1, &["send", "bob", word]);
        assert!(complained.contains("the disk is full; nothing was changed. Make room"), "{complained}");
        for verb in [&["whoami"][..], &["chats"], &["read", "bob"], &["read", "bob", "--peek", "--offline"], &["export"]] {
            let said = alice.done(verb);
            assert!(!said.contains(word) && (said.contains("hello") || said.contains("bob") || said.contains("alice")), "{said}");
        }
        disk.clear();
        alice.done(&["send", "bob", word]);
    }
    bob.until(&["read", "alice"], "alice: two");
    assert_eq!(texts(&bob, "alice"), ["hello", "one", "two"]);
    assert_eq!(texts(&alice, "bob"), ["hello", "one", "two"]);
}

#[test]
fn what_comes_while_the_disk_is_full_waits_on_the_server() {
    let town = Town::new();
    let (bob, disk) = cramped(&town, "bob");
    bob.done(&["register", "bob"]);
    let alice = town.registered("alice");
    alice.done(&["send", "bob", "hello"]);
    bob.until(&["read"], "alice: hello");
    bob.done(&["requests", "accept", "alice"]);
    let mut listening = bob.listen();
    listening.hear("ready", |_| true);
    listening.hear("connection", |event| event["receiving"] == true);
    disk.fill();
    for number in 0..40 {
        // More than the log may have room for from before.
        alice.done(&["send", "bob", &format!("{number}/{}", "x".repeat(20_000))]);
    }
    disk.clear();
    // The door was shut, and opens again by itself.
    let mut heard = Vec::new();
    while heard.len() < 40 {
        let said = listening.hear("message", |_| true);
        heard.push(said["text"].as_str().unwrap().split('/').next().unwrap().to_owned());
    }
    assert_eq!(heard, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_profile_that_does_not_fit_is_made_when_there_is_room() {
    let town = Town::new();
    let (carol, disk) = cramped(&town, "carol");
    disk.fill();
    let complained = carol.refused(4, &["register", "carol"]);
    assert!(complained.contains("the disk is full") && complained.contains("make room"), "{complained}");
    disk.clear();
    carol.done(&["register", "carol"]);
    assert!(carol.done(&["whoami"]).starts_with("carol"));
}

#[test]
fn a_profile_on_a_read_only_disk_says_so_and_is_whole_afterwards() {
    let town = Town::new();
    let (alice, disk) = cramped(&town, "alice");
    alice.done(&["register", "alice"]);
    let bob = town.registered("bob");
    alice.done(&["send", "bob", "hello"]);
    disk.freeze();
    for verb in [&["send", "bob", "again"][..], &["read"], &["whoami"]] {
        let complained = alice.refused(4, verb);
        assert!(complained.contains("the profile's folder cannot be written"), "{complained}");
    }
    disk.thaw();
    alice.done(&["send", "bob", "again"]);
    bob.until(&["read", "alice"], "alice: again");
    assert_eq!(texts(&bob, "alice"), ["hello", "again"]);
}

/// A program in a terminal of its own, and what it has painted so far.
struct Screen {
    process: Child,
    keys: ChildStdin,
    painted: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    /// By `script` (util-linux), which gives it a terminal of 80×24.
    fn of(command: &Command) -> Self {
        let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
        let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
        let mut script = Command::new("script");
        script.args(["-qfec", &format!("stty rows 24 cols 80; exec {}", words.join(" ")), "/dev/null"]);
        script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
        let mut process = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keys, mut output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let painted = Arc::<Mutex<Vec<u8>>>::default();
        let paper = painted.clone();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut part) {
                paper.lock().unwrap().extend_from_slice(&part[..read]);
            }
        });
        Self { process, keys, painted }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Ends it as a person does.
    fn leave(mut self) {
        while self.process.try_wait().unwrap().is_none() {
            // Once more answers the question whether what waits may wait.
            self.keys.write_all(b"\x11").ok();
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until this was painted since the last time; cursor movements between words do not matter.
    fn shows(&mut self, words: &str) {
        let since = Instant::now();
        loop {
            let text = plain(&self.painted.lock().unwrap());
            if text.contains(&words.replace(' ', "")) {
                self.painted.lock().unwrap().clear();
                return;
            }
            assert!(self.process.try_wait().unwrap().is_none(), "it ended:\n{text}");
            assert!(since.elapsed() < SOON, "never painted {words:?}:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Letters alone: without escape sequences and without spaces, which are painted by moving over them.
fn plain(painted: &[u8]) -> String {
    let text = String::from_utf8_lossy(painted);
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            if rest.next_if_eq(&'[').is_some() {
                while rest.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
            }
            rest.next();
        } else if !c.is_whitespace() {
            plain.push(c);
        }
    }
    plain
}

#[test]
fn the_full_screen_client_shows_a_full_disk_and_lives_on() {
    let town = Town::new();
    let (alice, disk) = cramped(&town, "alice");
    alice.done(&["register", "alice"]);
    let bob = town.registered("bob");
    alice.done(&["send", "bob", "hello"]);
    let mut screen = Screen::of(&alice.command(&[]));
    screen.shows("bob");
    screen.press("\r");
    screen.shows("hello");
    disk.fill();
    screen.press("first try\r");
    screen.shows("the disk is full; nothing was changed");
    disk.clear();
    screen.press("second try\r");
    bob.until(&["read", "alice", "--peek"], "second try");
    assert_eq!(texts(&bob, "alice").last().map(String::as_str), Some("second try"));
    screen.leave();
    // It opens on a full disk too.
    disk.fill();
    let mut screen = Screen::of(&alice.command(&[]));
    screen.shows("bob");
    screen.press("\r");
    screen.shows("second try");
}
