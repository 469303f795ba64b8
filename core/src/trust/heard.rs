//! Tree heads that others have seen, heard beside their words: a server that shows two logs is found out by people who talk.
//!
//! ```text
//!   a member's head ──► our log? ──► as large as ours: the same root
//!                          │    ├──► smaller: the server proves that ours goes on from it
//!                          │    └──► larger: ours is asked for anew, and then held against it
//!                          └──► another log: the server must show who handed over to whom
//! ```
//! Called by `inbox` with what came, and by the turn when it is time. A head
//! that its log did not sign is the member's doing, and is passed over; all
//! else is the server's to explain.

use rusqlite::params;
use waxseal_transparency::{Evidence, Head, Lie, SignedHead, consistent};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, LogId, Millis};
use waxseal_wire::reply::Reply;
use waxseal_wire::request::{AnonymousRequest, Relate, Request};

use super::directory::{Held, held};
use crate::content::SeenHead;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::ChatId;

/// A chat is told a head so often at most, in milliseconds: an hour, as heads are signed anew.
const TELL_EVERY: u64 = 60 * 60 * 1000;
/// People whose heads wait to be held against ours; a newer one of theirs takes the place of an older one.
const WAITING: u32 = 64;
/// So often the server is asked before it counts as unable to explain.
const TRIES: u32 = 4;

/// A head that waits.
struct Heard {
    account: AccountId,
    chat: ChatId,
    log: LogId,
    head: SignedHead,
    tries: u32,
}

fn waiting(tx: &Tx<'_>, of: Option<&AccountId>) -> Result<Option<Heard>, StoreError> {
    let sql =
        "SELECT account, chat, log, head, tries FROM heard_head WHERE ?1 IS NULL OR account = ?1 ORDER BY tries, rowid LIMIT 1";
    let mut select = tx.prepare_cached(sql)?;
    let mut rows = select.query([of.map(AccountId::as_bytes)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let head = SignedHead::decode(&row.get::<_, Vec<u8>>(3)?).map_err(|_| StoreError::Value)?;
    let (account, chat, log) = (AccountId(row.get(0)?), ChatId(row.get(1)?), LogId(row.get(2)?));
    Ok(Some(Heard { account, chat, log, head, tries: row.get(4)? }))
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
        let is_ours = seen.log.0 == ours.keys.id().0;
        let is_past = "SELECT EXISTS (SELECT 1 FROM past_log WHERE log = ?1)";
        let settled = match is_ours {
            true => seen.head.verify(&ours.keys).is_err() || ours.head.is_some_and(|head| head.head == seen.head.head),
            false => self.tx.prepare_cached(is_past)?.query_row([seen.log.0], |row| row.get(0))?,
        };
        if settled {
            return Ok(());
        }
        self.tx
            .prepare_cached(
                "INSERT INTO heard_head (account, chat, log, head)
                 SELECT ?1, ?2, ?3, ?4 WHERE ?5 > (SELECT count(*) FROM heard_head WHERE account != ?1)
                 ON CONFLICT (account) DO UPDATE SET chat = ?2, log = ?3, head = ?4, tries = 0",
            )?
            .execute(params![from.as_bytes(), chat.0, seen.log.0, seen.head.encode(), WAITING])?;
        self.session.relate_at.get_or_insert(self.now);
        Ok(())
    }

    /// Holds one of the heads that wait against ours, where it is time.
    pub(crate) fn run_heard(&mut self) -> Result<(), StoreError> {
        if !self.session.anonymous || self.session.relate_at.is_none_or(|at| at > self.now) {
            return Ok(());
        }
        self.session.relate_at = None;
        // Its answer goes on with the next.
        if self.session.is_asked(|purpose| matches!(purpose, Purpose::Relate(..))) {
            return Ok(());
        }
        let (Some(heard), Some(ours)) = (waiting(self.tx, None)?, held(self.tx)?) else { return Ok(()) };
        let (Some(head), true) = (ours.head, heard.log.0 == ours.keys.id().0) else { return self.ask_for_ours(&heard) };
        if heard.head.verify(&ours.keys).is_err() {
            return self.settle(&heard.account);
        }
        match heard.head.head.size.cmp(&head.head.size) {
            core::cmp::Ordering::Greater => self.ask_for_ours(&heard),
            core::cmp::Ordering::Equal => self.judge_heard(&heard, consistent(&heard.head.head, &head.head, &[])),
            core::cmp::Ordering::Less => {
                let relate = Relate { log: heard.log, from: heard.head.head.size, to: head.head.size };
                let purpose = Purpose::Relate(heard.account, head.head);
                self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::Relate(relate)), purpose);
                Ok(())
            }
        }
    }

    /// The server says how a head that was heard and `ours` belong together.
    pub(crate) fn related(&mut self, account: &AccountId, ours: &Head, reply: Reply) -> Result<(), StoreError> {
        let Some(heard) = waiting(self.tx, Some(account))? else { return self.next_heard() };
        match reply {
            // Another one came meanwhile, or another log.
            Reply::Related(_) if heard.head.head.size >= ours.size => self.next_heard(),
            Reply::Related(proof) => self.judge_heard(&heard, consistent(&heard.head.head, ours, &proof)),
            Reply::Refused(refusal) if refusal.is_passing() => self.heard_later(&heard),
            _ if heard.tries + 1 < TRIES => self.heard_later(&heard),
            _ => self.judge_heard(&heard, Err(Lie::Consistency)),
        }
    }

    /// Ours is older than what others have seen, or of another log: the server's newest word is asked for.
    fn ask_for_ours(&mut self, heard: &Heard) -> Result<(), StoreError> {
        let is_ours = held(self.tx)?.is_some_and(|ours| ours.keys.id().0 == heard.log.0);
        if heard.tries + 1 < TRIES {
            self.watch()?;
            return self.heard_later(heard);
        }
        if is_ours {
            return self.judge_heard(heard, Err(Lie::RolledBack));
        }
        self.fail(Some(heard.chat), Problem::OtherDirectory);
        self.settle(&heard.account)
    }

    fn judge_heard(&mut self, heard: &Heard, judged: Result<(), Lie>) -> Result<(), StoreError> {
        if let (Err(lie), Some(Held { keys, head: Some(ours) })) = (judged, held(self.tx)?) {
            let evidence = Evidence::Heads { log: keys, one: heard.head.clone(), other: ours };
            self.caught(lie, Some(&evidence))?;
        }
        self.settle(&heard.account)
    }

    fn settle(&mut self, account: &AccountId) -> Result<(), StoreError> {
        self.tx.prepare_cached("DELETE FROM heard_head WHERE account = ?1")?.execute([account.as_bytes()])?;
        self.next_heard()
    }

    fn next_heard(&mut self) -> Result<(), StoreError> {
        self.session.relate_at = Some(self.now);
        Ok(())
    }

    fn heard_later(&mut self, heard: &Heard) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE heard_head SET tries = tries + 1 WHERE account = ?1")?
            .execute([heard.account.as_bytes()])?;
        let pause = 2_000 << (2 * heard.tries.min(8));
        self.session.relate_at = Some(Millis(self.later(pause, 2 * pause).0));
        Ok(())
    }
}
