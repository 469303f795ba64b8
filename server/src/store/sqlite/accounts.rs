//! Accounts, their chains and devices in SQLite.

use rusqlite::{Connection, OptionalExtension, Row};
use subtle::ConstantTimeEq;
use waxseal_wire::chain::{DeviceEntry, PublicKey, Signature, SignedRecord};
use waxseal_wire::id::{AccountId, DeviceId, Position, Seq};
use waxseal_wire::limits;
use waxseal_wire::reply::{AccountFound, DeviceKeyPackage, Refusal};
use waxseal_wire::request::AccountRef;

use super::{Stop, StoreError, directory, groups, int, keys, uint};
use crate::store::{Day, DeviceRow, Invite, MailboxId, NewAccount, Once};

pub(super) fn register(conn: &Connection, today: Day, once: &Once, new: &NewAccount<'_>) -> Result<(), Stop> {
    if groups::done_before(conn, once)?.is_some() {
        return Ok(());
    }
    // Before the name: who has no invitation learns nothing about names here.
    if let Some(code) = &new.invite {
        use_invite(conn, today, code)?;
    }
    let given =
        conn.prepare_cached("INSERT INTO given_name(skeleton) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([&new.skeleton[..]])?;
    let added = conn
        .prepare_cached("INSERT INTO account(account, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute((&new.account.0[..], new.name.as_str()))?;
    if given != 1 || added != 1 {
        return Err(Refusal::Taken.into());
    }
    let account = conn.last_insert_rowid();
    add_record(conn, account, 0, new.record)?;
    for device in new.devices {
        add_device(conn, account, device)?;
    }
    directory::due(conn, new.name.as_str())?;
    groups::remember(conn, today, once, Position(0))
}

fn use_invite(conn: &Connection, today: Day, code: &[u8; 32]) -> Result<(), Stop> {
    let mut all = conn.prepare_cached("SELECT id, code FROM invite WHERE uses > 0 AND until >= ?1")?;
    let mut rows = all.query([int(today.0)])?;
    let mut good: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let kept: [u8; 32] = row.get(1)?;
        if bool::from(kept.ct_eq(code)) {
            good = Some(row.get(0)?);
        }
    }
    let id = good.ok_or(Refusal::NotAllowed)?;
    conn.prepare_cached("UPDATE invite SET uses = uses - 1 WHERE id = ?1")?.execute([id])?;
    conn.prepare_cached("DELETE FROM invite WHERE id = ?1 AND uses <= 0")?.execute([id])?;
    Ok(())
}

pub(super) fn add_invite(conn: &Connection, invite: &Invite) -> Result<(), Stop> {
    conn.prepare_cached("INSERT INTO invite(code, uses, until) VALUES (?1, ?2, ?3)")?.execute((
        &invite.code[..],
        invite.uses,
        int(invite.until.0),
    ))?;
    Ok(())
}

fn add_record(conn: &Connection, account: i64, place: i64, record: &SignedRecord) -> Result<(), Stop> {
    conn.prepare_cached("INSERT INTO record(account, place, body, signer, signature) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
        account,
        place,
        &record.body,
        record.signer.map(|id| id.0),
        &record.signature.0[..],
    ))?;
    Ok(())
}

fn add_device(conn: &Connection, account: i64, device: &DeviceEntry) -> Result<(), Stop> {
    conn.prepare_cached("INSERT INTO device(account, device, key) VALUES (?1, ?2, ?3)")?.execute((
        account,
        &device.id.0[..],
        &device.key.0[..],
    ))?;
    conn.prepare_cached("INSERT INTO mailbox(id) VALUES (?1)")?.execute([conn.last_insert_rowid()])?;
    Ok(())
}

pub(super) fn device(conn: &Connection, account: &AccountId, device: &DeviceId) -> Result<Option<DeviceRow>, Stop> {
    let mut select = conn.prepare_cached(
        "SELECT m.id, d.key, m.head, m.losses, m.losses_told, (SELECT max(place) FROM record WHERE account = a.id), m.floor, m.sessions
         FROM account a JOIN device d ON d.account = a.id JOIN mailbox m ON m.id = d.mailbox
         WHERE a.account = ?1 AND d.device = ?2",
    )?;
    let mut rows = select.query((&account.0[..], &device.0[..]))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mailbox: i64 = row.get(0)?;
    Ok(Some(DeviceRow {
        mailbox: MailboxId(uint(mailbox)),
        key: PublicKey(row.get(1)?),
        head: Seq(uint(row.get(2)?)),
        floor: Seq(uint(row.get(6)?)),
        sessions: uint(row.get(7)?),
        losses: uint(row.get(3)?),
        losses_told: uint(row.get(4)?),
        keys_left: keys::left(conn, mailbox)?,
        chain_index: uint(row.get(5)?),
    }))
}

/// The row of the account that a device belongs to.
fn account_of(conn: &Connection, by: MailboxId) -> Result<i64, Stop> {
    let mut select = conn.prepare_cached("SELECT account FROM device WHERE mailbox = ?1")?;
    select.query_row([int(by.0)], |row| row.get(0)).optional()?.ok_or(Stop::Refused(Refusal::WrongDoor))
}

fn name_of(conn: &Connection, account: i64) -> Result<String, StoreError> {
    Ok(conn.prepare_cached("SELECT name FROM account WHERE id = ?1")?.query_row([account], |row| row.get(0))?)
}

