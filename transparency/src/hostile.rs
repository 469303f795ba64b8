//! A server that lies, against the verifying half: every lie is refused, whatever it is made of.
#![cfg(test)]

use std::sync::{Arc, OnceLock};

use akd_core::configuration::Configuration as _;
use akd_core::{Direction, MembershipProof};
use prost::Message as _;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};
use waxseal_wire::id::Millis;

use crate::proof::{self, Config, label};
use crate::publish::{MemoryRecords, PublishError, Publisher, Secrets, Table};
use crate::{
    Answer, Crime, Entry, Evidence, Handover, Head, Lie, Placed, Proven, Reason, Shown, SignedHead, Value, Verdict, WitnessSecret,
    Witnesses,
};
use crate::{absence, evidence, history, lookup, proto, step};

const HOUR: u64 = 3_600_000;
const START: u64 = 1_790_000_000_000;

fn value(n: u64) -> Value {
    let mut value = [7; 32];
    value[..8].copy_from_slice(&n.to_be_bytes());
    value
}

/// A log of 12 epochs: `alice` changes in each, `bob` in the first alone, others come and stay.
struct Town {
    publisher: Publisher,
    /// As stored after each epoch; the first is empty.
    states: Vec<Arc<MemoryRecords>>,
    heads: Vec<SignedHead>,
    steps: Vec<Vec<u8>>,
}

fn grow(seed: u64, epochs: u64) -> Town {
    let publisher = Publisher::new(Secrets::generate(&mut ChaCha20Rng::seed_from_u64(seed)));
    let mut town = Town { publisher, states: vec![Arc::new(MemoryRecords::default())], heads: Vec::new(), steps: Vec::new() };
    for epoch in 1..=epochs {
        let mut changes = vec![("alice".to_owned(), value(epoch))];
        changes.extend((0..5).map(|n| (format!("guest-{epoch}-{n}"), value(n))));
        if epoch == 1 {
            changes.push(("bob".to_owned(), value(99)));
        }
        town.publish(&changes);
    }
    town
}

impl Town {
    fn publish(&mut self, changes: &[(String, Value)]) {
        let records = Arc::new(MemoryRecords::clone(self.now()));
        let at = Millis(START + self.states.len() as u64 * HOUR);
        let epoch = self.publisher.publish(&records, changes, at).expect("publishes").expect("an epoch");
        records.apply(&epoch.records);
        self.heads.push(self.publisher.secrets().sign_next(epoch.head, self.heads.last().map(|it| &it.head)).expect("goes on"));
        self.steps.push(epoch.step);
        self.states.push(records);
    }

    fn now(&self) -> &Arc<MemoryRecords> {
        self.states.last().expect("a state")
    }

    fn placed(&self, epoch: usize, seen: Option<u64>) -> Placed {
        self.publisher.place(&self.states[epoch], self.heads[epoch - 1].clone(), seen).expect("placed")
    }

    fn time(&self, epoch: usize) -> Millis {
        self.heads[epoch - 1].head.at
    }

    fn proven(&self, epoch: usize) -> Proven {
        self.placed(epoch, None).verify(&self.publisher.keys(), &Witnesses::default(), None, self.time(epoch)).expect("proven")
    }

    fn shown(&self, epoch: usize) -> Shown {
        self.placed(epoch, None).into()
    }

    fn lookup(&self, epoch: usize, name: &str) -> Vec<u8> {
        self.publisher.lookup(&self.states[epoch], name).expect("answers").expect("is there")
    }
}

fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| grow(1, 12))
}

#[test]
fn an_honest_log_is_believed_in_every_epoch() {
    let (town, keys) = (town(), town().publisher.keys());
    for epoch in 1..=12 {
        let proven = town.proven(epoch);
        let alice = lookup::verify(&keys, &proven, "alice", &town.lookup(epoch, "alice"));
        let since = epoch as u64;
        assert_eq!(alice, Ok(Entry { value: value(since), version: since, since_epoch: since }));
        let bob = lookup::verify(&keys, &proven, "bob", &town.lookup(epoch, "bob"));
        assert_eq!(bob, Ok(Entry { value: value(99), version: 1, since_epoch: 1 }));
        let nobody = town.publisher.absence(&town.states[epoch], "nobody").expect("answers");
        assert_eq!(absence::verify(&keys, &proven, "nobody", &nobody), Ok(()));
        for most in [1, 3, 5, 100] {
            let bytes = town.publisher.history(&town.states[epoch], "alice", most).expect("answers").expect("is there");
            let entries = history::verify(&keys, &proven, "alice", most, &bytes).expect("verifies");
            let want = (0..most.min(epoch) as u64).map(|n| since - n);
            assert!(entries.iter().map(|it| it.version).eq(want.clone()) && entries.iter().map(|it| it.since_epoch).eq(want));
        }
        let from = (epoch > 1).then(|| town.placed(epoch - 1, None).leaf);
        assert_eq!(step::verify(from.as_ref(), proven.leaf(), &town.steps[epoch - 1]), Ok(()));
        for seen in 1..=epoch {
            let head = town.heads[seen - 1].head;
            let placed = town.placed(epoch, Some(seen as u64));
            assert_eq!(Placed::decode(&placed.encode()), Ok(placed.clone()));
            assert!(placed.verify(&keys, &Witnesses::default(), Some(&head), town.time(epoch)).is_ok());
        }
    }
}

