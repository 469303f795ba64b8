//! The network that somebody has: all of an IPv4 address, the first half of an IPv6 one.
//!
//! Counted by `crowd` (connections) and `caller` (haste). Kept in memory alone,
//! never logged and never handed on.

use std::net::IpAddr;

/// See the module. Whoever has one IPv6 address has 2^64 of them (RFC 6177 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin(u64);

impl Origin {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            // 2002::/16 and the like aside, no IPv6 network begins with 32 zeros.
            IpAddr::V4(address) => Self(u64::from(address.to_bits())),
            IpAddr::V6(address) => Self(u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX)),
        }
    }
}
