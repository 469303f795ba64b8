//! Mailboxes, and what time does to them.

use waxseal_server::store::Store;
use waxseal_wire::id::{Millis, Position, Seq};
use waxseal_wire::limits;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, PublishKeys};
use waxseal_wire::seal::Kind;

use crate::town::{Circle, DAY, Device, Town, refused};

fn pair<S: Store>(town: &mut Town<S>) -> (Device, Device, Circle) {
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    (a, b, circle)
}

fn seqs<S: Store>(town: &mut Town<S>, device: &Device) -> Vec<u64> {
    town.read(device).iter().map(|entry| entry.seq.0).collect()
}

pub(crate) fn acked_envelopes_never_come_back<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (a, mut b, circle) = pair(&mut town);
    for _ in 0..4 {
        town.say(&circle, &a, circle.aliases[0], b"hello");
    }
    assert_eq!(seqs(&mut town, &b), [1, 2, 3, 4, 5, 6]);
    town.ack(&b, 4);
    town.ack(&b, 4);
    town.ack(&b, 2);
    assert_eq!(seqs(&mut town, &b), [5, 6]);
    town.ack(&b, 6);
    assert_eq!(seqs(&mut town, &b), [] as [u64; 0]);
    assert_eq!(town.session(&mut b).head, Seq(6), "an empty mailbox keeps its head");
    town.say(&circle, &a, circle.aliases[0], b"on");
    assert_eq!(seqs(&mut town, &b), [7]);
}

pub(crate) fn an_ack_never_reaches_beyond_the_head<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (a, b, circle) = pair(&mut town);
    town.ack(&b, u64::MAX);
    town.say(&circle, &a, circle.aliases[0], b"not seen yet");
    assert_eq!(seqs(&mut town, &b), [3]);
}

pub(crate) fn entries_come_in_order_and_within_the_asked_size<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (a, b, circle) = pair(&mut town);
    for _ in 0..8 {
        town.say(&circle, &a, circle.aliases[0], &[7; 1000]);
    }
    let mut take = |after, max, bytes| -> Vec<u64> {
        let found = town.roles.entries(&b.proven.unwrap(), Seq(after), max, bytes).unwrap();
        found.iter().map(|entry| entry.seq.0).collect()
    };
    assert_eq!(take(0, 3, usize::MAX), [1, 2, 3]);
    assert_eq!(take(3, 100, 2600), [4, 5]);
    assert_eq!(take(3, 100, 1), [4], "the first comes whatever its size");
    assert_eq!(take(10, 100, usize::MAX), [] as [u64; 0]);
    assert_eq!(take(u64::MAX, 100, usize::MAX), [] as [u64; 0]);
}

pub(crate) fn an_overflowing_mailbox_is_marked_lost_and_stops_nobody<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b, &mut c]);
    // Who never posted would be left out before.
    assert_eq!(town.say(&circle, &b, circle.aliases[1], b"I am here"), Reply::Accepted(Position(2)));
    town.roles.store().begin().unwrap();
    for number in 0..limits::MAILBOX as u64 {
        assert_eq!(town.say(&circle, &a, circle.aliases[0], b"x"), Reply::Accepted(Position(number + 3)));
        if number % 1000 == 0 {
            town.ack(&c, number);
        }
    }
    town.roles.store().persist().unwrap();
    assert_eq!(town.read(&b).len(), limits::MAILBOX);
    assert_eq!((seqs(&mut town, &b)[0], town.session(&mut b).lost), (3, true));
    assert!(!town.session(&mut c).lost);
    // It is told until a session acks that was told.
    assert!(town.session(&mut b).lost);
    town.ack(&b, 10_000);
    assert!(!town.session(&mut b).lost);
    assert_eq!(town.order(&b).last(), Some(&(Kind::Message, 1, limits::MAILBOX as u64 + 2)));
}

