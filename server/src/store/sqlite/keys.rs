//! KeyPackages and aliases in SQLite.

use rusqlite::{Connection, OptionalExtension};
use waxseal_wire::id::AliasId;
use waxseal_wire::limits;
use waxseal_wire::reply::{KeysLeft, Refusal};
use waxseal_wire::request::{KeyPackageUpload, PublishKeys};

use super::{Stop, StoreError, int};
use crate::store::MailboxId;

pub(super) fn publish(conn: &Connection, by: MailboxId, publish: &PublishKeys) -> Result<KeysLeft, Stop> {
    if publish.key_packages.len() > limits::UPLOAD || publish.aliases.len() > limits::UPLOAD {
        return Err(Refusal::TooLarge.into());
    }
    let mailbox = int(by.0);
    must_exist(conn, mailbox)?;
    if publish.replace {
        take_back(conn, mailbox, &publish.key_packages)?;
    }
    for upload in &publish.key_packages {
        keep(conn, mailbox, upload)?;
    }
    for alias in &publish.aliases {
        claim(conn, mailbox, alias)?;
    }
    drop_surplus(conn, mailbox)?;
    let aliases: i64 =
        conn.prepare_cached("SELECT count(*) FROM alias WHERE mailbox = ?1")?.query_row([mailbox], |row| row.get(0))?;
    if aliases > int(limits::ALIASES as u64) {
        return Err(Refusal::TooLarge.into());
    }
    Ok(left(conn, mailbox)?)
}

/// Keeps one KeyPackage. One whose alias this device has already is a repetition: it may be used
/// up by now, and must not be handed out again. A last resort takes the place of the one before.
fn keep(conn: &Connection, mailbox: i64, upload: &KeyPackageUpload) -> Result<(), Stop> {
    let is_new = claim(conn, mailbox, &upload.alias)?;
    if !is_new && !upload.last_resort {
        return Ok(());
    }
    if upload.last_resort {
        conn.prepare_cached("DELETE FROM key_package WHERE mailbox = ?1 AND last_resort = 1")?.execute([mailbox])?;
    }
    conn.prepare_cached("INSERT INTO key_package(mailbox, last_resort, alias, bytes) VALUES (?1, ?2, ?3, ?4)")?.execute((
        mailbox,
        upload.last_resort,
        &upload.alias.0[..],
        &upload.key_package,
    ))?;
    Ok(())
}

/// Hands none out any more but those that stay. The aliases are kept: who was given one may still use it.
fn take_back(conn: &Connection, mailbox: i64, stay: &[KeyPackageUpload]) -> Result<(), StoreError> {
    let kept = {
        let mut select = conn.prepare_cached("SELECT id, alias FROM key_package WHERE mailbox = ?1")?;
        let rows = select.query_map([mailbox], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<Vec<(i64, [u8; 16])>, _>>()?
    };
    for (id, alias) in kept {
        if !stay.iter().any(|upload| upload.alias.0 == alias) {
            conn.prepare_cached("DELETE FROM key_package WHERE id = ?1")?.execute([id])?;
        }
    }
    Ok(())
}

/// Registers an alias; whether it is new. `Taken` where another device has it.
fn claim(conn: &Connection, mailbox: i64, alias: &AliasId) -> Result<bool, Stop> {
    let mut insert = conn.prepare_cached("INSERT INTO alias(alias, mailbox) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    if insert.execute((&alias.0[..], mailbox))? == 1 {
        return Ok(true);
    }
    let owner: i64 =
        conn.prepare_cached("SELECT mailbox FROM alias WHERE alias = ?1")?.query_row([&alias.0[..]], |row| row.get(0))?;
    if owner == mailbox { Ok(false) } else { Err(Refusal::Taken.into()) }
}

/// The newest one-time KeyPackages stay; the others go with their aliases, which nobody was told.
fn drop_surplus(conn: &Connection, mailbox: i64) -> Result<(), StoreError> {
    let mut surplus = conn.prepare_cached(
        "DELETE FROM key_package WHERE id IN
         (SELECT id FROM key_package WHERE mailbox = ?1 AND last_resort = 0 ORDER BY id DESC LIMIT -1 OFFSET ?2) RETURNING alias",
    )?;
    let gone = surplus.query_map([mailbox, int(limits::KEY_PACKAGES as u64)], |row| row.get(0))?;
    let gone = gone.collect::<Result<Vec<[u8; 16]>, _>>()?;
    for alias in gone {
        conn.prepare_cached("DELETE FROM alias WHERE alias = ?1")?.execute([&alias[..]])?;
    }
    Ok(())
}

pub(super) fn drop_aliases(conn: &Connection, by: MailboxId, aliases: &[AliasId]) -> Result<(), Stop> {
    must_exist(conn, int(by.0))?;
    let mut delete = conn.prepare_cached("DELETE FROM alias WHERE alias = ?1 AND mailbox = ?2")?;
    for alias in aliases {
        delete.execute((&alias.0[..], int(by.0)))?;
    }
    Ok(())
}

pub(super) fn left(conn: &Connection, mailbox: i64) -> Result<KeysLeft, StoreError> {
    let mut count = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE last_resort = 0), count(*) FILTER (WHERE last_resort = 1)
         FROM key_package WHERE mailbox = ?1",
    )?;
    let (one_time, last): (i64, i64) = count.query_row([mailbox], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(KeysLeft { one_time: u32::try_from(one_time).unwrap_or(u32::MAX), last_resort: last > 0 })
}

/// Takes a one-time KeyPackage of a device for good, or copies its last resort.
pub(super) fn take(conn: &Connection, mailbox: i64) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
    let mut pop = conn.prepare_cached(
        "DELETE FROM key_package WHERE id =
         (SELECT id FROM key_package WHERE mailbox = ?1 AND last_resort = 0 ORDER BY id LIMIT 1) RETURNING bytes",
    )?;
    if let Some(bytes) = pop.query_row([mailbox], |row| row.get(0)).optional()? {
        return Ok(Some((bytes, false)));
    }
    let mut last = conn.prepare_cached("SELECT bytes FROM key_package WHERE mailbox = ?1 AND last_resort = 1")?;
    Ok(last.query_row([mailbox], |row| row.get(0)).optional()?.map(|bytes| (bytes, true)))
}

fn must_exist(conn: &Connection, mailbox: i64) -> Result<(), Stop> {
    let exists = conn.prepare_cached("SELECT 1 FROM mailbox WHERE id = ?1")?.exists([mailbox])?;
    if exists { Ok(()) } else { Err(Refusal::WrongDoor.into()) }
}
