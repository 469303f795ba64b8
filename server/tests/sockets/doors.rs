//! What the doors refuse, and how.

use std::time::Duration;

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use waxseal_server::limits::Rate;
use waxseal_server::transport::Settings;
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Position, RequestId, Seq};
use waxseal_wire::limits;
use waxseal_wire::reply::{Push, Refusal, Reply};

use super::person::{Connection, Group, Person, look_up, take};
use super::program::http;
use super::story::Town;

const NOBODY: RequestId = RequestId(0);

fn refused(refusal: Refusal) -> Option<Told> {
    Some(Told::Reply(NOBODY, Reply::Refused(refusal)))
}

#[tokio::test]
async fn each_door_refuses_what_belongs_to_the_other() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    let mut anonymous = Connection::open(&town.address, Door::Anonymous).await;
    assert_eq!(anonymous.ask(take(Seq(0))).await, Reply::Refused(Refusal::WrongDoor));
    let (mut device, _) = bob.connect(&town.address).await;
    assert_eq!(device.ask(look_up(&bob.name)).await, Reply::Refused(Refusal::WrongDoor));
}

#[tokio::test]
async fn nothing_is_done_for_a_device_before_it_is_proven() {
    let town = Town::new(Settings::default()).await;
    let mut device = Connection::open(&town.address, Door::Device).await;
    assert_eq!(device.ask(take(Seq(0))).await, Reply::Refused(Refusal::WrongDoor));
}

#[tokio::test]
async fn a_wrong_proof_is_refused_and_the_third_ends_it() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    let mut device = Connection::open(&town.address, Door::Device).await;
    for _ in 0..3 {
        // Signed over another challenge: a replay.
        assert_eq!(device.ask(bob.authenticate(&[7; 32])).await, Reply::Refused(Refusal::NotAllowed));
    }
    assert_eq!(device.closed().await, Some(CloseCode::Policy));
}

#[tokio::test]
async fn a_device_is_proven_once() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    let (mut device, _) = bob.connect(&town.address).await;
    assert_eq!(device.ask(bob.authenticate(&[7; 32])).await, Reply::Refused(Refusal::WrongDoor));
}

