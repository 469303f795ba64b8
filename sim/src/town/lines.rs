//! Frames on their way between a house and the server.
//!
//! Called by `town` and `town::server`. One connection keeps its order; what
//! arrives twice arrives the second time whenever it likes.

use rand::Rng;
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::request::Request;

use super::{Happening, Town};

impl Town {
    fn delay(&mut self) -> u64 {
        self.rng.gen_range(self.weather.delay.0..=self.weather.delay.1)
    }

    /// A house sends.
    pub(super) fn send(&mut self, house: usize, door: Door, id: RequestId, request: Request) {
        let at = self.now.0 + self.delay();
        let line = self.houses[house].line(door);
        if !line.up || line.mute {
            return;
        }
        line.last_up = Millis(at.max(line.last_up.0));
        let (at, line) = (line.last_up.0, line.number);
        if self.chance(self.weather.doubles) {
            let (late, request) = (at + self.delay(), request.clone());
            self.tally.doubled += 1;
            self.at(late, Happening::ToServer { house, door, line, id, request });
        }
        self.at(at, Happening::ToServer { house, door, line, id, request });
    }

    /// The server tells; whoever stands before it may tell something else.
    pub(super) fn tell(&mut self, house: usize, door: Door, told: Told) {
        let all = match &mut self.tap {
            Some(tap) => tap.down(house, told),
            None => vec![told],
        };
        for told in all {
            self.tell_one(house, door, told);
        }
    }

    /// What a liar kept back is told when he likes.
    pub(super) fn tell_late(&mut self) {
        let Some(tap) = &mut self.tap else { return };
        for (house, door, told) in tap.late(self.now) {
            self.tell_one(house, door, told);
        }
    }

    fn tell_one(&mut self, house: usize, door: Door, told: Told) {
        let at = self.now.0 + self.delay();
        let line = self.houses[house].line(door);
        if !line.up || line.mute {
            return;
        }
        line.last_down = Millis(at.max(line.last_down.0));
        let (at, line) = (line.last_down.0, line.number);
        if self.chance(self.weather.doubles) {
            let (late, told) = (at + self.delay(), told.clone());
            self.tally.doubled += 1;
            self.at(late, Happening::ToHouse { house, door, line, told });
        }
        self.at(at, Happening::ToHouse { house, door, line, told });
    }
}
