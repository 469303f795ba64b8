//! The town: houses, one server, and a queue of events in virtual time.
//!
//! Called by `plan` and tests. Moves frames, wakes and faults; never looks
//! inside an envelope. Everything is drawn from one seed.

mod backup;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rand::Rng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::store::StoreError as ClientStoreError;
use waxseal_core::{Client, ClientError, Command, Input, Output};
use waxseal_server::policy::Policy;
use waxseal_server::roles::Roles;
use waxseal_server::store::sqlite::{Snapshot, SqliteStore};
use waxseal_server::store::{MailboxId, StoreError};
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId, Seq};
use waxseal_wire::reply::{Push, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

use crate::deeds::Deed;
use crate::house::House;
use crate::tap::Tap;
use crate::traffic::{Traffic, kind};

/// How the network behaves.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Least and most delay of a frame, in milliseconds.
    pub delay: (u64, u64),
    /// Chance that a frame's arrival breaks its connection, in 1/1000.
    pub breaks: u32,
    /// Chance that a device dies at one of its next persists, after handling something, in 1/1000.
    pub dies: u32,
    /// Chance that the server dies at a persist, in 1/1000.
    pub server_dies: u32,
}

impl Weather {
    /// Nothing goes wrong.
    pub const CALM: Self = Self { delay: (1, 20), breaks: 0, dies: 0, server_dies: 0 };
    /// Everything goes wrong now and then.
    pub const STORM: Self = Self { delay: (1, 2_000), breaks: 15, dies: 8, server_dies: 3 };
}

/// Something that will happen.
enum Happening {
    Connect { house: usize, door: Door },
    ToServer { house: usize, door: Door, line: u64, id: RequestId, request: Request },
    ToHouse { house: usize, door: Door, line: u64, told: Told },
    Wake { house: usize },
    Do { house: usize, deed: Deed },
}

/// See the module.
pub struct Town {
    /// Virtual time.
    pub now: Millis,
    /// All chance.
    pub rng: ChaCha20Rng,
    /// How the network behaves.
    pub weather: Weather,
    /// The devices.
    pub houses: Vec<House>,
    /// What passed the server's doors.
    pub traffic: Traffic,
    /// Houses whose next Commit is replaced by noise: members who misbehave.
    pub vandals: Vec<usize>,
    /// Who stands between the houses and the server, if anybody.
    pub tap: Option<Box<dyn Tap + Send>>,
    server: Option<Roles<SqliteStore>>,
    policy: Policy,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<(u64, u64), Happening>,
    counter: u64,
}