/// Trees of one and two leaves: the root may lack a child, and a label may lie on that side or on the other.
#[test]
fn a_log_of_one_name_is_a_log() {
    for seed in 100..130 {
        let mut town = grow(seed, 0);
        for (epoch, name) in [(1, "anna"), (2, "bert")] {
            town.publish(&[(name.to_owned(), value(epoch as u64))]);
            let (keys, proven) = (town.publisher.keys(), town.proven(epoch));
            let entry = lookup::verify(&keys, &proven, name, &town.lookup(epoch, name));
            assert_eq!(entry.map(|it| it.version), Ok(1));
            let bytes = town.publisher.history(town.now(), name, 9).expect("answers").expect("is there");
            assert_eq!(history::verify(&keys, &proven, name, 9, &bytes).map(|it| it.len()), Ok(1));
            for nobody in ["nobody", "no-one", "none", "niemand"] {
                let bytes = town.publisher.absence(town.now(), nobody).expect("answers");
                assert_eq!(absence::verify(&keys, &proven, nobody, &bytes), Ok(()));
                assert!(absence::verify(&keys, &proven, name, &bytes).is_err());
            }
            let from = (epoch > 1).then(|| town.placed(epoch - 1, None).leaf);
            assert_eq!(step::verify(from.as_ref(), proven.leaf(), &town.steps[epoch - 1]), Ok(()));
        }
    }
}

#[test]
fn a_publisher_may_be_shared() {
    fn is_shared<T: Send + Sync + Clone>(_: &T) {}
    is_shared(&town().publisher);
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let town = town();
    let (publisher, now) = (&town.publisher, town.now());
    assert_eq!(publisher.lookup(now, "nobody"), Ok(None));
    assert_eq!(publisher.history(now, "nobody", 3), Ok(None));
    assert_eq!(publisher.history(now, "alice", 0), Err(PublishError::Name));
    assert_eq!(publisher.absence(now, "alice"), Err(PublishError::Exists));
    assert_eq!(publisher.lookup(now, &"n".repeat(129)), Err(PublishError::Name));
    let twice = [("a".to_owned(), value(1)), ("a".to_owned(), value(2))];
    assert_eq!(publisher.publish(now, &twice, Millis(1)).err(), Some(PublishError::Twice));
    let same = [("bob".to_owned(), value(99))];
    assert!(publisher.publish(now, &same, Millis(1)).expect("nothing to do").is_none());
    assert!(publisher.publish(now, &[], Millis(1)).expect("nothing to do").is_none());
    let empty = Arc::new(MemoryRecords::default());
    assert_eq!(publisher.absence(&empty, "alice"), Err(PublishError::Empty));
    assert_eq!(publisher.head(&empty, Millis(1)), Ok(None));
}

/// No bit of a proof can be changed to make it say something else.
fn no_flipped_bit_lies<T: PartialEq + core::fmt::Debug>(bytes: &[u8], verify: impl Fn(&[u8]) -> Result<T, Lie>) {
    let truth = verify(bytes).expect("the truth");
    // What protobuf passes over may change; what is said may not.
    let holds = |bytes: &[u8], what: &str, at: usize| {
        if let Ok(said) = verify(bytes) {
            assert_eq!(said, truth, "{what} {at}");
        }
    };
    // One bit of each byte, and every bit of the first ones, where numbers are.
    for bit in (0..bytes.len() * 8).filter(|bit| *bit < 2000 || bit % 8 == bit / 8 % 8) {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        holds(&bytes, "bit", bit);
    }
    for cut in (0..bytes.len()).filter(|cut| cut % 3 == 0) {
        holds(&bytes[..cut], "cut at", cut);
    }
}

