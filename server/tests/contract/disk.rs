//! What the disk does to the store, and what it shows: SQLite alone.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use waxseal_server::policy::Policy;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_server::store::{Store, StoreError};
use waxseal_wire::id::{AliasId, Position, Seq};
use waxseal_wire::key::SealSecret;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Lookup, RosterChange, Welcomed};
use waxseal_wire::seal::{Delivered, open};

use crate::layout::pages_in;
use crate::town::{Circle, Device, Town, refused};

#[test]
fn a_full_disk_refuses_changes_nothing_and_recovers() {
    let (_folder, store) = crate::file();
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b, &mut c]);
    town.roles.store().limit_size(Some(400 << 10)).unwrap();
    let (mut accepted, mut full) = (1, 0);
    while full < 20 {
        match town.say(&circle, &a, circle.aliases[0], &[1; 5000]) {
            Reply::Accepted(position) => {
                accepted += 1;
                assert_eq!(position, Position(accepted));
            }
            other => {
                assert_eq!(other, refused(Refusal::Full));
                full += 1;
            }
        }
        assert!(accepted < 200, "the limit is felt");
    }
    // Half a fan-out is none: both have the same.
    assert_eq!(town.order(&b).len() as u64, accepted + 1);
    assert_eq!(town.order(&b), town.order(&c));
    assert_eq!(town.say(&circle, &a, circle.aliases[0], &[1; 5000]), refused(Refusal::Full));
    // What is read and dropped makes room.
    town.ack(&b, 1000);
    town.ack(&c, 1000);
    assert_eq!(town.say(&circle, &a, circle.aliases[0], &[1; 5000]), Reply::Accepted(Position(accepted + 1)));
    town.roles.store().limit_size(None).unwrap();
    for more in 2..100 {
        assert_eq!(town.say(&circle, &a, circle.aliases[0], &[1; 5000]), Reply::Accepted(Position(accepted + more)));
    }
}

#[test]
fn a_disk_that_fills_while_requests_are_gathered_keeps_none_or_what_fits() {
    let (_folder, store) = crate::file();
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    town.roles.store().limit_size(Some(400 << 10)).unwrap();
    let before = town.order(&b);
    town.roles.store().begin().unwrap();
    let replies: Vec<_> = (0..100).map(|_| town.say(&circle, &a, circle.aliases[0], &[1; 20_000])).collect();
    let persisted = town.roles.store().persist();
    assert!(replies.contains(&refused(Refusal::Full)));
    let accepted = replies.iter().filter(|reply| matches!(reply, Reply::Accepted(_))).count();
    match persisted {
        Ok(()) => assert_eq!(town.order(&b).len(), before.len() + accepted),
        Err(error) => {
            assert_eq!(error, StoreError::Full);
            assert_eq!(town.order(&b), before);
        }
    }
    town.roles.store().limit_size(None).unwrap();
    assert!(matches!(town.say(&circle, &a, circle.aliases[0], b"on"), Reply::Accepted(_)));
}

#[test]
fn a_persist_that_fails_was_never_there() {
    let (_folder, store) = crate::file();
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let submit = AnonymousRequest::SubmitMessage(Box::new(town.message(&circle, &a, circle.aliases[0], b"again")));
    town.roles.store().fail_next_persist();
    assert_eq!(town.answer(submit.clone()), refused(Refusal::Internal));
    town.roles.store().begin().unwrap();
    assert_eq!(town.answer(submit.clone()), Reply::Accepted(Position(2)));
    town.roles.store().fail_next_persist();
    assert!(town.roles.store().persist().is_err());
    assert_eq!(town.read(&b).len(), 2);
    assert_eq!(town.answer(submit), Reply::Accepted(Position(2)));
    assert_eq!(town.read(&b).len(), 3);
}

#[test]
fn a_store_that_cannot_be_written_says_so_and_still_reads() {
    let (folder, store) = crate::file();
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let reader = SqliteStore::open_reader(&folder.path().join("store.db")).unwrap();
    let mut frozen = Town::under(Policy::unlimited(), reader);
    assert_eq!(frozen.say(&circle, &a, circle.aliases[0], b"no"), refused(Refusal::Internal));
    assert_eq!(frozen.read(&b).len(), 2);
}

#[test]
fn a_snapshot_goes_on_from_where_it_was_taken() {
    let mut town = Town::new(crate::memory());
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let snapshot = town.roles.store().snapshot().unwrap();
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"lost"), Reply::Accepted(Position(2)));
    let mut again = Town::new(SqliteStore::from_snapshot(&snapshot).unwrap());
    assert_eq!(again.read(&b).len(), 2);
    assert_eq!(again.say(&circle, &a, circle.aliases[0], b"instead"), Reply::Accepted(Position(2)));
}

