//! Holding tree heads that others have seen against ours.
//!
//! ```text
//!   a head that waits ──► our log? ──► as large as ours: the same root
//!                            │    ├──► smaller: the server proves that ours goes on from it
//!                            │    └──► larger: our own newest is asked for
//!                            └──► another: asked for ours, which may have handed over, and what led from theirs to ours
//! ```
//! Called by the turn when it is time. A liar is who was asked several times,
//! gave proven answers under the log that we hold, and left the head
//! unexplained; who puts us off only proves nothing, and a person is told that
//! after some hours. Nothing is asked at the device's door: these questions
//! are nobody's.

use core::cmp::Ordering;

use waxseal_transparency::{AHEAD, Evidence, Handover, Head, Lie, LogKeys, consistent};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, LogId};
use waxseal_wire::reply::{Log, Reply};
use waxseal_wire::request::{AnonymousRequest, Lookup, Relate, Request, Seen};

use super::directory::{Held, held, log_ended};
use super::heard::{Heard, is_of_past, waiting};
use super::witness::WITNESSES;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;

/// Proven answers that may leave a head unexplained before the server counts as unable to explain it. Every other one of
/// them brings our own head up to date, the last one too: what is judged is judged by the log that we hold then.
const TRIES: u32 = 4;
/// So often a server may put us off until a person is told: some eight hours.
const WAITS: u32 = 32;
/// Pauses between, in milliseconds.
const PUT_OFF: (u64, u64) = (10 * 60 * 1000, 20 * 60 * 1000);

/// What the server is asked about a head that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// What its newest word is, in our log or in one that followed.
    Newest,
    /// How the log of that head led to ours.
    Predecessor,
    /// That this head of ours goes on from it, which was of so many epochs.
    Relate(u64, Head),
}

