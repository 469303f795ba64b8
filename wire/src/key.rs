//! Keys that clients hold and lend for the length of one request.
//!
//! Called by `core` (derives, lends) and `server` (compares, forgets).
//! The server keeps hashes of them, never the keys.

use core::fmt;

use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::WrongLength;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes over 32 secret bytes.
            pub fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// A fresh one.
            pub fn random(rng: &mut impl CryptoRngCore) -> Self {
                let mut bytes = [0; 32];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// Its 32 secret bytes; never log them.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = WrongLength;
            fn try_from(bytes: &[u8]) -> Result<Self, WrongLength> {
                let got = bytes.len();
                let bytes = bytes.try_into().map_err(|_| WrongLength { what: $what, want: 32, got })?;
                Ok(Self(bytes))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }
        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

secret!(
    /// Opens a group's roster in one epoch: MLS exporter "waxseal delivery" (RFC 9420 §8.5), 32 bytes.
    DeliveryKey, "delivery key"
);
secret!(
    /// Seals what lies in a mailbox for one alias, 32 bytes.
    SealKey, "seal key"
);
secret!(
    /// Proves that a submit comes from the owner of an alias, 32 bytes.
    PostKey, "post key"
);

/// SHA-256 of a lent key: all that the server keeps of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verifier(pub [u8; 32]);

impl Verifier {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn of(label: &[u8], key: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(label).chain_update(key).finalize().into())
    }

    fn verifies(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Whether `key` is the delivery key that this was made of; in constant time.
    pub fn verifies_delivery(&self, key: &DeliveryKey) -> bool {
        self.verifies(&key.verifier())
    }

    /// Whether `key` is the post key that this was made of; in constant time.
    pub fn verifies_post(&self, key: &PostKey) -> bool {
        self.verifies(&key.verifier())
    }
}

impl TryFrom<&[u8]> for Verifier {
    type Error = WrongLength;
    fn try_from(bytes: &[u8]) -> Result<Self, WrongLength> {
        let got = bytes.len();
        bytes.try_into().map(Self).map_err(|_| WrongLength { what: "verifier", want: 32, got })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("verifier(…)")
    }
}

impl DeliveryKey {
    /// What the server keeps to recognise it.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(b"waxseal delivery v1", &self.0)
    }
}

impl PostKey {
    /// What stands in the roster and in the leaf.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(b"waxseal post v1", &self.0)
    }
}
