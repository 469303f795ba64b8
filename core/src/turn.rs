//! One turn: everything that happens between an input and its persist.
//!
//! Made by `client` inside one transaction. Holds all that a rule may touch:
//! the transaction, the time, chance, the connection's state and the outputs.

use rand_core::CryptoRngCore;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, GroupId, IdempotencyKey, Millis};
use waxseal_wire::request::Request;

use crate::account::me;
use crate::agenda::Agenda;
use crate::group::{Group, GroupError, Identity};
use crate::memory::Memory;
use crate::output::Problem;
use crate::session::{Purpose, Session};
use crate::store::{StoreError, Tx};
use crate::view::ChatId;
use crate::{Event, Input, Output};

/// See the module.
pub(crate) struct Turn<'a> {
    pub(crate) tx: &'a Tx<'a>,
    pub(crate) now: Millis,
    pub(crate) rng: &'a mut dyn CryptoRngCore,
    pub(crate) session: &'a mut Session,
    pub(crate) memory: &'a mut Memory,
    pub(crate) outputs: &'a mut Vec<Output>,
}

impl Turn<'_> {
    /// Handles one input and whatever is due.
    pub(crate) fn take(&mut self, input: Input) -> Result<(), StoreError> {
        self.heed_clock()?;
        match input {
            Input::Command(command) => self.command(command)?,
            Input::Connected(door) => self.connected(door)?,
            Input::Disconnected(door) => self.session.disconnect(door),
            Input::Told(door, told) => self.told(door, told)?,
            // Whoever ticked has no wake-up left; where it came too early, another is asked for.
            Input::Tick => self.session.wake_at = None,
        }
        self.run_due()
    }

    /// Does what is due by now, moves the outbox, and asks to be woken for the rest.
    fn run_due(&mut self) -> Result<(), StoreError> {
        self.tell_changes()?;
        self.run_registration()?;
        self.run_keys()?;
        self.run_watch()?;
        self.run_witnesses()?;
        self.run_heard()?;
        self.pump()?;
        let mut agenda = Agenda::read(self.tx, self.now)?;
        if agenda.is_due(self.now, self.session) {
            self.run_heal()?;
            self.run_receipts()?;
            self.run_links()?;
            self.pump()?;
            self.fetch_again()?;
            self.fetch_accounts()?;
            self.tell_changes()?;
            agenda = Agenda::read(self.tx, self.now)?;
        }
        let next = [
            agenda.next(self.session),
            self.session.register_at,
            self.next_keys(),
            self.session.watch_at.filter(|_| self.session.proven),
            self.session.relate_at.filter(|_| self.session.anonymous),
            self.session.witness_at.filter(|_| self.session.anonymous),
        ];
        if let Some(at) = next.into_iter().flatten().min()
            && self.session.wake_at != Some(at)
        {
            self.session.wake_at = Some(at);
            self.outputs.push(Output::WakeAt(Millis(at.0.max(self.now.0.saturating_add(1)))));
        }
        Ok(())
    }

    /// The server was busy a while ago: goes on with trees; chains follow by themselves.
    fn fetch_again(&mut self) -> Result<(), StoreError> {
        if self.session.fetch_at.is_some_and(|at| at <= self.now) {
            self.session.fetch_at = None;
            self.resume_joins()?;
        }
        Ok(())
    }

    /// Tells the person.
    pub(crate) fn tell(&mut self, event: Event) {
        self.outputs.push(Output::Tell(event));
    }

    /// Tells the person that something cannot be done.
    pub(crate) fn fail(&mut self, chat: Option<ChatId>, problem: Problem) {
        self.tell(Event::Failed { chat, problem });
    }

    /// Sends a request whose answer is handled by `purpose`; false while the door is shut.
    pub(crate) fn send(&mut self, door: Door, request: Request, purpose: Purpose) -> bool {
        let Some(id) = self.session.open_request(door, request.seen(), purpose) else { return false };
        self.outputs.push(Output::Send(door, id, request));
        true
    }

    /// Who this device is, where it is anybody.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, StoreError> {
        if let Some(known) = self.memory.identity.get() {
            return Ok(Some(known.clone()));
        }
        let found = me::identity(self.tx)?;
        Ok(found.map(|found| self.memory.identity.get_or_init(|| found).clone()))
    }

    /// Which account is ours, where one is.
    pub(crate) fn own_account(&self) -> Result<Option<AccountId>, StoreError> {
        match self.memory.identity.get() {
            Some(known) => Ok(Some(known.account)),
            None => me::account(self.tx),
        }
    }

    /// A fresh idempotency key.
    pub(crate) fn fresh_key(&mut self) -> IdempotencyKey {
        IdempotencyKey::random(&mut self.rng)
    }

    /// A moment between `least` and `most` milliseconds from now.
    pub(crate) fn later(&mut self, least: u64, most: u64) -> Millis {
        let span = most.saturating_sub(least).max(1);
        Millis(self.now.0.saturating_add(least).saturating_add(self.rng.next_u64() % span))
    }

    /// Works on a group; whatever `work` wrote is taken back where it fails.
    ///
    /// The inner result is `work`'s own; the outer one is the database's.
    pub(crate) fn with_group<T, E>(
        &mut self,
        id: &GroupId,
        work: impl FnOnce(&mut Group, &Tx<'_>, &mut dyn CryptoRngCore) -> Result<T, E>,
    ) -> Result<Option<Result<T, E>>, StoreError> {
        let mut group = match self.memory.groups.remove(id) {
            Some(group) => group,
            None => match Group::load(self.tx, id) {
                Ok(Some(group)) => group,
                Ok(None) | Err(GroupError::Torn) => return Ok(None),
                Err(GroupError::Store(error)) => return Err(error),
                Err(_) => return Ok(None),
            },
        };
        let done = self.attempt(|turn| work(&mut group, turn.tx, turn.rng))?;
        if done.is_ok() {
            self.memory.groups.insert(*id, group);
        }
        Ok(Some(done))
    }

    /// Runs `work` in a savepoint: kept where it is `Ok`, taken back where it is `Err`.
    pub(crate) fn attempt<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<Result<T, E>, StoreError> {
        self.tx.prepare_cached("SAVEPOINT attempt")?.execute([])?;
        let done = work(self);
        if done.is_err() {
            self.tx.prepare_cached("ROLLBACK TO attempt")?.execute([])?;
        }
        self.tx.prepare_cached("RELEASE attempt")?.execute([])?;
        Ok(done)
    }

    /// Forgets a loaded group, so that it is read from the store again.
    pub(crate) fn unload(&mut self, id: &GroupId) {
        self.memory.groups.remove(id);
    }
}
