//! The page in a real Chromium: bytes, waits, memory.
//!
//! A script drives the browser (`web/page/tools/measure.mjs`, which says what
//! each wish measures); this plays the other side with a real client. Called
//! by `main`. The page is the one inside `waxseald`.
//!
//! ```text
//!   this ──wish──► script ──► Chromium ──► waxseald ◄── the other person
//!        ◄─figures─┘
//! ```

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use waxseal_core::view::ChatId;
use waxseal_core::{Command as Wish, Event};
use waxseal_wire::name::AccountName;

use crate::failure::Failure;
use crate::page::{Section, Verdict, number};
use crate::program::Program;
use crate::speaker::Speaker;
use crate::tape::Tape;

/// Messages on their way to a browser at one time; fewer than a mailbox holds.
const AT_ONCE: usize = 1_000;

/// How much of everything.
struct Size {
    rounds: usize,
    chats: usize,
    messages: usize,
    said: usize,
    waiting: usize,
}

/// Measures all of it; some six minutes, most of them fifty thousand messages on their way into the browser.
pub(crate) async fn measure(waxseald: &Path, quick: bool) -> Result<Section, Failure> {
    let size = match quick {
        true => Size { rounds: 1, chats: 3, messages: 60, said: 5, waiting: 20 },
        false => Size { rounds: 5, chats: 100, messages: 50_000, said: 200, waiting: 500 },
    };
    let folder = tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))?;
    let program = Program::start(waxseald, folder.path())?;
    let mut browser = Browser::start(&format!("http://{}", program.address))?;
    let load = browser.ask(&format!("load {}", size.rounds))?;
    let unlock = browser.ask(&format!("unlock {}", size.rounds))?;
    let (filled, waiting, said) = talk(&mut browser, &program.address, &size).await?;
    let open = browser.ask(&format!("open {}", size.rounds))?;
    let packed = load.of("bytes")? / 1e6;
    let interactive = load.of("page")? / 1e3;
    let row = |what: &str, measured: String| vec![what.to_owned(), measured];
    let ms = |value: f64| format!("{} ms", number(value));
    let mib = |value: f64| format!("{} MiB", number(value));
    Ok(Section {
        title: "The page in a browser",
        text: format!(
            "Debian's Chromium without a window, a folder of its own on the disk, the release server on loopback without TLS; medians of {} rounds. \
             Bytes are counted between browser and server, with headers. What the core does is asked of the page's own Worker, as a tab asks it, store \
             in the browser's files, durable before each answer. The profile that is opened has {} chats and {} messages of 144 characters. \
             Waits, not processor time: other work on the machine is in them.",
            size.rounds, size.chats, size.messages
        ),
        head: vec!["what", "measured"],
        rows: vec![
            row("first load, on the wire", format!("{} MB", number(packed))),
            row("the same, and what is kept for times without a network", format!("{} MB", number(load.of("bytesKept")? / 1e6))),
            row("first load, from the address to a name that can be typed", ms(load.of("page")?)),
            row("the same, from the start of the browser", ms(load.of("browser")?)),
            row("unlock with a passphrase (Argon2id, 64 MiB), small profile", ms(unlock.of("unlock")?)),
            row("seal: a message durable, sealed and on its way", ms(said.of("median")?)),
            row("the longest of them", ms(said.of("longest")?)),
            row("open: each of the messages that waited, stored and told", ms(waiting)),
            row("the same while the profile grows, both sides at work", ms(filled)),
            row("large profile: from the address to its list of chats", ms(open.of("list")?)),
            row("the same, from the start of the browser", ms(open.of("browser")?)),
            row("large profile: from a click to the conversation", ms(open.of("conversation")?)),
            row("large profile: on the disk", mib(open.of("kept")?)),
            row("large profile: script, views and module, as the browser counts", mib(open.of("held")?)),
            row("large profile: the browser's processes that run pages (PSS)", mib(open.of("renderers")?)),
        ],
        verdicts: vec![
            Verdict { what: "page: first load, packed", limit: 1.5, measured: packed, unit: "MB", peers: "" },
            Verdict { what: "page: a name can be typed, loopback", limit: 2.0, measured: interactive, unit: "s", peers: "" },
        ],
    })
}

