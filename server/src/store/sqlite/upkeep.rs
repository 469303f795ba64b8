//! What time takes away, and what is held about an account, in SQLite.

use rusqlite::{Connection, OptionalExtension};
use waxseal_wire::name::AccountName;

use super::{Stop, StoreError, accounts, int, mailboxes, uint};
use crate::store::Day;
use crate::subject::{Subject, SubjectDevice, SubjectEnvelope, SubjectKeyPackage, SubjectRecord};

pub(super) fn sweep(conn: &Connection, today: Day, kept: Day, groups: Day) -> Result<(), Stop> {
    let mut old = conn.prepare_cached("SELECT mailbox, max(seq) FROM envelope WHERE id < ?1 GROUP BY mailbox")?;
    let old = old
        .query_map([mailboxes::first_id(kept)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, i64)>, _>>()?;
    for (mailbox, upto) in old {
        mailboxes::drop_upto(conn, mailbox, upto)?;
        conn.prepare_cached("UPDATE mailbox SET losses = losses + 1 WHERE id = ?1")?.execute([mailbox])?;
    }
    conn.prepare_cached("DELETE FROM once WHERE day < ?1")?.execute([int(kept.0)])?;
    conn.prepare_cached("DELETE FROM blob WHERE day < ?1")?.execute([int(kept.0)])?;
    conn.prepare_cached("DELETE FROM delivery_group WHERE day < ?1")?.execute([int(groups.0)])?;
    conn.prepare_cached("DELETE FROM invite WHERE until < ?1")?.execute([int(today.0)])?;
    Ok(())
}

/// Gives free pages back to the disk.
pub(super) fn shrink(conn: &Connection) -> Result<(), StoreError> {
    let mut vacuum = conn.prepare("PRAGMA incremental_vacuum")?;
    let mut rows = vacuum.query([])?;
    // It frees one page a step: only stepped to its end it frees all.
    while rows.next()?.is_some() {}
    Ok(())
}

/// A store over this size is not laid out again: it takes about 5 ms a MiB, and nobody writes meanwhile.
const LAID_OUT: u64 = 32 << 20;

/// Writes every table and index anew, in the order of its keys.
///
/// Inside a page SQLite puts what comes behind what was there: who reads the pages of a small store sees in which order
/// everything came, and neighbours of one size are copies of one message.
pub(super) fn lay_out(conn: &Connection) -> Result<(), StoreError> {
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get(0)).map(uint);
    if number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?) <= LAID_OUT {
        conn.execute_batch("VACUUM")?;
    }
    Ok(())
}

/// Writes a page as it is. Where the store has its own limit, there must be room below it too.
pub(super) fn trial(conn: &Connection) -> Result<(), StoreError> {
    let number = |pragma: &str| conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    if number("freelist_count")? == 0 && number("page_count")? >= number("max_page_count")? {
        return Err(StoreError::Full);
    }
    let version = number("user_version")?;
    conn.execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT;"))
        .inspect_err(|_| drop(conn.execute_batch("ROLLBACK")))?;
    Ok(())
}

pub(super) fn subject(conn: &Connection, name: &AccountName) -> Result<Option<Subject>, Stop> {
    let mut select = conn.prepare_cached("SELECT id, account, name FROM account WHERE name = ?1")?;
    let row = select.query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((id, account, name)): Option<(i64, [u8; 32], String)> = row else { return Ok(None) };
    let chain = accounts::chain(conn, id)?.into_iter().zip(0..).map(|(record, index)| SubjectRecord {
        index,
        body: hex::encode(record.body),
        signer: record.signer.map(|id| hex::encode(id.0)),
        signature: hex::encode(record.signature.0),
    });
    let chain = chain.collect();
    let mut devices = Vec::new();
    for (mailbox, device, key) in accounts::devices_of(conn, id)? {
        devices.push(subject_device(conn, mailbox, hex::encode(device.0), hex::encode(key.0))?);
    }
    Ok(Some(Subject { name, account: hex::encode(account), chain, devices }))
}

fn subject_device(conn: &Connection, mailbox: i64, device: String, key: String) -> Result<SubjectDevice, StoreError> {
    let hex = |bytes: [u8; 16]| hex::encode(bytes);
    let (head, floor, losses, losses_told, sessions) = conn
        .prepare_cached("SELECT head, floor, losses, losses_told, sessions FROM mailbox WHERE id = ?1")?
        .query_row([mailbox], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    let mut select = conn.prepare_cached("SELECT alias FROM alias WHERE mailbox = ?1 ORDER BY alias")?;
    let aliases = select.query_map([mailbox], |row| row.get(0).map(hex))?.collect::<Result<_, _>>()?;
    let mut select =
        conn.prepare_cached("SELECT alias, length(bytes), last_resort FROM key_package WHERE mailbox = ?1 ORDER BY id")?;
    let key_packages = select
        .query_map([mailbox], |row| {
            Ok(SubjectKeyPackage { alias: hex(row.get(0)?), bytes: uint(row.get(1)?), last_resort: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    let mut select = conn.prepare_cached("SELECT seq, alias, length(sealed), id FROM envelope WHERE mailbox = ?1 ORDER BY seq")?;
    let envelopes = select
        .query_map([mailbox], |row| {
            let day = mailboxes::day_of(row.get(3)?);
            Ok(SubjectEnvelope { seq: uint(row.get(0)?), alias: hex(row.get(1)?), bytes: uint(row.get(2)?), day })
        })?
        .collect::<Result<_, _>>()?;
    Ok(SubjectDevice {
        device,
        key,
        head: uint(head),
        floor: uint(floor),
        sessions: uint(sessions),
        losses: uint(losses),
        losses_told: uint(losses_told),
        aliases,
        key_packages,
        envelopes,
    })
}