#[test]
fn no_flipped_bit_of_an_answer_lies() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    no_flipped_bit_lies(&town.lookup(12, "alice"), |bytes| lookup::verify(&keys, &proven, "alice", bytes));
    no_flipped_bit_lies(&town.lookup(12, "bob"), |bytes| lookup::verify(&keys, &proven, "bob", bytes));
    let nobody = town.publisher.absence(town.now(), "nobody").expect("answers");
    no_flipped_bit_lies(&nobody, |bytes| absence::verify(&keys, &proven, "nobody", bytes));
    let bytes = town.publisher.history(town.now(), "alice", 3).expect("answers").expect("is there");
    no_flipped_bit_lies(&bytes, |bytes| history::verify(&keys, &proven, "alice", 3, bytes));
}

#[test]
fn no_flipped_bit_of_what_surrounds_an_answer_lies() {
    let (town, keys) = (town(), town().publisher.keys());
    let seen = town.heads[4].head;
    let verify = |bytes: &[u8]| Placed::decode(bytes)?.verify(&keys, &Witnesses::default(), Some(&seen), town.time(12));
    no_flipped_bit_lies(&town.placed(12, Some(5)).encode(), verify);
    let (from, to) = (town.placed(11, None).leaf, town.placed(12, None).leaf);
    let bytes = &town.steps[11];
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(step::verify(Some(&from), &to, &bytes).is_err());
        // Also where the log itself commits to the changed step.
        let to = crate::EpochLeaf { step: step::hash(&bytes), ..to };
        assert!(step::verify(Some(&from), &to, &bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let (town, keys) = (town(), town().publisher.keys());
    let (now, before) = (town.proven(12), town.proven(11));
    let alice = town.lookup(12, "alice");
    assert!(lookup::verify(&keys, &now, "bob", &alice).is_err());
    assert!(lookup::verify(&keys, &before, "alice", &alice).is_err());
    assert!(lookup::verify(&keys, &now, "alice", &town.lookup(11, "alice")).is_err());
    assert_eq!(lookup::verify(&keys, &now, "", &alice), Err(Lie::Name));
    let other = grow(2, 12);
    assert!(lookup::verify(&other.publisher.keys(), &now, "alice", &alice).is_err());
    let nobody = town.publisher.absence(town.now(), "nobody").expect("answers");
    assert!(absence::verify(&keys, &now, "alice", &nobody).is_err());
    assert!(absence::verify(&keys, &before, "nobody", &nobody).is_err());
    let three = town.publisher.history(town.now(), "alice", 3).expect("answers").expect("is there");
    assert!(history::verify(&keys, &now, "alice", 2, &three).is_err(), "more than was asked for");
    assert!(history::verify(&keys, &now, "alice", 5, &three).is_err(), "fewer than there are");
    assert!(history::verify(&keys, &now, "bob", 3, &three).is_err());
}

/// A proof of absence that ends `at` bits below the root on the way to a leaf that is there.
fn ends_early(part: &proto::Present, leaf: [u8; 32], steps: usize) -> proto::Absent {
    let proof: MembershipProof = proof::present(part, Some(leaf)).expect("a path");
    let end = &part.path[steps];
    let below = MembershipProof {
        label: proof.label,
        hash_val: proof.hash_val,
        sibling_proofs: proof.sibling_proofs[steps + 1..].to_vec(),
    };
    let (mut hash, mut own) = (below.hash_val, below.label);
    for step in below.sibling_proofs.iter().rev() {
        let [beside] = &step.siblings;
        let (mine, its) = (own.value::<Config>(), beside.label.value::<Config>());
        hash = match step.direction {
            Direction::Left => Config::compute_parent_hash_from_children(&hash, &mine, &beside.value, &its),
            Direction::Right => Config::compute_parent_hash_from_children(&beside.value, &its, &hash, &mine),
        };
        own = step.label;
    }
    let on = proto::Child { bits: own.label_len, label: label::bytes(&own), hash: hash.0.to_vec() };
    let off = proto::Child { bits: end.bits, label: end.label.clone(), hash: end.hash.clone() };
    let (left, right) = match label::direction(&proof.label, end.at) {
        Direction::Left => (on, off),
        Direction::Right => (off, on),
    };
    let path = part.path[..steps].to_vec();
    proto::Absent { vrf: part.vrf.clone(), at: end.at, left: Some(left), right: Some(right), path }
}

#[test]
fn a_retired_version_is_never_current() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let bytes = town.publisher.history(town.now(), "alice", 12).expect("answers").expect("is there");
    let told = proto::History::decode(bytes.as_slice()).expect("decodes");
    for pair in told.updates.windows(2) {
        let (newer, old) = (&pair[0], &pair[1]);
        let retired = newer.retired.as_ref().expect("retired");
        let leaf = Config::hash_leaf_with_commitment(Config::stale_azks_value(), newer.epoch).0;
        let marker = if old.version.is_power_of_two() {
            None
        } else {
            let power = 1 << old.version.ilog2();
            let at = told.updates.iter().find(|it| it.version == power).expect("the power of two");
            let mut marker = at.fresh.clone().expect("fresh");
            marker.leaf = Config::hash_leaf_with_value(&akd_core::AkdValue(at.value.clone()), at.epoch, &at.nonce).0.to_vec();
            Some(marker)
        };
        for steps in 0..retired.path.len() {
            let forged = ends_early(retired, leaf, steps);
            let lie = proto::Lookup {
                version: old.version,
                epoch: old.epoch,
                value: old.value.clone(),
                nonce: old.nonce.clone(),
                fresh: old.fresh.clone(),
                marker: marker.clone(),
                stale: Some(forged),
            };
            let said = lookup::verify(&keys, &proven, "alice", &lie.encode_to_vec());
            assert_eq!(said, Err(Lie::Shape), "version {} ended after {steps}", old.version);
        }
    }
}

#[test]
fn a_name_that_is_there_is_never_absent_nor_its_newest_version() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let honest = town.publisher.absence(town.now(), "nobody").expect("answers");
    assert!(absence::verify(&keys, &proven, "nobody", &honest).is_ok());
    let bytes = town.publisher.history(town.now(), "alice", 12).expect("answers").expect("is there");
    let told = proto::History::decode(bytes.as_slice()).expect("decodes");
    let fresh = |version: u64| {
        let at = told.updates.iter().find(|it| it.version == version).expect("a version");
        let leaf = Config::hash_leaf_with_value(&akd_core::AkdValue(at.value.clone()), at.epoch, &at.nonce).0;
        (at.fresh.clone().expect("fresh"), leaf)
    };
    let forged = [1, 2, 4, 8].map(|version| {
        let (part, leaf) = fresh(version);
        ends_early(&part, leaf, 0)
    });
    let lie = proto::Absence { versions: forged.to_vec() };
    assert_eq!(absence::verify(&keys, &proven, "alice", &lie.encode_to_vec()), Err(Lie::Shape));
    // Versions left out at the end: 12 and 11 are said not to be there.
    let mut short = told.clone();
    short.updates.drain(..2);
    let (past, future) = akd_core::utils::get_marker_versions(1, 10, 12);
    assert!(past.is_empty());
    short.future = future
        .iter()
        .map(|version| {
            let (part, leaf) = fresh(*version);
            ends_early(&part, leaf, 0)
        })
        .collect();
    assert_eq!(history::verify(&keys, &proven, "alice", 100, &short.encode_to_vec()), Err(Lie::Shape));
}

