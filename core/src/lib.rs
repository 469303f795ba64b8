//! The Waxseal client: decides everything, waits for nothing.
//!
//! Sans-IO: a shell puts an [`Input`] in with `Client::handle`, which makes
//! one durable change, and drains [`Output`]s with `Client::poll`. Time and
//! randomness are arguments. No clock, no socket, no thread is in here.
//!
//! ```text
//!   Input ──► client ──► session   what was asked of the server, what came back
//!                │
//!                ├─────► outbox    intents, sealed and submitted until they are accepted
//!                ├─────► inbox     mailbox entries, opened and judged in order
//!                │         │
//!                │       trust     is this leaf that account's device?
//!                │         │
//!                ├─────► chat      what a person sees: chats, messages, members
//!                ├─────► account   who we are: devices, KeyPackages, linking
//!                └─────► heal      re-adding, re-founding, the update cadence
//!        group (MLS) · content (MIMI) · store (encrypted SQLite)     underneath
//! ```
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod agenda;
mod chat;
pub mod client;
mod clock;
pub mod content;
pub mod group;
mod heal;
mod inbox;
pub mod input;
mod memory;
mod outbox;
pub mod output;
mod reading;
mod session;
pub mod store;
mod trust;
mod turn;
pub mod view;

pub use client::{Client, ClientError};
pub use input::{Command, Input};
pub use output::{Event, Output};
/// Reading what a server said that shows that it lied.
pub use waxseal_transparency::evidence;
