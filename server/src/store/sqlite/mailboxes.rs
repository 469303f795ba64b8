//! Mailboxes in SQLite: `head`, `floor`, and the envelopes between them.

use rand_core::CryptoRngCore;
use rusqlite::{Connection, OptionalExtension, ffi};
use waxseal_wire::id::{AliasId, Seq};
use waxseal_wire::limits;
use waxseal_wire::reply::{MailboxEntry, Refusal};

use super::{Stop, StoreError, int, uint};
use crate::store::{Day, MailboxId, Post, Standing};

/// Below the day stand this many random bits in an envelope's row id.
const CHANCE_BITS: u32 = 47;

/// First row id of a day; a day's rows lie in random order between two of these.
pub(super) fn first_id(day: Day) -> i64 {
    int(day.0.min(0xffff)) << CHANCE_BITS
}

/// Day of a row id.
pub(super) fn day_of(id: i64) -> u64 {
    uint(id >> CHANCE_BITS)
}

/// Puts every copy; gives the mailboxes. Aliases that are gone are left out, and strangers where much waits.
pub(super) fn put(
    conn: &Connection,
    today: Day,
    post: &Post,
    rng: &mut impl CryptoRngCore,
    mut crowded: impl FnMut(MailboxId) -> Result<(), Refusal>,
) -> Result<Vec<MailboxId>, Stop> {
    let mut woken = Vec::with_capacity(post.letters().len());
    let mut next = conn.prepare_cached(
        "UPDATE mailbox SET head = head + 1 WHERE id = (SELECT mailbox FROM alias WHERE alias = ?1) AND head - floor < ?2
         RETURNING id, head, floor",
    )?;
    let mut insert = conn.prepare_cached("INSERT INTO envelope(id, mailbox, seq, alias, sealed) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for letter in post.letters() {
        let room = if letter.standing == Standing::Stranger { int(limits::STRANGERS as u64) } else { i64::MAX };
        let place = next.query_row((&letter.alias.0[..], room), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((mailbox, head, floor)): Option<(i64, i64, i64)> = place else { continue };
        if letter.standing == Standing::Asked && head - floor > int(limits::STRANGERS as u64) {
            crowded(MailboxId(uint(mailbox)))?;
        }
        let sealed = post.seal(letter, rng);
        loop {
            let id = first_id(today) | int(rng.next_u64() >> (u64::BITS - CHANCE_BITS));
            match insert.execute((id, mailbox, head, &letter.alias.0[..], &sealed)) {
                Ok(_) => break,
                // Two of 2^47 met; throw the dice again.
                Err(error) if is_same_id(&error) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        if head - floor > int(limits::MAILBOX as u64) {
            drop_oldest(conn, mailbox, head)?;
        }
        woken.push(MailboxId(uint(mailbox)));
    }
    Ok(woken)
}

fn is_same_id(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
        || error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_ROWID)
}

/// A full mailbox loses its oldest entry; whoever sends is not held up by it.
fn drop_oldest(conn: &Connection, mailbox: i64, head: i64) -> Result<(), StoreError> {
    drop_upto(conn, mailbox, head - int(limits::MAILBOX as u64))?;
    conn.prepare_cached("UPDATE mailbox SET losses = losses + 1 WHERE id = ?1")?.execute([mailbox])?;
    Ok(())
}

/// Drops entries up to `upto`, which is not beyond the head.
pub(super) fn drop_upto(conn: &Connection, mailbox: i64, upto: i64) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE mailbox SET floor = max(floor, ?2) WHERE id = ?1")?.execute([mailbox, upto])?;
    conn.prepare_cached("DELETE FROM envelope WHERE mailbox = ?1 AND seq <= ?2")?.execute([mailbox, upto])?;
    Ok(())
}

pub(super) fn entries(
    conn: &Connection,
    by: MailboxId,
    after: Seq,
    max: usize,
    max_bytes: usize,
) -> Result<Vec<MailboxEntry>, Stop> {
    let mailbox = int(by.0);
    let mut exists = conn.prepare_cached("SELECT head FROM mailbox WHERE id = ?1")?;
    let head: Option<i64> = exists.query_row([mailbox], |row| row.get(0)).optional()?;
    let head = head.ok_or(Refusal::WrongDoor)?;
    let mut found = Vec::new();
    if int(after.0) >= head {
        return Ok(found);
    }
    let mut select =
        conn.prepare_cached("SELECT seq, alias, sealed FROM envelope WHERE mailbox = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")?;
    let mut rows = select.query((mailbox, int(after.0), int(max as u64)))?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let sealed = row.get_ref(2)?.as_blob().map_err(|_| StoreError::Corrupt)?;
        bytes += sealed.len();
        if bytes > max_bytes && !found.is_empty() {
            break;
        }
        found.push(MailboxEntry { seq: Seq(uint(row.get(0)?)), alias: AliasId(row.get(1)?), sealed: sealed.to_vec() });
    }
    Ok(found)
}

/// See [`Store::count_session`](crate::store::Store::count_session).
pub(super) fn count_session(conn: &Connection, by: MailboxId, session: u64) -> Result<(), Stop> {
    let mailbox = int(by.0);
    let count = conn
        .prepare_cached("UPDATE mailbox SET sessions = max(sessions, ?2) WHERE id = ?1")?
        .execute([mailbox, int(session.min(i64::MAX.cast_unsigned()))])?;
    if count == 0 { Err(Stop::Refused(Refusal::WrongDoor)) } else { Ok(()) }
}

pub(super) fn ack(conn: &Connection, by: MailboxId, upto: Seq, losses: u64) -> Result<(), Stop> {
    let mailbox = int(by.0);
    let mut update = conn.prepare_cached(
        "UPDATE mailbox SET floor = max(floor, min(?2, head)), losses_told = max(losses_told, min(?3, losses))
         WHERE id = ?1 RETURNING floor",
    )?;
    let floor: Option<i64> = update.query_row((mailbox, int(upto.0), int(losses)), |row| row.get(0)).optional()?;
    let floor = floor.ok_or(Refusal::WrongDoor)?;
    conn.prepare_cached("DELETE FROM envelope WHERE mailbox = ?1 AND seq <= ?2")?.execute([mailbox, floor])?;
    Ok(())
}