#[test]
fn a_leaf_without_a_path_is_no_leaf() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let honest = proto::Lookup::decode(town.lookup(12, "alice").as_slice()).expect("decodes");
    let marker = honest.marker.as_ref().expect("12 is no power of two");
    let whole = proof::present(marker, None).expect("a path");
    // The root's own value, said to be the marker's.
    let mut lie = honest.clone();
    let root_value = {
        let bare = proto::Present { leaf: Vec::new(), ..marker.clone() };
        let part = ends_early(&bare, whole.hash_val.0, 0);
        let absent = |child: &Option<proto::Child>| child.clone().expect("a child");
        let (left, right) = (absent(&part.left), absent(&part.right));
        let node = |child: &proto::Child| {
            (
                akd_core::AzksValue(child.hash.clone().try_into().expect("32")),
                label::read(child.bits, &child.label).expect("a label"),
            )
        };
        let ((left, left_label), (right, right_label)) = (node(&left), node(&right));
        Config::compute_parent_hash_from_children(&left, &left_label.value::<Config>(), &right, &right_label.value::<Config>())
    };
    assert_eq!(Config::compute_root_hash_from_val(&root_value), proven.root(), "the hashes are right");
    lie.marker = Some(proto::Present { vrf: marker.vrf.clone(), leaf: root_value.0.to_vec(), path: Vec::new() });
    assert_eq!(lookup::verify(&keys, &proven, "alice", &lie.encode_to_vec()), Err(Lie::Shape));
}

