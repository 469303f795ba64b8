//! The store on one machine: one SQLite file.
//!
//! WAL with `synchronous=FULL`: what was persisted survives a kill and a power
//! cut. `secure_delete`: what was deleted is overwritten. One [`SqliteStore`] is
//! one connection: one writes, others may read beside it. What else the files
//! would tell is taken out of them by `log` and `upkeep`.
//! Never decides whether something is allowed.

mod accounts;
mod blobs;
mod directory;
mod groups;
mod held;
mod keys;
mod log;
mod mailboxes;
mod schema;
mod trouble;
mod upkeep;
mod witness;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand_core::CryptoRngCore;
use rusqlite::{Connection, OpenFlags, backup};
use waxseal_transparency::publish::Epoch as Published;
use waxseal_transparency::{LogKeys, Value};
use waxseal_wire::chain::{DeviceEntry, SignedRecord};
use waxseal_wire::id::{AccountId, AliasId, BlobId, DeviceId, GroupId, LogId, Millis, Seq};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, BlobPart, KeysLeft, MailboxEntry, Refusal};
use waxseal_wire::request::{AccountRef, PublishKeys, PutBlob};

use super::{Day, DeviceRow, Invite, MailboxId, NewAccount, Once, Posted, Rule, Stop, Store, StoreError, WitnessedLog};
use crate::subject::Subject;

pub use held::{Held, HeldError};

/// The store in one SQLite file, or in memory.
pub struct SqliteStore {
    shelf: Arc<Shelf>,
    gathering: bool,
    /// What is read belongs to a moment that somebody else chose.
    glancing: bool,
    /// Set when the database gave up the whole transaction while operations were gathered.
    failed: Option<StoreError>,
    fail_next: bool,
    /// Its log; `None` in memory, and where it only reads.
    log: Option<PathBuf>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}

/// Where everything lies. The directory's log reads from it, too, while an operation of the store is under way.
pub struct Shelf(Mutex<Connection>);

impl Shelf {
    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}

/// A copy of a store in memory.
pub struct Snapshot(Connection);

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