/// The simulation itself could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The server's store did not open.
    #[error("the server's store: {0}")]
    Server(#[from] StoreError),
    /// A client's store failed without being told to.
    #[error("a client: {0}")]
    Client(#[from] ClientError),
    /// Events go on for ever.
    #[error("the town does not come to rest")]
    Restless,
}

impl Town {
    /// An empty town.
    pub fn new(seed: u64, weather: Weather) -> Result<Self, Broken> {
        Ok(Self::with_store(seed, weather, SqliteStore::open_in_memory()?))
    }

    /// An empty town whose server keeps its things in `store`, such as in files that a test can read.
    pub fn with_store(seed: u64, weather: Weather, store: SqliteStore) -> Self {
        let policy = Policy::unlimited();
        let server = Roles::new(store, policy.clone());
        Self {
            // Some day in 2026, so that days, weeks and expiry mean something.
            now: Millis(1_790_000_000_000),
            rng: ChaCha20Rng::seed_from_u64(seed),
            weather,
            houses: Vec::new(),
            traffic: Traffic::default(),
            vandals: Vec::new(),
            tap: None,
            server: Some(server),
            policy,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            counter: 0,
        }
    }

    /// Builds a house and connects it; returns its number.
    pub fn settle(&mut self, name: &str, account: &str) -> usize {
        self.houses.push(House::new(name, account));
        let house = self.houses.len() - 1;
        self.connect(house, 0);
        house
    }

    /// Connects both doors after `wait` milliseconds.
    pub fn connect(&mut self, house: usize, wait: u64) {
        for door in [Door::Anonymous, Door::Device] {
            self.later(wait, Happening::Connect { house, door });
        }
    }

    /// A person does something after `wait` milliseconds.
    pub fn plan(&mut self, wait: u64, house: usize, deed: Deed) {
        self.later(wait, Happening::Do { house, deed });
    }

    /// A person asks for something now.
    pub fn command(&mut self, house: usize, command: Command) -> Result<(), Broken> {
        self.hand_in(house, Input::Command(command))
    }

    /// Lets `span` milliseconds pass.
    pub fn run_for(&mut self, span: u64) -> Result<(), Broken> {
        let until = self.now.0 + span;
        let mut steps = 0u64;
        while let Some(Reverse(key)) = self.queue.peek().copied() {
            if key.0 > until {
                break;
            }
            steps += 1;
            if steps > 3_000_000 {
                return Err(Broken::Restless);
            }
            self.queue.pop();
            self.now = Millis(key.0.max(self.now.0));
            if let Some(happening) = self.happenings.remove(&key) {
                self.happen(happening)?;
            }
        }
        self.now = Millis(until);
        Ok(())
    }

    fn later(&mut self, wait: u64, happening: Happening) {
        self.at(self.now.0 + wait, happening);
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.counter += 1;
        let key = (at, self.counter);
        self.queue.push(Reverse(key));
        self.happenings.insert(key, happening);
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::Connect { house, door } => self.connected(house, door),
            Happening::ToServer { house, door, line, id, request } => self.at_server(house, door, line, id, request),
            Happening::ToHouse { house, door, line, told } => {
                let known = self.houses[house].line(door);
                if !known.up || known.number != line {
                    return Ok(());
                }
                if self.chance(self.weather.breaks) {
                    return self.cut(house, door);
                }
                self.hand_in(house, Input::Told(door, told))
            }
            Happening::Wake { house } => {
                if self.houses[house].wake_at.is_some_and(|at| at <= self.now) {
                    self.houses[house].wake_at = None;
                    self.hand_in(house, Input::Tick)?;
                }
                Ok(())
            }
            Happening::Do { house, deed } => self.perform(house, deed),
        }
    }

    fn connected(&mut self, house: usize, door: Door) -> Result<(), Broken> {
        if self.houses[house].line(door).up || self.houses[house].gone {
            return Ok(());
        }
        let nonce = self.rng.r#gen();
        let now = self.now;
        let line = self.houses[house].line(door);
        *line = crate::house::Line { number: line.number + 1, up: true, last_up: now, last_down: now, nonce, ..Default::default() };
        self.hand_in(house, Input::Connected(door))?;
        if door == Door::Device {
            self.tell(house, door, Told::Push(Push::Challenge(nonce)));
        }
        Ok(())
    }

    /// Breaks a connection; it is made again a while later.
    pub fn cut(&mut self, house: usize, door: Door) -> Result<(), Broken> {
        let line = self.houses[house].line(door);
        if !line.up {
            return Ok(());
        }
        line.up = false;
        let wait = self.rng.gen_range(50..3_000);
        self.later(wait, Happening::Connect { house, door });
        self.hand_in(house, Input::Disconnected(door))
    }

    /// Takes a house off the network; [`Town::connect`] brings it back.
    pub fn unplug(&mut self, house: usize) -> Result<(), Broken> {
        for door in [Door::Anonymous, Door::Device] {
            if self.houses[house].line(door).up {
                self.houses[house].line(door).up = false;
                self.hand_in(house, Input::Disconnected(door))?;
            }
        }
        Ok(())
    }

    /// Hands an input to a client and performs what it asks for. A client that dies is restarted.
    pub fn hand_in(&mut self, house: usize, input: Input) -> Result<(), Broken> {
        if self.chance(self.weather.dies) {
            let (nth, after) = (self.rng.gen_range(1..4), self.rng.r#gen());
            self.houses[house].plan_crash(nth, after);
        }
        let now = self.now;
        let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
        match self.houses[house].client().handle(now, &mut chance, input) {
            Ok(()) => self.drain(house),
            Err(ClientError::Store(ClientStoreError::Stopped)) => self.restart(house),
            Err(error) => Err(error.into()),
        }
    }

    /// The process died: what was on disk is all there is.
    pub fn restart(&mut self, house: usize) -> Result<(), Broken> {
        let home = &mut self.houses[house];
        home.restarts += 1;
        home.anonymous.up = false;
        home.device.up = false;
        home.wake_at = None;
        if let Some(client) = home.client.take() {
            home.client = Some(Client::open(client.into_store())?);
        }
        let wait = self.rng.gen_range(50..2_000);
        self.connect(house, wait);
        Ok(())
    }

    fn drain(&mut self, house: usize) -> Result<(), Broken> {
        while let Some(output) = self.houses[house].client().poll() {
            match output {
                Output::Send(door, id, request) => {
                    let request = self.vandalise(house, request);
                    self.send(house, door, id, request);
                }
                Output::Tell(event) => self.houses[house].told.push(event),
                Output::WakeAt(at) => {
                    let at = Millis(at.0.max(self.now.0 + 1));
                    self.houses[house].wake_at = Some(at);
                    self.at(at.0, Happening::Wake { house });
                }
                Output::Reconnect(door) => self.cut(house, door)?,
            }
        }
        Ok(())
    }

    /// A vandal's Commit is noise with the right keys around it: the server cannot know.
    fn vandalise(&mut self, house: usize, mut request: Request) -> Request {
        if let Request::Anonymous(AnonymousRequest::SubmitCommit(submit)) = &mut request
            && let Some(at) = self.vandals.iter().position(|vandal| *vandal == house)
        {
            self.vandals.swap_remove(at);
            let last = submit.commit.len().saturating_sub(40);
            self.rng.fill(&mut submit.commit[last..]);
        }
        request
    }

    /// Lets days pass at once, as for a device that is away; the server forgets what is too old.
    pub fn skip_days(&mut self, days: u64) {
        self.now = Millis(self.now.0 + days * 24 * 60 * 60 * 1000);
        let now = self.now;
        let _ = self.server().sweep(now);
    }

    fn delay(&mut self) -> u64 {
        self.rng.gen_range(self.weather.delay.0..=self.weather.delay.1)
    }

    /// True once in so many times, in 1/1000.
    pub fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.gen_range(0..1_000) < thousandths
    }

    fn send(&mut self, house: usize, door: Door, id: RequestId, request: Request) {
        let at = self.now.0 + self.delay();
        let line = self.houses[house].line(door);
        if !line.up {
            return;
        }
        line.last_up = Millis(at.max(line.last_up.0));
        let (at, number) = (line.last_up.0, line.number);
        self.at(at, Happening::ToServer { house, door, line: number, id, request });
    }

    fn tell(&mut self, house: usize, door: Door, told: Told) {
        let all = match &mut self.tap {
            Some(tap) => tap.down(house, told),
            None => vec![told],
        };
        for told in all {
            self.tell_one(house, door, told);
        }
    }

    fn tell_one(&mut self, house: usize, door: Door, told: Told) {
        let at = self.now.0 + self.delay();
        let line = self.houses[house].line(door);
        if !line.up {
            return;
        }
        line.last_down = Millis(at.max(line.last_down.0));
        let (at, number) = (line.last_down.0, line.number);
        self.at(at, Happening::ToHouse { house, door, line: number, told });
    }

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
        let now = self.now;
        let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
        let outcome = self.server().anonymous(now, &mut chance, request);
        self.wake(&outcome.wakes)?;
        Ok(outcome.reply)
    }

    fn at_server(&mut self, house: usize, door: Door, line: u64, id: RequestId, mut request: Request) -> Result<(), Broken> {
        let known = self.houses[house].line(door);
        if !known.up || known.number != line {
            return Ok(());
        }
        if self.chance(self.weather.breaks) {
            return self.cut(house, door);
        }
        if let Some(tap) = &mut self.tap {
            tap.up(house, &mut request);
        }
        *self.traffic.requests.entry(kind(&request)).or_default() += 1;
        if self.chance(self.weather.server_dies) {
            return self.server_crash(house, door, &request);
        }
        match request {
            Request::Anonymous(request) => {
                let now = self.now;
                let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
                let outcome = self.server().anonymous(now, &mut chance, request);
                if let Some(reply) = outcome.reply {
                    self.tell(house, door, Told::Reply(id, reply));
                }
                self.wake(&outcome.wakes)
            }
            Request::Device(request) => self.device_request(house, id, request),
        }
    }

    fn device_request(&mut self, house: usize, id: RequestId, request: DeviceRequest) -> Result<(), Broken> {
        let now = self.now;
        if let DeviceRequest::Authenticate(request) = &request {
            let nonce = self.houses[house].device.nonce;
            let reply = match self.server().authenticate(now, &nonce, request) {
                Ok((proven, session)) => {
                    self.houses[house].device.proven = Some(proven);
                    Reply::Session(session)
                }
                Err(refusal) => Reply::Refused(refusal),
            };
            self.tell(house, Door::Device, Told::Reply(id, reply));
            return Ok(());
        }
        let Some(proven) = self.houses[house].device.proven else {
            self.tell(house, Door::Device, Told::Reply(id, Reply::Refused(Refusal::WrongDoor)));
            return Ok(());
        };
        let taken = if let DeviceRequest::Take(after) = request { Some(after) } else { None };
        let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
        let outcome = self.server().device(now, &mut chance, &proven, request);
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
    fn server_crash(&mut self, house: usize, door: Door, request: &Request) -> Result<(), Broken> {
        let after: bool = self.rng.r#gen();
        let now = self.now;
        let mut chance = ChaCha20Rng::seed_from_u64(self.rng.r#gen());
        if after {
            match (door, request) {
                (Door::Anonymous, Request::Anonymous(request)) => drop(self.server().anonymous(now, &mut chance, request.clone())),
                (Door::Device, Request::Device(request)) => {
                    if let Some(proven) = self.houses[house].device.proven {
                        drop(self.server().device(now, &mut chance, &proven, request.clone()));
                    }
                }
                _ => {}
            }
        }
        if let Some(server) = self.server.take() {
            let policy = self.policy.clone();
            self.server = Some(Roles::new(server.into_store(), policy));
        }
        for house in 0..self.houses.len() {
            for door in [Door::Anonymous, Door::Device] {
                self.cut(house, door)?;
            }
        }
        Ok(())
    }
}
