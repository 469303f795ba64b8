//! How many connections there are, and how many of one address: nobody takes all the room.
//!
//! Called by `transport` when it accepts. An address is counted while it is
//! connected, in memory alone; it is never logged and never handed on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::origin::Origin;

/// Everybody who is connected.
pub(super) struct Crowd {
    room: Arc<Semaphore>,
    places: u32,
    /// Connections that one address may have; `None` for any number.
    each: Option<usize>,
    by_origin: Mutex<HashMap<Origin, usize>>,
}

/// One connection's place; given back when dropped.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    origin: Option<Origin>,
    _room: OwnedSemaphorePermit,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// As many are connected as the configuration allows.
    NoRoom,
    /// As many of this address are.
    TooMany,
}

impl Crowd {
    /// Room for so many, and for so many of one address.
    pub(super) fn new(places: usize, each: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::new(Semaphore::new(places)),
            places: u32::try_from(places).unwrap_or(u32::MAX),
            each,
            by_origin: Mutex::default(),
        })
    }

    /// Lets somebody in, or not.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr) -> Result<Place, Turned> {
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Turned::NoRoom)?;
        let origin = self.each.map(|_| Origin::of(from));
        if let (Some(origin), Some(each)) = (origin, self.each) {
            let mut by_origin = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
            let count = by_origin.entry(origin).or_default();
            if *count >= each {
                return Err(Turned::TooMany);
            }
            *count += 1;
        }
        Ok(Place { crowd: Arc::clone(self), origin, _room: room })
    }

    /// Waits until everybody has left.
    pub(super) async fn left(&self) {
        self.room.acquire_many(self.places).await.ok();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(origin) = self.origin else { return };
        let mut by_origin = self.crowd.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_origin.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                by_origin.remove(&origin);
                if by_origin.len() * 4 < by_origin.capacity() {
                    by_origin.shrink_to_fit();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_all_the_room() {
        let crowd = Crowd::new(10, Some(2));
        let first = crowd.enter(ip("192.0.2.1")).unwrap();
        let _second = crowd.enter(ip("192.0.2.1")).unwrap();
        assert_eq!(crowd.enter(ip("192.0.2.1")).err(), Some(Turned::TooMany));
        // The same address, written as a part of IPv6.
        assert_eq!(crowd.enter(ip("::ffff:192.0.2.1")).err(), Some(Turned::TooMany));
        assert!(crowd.enter(ip("192.0.2.2")).is_ok());
        drop(first);
        assert!(crowd.enter(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let crowd = Crowd::new(10, Some(1));
        let _first = crowd.enter(ip("2001:db8::1")).unwrap();
        assert_eq!(crowd.enter(ip("2001:db8::ffff")).err(), Some(Turned::TooMany));
        assert!(crowd.enter(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn who_is_turned_away_takes_no_room_and_who_left_leaves_no_trace() {
        let crowd = Crowd::new(2, Some(1));
        let first = crowd.enter(ip("192.0.2.1")).unwrap();
        for _ in 0..5 {
            assert_eq!(crowd.enter(ip("192.0.2.1")).err(), Some(Turned::TooMany));
        }
        let second = crowd.enter(ip("192.0.2.2")).unwrap();
        assert_eq!(crowd.enter(ip("192.0.2.3")).err(), Some(Turned::NoRoom));
        drop((first, second));
        assert!(crowd.by_origin.lock().unwrap().is_empty());
    }
}