pub(super) fn append_record(
    conn: &Connection,
    by: MailboxId,
    record: &SignedRecord,
    mut rule: impl FnMut(&[SignedRecord]) -> Result<Option<Vec<DeviceEntry>>, Refusal>,
) -> Result<Vec<MailboxId>, Stop> {
    let account = account_of(conn, by)?;
    let records = chain(conn, account)?;
    let Some(devices) = rule(&records)? else { return Ok(Vec::new()) };
    add_record(conn, account, int(records.len() as u64), record)?;
    let before = devices_of(conn, account)?;
    let mut gone = Vec::new();
    // The same id with another key is another device: what waited for the old one was not for it.
    for (mailbox, device, key) in &before {
        if !devices.iter().any(|one| one.id == *device && one.key == *key) {
            drop_device(conn, *mailbox)?;
            gone.push(MailboxId(uint(*mailbox)));
        }
    }
    for device in &devices {
        if !before.iter().any(|(_, id, key)| device.id == *id && device.key == *key) {
            add_device(conn, account, device)?;
        }
    }
    directory::due(conn, &name_of(conn, account)?)?;
    Ok(gone)
}

pub(super) fn close(conn: &Connection, by: MailboxId) -> Result<Vec<MailboxId>, Stop> {
    let account = account_of(conn, by)?;
    let mut gone = Vec::new();
    for (mailbox, ..) in devices_of(conn, account)? {
        drop_device(conn, mailbox)?;
        gone.push(MailboxId(uint(mailbox)));
    }
    directory::due(conn, &name_of(conn, account)?)?;
    // Records go with it; the skeleton of the name stays, and a hash of it in the directory's log.
    conn.prepare_cached("DELETE FROM account WHERE id = ?1")?.execute([account])?;
    Ok(gone)
}

/// Deletes a device with its mailbox, aliases and KeyPackages.
fn drop_device(conn: &Connection, mailbox: i64) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM envelope WHERE mailbox = ?1")?.execute([mailbox])?;
    conn.prepare_cached("DELETE FROM device WHERE mailbox = ?1")?.execute([mailbox])?;
    Ok(())
}

pub(super) fn devices_of(conn: &Connection, account: i64) -> Result<Vec<(i64, DeviceId, PublicKey)>, StoreError> {
    let mut select = conn.prepare_cached("SELECT mailbox, device, key FROM device WHERE account = ?1 ORDER BY mailbox")?;
    let rows = select.query_map([account], |row| Ok((row.get(0)?, DeviceId(row.get(1)?), PublicKey(row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn chain(conn: &Connection, account: i64) -> Result<Vec<SignedRecord>, StoreError> {
    let mut select = conn.prepare_cached("SELECT body, signer, signature FROM record WHERE account = ?1 ORDER BY place")?;
    let rows = select.query_map([account], |row| {
        let signer: Option<[u8; 16]> = row.get(1)?;
        Ok(SignedRecord { body: row.get(0)?, signer: signer.map(DeviceId), signature: Signature(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The chain as far as the directory says it.
fn told(conn: &Connection, account: i64) -> Result<Vec<SignedRecord>, StoreError> {
    let told: i64 = conn.prepare_cached("SELECT told FROM account WHERE id = ?1")?.query_row([account], |row| row.get(0))?;
    let mut chain = chain(conn, account)?;
    chain.truncate(usize::try_from(told).unwrap_or(0));
    Ok(chain)
}

pub(super) fn look_up(
    conn: &Connection,
    who: &[AccountRef],
    key_packages: bool,
    most_bytes: usize,
) -> Result<Vec<AccountFound>, Stop> {
    let (mut all, mut bytes) = (Vec::with_capacity(who.len()), 0);
    for who in who {
        let Some((account, name)) = find(conn, who)? else {
            bytes += AROUND + ABSENCE;
            all.push(AccountFound::default());
            continue;
        };
        let chain = told(conn, account)?;
        if chain.is_empty() {
            bytes += AROUND;
            all.push(AccountFound { name, ..AccountFound::default() });
            continue;
        }
        let devices = if key_packages { devices_of(conn, account)? } else { Vec::new() };
        // Before a KeyPackage is taken: what is taken must arrive.
        bytes += AROUND + PROOF + name.len() + chain.iter().map(|record| record.body.len() + AROUND).sum::<usize>();
        bytes += devices.len() * (limits::KEY_PACKAGE + AROUND);
        if bytes > most_bytes && !all.is_empty() {
            break;
        }
        let mut found = AccountFound { name, chain, ..AccountFound::default() };
        for (mailbox, device, _) in devices {
            if let Some((key_package, last_resort)) = keys::take(conn, mailbox)? {
                found.key_packages.push(DeviceKeyPackage { device, key_package, last_resort });
            }
        }
        all.push(found);
    }
    Ok(all)
}

/// What a record or a KeyPackage is longer on the wire than its bytes, at most: ids, a signature, tags and lengths.
const AROUND: usize = 128;
/// What the directory's proof of a name takes, as a rule (`docs/benchmarks.md`).
const PROOF: usize = 6 << 10;
/// What its proof that there is no such name takes.
const ABSENCE: usize = 24 << 10;

fn find(conn: &Connection, who: &AccountRef) -> Result<Option<(i64, String)>, StoreError> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let row = match who {
        AccountRef::Name(name) => {
            conn.prepare_cached("SELECT id, name FROM account WHERE name = ?1")?.query_row([name.as_str()], read)
        }
        AccountRef::Id(id) => conn.prepare_cached("SELECT id, name FROM account WHERE account = ?1")?.query_row([&id.0[..]], read),
    };
    Ok(row.optional()?)
}
