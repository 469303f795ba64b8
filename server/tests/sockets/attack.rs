//! Who wants nothing but harm: slow, half-open, in crowds, or without an end. Everybody else is served all the while.
//!
//! `make crowd` plays the large ones: `WAXSEAL_CROWD` idle connections at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use waxseal_server::transport::Settings;
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::limits;
use waxseal_wire::reply::{Refusal, Reply};

use super::person::{Connection, Person, look_up};
use super::program::{Program, folder};
use super::story::Town;

/// Whether the other side has ended a connection; waits for that a while.
async fn is_ended(stream: &mut TcpStream, within: Duration) -> bool {
    let over = async { while matches!(stream.read(&mut [0; 512]).await, Ok(1..)) {} };
    tokio::time::timeout(within, over).await.is_ok()
}

/// Whether somebody who means well is served now.
async fn is_served(address: &str) -> bool {
    let Some(mut connection) = Connection::try_open(address, Door::Anonymous).await else { return false };
    matches!(connection.ask(look_up(&Person::new("bob").name)).await, Reply::Accounts(_))
}

#[tokio::test]
async fn a_greeting_that_comes_letter_by_letter_is_cut_off_and_makes_room() {
    let settings = Settings { connections: 8, greet_within: Duration::from_millis(600), ..Settings::default() };
    let town = Town::new(settings).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        slow.push(TcpStream::connect(&town.address).await.unwrap());
    }
    let began = Instant::now();
    let mut served = None;
    for letter in b"GET /v1/anonymous HTTP/1.1\r\nHost: here\r\nX-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        for stream in &mut slow {
            stream.write_all(&[*letter]).await.ok();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        if is_served(&town.address).await {
            served = Some(began.elapsed());
            break;
        }
    }
    assert!(served.is_some_and(|after| after >= Duration::from_millis(400)), "first there was no room, then there was: {served:?}");
    for stream in &mut slow {
        assert!(is_ended(stream, Duration::from_secs(5)).await);
    }
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_cut_off() {
    let town = Town::new(Settings { greet_within: Duration::from_millis(300), ..Settings::default() }).await;
    let mut mute = TcpStream::connect(&town.address).await.unwrap();
    // One that has asked and stays is no better.
    let mut stays = TcpStream::connect(&town.address).await.unwrap();
    stays.write_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n").await.unwrap();
    assert!(is_ended(&mut mute, Duration::from_secs(5)).await);
    assert!(is_ended(&mut stays, Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_frame_that_comes_byte_by_byte_is_cut_off() {
    let town = Town::new(Settings { beat: Duration::from_millis(150), ..Settings::default() }).await;
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    let stream = connection.ws.get_mut();
    // A masked binary frame of a megabyte, and then a byte of it now and then (RFC 6455 §5.2).
    stream.write_all(&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4]).await.unwrap();
    let began = Instant::now();
    while stream.write_all(&[0]).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10), "it is still listened to");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_large_frame_that_comes_in_small_parts_is_cut_off_however_alive_its_sender_is() {
    let town = Town::new(Settings { beat: Duration::from_millis(200), ..Settings::default() }).await;
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    let began = Instant::now();
    let mut first = true;
    loop {
        let opcode = if std::mem::take(&mut first) { Data::Binary } else { Data::Continue };
        let part = Frame::message(vec![0; 5_000], OpCode::Data(opcode), false);
        let alive = Message::Pong(Vec::new().into());
        if connection.ws.send(Message::Frame(part)).await.is_err() || connection.ws.send(alive).await.is_err() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "it is still listened to");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_frame_without_an_end_is_refused_where_frames_end() {
    let town = Town::new(Settings::default()).await;
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    let mut sent = 0;
    let mut opcode = Data::Binary;
    while sent < 8 * limits::FRAME {
        let part = Frame::message(vec![0; 128 << 10], OpCode::Data(std::mem::replace(&mut opcode, Data::Continue)), false);
        if connection.ws.send(Message::Frame(part)).await.is_err() {
            break;
        }
        sent += 128 << 10;
    }
    // What is on its way when it is refused is still taken, so that the refusal is read.
    assert!(sent < 8 * limits::FRAME, "it was cut off on the way");
    // A length that no memory holds is refused by its head alone.
    let mut connection = Connection::open(&town.address, Door::Anonymous).await;
    let head = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4];
    connection.ws.get_mut().write_all(&head).await.unwrap();
    assert!(matches!(connection.told().await, Some(Told::Reply(_, Reply::Refused(Refusal::TooLarge)))));
    assert!(is_served(&town.address).await);
}

#[tokio::test]
async fn many_unfinished_frames_do_not_fill_the_memory_and_the_other_door_stays_open() {
    let town = Town::new(Settings { unfinished: 2 << 20, ..Settings::default() }).await;
    let half = || Message::Frame(Frame::message(vec![0; 1 << 20], OpCode::Data(Data::Binary), false));
    let mut greedy = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(&town.address, Door::Anonymous).await;
        connection.ws.send(half()).await.ok();
        greedy.push(connection);
    }
    let mut refused = 0;
    for connection in &mut greedy {
        let told = tokio::time::timeout(Duration::from_millis(500), connection.told()).await;
        refused += usize::from(matches!(told, Ok(Some(Told::Reply(_, Reply::Refused(Refusal::Full))))));
    }
    assert!((1..3).contains(&refused), "there is room for two halves at most, and for one at least: {refused} were refused");
    assert!(is_served(&town.address).await, "what is small needs no share");
    let bob = Person::arrive(&town.address, "bob").await;
    bob.connect(&town.address).await;
    // What is given back is there for others.
    greedy.clear();
    let mut again = Connection::open(&town.address, Door::Anonymous).await;
    for _ in 0..100 {
        again.ws.send(half()).await.ok();
        if tokio::time::timeout(Duration::from_millis(50), again.told()).await.is_err() {
            return;
        }
        again = Connection::open(&town.address, Door::Anonymous).await;
    }
    panic!("no room came back");
}

