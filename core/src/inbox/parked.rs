//! What was delivered and cannot be judged yet, in order, group by group.
//!
//! Called by `inbox`. Rows only. `account` names whose chain the first of a
//! group waits for.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::{AccountId, AliasId, Epoch, GroupId, Position};
use waxseal_wire::seal::{Delivered, Kind};

use crate::store::{StoreError, Tx};

/// Keeps one, behind all others of its group.
pub(super) fn park(tx: &Tx<'_>, delivered: &Delivered, account: Option<&AccountId>) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO parked (grp, epoch, position, kind, from_alias, roster_hash, envelope, account)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        delivered.group.0,
        delivered.epoch.0.cast_signed(),
        delivered.position.0.cast_signed(),
        delivered.kind == Kind::Commit,
        delivered.from.0,
        delivered.roster_hash,
        delivered.envelope,
        account.map(|account| account.0),
    ])?;
    Ok(())
}

/// Whether something of this group waits.
pub(crate) fn is_any(tx: &Tx<'_>, group: &GroupId) -> Result<bool, StoreError> {
    let found: Option<i64> =
        tx.prepare_cached("SELECT id FROM parked WHERE grp = ?1 LIMIT 1")?.query_row([group.0], |row| row.get(0)).optional()?;
    Ok(found.is_some())
}

/// The first one of a group.
pub(super) fn first(tx: &Tx<'_>, group: &GroupId) -> Result<Option<(i64, Delivered)>, StoreError> {
    let row = tx
        .prepare_cached(
            "SELECT id, epoch, position, kind, from_alias, roster_hash, envelope FROM parked WHERE grp = ?1 ORDER BY id LIMIT 1",
        )?
        .query_row([group.0], |row| {
            let delivered = Delivered {
                group: *group,
                epoch: Epoch(row.get::<_, i64>(1)?.cast_unsigned()),
                position: Position(row.get::<_, i64>(2)?.cast_unsigned()),
                kind: if row.get(3)? { Kind::Commit } else { Kind::Message },
                from: AliasId(row.get(4)?),
                roster_hash: row.get(5)?,
                envelope: row.get(6)?,
            };
            Ok((row.get(0)?, delivered))
        })
        .optional()?;
    Ok(row)
}

pub(super) fn delete(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM parked WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// What the first of this group waits for.
pub(super) fn wait_for(tx: &Tx<'_>, group: &GroupId, account: &AccountId) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO waiting (grp, account) VALUES (?1, ?2)")?.execute(params![group.0, account.0])?;
    Ok(())
}

/// Whether the first of any group waits for this account's chain.
pub(crate) fn is_awaited(tx: &Tx<'_>, account: &AccountId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT 1 FROM waiting WHERE account = ?1")?.exists([account.0])?)
}

/// Groups whose first waits for this account's chain; they wait no more.
pub(super) fn waiting_for(tx: &Tx<'_>, account: &AccountId) -> Result<Vec<GroupId>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT grp FROM waiting WHERE account = ?1")?;
    Ok(rows.query_map([account.0], |row| row.get(0).map(GroupId))?.collect::<Result<_, _>>()?)
}

/// Whether this group waited for this account's chain, which was fetched since.
pub(super) fn has_waited(tx: &Tx<'_>, group: &GroupId, account: &AccountId) -> Result<bool, StoreError> {
    let wanted: Option<i64> = tx
        .prepare_cached(
            "SELECT account.wanted FROM waiting LEFT JOIN account USING (account) WHERE waiting.grp = ?1 AND waiting.account = ?2",
        )?
        .query_row(params![group.0, account.0], |row| Ok(row.get::<_, Option<i64>>(0)?.unwrap_or(0)))
        .optional()?;
    Ok(wanted == Some(0))
}

pub(super) fn done_waiting(tx: &Tx<'_>, group: &GroupId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM waiting WHERE grp = ?1")?.execute([group.0])?;
    Ok(())
}