/// Fills the browser's profile, then measures single messages: waits in milliseconds for each that came, and what was said.
async fn talk(browser: &mut Browser, address: &str, size: &Size) -> Result<(f64, f64, Figures), Failure> {
    let mut other = Speaker::start(None, address, Arc::new(Tape::default()), false).await?;
    let name = AccountName::parse("other").map_err(|_| Failure::Unexpected("a name"))?;
    other.command(Wish::Register { name, invite: String::new(), device_name: "bench".into() });
    other.wait("an account", |event| matches!(event, Event::Registered { .. }).then_some(())).await?;
    browser.ask("register page")?;
    // KeyPackages go up right after the registration.
    tokio::time::sleep(Duration::from_millis(500)).await;
    browser.ask(&format!("meet other {}", size.chats))?;
    let mut chats = Vec::new();
    while chats.len() < size.chats {
        let chat = other.wait("a chat", |event| if let Event::Requested(chat) = event { Some(*chat) } else { None }).await?;
        other.command(Wish::AcceptRequest(chat));
        chats.push(chat);
    }
    let mut heard = 0;
    let began = Instant::now();
    while heard < size.messages {
        let more = AT_ONCE.min(size.messages - heard);
        say(&other, &chats, heard..heard + more);
        heard += more;
        browser.ask(&format!("heard {heard}"))?;
    }
    let filled = each(began, size.messages);
    browser.ask("away")?;
    say(&other, &chats, heard..heard + size.waiting);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let began = Instant::now();
    browser.ask("back")?;
    browser.ask(&format!("heard {}", heard + size.waiting))?;
    let waiting = each(began, size.waiting);
    let said = browser.ask(&format!("say {}", size.said))?;
    other.stop()?;
    Ok((filled, waiting, said))
}

/// One message after the other, in each chat by turn.
fn say(other: &Speaker, chats: &[ChatId], numbers: std::ops::Range<usize>) {
    for (number, chat) in numbers.zip(chats.iter().cycle()) {
        other.say(*chat, format!("{number:>8} {}", "x".repeat(135)));
    }
}

/// Milliseconds for each.
fn each(began: Instant, messages: usize) -> f64 {
    began.elapsed().as_secs_f64() * 1e3 / messages.max(1) as f64
}

/// What the script answered: names and numbers.
struct Figures(BTreeMap<String, f64>);

impl Figures {
    fn of(&self, what: &str) -> Result<f64, Failure> {
        self.0.get(what).copied().ok_or(Failure::Unexpected("figures of the browser"))
    }
}

#[derive(serde::Deserialize)]
enum Answer {
    #[serde(rename = "ok")]
    Ok(BTreeMap<String, f64>),
    #[serde(rename = "failed")]
    Failed(String),
}

/// The script, and the browser that it drives.
struct Browser {
    script: Child,
    wishes: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    fn start(address: &str) -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/page/tools/measure.mjs");
        let mut node = Command::new("node");
        node.arg(script).arg(address).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = node.spawn().map_err(|error| Failure::Disk("node does not start", error))?;
        let (wishes, answers) = (script.stdin.take(), script.stdout.take());
        let answers = BufReader::new(answers.ok_or(Failure::Unexpected("a script without a voice"))?).lines();
        Ok(Self { script, wishes, answers })
    }

    /// Says a wish, and waits for its figures.
    fn ask(&mut self, wish: &str) -> Result<Figures, Failure> {
        let lost = |error| Failure::Disk("the script that drives the browser ended", error);
        if let Some(wishes) = &mut self.wishes {
            writeln!(wishes, "{wish}").map_err(lost)?;
        }
        let line = self.answers.next().ok_or(Failure::Unexpected("a script that ended"))?.map_err(lost)?;
        match serde_json::from_str(&line) {
            Ok(Answer::Ok(figures)) => Ok(Figures(figures)),
            Ok(Answer::Failed(why)) => Err(Failure::Browser(why)),
            Err(_) => Err(Failure::Unexpected("an answer of the script")),
        }
    }
}

impl Drop for Browser {
    /// Without a listener it closes its browser, and ends.
    fn drop(&mut self) {
        self.wishes = None;
        self.script.wait().ok();
    }
}
