//! Tree heads that others have seen, heard beside their words: a server that shows two logs is found out by people who talk.
//!
//! Called by `outbox` for what goes beside words, and by `inbox` with what
//! came. What waits here is held against ours in `reconcile`. A head that its
//! log did not sign is the member's doing, and is passed over; all else is the
//! server's to explain.

use rusqlite::params;
use waxseal_transparency::{AHEAD, Evidence, SignedHead, consistent};
use waxseal_wire::id::{AccountId, LogId};

use super::directory::{Held, held};
use crate::content::SeenHead;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::ChatId;

/// A chat is told a head so often at most, in milliseconds: an hour, as heads are signed anew.
const TELL_EVERY: u64 = 60 * 60 * 1000;
/// People whose heads wait to be held against ours; a newer one of theirs takes the place of an older one.
const WAITING: u32 = 64;
/// So long nothing is asked after a head was heard, in milliseconds: a question on the heels of a delivery would show the
/// server which anonymous line belongs to which mailbox.
const APART: (u64, u64) = (1_000, 20_000);

/// A head that waits.
pub(super) struct Heard {
    pub(super) account: AccountId,
    pub(super) chat: ChatId,
    pub(super) log: LogId,
    pub(super) head: SignedHead,
    /// Answers that left it unexplained.
    pub(super) tries: u32,
    /// Times that the server put us off, or gave an answer that proves nothing.
    pub(super) waits: u32,
}

/// What waits of this person, or what waits with the fewest tries.
pub(super) fn waiting(tx: &Tx<'_>, of: Option<&AccountId>) -> Result<Option<Heard>, StoreError> {
    let sql = "SELECT account, chat, log, head, tries, waits FROM heard_head
               WHERE ?1 IS NULL OR account = ?1 ORDER BY tries, waits, rowid LIMIT 1";
    let mut select = tx.prepare_cached(sql)?;
    let mut rows = select.query([of.map(AccountId::as_bytes)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let head = SignedHead::decode(&row.get::<_, Vec<u8>>(3)?).map_err(|_| StoreError::Value)?;
    let (account, chat, log) = (AccountId(row.get(0)?), ChatId(row.get(1)?), LogId(row.get(2)?));
    Ok(Some(Heard { account, chat, log, head, tries: row.get(4)?, waits: row.get(5)? }))
}

/// Whether this log has handed over to ours, and said this before it did.
pub(super) fn is_of_past(tx: &Tx<'_>, log: &LogId, head: &SignedHead) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM past_log WHERE log = ?1 AND ended >= ?2)";
    // Its clock may have been wrong, as far as anybody's may.
    let said = head.head.at.0.saturating_sub(u64::try_from(AHEAD.as_millis()).unwrap_or(u64::MAX));
    Ok(tx.prepare_cached(sql)?.query_row(params![log.0, i64::try_from(said).unwrap_or(i64::MAX)], |row| row.get(0))?)
}

impl Turn<'_> {
    /// The head to say beside words in this chat, where none was said there lately.
    pub(crate) fn head_to_tell(&self, chat: &ChatId) -> Result<Option<SeenHead>, StoreError> {
        let Some(Held { keys, head: Some(head) }) = held(self.tx)? else { return Ok(None) };
        let (at, since) = (head.head.at.0, head.head.at.0.saturating_sub(TELL_EVERY));
        let sql = "UPDATE chat SET told_head = ?2 WHERE chat = ?1 AND told_head <= ?3";
        let told = self.tx.prepare_cached(sql)?.execute(params![chat.0, at.cast_signed(), since.cast_signed()])?;
        Ok((told > 0).then(|| SeenHead::new(LogId(keys.id().0), head)))
    }

    /// A proven member has seen this head.
    pub(crate) fn head_came(&mut self, chat: &ChatId, from: &AccountId, seen: &SeenHead) -> Result<(), StoreError> {
        let Some(ours) = held(self.tx)? else { return Ok(()) };
        let settled = match seen.log.0 == ours.keys.id().0 {
            true => seen.head.verify(&ours.keys).is_err() || ours.head.as_ref().is_some_and(|head| head.head == seen.head.head),
            false => is_of_past(self.tx, &seen.log, &seen.head)?,
        };
        if settled {
            return Ok(());
        }
        // Two of one size need nobody's word: a device that is never connected for long finds out too.
        if let Held { keys, head: Some(head) } = &ours
            && seen.log.0 == keys.id().0
            && seen.head.head.size == head.head.size
        {
            let Err(lie) = consistent(&seen.head.head, &head.head, &[]) else { return Ok(()) };
            let both = Evidence::Heads { log: *keys, one: seen.head.clone(), other: head.clone() };
            return self.caught(lie, Some(&both));
        }
        self.tx
            .prepare_cached(
                "INSERT INTO heard_head (account, chat, log, head)
                 SELECT ?1, ?2, ?3, ?4 WHERE ?5 > (SELECT count(*) FROM heard_head WHERE account != ?1)
                 ON CONFLICT (account) DO UPDATE SET chat = ?2, log = ?3, head = ?4, tries = 0, waits = 0",
            )?
            .execute(params![from.as_bytes(), chat.0, seen.log.0, seen.head.encode(), WAITING])?;
        self.hold_heads_soon();
        Ok(())
    }

    /// What waits is held against ours in a moment that has nothing to do with this one.
    pub(crate) fn hold_heads_soon(&mut self) {
        let soon = self.later(APART.0, APART.1);
        self.session.relate_at.get_or_insert(soon);
    }
}
