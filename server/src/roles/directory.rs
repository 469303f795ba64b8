//! The directory: who is found, and by which KeyPackage.
//!
//! Called at the anonymous door: who looks up is not known. KeyPackages are
//! bytes here. Never says that a chain is true: it carries its own proof.

use waxseal_wire::limits;
use waxseal_wire::reply::{AccountFound, Refusal};
use waxseal_wire::request::Lookup;

use super::Roles;
use crate::store::{Stop, Store};

/// Room for what stands around the accounts in a frame.
const FRAME_AROUND: usize = 1 << 10;

impl<S: Store> Roles<S> {
    /// Accounts in the order asked, the first so many that fit into a frame; an unknown one has an empty chain.
    pub(super) fn look_up(&mut self, lookup: &Lookup) -> Result<Vec<AccountFound>, Stop> {
        if lookup.who.len() > limits::LOOKUP {
            return Err(Refusal::TooLarge.into());
        }
        Ok(self.store.look_up(&lookup.who, lookup.key_packages, limits::FRAME - FRAME_AROUND)?)
    }
}
