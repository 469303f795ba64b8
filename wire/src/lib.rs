//! Names, limits and bytes: all that a Waxseal client and a server agree on.
//!
//! Called by `core` and `server`. Knows no socket, no clock, no disk and no
//! randomness of its own, and nothing of MLS: an envelope is bytes here.
//!
//! ```text
//!   id, name      what things are called
//!   key, seal     what is lent, and what is sealed under it
//!   chain         what an account is
//!   request       what is asked ──┐
//!   reply         what is said ───┴── frame: bytes on a WebSocket
//!   limits        how large any of it may be
//! ```
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod chain;
pub mod frame;
pub mod id;
pub mod key;
pub mod limits;
pub mod name;
mod proto;
pub mod reply;
pub mod request;
pub mod seal;
