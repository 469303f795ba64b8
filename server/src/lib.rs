//! `waxseald` as a library: the rules, the store, and their async front.
//!
//! ```text
//!   transport ─► engine ─► roles ─► store
//!   (sockets)   (threads)  │        └─ sqlite
//!                          ├─ authentication   who is who
//!                          ├─ directory        who is found, by which KeyPackage
//!                          ├─ delivery         one order a group, blind
//!                          ├─ mailbox          one queue a device
//!                          └─ blob             sealed bytes by capability
//! ```
//! Beside them `witness`, which asks others to cosign the directory's log, and cosigns theirs; and for the program: `config` (the operator's choices), `admin` and
//! `metrics` (what the operator sees), `clock` (the system's).
//!
//! Roles are synchronous and deterministic: time and randomness are arguments.
//! Nothing here can read an envelope, and nothing here may learn how.

pub mod admin;
pub mod clock;
pub mod config;
pub mod engine;
pub mod limits;
pub mod metrics;
pub mod policy;
pub mod roles;
pub mod store;
pub mod subject;
pub mod transport;
pub mod witness;
