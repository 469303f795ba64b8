//! `waxseald` over real sockets: the library in this process, and the real program beside it.
//!
//! What travels is real wire; what lies in envelopes is opaque, as it is to the server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test is a shell: it has a clock and randomness of its own, and stops where it is wrong"
)]

mod attack;
mod audit;
mod directory;
mod disk;
mod doors;
#[path = "../faulty/mod.rs"]
mod faulty;
#[allow(dead_code, reason = "the auditor's tests need more of it")]
#[path = "../../../auditor/tests/audit/log.rs"]
mod foreign;
mod kill;
mod log;
mod memory;
mod person;
mod program;
mod story;
mod tls;
mod verbs;
mod witness;
