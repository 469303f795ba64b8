//! The log as auditors fetch it: tiles as a naive tree has them, at every size where a tile fills, and nothing beyond the head.

use waxseal_server::roles::{Audit, Publisher, Secrets, TILE, Tile};
use waxseal_server::store::Store;
use waxseal_transparency::tree::{Hash, node_hash};
use waxseal_transparency::{EpochLeaf, Handover, LogKeys, SignedHead, step};
use waxseal_wire::id::{LogId, Millis};

use crate::town::{NOON, Town};

/// RFC 9162 §2.1.1, as it is written there.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&naive(left), &naive(right))
        }
    }
}

fn shows<S: Store>(town: &mut Town<S>, asked: Audit) -> Option<Vec<u8>> {
    town.roles.audit(&asked).unwrap()
}

/// Publishes until there are so many epochs.
fn grow<S: Store>(town: &mut Town<S>, size: u64) {
    let publisher = publisher();
    while publisher.newest(&town.roles.store().records()).unwrap().unwrap().epoch < size {
        let n = publisher.newest(&town.roles.store().records()).unwrap().unwrap().epoch;
        let change = [(format!("somebody{}", n % 7), [n as u8; 32])];
        let rule = |records: &_, _: &[_]| Ok(publisher.publish(records, &change, Millis(NOON.0 + n)).unwrap());
        town.roles.store().publish(0, rule).unwrap();
    }
}

/// With the keys that the town's log has.
fn publisher() -> Publisher {
    Publisher::new(Secrets::new([1; 32], [2; 32]))
}

fn keys<S: Store>(town: &mut Town<S>) -> LogKeys {
    let text = String::from_utf8(shows(town, Audit::Keys).unwrap()).unwrap();
    let (keys, vkey) = text.split_once('\n').unwrap();
    let keys = LogKeys::from_bytes(&hex::decode(keys).unwrap()).unwrap();
    assert_eq!(vkey, format!("{}\n", keys.vkey()));
    keys
}

/// Bytes that stand after their number.
fn counted(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some((count, rest)) = bytes.split_first_chunk() {
        let (one, rest) = rest.split_at(u16::from_be_bytes(*count).into());
        all.push(one);
        bytes = rest;
    }
    all
}

pub(crate) fn the_log_is_shown_in_tiles_as_a_naive_tree_has_them<S: Store>(store: S) {
    let mut town = Town::new(store);
    let keys = keys(&mut town);
    for size in [1, 2, 255, 256, 257, 300] {
        grow(&mut town, size);
        let note = String::from_utf8(shows(&mut town, Audit::Checkpoint).unwrap()).unwrap();
        let head = SignedHead::from_note(&keys, &note).unwrap().head;
        // The epochs, out of full and partial tiles, each of every width that there is.
        let mut leaves = Vec::new();
        for index in 0..=size / TILE {
            let there = (size - index * TILE).min(TILE);
            for width in 1..=TILE {
                let bytes = shows(&mut town, Audit::Entries(Tile { index, width }));
                assert_eq!(bytes.is_some(), width <= there, "{width} of tile {index} at {size}");
                if width == there {
                    let bytes = bytes.unwrap();
                    let read: Vec<_> = counted(&bytes).into_iter().map(|leaf| EpochLeaf::from_bytes(leaf).unwrap()).collect();
                    assert_eq!(read.len() as u64, width);
                    leaves.extend(read);
                }
            }
        }
        assert!(leaves.iter().zip(1..).all(|(leaf, epoch)| leaf.epoch == epoch));
        let hashes: Vec<Hash> = leaves.iter().map(EpochLeaf::hash).collect();
        assert_eq!((head.size, head.root), (size, naive(&hashes)));
        // And the hashes over them.
        for level in 0..=6_u8 {
            let full = 1_usize.checked_shl(8 * u32::from(level)).unwrap_or(usize::MAX);
            let row: Vec<Hash> = hashes.chunks_exact(full).map(naive).collect();
            for index in 0..=row.len() as u64 / TILE {
                for width in 1..=TILE {
                    let (from, to) = ((index * TILE) as usize, (index * TILE + width) as usize);
                    let tile = shows(&mut town, Audit::Hashes(level, Tile { index, width }));
                    assert_eq!(tile, row.get(from..to).map(|row| row.concat()), "level {level}, tile {index}, {width} wide");
                }
            }
        }
        for epoch in [1, size] {
            let leaf = &leaves[epoch as usize - 1];
            let bytes = shows(&mut town, Audit::Step(epoch)).unwrap();
            let from = (epoch > 1).then(|| &leaves[epoch as usize - 2]);
            assert_eq!(step::verify(from, leaf, &bytes), Ok(()));
        }
        for beyond in [Tile { index: 0, width: 0 }, Tile { index: 0, width: 257 }, Tile { index: u64::MAX, width: 256 }] {
            assert_eq!(shows(&mut town, Audit::Entries(beyond)), None);
            assert_eq!(shows(&mut town, Audit::Hashes(0, beyond)), None);
        }
        for level in [7, 8, 63, 255] {
            assert_eq!(shows(&mut town, Audit::Hashes(level, Tile { index: 0, width: 1 })), None);
        }
        for epoch in [0, size + 1, u64::MAX] {
            assert_eq!(shows(&mut town, Audit::Step(epoch)), None);
        }
    }
}

pub(crate) fn the_log_shows_which_log_followed_which<S: Store>(store: S) {
    let mut town = Town::new(store);
    let old = keys(&mut town);
    let id = |keys: &LogKeys| LogId(keys.id().0);
    assert_eq!(shows(&mut town, Audit::Handovers(id(&old))), Some(Vec::new()));
    town.settle("alice");
    town.roles.begin_new_log(NOON, Publisher::new(Secrets::new([3; 32], [4; 32]))).unwrap();
    let new = keys(&mut town);
    assert_ne!(old, new);
    let words = shows(&mut town, Audit::Handovers(id(&old))).unwrap();
    let words = counted(&words);
    assert_eq!(words.len(), 1);
    assert_eq!(Handover::decode(words[0]).unwrap().verify(&old, None), Ok(new));
    assert_eq!(shows(&mut town, Audit::Handovers(id(&new))), Some(Vec::new()));
    assert_eq!(shows(&mut town, Audit::Handovers(LogId([9; 32]))), None);
}

pub(crate) fn the_log_shows_no_name<S: Store>(store: S) {
    let mut town = Town::new(store);
    let name = "aquitelongnametobefound";
    let device = town.settle(name);
    let size = publisher().newest(&town.roles.store().records()).unwrap().unwrap().epoch;
    assert!(size > 1);
    let whole = Tile { index: 0, width: size };
    let mut all = [Audit::Keys, Audit::Checkpoint, Audit::Entries(whole), Audit::Hashes(0, whole)]
        .map(|asked| shows(&mut town, asked).unwrap())
        .concat();
    for epoch in 1..=size {
        all.extend(shows(&mut town, Audit::Step(epoch)).unwrap());
    }
    let has = |part: &[u8]| all.windows(part.len()).any(|window| window == part);
    assert!(!has(name.as_bytes()) && !has(device.chain.account().as_bytes()) && !has(&device.chain.head_hash()));
    assert!(has(&keys(&mut town).signing.map(|byte| format!("{byte:02x}")).concat().into_bytes()), "this test can find something");
}
