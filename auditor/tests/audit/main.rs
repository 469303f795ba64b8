//! The real `waxseal-auditor`, over real sockets: beside the real `waxseald`, and beside servers that lie.
//!
//! What a lying server shows is made by the real log (`publish`), and put together wrongly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test is a shell: it has a clock and randomness of its own, and stops where it is wrong"
)]

mod garbage;
mod gathered;
mod handover;
mod honest;
mod liar;
mod lies;
mod log;
#[allow(dead_code, reason = "the server's tests need more of it")]
#[path = "../../../server/tests/sockets/person.rs"]
mod person;
mod program;
mod witness;
