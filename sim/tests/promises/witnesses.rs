//! SECURITY.md, "runs the server and lies": whoever asks for witnesses is not shown a directory of their own.
//!
//! Bert meets nobody and talks to nobody. What he has are the keys of two witnesses, and a server that may lie.

use std::sync::{Arc, Mutex};

use waxseal_core::Command;
use waxseal_core::evidence::Crime;
use waxseal_core::output::Problem;
use waxseal_core::view::WitnessesView;
use waxseal_sim::deeds::Deed;
use waxseal_sim::plan::shared;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather, log_of};
use waxseal_transparency::{Lie, Placed, SignedHead, WitnessSecret};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Reply, Witnessed};
use waxseal_wire::request::{AnonymousRequest, Lookup, Request};

use crate::scene;
use crate::split_view::{Fork, proven};

const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;

fn secret(number: u8) -> WitnessSecret {
    WitnessSecret::new(&format!("witness.example/{number}"), [number; 32]).unwrap()
}

/// What the server says to whoever asks for witnesses; and a second liar beside.
#[derive(Default)]
struct Desk {
    head: Vec<u8>,
    fork: Option<Arc<Mutex<Fork>>>,
    asked: u32,
}

impl Tap for Desk {
    fn instead(&mut self, house: usize, id: RequestId, request: &Request) -> Option<Reply> {
        if matches!(request, Request::Anonymous(AnonymousRequest::Witnessed)) {
            self.asked += 1;
            let witnesses = vec![secret(1).vkey(), secret(2).vkey(), "no key".into()];
            return Some(Reply::Witnessed(Witnessed { head: self.head.clone(), witnesses }));
        }
        self.fork.as_mut().and_then(|fork| fork.lock().unwrap().instead(house, id, request))
    }
}

/// Anna and Bert, who do not know each other.
fn two(seed: u64) -> (Town, Arc<Mutex<Desk>>) {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    let desk = shared(&mut town, Desk::default());
    scene::people(&mut town, &["anna", "bert"]);
    (town, desk)
}

/// The newest head of the server that everybody else sees.
fn newest(town: &mut Town) -> SignedHead {
    let lookup = Lookup { who: Vec::new(), key_packages: false, seen: None };
    match town.ask(AnonymousRequest::Lookup(lookup)).unwrap() {
        Some(Reply::Accounts(accounts)) => Placed::decode(&accounts.placed).unwrap().head,
        other => panic!("{other:?}"),
    }
}

/// Witnesses sign a head, and the server shows it.
fn cosign(head: &SignedHead, by: &[WitnessSecret], at: Millis) -> Vec<u8> {
    let mut head = head.clone();
    let log = log_of(1).keys().id();
    head.cosignatures = by.iter().map(|secret| secret.cosign(&log, &head.head, at)).collect();
    head.encode()
}

fn witnesses_sign(town: &mut Town, desk: &Arc<Mutex<Desk>>, by: &[u8]) {
    let head = newest(town);
    let by: Vec<_> = by.iter().map(|number| secret(*number)).collect();
    desk.lock().unwrap().head = cosign(&head, &by, town.server_clock());
}

fn asks_for(town: &mut Town, need: usize, of: &[u8]) {
    let keys = of.iter().map(|number| secret(*number).vkey()).collect();
    town.command(BERT, Command::SetWitnesses { need, keys }).unwrap();
}

fn writes_to(town: &mut Town, name: &str) {
    town.plan(0, BERT, Deed::Open(name.into()));
    town.plan(100, BERT, Deed::Say(name.into(), "hello".into()));
    town.run_for(MINUTE).unwrap();
}

/// Whether Bert's words have left.
fn has_written(town: &mut Town) -> bool {
    town.houses[BERT].client().connection().waiting == 0
}

fn known(town: &mut Town) -> WitnessesView {
    town.houses[BERT].client().witnesses().unwrap()
}

fn was_told(town: &Town, lie: Lie) -> bool {
    scene::was_told_of(town, BERT, Problem::Directory(lie))
}