#[test]
fn versions_and_epochs_out_of_bounds_are_refused() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let honest = proto::Lookup::decode(town.lookup(12, "alice").as_slice()).expect("decodes");
    for (version, epoch) in [(0, 0), (0, 12), (13, 12), (13, 13), (u64::MAX, u64::MAX), (12, 11)] {
        let lie = proto::Lookup { version, epoch, ..honest.clone() };
        assert!(lookup::verify(&keys, &proven, "alice", &lie.encode_to_vec()).is_err());
    }
    let bytes = town.publisher.history(town.now(), "alice", 4).expect("answers").expect("is there");
    let honest = proto::History::decode(bytes.as_slice()).expect("decodes");
    let mut skipped = honest.clone();
    skipped.updates.remove(1);
    let mut swapped = honest.clone();
    swapped.updates.swap(0, 1);
    let mut twice = honest.clone();
    twice.updates.insert(0, twice.updates[0].clone());
    let mut huge = honest.clone();
    huge.updates[0].version = u64::MAX;
    huge.updates[0].epoch = u64::MAX;
    for lie in [skipped, swapped, twice, huge, proto::History::default()] {
        for most in [3, 4, 5] {
            assert!(history::verify(&keys, &proven, "alice", most, &lie.encode_to_vec()).is_err());
        }
    }
}

#[test]
fn a_head_is_refused_for_its_own_reason() {
    let (town, keys, none) = (town(), town().publisher.keys(), Witnesses::default());
    let (placed, now) = (town.placed(12, None), town.time(12));
    let later = |ms: u64| Millis(now.0 + ms);
    assert!(placed.verify(&keys, &none, None, later(24 * HOUR)).is_ok());
    assert_eq!(placed.verify(&keys, &none, None, later(24 * HOUR + 1)), Err(Lie::Stale));
    assert!(placed.verify(&keys, &none, None, Millis(now.0 - 300_000)).is_ok());
    assert_eq!(placed.verify(&keys, &none, None, Millis(now.0 - 300_001)), Err(Lie::Early));
    let other = grow(2, 1);
    assert_eq!(placed.verify(&other.publisher.keys(), &none, None, now), Err(Lie::Signature));
    let forged =
        Placed { head: SignedHead { head: Head { root: [1; 32], ..placed.head.head }, ..placed.head.clone() }, ..placed.clone() };
    assert_eq!(forged.verify(&keys, &none, None, now), Err(Lie::Signature));
    let moved = Placed { leaf: town.placed(11, None).leaf, ..placed.clone() };
    assert_eq!(moved.verify(&keys, &none, None, now), Err(Lie::Leaf));
    // An old head again, and an old tree signed anew.
    let old = town.placed(9, None);
    let seen = town.heads[10].head;
    assert_eq!(old.verify(&keys, &none, Some(&seen), town.time(9)), Err(Lie::Behind));
    let again = town.publisher.secrets().sign(Head { at: now, ..town.heads[8].head });
    let back = Placed { head: again.clone(), ..old.clone() };
    assert_eq!(back.verify(&keys, &none, Some(&seen), now), Err(Lie::RolledBack));
    let lags = Placed { consistency: town.publisher.consistency(town.now(), 9, 11).expect("a proof"), ..back };
    assert_eq!(lags.verify(&keys, &none, Some(&seen), now), Err(Lie::Behind));
    assert!(town.publisher.secrets().sign_next(again.head, Some(&seen)).is_err());
    // The same size, another root; a larger tree that does not go on.
    let fork = Head { root: [9; 32], ..town.heads[11].head };
    assert_eq!(placed.verify(&keys, &none, Some(&fork), now), Err(Lie::Split));
    let fork = Head { root: [9; 32], ..town.heads[6].head };
    assert_eq!(town.placed(12, Some(7)).verify(&keys, &none, Some(&fork), now), Err(Lie::Consistency));
}

