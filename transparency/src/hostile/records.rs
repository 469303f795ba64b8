//! Stored records: reads that fail, and records that contradict each other.

use super::*;

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