impl SqliteStore {
    /// Opens or makes the store in the file `path`, for writing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let conn = Connection::open(path)?;
        // Both must be said before the first table is made.
        conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")?;
        let log = log::beside(path);
        let store = Self { log: Some(log.clone()), ..Self::set_up(conn)? };
        // Whoever wrote before us may have been killed in the middle.
        log::empty(&store.shelf.conn(), &log, log::Reach::Whole)?;
        Ok(store)
    }

    /// Opens a store that exists, for reading alone.
    pub fn open_reader(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY)?;
        // A proof reads some sixty nodes of the directory's tree, and the upper ones are the same for everybody.
        conn.execute_batch("PRAGMA cache_size = -32768;")?;
        conn.set_prepared_statement_cache_capacity(32);
        schema::check(&conn)?;
        Ok(Self::over(conn))
    }

    /// A new store that lives as long as this value: for simulations.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        Self::set_up(Connection::open_in_memory()?)
    }

    /// A store in memory that begins as the copy was.
    pub fn from_snapshot(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let mut conn = Connection::open_in_memory()?;
        copy(&snapshot.0, &mut conn)?;
        Self::set_up(conn)
    }

    /// A copy of all that is persisted now.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut conn = Connection::open_in_memory()?;
        copy(&self.shelf.conn(), &mut conn)?;
        Ok(Snapshot(conn))
    }

    /// Writes a consistent copy to the file `to`, while others write on.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let mut target = Connection::open(to)?;
        copy(&self.shelf.conn(), &mut target)?;
        // A copy is carried around: it must be one file.
        target.execute_batch("PRAGMA journal_mode = DELETE;")?;
        Ok(())
    }

    /// Whether the file is a store that this program can open.
    pub fn check(path: &Path) -> Result<(), StoreError> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check(&conn)?;
        let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt) }
    }

    /// Everything that a store of this version can hold, from its schema, and why.
    pub fn held(&self) -> Result<Vec<Held>, HeldError> {
        held::held(&self.shelf.conn())
    }

    /// Refuses as `Full` what would make the file larger than `bytes`; `None` takes the limit away.
    pub fn limit_size(&mut self, bytes: Option<u64>) -> Result<(), StoreError> {
        let conn = self.shelf.conn();
        let page: u32 = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = bytes.map_or(u64::from(u32::MAX) - 1, |bytes| (bytes / u64::from(page.max(1))).max(1));
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(())
    }

    /// Gives free pages back to the disk.
    ///
    /// To be called after a sweep, while nothing is gathered; empty the log after it.
    pub fn shrink(&mut self) -> Result<(), StoreError> {
        upkeep::shrink(&self.shelf.conn())
    }

    /// Lays all rows of a store that is not large where their keys say, so that the file tells no more what came when.
    ///
    /// To be called while nothing is gathered; empty the log after it.
    pub fn lay_out(&mut self) -> Result<(), StoreError> {
        upkeep::lay_out(&self.shelf.conn())
    }

    /// Moves what is in the write-ahead log into the tables, and overwrites it; whether it could.
    ///
    /// A reader that stays, a backup for one, holds it up: try again. To be called while nothing is gathered.
    pub fn empty_log(&mut self) -> Result<bool, StoreError> {
        self.log.as_deref().map_or(Ok(true), |file| log::empty(&self.shelf.conn(), file, log::Reach::Written))
    }

    /// Stores something that changes nothing: whether there is room, and whether the disk takes it.
    pub fn trial(&mut self) -> Result<(), StoreError> {
        upkeep::trial(&self.shelf.conn())
    }

    /// Whether it has a log of the directory.
    pub fn has_log(&self) -> Result<bool, StoreError> {
        let conn = self.shelf.conn();
        // A backup may be older than the directory.
        let is_known =
            conn.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'log_step')", [], |row| row.get(0))?;
        Ok(is_known && conn.query_row("SELECT EXISTS (SELECT 1 FROM log_step)", [], |row| row.get(0))?)
    }

    /// Makes the next persist fail, as a disk that fails would: for simulations.
    pub fn fail_next_persist(&mut self) {
        self.fail_next = true;
    }

    fn set_up(conn: Connection) -> Result<Self, StoreError> {
        conn.busy_timeout(BUSY)?;
        conn.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = -1;",
        )?;
        conn.set_prepared_statement_cache_capacity(96);
        schema::migrate(&conn)?;
        Ok(Self::over(conn))
    }

    fn over(conn: Connection) -> Self {
        let shelf = Arc::new(Shelf(Mutex::new(conn)));
        Self { shelf, gathering: false, glancing: false, failed: None, fail_next: false, log: None }
    }

    /// Does `work` whole or not at all.
    fn whole<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Stop>) -> Result<T, Stop> {
        self.whole_over(|shelf| work(&shelf.conn()))
    }

    /// The same, for work that lets others read in between.
    fn whole_over<T>(&mut self, work: impl FnOnce(&Arc<Shelf>) -> Result<T, Stop>) -> Result<T, Stop> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        run(&self.shelf.conn(), if self.gathering { "SAVEPOINT one" } else { "BEGIN IMMEDIATE" })?;
        let done = work(&self.shelf).and_then(|done| {
            if self.gathering {
                run(&self.shelf.conn(), "RELEASE one")?
            } else {
                self.keep()?
            }
            Ok(done)
        });
        if let Err(stop) = &done {
            self.undo(stop);
        }
        done
    }

    /// Reads several things as they were at one moment.
    fn glance<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Stop>) -> Result<T, Stop> {
        self.at_once(|store| work(&store.shelf.conn()))
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.fail_next) {
            return Err(StoreError::Disk(rusqlite::ffi::SQLITE_IOERR));
        }
        run(&self.shelf.conn(), "COMMIT")
    }

    fn undo(&mut self, stop: &Stop) {
        let conn = self.shelf.conn();
        let undone = match (conn.is_autocommit(), self.gathering) {
            // The database undid everything by itself (a full disk, for one): what was gathered is gone too.
            (true, true) => Err(StoreError::Full),
            (true, false) => Ok(()),
            (false, true) => run(&conn, "ROLLBACK TO one").and_then(|()| run(&conn, "RELEASE one")),
            (false, false) => run(&conn, "ROLLBACK"),
        };
        drop(conn);
        if undone.is_err() && self.gathering {
            self.failed = Some(match stop {
                Stop::Broken(error) => *error,
                Stop::Refused(_) => StoreError::Database(0),
            });
        }
    }
}

