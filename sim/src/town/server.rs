//! The server's end: the real rules over a real store, in the town's time.
//!
//! Called by `town` when a frame arrives. What the transport of the real server
//! does, is done here: challenge, pushes, wake-ups. Every accepted submit goes
//! into the ledger, whether or not its reply gets anywhere.

use rand::Rng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_server::roles::{Outcome, Proven, Roles};
use waxseal_server::store::MailboxId;
use waxseal_server::store::sqlite::{Snapshot, SqliteStore};
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId, Seq};
use waxseal_wire::reply::{Push, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

use super::{Broken, Happening, Town};
use crate::traffic::kind;

/// So long a device may take to prove itself, in milliseconds.
const PROVE_WITHIN: u64 = 10_000;

impl Town {
    #[allow(clippy::expect_used, reason = "a simulation without its server is broken and must stop")]
    fn server(&mut self) -> &mut Roles<SqliteStore> {
        self.server.as_mut().expect("the server is there")
    }

    /// The server's disk as it is now, byte for byte.
    pub fn server_disk(&mut self) -> Result<Snapshot, Broken> {
        Ok(self.server().store().snapshot()?)
    }

    /// What the server answers to somebody at its anonymous door who is no house.
    pub fn ask(&mut self, request: AnonymousRequest) -> Result<Option<Reply>, Broken> {
        let outcome = self.anonymous(request);
        self.wake(&outcome.wakes)?;
        Ok(outcome.reply)
    }

    /// Lets days pass at once, as for a device that is away; the server forgets what is too old.
    pub fn skip_days(&mut self, days: u64) {
        self.now = Millis(self.now.0 + days * 24 * 60 * 60 * 1000);
        let _ = self.sweep();
    }

    /// The server throws away what is too old by its clock.
    pub fn sweep(&mut self) -> Result<(), Broken> {
        let now = self.server_clock();
        Ok(self.server().sweep(now)?)
    }

    /// Answers, and keeps account of what was accepted.
    fn anonymous(&mut self, request: AnonymousRequest) -> Outcome {
        let now = self.server_clock();
        let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
        let noted = request.clone();
        let outcome = self.server().anonymous(now, &mut chance, request);
        self.publish(now);
        if let Some(Reply::Accepted(position)) = outcome.reply {
            self.ledger.accepted(noted, position);
        }
        outcome
    }

    fn device(&mut self, house: usize, proven: &Proven, request: DeviceRequest) -> Outcome {
        self.ledger.published(house, &request);
        let now = self.server_clock();
        let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
        let outcome = self.server().device(now, &mut chance, proven, request);
        self.publish(now);
        outcome
    }

    /// The directory says what is new. A store that fails says it with the next request.
    fn publish(&mut self, now: Millis) {
        // Where its clock was set back, somebody starts the program anew, and that begins another log.
        if matches!(self.server().is_ahead(now), Ok(true)) {
            let next = super::log_of(self.log + 1);
            if self.server().begin_new_log(now, next).is_ok() {
                self.log += 1;
            }
        }
        while matches!(self.server().publish(now), Ok(true)) {}
    }

    pub(super) fn at_server(
        &mut self,
        house: usize,
        door: Door,
        line: u64,
        id: RequestId,
        mut request: Request,
    ) -> Result<(), Broken> {
        let known = self.houses[house].line(door);
        if !known.up || known.number != line || known.mute {
            return Ok(());
        }
        if self.chance(self.weather.breaks) {
            return self.cut(house, door);
        }
        if let Some(tap) = &mut self.tap {
            tap.up(house, &mut request);
            if let Some(reply) = tap.instead(house, id, &request) {
                self.tell(house, door, Told::Reply(id, reply));
                return Ok(());
            }
        }
        *self.traffic.requests.entry(kind(&request)).or_default() += 1;
        if self.chance(self.weather.server_dies) {
            return self.server_crash(house, &request);
        }
        match request {
            Request::Anonymous(request) => {
                let outcome = self.anonymous(request);
                if let Some(reply) = outcome.reply {
                    self.tell(house, door, Told::Reply(id, reply));
                }
                self.wake(&outcome.wakes)
            }
            Request::Device(request) => self.device_request(house, id, request),
        }
    }

    fn device_request(&mut self, house: usize, id: RequestId, request: DeviceRequest) -> Result<(), Broken> {
        if let DeviceRequest::Authenticate(request) = &request {
            let (now, nonce) = (self.server_clock(), self.houses[house].device.nonce);
            let reply = match self.server().authenticate(now, &nonce, request) {
                Ok((proven, session)) => {
                    self.houses[house].device.proven = Some(proven);
                    Reply::Session(session)
                }
                Err(refusal) => {
                    // Whoever does not prove itself is shown out after a while, as by the real server.
                    let line = self.houses[house].device.number;
                    self.later(PROVE_WITHIN, Happening::Cut { house, door: Door::Device, line });
                    Reply::Refused(refusal)
                }
            };
            self.tell(house, Door::Device, Told::Reply(id, reply));
            return Ok(());
        }
        let Some(proven) = self.houses[house].device.proven else {
            self.tell(house, Door::Device, Told::Reply(id, Reply::Refused(Refusal::WrongDoor)));
            return Ok(());
        };
        let taken = if let DeviceRequest::Take(after) = request { Some(after) } else { None };
        let outcome = self.device(house, &proven, request);
        if let Some(reply) = outcome.reply {
            self.tell(house, Door::Device, Told::Reply(id, reply));
        }
        if let Some(after) = taken {
            self.houses[house].device.pushed = Some(after);
            self.houses[house].device.told_all = false;
            self.push(house)?;
        }
        for closed in outcome.closes {
            for other in 0..self.houses.len() {
                if self.houses[other].device.proven.as_ref().is_some_and(|proven| proven.mailbox() == closed) {
                    self.cut(other, Door::Device)?;
                }
            }
        }
        self.wake(&outcome.wakes)
    }

    fn wake(&mut self, mailboxes: &[MailboxId]) -> Result<(), Broken> {
        for house in 0..self.houses.len() {
            let line = &self.houses[house].device;
            if line.up && line.proven.as_ref().is_some_and(|proven| mailboxes.contains(&proven.mailbox())) {
                self.push(house)?;
            }
        }
        Ok(())
    }

    /// Pushes what is new in a house's mailbox.
    fn push(&mut self, house: usize) -> Result<(), Broken> {
        let line = &self.houses[house].device;
        let (Some(proven), Some(after)) = (line.proven, line.pushed) else { return Ok(()) };
        let Ok(entries) = self.server().entries(&proven, after, 64, 1 << 20) else { return Ok(()) };
        if let Some(last) = entries.last() {
            self.houses[house].device.pushed = Some(Seq(last.seq.0));
            self.traffic.pushes += 1;
            self.tell(house, Door::Device, Told::Push(Push::Entries(entries)));
            return self.push(house);
        }
        if !core::mem::replace(&mut self.houses[house].device.told_all, true) {
            self.tell(house, Door::Device, Told::Push(Push::Entries(Vec::new())));
        }
        Ok(())
    }

    /// The server dies before or after the persist of this request: all connections break, no reply leaves.
    fn server_crash(&mut self, house: usize, request: &Request) -> Result<(), Broken> {
        self.tally.server_deaths += 1;
        if self.rng.r#gen() {
            match request {
                Request::Anonymous(request) => drop(self.anonymous(request.clone())),
                // Proving oneself changes nothing.
                Request::Device(DeviceRequest::Authenticate(_)) => {}
                Request::Device(request) => {
                    if let Some(proven) = self.houses[house].device.proven {
                        drop(self.device(house, &proven, request.clone()));
                    }
                }
            }
        }
        self.restart_server()
    }

    /// The server's program starts again on the same store.
    pub fn restart_server(&mut self) -> Result<(), Broken> {
        if let Some(server) = self.server.take() {
            let policy = self.policy.clone();
            self.server = Some(Roles::new(server.into_store(), policy, super::log_of(self.log)));
        }
        for house in 0..self.houses.len() {
            for door in [Door::Anonymous, Door::Device] {
                self.cut(house, door)?;
            }
        }
        Ok(())
    }
}
