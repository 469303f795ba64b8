//! What is said between the Worker and Rust, as JSON: the Rust half of `web/page/src/bridge/contract.ts`.
//!
//! Called by `shell`. Names and meanings are those of `core`; a test writes
//! samples of everything that the TypeScript compiler then holds against the
//! other half, so that the two cannot drift apart. Never decides anything.

mod command;
mod event;
mod fault;
mod hex;
mod look;
#[cfg(test)]
mod samples;
mod view;

pub use command::Command;
pub use event::Event;
pub use fault::Fault;
pub use look::{Look, answer};

/// Writes one value; what cannot be written is our own fault.
pub fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::internal())
}

/// Reads one value.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::malformed())
}
