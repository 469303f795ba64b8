//! What a witness signs, and what is kept of what others signed.

use std::sync::Arc;

use waxseal_server::roles::{Declined, Publisher, Secrets};
use waxseal_server::store::Store;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_transparency::publish::MemoryRecords;
use waxseal_transparency::{AddCheckpoint, Handover, Head, Lie, LogKeys, SignedHead, WitnessSecret};
use waxseal_wire::id::Millis;
use waxseal_wire::reply::Reply;
use waxseal_wire::request::AnonymousRequest;

use crate::town::{NOON, Town};

/// Another server's log.
struct Log {
    publisher: Publisher,
    records: Arc<MemoryRecords>,
}

impl Log {
    fn new(seed: u8, epochs: u8) -> Self {
        let log = Self { publisher: Publisher::new(Secrets::new([seed; 32], [seed + 1; 32])), records: Arc::default() };
        (0..epochs).for_each(|n| log.grow(n));
        log
    }

    /// Another history under the same keys.
    fn parted(&self) -> Self {
        Self { publisher: self.publisher.clone(), records: Arc::new(MemoryRecords::clone(&self.records)) }
    }

    fn grow(&self, value: u8) {
        let at = Millis(NOON.0 + u64::from(value));
        let epoch = self.publisher.publish(&self.records, &[("alice".to_owned(), [value + 1; 32])], at).unwrap().unwrap();
        self.records.apply(&epoch.records);
    }

    fn keys(&self) -> LogKeys {
        self.publisher.keys()
    }

    fn bare(&self, minutes: u64) -> Head {
        self.publisher.head(&self.records, Millis(NOON.0 + minutes * 60_000)).unwrap().unwrap()
    }

    fn head(&self, minutes: u64) -> SignedHead {
        self.publisher.secrets().sign(self.bare(minutes))
    }

    /// Asks from `old` to the newest head.
    fn asks(&self, old: u64, minutes: u64) -> (AddCheckpoint, SignedHead) {
        let head = self.head(minutes);
        let proof = match old {
            0 => Vec::new(),
            old if old >= head.head.size => Vec::new(),
            old => self.publisher.consistency(&self.records, old, head.head.size).unwrap(),
        };
        (AddCheckpoint { old, proof, note: head.to_note(&self.keys()) }, head)
    }
}

fn answer<S: Store>(town: &mut Town<S>, log: &Log, asks: &(AddCheckpoint, SignedHead)) -> Result<(), Declined> {
    // So that none of it is haste.
    town.now = Millis(town.now.0 + 2_000);
    town.roles.witness(town.now, &log.keys(), &asks.0, &asks.1).unwrap()
}

fn unproven(cosigned: &Log) -> Declined {
    Declined::Unproven { cosigned: cosigned.head(1).to_note(&cosigned.keys()) }
}

fn is_split(declined: Result<(), Declined>) -> bool {
    matches!(declined, Err(Declined::Split { .. }))
}

pub(crate) fn of_one_size_one_tree_is_cosigned<S: Store>(store: S) {
    let mut town = Town::new(store);
    let log = Log::new(10, 3);
    let other = log.parted();
    log.grow(7);
    other.grow(8);
    assert_eq!(answer(&mut town, &log, &log.asks(0, 1)), Ok(()));
    // The same tree again, and signed later.
    assert_eq!(answer(&mut town, &log, &log.asks(4, 1)), Ok(()));
    assert_eq!(answer(&mut town, &log, &log.asks(4, 9)), Ok(()));
    for old in [0, 3, 4] {
        let declined = answer(&mut town, &log, &other.asks(old, 2));
        assert_eq!(declined, Err(Declined::Split { size: 4, cosigned: log.head(1).to_note(&log.keys()) }), "{old}");
    }
    // Nor what goes on from the other tree.
    other.grow(9);
    for old in [3, 4] {
        let declined = answer(&mut town, &log, &other.asks(old, 3));
        assert_eq!(declined, Err(if old == 4 { unproven(&log) } else { Declined::Elsewhere { size: 4 } }));
    }
    // A smaller tree that was signed later convicts, one from before does not.
    let small = Log::new(10, 2);
    assert!(is_split(answer(&mut town, &log, &small.asks(2, 5))));
    assert_eq!(answer(&mut town, &log, &small.asks(2, 0)), Err(Declined::Elsewhere { size: 4 }));
}

