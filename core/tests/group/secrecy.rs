//! What a store gives away, and what it does not any more.

use rusqlite::types::Value;
use tempfile::TempDir;
use waxseal_core::group::{Change, OpenError, wipe};
use waxseal_core::store::{Store, StoreKey};

use crate::town::{Device, GROUP, deliver, settle, town};

#[test]
fn a_copy_of_the_store_taken_after_reading_opens_nothing_that_was_read() {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("db"), folder.path().join("copy"));
    let key = StoreKey::from_bytes([4; 32]);
    let mut devices = vec![Device::new(1), Device::with(Store::open(&path, &key).unwrap(), 2)];
    settle(&mut devices);
    let (read, unread) = (devices[0].seal("read and burnt"), devices[0].seal("not read yet"));
    devices[1].read(&read).unwrap();
    devices[1].store.scrub().unwrap();
    std::fs::copy(&path, &copy).unwrap();
    let mut thief = Device::with(Store::open(&copy, &key).unwrap(), 2);
    assert!(matches!(thief.read(&read), Err(OpenError::Reused)));
    // The copy is a working one: what was not read yet opens.
    assert_eq!(thief.read(&unread).unwrap().1, "not read yet");
}

#[test]
fn a_copy_of_the_store_stops_opening_after_the_next_update() {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("db"), folder.path().join("copy"));
    let key = StoreKey::from_bytes([4; 32]);
    let mut devices = vec![Device::new(1), Device::with(Store::open(&path, &key).unwrap(), 2), Device::new(3)];
    settle(&mut devices);
    devices[1].store.scrub().unwrap();
    std::fs::copy(&path, &copy).unwrap();
    let mut thief = Device::with(Store::open(&copy, &key).unwrap(), 2);
    let healing = devices[1].commit(Change { with_path: true, ..Change::default() }).unwrap();
    deliver(&mut devices, 1, &healing.commit);
    // The thief holds the same leaf's old keys; the Commit says it is its own, and there is no way in.
    assert!(!matches!(thief.open(&healing.commit), Ok(waxseal_core::group::Opened::Commit(_))));
    let after = devices[0].seal("after healing");
    assert!(thief.open(&after).is_err());
    assert_eq!(devices[1].read(&after).unwrap().1, "after healing");
}

#[test]
fn after_a_wipe_no_table_knows_the_group() {
    let mut devices = town(3);
    let pending = devices[0].commit(Change { with_path: true, ..Change::default() }).unwrap();
    deliver(&mut devices, 0, &pending.commit);
    let leaf = devices[2].ask(|group| group.own_leaf().unwrap().leaf);
    let pending = devices[0].commit(Change { remove: vec![leaf], ..Change::default() }).unwrap();
    devices[2].accept(&pending.commit);
    assert!(rows_with_the_group(&devices[2]) > 0);
    devices[2].store.write(|tx| wipe(tx, &GROUP)).unwrap();
    assert_eq!(rows_with_the_group(&devices[2]), 0);
    assert_eq!(rows(&devices[2], "mls_group"), 0);
    assert_eq!(rows(&devices[2], "mls_item"), 0);
}

#[test]
fn an_epoch_leaves_nothing_behind_in_a_group_that_goes_on() {
    let mut devices = town(3);
    let rows_before: Vec<_> = devices.iter().map(|device| rows(device, "mls_group")).collect();
    for committer in [0, 1, 2, 0] {
        let pending = devices[committer].commit(Change { with_path: true, ..Change::default() }).unwrap();
        deliver(&mut devices, committer, &pending.commit);
    }
    let rows_after: Vec<_> = devices.iter().map(|device| rows(device, "mls_group")).collect();
    assert_eq!(rows_before, rows_after);
}

fn rows(device: &Device, table: &str) -> i64 {
    device
        .store
        .read(|tx| {
            Ok::<_, waxseal_core::store::StoreError>(tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?)
        })
        .unwrap()
}

/// Looks at every column of every row of every table.
fn rows_with_the_group(device: &Device) -> usize {
    device
        .store
        .read(|tx| {
            let mut found = 0;
            let mut names = tx.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
            let tables: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for table in tables {
                let mut all = tx.prepare(&format!("SELECT * FROM {table}"))?;
                let columns = all.column_count();
                let mut rows = all.query([])?;
                while let Some(row) = rows.next()? {
                    let names_it = |column| match row.get_unwrap::<_, Value>(column) {
                        Value::Blob(bytes) => bytes.windows(16).any(|window| window == GROUP.0),
                        _ => false,
                    };
                    found += usize::from((0..columns).any(names_it));
                }
            }
            Ok::<_, waxseal_core::store::StoreError>(found)
        })
        .unwrap()
}
