//! What things are called: fixed-size identifiers and plain numbers with a unit.
//!
//! Called by everyone. An identifier says nothing about what it names.

use core::fmt;

use rand_core::CryptoRngCore;

/// Bytes of the wrong number for what they should name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {got} bytes where {want} belong")]
pub struct WrongLength {
    /// What should have been named.
    pub what: &'static str,
    /// Bytes it should have.
    pub want: usize,
    /// Bytes it had.
    pub got: usize,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// How many bytes it has.
            pub const LEN: usize = $len;

            /// A fresh one.
            pub fn random(rng: &mut impl CryptoRngCore) -> Self {
                let mut bytes = [0; $len];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// Its bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = WrongLength;
            fn try_from(bytes: &[u8]) -> Result<Self, WrongLength> {
                let got = bytes.len();
                let bytes = bytes.try_into().map_err(|_| WrongLength { what: $what, want: $len, got })?;
                Ok(Self(bytes))
            }
        }

        impl fmt::Debug for $name {
            // Identifiers stay out of logs: a debug print shows the kind alone.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($what, "(…)"))
            }
        }
    };
}

identifier!(
    /// A person's registered identity: SHA-256 of record 0 of its chain.
    AccountId, 32, "account id"
);
identifier!(
    /// One installation of an account, and one leaf in each of its groups.
    DeviceId, 16, "device id"
);
identifier!(
    /// An MLS group (RFC 9420 §8.1 `group_id`).
    GroupId, 16, "group id"
);
identifier!(
    /// The address of one device for one group.
    AliasId, 16, "alias"
);
identifier!(
    /// The capability to fetch one blob.
    BlobId, 32, "blob id"
);
identifier!(
    /// Makes a submit safe to repeat: the same key is done at most once.
    IdempotencyKey, 16, "idempotency key"
);
identifier!(
    /// One log of a directory: a hash of its keys.
    LogId, 32, "log id"
);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after it.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// An MLS epoch (RFC 9420 §8), only.
    Epoch
);
number!(
    /// The place in a mailbox: gap-free, from 1.
    Seq
);
number!(
    /// The place in a group's one order: gap-free, from 1; 0 is the founding Welcome.
    Position
);
number!(
    /// Milliseconds since 1970-01-01 UTC.
    Millis
);
number!(
    /// Pairs a reply with its request on one connection; 0 is a push.
    RequestId
);
