//! The town: houses, one server, and a queue of events in virtual time.
//!
//! Called by `plan` and tests. Moves frames, wakes and faults; never looks
//! inside an envelope. Everything is drawn from one seed.
//!
//! ```text
//!   town ──► lines   frames on their way, and what the weather does to them
//!     └────► server  the real rules, and who stands before them
//! ```

mod backup;
mod lines;
mod server;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rand::Rng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::store::StoreError as ClientStoreError;
use waxseal_core::{Client, ClientError, Command, Event, Input, Output};
use waxseal_server::policy::Policy;
use waxseal_server::roles::{Publisher, Roles, Secrets};
use waxseal_server::store::StoreError;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::reply::Push;
use waxseal_wire::request::{AnonymousRequest, Request};

use crate::deeds::Deed;
use crate::house::{House, Line};
use crate::ledger::{Ledger, Said};
use crate::tally::Tally;
use crate::tap::Tap;
use crate::traffic::Traffic;
use crate::trouble::Trouble;

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
    /// Chance that a frame arrives twice, in 1/1000.
    pub doubles: u32,
}

/// More events than this in one stretch of time are a loop.
const RESTLESS: u64 = 500_000;

impl Weather {
    /// Nothing goes wrong.
    pub const CALM: Self = Self { delay: (1, 20), breaks: 0, dies: 0, server_dies: 0, doubles: 0 };
    /// Everything goes wrong now and then.
    pub const STORM: Self = Self { delay: (1, 2_000), breaks: 15, dies: 8, server_dies: 3, doubles: 10 };
}

/// Something that will happen.
pub(crate) enum Happening {
    Connect { house: usize, door: Door },
    ToServer { house: usize, door: Door, line: u64, id: RequestId, request: Request },
    ToHouse { house: usize, door: Door, line: u64, told: Told },
    Wake { house: usize, timer: u64 },
    Look { house: usize },
    Do { house: usize, deed: Deed },
    Strike(Trouble),
    Cut { house: usize, door: Door, line: u64 },
    Planted(Planted),
}

/// Something that a test breaks on purpose, to see it found.
pub type Planted = Box<dyn FnOnce(&mut Town) -> Result<(), Broken>>;

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
    /// How far the server's clock is from the town's, in milliseconds.
    pub server_skew: i64,
    /// What the honest server accepted, and for whom.
    pub ledger: Ledger,
    /// Who said what, by its text.
    pub said: BTreeMap<String, Said>,
    /// What happened, counted.
    pub tally: Tally,
    server: Option<Roles<SqliteStore>>,
    policy: Policy,
    /// Which log its directory keeps: a server that is set back begins another.
    log: u8,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<(u64, u64), Happening>,
    counter: u64,
}

