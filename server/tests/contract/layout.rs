//! What the store's files tell besides their rows: the write-ahead log, and the order inside pages.
//!
//! Read byte by byte, by SQLite's file format (https://sqlite.org/fileformat2.html), as somebody would who has the disk.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_wire::reply::Reply;

use crate::town::{Circle, Device, Town};

const PAGE: usize = 4096;
const FRAME: usize = 24 + PAGE;

/// The page numbers of all frames in a log that are not nothing, live or void, in their order.
pub(crate) fn pages_in(log: &[u8]) -> Vec<u32> {
    let frames = log.get(32..).unwrap_or_default().chunks(FRAME).filter(|frame| frame.iter().any(|byte| *byte != 0));
    frames.map(|frame| u32::from_be_bytes(frame[..4].try_into().unwrap())).collect()
}

/// The page numbers that the index of a log lists (`-shm`), in their order.
fn pages_listed(index: &[u8]) -> Vec<u32> {
    let words = index[136..32 << 10].chunks(4).take(4062).map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
    words.filter(|page| *page != 0).collect()
}

struct Place {
    folder: tempfile::TempDir,
    town: Town<SqliteStore>,
    devices: [Device; 5],
    circle: Circle,
}

impl Place {
    fn new() -> Self {
        let (folder, store) = crate::file();
        let mut town = Town::new(store);
        let mut devices = town.settle_all(["alice", "bob", "carol", "dave", "erin"]);
        let circle = town.found(&mut devices.each_mut());
        Self { folder, town, devices, circle }
    }

    fn say(&mut self, words: &[u8]) {
        assert!(matches!(self.town.say(&self.circle, &self.devices[0], self.circle.aliases[0], words), Reply::Accepted(_)));
    }

    fn file(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("store.db{end}"))
    }

    fn bytes(&self, end: &str) -> Vec<u8> {
        std::fs::read(self.file(end)).unwrap()
    }
}

#[test]
fn an_emptied_log_is_overwritten_and_names_no_page_but_the_first() {
    let mut place = Place::new();
    place.say(b"who gets this");
    assert!(pages_in(&place.bytes("-wal")).len() > 5, "the log tells what changed together");
    assert!(pages_listed(&place.bytes("-shm")).len() > 5, "and so does its index");
    let length = place.bytes("-wal").len();
    assert_eq!(place.town.roles.store().empty_log(), Ok(true));
    assert_eq!(pages_in(&place.bytes("-wal")), [1]);
    assert_eq!(pages_listed(&place.bytes("-shm")), [1]);
    assert_eq!(place.bytes("-wal").len(), length, "a file that is cut leaves its bytes on the disk");
    // What is written later is behind what was overwritten, not behind what was.
    place.say(b"and this");
    place.say(b"and this too");
    assert_eq!(place.town.roles.store().empty_log(), Ok(true));
    assert_eq!(pages_in(&place.bytes("-wal")), [1]);
    for device in &place.devices[1..] {
        assert_eq!(place.town.read(device).len(), 5, "nothing is lost by it");
    }
}

