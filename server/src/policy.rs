//! What the operator may decide: who may register, and how much is let through.
//!
//! Made by the configuration, read by the roles. Never decides by itself.

use crate::limits::Rate;

/// The operator's choices that the rules obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who may register.
    pub registration: Registration,
    /// Submits to one group.
    pub group: Rate,
    /// Requests of one account at the device door, besides taking and acking.
    pub account: Rate,
    /// Bytes that one submit may put into all mailboxes together.
    pub fan_out_bytes: u64,
    /// Bytes that the store may grow to; beyond it requests are refused as `Full`. `None`: until the disk is full.
    pub store_bytes: Option<u64>,
    /// Days after which a group that nobody posts to is forgotten; its members found it anew.
    pub group_days: u64,
    /// Verifier keys of the witnesses that are asked for cosignatures, to be told to clients.
    pub witnesses: Vec<String>,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Whoever has an invitation code.
    Invite,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            group: Rate { burst: 600, per_second: 60 },
            account: Rate { burst: 240, per_second: 4 },
            fan_out_bytes: 512 << 20,
            store_bytes: None,
            group_days: 400,
            witnesses: Vec::new(),
        }
    }
}

impl Policy {
    /// Open registration and no limit of rate: for simulations and load programs.
    pub fn unlimited() -> Self {
        Self { group: Rate::UNLIMITED, account: Rate::UNLIMITED, ..Self::default() }
    }
}
