//! Blobs in SQLite: the parts as they came, in order.

use rusqlite::{Connection, OptionalExtension};
use waxseal_wire::id::BlobId;
use waxseal_wire::reply::{BlobPart, Refusal};
use waxseal_wire::request::PutBlob;

use super::{Stop, StoreError, int, uint};
use crate::store::Day;

pub(super) fn put(conn: &Connection, today: Day, put: &PutBlob) -> Result<(), Stop> {
    let mut select = conn.prepare_cached("SELECT id, total, stored FROM blob WHERE blob = ?1")?;
    let row = select.query_row([&put.blob.0[..]], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let (id, total, stored): (i64, i64, i64) = match row {
        Some(row) => row,
        None if put.offset > 0 => return Err(Refusal::NotAllowed.into()),
        None => {
            conn.prepare_cached("INSERT INTO blob(blob, total, stored, day) VALUES (?1, ?2, 0, ?3)")?.execute((
                &put.blob.0[..],
                int(put.total),
                int(today.0),
            ))?;
            (conn.last_insert_rowid(), int(put.total), 0)
        }
    };
    if total != int(put.total) {
        return Err(Refusal::Taken.into());
    }
    let offset = int(put.offset);
    if offset > stored {
        return Err(Refusal::NotAllowed.into());
    }
    if offset < stored {
        let mut part = conn.prepare_cached("SELECT bytes = ?3 FROM blob_part WHERE blob = ?1 AND place = ?2")?;
        let same: Option<bool> = part.query_row((id, offset, &put.bytes), |row| row.get(0)).optional()?;
        return if same == Some(true) { Ok(()) } else { Err(Refusal::Taken.into()) };
    }
    conn.prepare_cached("INSERT INTO blob_part(blob, place, bytes) VALUES (?1, ?2, ?3)")?.execute((id, offset, &put.bytes))?;
    conn.prepare_cached("UPDATE blob SET stored = stored + ?2 WHERE id = ?1")?.execute((id, int(put.bytes.len() as u64)))?;
    Ok(())
}

pub(super) fn fetch(conn: &Connection, blob: &BlobId, offset: u64) -> Result<BlobPart, Stop> {
    let mut select = conn.prepare_cached(
        "SELECT b.total, p.place, p.bytes FROM blob b JOIN blob_part p ON p.blob = b.id
         WHERE b.blob = ?1 AND b.stored = b.total AND b.total > ?2 AND p.place <= ?2 ORDER BY p.place DESC LIMIT 1",
    )?;
    let mut rows = select.query((&blob.0[..], int(offset)))?;
    let row = rows.next()?.ok_or(Refusal::Unknown)?;
    let bytes = row.get_ref(2)?.as_blob().map_err(|_| StoreError::Corrupt)?;
    let skip = usize::try_from(offset.saturating_sub(uint(row.get(1)?))).unwrap_or(usize::MAX);
    let bytes = bytes.get(skip..).filter(|rest| !rest.is_empty()).ok_or(StoreError::Corrupt)?;
    Ok(BlobPart { total: uint(row.get(0)?), bytes: bytes.to_vec() })
}