#[test]
fn who_dies_while_the_log_is_overwritten_loses_nothing_and_the_next_one_finishes_it() {
    let mut place = Place::new();
    for words in [&b"one"[..], b"two", b"three"] {
        place.say(words);
    }
    let before = place.bytes("-wal");
    assert_eq!(place.town.roles.store().empty_log(), Ok(true));
    let (store, after) = (place.bytes(""), place.bytes("-wal"));
    let rows = |path: &Path| -> (i64, i64) {
        let conn = Connection::open(path).unwrap();
        let verdict: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        conn.query_row("SELECT (SELECT sum(head) FROM mailbox), (SELECT count(*) FROM envelope)", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap()
    };
    // The log begins anew, and as much of the old one as is overwritten yet is nothing.
    for overwritten in [0, 1, FRAME / 2, 2 * FRAME + 7, before.len() / 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let log = [&after[..32 + FRAME + overwritten], &before[32 + FRAME + overwritten..]].concat();
        std::fs::write(&path, &store).unwrap();
        std::fs::write(path.with_extension("db-wal"), &log).unwrap();
        assert!(pages_in(&log).len() > 1);
        let opened = SqliteStore::open(&path).unwrap();
        assert_eq!(pages_in(&std::fs::read(path.with_extension("db-wal")).unwrap()), [1]);
        drop(opened);
        assert_eq!(rows(&path), (4 * 5, 4 * 5), "four mailboxes with a Welcome and four messages each");
    }
}

#[test]
fn a_reader_holds_the_emptying_up_and_is_not_disturbed() {
    let mut place = Place::new();
    let reader = Connection::open(place.file("")).unwrap();
    let count = || reader.query_row("SELECT count(*) FROM envelope", [], |row| row.get::<_, i64>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let seen = count();
    place.say(b"behind its back");
    assert_eq!(place.town.roles.store().empty_log(), Ok(false));
    place.say(b"and again");
    assert_eq!(count(), seen);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(place.town.roles.store().empty_log(), Ok(true));
    assert_eq!(pages_in(&place.bytes("-wal")), [1]);
    assert_eq!(count(), seen + 8);
}

/// For each leaf page of a table or index: where its cells lie, in the order of their keys.
fn leaves(store: &[u8], root: usize) -> Vec<Vec<u16>> {
    let page = &store[(root - 1) * PAGE..root * PAGE];
    let word = |at: usize| u16::from_be_bytes(page[at..at + 2].try_into().unwrap());
    let child = |at: usize| u32::from_be_bytes(page[at..at + 4].try_into().unwrap()) as usize;
    let cells = usize::from(word(3));
    match page[0] {
        0x0d | 0x0a => vec![(0..cells).map(|cell| word(8 + 2 * cell)).collect()],
        0x05 | 0x02 => {
            let inner = (0..cells).map(|cell| child(usize::from(word(12 + 2 * cell)))).chain([child(8)]);
            inner.flat_map(|page| leaves(store, page)).collect()
        }
        other => panic!("page {root} is of no kind: {other}"),
    }
}

/// How many cells of a table or index do not lie where their keys say, and how many there are.
fn disorder(place: &Place, name: &str) -> (usize, usize) {
    let conn = Connection::open(place.file("")).unwrap();
    let root = conn.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [name], |row| row.get::<_, i64>(0)).unwrap();
    let leaves = leaves(&place.bytes(""), usize::try_from(root).unwrap());
    let wrong = |cells: &Vec<u16>| {
        // A page is filled from its end, so in order means downwards.
        let mut laid = cells.clone();
        laid.sort_unstable_by(|one, other| other.cmp(one));
        laid.iter().zip(cells).filter(|(is, should)| is != should).count()
    };
    (leaves.iter().map(wrong).sum(), leaves.iter().map(Vec::len).sum())
}

#[test]
fn a_store_that_was_laid_out_shows_no_order_but_that_of_its_keys() {
    const NAMES: [&str; 6] = ["envelope", "envelope_place", "mailbox", "sqlite_autoindex_delivery_group_1", "alias", "once"];
    let mut place = Place::new();
    for turn in 0..60_usize {
        place.say(&vec![7; if turn % 20 == 0 { 6_000 } else { 100 + turn }]);
    }
    place.town.roles.store().empty_log().unwrap();
    let before = NAMES.map(|name| disorder(&place, name));
    println!("cells that lie where they came, and all: {before:?}");
    for name in ["envelope", "envelope_place", "once"] {
        let (wrong, all) = before[NAMES.iter().position(|one| *one == name).unwrap()];
        assert!(wrong * 5 > all, "{name}: in the pages lies what came when: {wrong} of {all}");
    }
    place.town.roles.store().lay_out().unwrap();
    place.town.roles.store().empty_log().unwrap();
    for name in NAMES {
        assert_eq!(disorder(&place, name).0, 0, "{name}");
    }
    assert_eq!(pages_in(&place.bytes("-wal")), [1]);
    for device in &place.devices[1..] {
        assert_eq!(place.town.read(device).len(), 62);
    }
}
