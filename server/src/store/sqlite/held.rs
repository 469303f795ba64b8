//! What the store holds, column by column, and why: the list that an operator can be made to hand over.
//!
//! Read by `waxseald holds`, by `cargo run -p xtask -- what-we-hold` and by tests. A column that is in the schema and not
//! here, or the other way round, is an error: whoever adds one says here, in SECURITY.md and in `Subject` what it tells.

use rusqlite::Connection;

use crate::store::StoreError;

/// One column of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The table.
    pub table: String,
    /// What a row of it is.
    pub table_why: &'static str,
    /// The column.
    pub column: String,
    /// What it is, and what for.
    pub why: &'static str,
}

/// The schema and the list do not agree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeldError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The schema has it, and nobody said why.
    #[error("the column {1} of the table {0} is held, and store/sqlite/held.rs does not say why")]
    Undeclared(String, String),
    /// The list has it, and the schema does not.
    #[error("store/sqlite/held.rs says why {0}.{1} is held, and there is no such column")]
    Gone(&'static str, &'static str),
}

type Columns = &'static [(&'static str, &'static str)];

const ROW: &str = "number of the row";

/// Tables and columns in the order of the schema.
const HELD: &[(&str, &str, Columns)] = &[
    (
        "account",
        "somebody who registered",
        &[
            ("id", ROW),
            ("account", "hash of record 0: the account's id"),
            ("name", "what others look up"),
            ("told", "how many of its records the directory says"),
        ],
    ),
    (
        "given_name",
        "a name that was given once, for ever",
        &[("skeleton", "hash of the name's shape, so that no look-alike is given, also after the account is closed")],
    ),
    (
        "record",
        "one record of an account's chain, as the account signed it",
        &[
            ("account", "whose"),
            ("place", "which in its chain"),
            ("body", "the devices from here on: ids, public keys, hashes of their names, when each was added"),
            ("signer", "id of the device that signed"),
            ("signature", "proves it"),
        ],
    ),
    (
        "device",
        "a device that may prove itself",
        &[
            ("mailbox", "number of its mailbox"),
            ("account", "whose"),
            ("device", "its id in the chain"),
            ("key", "public key that its signature is checked with"),
        ],
    ),
    (
        "mailbox",
        "how far a device has taken what came",
        &[
            ("id", "number of the mailbox"),
            ("head", "how many envelopes ever came"),
            ("floor", "up to which they were taken or dropped"),
            ("losses", "how often some were dropped unread"),
            ("losses_told", "how many of these the device knows of"),
            ("sessions", "the highest number that the device gave a session, by which an older copy of it knows itself"),
        ],
    ),
    (
        "alias",
        "an address that a device made for one group; which group is not held",
        &[("alias", "random"), ("mailbox", "where what is sent to it goes")],
    ),
    (
        "key_package",
        "public keys that a device leaves, so that it can be written to while it is away",
        &[
            ("id", ROW),
            ("mailbox", "whose"),
            ("last_resort", "whether it is the one that is never used up"),
            ("alias", "the address that stands in it"),
            ("bytes", "the keys (RFC 9420, section 10)"),
        ],
    ),
    (
        "envelope",
        "something sealed that waits for a device, for 30 days at most",
        &[
            ("id", "the day when it came, and chance"),
            ("mailbox", "for whom"),
            ("seq", "its place in the mailbox"),
            ("alias", "the address that it was sent to"),
            ("sealed", "padded bytes under a key that only its device has"),
        ],
    ),
    (
        "delivery_group",
        "a group, without its members",
        &[
            ("id", ROW),
            ("group_id", "random"),
            ("epoch", "how often its keys were changed together"),
            ("verifier", "hash of the key that its members lend with each request"),
            ("position", "how many messages and changes it ever had"),
            ("day", "of the last one"),
        ],
    ),
    (
        "roster",
        "who gets a group's messages, sealed",
        &[("id", "of which group"), ("sealed", "addresses, under the key that members lend: the server cannot open it by itself")],
    ),
    (
        "once",
        "a request that was done, so that it is not done twice; for 30 days",
        &[
            ("key", "random, chosen by whoever asked"),
            ("digest", "hash of what was asked, lent keys included"),
            ("position", "what was answered"),
            ("day", "when"),
        ],
    ),
    (
        "invite",
        "an invitation that is still good",
        &[("id", ROW), ("code", "hash of the code"), ("uses", "how often it is good"), ("until", "the last day")],
    ),
    (
        "blob",
        "sealed bytes that somebody put, for 30 days",
        &[
            ("id", ROW),
            ("blob", "random; who knows it may fetch them"),
            ("total", "how many bytes"),
            ("stored", "how many came so far"),
            ("day", "when"),
        ],
    ),
    (
        "blob_part",
        "a part of them",
        &[("id", ROW), ("blob", "of which"), ("place", "where it begins"), ("bytes", "sealed by whoever put them")],
    ),
    ("due_name", "a name that changed a moment ago, until the directory says so", &[("name", "which")]),
    (
        "log_record",
        "a piece of the directory's log, for ever: a node of its tree, or a version of a name",
        &[
            ("part", "which kind of piece"),
            ("key", "its place in the tree, or a hash of the name; the name itself goes with the account"),
            ("bytes", "hashes; of a version, in which epoch it came; of an epoch, the moment"),
        ],
    ),
    (
        "log_handover",
        "the word of an ended log that another one follows it",
        &[("id", ROW), ("log", "which ended: a hash of its public keys"), ("bytes", "public keys and tree heads, signed")],
    ),
    (
        "log_step",
        "the public proof that an epoch of the directory only added to the one before",
        &[
            ("epoch", "which"),
            ("told", "when its tree head was signed last, to the hour where nothing changed"),
            ("bytes", "hashes"),
        ],
    ),
    (
        "log_cosigned",
        "the newest tree head of the directory that a witness has signed as well",
        &[("log", "of which log: a hash of its public keys"), ("head", "the head, public, with the signatures")],
    ),
    (
        "witnessed_log",
        "what this server, as a witness, signed last of another server's directory",
        &[
            ("log", "public keys of that directory"),
            ("size", "how many epochs"),
            ("root", "hash of them all"),
            ("note", "the tree head as that directory signed it, public"),
            ("next", "public keys of the one that followed it"),
        ],
    ),
];

