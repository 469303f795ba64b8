//! kill -9 of the real program under load: what was acknowledged is there, once.
//!
//! Three writers post to one group, each message until it is accepted, always
//! with the same idempotency key. A reader takes and acks. The program is
//! killed again and again at odd moments, and started again in its folder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand_core::{OsRng, RngCore};
use tokio::sync::watch;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{IdempotencyKey, Position, Seq};
use waxseal_wire::reply::{Push, Refusal, Reply};
use waxseal_wire::request::{DeviceRequest, Request};
use waxseal_wire::seal::Kind;

use super::person::{Connection, Group, Person, random_bytes, take};
use super::program::{Program, folder};
use super::story::two;

/// Kills in a usual run; `WAXSEAL_KILLS` asks for more.
const KILLS: usize = 5;
const WRITERS: usize = 3;

/// Where the server is now.
type Address = watch::Receiver<String>;

struct Accepted {
    bytes: Vec<u8>,
    position: Position,
}

async fn write(
    group: Arc<Group>,
    alice: Arc<Person>,
    address: Address,
    stop: watch::Receiver<bool>,
    writer: usize,
) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    let mut connection = None;
    for number in 0_u64.. {
        let bytes = [format!("{writer}/{number}/").into_bytes(), random_bytes(700)].concat();
        let key = IdempotencyKey::random(&mut OsRng);
        let request = Request::Anonymous(group.message_again(&alice, &bytes, key));
        loop {
            if *stop.borrow() {
                return accepted;
            }
            let at = address.borrow().clone();
            if connection.is_none() {
                connection = Connection::try_open(&at, Door::Anonymous).await;
            }
            let reply = match &mut connection {
                Some(open) => open.try_ask(&request).await,
                None => None,
            };
            match reply {
                Some(Reply::Accepted(position)) => {
                    accepted.push(Accepted { bytes, position });
                    break;
                }
                Some(Reply::Refused(Refusal::TooFast { retry_after_ms })) => {
                    tokio::time::sleep(Duration::from_millis(retry_after_ms)).await;
                }
                Some(Reply::Refused(Refusal::Internal)) => {}
                Some(other) => panic!("a message should be accepted, not {other:?}"),
                None => {
                    connection = None;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
    accepted
}

/// Takes and acks until the mailbox was read to `upto`.
async fn read(bob: Arc<Person>, address: Address, upto: watch::Receiver<Option<Seq>>) -> BTreeMap<Seq, (Position, Vec<u8>)> {
    let mut stored: BTreeMap<Seq, (Position, Vec<u8>)> = BTreeMap::new();
    loop {
        let last = stored.keys().next_back().copied().unwrap_or_default();
        if upto.borrow().is_some_and(|upto| last >= upto) {
            return stored;
        }
        let at = address.borrow().clone();
        let Some((mut device, _)) = bob.try_connect(&at).await else {
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
            for entry in entries {
                let delivered = bob.open(&entry);
                if delivered.kind != Kind::Message {
                    continue;
                }
                let value = (delivered.position, delivered.envelope);
                // A place in the mailbox never changes what it holds.
                let before = stored.insert(entry.seq, value.clone());
                assert!(before.is_none_or(|before| before == value));
                if device.send(&Request::Device(DeviceRequest::Ack(entry.seq))).await.is_none() {
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill_and_comes_once() {
    let kills = std::env::var("WAXSEAL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (_around, folder) = folder();
    let mut program = Program::start(&folder, &[]);
    let (alice, bob, group) = two(&program.address).await;
    let (alice, bob, group) = (Arc::new(alice), Arc::new(bob), Arc::new(group));
    let (at, address) = watch::channel(program.address.clone());
    let (stop, stopping) = watch::channel(false);
    let (until, upto) = watch::channel(None);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(group.clone(), alice.clone(), address.clone(), stopping.clone(), writer)))
        .collect();
    let reader = tokio::spawn(read(bob.clone(), address.clone(), upto));
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + u64::from(OsRng.next_u32() % 400))).await;
        program.kill();
        program = Program::start(&folder, &[]);
        at.send_replace(program.address.clone());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;

    // Writers finish what they are at, then stop.
    stop.send_replace(true);
    let mut accepted = Vec::new();
    for writer in writers {
        accepted.extend(writer.await.unwrap());
    }
    let head = loop {
        // The reader may connect at the same moment, and take our place.
        if let Some((_, session)) = bob.try_connect(&program.address).await {
            break session.head;
        }
    };
    until.send_replace(Some(head));
    let stored = tokio::time::timeout(Duration::from_secs(60), reader).await.unwrap().unwrap();

    println!("{} messages accepted over {kills} kills", accepted.len());
    assert!(accepted.len() > kills * 10);
    let mut positions: Vec<_> = stored.values().map(|(position, _)| position.0).collect();
    let mut texts: Vec<_> = stored.values().map(|(_, bytes)| bytes.clone()).collect();
    // Seqs and positions go up together, without a gap: one order, nothing lost, nothing doubled.
    assert_eq!(positions, (1..=stored.len() as u64).collect::<Vec<_>>());
    positions.dedup();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), stored.len());
    let by_position: BTreeMap<_, _> = stored.values().cloned().collect();
    for Accepted { bytes, position } in &accepted {
        assert_eq!(by_position.get(position), Some(bytes), "message at position {position}");
    }
    assert_eq!(program.stop(), Some(0));
}
