//! Tables, and how old ones become new.
//!
//! `user_version` counts the migrations that were done; each is done whole.
//! Ordinary rowid tables where rows are large, WITHOUT ROWID where a row is
//! little more than its key (measured: `docs/decisions`).
//! No table has a column that leads from a group to an alias, a mailbox or an
//! account, and none has a time finer than a day, but for what accounts sign
//! in their own records and for the moments of the directory's public log.

use rusqlite::Connection;

use super::StoreError;

/// Done in order; never edited once released, only added to.
const MIGRATIONS: &[&str] = &[V1, V2, V3, V4];

// The highest number that a device gave a session: it knows by that whether it is an older copy of itself.
const V2: &str = "ALTER TABLE mailbox ADD COLUMN sessions INTEGER NOT NULL DEFAULT 0;";

// The directory: what is due, and its log (`docs/directory.md`). Every account there is becomes due.
const V3: &str = "
ALTER TABLE account ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
CREATE TABLE due_name (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO due_name SELECT name FROM account;
CREATE TABLE log_record (
    part INTEGER NOT NULL,
    key BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (part, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_handover (id INTEGER PRIMARY KEY, log BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
CREATE TABLE log_step (epoch INTEGER PRIMARY KEY, told INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
";

// Witnesses: of our own head, and of the logs that we are a witness of (`docs/audit.md`).
const V4: &str = "
CREATE TABLE log_cosigned (log BLOB PRIMARY KEY, head BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE witnessed_log (
    log BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    next BLOB
) STRICT, WITHOUT ROWID;
";

const V1: &str = "
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    account BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Hash of the skeleton of every name ever given: outlives the account.
CREATE TABLE given_name (skeleton BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    body BLOB NOT NULL,
    signer BLOB,
    signature BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX record_place ON record(account, place);

-- AUTOINCREMENT: a mailbox id is never used again, so a stale one finds nothing.
CREATE TABLE device (
    mailbox INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    device BLOB NOT NULL,
    key BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX device_of ON device(account, device);

-- Narrow, because it is written with every copy. Holds entries floor < seq <= head.
CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY REFERENCES device(mailbox) ON DELETE CASCADE,
    head INTEGER NOT NULL DEFAULT 0,
    floor INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0,
    losses_told INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE alias (
    alias BLOB PRIMARY KEY,
    mailbox INTEGER NOT NULL REFERENCES mailbox(id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_of ON alias(mailbox);

CREATE TABLE key_package (
    id INTEGER PRIMARY KEY,
    mailbox INTEGER NOT NULL REFERENCES mailbox(id) ON DELETE CASCADE,
    last_resort INTEGER NOT NULL,
    alias BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX key_package_of ON key_package(mailbox, last_resort);

-- id: the day in the high bits, chance below. So the copies of one message do not lie
-- side by side, and what is too old is one range.
CREATE TABLE envelope (
    id INTEGER PRIMARY KEY,
    mailbox INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    alias BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX envelope_place ON envelope(mailbox, seq);

CREATE TABLE delivery_group (
    id INTEGER PRIMARY KEY,
    group_id BLOB NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    verifier BLOB NOT NULL,
    position INTEGER NOT NULL,
    day INTEGER NOT NULL
) STRICT;
-- Apart, because a message moves the position and not the roster.
CREATE TABLE roster (
    id INTEGER PRIMARY KEY REFERENCES delivery_group(id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE once (
    key BLOB PRIMARY KEY,
    digest BLOB NOT NULL,
    position INTEGER NOT NULL,
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
    id INTEGER PRIMARY KEY,
    code BLOB NOT NULL,
    uses INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    blob BLOB NOT NULL UNIQUE,
    total INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    day INTEGER NOT NULL
) STRICT;
CREATE TABLE blob_part (
    id INTEGER PRIMARY KEY,
    blob INTEGER NOT NULL REFERENCES blob(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX blob_part_place ON blob_part(blob, place);
";

/// Marks a file as ours: "wax1" in ASCII.
const APPLICATION_ID: i64 = 0x7761_7831;

/// Makes the tables, or brings old ones up to date.
pub(super) fn migrate(conn: &Connection) -> Result<(), StoreError> {
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let ours: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if found > 0 && ours != APPLICATION_ID {
        return Err(StoreError::Corrupt);
    }
    let todo = MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or(0));
    for (done, migration) in todo {
        let number = done + 1;
        conn.execute_batch(&format!(
            "BEGIN IMMEDIATE; {migration} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT;"
        ))
        .inspect_err(|_| drop(conn.execute_batch("ROLLBACK")))?;
    }
    Ok(())
}

/// Whether a file is a store that this program can open.
pub(super) fn check(conn: &Connection) -> Result<(), StoreError> {
    let ours: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match (ours == APPLICATION_ID, found > known) {
        (false, _) => Err(StoreError::Corrupt),
        (true, true) => Err(StoreError::Newer { found, known }),
        (true, false) => Ok(()),
    }
}