impl Turn<'_> {
    /// Holds one of the heads that wait against ours, where it is time.
    pub(crate) fn run_heard(&mut self) -> Result<(), StoreError> {
        if !self.session.anonymous || self.session.relate_at.is_none_or(|at| at > self.now) {
            return Ok(());
        }
        self.session.relate_at = None;
        // Its answer goes on with the next.
        if self.session.is_asked(|purpose| matches!(purpose, Purpose::Heard(..))) {
            return Ok(());
        }
        let (Some(heard), Some(ours)) = (waiting(self.tx, None)?, held(self.tx)?) else { return Ok(()) };
        let is_ours = heard.log.0 == ours.keys.id().0;
        if is_ours && heard.head.verify(&ours.keys).is_err() || !is_ours && is_of_past(self.tx, &heard.log, &heard.head)? {
            return self.settle(&heard.account);
        }
        // A log of which nothing was proven yet says nothing about others.
        let Some(head) = ours.head.clone() else { return self.ask_about(&heard, Question::Newest, &ours) };
        let (is_asked, is_odd) = (heard.tries < TRIES, heard.tries % 2 == 1);
        match (is_ours, heard.head.head.size.cmp(&head.head.size)) {
            (true, Ordering::Equal) => self.judge_heard(&heard, consistent(&heard.head.head, &head.head, &[])),
            (true, Ordering::Less) if is_asked && !is_odd => {
                self.ask_about(&heard, Question::Relate(heard.head.head.size, head.head), &ours)
            }
            (false, _) if is_asked && is_odd => self.ask_about(&heard, Question::Predecessor, &ours),
            _ if is_asked => self.ask_about(&heard, Question::Newest, &ours),
            (true, Ordering::Less) => self.judge_heard(&heard, Err(Lie::Consistency)),
            (true, Ordering::Greater) => self.judge_heard(&heard, Err(Lie::RolledBack)),
            (false, _) => {
                self.fail((heard.account != WITNESSES).then_some(heard.chat), Problem::OtherDirectory);
                self.settle(&heard.account)
            }
        }
    }

    fn ask_about(&mut self, heard: &Heard, question: Question, ours: &Held) -> Result<(), StoreError> {
        let theirs = heard.head.head.size;
        // A look-up of nobody: the answer is where the directory stands.
        let stands = |seen| AnonymousRequest::Lookup(Lookup { who: Vec::new(), key_packages: false, seen });
        let request = match question {
            Question::Newest => stands(self.seen()?),
            Question::Predecessor => stands(Some(Seen { log: heard.log, size: theirs })),
            Question::Relate(from, head) => AnonymousRequest::Relate(Relate { log: LogId(ours.keys.id().0), from, to: head.size }),
        };
        self.send(Door::Anonymous, Request::Anonymous(request), Purpose::Heard(heard.account, question));
        Ok(())
    }

    /// The server answers a question about this person's head.
    pub(crate) fn heard_answered(&mut self, account: &AccountId, question: Question, reply: Reply) -> Result<(), StoreError> {
        let (Some(heard), Some(ours)) = (waiting(self.tx, Some(account))?, held(self.tx)?) else { return self.next_heard() };
        match (question, reply) {
            (_, Reply::Refused(refusal)) if refusal.is_passing() => self.put_off(&heard),
            (Question::Relate(..), _) if heard.log.0 != ours.keys.id().0 => self.next_heard(),
            // Another one of that person came meanwhile, and this answer is not about it.
            (Question::Relate(from, _), _) if heard.head.head.size != from => self.next_heard(),
            (Question::Relate(_, head), Reply::Related(proof)) => {
                self.judge_heard(&heard, consistent(&heard.head.head, &head, &proof))
            }
            (Question::Newest, Reply::Accounts(answer)) => match self.place_answer(answer.log.as_deref(), &answer.placed)? {
                None => self.put_off(&heard),
                Some((keys, _, proven)) => {
                    let explained = heard.log.0 == keys.id().0 && heard.head.head.size <= proven.head().size;
                    // Explained so far, but for a proof: that is asked for next, or was refused.
                    if explained && heard.tries % 2 == 0 { self.next_heard() } else { self.left_open(&heard) }
                }
            },
            (Question::Predecessor, Reply::Accounts(answer)) => match self.leads_to_ours(&heard, &ours.keys, answer.log.as_deref())
            {
                Some(handovers) => {
                    handovers.iter().try_for_each(|one| log_ended(self.tx, one))?;
                    self.settle(&heard.account)
                }
                None => self.left_open(&heard),
            },
            _ => self.left_open(&heard),
        }
    }

    /// The hand-overs from the head's log to ours, where they are valid and the head was signed before its log ended.
    fn leads_to_ours(&self, heard: &Heard, ours: &LogKeys, shown: Option<&Log>) -> Option<Vec<Handover>> {
        let day = u64::try_from(AHEAD.as_millis()).unwrap_or(u64::MAX);
        let handovers: Vec<_> = shown?.handovers.iter().map(|bytes| Handover::decode(bytes)).collect::<Result<_, _>>().ok()?;
        let first = handovers.first().filter(|first| first.old.id().0 == heard.log.0)?;
        heard.head.verify(&first.old).ok()?;
        let mut at = first.old;
        for handover in &handovers {
            at = handover.verify(&at, None).ok()?;
        }
        let ended = first.ended().0;
        let in_time = heard.head.head.at.0 <= ended.saturating_add(day) && ended <= self.now.0.saturating_add(day);
        (at == *ours && in_time).then_some(handovers)
    }

    fn judge_heard(&mut self, heard: &Heard, judged: Result<(), Lie>) -> Result<(), StoreError> {
        let Some(Held { keys, head: Some(ours) }) = held(self.tx)? else { return self.settle(&heard.account) };
        match judged {
            Err(lie) => self.caught(lie, Some(&Evidence::Heads { log: keys, one: heard.head.clone(), other: ours }))?,
            Ok(()) if heard.account == WITNESSES => self.vouched(&keys.id(), &heard.head)?,
            Ok(()) => {}
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

    /// The answer is one, and explains nothing.
    fn left_open(&mut self, heard: &Heard) -> Result<(), StoreError> {
        self.count_heard(heard, "tries")?;
        let pause = 2_000 << (2 * heard.tries.min(8));
        self.session.relate_at = Some(self.later(pause, 2 * pause));
        Ok(())
    }

    /// There is no answer that could be judged: busy, or not proven. Less and less often, and not for ever unsaid.
    fn put_off(&mut self, heard: &Heard) -> Result<(), StoreError> {
        if heard.waits + 1 >= WAITS {
            self.caught(Lie::Withheld, None)?;
            return self.settle(&heard.account);
        }
        self.count_heard(heard, "waits")?;
        let share = 1 + u64::from(heard.waits.min(9));
        self.session.relate_at = Some(self.later(PUT_OFF.0 * share / 10, PUT_OFF.1 * share / 10));
        Ok(())
    }

    fn count_heard(&self, heard: &Heard, column: &str) -> Result<(), StoreError> {
        let sql = format!("UPDATE heard_head SET {column} = {column} + 1 WHERE account = ?1");
        self.tx.prepare_cached(&sql)?.execute([heard.account.as_bytes()])?;
        Ok(())
    }
}
