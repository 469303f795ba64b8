//! What the key directory proves, and what this device has seen of it.
//!
//! ```text
//!   answer ──► its tree head signed, fresh, going on from the one we hold? ──► held from now on
//!                 └──► each account: the log's value is the head of the chain │ nobody has the name │ not told yet
//! ```
//! Called wherever an answer about accounts comes, before anything of it is
//! kept or used. Nothing of an answer that does not hold is believed, and what
//! shows the lie is kept as evidence (`docs/directory.md`).

use rusqlite::{OptionalExtension, params};
use waxseal_transparency::{
    Answer, CLOSED, Evidence, Handover, Lie, LogKeys, Placed, Proven, SignedHead, Witnesses, absence, lookup,
};
use waxseal_wire::chain::Chain;
use waxseal_wire::id::{LogId, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, Accounts, Log};
use waxseal_wire::request::{AccountRef, AnonymousRequest, Lookup, Request, Seen};

use super::account;
use crate::output::Problem;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::{DirectoryView, EvidenceView};

/// Pieces of evidence that are kept; the oldest go first.
const KEPT: u32 = 32;

/// What the directory says of one account that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Its chain ends as the log says.
    Account(AccountFound),
    /// Nobody has the name, or nobody has it any more.
    Nobody,
    /// The server gives no proof: the log may say it a moment later.
    NotYet,
}

/// The log that this device believes, and the newest tree head of it that it has seen.
pub(super) struct Held {
    pub(super) keys: LogKeys,
    pub(super) head: Option<SignedHead>,
}

pub(super) fn held(tx: &Tx<'_>) -> Result<Option<Held>, StoreError> {
    let row: Option<(Vec<u8>, Option<Vec<u8>>)> =
        tx.prepare_cached("SELECT keys, head FROM directory")?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((keys, head)) = row else { return Ok(None) };
    let keys = LogKeys::from_bytes(&keys).map_err(|_| StoreError::Value)?;
    let head = head.map(|head| SignedHead::decode(&head)).transpose().map_err(|_| StoreError::Value)?;
    Ok(Some(Held { keys, head }))
}

fn hold(tx: &Tx<'_>, keys: &LogKeys, head: Option<&SignedHead>) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO directory (id, keys, head) VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET keys = ?1, head = ?2",
    )?
    .execute(params![keys.to_bytes(), head.map(SignedHead::encode)])?;
    Ok(())
}

/// Remembers when a log handed over; its first word on that counts.
pub(super) fn log_ended(tx: &Tx<'_>, handover: &Handover) -> Result<(), StoreError> {
    let ended = i64::try_from(handover.ended().0).unwrap_or(i64::MAX);
    tx.prepare_cached("INSERT OR IGNORE INTO past_log (log, ended) VALUES (?1, ?2)")?
        .execute(params![handover.old.id().0, ended])?;
    Ok(())
}

