//! Opaque messages in a closed loop: what the server's work costs.
//!
//! ```text
//!   sender ──submit──► waxseald ──push──► every other member ──ack──►
//!      ▲                                        │
//!      └──── the next one when all have it ◄────┘      `window` of these loops in each group
//! ```
//! Envelopes are random bytes: the server cannot tell. Members open the mailbox
//! seal, which only they can, to know which message came.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use waxseal_wire::frame::Door;
use waxseal_wire::reply::{Push, Reply};
use waxseal_wire::request::{DeviceRequest, Request};
use waxseal_wire::seal::{Delivered, Kind};

use crate::door::{Open, PATIENCE};
use crate::failure::Failure;
use crate::meter::{self, median};
use crate::page::{Section, Verdict, number};
use crate::person::{Group, Person, random_bytes};
use crate::program::Program;

/// Bytes of an envelope.
const ENVELOPE: usize = 300;
/// Acks that are under way when the last message has come still belong to it.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// One kind of load.
#[derive(Debug, Clone, Copy)]
struct Load {
    name: &'static str,
    groups: usize,
    members: usize,
    /// Messages on their way at once in each group.
    window: usize,
    /// Messages of one round, over all groups.
    sends: u64,
}

/// One round.
struct Round {
    deliveries: u64,
    took: Duration,
    server: Duration,
    client: Duration,
}

const LOADS: [Load; 4] = [
    Load { name: "1:1, 50 pairs, window 1", groups: 50, members: 2, window: 1, sends: 20_000 },
    Load { name: "group of 10, window 4", groups: 1, members: 10, window: 4, sends: 4_000 },
    Load { name: "group of 100, window 4", groups: 1, members: 100, window: 4, sends: 600 },
    Load { name: "group of 256, window 4", groups: 1, members: 256, window: 4, sends: 240 },
];
const QUICK: [Load; 2] = [
    Load { name: "1:1, 5 pairs, window 1", groups: 5, members: 2, window: 1, sends: 50 },
    Load { name: "group of 10, window 4", groups: 1, members: 10, window: 4, sends: 20 },
];

/// Measures every load on a server of its own.
pub(crate) async fn measure(waxseald: &Path, quick: bool) -> Result<Section, Failure> {
    let rounds = if quick { 1 } else { 5 };
    let loads: &[Load] = if quick { &QUICK } else { &LOADS };
    let mut section = Section {
        title: "Delivery of opaque messages",
        text: format!(
            "Each message is {ENVELOPE} random bytes, submitted over WebSockets by people with real account chains, durable before it \
             is acknowledged, pushed to each other member and acked. The next message of a loop leaves when all members have the last \
             one. A delivery is one message at one member. Median of {rounds} rounds; CPU of `waxseald` alone, user and kernel; \
             \"client\" is the load program."
        ),
        head: vec!["load", "server CPU-s / 10,000 deliveries", "lowest – highest", "deliveries/s", "client CPU-s / 10,000"],
        ..Section::default()
    };
    for load in loads {
        let measured = run(waxseald, *load, rounds).await?;
        let cost: Vec<f64> = measured.iter().map(|round| per_10k(round.server, round.deliveries)).collect();
        let rate: Vec<f64> = measured.iter().map(|round| round.deliveries as f64 / round.took.as_secs_f64()).collect();
        let client: Vec<f64> = measured.iter().map(|round| per_10k(round.client, round.deliveries)).collect();
        let spread = format!("{} – {}", number(meter::percentile(&cost, 0)), number(meter::percentile(&cost, 100)));
        section.rows.push(vec![load.name.into(), number(median(&cost)), spread, number(median(&rate)), number(median(&client))]);
        let budget = match (load.groups, load.members) {
            (50, 2) => Some((
                "server CPU per 10,000 delivered 1:1 messages, durable",
                2.0,
                "Synapse 416, Prosody with archive 44, ejabberd 15 (not durable), NATS JetStream 1.2 (no fsync)",
            )),
            (1, 100) => Some(("the same, group of 100, per 10,000 deliveries", 0.5, "Synapse 106, ejabberd 0.6 (not durable)")),
            _ => None,
        };
        if let Some((what, limit, peers)) = budget {
            section.verdicts.push(Verdict { what, limit, measured: median(&cost), unit: "s", peers });
        }
    }
    Ok(section)
}

/// CPU-seconds for 10,000 deliveries.
pub(crate) fn per_10k(cpu: Duration, deliveries: u64) -> f64 {
    cpu.as_secs_f64() * 10_000.0 / deliveries.max(1) as f64
}

