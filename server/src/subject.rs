//! All that is held about an account: the operator's answer to an order.
//!
//! Filled by the store, printed by `waxseald subject`. A field more here is a
//! promise less: `what-we-hold` in CI compares these structs with the tables.
//! Never holds what is not on the disk. Identifiers and keys are in hexadecimal.

use serde::Serialize;

/// Everything held about one account. There is nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its id: SHA-256 of record 0.
    pub account: String,
    /// Its chain: every record it ever signed.
    pub chain: Vec<SubjectRecord>,
    /// Its devices now.
    pub devices: Vec<SubjectDevice>,
}

/// One record of the account chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectRecord {
    /// 0, 1, 2 …
    pub index: u64,
    /// Encoded `RecordBody`: device ids, keys, hashes of device names, when they were added.
    pub body: String,
    /// The device that signed; `None` is the recovery key.
    pub signer: Option<String>,
    /// Its signature.
    pub signature: String,
}

/// One device and what waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectDevice {
    /// Its id.
    pub device: String,
    /// Its public signature key.
    pub key: String,
    /// Number of envelopes that were ever put into its mailbox.
    pub head: u64,
    /// Up to where they were taken, or dropped.
    pub floor: u64,
    /// The highest number that it gave a session.
    pub sessions: u64,
    /// How often envelopes were dropped unread, and how often the device was told.
    pub losses: u64,
    /// See `losses`.
    pub losses_told: u64,
    /// Random addresses it registered, sorted. Which group each is for is not held.
    pub aliases: Vec<String>,
    /// KeyPackages it published that were not used yet.
    pub key_packages: Vec<SubjectKeyPackage>,
    /// Envelopes that wait for it, sealed under keys that are not held.
    pub envelopes: Vec<SubjectEnvelope>,
}

/// One KeyPackage: public keys and a signature (RFC 9420 §10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectKeyPackage {
    /// The alias that stands in it.
    pub alias: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it is the last resort.
    pub last_resort: bool,
}

/// One sealed envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectEnvelope {
    /// Its place in the mailbox.
    pub seq: u64,
    /// The alias it was put to.
    pub alias: String,
    /// Its padded size in bytes.
    pub bytes: u64,
    /// The day it came, counted from 1970-01-01 UTC. No finer time is held.
    pub day: u64,
}