#[tokio::test]
async fn who_does_not_prove_itself_in_time_is_sent_away() {
    let town = Town::new(Settings { prove_within: Duration::from_millis(200), ..Settings::default() }).await;
    let mut device = Connection::open(&town.address, Door::Device).await;
    assert!(matches!(device.pushed().await, Some(Push::Challenge(_))));
    assert_eq!(device.closed().await, Some(CloseCode::Policy));
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_before_it_is_read() {
    let town = Town::new(Settings::default()).await;
    for door in [Door::Anonymous, Door::Device] {
        let mut connection = Connection::open(&town.address, door).await;
        connection.ws.send(Message::binary(vec![0; limits::FRAME + 1])).await.ok();
        if door == Door::Device {
            assert!(matches!(connection.told().await, Some(Told::Push(Push::Challenge(_)))));
        }
        assert_eq!(connection.told().await, refused(Refusal::TooLarge));
        assert_eq!(connection.closed().await, Some(CloseCode::Size));
    }
}

#[tokio::test]
async fn garbage_is_refused_with_a_reason_and_too_much_of_it_ends_it() {
    let town = Town::new(Settings::default()).await;
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    for round in 0..8_u8 {
        connection.ws.send(Message::binary(vec![0xff, round, 0xff])).await.unwrap();
        assert_eq!(connection.told().await, refused(Refusal::Malformed));
    }
    assert_eq!(connection.closed().await, Some(CloseCode::Policy));
}

#[tokio::test]
async fn garbage_does_not_harm_what_comes_after_it() {
    let town = Town::new(Settings::default()).await;
    let bob = Person::arrive(&town.address, "bob").await;
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    connection.ws.send(Message::binary(vec![0xff; 100])).await.unwrap();
    assert_eq!(connection.told().await, refused(Refusal::Malformed));
    assert!(matches!(connection.ask(look_up(&bob.name)).await, Reply::Accounts(_)));
}

#[tokio::test]
async fn text_is_refused() {
    let town = Town::new(Settings::default()).await;
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    connection.ws.send(Message::text("hello?")).await.unwrap();
    assert_eq!(connection.told().await, refused(Refusal::Malformed));
    assert_eq!(connection.closed().await, Some(CloseCode::Unsupported));
}

#[tokio::test]
async fn who_asks_too_fast_is_told_when_to_come_back() {
    let rate = Rate { burst: 3, per_second: 5 };
    let town = Town::new(Settings { rate, ..Settings::default() }).await;
    let bob = Person::new("bob");
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    for _ in 0..3 {
        assert!(matches!(connection.ask(look_up(&bob.name)).await, Reply::Accounts(_)));
    }
    let Reply::Refused(Refusal::TooFast { retry_after_ms }) = connection.ask(look_up(&bob.name)).await else {
        panic!("a fourth request at once should be too fast");
    };
    assert!((1..=200).contains(&retry_after_ms));
    tokio::time::sleep(Duration::from_millis(retry_after_ms + 20)).await;
    assert!(matches!(connection.ask(look_up(&bob.name)).await, Reply::Accounts(_)));
}

#[tokio::test]
async fn one_address_that_floods_slows_itself_down_and_nobody_else() {
    let (lookups, foundings) = (Rate { burst: 3, per_second: 1 }, Rate { burst: 2, per_second: 1 });
    let town = Town::new(Settings { lookups, foundings, ..Settings::default() }).await;
    let alice = Person::arrive(&town.address, "alice").await;
    let bob = Person::arrive(&town.address, "bob").await;
    let fast = |reply| matches!(reply, Reply::Refused(Refusal::TooFast { retry_after_ms: 1..=1000 }));
    let accounts = |reply| matches!(reply, Reply::Accounts(_));
    let mut here = Connection::on_behalf_of("192.0.2.1", &town.address).await;
    for _ in 0..3 {
        assert!(accounts(here.ask(look_up(&bob.name)).await));
    }
    assert!(fast(here.ask(look_up(&bob.name)).await));
    // Another connection from there is no way around it; what stands before the proxy's own word is neither.
    let mut again = Connection::on_behalf_of("198.51.100.9, 192.0.2.1", &town.address).await;
    assert!(fast(again.ask(look_up(&bob.name)).await));
    for _ in 0..2 {
        assert_eq!(again.ask(Group::new().found(&alice, &[&bob], b"knock")).await, Reply::Accepted(Position(1)));
    }
    assert!(fast(here.ask(Group::new().found(&alice, &[&bob], b"knock")).await));
    let mut there = Connection::on_behalf_of("192.0.2.2", &town.address).await;
    assert!(accounts(there.ask(look_up(&bob.name)).await));
    assert_eq!(there.ask(Group::new().found(&alice, &[&bob], b"hello")).await, Reply::Accepted(Position(1)));
    // Nobody is slowed down by a proxy that does not say for whom it calls.
    let mut unnamed = Connection::open(&town.address, Door::Anonymous).await;
    for _ in 0..5 {
        assert!(accounts(unnamed.ask(look_up(&bob.name)).await));
    }
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_are_closed_and_room_comes_back() {
    let town = Town::new(Settings { connections: 2, ..Settings::default() }).await;
    let one = Connection::open(&town.address, Door::Anonymous).await;
    let _two = Connection::open(&town.address, Door::Device).await;
    assert!(Connection::try_open(&town.address, Door::Anonymous).await.is_none());
    drop(one);
    let mut again = None;
    for _ in 0..100 {
        again = Connection::try_open(&town.address, Door::Anonymous).await;
        if again.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again.is_some());
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_then_cut() {
    let town = Town::new(Settings { beat: Duration::from_millis(100), ..Settings::default() }).await;
    let mut awake = Connection::open(&town.address, Door::Anonymous).await;
    let silent = Connection::open(&town.address, Door::Anonymous).await;
    // Reading answers pings; this one stays for many beats, and is answered afterwards.
    let reading = tokio::time::timeout(Duration::from_secs(1), awake.told()).await;
    assert!(reading.is_err());
    assert!(matches!(awake.ask(look_up(&Person::new("bob").name)).await, Reply::Accounts(_)));
    // This one never read: the server has ended it, without waiting for an answer.
    let mut silent = silent;
    assert!(silent.closed().await.is_none());
}

#[tokio::test]
async fn the_public_listener_is_healthy_and_says_nothing_else() {
    let town = Town::new(Settings::default()).await;
    let address = town.address.clone();
    tokio::task::spawn_blocking(move || {
        assert_eq!(http(&address, "GET /healthz HTTP/1.1"), (200, "ok\n".to_owned()));
        assert_eq!(http(&address, "GET /readyz HTTP/1.1"), (200, "ready\n".to_owned()));
        assert_eq!(http(&address, "GET /metrics HTTP/1.1").0, 404);
        assert_eq!(http(&address, "POST /admin/invite HTTP/1.1").0, 404);
        assert_eq!(http(&address, "GET /v1/device HTTP/1.1").0, 426);
        assert_eq!(http(&address, "GET /nothing HTTP/1.1").0, 404);
    })
    .await
    .unwrap();
}
