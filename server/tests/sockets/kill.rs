//! The real program dies under load, again and again: what was acknowledged is there, once, in one order.
//!
//! ```text
//!   writers ─── messages to one group ──┐                    ┌─► bob, who takes and acks all along
//!   changer ─── Commits to another ─────┼─ anonymous door ──►│
//!   newcomers ─ registrations ──────────┘                    └─► carol, who comes at the end and takes all
//!        └───── KeyPackages ─────────────── device door
//! ```
//! Everybody asks until they have an answer, always with the same idempotency key. The program dies instead of a
//! chosen change of its files; every other time the power goes with it, and what was not synced is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand_core::{OsRng, RngCore};
use tokio::sync::watch;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{IdempotencyKey, Position, Seq};
use waxseal_wire::reply::{KeysLeft, Push, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};
use waxseal_wire::seal::Kind;

use super::faulty::Faults;
use super::person::{Connection, Group, Person, found, look_up, random_bytes, take};
use super::program::{Program, folder};

/// Deaths in a usual run; `WAXSEAL_KILLS` asks for more.
const KILLS: usize = 6;
const WRITERS: usize = 3;
/// Changes of files within which a program dies.
const STEPS: u32 = 3000;
/// No limit of haste: the more load, the more is under way when it dies.
const HASTE: &str = "[limits]\nrequests_per_second = 0\ngroup_per_second = 0\n";

/// Where the server is now.
type Address = watch::Receiver<String>;
type Stop = watch::Receiver<bool>;
/// What lies in a mailbox: at each place a position, what kind, and the bytes.
type Mail = BTreeMap<Seq, (Position, Kind, Vec<u8>)>;

struct Accepted {
    bytes: Vec<u8>,
    position: Position,
}

/// One line to the anonymous door that is opened anew as often as it breaks.
struct Insistent {
    address: Address,
    stop: Stop,
    open: Option<Connection>,
    /// Between two requests: what a mailbox holds in a whole run should fit into it.
    pause: Duration,
}

impl Insistent {
    fn new(address: &Address, stop: &Stop, kills: usize) -> Self {
        let pause = Duration::from_millis(kills as u64);
        Self { address: address.clone(), stop: stop.clone(), open: None, pause }
    }

