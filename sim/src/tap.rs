//! Whoever stands between the houses and the server: a listener, or a server that lies.
//!
//! Called by `town` with each frame, in plain. Sees what whoever runs the server
//! sees; may change it, drop it, keep it for later or add to it. Never sees into
//! a house.

use std::sync::{Arc, Mutex, PoisonError};

use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::reply::Reply;
use waxseal_wire::request::Request;

/// See the module. What is not overridden lets everything pass.
pub trait Tap {
    /// A request that reached the server, before it is answered.
    fn up(&mut self, house: usize, request: &mut Request) {
        let _ = (house, request);
    }

    /// An answer that is given without asking the server, which then never sees the request.
    fn instead(&mut self, house: usize, id: RequestId, request: &Request) -> Option<Reply> {
        let _ = (house, id, request);
        None
    }

    /// What the server tells a house; what is returned is told in its stead.
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        let _ = house;
        vec![told]
    }

    /// What was kept and is told now, whatever happens.
    fn late(&mut self, now: Millis) -> Vec<(usize, Door, Told)> {
        let _ = now;
        Vec::new()
    }
}

/// Shared, so that a test can ask it later.
impl<T: Tap> Tap for Arc<Mutex<T>> {
    fn up(&mut self, house: usize, request: &mut Request) {
        self.lock().unwrap_or_else(PoisonError::into_inner).up(house, request);
    }

    fn instead(&mut self, house: usize, id: RequestId, request: &Request) -> Option<Reply> {
        self.lock().unwrap_or_else(PoisonError::into_inner).instead(house, id, request)
    }

    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        self.lock().unwrap_or_else(PoisonError::into_inner).down(house, told)
    }

    fn late(&mut self, now: Millis) -> Vec<(usize, Door, Told)> {
        self.lock().unwrap_or_else(PoisonError::into_inner).late(now)
    }
}