#[test]
fn nobody_new_is_believed_before_as_many_have_signed_as_are_asked_for() {
    let (mut town, desk) = two(301);
    asks_for(&mut town, 2, &[1, 2, 3]);
    writes_to(&mut town, "anna");
    assert!(!has_written(&mut town), "nobody has signed");
    assert!(was_told(&town, Lie::Unwitnessed { have: 0, need: 2 }), "and a person knows why");
    witnesses_sign(&mut town, &desk, &[2]);
    town.run_for(30 * MINUTE).unwrap();
    assert_eq!(known(&mut town).have(town.now), 1);
    assert!(!has_written(&mut town), "one is not two");
    town.run_for(3 * HOUR).unwrap();
    witnesses_sign(&mut town, &desk, &[1, 2]);
    town.command(BERT, Command::AskWitnesses).unwrap();
    town.run_for(MINUTE).unwrap();
    assert!(has_written(&mut town), "nothing is lost by waiting, and nothing waits longer than it must");
    let known = known(&mut town);
    assert!(known.holds(town.now));
    assert_eq!(known.listed, [secret(1).vkey(), secret(2).vkey()], "what is no key is not shown");
    assert_eq!(scene::evidence(&mut town, BERT), 0, "waiting is no accusation");
}

#[test]
fn where_they_sign_in_time_nobody_notices() {
    let (mut town, desk) = two(302);
    witnesses_sign(&mut town, &desk, &[1, 2]);
    // The answer about Anna comes before the one about witnesses.
    town.command(BERT, Command::OpenDirect(AccountName::parse("anna").unwrap())).unwrap();
    asks_for(&mut town, 2, &[1, 2]);
    writes_to(&mut town, "anna");
    assert!(has_written(&mut town));
    assert!(!scene::was_told_of_lies(&mut town, BERT) && !was_told(&town, Lie::Unwitnessed { have: 0, need: 2 }));
    assert!(desk.lock().unwrap().asked <= 3, "{}", desk.lock().unwrap().asked);
}

#[test]
fn two_who_sign_different_heads_of_one_history_are_two() {
    let (mut town, desk) = two(303);
    witnesses_sign(&mut town, &desk, &[1]);
    asks_for(&mut town, 2, &[1, 2]);
    town.run_for(MINUTE).unwrap();
    let dora = town.settle("dora/1", "dora");
    town.plan(0, dora, Deed::Register);
    town.run_for(MINUTE).unwrap();
    witnesses_sign(&mut town, &desk, &[2]);
    writes_to(&mut town, "dora");
    town.run_for(10 * MINUTE).unwrap();
    assert!(has_written(&mut town));
    assert_eq!(known(&mut town).have(town.now), 2);
}

#[test]
fn a_signature_vouches_for_a_day() {
    let (mut town, desk) = two(304);
    witnesses_sign(&mut town, &desk, &[1]);
    asks_for(&mut town, 1, &[1]);
    writes_to(&mut town, "anna");
    assert!(has_written(&mut town));
    town.run_for(23 * HOUR).unwrap();
    assert!(known(&mut town).holds(town.now), "a witness may be away for a night");
    town.run_for(2 * HOUR).unwrap();
    assert!(!known(&mut town).holds(town.now));
    let carl = town.settle("carl/1", "carl");
    town.plan(0, carl, Deed::Register);
    town.run_for(MINUTE).unwrap();
    writes_to(&mut town, "carl");
    assert!(!has_written(&mut town));
    // Whom he knows he still talks to.
    assert!(scene::texts(&mut town, BERT, "anna").contains(&"hello".to_owned()));
    town.plan(0, ANNA, Deed::AcceptAll);
    town.plan(MINUTE, ANNA, Deed::Say("bert".into(), "still there?".into()));
    town.run_for(5 * MINUTE).unwrap();
    assert!(scene::texts(&mut town, BERT, "anna").contains(&"still there?".to_owned()));
    witnesses_sign(&mut town, &desk, &[1]);
    town.run_for(HOUR).unwrap();
    assert!(has_written(&mut town));
}

#[test]
fn a_clock_that_is_ahead_does_not_vouch_for_longer() {
    let (mut town, desk) = two(305);
    let head = newest(&mut town);
    desk.lock().unwrap().head = cosign(&head, &[secret(1)], Millis(town.now.0 + 100 * HOUR));
    asks_for(&mut town, 1, &[1]);
    town.run_for(MINUTE).unwrap();
    let vouched = known(&mut town);
    assert!(vouched.holds(town.now));
    assert!(!vouched.holds(Millis(town.now.0 + 25 * HOUR)));
}