#[test]
fn only_enough_different_witnesses_are_enough() {
    let (town, keys) = (town(), town().publisher.keys());
    let (log, now) = (keys.id(), town.time(12));
    let witness = |n: u8| WitnessSecret::new(&format!("witness-{n}.example"), [n; 32]).expect("a witness");
    let (one, two, stranger) = (witness(1), witness(2), witness(3));
    assert_eq!(crate::Witness::parse(&one.vkey()), Ok(one.witness()));
    let mut placed = town.placed(12, None);
    let head = placed.head.head;
    let mut count = |cosigners: Vec<crate::Cosignature>, keys_of: &[&WitnessSecret], need| {
        placed.head.cosignatures = cosigners;
        let witnesses = Witnesses { keys: keys_of.iter().map(|it| it.witness()).collect(), need };
        assert_eq!(SignedHead::from_note(&keys, &placed.head.to_note(&keys)), Ok(placed.head.clone()));
        placed.verify(&keys, &witnesses, None, now).map(|_| ())
    };
    let signs = |it: &WitnessSecret| it.cosign(&log, &head, now);
    assert_eq!(count(vec![signs(&one), signs(&two)], &[&one, &two], 2), Ok(()));
    assert_eq!(count(vec![], &[], 1), Err(Lie::Unwitnessed { have: 0, need: 1 }));
    assert_eq!(count(vec![signs(&one), signs(&one)], &[&one, &two], 2), Err(Lie::Unwitnessed { have: 1, need: 2 }));
    assert_eq!(count(vec![signs(&one)], &[&one, &one], 2), Err(Lie::Unwitnessed { have: 1, need: 2 }));
    assert_eq!(count(vec![signs(&one), signs(&stranger)], &[&one, &two], 2), Err(Lie::Unwitnessed { have: 1, need: 2 }));
    let other = Head { root: [3; 32], ..head };
    assert_eq!(count(vec![one.cosign(&log, &other, now)], &[&one], 1), Err(Lie::Unwitnessed { have: 0, need: 1 }));
    let mut moved = signs(&one);
    moved.seconds += 1;
    assert_eq!(count(vec![moved], &[&one], 1), Err(Lie::Unwitnessed { have: 0, need: 1 }));
    let mut renamed = signs(&stranger);
    renamed.name = one.witness().name().to_owned();
    assert_eq!(count(vec![renamed], &[&one], 1), Err(Lie::Unwitnessed { have: 0, need: 1 }));
}

#[test]
fn a_failed_read_leaves_no_trace() {
    let town = grow(3, 3);
    let changes = [("alice".to_owned(), value(77)), ("zoe".to_owned(), value(78)), ("bob".to_owned(), value(79))];
    let records = town.now();
    records.fail_after(u64::MAX);
    let at = Millis(START + 9 * HOUR);
    let whole = town.publisher.publish(records, &changes, at).expect("publishes").expect("an epoch");
    let reads = records.fail_after(u64::MAX);
    assert!(reads > 10);
    let before = records.all();
    for read in 0..reads {
        records.fail_after(read);
        let failed = town.publisher.publish(records, &changes, at);
        assert_eq!(failed.err(), Some(PublishError::Fault), "read {read} of {reads}");
        assert_eq!(records.all(), before);
    }
    // The write fails: the caller drops what came out, and tries again.
    records.fail_after(u64::MAX);
    drop(town.publisher.publish(records, &changes, at));
    let again = town.publisher.publish(records, &changes, at).expect("publishes").expect("an epoch");
    assert_eq!((again.leaf, again.head, &again.records), (whole.leaf, whole.head, &whole.records));
    records.apply(&again.records);
    let keys = town.publisher.keys();
    let head = town.publisher.secrets().sign(again.head);
    let proven = town.publisher.place(records, head, Some(3)).expect("placed");
    let proven = proven.verify(&keys, &Witnesses::default(), Some(&town.heads[2].head), at).expect("proven");
    for (name, n) in [("alice", 77), ("zoe", 78), ("bob", 79)] {
        let bytes = town.publisher.lookup(records, name).expect("answers").expect("is there");
        assert_eq!(lookup::verify(&keys, &proven, name, &bytes).map(|it| it.value), Ok(value(n)));
    }
    for question in ["lookup", "history", "absence"] {
        records.fail_after(u64::MAX);
        let ask = || match question {
            "lookup" => town.publisher.lookup(records, "alice").map(|_| ()),
            "history" => town.publisher.history(records, "alice", 3).map(|_| ()),
            _ => town.publisher.absence(records, "nobody").map(|_| ()),
        };
        ask().expect("answers");
        for read in 0..records.fail_after(u64::MAX) {
            records.fail_after(read);
            assert_eq!(ask(), Err(PublishError::Fault), "{question}, read {read}");
        }
    }
}

#[test]
fn records_that_contradict_each_other_are_not_published_upon() {
    let town = grow(4, 4);
    let change = [("alice".to_owned(), value(5000))];
    let all = town.now().all();
    let mut refused = 0;
    for record in &all {
        let records = Arc::new(MemoryRecords::clone(town.now()));
        let mut bad = record.clone();
        let last = bad.bytes.len() - 1;
        bad.bytes[last] ^= 1;
        records.apply(&[bad]);
        let Ok(Some(epoch)) = town.publisher.publish(&records, &change, Millis(START)) else {
            refused += 1;
            continue;
        };
        // It read nothing of what was changed, or nothing that matters: what it made is true.
        let from = town.placed(4, None).leaf;
        assert_eq!(step::verify(Some(&from), &epoch.leaf, &epoch.step), Ok(()));
    }
    assert!(refused >= 3, "{refused}");
    // One table or another is lost whole: nothing begins anew.
    for lost in [Table::Tree, Table::Value, Table::Hash, Table::Leaf] {
        let records = Arc::new(MemoryRecords::default());
        records.apply(&all.iter().filter(|it| it.table != lost).cloned().collect::<Vec<_>>());
        let made = town.publisher.publish(&records, &change, Millis(START));
        assert_eq!(made.err(), Some(PublishError::Broken), "{lost:?}");
    }
}

