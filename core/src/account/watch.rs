//! Watching our own name: what the directory says of us, others are told.
//!
//! ```text
//!   session begins, or a day later ──► newest versions of our name ──► each the head of our chain, once?
//!                                        ├──► yes: watched up to there
//!                                        └──► no: our chain is fetched ──► there now? ──► no: a person must know
//! ```
//! Called by `session` and by what is due. A chain that another of our devices
//! made longer is told as such (`behind`); a value that no chain of ours has is
//! a lie, for the server cannot sign for us.

use rusqlite::OptionalExtension;
use waxseal_transparency::{Answer, CLOSED, Entry, Evidence, Lie, history};
use waxseal_wire::chain::Chain;
use waxseal_wire::frame::Door;
use waxseal_wire::id::Millis;
use waxseal_wire::reply::Reply;
use waxseal_wire::request::{DeviceRequest, Request, Watch};

use crate::account::me;
use crate::session::Purpose;
use crate::store::{StoreError, Tx};
use crate::trust;
use crate::turn::Turn;

/// Versions that are asked for at a time: a proof of each is some 2.7 KB.
const AT_ONCE: u64 = 3;
/// And where more has come since, in milliseconds: a day.
const AGAIN: u64 = 24 * 60 * 60 * 1000;

fn watched(tx: &Tx<'_>) -> Result<u64, StoreError> {
    let version: Option<i64> = tx.prepare_cached("SELECT watched FROM directory")?.query_row([], |row| row.get(0)).optional()?;
    Ok(version.map_or(0, i64::cast_unsigned))
}

impl Turn<'_> {
    /// Asks what the directory says of us.
    pub(crate) fn watch(&mut self) -> Result<(), StoreError> {
        self.session.watch_at = Some(Millis(self.now.0.saturating_add(AGAIN)));
        let is_asked = self.session.is_asked(|purpose| matches!(purpose, Purpose::Watch(_)));
        if is_asked || !self.session.proven || !me::is_registered(self.tx)? {
            return Ok(());
        }
        let known = self.identity()?.map(|own| trust::chain(self.tx, &own.account)).transpose()?.flatten();
        let news = known.map_or(0, |chain| chain.index() + 1).saturating_sub(watched(self.tx)?);
        // And one that is known: a log that skips versions is found out by that.
        let versions = (news + 1).clamp(AT_ONCE, waxseal_wire::limits::VERSIONS.into());
        let versions = u32::try_from(versions).unwrap_or(waxseal_wire::limits::VERSIONS);
        let watch = Watch { seen: self.seen()?, versions };
        self.send(Door::Device, Request::Device(DeviceRequest::Watch(watch)), Purpose::Watch(versions));
        Ok(())
    }

    /// Asks again where a day has gone by, or something is to be explained.
    pub(crate) fn run_watch(&mut self) -> Result<(), StoreError> {
        if self.session.watch_at.is_some_and(|at| at <= self.now) { self.watch() } else { Ok(()) }
    }

    /// The directory's words about us came.
    pub(crate) fn watch_came(&mut self, versions: u32, reply: Reply) -> Result<(), StoreError> {
        let (Reply::Watched(watched), Some(own)) = (reply, self.identity()?) else { return self.watch_soon() };
        let (Some(me), Some(known)) = (me::view(self.tx)?, trust::chain(self.tx, &own.account)?) else { return Ok(()) };
        let Some((keys, placed, proven)) = self.place_answer(watched.log.as_deref(), &watched.placed)? else {
            return self.watch_soon();
        };
        if watched.proof.is_empty() {
            return self.watch_soon();
        }
        let most = usize::try_from(versions).unwrap_or(0);
        let found = history::verify(&keys, &proven, me.name.as_str(), most, &watched.proof);
        let (lie, unknown) = match &found {
            Ok(entries) => (Lie::Answer, first_unknown(&known, entries)),
            Err(lie) => (*lie, None),
        };
        match (found, unknown) {
            (Ok(entries), None) => {
                self.session.unexplained = false;
                self.session.watch_tries = 0;
                let newest = entries.first().map_or(0, |entry| entry.version);
                self.tx.prepare_cached("UPDATE directory SET watched = ?1")?.execute([newest.cast_signed()])?;
                self.tx.prepare_cached("UPDATE directory SET checked = ?1")?.execute([self.now.0.cast_signed()])?;
                Ok(())
            }
            // Another of our devices may have gone on: our chain is asked for before anybody is alarmed.
            (Ok(_), Some(_)) if !core::mem::replace(&mut self.session.unexplained, true) => {
                trust::want(self.tx, &own.account)?;
                self.ask_own_chain()?;
                self.watch_soon()
            }
            _ => {
                let answer = Answer::History { most_recent: most, bytes: watched.proof };
                let evidence = Evidence::Testimony { log: keys, placed, name: me.name.as_str().to_owned(), answer };
                self.caught(lie, Some(&evidence))
            }
        }
    }

    fn watch_soon(&mut self) -> Result<(), StoreError> {
        // After hours of no answer, an hour apart.
        let pause = 3_000 << self.session.watch_tries.min(10);
        self.session.watch_tries += 1;
        self.session.watch_at = Some(self.later(pause, 2 * pause));
        Ok(())
    }
}

/// The first version, from the newest, whose value is not the head of a chain that ours was or is.
fn first_unknown(known: &Chain, entries: &[Entry]) -> Option<u64> {
    let unknown = |entry: &&Entry| entry.value == CLOSED || !known.hashes().contains(&entry.value);
    entries.iter().find(unknown).map(|entry| entry.version)
}
