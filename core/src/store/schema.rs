//! Tables, as a list of steps from the empty database to the newest.
//!
//! Called by `store` when it opens. A step that was released is never edited:
//! a change is a new step at the end. `user_version` counts the steps done.
//! Two lists, so that they can grow apart: `GROUP` (what the MLS library and
//! `group` keep) and `CLIENT` (all else); `user_version` = GROUP × 1000 + CLIENT.

use rusqlite::Connection;

use super::error::StoreError;

/// Steps of the tables of `group`.
const GROUP: &[&str] = &[
    // Every row of `mls_group` belongs to one group and is wiped with it. `mls_item` holds what
    // stands outside groups (KeyPackages); rows written while a group is at work carry its id.
    "CREATE TABLE mls_group (
        group_id BLOB NOT NULL,
        kind INTEGER NOT NULL,
        key BLOB NOT NULL,
        value BLOB NOT NULL
    );
    CREATE UNIQUE INDEX mls_group_key ON mls_group (group_id, kind, key);
    CREATE TABLE mls_item (
        kind INTEGER NOT NULL,
        key BLOB NOT NULL,
        group_id BLOB,
        value BLOB NOT NULL
    );
    CREATE UNIQUE INDEX mls_item_key ON mls_item (kind, key);
    CREATE INDEX mls_item_group ON mls_item (group_id) WHERE group_id IS NOT NULL;
    CREATE TABLE alias (
        alias BLOB PRIMARY KEY NOT NULL,
        seal_key BLOB NOT NULL,
        post_key BLOB NOT NULL,
        state INTEGER NOT NULL,
        group_id BLOB,
        key_package BLOB
    );
    CREATE INDEX alias_group ON alias (group_id) WHERE group_id IS NOT NULL;",
];

/// Steps of all other tables of the client.
const CLIENT: &[&str] = &[];

const LISTS: u32 = 1_000;

/// Brings the database to the newest schema, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = count(GROUP) * LISTS + count(CLIENT);
    let (group, client) = (found / LISTS, found % LISTS);
    if group > count(GROUP) || client > count(CLIENT) {
        return Err(StoreError::Newer { found, known });
    }
    for step in GROUP.iter().skip(group as usize).chain(CLIENT.iter().skip(client as usize)) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(())
}

fn count(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX / LISTS)
}
