//! Real clients talk: from "send" to "shown", and what the client costs.
//!
//! An open loop: messages leave on time whether the earlier ones have come or
//! not, so a server or client that falls behind shows in the waits.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use waxseal_core::view::ChatId;
use waxseal_core::{Command, Event};
use waxseal_wire::name::AccountName;

use crate::door::PATIENCE;
use crate::failure::Failure;
use crate::meter::{self, median, percentile};
use crate::opaque::per_10k;
use crate::page::{Section, Verdict, number};
use crate::program::Program;
use crate::speaker::{Costs, Speaker};
use crate::tape::Tape;

/// Messages a second, all pairs together.
const RATE: u32 = 50;
/// Clients publish their KeyPackages and settle in.
const SETTLE: Duration = Duration::from_secs(2);

/// Two people who have a chat.
struct Pair {
    people: [Speaker; 2],
    chats: [ChatId; 2],
    _folders: [tempfile::TempDir; 2],
}

/// Waits, and costs of both sides.
pub(crate) async fn measure(waxseald: &Path, quick: bool) -> Result<Section, Failure> {
    let (pairs, seconds, alone) = if quick { (2, 1, 20) } else { (10, 20, 400) };
    let folder = tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))?;
    let program = Program::start(waxseald, folder.path())?;
    let tape = Arc::new(Tape::default());
    let mut talking = Vec::new();
    for number in 0..pairs {
        talking.push(Pair::meet(&program.address, number, &tape, Kept::OnDisk, false).await?);
    }
    tokio::time::sleep(SETTLE).await;
    // Warms up, and is not counted.
    speak(&talking, &tape, RATE).await?;
    tape.cut();
    let mut rounds = Vec::new();
    for _ in 0..if quick { 1 } else { 3 } {
        let (server, client) = (program.cpu()?, meter::process_cpu(std::process::id())?);
        speak(&talking, &tape, RATE * seconds).await?;
        let waits: Vec<f64> = tape.cut().iter().map(|wait| wait.as_secs_f64() * 1000.0).collect();
        let shown = waits.len() as u64;
        let server = per_10k(program.cpu()?.saturating_sub(server), shown);
        let client = per_10k(meter::process_cpu(std::process::id())?.saturating_sub(client), shown);
        rounds.push([percentile(&waits, 50), percentile(&waits, 99), percentile(&waits, 100), server, client]);
    }
    for pair in talking {
        pair.part()?;
    }
    let disk = costs(&program.address, Kept::OnDisk, alone).await?;
    let memory = costs(&program.address, Kept::InMemory, alone).await?;
    let of = |column: fn(&[f64; 5]) -> f64| median(&rounds.iter().map(column).collect::<Vec<_>>());
    let (p50, p99) = (of(|row| row[0]), of(|row| row[1]));
    let peers = "ejabberd 8 / 359, Synapse 282 / 876 (at 10/s)";
    Ok(Section {
        title: "Real clients, one to one",
        text: format!(
            "{pairs} pairs of real clients, MLS, stores encrypted and durable in files on both sides, talk over WebSockets: {RATE} messages \
             of 144 characters a second in all, open loop, {seconds} s a round, median of the rounds. From the command to send until the \
             other client has stored the message and read it for its screen. Delivered receipts travel beside them and are in the costs. \
             Then one pair alone, message by message: median processor time of one turn of the whole client, with its store in memory \
             and with its store on the disk, page encryption and fsync included."
        ),
        head: vec!["what", "measured"],
        rows: vec![
            vec!["send → shown p50".into(), format!("{} ms", number(p50))],
            vec!["send → shown p99".into(), format!("{} ms", number(p99))],
            vec!["longest".into(), format!("{} ms", number(of(|row| row[2])))],
            vec!["server CPU-s / 10,000 messages shown".into(), number(of(|row| row[3]))],
            vec!["clients' CPU-s / 10,000, both ends".into(), number(of(|row| row[4]))],
            vec!["client turn: say (store, seal, outbox)".into(), turn(memory[0], disk[0])],
            vec!["client turn: accepted (position stored)".into(), turn(memory[1], disk[1])],
            vec!["client turn: entry came (open, prove, store)".into(), turn(memory[2], disk[2])],
        ],
        verdicts: vec![
            Verdict { what: "send → shown, loopback, 50/s, durable, p50", limit: 8.0, measured: p50, unit: "ms", peers },
            Verdict { what: "the same, p99", limit: 30.0, measured: p99, unit: "ms", peers },
            within("seal one message, the client's whole turn, CPU besides the disk", memory[0]),
            within("open one message, the same", memory[2]),
        ],
    })
}

