//! Stored state of a release must still read: rows of one device in a group of three.
//!
//! `cargo test -p waxseal-core --test group -- --ignored writes_the_fixture` makes a new one; add it, keep the old ones.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use waxseal_core::group::Group;
use waxseal_core::store::StoreError;

use crate::town::{Device, GROUP, town};

/// Values as `ciborium` wrote them, then with byte strings (docs/decisions/0021-the-budget-of-a-turn.md).
const ALL: [&[u8]; 2] = [include_bytes!("../fixtures/group-v1.cbor"), include_bytes!("../fixtures/group-v2.cbor")];

/// alias, seal secret, post key, state
type AliasRow = (Vec<u8>, Vec<u8>, Vec<u8>, i64);

#[derive(Serialize, Deserialize)]
struct Fixture {
    group_rows: Vec<(i64, Vec<u8>, Vec<u8>)>,
    aliases: Vec<AliasRow>,
    message: Vec<u8>,
    commit: Vec<u8>,
}

#[test]
fn groups_of_all_releases_still_load_open_and_go_on() {
    ALL.into_iter().for_each(still_reads);
}

fn still_reads(stored: &[u8]) {
    let fixture: Fixture = ciborium::from_reader(stored).unwrap();
    let mut device = Device::new(3);
    device
        .store
        .write(|tx| {
            for (kind, key, value) in &fixture.group_rows {
                let sql = "INSERT INTO mls_group (group_id, kind, key, value) VALUES (?1, ?2, ?3, ?4)";
                tx.execute(sql, params![GROUP.as_bytes(), kind, key, value])?;
            }
            for (alias, seal_secret, post_key, state) in &fixture.aliases {
                let sql = "INSERT INTO alias (alias, seal_secret, post_key, state, group_id) VALUES (?1, ?2, ?3, ?4, ?5)";
                tx.execute(sql, params![alias, seal_secret, post_key, state, GROUP.as_bytes()])?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(device.ask(|group| group.members().len()), 3);
    assert_eq!(device.ask(|group| group.policy().unwrap().name), "Bees");
    assert_eq!(device.read(&fixture.message).unwrap().1, "kept for later releases");
    let epoch = device.ask(Group::epoch);
    device.accept(&fixture.commit);
    assert_eq!(device.ask(Group::epoch), epoch.next());
}

#[test]
#[ignore = "writes a file; run by hand for a release"]
fn writes_the_fixture() {
    let mut devices = town(3);
    let message = devices[0].seal("kept for later releases");
    let change = waxseal_core::group::Change { with_path: true, ..Default::default() };
    let commit = devices[1].commit(change).unwrap().commit;
    let (group_rows, aliases) = devices[2]
        .store
        .read(|tx| {
            let mut rows = tx.prepare("SELECT kind, key, value FROM mls_group ORDER BY kind, key")?;
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
            let mut aliases = tx.prepare("SELECT alias, seal_secret, post_key, state FROM alias WHERE group_id IS NOT NULL")?;
            let aliases =
                aliases.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect::<Result<_, _>>()?;
            Ok::<_, StoreError>((rows, aliases))
        })
        .unwrap();
    let fixture = Fixture { group_rows, aliases, message, commit };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/group-v2.cbor");
    ciborium::into_writer(&fixture, std::fs::File::create(path).unwrap()).unwrap();
}