#[test]
fn a_file_of_somebody_else_or_of_later_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"this is no database, it is a letter to a friend.............").unwrap();
    assert_eq!(SqliteStore::open(&path).err(), Some(StoreError::Corrupt));
    let path = folder.path().join("other.db");
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert_eq!(SqliteStore::open(&path).err(), Some(StoreError::Newer { found: 99, known: 4 }));
}

/// Every byte of every file in a folder.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.iter().any(|file| file.ends_with("store.db-wal")), "the log is looked at too");
    files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

/// Every row of every table, as one string of bytes each.
fn all_rows(path: &Path) -> Vec<(String, Vec<u8>)> {
    let conn = Connection::open(path).unwrap();
    let mut tables = conn.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found = Vec::new();
    for table in tables {
        let mut select = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = select.column_count();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cell = |i| match row.get_ref(i).unwrap() {
                ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            };
            found.push((table.clone(), (0..width).flat_map(cell).collect()));
        }
    }
    found
}

#[test]
fn the_disk_holds_no_lent_key_no_words_and_no_link_from_a_group() {
    let (folder, store) = crate::file();
    let mut town = Town::new(store);
    let mut devices = town.settle_all(["alice", "bob", "carol", "dave"]);
    let [a, b, c, d] = &mut devices;
    for device in [&mut *a, &mut *b, &mut *c, &mut *d] {
        let uploads = vec![town.upload(device, b"a popped package of keys", false), town.upload(device, b"end", true)];
        town.publish(device, uploads);
    }
    let first = town.found(&mut [&mut *a, &mut *b, &mut *c]);
    town.say(&first, a, first.aliases[0], b"meet me at the mill at nine");
    let alias = town.alias(d);
    let mut commit = town.commit(&first, b, first.aliases[1]);
    commit.roster = RosterChange::Edit { add: vec![d.in_roster(alias)], remove: vec![first.aliases[2]] };
    commit.welcomes = vec![Welcomed { alias, welcome: b"a welcome to the mill".to_vec() }];
    assert!(matches!(town.submit(&commit), Reply::Accepted(_)));
    let second = first.after(&commit);
    town.say(&second, d, alias, b"I shall be there");
    let lookup = Lookup { who: vec![waxseal_wire::request::AccountRef::Name(a.name.clone())], key_packages: true, seen: None };
    town.answer(AnonymousRequest::Lookup(lookup));
    town.ask_as(a, DeviceRequest::Ack(Seq(1)));

    let disk = all_bytes(folder.path());
    for (what, bytes) in [("delivery key", &first.delivery_key), ("next delivery key", &second.delivery_key)] {
        assert!(!contains(&disk, bytes.expose()), "{what}");
    }
    for device in &devices {
        for (alias, (seal_secret, post_key)) in &device.keys {
            assert!(!contains(&disk, seal_secret.expose()), "seal secret");
            assert!(!contains(&disk, device.in_roster(*alias).seal_key.expose()), "seal key");
            assert!(!contains(&disk, post_key.expose()), "post key");
            assert!(
                !contains(&disk, post_key.verifier().as_bytes()),
                "of a spare alias, the post verifier lies in sealed rosters alone"
            );
        }
    }
    for words in [&b"first words"[..], b"meet me", b"mill", b"there", b"a commit", b"welcome in"] {
        assert!(!contains(&disk, words), "{}", String::from_utf8_lossy(words));
    }
    // The scan sees what is there: names and aliases are, and so is the group's id.
    assert!(contains(&disk, b"alice") && contains(&disk, &alias.0) && contains(&disk, &first.group.0));

    let rows = all_rows(&folder.path().join("store.db"));
    let with_group: Vec<_> = rows.iter().filter(|(_, row)| contains(row, &first.group.0)).collect();
    assert_eq!(with_group.iter().map(|(table, _)| table.as_str()).collect::<Vec<_>>(), ["delivery_group"]);
    for (_, row) in with_group {
        assert_eq!(row.len(), 16 + 32, "its id and its verifier, and numbers");
    }
    for (table, row) in &rows {
        let members = devices.iter().filter(|device| {
            contains(row, &device.chain.account().0)
                || contains(row, &device.entry.id.0)
                || device.keys.keys().any(|alias| contains(row, &alias.0))
        });
        assert!(members.count() <= 1, "a row of {table} links two people");
    }
    town.roles.sweep(town.now).unwrap();
    town.roles.store().shrink().unwrap();
    assert_eq!(town.roles.store().empty_log(), Ok(true));
    let swept: Vec<u8> = std::fs::read(folder.path().join("store.db")).unwrap();
    let left = swept.windows(24).filter(|window| window == b"a popped package of keys").count();
    assert_eq!(left, 3, "alice's was handed out, and is overwritten");
    assert_eq!(pages_in(&std::fs::read(folder.path().join("store.db-wal")).unwrap()), [1]);
}