#[test]
fn a_step_that_rewrites_is_refused_and_convicts() {
    let (town, keys) = (town(), town().publisher.keys());
    // The same epoch number in a world where alice had another value from the start: from one into the other.
    let mut other = grow(1, 10);
    other.publish(&[("alice".to_owned(), value(4444))]);
    other.publish(&[("alice".to_owned(), value(4445))]);
    let (from, to) = (town.shown(11), other.shown(12));
    assert_eq!(step::verify(Some(&from.leaf), &to.leaf, &other.steps[11]), Err(Lie::Step));
    let file = Evidence::Step { log: keys, from: Some(from), to, step: other.steps[11].clone() };
    assert_eq!(evidence::check(&file.encode()), Verdict::Proven(keys.origin(), Crime::Rewritten));
    let honest = Evidence::Step { log: keys, from: Some(town.shown(11)), to: town.shown(12), step: town.steps[11].clone() };
    assert_eq!(evidence::check(&honest.encode()), Verdict::DoesNotProve(Reason::NoContradiction));
    let made_up = Evidence::Step { log: keys, from: Some(town.shown(11)), to: town.shown(12), step: vec![1, 2, 3] };
    assert_eq!(evidence::check(&made_up.encode()), Verdict::DoesNotProve(Reason::NotTheLogs));
}

#[test]
fn evidence_convicts_who_signed_it_and_nobody_else() {
    let (town, keys) = (town(), town().publisher.keys());
    let mut other = grow(1, 10);
    other.publish(&[("alice".to_owned(), value(4444))]);
    let proven = |evidence: Evidence, crime| {
        let bytes = evidence.encode();
        assert_eq!(Evidence::decode(&bytes), Ok(evidence));
        let verdict = evidence::check(&bytes);
        assert_eq!(verdict, Verdict::Proven(keys.origin(), crime));
        assert!(verdict.to_string().starts_with("PROVEN. The directory waxseal/"));
    };
    let not = |evidence: Evidence, reason| assert_eq!(evidence::check(&evidence.encode()), Verdict::DoesNotProve(reason));
    let (one, two) = (town.heads[10].clone(), other.heads[10].clone());
    proven(Evidence::Heads { log: keys, one: one.clone(), other: two.clone() }, Crime::Split);
    proven(Evidence::Fork { log: keys, one: town.shown(11), other: other.shown(11) }, Crime::Forked);
    let back = town.publisher.secrets().sign(Head { at: Millis(one.head.at.0 + 1), ..town.heads[5].head });
    proven(Evidence::Heads { log: keys, one: one.clone(), other: back }, Crime::RolledBack);
    not(Evidence::Heads { log: keys, one: one.clone(), other: town.heads[3].clone() }, Reason::NoContradiction);
    not(Evidence::Heads { log: keys, one: one.clone(), other: one.clone() }, Reason::NoContradiction);
    let forged = SignedHead { head: Head { root: [1; 32], ..one.head }, ..one.clone() };
    not(Evidence::Heads { log: keys, one: one.clone(), other: forged }, Reason::NotTheLogs);
    let framed = Evidence::Heads { log: grow(9, 1).publisher.keys(), one: one.clone(), other: two };
    not(framed, Reason::NotTheLogs);
    not(Evidence::Fork { log: keys, one: town.shown(11), other: town.shown(11) }, Reason::NoContradiction);
    let alice = Answer::Lookup(town.lookup(12, "alice"));
    let bytes = town.publisher.history(town.now(), "alice", 3).expect("answers").expect("is there");
    let three = Answer::History { most_recent: 3, bytes };
    let (log, at, name) = (keys, town.shown(12), "alice".to_owned());
    not(Evidence::Answers { log, at: at.clone(), name: name.clone(), one: alice.clone(), other: three }, Reason::NoContradiction);
    let bob = Answer::Lookup(town.lookup(12, "bob"));
    not(Evidence::Answers { log, at, name: name.clone(), one: alice, other: bob.clone() }, Reason::NotTheLogs);
    not(Evidence::Testimony { log, placed: town.placed(12, None), name, answer: bob }, Reason::Testimony);
    assert_eq!(evidence::check(b"no evidence"), Verdict::DoesNotProve(Reason::Unreadable));
}

