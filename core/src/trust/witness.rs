//! Witnesses that a person asks for: others who sign the directory's tree heads, each of them one history alone.
//!
//! ```text
//!   Witnessed ──► head: signed by our log, and by some whom the person chose?
//!                   └──► held against ours like one that a member told (`reconcile`): ours goes on from it?
//!                          └──► they vouch for us, until a day after they signed
//! ```
//! Called by the turn when it is time, and by `directory` before an answer about
//! people is believed: where too few vouch, nothing is. What is asked here is
//! asked at the anonymous door, and names nobody (docs/decisions/0036).

use rusqlite::{OptionalExtension, params};
use waxseal_transparency::{FRESH, Lie, LogId, SignedHead, Witness};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, Millis};
use waxseal_wire::limits;
use waxseal_wire::reply::{Reply, Witnessed};
use waxseal_wire::request::{AnonymousRequest, Request};

use super::directory::held;
use crate::Event;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::{WitnessView, WitnessesView};

/// Stands for them where a head waits to be held against ours: no account has this id.
pub(super) const WITNESSES: AccountId = AccountId([0; 32]);
/// Asked again so long after the last needed cosignature, in milliseconds, and that much later at most: a witness may be
/// away for some hours without anybody noticing.
const AGAIN: u64 = 6 * 60 * 60 * 1000;
const SPREAD: u64 = 60 * 60 * 1000;
/// The first pause where too few vouch, in milliseconds; each is twice as long as the one before, up to a quarter of an hour.
const PAUSE: u64 = 1_000;
/// Questions in a row that bring too little before a person is told: the second witness signs a moment after the first.
const PATIENCE: u32 = 3;

/// How many are asked for.
fn need(tx: &Tx<'_>) -> Result<usize, StoreError> {
    let need: Option<u32> = tx.prepare_cached("SELECT need FROM witnesses")?.query_row([], |row| row.get(0)).optional()?;
    Ok(need.map_or(0, |need| usize::try_from(need).unwrap_or(usize::MAX)))
}

/// The chosen ones, in the order chosen, and when each of them last vouched.
fn chosen(tx: &Tx<'_>) -> Result<Vec<(Witness, Option<Millis>)>, StoreError> {
    let mut select = tx.prepare_cached("SELECT vkey, at FROM witness ORDER BY rowid")?;
    let mut rows = select.query([])?;
    let mut chosen = Vec::new();
    while let Some(row) = rows.next()? {
        let witness = Witness::parse(&row.get::<_, String>(0)?).map_err(|_| StoreError::Value)?;
        let at = row.get::<_, i64>(1)?.cast_unsigned();
        chosen.push((witness, (at > 0).then_some(Millis(at))));
    }
    Ok(chosen)
}

/// What a person sees of them.
pub(crate) fn view(tx: &Tx<'_>) -> Result<WitnessesView, StoreError> {
    let sql = "SELECT listed FROM witnesses";
    let listed: Option<String> = tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let listed = listed.map_or_else(Vec::new, |listed| listed.lines().map(str::to_owned).collect());
    let one = |(witness, at): (Witness, _)| WitnessView { name: witness.name().to_owned(), key: witness.vkey(), at };
    Ok(WitnessesView { need: need(tx)?, keys: chosen(tx)?.into_iter().map(one).collect(), listed })
}

/// When each of the chosen ones signed this head, where one did. No later than now, whatever its clock says.
fn signed(chosen: &[(Witness, Option<Millis>)], log: &LogId, head: &SignedHead, now: Millis) -> Vec<(Witness, Millis)> {
    let mut signed = Vec::new();
    for (witness, _) in chosen {
        let valid = head.cosignatures.iter().filter(|one| witness.verify(log, &head.head, one).is_ok());
        if let Some(seconds) = valid.map(|one| one.seconds).max() {
            signed.push((witness.clone(), Millis(seconds.saturating_mul(1000).min(now.0))));
        }
    }
    signed
}