pub(crate) fn a_head_is_cosigned_where_it_continues_the_last<S: Store>(store: S) {
    let mut town = Town::new(store);
    let log = Log::new(10, 3);
    assert_eq!(answer(&mut town, &log, &log.asks(2, 1)), Err(Declined::Elsewhere { size: 0 }));
    assert_eq!(answer(&mut town, &log, &log.asks(4, 1)), Err(Declined::Backwards));
    let (mut asked, head) = log.asks(0, 1);
    asked.proof = vec![[1; 32]];
    assert_eq!(answer(&mut town, &log, &(asked, head)), Err(Declined::Unproven { cosigned: String::new() }));
    assert_eq!(answer(&mut town, &log, &log.asks(0, 1)), Ok(()));
    (4..9).for_each(|n| log.grow(n));
    assert_eq!(answer(&mut town, &log, &log.asks(0, 2)), Err(Declined::Elsewhere { size: 3 }));
    let (asked, head) = log.asks(3, 2);
    for at in 0..asked.proof.len() {
        let mut wrong = asked.clone();
        wrong.proof[at][0] ^= 1;
        assert!(matches!(answer(&mut town, &log, &(wrong, head.clone())), Err(Declined::Unproven { .. })));
    }
    assert_eq!(answer(&mut town, &log, &(asked, head)), Ok(()));
    // Another log is another matter.
    let stranger = Log::new(20, 1);
    assert_eq!(answer(&mut town, &stranger, &stranger.asks(0, 1)), Ok(()));
}

pub(crate) fn new_trees_are_cosigned_one_a_second<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (log, stranger) = (Log::new(10, 3), Log::new(20, 3));
    let ask = |town: &mut Town<S>, at: u64, log: &Log, old| {
        let (asked, head) = log.asks(old, 1);
        town.roles.witness(Millis(NOON.0 + at), &log.keys(), &asked, &head).unwrap()
    };
    assert_eq!(ask(&mut town, 0, &log, 0), Ok(()));
    log.grow(4);
    assert_eq!(ask(&mut town, 10, &log, 3), Err(Declined::TooFast));
    assert_eq!(ask(&mut town, 10, &stranger, 0), Ok(()), "one log's haste is not another's");
    assert_eq!(ask(&mut town, 1_000, &log, 3), Ok(()));
    // Whoever brings the same tree over and over holds nobody up.
    for _ in 0..20 {
        assert_eq!(ask(&mut town, 1_001, &log, 4), Ok(()));
    }
    log.grow(5);
    assert_eq!(ask(&mut town, 2_001, &log, 4), Ok(()));
}

pub(crate) fn a_log_that_ended_is_followed_by_its_word_alone<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (old, new, other) = (Log::new(10, 5), Log::new(20, 1), Log::new(10, 4));
    other.grow(99);
    assert_eq!(answer(&mut town, &old, &old.asks(0, 1)), Ok(()));
    let word = |log: &Log, last: Head| log.publisher.secrets().hand_over(last, new.keys(), new.bare(3), Millis(NOON.0 + 200_000));
    let forged = Handover { signature: [7; 64], ..word(&old, old.bare(2)) };
    assert_eq!(town.roles.follow(&forged), Ok(Err(Lie::Signature)));
    assert_eq!(town.roles.follow(&word(&old, other.bare(2))), Ok(Err(Lie::Split)), "its last word is about another tree");
    assert_eq!(town.roles.followed(old.keys()), Ok(old.keys()));
    // One that takes something back is what a restored server gives.
    assert_eq!(town.roles.follow(&word(&old, Log::new(10, 2).bare(2))), Ok(Ok(())));
    assert_eq!(town.roles.followed(old.keys()), Ok(new.keys()));
    assert_eq!(town.roles.follow(&word(&old, old.bare(2))), Ok(Err(Lie::Handover)), "once");
    // The ended log is cosigned no more; the new one from where it was said to begin.
    old.grow(9);
    assert_eq!(answer(&mut town, &old, &old.asks(5, 4)), Err(Declined::Ended));
    assert_eq!(answer(&mut town, &new, &new.asks(0, 4)), Err(Declined::Elsewhere { size: 1 }));
    let begins_otherwise = Log::new(20, 0);
    begins_otherwise.grow(77);
    assert!(is_split(answer(&mut town, &new, &begins_otherwise.asks(1, 4))));
    new.grow(5);
    assert_eq!(answer(&mut town, &new, &new.asks(1, 4)), Ok(()));
}

