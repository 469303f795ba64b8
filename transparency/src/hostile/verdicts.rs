//! What convicts a log, and what does not.

use super::*;

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
