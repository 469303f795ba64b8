//! Groups in SQLite: one row each, and the sealed roster beside it.

use rand_core::CryptoRngCore;
use rusqlite::{Connection, OptionalExtension, Row};
use waxseal_wire::id::{Epoch, GroupId, Position};
use waxseal_wire::key::Verifier;
use waxseal_wire::reply::Refusal;

use super::{Stop, StoreError, int, mailboxes, uint};
use crate::store::{Day, GroupRow, MailboxId, Once, Posted, Rule, Step, Turn};

pub(super) fn post<R: CryptoRngCore>(
    conn: &Connection,
    today: Day,
    rng: &mut R,
    once: &Once,
    group: &GroupId,
    mut rule: impl Rule<R>,
    crowded: impl FnMut(MailboxId) -> Result<(), Refusal>,
) -> Result<Posted, Stop> {
    if let Some(position) = done_before(conn, once)? {
        return Ok(Posted { position, woken: Vec::new() });
    }
    let (id, step) = decide(conn, group, rng, &mut rule)?;
    // The numbers of SQLite end at 2^63.
    if i64::try_from(step.position.0).is_err() || step.turn.as_ref().is_some_and(|turn| i64::try_from(turn.epoch.0).is_err()) {
        return Err(Refusal::Malformed.into());
    }
    match (id, &step.turn) {
        (Some(id), None) => {
            conn.prepare_cached("UPDATE delivery_group SET position = ?2, day = ?3 WHERE id = ?1")?.execute((
                id,
                int(step.position.0),
                int(today.0),
            ))?;
            if let Some(roster) = &step.roster {
                conn.prepare_cached("UPDATE roster SET sealed = ?2 WHERE id = ?1")?.execute((id, roster))?;
            }
        }
        (id, Some(turn)) => turn_to(conn, today, group, id, step.position, turn)?,
        (None, None) => return Err(Refusal::Internal.into()),
    }
    let woken = mailboxes::put(conn, today, &step.post, rng, crowded)?;
    remember(conn, today, once, step.position)?;
    Ok(Posted { position: step.position, woken })
}

/// Reads the group where it lies and lets the rule look at it, without a copy of the roster.
fn decide<R: CryptoRngCore>(
    conn: &Connection,
    group: &GroupId,
    rng: &mut R,
    rule: &mut impl Rule<R>,
) -> Result<(Option<i64>, Step), Stop> {
    let mut select = conn.prepare_cached(
        "SELECT g.id, g.epoch, g.verifier, g.position, r.sealed FROM delivery_group g JOIN roster r ON r.id = g.id
         WHERE g.group_id = ?1",
    )?;
    let mut rows = select.query([&group.0[..]])?;
    let Some(row) = rows.next()? else { return Ok((None, rule(None, rng)?)) };
    let step = rule(Some(&group_row(row)?), rng)?;
    Ok((Some(row.get(0)?), step))
}

fn group_row<'a>(row: &'a Row<'_>) -> Result<GroupRow<'a>, Stop> {
    Ok(GroupRow {
        epoch: Epoch(uint(row.get(1)?)),
        verifier: Verifier(row.get(2)?),
        position: Position(uint(row.get(3)?)),
        roster: row.get_ref(4)?.as_blob().map_err(|_| StoreError::Corrupt)?,
    })
}

fn turn_to(conn: &Connection, today: Day, group: &GroupId, id: Option<i64>, position: Position, turn: &Turn) -> Result<(), Stop> {
    let mut known = conn.prepare_cached("SELECT 1 FROM alias WHERE alias = ?1")?;
    for alias in &turn.joining {
        if !known.exists([&alias.0[..]])? {
            return Err(Refusal::Unknown.into());
        }
    }
    let (epoch, verifier) = (int(turn.epoch.0), &turn.verifier.0[..]);
    match id {
        Some(id) => {
            conn.prepare_cached("UPDATE delivery_group SET epoch = ?2, verifier = ?3, position = ?4, day = ?5 WHERE id = ?1")?
                .execute((id, epoch, verifier, int(position.0), int(today.0)))?;
            conn.prepare_cached("UPDATE roster SET sealed = ?2 WHERE id = ?1")?.execute((id, &turn.roster))?;
        }
        None => {
            conn.prepare_cached(
                "INSERT INTO delivery_group(group_id, epoch, verifier, position, day) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((&group.0[..], epoch, verifier, int(position.0), int(today.0)))?;
            conn.prepare_cached("INSERT INTO roster(id, sealed) VALUES (?1, ?2)")?
                .execute((conn.last_insert_rowid(), &turn.roster))?;
        }
    }
    Ok(())
}

/// The position given to this request before; `ReusedKey` where the key stands for something else.
pub(super) fn done_before(conn: &Connection, once: &Once) -> Result<Option<Position>, Stop> {
    let mut select = conn.prepare_cached("SELECT digest, position FROM once WHERE key = ?1")?;
    let row: Option<([u8; 16], i64)> = select.query_row([&once.key.0[..]], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match row {
        None => Ok(None),
        Some((digest, position)) if digest == once.digest => Ok(Some(Position(uint(position)))),
        Some(_) => Err(Refusal::ReusedKey.into()),
    }
}

pub(super) fn remember(conn: &Connection, today: Day, once: &Once, position: Position) -> Result<(), Stop> {
    conn.prepare_cached("INSERT INTO once(key, digest, position, day) VALUES (?1, ?2, ?3, ?4)")?.execute((
        &once.key.0[..],
        &once.digest[..],
        int(position.0),
        int(today.0),
    ))?;
    Ok(())
}
