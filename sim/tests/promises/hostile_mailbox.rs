//! SECURITY.md, "runs the server and lies": can delay or refuse; never has something false shown, or something
//! missing unmarked.
//!
//! The server itself is honest; who stands before it is not. He sees every frame in
//! clear, as whoever runs the server does, and repeats, withholds, reorders and
//! invents what goes to Bert's mailbox. Hole 4 of SECURITY.md is not looked at here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::group::{Alias, Identity, find_alias};
use waxseal_core::store::Store;
use waxseal_core::view::{ChatState, Line, MessageView};
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::id::{AliasId, GroupId, Seq};
use waxseal_wire::reply::{MailboxEntry, Push};
use waxseal_wire::request::{DeviceRequest, Request};
use waxseal_wire::seal::{Delivered, Kind};

use crate::scene;

const TITLE: &str = "bees";

fn group_of_three(seed: u64) -> Town {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert", "carl"]);
    scene::group(&mut town, TITLE);
    town
}

/// What is wrong with what a house shows of what was said: something else, something twice or in another
/// order, or something missing without a gap in its place. What is missing at the end nobody can know yet.
fn false_lines(said: &[&str], shown: &[MessageView]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut next, mut is_marked) = (0, false);
    for line in shown {
        let Line::Text(text) = &line.line else {
            is_marked = true;
            continue;
        };
        match said.iter().skip(next).position(|one| one == text) {
            None => wrong.push(format!("{text:?} is false, twice or out of order")),
            Some(missing) => {
                if missing > 0 && !is_marked {
                    wrong.push(format!("before {text:?} something is missing and not marked"));
                }
                next += missing + 1;
            }
        }
        is_marked = false;
    }
    wrong
}

fn gaps(shown: &[MessageView]) -> usize {
    shown.iter().filter(|line| line.line == Line::Gap).count()
}

/// Everybody's lines are true, and what is said when the server is honest again reaches everybody.
fn assert_true_and_recovered(town: &mut Town, said: &[&str]) {
    town.run_for(30 * 60_000).unwrap();
    town.tap = None;
    scene::say(town, 0, TITLE, "honest again");
    let said = [said, &["honest again"]].concat();
    for house in 0..town.houses.len() {
        let shown = scene::lines(town, house, TITLE);
        assert_eq!(false_lines(&said, &shown), Vec::<String>::new(), "house {house}");
        assert_eq!(shown.last().unwrap().line, Line::Text("honest again".into()), "house {house}");
        assert_eq!(scene::state(town, house, TITLE), ChatState::Open);
    }
    assert_eq!(checks::check(town).unwrap(), []);
}

