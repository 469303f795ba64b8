//! What befalls a town besides its weather: clocks that jump, doors that stay shut, strangers who take every key.
//!
//! Planned by `plan`, performed by `town` when its time has come. What the weather
//! does, it does to every frame by chance; what is here happens once, to somebody.

use rand::Rng;
use waxseal_wire::frame::Door;
use waxseal_wire::id::Millis;
use waxseal_wire::name::AccountName;
use waxseal_wire::request::{AccountRef, AnonymousRequest, Lookup};

use crate::house::IDLE;
use crate::town::{Broken, Happening, Town};

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// A house's clock shows another time from now on, so many milliseconds from the town's.
    Clock(usize, i64),
    /// The server's clock, the same.
    ServerClock(i64),
    /// Nobody of these houses comes through these doors for so long.
    Shut(Vec<usize>, Vec<Door>, u64),
    /// Frames of a house vanish though its line stands, until it is found out.
    Mute(usize, Door),
    /// A stranger takes so many KeyPackages of every device of an account.
    Drain(String, usize),
    /// The server throws away what is too old by its clock.
    Sweep,
}

/// A line that says nothing is given up after this, in milliseconds (`cli/src/network.rs`).
const SILENCE: u64 = 60_000;

impl Town {
    /// Something goes wrong after `wait` milliseconds.
    pub fn trouble(&mut self, wait: u64, trouble: Trouble) {
        self.later(wait, Happening::Strike(trouble));
    }

    pub(crate) fn strike(&mut self, trouble: Trouble) -> Result<(), Broken> {
        match trouble {
            Trouble::Clock(house, skew) => self.set_clock(house, skew),
            Trouble::ServerClock(skew) => self.server_skew = skew,
            Trouble::Shut(houses, doors, span) => return self.shut(&houses, &doors, span),
            Trouble::Mute(house, door) => {
                self.houses[house].line(door).mute = true;
                let number = self.houses[house].line(door).number;
                self.later(SILENCE, Happening::Cut { house, door, line: number });
            }
            Trouble::Drain(account, times) => return self.drain_keys(&account, times),
            Trouble::Sweep => return self.sweep(),
        }
        self.tally.clock_jumps += u64::from(matches!(trouble, Trouble::Clock(..) | Trouble::ServerClock(_)));
        Ok(())
    }

    /// What a house's clock shows.
    pub fn clock(&self, house: usize) -> Millis {
        Millis(self.now.0.saturating_add_signed(self.houses[house].skew))
    }

    /// What the server's clock shows.
    pub fn server_clock(&self) -> Millis {
        Millis(self.now.0.saturating_add_signed(self.server_skew))
    }

    fn set_clock(&mut self, house: usize, skew: i64) {
        self.houses[house].skew = skew;
        // A shell looks at its clock at least so often.
        let wait = self.rng.gen_range(0..IDLE);
        self.later(wait, Happening::Look { house });
    }

    /// Shuts doors for a time; they are tried again when it is over.
    pub fn shut(&mut self, houses: &[usize], doors: &[Door], span: u64) -> Result<(), Broken> {
        for house in houses {
            for door in doors {
                let until = Millis(self.now.0 + span);
                let line = self.houses[*house].line(*door);
                line.shut_until = line.shut_until.max(until);
                self.later(span + 50, Happening::Connect { house: *house, door: *door });
                self.hang_up(*house, *door)?;
            }
            self.tally.shut_out += 1;
        }
        Ok(())
    }

    /// Takes one-time KeyPackages until there are none, as anybody can who knows a name.
    fn drain_keys(&mut self, account: &str, times: usize) -> Result<(), Broken> {
        let Ok(name) = AccountName::parse(account) else { return Ok(()) };
        for _ in 0..times {
            let who = vec![AccountRef::Name(name.clone())];
            let _ = self.ask(AnonymousRequest::Lookup(Lookup { who, key_packages: true, seen: None }))?;
        }
        self.tally.drained += 1;
        Ok(())
    }
}