impl Turn<'_> {
    /// What an answer's tree head must go on from.
    pub(crate) fn seen(&self) -> Result<Option<Seen>, StoreError> {
        let size = |head: &SignedHead| head.head.size;
        Ok(held(self.tx)?.map(|held| Seen { log: LogId(held.keys.id().0), size: held.head.as_ref().map_or(0, size) }))
    }

    /// A look-up whose answer [`Turn::prove_answer`] can judge.
    pub(crate) fn lookup_of(&self, who: Vec<AccountRef>, key_packages: bool) -> Result<Request, StoreError> {
        Ok(Request::Anonymous(AnonymousRequest::Lookup(Lookup { who, key_packages, seen: self.seen()? })))
    }

    /// Judges an answer about these accounts, or the first of them. `None`: it does not hold, and is as good as none.
    pub(crate) fn prove_answer(&mut self, who: &[AccountRef], accounts: Accounts) -> Result<Option<Vec<Word>>, StoreError> {
        if accounts.found.is_empty() || accounts.found.len() > who.len() {
            return Ok(None);
        }
        let Some((keys, placed, proven)) = self.place_answer(accounts.log.as_deref(), &accounts.placed)? else { return Ok(None) };
        if !self.is_vouched()? {
            return Ok(None);
        }
        let mut words = Vec::with_capacity(accounts.found.len());
        for (who, found) in who.iter().zip(accounts.found) {
            let name = self.name_of(who, &found)?;
            let answer =
                if found.chain.is_empty() { Answer::Absence(found.proof.clone()) } else { Answer::Lookup(found.proof.clone()) };
            match judge(&keys, &proven, who, name.as_deref(), found) {
                Ok(word) => words.push(word),
                Err(lie) => {
                    let evidence = Evidence::Testimony { log: keys, placed, name: name.unwrap_or_default(), answer };
                    self.caught(lie, Some(&evidence))?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(words))
    }

    /// Judges where an answer stands, and holds its tree head.
    pub(crate) fn place_answer(
        &mut self,
        log: Option<&Log>,
        placed: &[u8],
    ) -> Result<Option<(LogKeys, Placed, Proven)>, StoreError> {
        let Some(held) = self.log_of(log)? else { return Ok(None) };
        let placed = match Placed::decode(placed) {
            Ok(placed) => placed,
            Err(lie) => return self.caught(lie, None).map(|()| None),
        };
        let seen = held.head.as_ref().map(|held| &held.head);
        match placed.verify(&held.keys, &Witnesses::default(), seen, self.now) {
            Ok(proven) => {
                hold(self.tx, &held.keys, Some(&placed.head))?;
                Ok(Some((held.keys, placed, proven)))
            }
            // The question named an older head than we hold by now, and the server answered the question.
            Err(Lie::Consistency | Lie::Behind) if self.has_moved_on(&held) => Ok(None),
            Err(lie) => {
                let one = held.head.filter(|_| placed.head.verify(&held.keys).is_ok());
                let heads = one.map(|one| Evidence::Heads { log: held.keys, one, other: placed.head.clone() });
                self.caught(lie, heads.as_ref())?;
                Ok(None)
            }
        }
    }

    /// Whether another answer, on the way at the same time, brought a newer head than the one this answer's question named.
    fn has_moved_on(&self, held: &Held) -> bool {
        let named = self.session.seen_then.filter(|seen| seen.log.0 == held.keys.id().0).map_or(0, |seen| seen.size);
        held.head.as_ref().is_some_and(|held| held.head.size != named)
    }

    /// The log that is held, or becomes held: the first one that a server shows, or one that ours hands over to.
    fn log_of(&mut self, shown: Option<&Log>) -> Result<Option<Held>, StoreError> {
        let held = held(self.tx)?;
        let Some(shown) = shown else { return Ok(held) };
        let Ok(keys) = LogKeys::from_bytes(&shown.keys) else { return self.caught(Lie::Malformed, None).map(|()| None) };
        let Some(held) = held else { return Ok(Some(Held { keys, head: None })) };
        if keys == held.keys {
            return Ok(Some(held));
        }
        let (mut at, mut ended) = (held.keys, Vec::new());
        for handover in &shown.handovers {
            let next = Handover::decode(handover).and_then(|handover| handover.verify(&at, None).map(|next| (handover, next)));
            match next {
                Ok((handover, next)) => (at, _) = (next, ended.push(handover)),
                Err(lie) => return self.caught(lie, None).map(|()| None),
            }
        }
        if at != keys {
            return self.caught(Lie::Handover, None).map(|()| None);
        }
        // What is known of people stays: their chains may only grow, whatever the new log says.
        ended.iter().try_for_each(|handover| log_ended(self.tx, handover))?;
        hold(self.tx, &keys, None)?;
        Ok(Some(Held { keys, head: None }))
    }

    /// By which name an answer is proven: the one that was asked for, or the one that the server gives.
    fn name_of(&self, who: &AccountRef, found: &AccountFound) -> Result<Option<String>, StoreError> {
        Ok(match who {
            AccountRef::Name(name) => Some(name.as_str().to_owned()),
            AccountRef::Id(_) if !found.name.is_empty() => Some(found.name.clone()),
            AccountRef::Id(id) => account::known_name(self.tx, id)?,
        })
    }

    /// The server was caught, or cannot prove itself for now: a person is told once a connection, and what shows it is kept.
    pub(crate) fn caught(&mut self, lie: Lie, evidence: Option<&Evidence>) -> Result<(), StoreError> {
        if let Some(evidence) = evidence.filter(|_| lie.is_lie()) {
            let sql = "INSERT INTO evidence (at, what, bytes)
                       SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM evidence WHERE bytes = ?3)";
            let (at, bytes) = (self.now.0.cast_signed(), evidence.encode());
            self.tx.prepare_cached(sql)?.execute(params![at, lie.to_string(), bytes])?;
            self.tx.prepare_cached("DELETE FROM evidence WHERE id <= (SELECT max(id) FROM evidence) - ?1")?.execute([KEPT])?;
        }
        let told = if lie.is_lie() { &mut self.session.caught } else { &mut self.session.unproven };
        if !core::mem::replace(told, true) {
            self.fail(None, Problem::Directory(lie));
        }
        Ok(())
    }
}

/// What is known of the log; `None` before its first word.
pub(crate) fn view(tx: &Tx<'_>) -> Result<Option<DirectoryView>, StoreError> {
    let Some(Held { keys, head }) = held(tx)? else { return Ok(None) };
    let sql = "SELECT watched, checked, (SELECT count(*) FROM evidence) FROM directory";
    let (versions, checked, evidence) = tx.prepare_cached(sql)?.query_row([], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, u32>(2)?))
    })?;
    let (epochs, signed) = head.map_or((0, Millis(0)), |head| (head.head.size, head.head.at));
    let watched = (checked > 0).then_some(Millis(checked));
    Ok(Some(DirectoryView { origin: keys.origin(), epochs, signed, watched, versions, evidence }))
}

/// What shows that the server lied, the oldest first.
pub(crate) fn evidence(tx: &Tx<'_>) -> Result<Vec<EvidenceView>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT at, what, bytes FROM evidence ORDER BY id")?;
    let rows = rows.query_map([], |row| {
        Ok(EvidenceView { at: Millis(row.get::<_, i64>(0)?.cast_unsigned()), what: row.get(1)?, bytes: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn judge(keys: &LogKeys, proven: &Proven, who: &AccountRef, name: Option<&str>, found: AccountFound) -> Result<Word, Lie> {
    if found.chain.is_empty() && found.proof.is_empty() {
        return Ok(Word::NotYet);
    }
    let name = name.ok_or(Lie::Malformed)?;
    if found.chain.is_empty() {
        let is_closed = || lookup::verify(keys, proven, name, &found.proof).is_ok_and(|entry| entry.value == CLOSED);
        return match absence::verify(keys, proven, name, &found.proof) {
            Ok(()) => Ok(Word::Nobody),
            Err(_) if is_closed() => Ok(Word::Nobody),
            Err(lie) => Err(lie),
        };
    }
    let entry = lookup::verify(keys, proven, name, &found.proof)?;
    let chain = Chain::verify(&found.chain).map_err(|_| Lie::Answer)?;
    let is_asked = match who {
        AccountRef::Name(name) => found.name == name.as_str(),
        AccountRef::Id(id) => chain.account() == *id && AccountName::parse(&found.name).is_ok(),
    };
    if is_asked && entry.value == chain.head_hash() { Ok(Word::Account(found)) } else { Err(Lie::Answer) }
}
