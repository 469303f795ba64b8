//! Keys that clients hold and lend for the length of one request, and the agreement on seal keys.
//!
//! Called by `core` (derives, agrees, lends) and `server` (compares, forgets).
//! The server keeps hashes of them, never the keys.
//!
//! ```text
//!   member: seal_public of the address + ephemeral secret ──► seal key, hint     (into the sealed roster)
//!   server: seals under the seal key, hint in front                             (into the mailbox)
//!   device: seal_secret + hint ──► seal key                                     (RFC 7748 §6.1)
//! ```

use core::fmt;

use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
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
    /// Seals what lies in a mailbox for one alias, 32 bytes; [`SealPublic::agree`] makes it, anew for each roster entry.
    SealKey, "seal key"
);
secret!(
    /// The device's half of the agreement on seal keys of one alias: an X25519 private key, 32 bytes.
    SealSecret, "seal secret"
);
secret!(
    /// Proves that a submit comes from the owner of an alias, 32 bytes.
    PostKey, "post key"
);

/// The X25519 public key (RFC 7748 §5) of a [`SealSecret`]; never a weak one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealPublic([u8; 32]);

/// The bytes are no public key that anybody can agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPublic {
    /// They are not 32.
    #[error(transparent)]
    Length(#[from] WrongLength),
    /// A point of low order: everybody would know what is agreed with it.
    #[error("seal public key is weak")]
    Weak,
}

/// Every u-coordinate of low order below 2^255, the top bit being ignored (RFC 7748 §5 and §6.1).
const LOW_ORDER: [[u8; 32]; 7] = [
    edge(0x00, 0x00, 0x00),
    edge(0x01, 0x00, 0x00),
    edge(0xec, 0xff, 0x7f),
    edge(0xed, 0xff, 0x7f),
    edge(0xee, 0xff, 0x7f),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb,
        0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4,
        0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

const fn edge(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [low, .., high] = &mut bytes;
    *low = first;
    *high = last;
    bytes
}

impl SealPublic {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Agrees on a fresh seal key with whoever has the secret; the hint lets them derive it too.
    pub fn agree(&self, rng: &mut impl CryptoRngCore) -> (SealKey, [u8; 32]) {
        let ephemeral = SealSecret::random(rng);
        let hint = ephemeral.public().0;
        // Contributory: a weak key is never one of this type.
        (SealKey::derive(&ephemeral.shared(self.0), &hint, self), hint)
    }
}

impl TryFrom<&[u8]> for SealPublic {
    type Error = BadPublic;
    fn try_from(bytes: &[u8]) -> Result<Self, BadPublic> {
        let got = bytes.len();
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| WrongLength { what: "seal public key", want: 32, got })?;
        let [rest @ .., top] = bytes;
        let is_weak = |low: &[u8; 32]| low.split_last().is_some_and(|(last, first)| *last == top & 0x7f && *first == rest);
        if LOW_ORDER.iter().any(is_weak) { Err(BadPublic::Weak) } else { Ok(Self(bytes)) }
    }
}

impl SealSecret {
    /// What others agree on a seal key with.
    pub fn public(&self) -> SealPublic {
        SealPublic(PublicKey::from(&StaticSecret::from(self.0)).to_bytes())
    }

    /// The seal key that was agreed with this hint; `None` where the hint is weak.
    pub fn seal_key(&self, hint: &[u8; 32]) -> Option<SealKey> {
        let shared = self.shared(*hint);
        shared.was_contributory().then(|| SealKey::derive(&shared, hint, &self.public()))
    }

    fn shared(&self, other: [u8; 32]) -> SharedSecret {
        StaticSecret::from(self.0).diffie_hellman(&PublicKey::from(other))
    }
}

impl SealKey {
    fn derive(shared: &SharedSecret, hint: &[u8; 32], public: &SealPublic) -> Self {
        let hash = Sha256::new_with_prefix(b"waxseal seal v1").chain_update(shared.as_bytes());
        Self(hash.chain_update(hint).chain_update(public.0).finalize().into())
    }
}

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
