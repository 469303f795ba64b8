//! What is fuzzed: every decoder, what is typed or stored, and two devices whose server is hostile.
//!
//! Called by `fuzz_targets/` (coverage-guided, `make fuzz`) and by
//! `tests/stable.rs` (mutated seeds, in every CI run). A target that panics
//! has found something; it never fails otherwise.
#![allow(clippy::expect_used, clippy::panic, reason = "a target that panics has found something")]

mod decode;
mod directory;
mod hostile;
mod liar;
mod mls;
pub mod mutate;
mod roles;
mod rows;
mod scene;
pub mod seeds;
mod stored;
mod typed;

pub use decode::{content, delivered, key_package, name, policy, record, request_anonymous, request_device, roster, told};
pub use directory::directory;
pub use hostile::two_devices;
pub use mls::{envelope, tree, welcome};
pub use roles::roles;
pub use stored::stored;
pub use typed::{address, config, header, link_code};

/// One thing that takes any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called, here and by cargo-fuzz.
    pub name: &'static str,
    /// Panics where something is wrong.
    pub run: fn(&[u8]),
    /// So many inputs of a decoder take as long as one of this: it gets fewer, in proportion.
    pub cost: u64,
}

const fn target(name: &'static str, run: fn(&[u8]), cost: u64) -> Target {
    Target { name, run, cost }
}

/// Every target.
pub const TARGETS: [Target; 21] = [
    target("request_anonymous", request_anonymous, 1),
    target("request_device", request_device, 1),
    target("told", told, 1),
    target("record", record, 1),
    target("name", name, 1),
    target("delivered", delivered, 1),
    target("roster", roster, 1),
    target("content", content, 1),
    target("key_package", key_package, 1),
    target("policy", policy, 1),
    target("config", config, 1),
    target("address", address, 1),
    target("header", header, 20),
    target("link_code", link_code, 20),
    target("welcome", welcome, 50),
    target("tree", tree, 100),
    target("envelope", envelope, 50),
    target("roles", roles, 100),
    target("stored", stored, 500),
    target("two_devices", two_devices, 2000),
    target("directory", directory, 20),
];