/// The keys of the n-th log of the town's directory.
pub fn log_of(number: u8) -> Publisher {
    Publisher::new(Secrets::new([number; 32], [number.wrapping_add(100); 32]))
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
    /// A client's store did not read.
    #[error("a client's store: {0}")]
    Store(#[from] ClientStoreError),
    /// Events go on for ever.
    #[error("the town does not come to rest: {0}")]
    Restless(String),
}

impl Town {
    /// An empty town.
    pub fn new(seed: u64, weather: Weather) -> Result<Self, Broken> {
        Ok(Self::with_store(seed, weather, SqliteStore::open_in_memory()?))
    }

    /// An empty town whose server keeps its things in `store`, such as in files that a test can read.
    pub fn with_store(seed: u64, weather: Weather, store: SqliteStore) -> Self {
        let policy = Policy::unlimited();
        let mut server = Roles::new(store, policy.clone(), log_of(1));
        // A store that cannot say its first word says it with the next request.
        let _ = server.publish(Millis(1_790_000_000_000));
        Self {
            // Some day in 2026, so that days, weeks and expiry mean something.
            now: Millis(1_790_000_000_000),
            rng: ChaCha20Rng::seed_from_u64(seed),
            weather,
            houses: Vec::new(),
            traffic: Traffic::default(),
            vandals: Vec::new(),
            tap: None,
            server_skew: 0,
            ledger: Ledger::default(),
            said: BTreeMap::new(),
            tally: Tally::default(),
            log: 1,
            server: Some(server),
            policy,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            counter: 0,
        }
    }

    /// A calm town in which each of these people has one device and is about to register.
    pub fn of_people(seed: u64, names: &[&str]) -> Result<Self, Broken> {
        let mut town = Self::new(seed, Weather::CALM)?;
        town.move_in(names);
        Ok(town)
    }

    /// The same, where the first of them is about to found a group of all, in which "before" is said.
    pub fn of_a_group(seed: u64, names: &[&str], title: &str) -> Result<Self, Broken> {
        let mut town = Self::of_people(seed, names)?;
        town.run_for(2_000)?;
        town.plan(0, 0, Deed::Found(title.into(), names.iter().map(|name| (*name).to_owned()).collect()));
        town.plan(3_000, 0, Deed::Say(title.into(), "before".into()));
        for house in 1..names.len() {
            town.plan(5_000, house, Deed::AcceptAll);
        }
        Ok(town)
    }

    /// One device each for these people, who are about to register.
    pub fn move_in(&mut self, names: &[&str]) {
        for name in names {
            let house = self.settle(&format!("{name}/1"), name);
            self.plan(10, house, Deed::Register);
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

    /// Something is broken on purpose after `wait` milliseconds.
    pub fn plant(&mut self, wait: u64, planted: impl FnOnce(&mut Self) -> Result<(), Broken> + 'static) {
        self.later(wait, Happening::Planted(Box::new(planted)));
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
            if steps > RESTLESS {
                return Err(Broken::Restless(self.busiest()));
            }
            self.queue.pop();
            self.now = Millis(key.0.max(self.now.0));
            if let Some(happening) = self.happenings.remove(&key) {
                self.happen(happening)?;
            }
            self.tell_late();
        }
        self.now = Millis(until);
        Ok(())
    }

    /// Who was woken most, and how often: where a loop is.
    fn busiest(&self) -> String {
        let most = self.houses.iter().max_by_key(|house| house.ticks);
        most.map(|house| format!("{} was woken {} times, {:?}", house.name, house.ticks, house.wake_at)).unwrap_or_default()
    }

    pub(crate) fn later(&mut self, wait: u64, happening: Happening) {
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
            Happening::Wake { house, timer } => self.ring(house, timer),
            Happening::Look { house } => self.look_around(house),
            Happening::Strike(trouble) => self.strike(trouble),
            Happening::Cut { house, door, line } => {
                let known = self.houses[house].line(door);
                if known.up && known.number == line { self.cut(house, door) } else { Ok(()) }
            }
            Happening::Do { house, deed } => self.perform(house, deed),
            Happening::Planted(planted) => planted(self),
        }
    }

    /// A shell's timer went off; it looks at the house's clock, which may have been set since.
    fn ring(&mut self, house: usize, timer: u64) -> Result<(), Broken> {
        let Some(at) = self.houses[house].wake_at.filter(|_| self.houses[house].timer == timer) else { return Ok(()) };
        let early = at.0.saturating_sub(self.clock(house).0);
        if early > 0 {
            self.later(early, Happening::Wake { house, timer });
            return Ok(());
        }
        self.look_around(house)
    }

    /// A shell wakes its client, because it is time or because nothing else happened.
    pub(crate) fn look_around(&mut self, house: usize) -> Result<(), Broken> {
        self.houses[house].wake_at = None;
        self.houses[house].ticks += 1;
        self.hand_in(house, Input::Tick)
    }

    fn connected(&mut self, house: usize, door: Door) -> Result<(), Broken> {
        let now = self.now;
        let line = self.houses[house].line(door);
        let (up, shut) = (line.up, line.shut_until > now);
        if up || shut || self.houses[house].gone {
            return Ok(());
        }
        let nonce = self.rng.r#gen();
        let line = self.houses[house].line(door);
        *line = Line { number: line.number + 1, up: true, last_up: now, last_down: now, nonce, ..Line::default() };
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
            self.hang_up(house, door)?;
        }
        Ok(())
    }

    /// Breaks a connection, for good.
    pub(crate) fn hang_up(&mut self, house: usize, door: Door) -> Result<(), Broken> {
        if self.houses[house].line(door).up {
            self.houses[house].line(door).up = false;
            self.hand_in(house, Input::Disconnected(door))?;
        }
        Ok(())
    }

    /// Hands an input to a client and performs what it asks for. A client that dies is restarted.
    pub fn hand_in(&mut self, house: usize, input: Input) -> Result<(), Broken> {
        if self.chance(self.weather.dies) {
            let (nth, after) = (self.rng.gen_range(1..4), self.rng.r#gen());
            self.houses[house].plan_crash(nth, after);
        }
        let now = self.clock(house);
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
        self.follow_unheard(house)?;
        let wait = self.rng.gen_range(50..2_000);
        self.connect(house, wait);
        Ok(())
    }

    fn drain(&mut self, house: usize) -> Result<(), Broken> {
        while let Some(output) = self.houses[house].client().poll() {
            match output {
                Output::Send(door, id, request) => {
                    self.note_texts(house, &request)?;
                    let request = self.vandalise(house, request);
                    self.send(house, door, id, request);
                }
                Output::Tell(event) => {
                    if let Event::ChatMoved { from, to } = &event {
                        self.follow(house, *from, *to);
                    }
                    self.houses[house].told.push(event);
                }
                Output::WakeAt(at) => {
                    let wait = at.0.saturating_sub(self.clock(house).0).max(1);
                    let home = &mut self.houses[house];
                    home.wake_at = Some(at);
                    // The latest one counts.
                    home.timer += 1;
                    let timer = home.timer;
                    self.later(wait, Happening::Wake { house, timer });
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

    /// True once in so many times, in 1/1000.
    pub fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.gen_range(0..1_000) < thousandths
    }
}
