//! The write-ahead log: what was written together, for a moment.
//!
//! The log holds transactions in their order, each with the pages that it changed. A message goes into the mailboxes
//! of its group in one transaction, so the log tells who is in a group, however rows are laid out. Therefore it is
//! emptied all the time, and what was in it is overwritten where it lay: a file that is made shorter leaves its
//! bytes behind on the disk.
//!
//! ```text
//!   checkpoint: all is in the tables ─► a write without content: the log begins anew ─► what lies behind it is zeroed
//! ```
//! Called by the one connection that writes, while nothing is gathered. See `docs/decisions/0016-emptying-the-log.md`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{BUSY, StoreError};

/// How long a reader may hold us up; then it is for the next time.
const PATIENCE: Duration = Duration::from_millis(40);
/// The file keeps its length, so that it is written where it was written before; a larger one is cut.
const LENGTH: u64 = 16 << 20;

// SQLite's file format, §4.1: a header, then frames of a header and a page each.
const HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// Where the log of a store lies.
pub(super) fn beside(store: &Path) -> PathBuf {
    // SQLite names it after the file that a link leads to.
    let mut path = store.canonicalize().unwrap_or_else(|_| store.to_owned()).into_os_string();
    path.push("-wal");
    path.into()
}

/// How much of the file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// As far as something lies in it.
    Written,
    /// To its end: another process may have died while it overwrote.
    Whole,
}

/// Empties the log in `file`; whether it could. A reader that stays (a backup) holds it up.
pub(super) fn empty(conn: &Connection, file: &Path, reach: Reach) -> Result<bool, StoreError> {
    conn.busy_timeout(PATIENCE)?;
    let moved = conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get::<_, bool>(0).map(|is_busy| !is_busy));
    conn.busy_timeout(BUSY)?;
    if !moved? {
        return Ok(false);
    }
    begin_anew(conn)?;
    overwrite(file, reach)?;
    Ok(true)
}

/// Has SQLite begin the log again at its start: one page, which holds the file's header and the schema.
///
/// Clears its list of pages (`-shm`) too.
fn begin_anew(conn: &Connection) -> Result<(), StoreError> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // NORMAL syncs the new start of the log, behind which the old frames are void; the page itself says nothing new.
    conn.execute_batch("PRAGMA synchronous = NORMAL")?;
    let written = conn.execute_batch(&format!("PRAGMA user_version = {version}"));
    conn.execute_batch("PRAGMA synchronous = FULL")?;
    Ok(written?)
}

/// Zeroes all frames that SQLite itself takes for void, because their salt is not the header's.
fn overwrite(path: &Path, reach: Reach) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let (size, mut header) = (file.metadata()?.len(), [0; HEADER as usize]);
    if size < HEADER {
        return Ok(());
    }
    file.read_exact_at(&mut header, 0)?;
    let [_, _, _, _, _, _, _, _, p0, p1, p2, p3, _, _, _, _, salt @ .., _, _, _, _, _, _, _, _] = header;
    let frame = FRAME_HEADER + u64::from(u32::from_be_bytes([p0, p1, p2, p3]));
    let live = frames(&file, HEADER, size, frame, |at| at == salt)?;
    let end = match reach {
        Reach::Whole => size,
        Reach::Written => frames(&file, live, size, frame, |at| at != [0; 8])?,
    };
    zero(&file, live, end)?;
    if size > LENGTH.max(live) {
        file.set_len(LENGTH.max(live))?;
    }
    file.sync_data()
}

/// Where the frames from `from` on end whose salt `is` so.
fn frames(file: &File, from: u64, size: u64, frame: u64, is: impl Fn([u8; 8]) -> bool) -> io::Result<u64> {
    let mut at = from;
    while at + FRAME_HEADER <= size {
        let mut salt = [0; 8];
        file.read_exact_at(&mut salt, at + 8)?;
        if !is(salt) {
            break;
        }
        at += frame;
    }
    Ok(at.min(size))
}

fn zero(file: &File, from: u64, end: u64) -> io::Result<()> {
    const NOTHING: &[u8] = &[0; 64 << 10];
    let mut at = from;
    while at < end {
        let part = usize::try_from(end - at).unwrap_or(usize::MAX).min(NOTHING.len());
        file.write_all_at(NOTHING.get(..part).unwrap_or_default(), at)?;
        at += part as u64;
    }
    Ok(())
}