    /// Asks until there is an answer; `None` when all is over.
    async fn insist(&mut self, request: &AnonymousRequest) -> Option<Reply> {
        let request = Request::Anonymous(request.clone());
        tokio::time::sleep(self.pause).await;
        while !*self.stop.borrow() {
            let at = self.address.borrow().clone();
            if self.open.is_none() {
                self.open = Connection::try_open(&at, Door::Anonymous).await;
            }
            let reply = match &mut self.open {
                Some(open) => open.try_ask(&request).await,
                None => None,
            };
            match reply {
                Some(Reply::Refused(Refusal::Internal)) => {}
                Some(reply) => return Some(reply),
                None => {
                    self.open = None;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        None
    }
}

async fn write(group: Arc<Group>, alice: Arc<Person>, mut door: Insistent, writer: usize) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    for number in 0_u64.. {
        let bytes = [format!("{writer}/{number}/").into_bytes(), random_bytes(700)].concat();
        let request = group.message_again(&alice, &bytes, IdempotencyKey::random(&mut OsRng));
        match door.insist(&request).await {
            Some(Reply::Accepted(position)) => accepted.push(Accepted { bytes, position }),
            Some(other) => panic!("a message should be accepted, not {other:?}"),
            None => break,
        }
    }
    accepted
}

/// Leads a group from epoch to epoch. Alone, so none of its Commits is ever stale: not even one that is sent again.
async fn change(group: Arc<Group>, alice: Arc<Person>, mut door: Insistent) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    let mut turn = group.first_turn();
    for number in 0_u64.. {
        let bytes = [format!("commit {number}").into_bytes(), random_bytes(1500)].concat();
        let request = group.commit_again(&alice, &turn, &bytes, IdempotencyKey::random(&mut OsRng));
        match door.insist(&request).await {
            Some(Reply::Accepted(position)) => accepted.push(Accepted { bytes, position }),
            Some(other) => panic!("a Commit should be accepted, not {other:?}"),
            None => break,
        }
        turn = turn.following();
    }
    accepted
}

/// People who register, prove themselves and publish a KeyPackage, one after another.
async fn arrive(mut door: Insistent) -> Vec<Person> {
    let mut arrived = Vec::new();
    for number in 0_u64.. {
        let person = Person::new(&format!("newcomer{number}"));
        match door.insist(&person.registration("")).await {
            Some(Reply::Done) => {}
            Some(other) => panic!("a name should be given, not {other:?}"),
            None => break,
        }
        loop {
            let at = door.address.borrow().clone();
            if *door.stop.borrow() {
                return arrived;
            }
            let published = match person.try_connect(&at).await {
                Some((mut device, _)) => device.try_ask(&Request::Device(person.publish())).await,
                None => None,
            };
            match published {
                Some(Reply::KeysLeft(left)) => {
                    assert_eq!(left, KeysLeft { one_time: 1, last_resort: false }, "one, however often it was uploaded");
                    break;
                }
                Some(Reply::Refused(Refusal::Internal)) | None => tokio::time::sleep(Duration::from_millis(5)).await,
                Some(other) => panic!("a KeyPackage should be taken, not {other:?}"),
            }
        }
        arrived.push(person);
    }
    arrived
}

/// Takes, and acks or not, until the mailbox was read to `upto`.
async fn read(person: Arc<Person>, address: Address, upto: watch::Receiver<Option<Seq>>, acks: bool) -> Mail {
    let mut stored = Mail::new();
    loop {
        let last = stored.keys().next_back().copied().unwrap_or_default();
        if upto.borrow().is_some_and(|upto| last >= upto) {
            return stored;
        }
        let at = address.borrow().clone();
        let Some((mut device, _)) = person.try_connect(&at).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        if device.try_ask(&Request::Device(take(last))).await != Some(Reply::Done) {
            continue;
        }
        loop {
            let pushed = tokio::time::timeout(Duration::from_millis(500), device.pushed()).await;
            let Ok(Some(Push::Entries(entries))) = pushed else {
                break;
            };
            // An empty push says that everything that waited was pushed.
            let Some(last) = entries.last().map(|entry| entry.seq) else { continue };
            for entry in entries {
                let delivered = person.open(&entry);
                let value = (delivered.position, delivered.kind, delivered.envelope);
                // A place in the mailbox never changes what it holds.
                let before = stored.insert(entry.seq, value.clone());
                assert!(before.is_none_or(|before| before == value));
            }
            // Who never acks gets a window and no more: takes again from where it is.
            if !acks || device.send(&Request::Device(DeviceRequest::Ack(last))).await.is_none() {
                break;
            }
        }
    }
}

/// Of one kind, in the order of the mailbox.
fn of_kind(mail: &Mail, kind: Kind) -> Vec<(Position, &[u8])> {
    mail.values().filter(|(_, is, _)| *is == kind).map(|(position, _, bytes)| (*position, bytes.as_slice())).collect()
}

/// Gap-free positions from `first` on, no bytes twice, and all that was accepted at the position that was told.
fn judge(mail: &Mail, kind: Kind, first: u64, accepted: &[Accepted]) {
    let got = of_kind(mail, kind);
    let positions: Vec<_> = got.iter().map(|(position, _)| position.0).collect();
    assert_eq!(positions, (first..first + got.len() as u64).collect::<Vec<_>>(), "{kind:?}: one order without a hole");
    let mut texts: Vec<_> = got.iter().map(|(_, bytes)| *bytes).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), got.len(), "{kind:?}: none twice");
    let by_position: BTreeMap<_, _> = got.into_iter().collect();
    for Accepted { bytes, position } in accepted {
        assert_eq!(by_position.get(position), Some(&bytes.as_slice()), "{kind:?} at {position:?}");
    }
}