const BUSY: Duration = Duration::from_secs(5);

impl Store for SqliteStore {
    type Records = Shelf;

    fn begin(&mut self) -> Result<(), StoreError> {
        run(&self.shelf.conn(), "BEGIN IMMEDIATE")?;
        self.gathering = true;
        Ok(())
    }

    fn persist(&mut self) -> Result<(), StoreError> {
        self.gathering = false;
        let kept = match self.failed.take() {
            Some(error) => Err(error),
            None => self.keep(),
        };
        let conn = self.shelf.conn();
        if kept.is_err() && !conn.is_autocommit() {
            run(&conn, "ROLLBACK")?;
        }
        kept
    }

    fn register(&mut self, today: Day, once: &Once, new: &NewAccount<'_>) -> Result<(), Stop> {
        self.whole(|conn| accounts::register(conn, today, once, new))
    }

    fn add_invite(&mut self, invite: &Invite) -> Result<(), StoreError> {
        broken(self.whole(|conn| accounts::add_invite(conn, invite)))
    }

    fn device(&mut self, account: &AccountId, device: &DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        broken(self.glance(|conn| accounts::device(conn, account, device)))
    }

    fn append_record(
        &mut self,
        by: MailboxId,
        record: &SignedRecord,
        rule: impl FnMut(&[SignedRecord]) -> Result<Option<Vec<DeviceEntry>>, Refusal>,
    ) -> Result<Vec<MailboxId>, Stop> {
        self.whole(|conn| accounts::append_record(conn, by, record, rule))
    }

    fn close_account(&mut self, by: MailboxId) -> Result<Vec<MailboxId>, Stop> {
        self.whole(|conn| accounts::close(conn, by))
    }

    fn look_up(&mut self, who: &[AccountRef], key_packages: bool, most_bytes: usize) -> Result<Vec<AccountFound>, StoreError> {
        broken(match key_packages {
            true => self.whole(|conn| accounts::look_up(conn, who, true, most_bytes)),
            false => self.glance(|conn| accounts::look_up(conn, who, false, most_bytes)),
        })
    }

    fn publish_keys(&mut self, by: MailboxId, publish: &PublishKeys) -> Result<KeysLeft, Stop> {
        self.whole(|conn| keys::publish(conn, by, publish))
    }

    fn drop_aliases(&mut self, by: MailboxId, aliases: &[AliasId]) -> Result<(), Stop> {
        self.whole(|conn| keys::drop_aliases(conn, by, aliases))
    }

    fn post<R: CryptoRngCore>(
        &mut self,
        today: Day,
        rng: &mut R,
        once: &Once,
        group: &GroupId,
        rule: impl Rule<R>,
        crowded: impl FnMut(MailboxId) -> Result<(), Refusal>,
    ) -> Result<Posted, Stop> {
        self.whole(|conn| groups::post(conn, today, rng, once, group, rule, crowded))
    }

    fn entries(&mut self, by: MailboxId, after: Seq, max: usize, max_bytes: usize) -> Result<Vec<MailboxEntry>, Stop> {
        self.glance(|conn| mailboxes::entries(conn, by, after, max, max_bytes))
    }

    fn count_session(&mut self, by: MailboxId, session: u64) -> Result<(), Stop> {
        self.whole(|conn| mailboxes::count_session(conn, by, session))
    }

