//! The one thread that writes, and what waits for it.
//!
//! All that waits goes into one transaction: one wait for the disk serves many
//! (group commit). Each request stands or falls alone inside it. Replies and
//! wake-ups leave when the transaction is durable, not before. If it does not
//! become durable, everything is tried again, one by one, so that one request
//! too many for a full disk does not take the others with it.
//!
//! What was written lies in the log for a second, no longer: it tells who gets
//! the same message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, mem};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use waxseal_wire::id::{Millis, Seq};
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest};

use super::health::Health;
use super::wake::Wakes;
use super::witness::{Vouch, Vouched};
use super::{Clock, OpenError};
use crate::roles::{Outcome, Proven, Roles};
use crate::store::sqlite::SqliteStore;
use crate::store::{MailboxId, Store, StoreError};

/// Requests that may wait; who comes then waits outside.
const QUEUE: usize = 1024;
/// Requests in one transaction.
const TOGETHER: usize = 256;
/// How long an ack waits for company. Losing one to a power cut only means that entries come again.
const ACK_WAIT: Duration = Duration::from_millis(50);

/// How long the log may hold what was written, before it is emptied.
const LOG_KEPT: Duration = Duration::from_secs(1);

/// Epochs of the directory follow each other no faster: what changes meanwhile comes with the next.
const EPOCH: Duration = Duration::from_millis(250);

/// How long the order in which things came may be seen in a small store's file.
const LAID_OUT_EVERY: Duration = Duration::from_mins(10);

/// What the writer is asked for.
pub(super) enum Work {
    Anonymous(AnonymousRequest),
    Device(Proven, DeviceRequest),
    Invite {
        uses: u32,
        days: u32,
    },
    Sweep,
    /// The directory has something new to say.
    Publish,
    /// Somebody vouches for somebody.
    Vouch(Box<Vouch>),
    /// Does the store take anything?
    Trial,
    /// Acks are waiting.
    Acks,
    /// The log is full of what was just done.
    EmptyLog,
    Close,
}

impl Work {
    /// Whether the directory may have something new to say after it.
    fn is_news(&self) -> bool {
        match self {
            Self::Anonymous(request) => matches!(request, AnonymousRequest::Register(_)),
            Self::Device(_, request) => matches!(request, DeviceRequest::AppendRecord(_) | DeviceRequest::CloseAccount(_)),
            _ => false,
        }
    }
}

/// What comes back.
pub(super) enum Answer {
    Reply(Option<Reply>),
    Code(Result<String, StoreError>),
    /// Whether the log is empty.
    Emptied(bool),
    /// Whether the directory has more to say, or could not say it.
    Published(bool),
    Vouched(Box<Result<Vouched, StoreError>>),
    Nothing,
}

struct Job {
    work: Work,
    answer: Option<oneshot::Sender<Answer>>,
    _room: Option<OwnedSemaphorePermit>,
}

type Acks = Arc<Mutex<HashMap<MailboxId, (Proven, Seq)>>>;

/// The way to the writing thread.
pub(super) struct Writer {
    queue: Queue,
    room: Arc<Semaphore>,
    acks: Acks,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Takes jobs, and sees to it that what they write does not stay in the log.
#[derive(Clone)]
struct Queue {
    jobs: mpsc::UnboundedSender<Job>,
    /// Whether a task is there that will ask for the log to be emptied.
    emptying: Arc<AtomicBool>,
    epochs: Arc<Mutex<Epochs>>,
}

/// When the directory says something new.
struct Epochs {
    last: tokio::time::Instant,
    /// Whether a task is there that will ask for the next.
    is_due: bool,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    pub(super) fn start(
        roles: Roles<SqliteStore>,
        clock: Clock,
        wakes: Arc<Wakes>,
        health: Arc<Health>,
        heads: Arc<Notify>,
    ) -> Result<Self, OpenError> {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let acks = Acks::default();
        #[allow(clippy::disallowed_types, reason = "the engine is the shell of the rules: here their randomness comes in")]
        let rng = ChaCha20Rng::from_rng(rand_core::OsRng).map_err(|_| OpenError::System(std::io::ErrorKind::Other))?;
        let laid_out = tokio::time::Instant::now();
        let desk = Desk { roles, rng, clock, wakes, health, heads, acks: Arc::clone(&acks), laid_out };
        let thread = thread::Builder::new().name("writer".to_owned()).spawn(move || desk.run(receiver));
        let thread = thread.map_err(|error| OpenError::System(error.kind()))?;
        let epochs = Arc::new(Mutex::new(Epochs { last: laid_out, is_due: false }));
        let queue = Queue { jobs, emptying: Arc::default(), epochs };
        Ok(Self { queue, room: Arc::new(Semaphore::new(QUEUE)), acks, thread: Mutex::new(Some(thread)) })
    }

    /// Has `work` done; answers when it is durable.
    pub(super) async fn ask(&self, work: Work) -> Result<Answer, StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.queue.put(Job { work, answer: Some(answer), _room: Some(room) })?;
        answered.await.map_err(|_| StoreError::Closed)
    }