impl Turn<'_> {
    /// The person chooses whom to ask for, and how many of them.
    pub(crate) fn set_witnesses(&mut self, need: usize, keys: &[String]) -> Result<(), StoreError> {
        let mut wanted: Vec<Witness> = Vec::new();
        for key in keys {
            match Witness::parse(key) {
                Ok(witness) if wanted.iter().all(|one| one.key() != witness.key()) => wanted.push(witness),
                Ok(_) => {}
                Err(_) => return self.decline(Problem::BadWitness),
            }
        }
        if need > wanted.len() || wanted.len() > limits::WITNESSES {
            return self.decline(Problem::BadWitnessCount);
        }
        let known = chosen(self.tx)?;
        self.tx.execute("DELETE FROM witness", [])?;
        for witness in &wanted {
            let at = known.iter().find(|(one, _)| one == witness).and_then(|(_, at)| *at).map_or(0, |at| at.0);
            self.tx
                .prepare_cached("INSERT INTO witness (vkey, at) VALUES (?1, ?2)")?
                .execute(params![witness.vkey(), at.cast_signed()])?;
        }
        let sql = "INSERT INTO witnesses (id, need) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET need = ?1";
        self.tx.prepare_cached(sql)?.execute([u32::try_from(need).unwrap_or(u32::MAX)])?;
        self.go_on_if_vouched()?;
        self.ask_witnesses()
    }

    fn decline(&mut self, problem: Problem) -> Result<(), StoreError> {
        self.fail(None, problem);
        Ok(())
    }

    /// The person wants to know whom the server uses, and whether they vouch; or it is time.
    pub(crate) fn ask_witnesses(&mut self) -> Result<(), StoreError> {
        (self.session.witness_tries, self.session.witness_at) = (0, Some(self.now));
        Ok(())
    }

    /// A connection begins: they are asked about where somebody is asked for.
    pub(crate) fn witnesses_connected(&mut self) -> Result<(), StoreError> {
        if need(self.tx)? > 0 { self.plan_witnesses() } else { Ok(()) }
    }

    /// Asks again when what is known grows old, or at once.
    fn plan_witnesses(&mut self) -> Result<(), StoreError> {
        let view = view(self.tx)?;
        let until = view.until().filter(|_| view.holds(self.now));
        // What holds for a day is asked for again after six hours.
        let due = until.map_or(self.now, |until| Millis(until.0.saturating_sub(a_day().saturating_sub(AGAIN)).max(self.now.0)));
        let spread = if until.is_some() { SPREAD } else { 1 };
        self.session.witness_at = Some(Millis(due.0.saturating_add(self.rng.next_u64() % spread)));
        Ok(())
    }

    pub(crate) fn run_witnesses(&mut self) -> Result<(), StoreError> {
        if !self.session.anonymous || self.session.witness_at.is_none_or(|at| at > self.now) {
            return Ok(());
        }
        self.session.witness_at = None;
        if !self.session.is_asked(|purpose| *purpose == Purpose::Witnesses) {
            self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::Witnessed), Purpose::Witnesses);
        }
        Ok(())
    }

    /// The server says who vouches for it.
    pub(crate) fn witnesses_came(&mut self, reply: Reply) -> Result<(), StoreError> {
        self.tell(Event::Witnesses);
        let Reply::Witnessed(Witnessed { head, witnesses }) = reply else { return self.too_few_vouch() };
        let readable = witnesses.iter().filter(|key| Witness::parse(key).is_ok());
        let listed = readable.map(String::as_str).collect::<Vec<_>>().join("\n");
        let sql = "INSERT INTO witnesses (id, need, listed) VALUES (1, 0, ?1) ON CONFLICT (id) DO UPDATE SET listed = ?1";
        self.tx.prepare_cached(sql)?.execute([listed])?;
        let (Some(ours), Ok(head)) = (held(self.tx)?, SignedHead::decode(&head)) else { return self.too_few_vouch() };
        let log = ours.keys.id();
        // Of another log it says nothing: ours may have handed over, and that is heard elsewhere.
        if head.verify(&ours.keys).is_err() || signed(&chosen(self.tx)?, &log, &head, self.now).is_empty() {
            return self.too_few_vouch();
        }
        if ours.head.is_some_and(|held| held.head == head.head) {
            return self.vouched(&log, &head);
        }
        // One that waits is settled first: a server that shows another each time would have to explain none.
        self.tx
            .prepare_cached(
                "INSERT INTO heard_head (account, chat, log, head) VALUES (?1, zeroblob(16), ?2, ?3)
                 ON CONFLICT (account) DO NOTHING",
            )?
            .execute(params![WITNESSES.as_bytes(), log.0, head.encode()])?;
        // It is held against ours before they are asked again.
        self.session.relate_at = Some(self.now);
        self.too_few_vouch()
    }

    /// Our head goes on from this one: whoever signed it vouches for ours.
    pub(super) fn vouched(&mut self, log: &LogId, head: &SignedHead) -> Result<(), StoreError> {
        for (witness, at) in signed(&chosen(self.tx)?, log, head, self.now) {
            self.tx
                .prepare_cached("UPDATE witness SET at = max(at, ?2) WHERE vkey = ?1")?
                .execute(params![witness.vkey(), at.0.cast_signed()])?;
        }
        self.tell(Event::Witnesses);
        self.go_on_if_vouched()
    }

    /// What waited because too few vouched goes on; where too few do, they are asked again.
    fn go_on_if_vouched(&mut self) -> Result<(), StoreError> {
        if !view(self.tx)?.holds(self.now) {
            return self.too_few_vouch();
        }
        self.session.witness_tries = 0;
        self.session.chains_unproven = 0;
        self.session.fetch_at = self.session.fetch_at.map(|at| at.min(self.now));
        let now = self.now.0.cast_signed();
        self.tx.prepare_cached("UPDATE outbox SET due = ?1 WHERE stage = 0 AND tries > 0 AND due > ?1")?.execute([now])?;
        if need(self.tx)? > 0 { self.plan_witnesses() } else { Ok(()) }
    }

    /// Asked again, less and less often.
    fn too_few_vouch(&mut self) -> Result<(), StoreError> {
        if need(self.tx)? == 0 {
            return Ok(());
        }
        if view(self.tx)?.holds(self.now) {
            return self.plan_witnesses();
        }
        let pause = PAUSE << self.session.witness_tries.min(9);
        self.session.witness_tries += 1;
        self.session.witness_at = Some(self.later(pause, 2 * pause));
        Ok(())
    }

    /// Whether an answer about people may be believed; else a person hears why not, and it is asked for again.
    pub(super) fn is_vouched(&mut self) -> Result<bool, StoreError> {
        let view = view(self.tx)?;
        if view.holds(self.now) {
            return Ok(true);
        }
        if self.session.witness_at.is_none() && !self.session.is_asked(|purpose| *purpose == Purpose::Witnesses) {
            self.session.witness_at = Some(self.now);
        }
        if self.session.witness_tries >= PATIENCE {
            self.caught(Lie::Unwitnessed { have: view.have(self.now), need: view.need }, None)?;
        }
        Ok(false)
    }
}

/// So long a cosignature vouches, in milliseconds.
fn a_day() -> u64 {
    u64::try_from(FRESH.as_millis()).unwrap_or(u64::MAX)
}