/// A server that leaves versions out can prove two values under one root. No look-up shows that; the owner's history and
/// two people who compare do.
#[test]
fn two_values_under_one_root_are_seen_by_the_owner_and_convict() {
    let mut town = grow(7, 4);
    town.publish(&[("carol".to_owned(), value(1))]);
    let keys = town.publisher.keys();
    let carols = |records: &MemoryRecords| {
        let all = records.all().into_iter();
        let key = Sha256::new().chain_update(b"waxseal directory name v1").chain_update("carol").finalize();
        all.filter(|it| it.table == Table::Value && it.key.starts_with(&key)).collect::<Vec<_>>()
    };
    // Its own record says version 3 where 1 is, so that it goes on with 4.
    let (first, mut third) = (carols(town.now()), carols(town.now()));
    third[0].bytes[8] = 3;
    town.now().apply(&third);
    town.publish(&[("carol".to_owned(), value(2))]);
    let proven = town.proven(6);
    let to_one = town.lookup(6, "carol");
    let without = town.now().all().into_iter().filter(|it| !carols(town.now()).contains(it));
    let before = Arc::new(MemoryRecords::default());
    before.apply(&without.chain(first).collect::<Vec<_>>());
    let to_other = town.publisher.lookup(&before, "carol").expect("answers").expect("is there");
    assert_eq!(lookup::verify(&keys, &proven, "carol", &to_one).map(|it| (it.value, it.version)), Ok((value(2), 4)));
    assert_eq!(lookup::verify(&keys, &proven, "carol", &to_other).map(|it| (it.value, it.version)), Ok((value(1), 1)));
    // The newest version alone is what the look-up showed; with one that the owner knows beside it, nothing verifies.
    for (records, most) in [(town.now(), 2), (town.now(), 4), (&before, 1), (&before, 2)] {
        if let Ok(Some(bytes)) = town.publisher.history(records, "carol", most) {
            assert!(history::verify(&keys, &proven, "carol", most, &bytes).is_err(), "the newest {most}");
        }
    }
    let (one, other) = (Answer::Lookup(to_one), Answer::Lookup(to_other));
    let file = Evidence::Answers { log: keys, at: town.shown(6), name: "carol".to_owned(), one, other };
    assert_eq!(evidence::check(&file.encode()), Verdict::Proven(keys.origin(), Crime::Contradiction));
}

#[test]
fn a_hand_over_is_the_old_logs_word() {
    let (town, new) = (town(), grow(5, 1));
    let (old_keys, new_keys) = (town.publisher.keys(), new.publisher.keys());
    let (last, first) = (town.heads[11].head, new.heads[0].head);
    let handover = town.publisher.secrets().hand_over(last, new_keys, first, Millis(START + 20 * HOUR));
    assert_eq!(Handover::decode(&handover.encode()), Ok(handover.clone()));
    assert_eq!(handover.verify(&old_keys, Some(&town.heads[7].head)), Ok(new_keys));
    assert_eq!(handover.verify(&old_keys, None), Ok(new_keys));
    assert_eq!(handover.verify(&new_keys, None), Err(Lie::Handover));
    assert_eq!(handover.verify(&old_keys, Some(&Head { size: 13, ..last })), Err(Lie::RolledBack));
    assert_eq!(handover.verify(&old_keys, Some(&Head { root: [1; 32], ..last })), Err(Lie::Split));
    no_flipped_bit_lies(&handover.encode(), |bytes| Handover::decode(bytes)?.verify(&old_keys, None));
    let forged = Handover { new: grow(6, 1).publisher.keys(), ..handover };
    assert_eq!(forged.verify(&old_keys, None), Err(Lie::Signature));
}

#[test]
fn any_bytes_are_refused_without_a_panic() {
    let (keys, proven) = (town().publisher.keys(), town().proven(12));
    let rng = &mut ChaCha20Rng::seed_from_u64(8);
    for length in 0..600 {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        assert!(lookup::verify(&keys, &proven, "alice", &bytes).is_err());
        assert!(absence::verify(&keys, &proven, "alice", &bytes).is_err());
        assert!(history::verify(&keys, &proven, "alice", 3, &bytes).is_err());
        assert!(step::Step::decode(&bytes).is_err());
        assert!(Placed::decode(&bytes).is_err());
        assert!(Handover::decode(&bytes).is_err());
        assert!(SignedHead::decode(&bytes).is_err());
        assert_eq!(evidence::check(&bytes), Verdict::DoesNotProve(Reason::Unreadable));
    }
}
