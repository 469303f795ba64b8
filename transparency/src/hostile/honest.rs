//! An honest log, and callers who ask it wrongly.

use super::*;

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