fn turn(memory: f64, disk: f64) -> String {
    format!("{} µs CPU in memory, {} µs on the disk", number(memory), number(disk))
}

fn within(what: &'static str, measured: f64) -> Verdict {
    Verdict { what, limit: 100.0, measured, unit: "µs", peers: "openmls alone: 56 µs in memory" }
}

/// Where a client has its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    OnDisk,
    InMemory,
}

/// One pair alone: what one turn costs, in microseconds.
async fn costs(address: &str, kept: Kept, messages: usize) -> Result<[f64; 3], Failure> {
    let tape = Arc::new(Tape::default());
    let number = if kept == Kept::OnDisk { 998 } else { 999 };
    let pair = Pair::meet(address, number, &tape, kept, true).await?;
    tokio::time::sleep(SETTLE).await;
    for _ in 0..messages {
        pair.say(0, &tape);
        arrived(&tape).await?;
    }
    let [alice, bob] = pair.part()?;
    let middle = |costs: &[Duration]| {
        // The first turns belong to the meeting.
        let late = costs.get(costs.len() / 10..).unwrap_or_default();
        median(late).as_secs_f64() * 1e6
    };
    Ok([middle(&alice.said), middle(&alice.accepted), middle(&bob.opened)])
}

/// Says `messages` at the rate, by every person in turn, and waits until all are shown.
async fn speak(talking: &[Pair], tape: &Tape, messages: u32) -> Result<(), Failure> {
    let began = Instant::now();
    let pairs = u32::try_from(talking.len().max(1)).unwrap_or(1);
    for number in 0..messages {
        tokio::time::sleep_until((began + Duration::from_secs(1) * number / RATE).into()).await;
        if let Some(pair) = talking.get((number % pairs) as usize) {
            pair.say((number / pairs % 2) as usize, tape);
        }
    }
    arrived(tape).await
}

/// Waits until everything said is shown.
async fn arrived(tape: &Tape) -> Result<(), Failure> {
    let began = Instant::now();
    while tape.on_their_way() > 0 {
        if began.elapsed() > PATIENCE {
            return Err(Failure::Silent("messages that were said"));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

impl Pair {
    async fn meet(address: &str, number: usize, tape: &Arc<Tape>, kept: Kept, metered: bool) -> Result<Self, Failure> {
        let folder = || tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error));
        let folders = [folder()?, folder()?];
        let names = [name("alice", number)?, name("bob", number)?];
        let mut people = Vec::new();
        for (folder, name) in folders.iter().zip(&names) {
            let folder = (kept == Kept::OnDisk).then_some(folder.path());
            let mut person = Speaker::start(folder, address, tape.clone(), metered).await?;
            person.command(Command::Register { name: name.clone(), invite: String::new(), device_name: "bench".into() });
            person.wait("an account", |event| matches!(event, Event::Registered { .. }).then_some(())).await?;
            people.push(person);
        }
        // KeyPackages go up right after the registration.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let [mut alice, mut bob] = <[Speaker; 2]>::try_from(people).map_err(|_| Failure::Unexpected("a pair of one"))?;
        let [_, bobs_name] = names;
        alice.command(Command::OpenDirect(bobs_name));
        let here = alice.wait("a chat", |event| if let Event::ChatOpened(chat) = event { Some(*chat) } else { None }).await?;
        alice.say(here, "hello".into());
        let there = bob.wait("a request", |event| if let Event::Requested(chat) = event { Some(*chat) } else { None }).await?;
        bob.command(Command::AcceptRequest(there));
        bob.say(there, "hello yourself".into());
        alice.wait("an answer", |event| matches!(event, Event::Received { chat, .. } if *chat == here).then_some(())).await?;
        Ok(Self { people: [alice, bob], chats: [here, there], _folders: folders })
    }

    fn say(&self, who: usize, tape: &Tape) {
        if let (Some(person), Some(chat)) = (self.people.get(who), self.chats.get(who)) {
            person.say(*chat, tape.say());
        }
    }

    fn part(self) -> Result<[Costs; 2], Failure> {
        let [alice, bob] = self.people;
        Ok([alice.stop()?, bob.stop()?])
    }
}

fn name(who: &str, number: usize) -> Result<AccountName, Failure> {
    AccountName::parse(&format!("{who}{number}")).map_err(|_| Failure::Unexpected("a name"))
}