#[test]
fn counter_proof_false_lines_are_seen() {
    let mut town = group_of_three(20);
    for text in ["one", "two", "two", "three"] {
        scene::say(&mut town, 0, TITLE, text);
    }
    let shown = scene::lines(&mut town, 1, TITLE);
    assert_eq!(false_lines(&["one", "two", "two", "three"], &shown), Vec::<String>::new());
    assert_eq!(false_lines(&["one", "two", "three"], &shown), [r#""two" is false, twice or out of order"#]);
    assert_eq!(false_lines(&["zero", "one", "two", "two", "three"], &shown).len(), 1, "missing, and no gap");
    assert_eq!(false_lines(&["three", "one", "two", "two"], &shown).len(), 2, "another order");
    assert_eq!(false_lines(&["one", "two", "two"], &shown).len(), 1, "words that nobody said");
}

/// Gives one house everything twice, and what was given before again and again, with fresh numbers.
#[derive(Default)]
struct Replays {
    given: Seq,
    /// The number that the house saw, and the real one.
    numbers: Vec<(Seq, Seq)>,
    old: VecDeque<MailboxEntry>,
}

impl Replays {
    fn give(&mut self, entry: &MailboxEntry, real: Seq) -> MailboxEntry {
        self.given = self.given.next();
        self.numbers.push((self.given, real));
        MailboxEntry { seq: self.given, ..entry.clone() }
    }
}

impl Tap for Replays {
    fn up(&mut self, house: usize, request: &mut Request) {
        if let (1, Request::Device(DeviceRequest::Ack(seq) | DeviceRequest::Take(seq))) = (house, request) {
            let real = self.numbers.iter().take_while(|(given, _)| *given <= *seq).last();
            *seq = real.map_or(*seq, |(_, real)| *real);
        }
    }

    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        let Told::Push(Push::Entries(entries)) = &told else { return vec![told] };
        if house != 1 {
            return vec![told];
        }
        let mut all = Vec::new();
        for entry in entries {
            self.given = self.given.max(Seq(entry.seq.0 - 1));
            for old in self.old.clone() {
                let real = self.numbers.last().map_or(Seq(0), |(_, real)| *real);
                all.push(self.give(&old, real));
            }
            all.push(self.give(entry, entry.seq));
            all.push(self.give(entry, entry.seq));
            self.old.push_back(entry.clone());
            if self.old.len() > 8 {
                self.old.pop_front();
            }
        }
        vec![Told::Push(Push::Entries(all))]
    }
}

#[test]
fn what_is_replayed_is_shown_once() {
    let mut town = group_of_three(21);
    let liar = Arc::new(Mutex::new(Replays::default()));
    town.tap = Some(Box::new(liar.clone()));
    for text in ["one", "two", "three"] {
        scene::say(&mut town, 0, TITLE, text);
        town.plan(0, 2, Deed::Refresh(TITLE.into()));
        town.run_for(60_000).unwrap();
    }
    assert!(liar.lock().unwrap().numbers.len() > 30, "everything was given many times");
    let shown = scene::lines(&mut town, 1, TITLE);
    assert_eq!(gaps(&shown), 0);
    assert_eq!(scene::texts(&mut town, 1, TITLE), ["one", "two", "three"]);
    // His numbers are far ahead of the real ones; the honest server's are not seen until they catch up.
    town.run_for(30 * 60_000).unwrap();
    for house in [0, 2] {
        assert_eq!(scene::texts(&mut town, house, TITLE), ["one", "two", "three"]);
    }
}

/// Keys of Bert's address in the group, as a server has them in memory while it fans out.
struct Insight {
    group: GroupId,
    bert: Alias,
    anna: AliasId,
}

impl Insight {
    fn into(town: &mut Town) -> Self {
        let group = scene::group_of(town, 0, TITLE);
        let (anna, bert) = (scene::identity(town, 0), scene::identity(town, 1));
        let members = scene::members(town.houses[0].client().store_mut(), &group);
        let alias = |me: &Identity| members.iter().find(|leaf| leaf.device == me.device).unwrap().address.alias;
        let (anna, bert) = (alias(&anna), alias(&bert));
        let find = |store: &Store| store.read(|tx| find_alias(tx, &bert)).unwrap().unwrap().alias;
        Self { group, bert: find(town.houses[1].client().store_mut()), anna }
    }

    /// What lies in an entry for Bert's address; `None` for other groups'.
    fn look(&self, entry: &MailboxEntry) -> Option<Delivered> {
        let delivered = Delivered::open(&entry.sealed, &entry.alias, &self.bert.seal_secret).ok()?;
        (entry.alias == self.bert.alias && delivered.group == self.group).then_some(delivered)
    }
}

/// Loses, on the way to Bert, Anna's `nth` message or all Commits.
struct Withholds {
    insight: Insight,
    what: Kind,
    nth: usize,
    lost: usize,
}

impl Withholds {
    fn stand(town: &mut Town, what: Kind, nth: usize) -> Arc<Mutex<Self>> {
        let liar = Arc::new(Mutex::new(Self { insight: Insight::into(town), what, nth, lost: 0 }));
        town.tap = Some(Box::new(liar.clone()));
        liar
    }

    fn is_lost(&mut self, entry: &MailboxEntry) -> bool {
        let Some(delivered) = self.insight.look(entry).filter(|delivered| delivered.kind == self.what) else { return false };
        if delivered.kind == Kind::Message && delivered.from != self.insight.anna {
            return false;
        }
        self.nth = self.nth.saturating_sub(1);
        let is_lost = self.nth == 0 && (self.lost == 0 || delivered.kind == Kind::Commit);
        self.lost += usize::from(is_lost);
        is_lost
    }
}

impl Tap for Withholds {
    fn down(&mut self, house: usize, mut told: Told) -> Vec<Told> {
        if let (1, Told::Push(Push::Entries(entries))) = (house, &mut told) {
            entries.retain(|entry| !self.is_lost(entry));
        }
        vec![told]
    }
}

#[test]
fn a_withheld_message_leaves_a_gap_in_its_place() {
    let mut town = group_of_three(22);
    town.unplug(1).unwrap();
    for text in ["one", "two", "three"] {
        scene::say(&mut town, 0, TITLE, text);
    }
    let liar = Withholds::stand(&mut town, Kind::Message, 2);
    town.connect(1, 0);
    town.run_for(60_000).unwrap();
    assert_eq!(liar.lock().unwrap().lost, 1);
    let shown: Vec<_> = scene::lines(&mut town, 1, TITLE).into_iter().map(|line| line.line).collect();
    assert_eq!(shown, [Line::Text("one".into()), Line::Gap, Line::Text("three".into())]);
    assert_true_and_recovered(&mut town, &["one", "two", "three"]);
}

#[test]
fn a_withheld_commit_is_healed_and_leaves_a_gap() {
    let mut town = group_of_three(23);
    town.unplug(1).unwrap();
    scene::say(&mut town, 0, TITLE, "one");
    town.plan(0, 2, Deed::Refresh(TITLE.into()));
    town.run_for(60_000).unwrap();
    scene::say(&mut town, 0, TITLE, "two");
    let liar = Withholds::stand(&mut town, Kind::Commit, 1);
    town.connect(1, 0);
    town.run_for(1_000).unwrap();
    assert_eq!(liar.lock().unwrap().lost, 1);
    town.tap = None;
    town.run_for(20 * 60_000).unwrap();
    assert!(gaps(&scene::lines(&mut town, 1, TITLE)) >= 1);
    assert!(checks::health(&mut town).unwrap().readded >= 1);
    assert_true_and_recovered(&mut town, &["one", "two"]);
}

/// Swaps the contents of neighbours in what goes to one house.
struct Reorders;

impl Tap for Reorders {
    fn down(&mut self, house: usize, mut told: Told) -> Vec<Told> {
        if let (1, Told::Push(Push::Entries(entries))) = (house, &mut told) {
            for pair in entries.chunks_exact_mut(2) {
                pair.reverse();
                let (one, other) = (pair[0].seq, pair[1].seq);
                (pair[0].seq, pair[1].seq) = (other, one);
            }
        }
        vec![told]
    }
}

#[test]
fn what_is_reordered_is_never_shown_in_another_order() {
    let mut town = group_of_three(24);
    town.unplug(1).unwrap();
    let said = ["one", "two", "three", "four", "five"];
    for text in said {
        scene::say(&mut town, 0, TITLE, text);
    }
    town.tap = Some(Box::new(Reorders));
    town.connect(1, 0);
    town.run_for(60_000).unwrap();
    assert!(gaps(&scene::lines(&mut town, 1, TITLE)) >= 1);
    assert_true_and_recovered(&mut town, &said);
}

/// Puts an envelope of his own in the place of Anna's.
struct Invents {
    insight: Insight,
    rng: ChaCha20Rng,
}

impl Tap for Invents {
    fn down(&mut self, house: usize, mut told: Told) -> Vec<Told> {
        if let (1, Told::Push(Push::Entries(entries))) = (house, &mut told) {
            for entry in entries {
                let Some(real) = self.insight.look(entry) else { continue };
                if real.kind != Kind::Message || real.from != self.insight.anna {
                    continue;
                }
                let mut envelope = real.envelope.clone();
                let last = envelope.len() - 20;
                envelope[last..].fill(7);
                let forged = Delivered { envelope, ..real }.to_padded_bytes();
                let hint = entry.sealed.first_chunk().unwrap();
                let key = self.insight.bert.seal_secret.seal_key(hint).unwrap();
                entry.sealed = Delivered::seal_bytes(&forged, &entry.alias, &key, hint, &mut self.rng);
            }
        }
        vec![told]
    }
}

#[test]
fn an_invented_envelope_is_a_gap_and_never_words() {
    let mut town = group_of_three(25);
    let invents = Invents { insight: Insight::into(&mut town), rng: ChaCha20Rng::seed_from_u64(1) };
    town.tap = Some(Box::new(invents));
    scene::say(&mut town, 0, TITLE, "one");
    let shown: Vec<_> = scene::lines(&mut town, 1, TITLE).into_iter().map(|line| line.line).collect();
    assert_eq!(shown, [Line::Gap]);
    assert_true_and_recovered(&mut town, &["one"]);
}