fn cosign(head: &SignedHead, log: &LogKeys, seed: u8) -> SignedHead {
    let witness = WitnessSecret::of_key("w", [seed; 32]).unwrap();
    SignedHead { cosignatures: vec![witness.cosign(&log.id(), &head.head, NOON)], ..head.clone() }
}

fn told<S: Store>(town: &mut Town<S>) -> Option<SignedHead> {
    let Reply::Witnessed(witnessed) = town.answer(AnonymousRequest::Witnessed) else { panic!("another reply") };
    (!witnessed.head.is_empty()).then(|| SignedHead::decode(&witnessed.head).unwrap())
}

pub(crate) fn cosignatures_of_one_head_are_joined_and_of_two_heads_the_newer_ones_kept<S: Store>(store: S) {
    let mut town = Town::new(store);
    let log = Publisher::new(Secrets::new([1; 32], [2; 32])).keys();
    assert_eq!(told(&mut town), None);
    let first = town.roles.newest_head().unwrap();
    for (seed, count) in [(1, 1), (2, 2), (1, 2)] {
        town.roles.keep_cosigned(&cosign(&first, &log, seed)).unwrap();
        let told = told(&mut town).unwrap();
        assert_eq!((told.head, told.cosignatures.len()), (first.head, count));
    }
    town.settle("alice");
    assert_eq!(told(&mut town).unwrap().head, first.head, "the newest that a witness cosigned");
    let newer = town.roles.newest_head().unwrap();
    assert!(newer.head.size > first.head.size);
    town.roles.keep_cosigned(&cosign(&newer, &log, 2)).unwrap();
    town.roles.keep_cosigned(&cosign(&first, &log, 3)).unwrap();
    let told = told(&mut town).unwrap();
    assert_eq!((told.head, told.cosignatures.len()), (newer.head, 1));
}

pub(crate) fn a_new_log_has_no_cosignatures<S: Store>(store: S) {
    let mut town = Town::new(store);
    let log = Publisher::new(Secrets::new([1; 32], [2; 32])).keys();
    let head = town.roles.newest_head().unwrap();
    town.roles.keep_cosigned(&cosign(&head, &log, 1)).unwrap();
    assert!(told(&mut town).is_some());
    town.roles.begin_new_log(NOON, Publisher::new(Secrets::new([3; 32], [4; 32]))).unwrap();
    assert_eq!(told(&mut town), None);
}

/// Killed between what is durable and the answer: the next one to ask is told what would have been signed.
#[test]
fn what_was_decided_is_on_the_disk_before_anybody_is_told() {
    let (folder, store) = crate::file();
    let mut town = Town::new(store);
    let log = Log::new(10, 3);
    let other = log.parted();
    log.grow(7);
    other.grow(8);
    assert_eq!(answer(&mut town, &log, &log.asks(0, 1)), Ok(()));
    drop(town);
    let mut town = Town::new(SqliteStore::open(&folder.path().join("store.db")).unwrap());
    assert!(is_split(answer(&mut town, &log, &other.asks(0, 2))));
    assert_eq!(answer(&mut town, &log, &log.asks(4, 2)), Ok(()));
    // And what did not become durable was not decided.
    log.grow(9);
    town.now = Millis(town.now.0 + 5_000);
    town.roles.store().fail_next_persist();
    let (asked, head) = log.asks(4, 3);
    assert!(town.roles.witness(town.now, &log.keys(), &asked, &head).is_err());
    assert_eq!(town.roles.store().witnessed(&log.keys()).unwrap().unwrap().size, 4);
}
