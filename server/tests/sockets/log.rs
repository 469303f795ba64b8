//! What the disk tells of who gets the same message, read off the log of the real program after kill -9.

use std::path::Path;
use std::time::{Duration, Instant};

use rand_core::OsRng;
use waxseal_wire::frame::Door;
use waxseal_wire::id::IdempotencyKey;
use waxseal_wire::reply::Reply;

use super::person::{Connection, random_bytes};
use super::program::{Program, folder};
use super::story::two;

const PAGE: usize = 4096;
/// The server says a second; a machine that is busy may need longer to get there.
const MOMENTS: Duration = Duration::from_millis(3500);

/// Every frame of the log that is not nothing: its page, and whether a transaction ends with it.
fn frames(folder: &Path) -> Vec<(u32, bool)> {
    let log = std::fs::read(folder.join("waxseal.db-wal")).unwrap();
    let frames = log.get(32..).unwrap_or_default().chunks(24 + PAGE).filter(|frame| frame.iter().any(|byte| *byte != 0));
    let word = |frame: &[u8], at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
    frames.map(|frame| (word(frame, 0), word(frame, 4) != 0)).collect()
}

#[tokio::test]
async fn after_a_moment_the_log_of_a_killed_server_tells_nothing() {
    let (_around, folder) = folder();
    let program = Program::start(&folder, &[]);
    let (alice, _bob, group) = two(&program.address).await;
    let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
    // Until it is emptied, the log shows what was written together: so this test can see.
    let mut seen = false;
    for _ in 0..20 {
        assert!(matches!(anonymous.ask(group.message(&alice, &random_bytes(300))).await, Reply::Accepted(_)));
        seen |= frames(&folder).len() > 3;
    }
    assert!(seen);
    tokio::time::sleep(MOMENTS).await;
    program.kill();
    assert_eq!(frames(&folder), [(1, true)]);

    // Whoever is started after a kill that came too early for that does it at once.
    let program = Program::start(&folder, &[]);
    let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
    let mut left = Vec::new();
    for _ in 0..20 {
        assert!(matches!(anonymous.ask(group.message(&alice, &random_bytes(300))).await, Reply::Accepted(_)));
        left = frames(&folder);
        if left.len() > 3 {
            break;
        }
    }
    program.kill();
    assert!(left.len() > 3);
    Program::start(&folder, &[]).kill();
    assert_eq!(frames(&folder), [(1, true)]);
}

#[tokio::test]
async fn the_log_of_a_busy_server_holds_moments() {
    let (_around, folder) = folder();
    let program = Program::start(&folder, &[]);
    let (alice, _bob, group) = two(&program.address).await;
    let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
    let (began, mut accepted) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(8) {
        let key = IdempotencyKey::random(&mut OsRng);
        let message = group.message_again(&alice, &random_bytes(300), key);
        assert!(matches!(anonymous.ask(message).await, Reply::Accepted(_)));
        accepted.push(Instant::now());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    program.kill();
    let killed = Instant::now();
    let transactions = frames(&folder).iter().filter(|(_, is_last)| *is_last).count();
    let moments = accepted.iter().filter(|at| killed.duration_since(**at) < MOMENTS).count();
    println!("{} messages in a transaction each, {moments} of the last moments, {transactions} in the log", accepted.len());
    // One more is the empty one that the log begins with.
    assert!(transactions <= moments + 1 && moments < accepted.len(), "{transactions} of {}", accepted.len());
}
