//! Witnesses in SQLite: who cosigned our head, and which heads of others we cosigned.
//!
//! Called by the store's operations. Decides nothing: the rule that it is given does, inside the transaction.

use rusqlite::{Connection, OptionalExtension};
use waxseal_transparency::LogKeys;
use waxseal_wire::id::LogId;

use super::{Stop, StoreError, int, uint};
use crate::store::WitnessedLog;

/// Heads of other logs than this one are forgotten: a log that begins anew has none.
pub(super) fn keep_cosigned(conn: &Connection, log: &LogId, head: &[u8]) -> Result<(), Stop> {
    conn.prepare_cached("DELETE FROM log_cosigned WHERE log <> ?1")?.execute([&log.0[..]])?;
    conn.prepare_cached("INSERT INTO log_cosigned(log, head) VALUES (?1, ?2) ON CONFLICT (log) DO UPDATE SET head = ?2")?
        .execute((&log.0[..], head))?;
    Ok(())
}

pub(super) fn cosigned(conn: &Connection, log: &LogId) -> Result<Option<Vec<u8>>, Stop> {
    let mut select = conn.prepare_cached("SELECT head FROM log_cosigned WHERE log = ?1")?;
    Ok(select.query_row([&log.0[..]], |row| row.get(0)).optional()?)
}

pub(super) fn witnessed(conn: &Connection, log: &LogKeys) -> Result<Option<WitnessedLog>, Stop> {
    let mut select = conn.prepare_cached("SELECT size, root, note, next FROM witnessed_log WHERE log = ?1")?;
    let row = select.query_row([&log.to_bytes()[..]], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
    });
    let Some((size, root, note, next)) = row.optional()? else { return Ok(None) };
    let next = next.map(|next| LogKeys::from_bytes(&next)).transpose().map_err(|_| StoreError::Corrupt)?;
    Ok(Some(WitnessedLog { size: uint(size), root, note, next }))
}

pub(super) fn witness<T>(
    conn: &Connection,
    log: &LogKeys,
    rule: impl FnOnce(Option<&WitnessedLog>) -> (Option<WitnessedLog>, T),
) -> Result<T, Stop> {
    let (after, said) = rule(witnessed(conn, log)?.as_ref());
    if let Some(after) = after {
        let next = after.next.map(|next| next.to_bytes().to_vec());
        conn.prepare_cached(
            "INSERT INTO witnessed_log(log, size, root, note, next) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (log) DO UPDATE SET size = ?2, root = ?3, note = ?4, next = ?5",
        )?
        .execute((&log.to_bytes()[..], int(after.size), &after.root[..], after.note, next))?;
    }
    Ok(said)
}