    /// Has an ack done together with what comes next, or in a moment.
    pub(super) fn ack(&self, by: &Proven, upto: Seq) {
        let mut acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = acks.is_empty();
        let (known, last) = acks.entry(by.mailbox()).or_insert((*by, upto));
        if *last < upto {
            *last = upto;
        }
        // A newer session was told of more losses.
        *known = known.newer(by);
        if is_first {
            let queue = self.queue.clone();
            tokio::spawn(async move {
                tokio::time::sleep(ACK_WAIT).await;
                // A closed writer took the acks with it.
                let _ = queue.put(Job { work: Work::Acks, answer: None, _room: None });
            });
        }
    }

    /// Finishes what waits and ends the thread.
    pub(super) fn close(&self) {
        drop(self.queue.jobs.send(Job { work: Work::Close, answer: None, _room: None }));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writing thread had failed");
        }
    }
}

impl Queue {
    fn put(&self, job: Job) -> Result<(), StoreError> {
        let is_news = job.work.is_news();
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        if is_news && let Some(at) = self.next_epoch() {
            tokio::spawn(self.clone().publish_at(at));
        }
        if !self.emptying.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().empty_log_soon());
        }
        Ok(())
    }

    /// When to ask for the next epoch, where nobody does yet.
    fn next_epoch(&self) -> Option<tokio::time::Instant> {
        let mut epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        (!std::mem::replace(&mut epochs.is_due, true)).then_some(epochs.last + EPOCH)
    }

    async fn publish_at(self, mut at: tokio::time::Instant) {
        loop {
            tokio::time::sleep_until(at).await;
            {
                let mut epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
                *epochs = Epochs { last: tokio::time::Instant::now(), is_due: false };
            }
            let (answer, answered) = oneshot::channel();
            drop(self.jobs.send(Job { work: Work::Publish, answer: Some(answer), _room: None }));
            if !matches!(answered.await, Ok(Answer::Published(true))) {
                return;
            }
            // Where somebody else asks by now, all is well.
            let Some(next) = self.next_epoch() else { return };
            at = next;
        }
    }

    async fn empty_log_soon(self) {
        loop {
            tokio::time::sleep(LOG_KEPT).await;
            // Whatever is put from here on may come after it in the queue: for that, another task is there.
            self.emptying.store(false, Ordering::Release);
            let (answer, answered) = oneshot::channel();
            drop(self.jobs.send(Job { work: Work::EmptyLog, answer: Some(answer), _room: None }));
            let is_held_up = matches!(answered.await, Ok(Answer::Emptied(false)));
            if !is_held_up || self.emptying.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}

/// What the writing thread has.
struct Desk {
    roles: Roles<SqliteStore>,
    rng: ChaCha20Rng,
    clock: Clock,
    wakes: Arc<Wakes>,
    health: Arc<Health>,
    /// Told that a head was signed.
    heads: Arc<Notify>,
    acks: Acks,
    laid_out: tokio::time::Instant,
}

/// What came of one job, held back until it is durable.
struct Held {
    answer: Answer,
    wakes: Vec<MailboxId>,
    closes: Vec<MailboxId>,
}

impl From<Outcome> for Held {
    fn from(outcome: Outcome) -> Self {
        Self { answer: Answer::Reply(outcome.reply), wakes: outcome.wakes, closes: outcome.closes }
    }
}

impl From<Answer> for Held {
    fn from(answer: Answer) -> Self {
        Self { answer, wakes: Vec::new(), closes: Vec::new() }
    }
}

impl Desk {
    fn run(mut self, mut queue: mpsc::UnboundedReceiver<Job>) {
        let mut jobs = Vec::with_capacity(TOGETHER);
        while queue.blocking_recv_many(&mut jobs, TOGETHER) > 0 {
            let is_last = jobs.iter().any(|job| matches!(job.work, Work::Close));
            self.serve(&mut jobs);
            if is_last {
                queue.close();
                while queue.blocking_recv_many(&mut jobs, TOGETHER) > 0 {
                    self.serve(&mut jobs);
                }
            }
        }
        // Acks whose moment had not come.
        self.serve(&mut jobs);
        self.lay_out();
        self.empty_log();
    }

    fn lay_out(&mut self) {
        self.laid_out = tokio::time::Instant::now();
        if let Err(error) = self.roles.store().lay_out() {
            tracing::warn!(%error, "the store could not be laid out again");
        }
    }

    fn empty_log(&mut self) -> bool {
        self.roles.store().empty_log().unwrap_or_else(|error| {
            // On a full disk it cannot; there one line is enough.
            match self.health.now() {
                Ok(()) => tracing::warn!(%error, "the log of the store could not be emptied"),
                Err(_) => tracing::debug!(%error, "the log of the store could not be emptied"),
            }
            false
        })
    }

    /// Does all jobs and answers them; leaves none.
    fn serve(&mut self, jobs: &mut Vec<Job>) {
        let acks = mem::take(&mut *self.acks.lock().unwrap_or_else(PoisonError::into_inner));
        let tells = jobs.iter().any(|job| matches!(job.work, Work::Publish | Work::Sweep));
        let sweeps = jobs.iter().any(|job| matches!(job.work, Work::Sweep));
        let is_trial = jobs.iter().any(|job| matches!(job.work, Work::Trial));
        let writes = |job: &Job| !matches!(job.work, Work::Acks | Work::EmptyLog | Work::Close | Work::Trial);
        let held = match acks.is_empty() && !jobs.iter().any(writes) {
            true => Ok(self.one_by_one(jobs, &acks)),
            false => self.together(jobs, &acks),
        };
        let held = held.unwrap_or_else(|error| {
            tracing::debug!(%error, jobs = jobs.len(), "a transaction was undone; its requests are tried one by one");
            self.health.ill(error);
            self.one_by_one(jobs, &acks)
        });
        // The store's own limit undoes a request and not the transaction.
        if held.iter().any(|held| matches!(held.answer, Answer::Reply(Some(Reply::Refused(Refusal::Full))))) {
            self.health.ill(StoreError::Full);
        }
        if is_trial {
            self.try_store();
        }
        if tells {
            self.heads.notify_one();
        }
        let mut waits_for_log = None;
        for (job, held) in jobs.drain(..).zip(held) {
            self.wakes.wake(held.wakes, held.closes);
            match job.work {
                Work::EmptyLog => waits_for_log = job.answer,
                // Who asked may be gone; it is done all the same.
                _ => drop(job.answer.map(|answer| answer.send(held.answer))),
            }
        }
        if sweeps && let Err(error) = self.roles.store().shrink() {
            tracing::warn!(%error, "the store could not be made smaller");
        }
        if let Some(answer) = waits_for_log {
            if self.laid_out.elapsed() > LAID_OUT_EVERY {
                self.lay_out();
            }
            drop(answer.send(Answer::Emptied(self.empty_log())));
        }
    }

    fn together(&mut self, jobs: &[Job], acks: &HashMap<MailboxId, (Proven, Seq)>) -> Result<Vec<Held>, StoreError> {
        let began = tokio::time::Instant::now();
        self.roles.store().begin()?;
        let held = self.one_by_one(jobs, acks);
        self.roles.store().persist()?;
        crate::metrics::batch(jobs.len() + acks.len(), began.elapsed());
        Ok(held)
    }

    fn one_by_one(&mut self, jobs: &[Job], acks: &HashMap<MailboxId, (Proven, Seq)>) -> Vec<Held> {
        let now = (self.clock)();
        for (by, upto) in acks.values() {
            // A device that is gone has nothing to ack.
            self.roles.answer_device(now, by, &DeviceRequest::Ack(*upto));
        }
        jobs.iter().map(|job| self.perform(&job.work)).collect()
    }

    fn perform(&mut self, work: &Work) -> Held {
        let now = (self.clock)();
        match work {
            Work::Anonymous(request) => self.roles.answer_anonymous(now, &mut self.rng, request).into(),
            Work::Device(by, request) => self.roles.answer_device(now, by, request).into(),
            Work::Invite { uses, days } => Answer::Code(self.roles.invite(now, &mut self.rng, *uses, *days)).into(),
            Work::Sweep => {
                if let Err(error) = self.roles.sweep(now) {
                    tracing::error!(%error, "what is too old could not be dropped");
                }
                // A tree head says every hour that it is still the newest.
                self.publish(now);
                if matches!(self.roles.is_ahead(now), Ok(true)) {
                    tracing::error!(
                        "the clock was set back, and nobody believes the directory until that time comes again: start waxseald anew"
                    );
                }
                Answer::Nothing.into()
            }
            Work::Publish => Answer::Published(self.publish(now)).into(),
            Work::Vouch(vouch) => Answer::Vouched(Box::new(self.vouch(now, vouch))).into(),
            Work::Acks | Work::EmptyLog | Work::Close | Work::Trial => Answer::Nothing.into(),
        }
    }

    fn vouch(&mut self, now: Millis, vouch: &Vouch) -> Result<Vouched, StoreError> {
        match vouch {
            Vouch::Keep(signed) => self.roles.keep_cosigned(signed).map(|()| Vouched::Kept),
            Vouch::Judge(log, asked, signed) => self.roles.witness(now, log, asked, signed).map(Vouched::Judged),
            Vouch::Follow(word) => self.roles.follow(word).map(Vouched::Followed),
        }
    }

    /// Whether to ask again.
    fn publish(&mut self, now: Millis) -> bool {
        self.roles.publish(now).unwrap_or_else(|error| {
            match self.health.now() {
                Ok(()) => tracing::warn!(%error, "the directory could not say what is new"),
                Err(_) => tracing::debug!(%error, "the directory could not say what is new"),
            }
            true
        })
    }

    fn try_store(&mut self) {
        match self.roles.store().trial() {
            Ok(()) => self.health.well(),
            Err(error) => self.health.ill(error),
        }
    }
}