    fn ack(&mut self, by: MailboxId, upto: Seq, losses: u64) -> Result<(), Stop> {
        self.whole(|conn| mailboxes::ack(conn, by, upto, losses))
    }

    fn put_blob(&mut self, today: Day, put: &PutBlob) -> Result<(), Stop> {
        self.whole(|conn| blobs::put(conn, today, put))
    }

    fn fetch_blob(&mut self, blob: &BlobId, offset: u64) -> Result<BlobPart, Stop> {
        self.glance(|conn| blobs::fetch(conn, blob, offset))
    }

    fn at_once<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        if self.gathering || self.glancing {
            return work(self);
        }
        run(&self.shelf.conn(), "BEGIN DEFERRED")?;
        self.glancing = true;
        let seen = work(self);
        self.glancing = false;
        run(&self.shelf.conn(), "ROLLBACK")?;
        seen
    }

    fn records(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    fn publish(
        &mut self,
        most: usize,
        rule: impl FnOnce(&Arc<Shelf>, &[(String, Value)]) -> Result<Option<Published>, StoreError>,
    ) -> Result<bool, Stop> {
        self.whole_over(|shelf| directory::publish(shelf, most, rule))
    }

    fn told_at(&mut self) -> Result<Option<Millis>, Stop> {
        self.glance(directory::told_at)
    }

    fn tell_again(&mut self, at: Millis) -> Result<(), Stop> {
        self.whole(|conn| directory::tell_again(conn, at))
    }

    fn begin_new_log(
        &mut self,
        old: &LogId,
        rule: impl FnOnce(&Arc<Shelf>) -> Result<(Published, Option<Vec<u8>>), StoreError>,
    ) -> Result<(), StoreError> {
        broken(self.whole_over(|shelf| directory::begin_new_log(shelf, old, rule)))
    }

    fn handovers(&mut self, from: &LogId) -> Result<Vec<Vec<u8>>, StoreError> {
        broken(self.glance(|conn| directory::handovers(conn, from)))
    }

    fn step(&mut self, epoch: u64) -> Result<Option<Vec<u8>>, StoreError> {
        broken(self.glance(|conn| directory::step(conn, epoch)))
    }

    fn cosigned(&mut self, log: &LogId) -> Result<Option<Vec<u8>>, StoreError> {
        broken(self.glance(|conn| witness::cosigned(conn, log)))
    }

    fn keep_cosigned(&mut self, log: &LogId, head: &[u8]) -> Result<(), StoreError> {
        broken(self.whole(|conn| witness::keep_cosigned(conn, log, head)))
    }

    fn witnessed(&mut self, log: &LogKeys) -> Result<Option<WitnessedLog>, StoreError> {
        broken(self.glance(|conn| witness::witnessed(conn, log)))
    }

    fn witness<T>(
        &mut self,
        log: &LogKeys,
        rule: impl FnOnce(Option<&WitnessedLog>) -> (Option<WitnessedLog>, T),
    ) -> Result<T, StoreError> {
        broken(self.whole(|conn| witness::witness(conn, log, rule)))
    }

    fn sweep(&mut self, today: Day, kept: Day, groups: Day) -> Result<(), StoreError> {
        broken(self.whole(|conn| upkeep::sweep(conn, today, kept, groups)))
    }

    fn subject(&mut self, name: &AccountName) -> Result<Option<Subject>, StoreError> {
        broken(self.glance(|conn| upkeep::subject(conn, name)))
    }
}

fn run(conn: &Connection, sql: &'static str) -> Result<(), StoreError> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// For operations that refuse nothing.
fn broken<T>(result: Result<T, Stop>) -> Result<T, StoreError> {
    result.map_err(|stop| match stop {
        Stop::Broken(error) => error,
        Stop::Refused(_) => StoreError::Database(0),
    })
}

fn copy(from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    // In one step: a copy in many begins anew whenever somebody writes.
    backup::Backup::new(from, to)?.step(-1)?;
    Ok(())
}

/// The file of the store in a data folder.
pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join("waxseal.db")
}

/// A number as SQLite has them; none of ours reaches 2^63.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
