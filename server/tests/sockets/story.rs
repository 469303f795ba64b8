//! Two people meet: the whole way of a message, over real sockets.

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use waxseal_server::clock;
use waxseal_server::engine::Engine;
use waxseal_server::policy::Policy;
use waxseal_server::transport::{Running, Settings};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{Position, Seq};
use waxseal_wire::limits;
use waxseal_wire::reply::{MailboxEntry, Push, Reply};
use waxseal_wire::request::DeviceRequest;
use waxseal_wire::seal::Kind;

use super::person::{Connection, Group, Person, found, look_up, random_bytes, take};

/// A server in this process, in a folder that goes away with it.
pub(crate) struct Town {
    pub(crate) server: Running,
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Town {
    pub(crate) async fn new(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(folder.path(), Policy::unlimited(), clock::system).unwrap();
        let server = Running::start(engine, settings).await.unwrap();
        let address = server.address.to_string();
        Self { server, address, _folder: folder }
    }
}

/// Alice and Bob, and a group that Alice founded with him and wrote to.
pub(crate) async fn two(address: &str) -> (Person, Person, Group) {
    let alice = Person::arrive(address, "alice").await;
    let bob = Person::arrive(address, "bob").await;
    let group = Group::new();
    let mut anonymous = Connection::open(address, Door::Anonymous).await;
    assert_eq!(anonymous.ask(group.found(&alice, &[&bob], b"hello")).await, Reply::Accepted(Position(1)));
    (alice, bob, group)
}

async fn entries(device: &mut Connection, number: usize) -> Vec<MailboxEntry> {
    let mut all = Vec::new();
    while all.len() < number {
        all.extend(device.entries().await);
    }
    all
}

#[tokio::test]
async fn who_is_looked_up_is_founded_with_and_written_to_gets_it_once() {
    let town = Town::new(Settings::default()).await;
    let alice = Person::arrive(&town.address, "alice").await;
    let bob = Person::arrive(&town.address, "bob").await;

    let mut anonymous = Connection::open(&town.address, Door::Anonymous).await;
    let account = found(anonymous.ask(look_up(&bob.name)).await);
    assert_eq!(account.chain, bob.chain.records());
    assert_eq!(account.key_packages[0].key_package, bob.key_package());

    let group = Group::new();
    assert_eq!(anonymous.ask(group.found(&alice, &[&bob], b"hello")).await, Reply::Accepted(Position(1)));
    let (mut device, session) = bob.connect(&town.address).await;
    assert_eq!(session.head, Seq(2));
    assert_eq!(device.ask(take(Seq(0))).await, Reply::Done);
    let first = entries(&mut device, 2).await;
    assert_eq!((bob.open(&first[0]).kind, bob.open(&first[0]).envelope), (Kind::Welcome, b"a Welcome".to_vec()));
    assert_eq!((bob.open(&first[1]).kind, bob.open(&first[1]).envelope), (Kind::Message, b"hello".to_vec()));

    // The mailbox wakes while the device is connected.
    assert_eq!(anonymous.ask(group.message(&alice, b"are you there?")).await, Reply::Accepted(Position(2)));
    let pushed = entries(&mut device, 1).await;
    assert_eq!((pushed[0].seq, bob.open(&pushed[0]).envelope), (Seq(3), b"are you there?".to_vec()));

    // Acked ones never come back, unacked ones do.
    device.send(&waxseal_wire::request::Request::Device(DeviceRequest::Ack(Seq(2)))).await.unwrap();
    assert_eq!(device.ask(DeviceRequest::DropAlias(Vec::new())).await, Reply::Done);
    drop(device);
    let (mut device, session) = bob.connect(&town.address).await;
    assert_eq!(session.head, Seq(3));
    assert_eq!(device.ask(take(Seq(0))).await, Reply::Done);
    let again: Vec<_> = entries(&mut device, 1).await.iter().map(|entry| entry.seq).collect();
    assert_eq!(again, [Seq(3)]);
    town.server.stop().await;
}

#[tokio::test]
async fn no_more_than_a_window_is_pushed_before_an_ack() {
    let town = Town::new(Settings { rate: waxseal_server::limits::Rate::UNLIMITED, ..Settings::default() }).await;
    let (alice, bob, group) = two(&town.address).await;
    let mut anonymous = Connection::open(&town.address, Door::Anonymous).await;
    for _ in 0..limits::WINDOW + 40 {
        assert!(matches!(anonymous.ask(group.message(&alice, &random_bytes(2_000))).await, Reply::Accepted(_)));
    }
    let (mut device, _) = bob.connect(&town.address).await;
    assert_eq!(device.ask(take(Seq(0))).await, Reply::Done);
    let window = entries(&mut device, limits::WINDOW).await;
    assert_eq!(window.len(), limits::WINDOW);
    // Whatever else was pushed would come before this answer.
    assert_eq!(device.ask(DeviceRequest::DropAlias(Vec::new())).await, Reply::Done);
    let last = window.last().unwrap().seq;
    assert_eq!(last, Seq(limits::WINDOW as u64));
    device.send(&waxseal_wire::request::Request::Device(DeviceRequest::Ack(last))).await.unwrap();
    let rest = entries(&mut device, 42).await;
    let seqs: Vec<_> = rest.iter().map(|entry| entry.seq.0).collect();
    assert_eq!(seqs, (last.0 + 1..=last.0 + 42).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_second_connection_of_a_device_takes_the_place_of_the_first() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    let (mut first, _) = bob.connect(&town.address).await;
    let (mut second, _) = bob.connect(&town.address).await;
    assert_eq!(first.closed().await, Some(CloseCode::Library(4001)));
    assert_eq!(second.ask(take(Seq(0))).await, Reply::Done);
}

#[tokio::test]
async fn a_closed_account_is_answered_and_then_cut_off() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    let (mut device, _) = bob.connect(&town.address).await;
    let (mut other, _) = bob.connect(&town.address).await;
    assert_eq!(device.closed().await, Some(CloseCode::Library(4001)));
    let signature = waxseal_wire::chain::sign(&bob.key, &waxseal_wire::request::close_bytes(&bob.account));
    assert_eq!(other.ask(DeviceRequest::CloseAccount(signature)).await, Reply::Done);
    assert_eq!(other.closed().await, Some(CloseCode::Library(4002)));
}

#[tokio::test]
async fn a_device_that_does_not_read_slows_nobody_else() {
    let town = Town::new(Settings { rate: waxseal_server::limits::Rate::UNLIMITED, ..Settings::default() }).await;
    let (alice, bob, group) = two(&town.address).await;
    let (mut asleep, _) = bob.connect(&town.address).await;
    asleep.send(&waxseal_wire::request::Request::Device(take(Seq(0)))).await.unwrap();
    let mut anonymous = Connection::open(&town.address, Door::Anonymous).await;
    for _ in 0..40 {
        // Bob's socket fills up; Alice is answered all the same.
        assert!(matches!(anonymous.ask(group.message(&alice, &random_bytes(250_000))).await, Reply::Accepted(_)));
    }
    let (_, session) = alice.connect(&town.address).await;
    assert_eq!(session.head, Seq(0));
    // Large frames come in fragments, and whole.
    let all = entries(&mut asleep, 42).await;
    assert_eq!(bob.open(&all[41]).envelope.len(), 250_000);
}

#[tokio::test]
async fn a_server_that_stops_answers_what_was_asked_and_says_goodbye() {
    let town = Town::new(Settings::default()).await;
    let (alice, bob, group) = two(&town.address).await;
    let (mut device, _) = bob.connect(&town.address).await;
    let mut anonymous = Connection::open(&town.address, Door::Anonymous).await;
    assert_eq!(anonymous.ask(group.message(&alice, b"last")).await, Reply::Accepted(Position(2)));
    let stop = tokio::spawn(town.server.stop());
    assert_eq!(device.closed().await, Some(CloseCode::Away));
    assert_eq!(anonymous.closed().await, Some(CloseCode::Away));
    stop.await.unwrap();
    assert!(Connection::try_open(&town.address, Door::Device).await.is_none());
}

#[tokio::test]
async fn the_challenge_is_new_each_time() {
    let town = Town::new(Settings::default()).await;
    let mut nonces = Vec::new();
    for _ in 0..3 {
        match Connection::open(&town.address, Door::Device).await.pushed().await {
            Some(Push::Challenge(nonce)) => nonces.push(nonce),
            other => panic!("a challenge should come first, not {other:?}"),
        }
    }
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
}