/// Starts the program so that it will die; it may die before it is ready.
fn start_doomed(folder: &std::path::Path, config: &str, death: usize) -> Option<Program> {
    let nth = 1 + u64::from(OsRng.next_u32() % STEPS);
    let faults = Faults::under(folder).kill_at(nth);
    let faults = if death.is_multiple_of(2) { faults.cut_power(OsRng.next_u64()) } else { faults };
    Program::start_with(folder, &["--config", config], &faults)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_death_and_comes_once() {
    let kills = std::env::var("WAXSEAL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (around, folder) = folder();
    let config = around.path().join("haste.toml");
    std::fs::write(&config, HASTE).unwrap();
    let config = config.to_str().unwrap();
    let program = Program::start(&folder, &["--config", config]);
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| Person::arrive(&program.address, name));
    let (alice, bob, carol) = (Arc::new(alice.await), Arc::new(bob.await), Arc::new(carol.await));
    let (words, turns) = (Arc::new(Group::new()), Arc::new(Group::new()));
    let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
    for group in [&words, &turns] {
        let found = group.found(&alice, &[&bob, &carol], b"hello");
        assert_eq!(anonymous.ask(found).await, Reply::Accepted(Position(1)));
    }
    let (at, address) = watch::channel(program.address.clone());
    let (stop, stopping) = watch::channel(false);
    let (until, upto) = watch::channel(None);
    let door = || Insistent::new(&address, &stopping, kills);
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(words.clone(), alice.clone(), door(), writer))).collect();
    let changer = tokio::spawn(change(turns.clone(), alice.clone(), door()));
    let newcomers = tokio::spawn(arrive(door()));
    let reader = tokio::spawn(read(bob.clone(), address.clone(), upto.clone(), true));
    program.kill();
    let (mut planned, mut at_once) = (0, 0);
    for death in 0..kills {
        match start_doomed(&folder, config, death) {
            Some(program) => {
                at.send_replace(program.address.clone());
                let died = tokio::task::spawn_blocking(move || program.dead(Duration::from_secs(4))).await.unwrap();
                planned += usize::from(died);
            }
            None => at_once += 1,
        }
    }
    let program = Program::start(&folder, &["--config", config]);
    at.send_replace(program.address.clone());
    tokio::time::sleep(Duration::from_millis(300)).await;

    // All finish what they are at, then stop.
    stop.send_replace(true);
    let mut said = Vec::new();
    for writer in writers {
        said.extend(writer.await.unwrap());
    }
    let (turned, arrived) = (changer.await.unwrap(), newcomers.await.unwrap());
    let head = loop {
        // The reader may connect at the same moment, and take our place.
        if let Some((_, session)) = bob.try_connect(&program.address).await {
            break session.head;
        }
    };
    until.send_replace(Some(head));
    let bobs = tokio::time::timeout(Duration::from_secs(60), reader).await.unwrap().unwrap();
    let carols = read(carol.clone(), address.clone(), upto, false).await;
    println!(
        "{} messages, {} Commits and {} people accepted; {planned} of {kills} deaths at a step, {at_once} while starting",
        said.len(),
        turned.len(),
        arrived.len()
    );
    assert!(said.len() > kills * 10 && turned.len() > kills && arrived.len() > kills / 2, "there was load");

    // Both groups share the mailboxes, each with its own positions; each text of one begins as no text of the other.
    let (of_words, of_turns): (Mail, Mail) =
        bobs.clone().into_iter().partition(|(_, (_, kind, bytes))| *kind == Kind::Message && bytes != b"hello");
    judge(&of_words, Kind::Message, 2, &said);
    judge(&of_turns, Kind::Commit, 2, &turned);
    // Carol was away all the time: her mailbox holds the same, in the same order.
    assert_eq!(carols.values().collect::<Vec<_>>(), bobs.values().collect::<Vec<_>>());
    assert_eq!(carols.keys().collect::<Vec<_>>(), bobs.keys().collect::<Vec<_>>());
    let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
    for person in &arrived {
        let account = found(anonymous.ask(look_up(&person.name)).await);
        assert_eq!(account.chain, person.chain.records());
        assert_eq!(account.key_packages.len(), 1, "{}", person.name.as_str());
        assert_eq!(found(anonymous.ask(look_up(&person.name)).await).key_packages.len(), 0, "handed out once");
    }
    drop(anonymous);
    // What was acked before a clean stop never comes back. The reader's last ack may have gone with its connection,
    // whose place we took: it is said again, and what is answered after it shows that it was heard.
    let (mut device, _) = bob.connect(&program.address).await;
    device.send(&Request::Device(DeviceRequest::Ack(head))).await.expect("the line stands");
    assert_eq!(device.ask(DeviceRequest::DropAlias(Vec::new())).await, Reply::Done);
    drop(device);
    assert_eq!(program.stop(), Some(0));
    let program = Program::start(&folder, &[]);
    let (mut device, _) = bob.connect(&program.address).await;
    assert_eq!(device.ask(take(Seq(0))).await, Reply::Done);
    assert_eq!(device.ask(DeviceRequest::DropAlias(Vec::new())).await, Reply::Done);
    assert!(device.is_quiet(), "acked entries came back");
}