/// Connects from another address of this machine: all of 127.0.0.0/8 are.
async fn from(last: u8, to: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0))).unwrap();
    socket.connect(to.parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_thousand_connections_too_many_of_one_address_leave_room_for_another() {
    let settings = Settings { connections: 200, connections_per_address: Some(100), ..Settings::default() };
    let town = Town::new(settings).await;
    let mut kept = Vec::new();
    for _ in 0..100 {
        kept.push(
            Connection::over(from(1, &town.address).await, &format!("ws://{}", town.address), Door::Anonymous).await.unwrap(),
        );
    }
    for _ in 0..1_000 {
        let mut one_more = from(1, &town.address).await;
        one_more.write_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n").await.ok();
        let mut answer = Vec::new();
        one_more.read_to_end(&mut answer).await.ok();
        assert!(answer.is_empty(), "one address has no more than its share");
    }
    let elsewhere = from(2, &town.address).await;
    let there = Connection::over(elsewhere, &format!("ws://{}", town.address), Door::Anonymous).await;
    assert!(matches!(there.unwrap().ask(look_up(&Person::new("bob").name)).await, Reply::Accounts(_)));
    let first = kept.first_mut().unwrap();
    assert!(matches!(first.ask(look_up(&Person::new("bob").name)).await, Reply::Accounts(_)), "who is in stays in");
}

#[tokio::test]
async fn a_crowd_of_idle_connections_is_carried_and_one_more_is_served_at_once() {
    let crowd: usize = std::env::var("WAXSEAL_CROWD").ok().and_then(|crowd| crowd.parse().ok()).unwrap_or(300);
    let (_around, folder) = folder();
    let program = Program::start(&folder, &[]);
    let before = program.memory();
    let mut idle = Vec::new();
    for number in 0..crowd {
        // One address has 28,000 ports at a time.
        let stream = from(u8::try_from(1 + number / 8_000).unwrap(), &program.address).await;
        idle.push(Connection::over(stream, &format!("ws://{}", program.address), Door::Anonymous).await.expect("there is room"));
    }
    let began = Instant::now();
    assert!(is_served(&program.address).await);
    let served = began.elapsed();
    if let (Some(before), Some(after)) = (before, program.memory()) {
        let each = after.saturating_sub(before) as f64 / crowd as f64;
        println!("{crowd} idle connections: {each:.1} KiB each, {after} KiB in all; one more was served in {served:?}");
        assert!(each <= 12.0, "{each:.1} KiB for an idle connection");
    }
    assert!(served < Duration::from_secs(2), "served in {served:?}");
    let silent = idle.last_mut().unwrap();
    assert!(matches!(silent.ask(look_up(&Person::new("bob").name)).await, Reply::Accounts(_)), "nobody was forgotten");
}