#[test]
fn what_others_sign_and_what_they_sign_of_others_is_nothing() {
    let (mut town, desk) = two(306);
    asks_for(&mut town, 1, &[1]);
    let head = newest(&mut town);
    let now = town.now;
    let same_name = WitnessSecret::new("witness.example/1", [9; 32]).unwrap();
    let foreign = log_of(2).secrets().sign(head.head);
    let mut unsigned = head.clone();
    unsigned.signature[7] ^= 1;
    let mut moved = SignedHead::decode(&cosign(&head, &[secret(1)], now)).unwrap();
    moved.cosignatures[0].seconds += 1;
    let whole = cosign(&head, &[secret(1)], now);
    let shown = [
        cosign(&head, &[secret(2), secret(3)], now),
        cosign(&head, &[same_name], now),
        cosign(&foreign, &[secret(1)], now),
        cosign(&unsigned, &[secret(1)], now),
        moved.encode(),
        whole[..whole.len() - 1].to_vec(),
        vec![0xff; 4_000],
    ];
    for (number, head) in shown.into_iter().enumerate() {
        desk.lock().unwrap().head = head;
        town.command(BERT, Command::AskWitnesses).unwrap();
        town.run_for(MINUTE).unwrap();
        assert_eq!(known(&mut town).have(town.now), 0, "{number}");
    }
    assert_eq!(scene::evidence(&mut town, BERT), 0);
    desk.lock().unwrap().head = whole;
    town.command(BERT, Command::AskWitnesses).unwrap();
    town.run_for(MINUTE).unwrap();
    assert_eq!(known(&mut town).have(town.now), 1);
}

#[test]
fn a_directory_for_one_person_alone_is_proven_by_the_first_head_that_a_witness_signed() {
    let (mut town, desk) = two(307);
    asks_for(&mut town, 1, &[1]);
    witnesses_sign(&mut town, &desk, &[1]);
    town.run_for(MINUTE).unwrap();
    // From here on Bert is shown another directory: dora is in his alone, carl in everybody else's.
    let tap = town.tap.take();
    let fork = Fork::of(&mut town, &[3]);
    town.tap = tap;
    desk.lock().unwrap().fork = Some(Arc::clone(&fork));
    for name in ["carl", "dora"] {
        let house = town.settle(&format!("{name}/1"), name);
        town.plan(0, house, Deed::Register);
        town.run_for(10_000).unwrap();
    }
    assert_eq!(town.houses[CARL].account, "carl");
    writes_to(&mut town, "dora");
    assert!(has_written(&mut town), "the log that he is shown is without fault");
    witnesses_sign(&mut town, &desk, &[1]);
    town.command(BERT, Command::AskWitnesses).unwrap();
    let asked = desk.lock().unwrap().asked;
    town.run_for(HOUR).unwrap();
    assert!(desk.lock().unwrap().asked < asked + 20, "less and less often");
    assert!(scene::was_told_of_lies(&mut town, BERT), "without a word from anybody");
    assert_eq!(proven(&mut town, BERT), [Crime::Split]);
}

#[test]
fn what_was_chosen_is_kept_and_taken_back() {
    let (mut town, desk) = two(308);
    asks_for(&mut town, 1, &[1]);
    for (need, keys) in [(1, vec!["no key".to_owned()]), (2, vec![secret(1).vkey()]), (2, vec![secret(1).vkey(); 2])] {
        town.command(BERT, Command::SetWitnesses { need, keys }).unwrap();
        town.run_for(1_000).unwrap();
        assert_eq!((known(&mut town).need, known(&mut town).keys.len()), (1, 1), "nothing changed");
    }
    for problem in [Problem::BadWitness, Problem::BadWitnessCount] {
        assert!(scene::was_told_of(&town, BERT, problem), "{problem}");
    }
    town.restart(BERT).unwrap();
    writes_to(&mut town, "anna");
    assert!(!has_written(&mut town), "asked for after a restart, too");
    asks_for(&mut town, 0, &[1]);
    town.run_for(MINUTE).unwrap();
    assert!(has_written(&mut town), "and no more, at once");
    assert_eq!(known(&mut town).keys[0].name, "witness.example/1");
    drop(desk);
}