pub(crate) fn strangers_fill_half_a_mailbox_and_push_nobody_out<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut alice, mut bob, mut mallory] = town.settle_all(["alice", "bob", "mallory"]);
    let friends = town.found(&mut [&mut alice, &mut bob]);
    assert_eq!(town.say(&friends, &bob, friends.aliases[1], b"hello alice"), Reply::Accepted(Position(2)));
    assert_eq!(town.say(&friends, &alice, friends.aliases[0], b"hello bob"), Reply::Accepted(Position(3)));
    let flood = town.found(&mut [&mut mallory, &mut bob]);
    town.roles.store().begin().unwrap();
    for number in 0..limits::STRANGERS as u64 {
        assert_eq!(town.say(&flood, &mallory, flood.aliases[0], b"buy"), Reply::Accepted(Position(number + 2)));
    }
    town.roles.store().persist().unwrap();
    assert_eq!(town.read(&bob).len(), limits::STRANGERS);

    // Welcomes still come, but slowly.
    let mut asked = 0;
    while asked < 200 {
        let (circle, devices) = (town.circle(&mut [&mut mallory, &mut bob]), [&mallory, &bob]);
        let founding = town.founding(&circle, &devices);
        match town.answer(AnonymousRequest::Found(Box::new(founding.clone()))) {
            Reply::Accepted(_) => asked += 1,
            other => {
                let Reply::Refused(Refusal::TooFast { retry_after_ms }) = other else { panic!("{other:?}") };
                assert!((1..=60_000).contains(&retry_after_ms));
                town.now = Millis(town.now.0 + retry_after_ms);
                // Nothing of it was kept: the same is taken later.
                assert!(matches!(town.answer(AnonymousRequest::Found(Box::new(founding))), Reply::Accepted(_)));
                break;
            }
        }
    }
    assert_eq!(asked, 100);
    assert_eq!(town.read(&bob).len(), limits::STRANGERS + 101);

    // Who is known is heard, and nothing of theirs was lost.
    for number in 4..104 {
        assert_eq!(town.say(&friends, &alice, friends.aliases[0], b"still here?"), Reply::Accepted(Position(number)));
    }
    let from_alice = |town: &mut Town<S>| town.opened(&bob).iter().filter(|one| one.group == friends.group).count();
    assert_eq!(from_alice(&mut town), 2 + 1 + 100);
    assert!(!town.session(&mut bob).lost);
    // A group that the device posts to is no stranger's any more.
    assert!(matches!(town.say(&flood, &bob, flood.aliases[1], b"what?"), Reply::Accepted(_)));
    let before = town.read(&bob).len();
    town.say(&flood, &mallory, flood.aliases[0], b"this");
    assert_eq!(town.read(&bob).len(), before + 1);
}

pub(crate) fn what_is_older_than_thirty_days_is_dropped_and_told<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (a, mut b, circle) = pair(&mut town);
    let old = town.message(&circle, &a, circle.aliases[0], b"old");
    let ask = |town: &mut Town<S>| town.answer(AnonymousRequest::SubmitMessage(Box::new(old.clone())));
    assert_eq!(ask(&mut town), Reply::Accepted(Position(2)));
    town.now = Millis(town.now.0 + 20 * DAY);
    town.say(&circle, &a, circle.aliases[0], b"newer");
    town.now = Millis(town.now.0 + 10 * DAY);
    town.roles.sweep(town.now).unwrap();
    assert_eq!(seqs(&mut town, &b), [1, 2, 3, 4], "thirty days are kept");
    town.now = Millis(town.now.0 + DAY);
    town.roles.sweep(town.now).unwrap();
    assert_eq!(seqs(&mut town, &b), [4]);
    let session = town.session(&mut b);
    assert_eq!((session.head, session.lost), (Seq(4), true));
    // Idempotency is kept as long as an envelope is; the group goes on.
    assert_eq!(ask(&mut town), Reply::Accepted(Position(4)));
    town.now = Millis(town.now.0 + 401 * DAY);
    town.roles.sweep(town.now).unwrap();
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"anyone?"), refused(Refusal::Unknown));
}

pub(crate) fn a_loss_after_the_session_began_is_not_hidden_by_its_ack<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (_, mut b, _) = pair(&mut town);
    assert!(!town.session(&mut b).lost);
    town.now = Millis(town.now.0 + 31 * DAY);
    town.roles.sweep(town.now).unwrap();
    town.ack(&b, 2);
    assert!(town.session(&mut b).lost);
    town.ack(&b, 2);
    assert!(!town.session(&mut b).lost);
}

pub(crate) fn of_gathered_requests_a_refused_one_undoes_itself_alone<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (mut a, mut b, circle) = pair(&mut town);
    town.roles.store().begin().unwrap();
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"before"), Reply::Accepted(Position(2)));
    // Bob's first alias of this upload is free, his second is alice's: neither may stay.
    let (free, taken) = (town.new_alias(&mut b), town.alias(&mut a));
    let publish = PublishKeys { aliases: vec![free, taken], ..Default::default() };
    assert_eq!(town.ask_as(&b, DeviceRequest::PublishKeys(publish)).reply, Some(refused(Refusal::Taken)));
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"after"), Reply::Accepted(Position(3)));
    town.roles.store().persist().unwrap();
    assert_eq!(seqs(&mut town, &b), [1, 2, 3, 4]);
    let subject = town.roles.subject(&b.name).unwrap().unwrap();
    assert_eq!(subject.devices[0].aliases.len(), 1);
}
