//! A clock that goes back takes with it all that waits for a moment.
//!
//! Called by `turn` before anything else. Time is the shell's word: after the
//! clock of a device was wrong and is set, what was due "in a second" would else
//! be due in years. Forwards nothing is to be done: all is due, once.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::Millis;

use crate::store::StoreError;
use crate::turn::Turn;

/// Steps back of less than this are let be, and what was seen is written down so often, in milliseconds.
const MINUTE: u64 = 60_000;
/// Steps back of more than this make KeyPackages anew, in milliseconds.
const DAY: u64 = 24 * 60 * MINUTE;

/// Every column that names a moment to wait for.
const WAITING: [(&str, &str); 8] = [
    ("outbox", "due"),
    ("chat_group", "update_at"),
    ("chat_group", "heal_at"),
    ("due_receipt", "due"),
    ("link", "due"),
    ("link", "expires"),
    ("account", "checked"),
    ("me", "keys_due"),
];

impl Turn<'_> {
    /// Notices a clock that went back since the last turn, also over a restart.
    pub(crate) fn heed_clock(&mut self) -> Result<(), StoreError> {
        let written = match self.session.seen {
            Some(_) => None,
            None => self.tx.prepare_cached("SELECT clock FROM me")?.query_row([], |row| row.get::<_, i64>(0)).optional()?,
        };
        let seen = self.session.seen.or(written.map(|at| Millis(at.cast_unsigned()))).unwrap_or_default();
        let back = seen.0.saturating_sub(self.now.0);
        if back > MINUTE {
            self.clock_went_back(back)?;
        } else if self.now.0 / MINUTE != seen.0 / MINUTE && self.now > seen {
            self.write_clock()?;
        }
        self.session.seen = Some(if back > MINUTE { self.now } else { self.now.max(seen) });
        Ok(())
    }

    fn write_clock(&mut self) -> Result<(), StoreError> {
        self.tx.prepare_cached("UPDATE me SET clock = ?1")?.execute([self.now.0.cast_signed()])?;
        Ok(())
    }

    fn clock_went_back(&mut self, by: u64) -> Result<(), StoreError> {
        for (table, column) in WAITING {
            let sql = format!("UPDATE {table} SET {column} = max(0, {column} - ?1) WHERE {column} > 0");
            self.tx.execute(&sql, [by.cast_signed()])?;
        }
        if by > DAY {
            // What was made in the wrong time has no age that others could judge; nor had theirs one for us.
            self.renew_keys()?;
            self.tx.execute(
                "UPDATE outbox SET due = ?1, keys = NULL WHERE founds AND stage = 0 AND due > ?1",
                params![self.now.0.cast_signed()],
            )?;
        }
        // A chat that was written in "tomorrow" would stand above all others until then.
        self.tx.execute("UPDATE chat SET active = ?1 WHERE active > ?1", params![self.now.0.cast_signed()])?;
        let session = &mut *self.session;
        let waiting = [
            &mut session.fetch_at,
            &mut session.register_at,
            &mut session.keys_at,
            &mut session.watch_at,
            &mut session.relate_at,
            &mut session.witness_at,
        ];
        for at in waiting.into_iter().flatten() {
            at.0 = at.0.saturating_sub(by);
        }
        self.session.wake_at = None;
        self.write_clock()
    }
}