async fn run(waxseald: &Path, load: Load, rounds: usize) -> Result<Vec<Round>, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))?;
    let program = Program::start(waxseald, folder.path())?;
    let board = Arc::new(Board::default());
    let mut listening = JoinSet::new();
    let mut senders = Vec::new();
    for number in 0..load.groups {
        let people: Vec<_> = Person::arrive_all(&program.address, &format!("town{number}x"), load.members).await?;
        let group = Arc::new(Group::found(&program.address, &people).await?);
        let people: Vec<_> = people.into_iter().map(Arc::new).collect();
        for person in &people {
            let door = person.listen(&program.address).await?;
            listening.spawn(listen(door, person.clone(), board.clone()));
        }
        for sender in people.iter().take(load.window) {
            senders.push((group.clone(), sender.clone(), Open::new(&program.address, Door::Anonymous).await?));
        }
    }
    // A round that does not count warms everything up.
    senders = round(senders, &board, load, load.sends / 10).await?;
    let mut measured = Vec::new();
    for _ in 0..rounds {
        let (server, client) = (program.cpu()?, meter::process_cpu(std::process::id())?);
        let began = Instant::now();
        senders = round(senders, &board, load, load.sends).await?;
        let took = began.elapsed();
        tokio::time::sleep(AFTERWARDS).await;
        measured.push(Round {
            deliveries: load.sends * (load.members as u64 - 1),
            took,
            server: program.cpu()?.saturating_sub(server),
            client: meter::process_cpu(std::process::id())?.saturating_sub(client),
        });
    }
    if let Some(Ok(Err(failure))) = listening.try_join_next() {
        return Err(failure);
    }
    Ok(measured)
}

type Sender = (Arc<Group>, Arc<Person>, Open);

async fn round(senders: Vec<Sender>, board: &Arc<Board>, load: Load, sends: u64) -> Result<Vec<Sender>, Failure> {
    let left = Arc::new(AtomicU64::new(sends));
    let mut sending = JoinSet::new();
    for sender in senders {
        sending.spawn(send(sender, board.clone(), left.clone(), load.members - 1));
    }
    let mut back = Vec::new();
    while let Some(done) = sending.join_next().await {
        back.push(done.map_err(|_| Failure::Unexpected("a sender that fell over"))??);
    }
    Ok(back)
}

async fn send(
    (group, person, mut door): Sender,
    board: Arc<Board>,
    left: Arc<AtomicU64>,
    others: usize,
) -> Result<Sender, Failure> {
    let take_one = |left: u64| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_ok() {
        let (number, arrived) = board.expect(others);
        let mut envelope = random_bytes(ENVELOPE);
        envelope.splice(..8, number.to_be_bytes());
        let Reply::Accepted(_) = door.ask_anonymous(group.message(&person, envelope)).await? else {
            return Err(Failure::Unexpected("a message that was refused"));
        };
        let arrived = tokio::time::timeout(PATIENCE, arrived).await.map_err(|_| Failure::Silent("a delivery"))?;
        arrived.map_err(|_| Failure::Unexpected("a message that nobody expects"))?;
    }
    Ok((group, person, door))
}

async fn listen(mut door: Open, person: Arc<Person>, board: Arc<Board>) -> Result<(), Failure> {
    loop {
        let Push::Entries(entries) = door.pushed().await? else {
            return Err(Failure::Unexpected("a second challenge"));
        };
        let Some(last) = entries.last().map(|entry| entry.seq) else { continue };
        for entry in entries {
            let delivered = Delivered::open(&entry.sealed, &entry.alias, &person.seal_secret)
                .map_err(|_| Failure::Unexpected("an entry that does not open"))?;
            if delivered.kind == Kind::Message
                && let Some(number) = delivered.envelope.first_chunk()
            {
                board.arrived(u64::from_be_bytes(*number));
            }
        }
        door.say(&Request::Device(DeviceRequest::Ack(last))).await?;
    }
}

/// Which messages are on their way, and how many members each still has to reach.
#[derive(Default)]
struct Board {
    expected: Mutex<HashMap<u64, (usize, oneshot::Sender<()>)>>,
    last: AtomicU64,
}

impl Board {
    fn expect(&self, others: usize) -> (u64, oneshot::Receiver<()>) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let (all, arrived) = oneshot::channel();
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (others, all));
        (number, arrived)
    }

    fn arrived(&self, number: u64) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((left, _)) = expected.get_mut(&number) {
            *left = left.saturating_sub(1);
            if *left == 0
                && let Some((_, all)) = expected.remove(&number)
            {
                all.send(()).ok();
            }
        }
    }
}
