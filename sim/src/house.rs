//! A house: one device with its client, its clock, and the state of its two connections.
//!
//! Called by `town`. Owns what a shell owns; decides nothing.

use waxseal_core::store::{Fault, Store};
use waxseal_core::{Client, Event};
use waxseal_server::roles::Proven;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{Millis, Seq};

/// A shell that nobody wakes looks around so often, in milliseconds (`cli/src/engine.rs`).
pub const IDLE: u64 = 60_000;

/// One connection through one door, as both ends see it.
#[derive(Debug, Default)]
pub struct Line {
    /// Counts the connections; frames of an older one are lost.
    pub number: u64,
    /// Whether it stands.
    pub up: bool,
    /// It stands and carries nothing: neither end has found out.
    pub mute: bool,
    /// Nobody comes through before this, by the town's clock.
    pub shut_until: Millis,
    /// When the last frame each way arrives: one connection keeps its order.
    pub last_up: Millis,
    /// The same, towards the device.
    pub last_down: Millis,
    /// Server side: the nonce of the challenge.
    pub nonce: [u8; 32],
    /// Server side: who this is.
    pub proven: Option<Proven>,
    /// Server side: pushed up to here; `None` before Take.
    pub pushed: Option<Seq>,
    /// Server side: the device was told that nothing more waits.
    pub told_all: bool,
}

/// One device.
pub struct House {
    /// What people call it: `anna/1`.
    pub name: String,
    /// The account's name.
    pub account: String,
    /// The client; `None` while it is being restarted.
    pub client: Option<Client>,
    /// The anonymous door.
    pub anonymous: Line,
    /// The device door.
    pub device: Line,
    /// How far its clock is from the town's, in milliseconds.
    pub skew: i64,
    /// When it asked to be woken, by its own clock.
    pub wake_at: Option<Millis>,
    /// Counts what it asked; an older wake is stale.
    pub timer: u64,
    /// What it told its person, in order.
    pub told: Vec<Event>,
    /// Counts its restarts.
    pub restarts: u64,
    /// Counts its wake-ups.
    pub ticks: u64,
    /// Whether the person has left for good (removed device, closed account).
    pub gone: bool,
}

impl House {
    /// A house with an empty store.
    pub fn new(name: &str, account: &str) -> Self {
        let client = Store::open_in_memory().ok().and_then(|store| Client::open(store).ok());
        Self {
            name: name.to_owned(),
            account: account.to_owned(),
            client,
            anonymous: Line::default(),
            device: Line::default(),
            skew: 0,
            wake_at: None,
            timer: 0,
            told: Vec::new(),
            restarts: 0,
            ticks: 0,
            gone: false,
        }
    }

    /// One of its two lines.
    pub fn line(&mut self, door: Door) -> &mut Line {
        match door {
            Door::Anonymous => &mut self.anonymous,
            Door::Device => &mut self.device,
        }
    }

    /// The client. A house always has one between events.
    ///
    /// # Panics
    /// Where it is called while the client is taken out: a fault of the simulation.
    #[allow(clippy::expect_used, reason = "a simulation that lost its client is broken and must stop")]
    pub fn client(&mut self) -> &mut Client {
        self.client.as_mut().expect("the client is at home")
    }

    /// Plans that the process dies at the `nth` persist from now.
    pub fn plan_crash(&mut self, nth: u64, after: bool) {
        let fault = if after { Fault::After } else { Fault::Before };
        self.client().store_mut().fail_persist(nth, fault);
    }
}
