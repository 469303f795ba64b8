//! Seeded towns: the real client core against the real server roles, in virtual time.
//!
//! Development only. One seed makes one town: who lives there, what they do,
//! what the network and the disks do to them. The same seed plays the same
//! town again.
//!
//! ```text
//!   plan (seed) ──► town ──► houses (core::Client each)
//!                    │  queue of events in virtual time: frames, wakes, deeds, faults
//!                    └─────► server (Roles over SQLite in memory)
//!   checks: nothing lost, nothing twice, one order, everybody converges
//! ```

#![allow(
    clippy::indexing_slicing,
    reason = "houses are numbered by the town itself; a wrong number is a fault of the simulation and must stop it"
)]

pub mod checks;
pub mod deeds;
pub mod house;
pub mod ledger;
pub mod liar;
pub mod plan;
pub mod tally;
pub mod tap;
pub mod town;
pub mod traffic;
pub mod trouble;