/// A KeyPackage, as far as it matters here: the address stands in it in clear.
fn offer(town: &mut Town<SqliteStore>, device: &mut Device, last_resort: bool) -> AliasId {
    let mut upload = town.upload(device, b"a package of keys", last_resort);
    upload.key_package.extend_from_slice(&device.address(upload.alias).to_bytes());
    let alias = upload.alias;
    town.publish(device, vec![upload]);
    alias
}

/// Whether any 32 bytes in a row are the seal key of an entry, or the secret that derives it.
fn opens(thief: &HashSet<[u8; 32]>, alias: &AliasId, sealed: &[u8]) -> bool {
    let inner = &sealed[32..];
    let is_key = |key: &[u8; 32]| open(key, b"waxseal mailbox entry v1", &alias.0, inner).is_ok();
    thief.iter().any(|bytes| is_key(bytes) || Delivered::open(sealed, alias, &SealSecret::new(*bytes)).is_ok())
}

#[test]
fn a_thief_of_the_disk_opens_no_entry_with_what_key_packages_say() {
    let (folder, store) = crate::file();
    let mut town = Town::new(store);
    let mut devices = town.settle_all(["alice", "bob", "carol"]);
    let [a, b, c] = &mut devices;
    let aliases = vec![town.alias(a), offer(&mut town, b, false), offer(&mut town, c, true)];
    let circle = Circle { aliases, ..town.circle(&mut []) };
    let founding = town.founding(&circle, &[a, b, c]);
    assert_eq!(town.answer(AnonymousRequest::Found(Box::new(founding))), Reply::Accepted(Position(1)));

    let disk = all_bytes(folder.path());
    let mut thief: HashSet<[u8; 32]> = disk.windows(32).map(|window| window.try_into().unwrap()).collect();
    // Most of a page is empty; a window of few different bytes is no key.
    thief.retain(|window| window.iter().collect::<HashSet<_>>().len() > 12);
    for device in [&devices[1], &devices[2]] {
        let entries = town.read(device);
        assert_eq!(entries.len(), 2, "a Welcome and a message");
        let alias = entries[0].alias;
        let address = device.address(alias);
        assert!(contains(&disk, &address.to_bytes()), "the thief has the KeyPackage");
        assert!(thief.contains(address.seal_public.as_bytes()) && contains(&disk, &entries[0].sealed), "and the entry");
        for entry in &entries {
            assert!(!opens(&thief, &alias, &entry.sealed), "an entry of {:?} opens", device.name);
        }
        // The same search finds what would open it, were it there.
        for found in [*device.keys[&alias].0.expose(), *device.in_roster(alias).seal_key.expose()] {
            assert!(opens(&HashSet::from([[1; 32], found]), &alias, &entries[0].sealed));
        }
    }
}

#[test]
fn the_copies_of_one_message_do_not_lie_side_by_side() {
    let (folder, store) = crate::file();
    let mut town = Town::new(store);
    let mut devices = town.settle_all(["alice", "bob", "carol", "dave", "erin", "frank"]);
    let circle = town.found(&mut devices.each_mut());
    for _ in 0..40 {
        town.say(&circle, &devices[0], circle.aliases[0], b"x");
    }
    let conn = Connection::open(folder.path().join("store.db")).unwrap();
    let mut select = conn.prepare("SELECT mailbox, seq FROM envelope WHERE seq > 2 ORDER BY id").unwrap();
    let rows: Vec<(i64, i64)> = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    // 5 copies each of 40 messages: by chance alone some 4 of 199 neighbours are of one message.
    let neighbours = rows.windows(2).filter(|pair| pair[0].1 == pair[1].1).count();
    assert!(rows.len() == 200 && neighbours < 20, "{neighbours}");
}

#[test]
fn what_is_held_is_this_and_no_more() {
    let (folder, store) = crate::file();
    let conn = Connection::open(folder.path().join("store.db")).unwrap();
    let mut select = conn
        .prepare(
            "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .unwrap();
    let mut there: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut said: Vec<_> = store.held().unwrap().iter().map(|held| format!("{}.{}", held.table, held.column)).collect();
    there.sort();
    said.sort();
    assert_eq!(there, said);
    // A column more is a promise less: SECURITY.md and `Subject` must say so before this number is changed.
    assert_eq!(said.len(), 74);
}
