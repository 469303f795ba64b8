//! Tree heads and their witnesses.

use super::*;

#[test]
fn a_head_is_refused_for_its_own_reason() {
    let (town, keys, none) = (town(), town().publisher.keys(), Witnesses::default());
    let (placed, now) = (town.placed(12, None), town.time(12));
    let later = |ms: u64| Millis(now.0 + ms);
    assert!(placed.verify(&keys, &none, None, later(24 * HOUR)).is_ok());
    assert_eq!(placed.verify(&keys, &none, None, later(24 * HOUR + 1)), Err(Lie::Stale));
    assert!(placed.verify(&keys, &none, None, Millis(now.0 - 300_000)).is_ok());
    assert_eq!(placed.verify(&keys, &none, None, Millis(now.0 - 86_400_001)), Err(Lie::Early));
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