/// Every column of the schema with its reason.
pub(super) fn held(conn: &Connection) -> Result<Vec<Held>, HeldError> {
    let mut found = Vec::new();
    for (table, column) in columns(conn)? {
        let reasons = HELD.iter().find(|(name, ..)| *name == table);
        let reason = reasons.and_then(|(_, table_why, columns)| {
            columns.iter().find(|(name, _)| *name == column).map(|(_, why)| (*table_why, *why))
        });
        let Some((table_why, why)) = reason else { return Err(HeldError::Undeclared(table, column)) };
        found.push(Held { table, table_why, column, why });
    }
    let declared = HELD.iter().flat_map(|(table, _, columns)| columns.iter().map(move |(column, _)| (*table, *column)));
    for (table, column) in declared {
        if !found.iter().any(|held| held.table == table && held.column == column) {
            return Err(HeldError::Gone(table, column));
        }
    }
    Ok(found)
}

fn columns(conn: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut select = conn.prepare(
        "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid, c.cid",
    )?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;

    #[test]
    fn every_column_has_its_reason_and_every_reason_its_column() {
        let store = SqliteStore::open_in_memory().unwrap();
        assert!(store.held().unwrap().len() > 50);
        store.shelf.conn().execute_batch("ALTER TABLE envelope ADD COLUMN sender BLOB").unwrap();
        assert_eq!(store.held(), Err(HeldError::Undeclared("envelope".into(), "sender".into())));
        store
            .shelf
            .conn()
            .execute_batch("ALTER TABLE envelope DROP COLUMN sender; CREATE TABLE contact (account BLOB, other BLOB)")
            .unwrap();
        assert_eq!(store.held(), Err(HeldError::Undeclared("contact".into(), "account".into())));
        store.shelf.conn().execute_batch("DROP TABLE contact; ALTER TABLE invite DROP COLUMN until").unwrap();
        assert_eq!(store.held(), Err(HeldError::Gone("invite", "until")));
    }
}
