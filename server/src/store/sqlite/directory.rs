//! The directory's log in SQLite: what is due, and what was published.
//!
//! Called by the store's operations. What a record means is `transparency`'s
//! to know: here it has a part, a key and bytes.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Params, ToSql};
use waxseal_transparency::publish::{Epoch as Published, Fault, Records, Table};
use waxseal_transparency::{CLOSED, Value};

use waxseal_wire::chain::body_hash;
use waxseal_wire::id::{LogId, Millis};
use waxseal_wire::limits;

use super::{Shelf, Stop, StoreError, int};

/// The directory does not say yet what became of this name.
pub(super) fn due(conn: &Connection, name: &str) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT INTO due_name(name) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([name])?;
    Ok(())
}

pub(super) fn publish(
    shelf: &Arc<Shelf>,
    most: usize,
    rule: impl FnOnce(&Arc<Shelf>, &[(String, Value)]) -> Result<Option<Published>, StoreError>,
) -> Result<bool, Stop> {
    let mut names = due_names(&shelf.conn(), most.saturating_add(1))?;
    let more = names.len() > most;
    names.truncate(most);
    let mut changes = Vec::with_capacity(names.len());
    for name in names {
        let value = newest(&shelf.conn(), &name)?;
        changes.push((name, value));
    }
    let epoch = rule(shelf, &changes)?;
    let conn = shelf.conn();
    if let Some(epoch) = epoch {
        keep(&conn, &epoch)?;
    }
    for (name, _) in &changes {
        conn.prepare_cached("DELETE FROM due_name WHERE name = ?1")?.execute([name])?;
        conn.prepare_cached(
            "UPDATE account SET told = (SELECT count(*) FROM record WHERE record.account = account.id) WHERE name = ?1",
        )?
        .execute([name])?;
    }
    Ok(more)
}

fn due_names(conn: &Connection, most: usize) -> Result<Vec<String>, StoreError> {
    let mut select = conn.prepare_cached("SELECT name FROM due_name ORDER BY name LIMIT ?1")?;
    let names = select.query_map([int(most as u64)], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The hash of the head of a name's chain.
fn newest(conn: &Connection, name: &str) -> Result<Value, StoreError> {
    let body: Option<Vec<u8>> = conn
        .prepare_cached(
            "SELECT body FROM record WHERE account = (SELECT id FROM account WHERE name = ?1) ORDER BY place DESC LIMIT 1",
        )?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(body.map_or(CLOSED, |body| body_hash(&body)))
}

fn keep(conn: &Connection, epoch: &Published) -> Result<(), StoreError> {
    let mut put = conn.prepare_cached(
        "INSERT INTO log_record(part, key, bytes) VALUES (?1, ?2, ?3) ON CONFLICT (part, key) DO UPDATE SET bytes = ?3",
    )?;
    for record in &epoch.records {
        put.execute((record.table as u8, &record.key, &record.bytes))?;
    }
    conn.prepare_cached("INSERT INTO log_step(epoch, told, bytes) VALUES (?1, ?2, ?3)")?.execute((
        int(epoch.leaf.epoch),
        int(epoch.head.at.0),
        &epoch.step,
    ))?;
    Ok(())
}

pub(super) fn begin_new_log(
    shelf: &Arc<Shelf>,
    old: &LogId,
    rule: impl FnOnce(&Arc<Shelf>) -> Result<(Published, Option<Vec<u8>>), StoreError>,
) -> Result<(), Stop> {
    shelf.conn().execute_batch(
        "DELETE FROM log_record; DELETE FROM log_step; DELETE FROM log_cosigned; UPDATE account SET told = 0;
         INSERT OR IGNORE INTO due_name SELECT name FROM account;",
    )?;
    let (epoch, handover) = rule(shelf)?;
    let conn = shelf.conn();
    keep(&conn, &epoch)?;
    if let Some(handover) = handover {
        conn.prepare_cached("INSERT INTO log_handover(log, bytes) VALUES (?1, ?2)")?.execute((&old.0[..], handover))?;
    }
    Ok(())
}

pub(super) fn told_at(conn: &Connection) -> Result<Option<Millis>, Stop> {
    let mut select = conn.prepare_cached("SELECT told FROM log_step ORDER BY epoch DESC LIMIT 1")?;
    let told: Option<i64> = select.query_row([], |row| row.get(0)).optional()?;
    told.map(|told| u64::try_from(told).map(Millis).map_err(|_| StoreError::Corrupt.into())).transpose()
}

pub(super) fn tell_again(conn: &Connection, at: Millis) -> Result<(), Stop> {
    conn.prepare_cached("UPDATE log_step SET told = ?1 WHERE epoch = (SELECT max(epoch) FROM log_step)")?.execute([int(at.0)])?;
    Ok(())
}

pub(super) fn handovers(conn: &Connection, from: &LogId) -> Result<Vec<Vec<u8>>, Stop> {
    let mut select = conn.prepare_cached(
        "SELECT bytes FROM log_handover WHERE id >= (SELECT id FROM log_handover WHERE log = ?1) ORDER BY id LIMIT ?2",
    )?;
    let words = select.query_map((&from.0[..], int(limits::HANDOVERS as u64)), |row| row.get(0))?;
    Ok(words.collect::<Result<_, _>>()?)
}

pub(super) fn step(conn: &Connection, epoch: u64) -> Result<Option<Vec<u8>>, Stop> {
    let mut select = conn.prepare_cached("SELECT bytes FROM log_step WHERE epoch = ?1")?;
    Ok(select.query_row([int(epoch)], |row| row.get(0)).optional()?)
}

impl Records for Shelf {
    fn one(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let mut found = read(&self.conn(), "SELECT bytes FROM log_record WHERE part = ?1 AND key = ?2", (table as u8, key))?;
        Ok(found.pop())
    }

    fn last(&self, table: Table, from: &[u8], to: &[u8], limit: u32) -> Result<Vec<Vec<u8>>, Fault> {
        let sql = "SELECT bytes FROM log_record WHERE part = ?1 AND key BETWEEN ?2 AND ?3 ORDER BY key DESC LIMIT ?4";
        read(&self.conn(), sql, [&(table as u8) as &dyn ToSql, &from, &to, &limit])
    }
}

fn read(conn: &Connection, sql: &str, values: impl Params) -> Result<Vec<Vec<u8>>, Fault> {
    let all =
        || -> Result<Vec<Vec<u8>>, rusqlite::Error> { conn.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect() };
    all().map_err(|error| {
        let error = StoreError::from(error);
        tracing::error!(%error, "the directory's log could not be read");
        Fault
    })
}
