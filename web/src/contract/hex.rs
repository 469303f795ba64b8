//! Identifiers as hex digits.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waxseal_core::view;
use waxseal_wire::id;

/// So many bytes, written as twice as many digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hex<const N: usize>(pub(super) [u8; N]);

/// Names a chat.
pub(super) type Chat = Hex<16>;
/// Names an account.
pub(super) type Account = Hex<32>;
/// Names a device.
pub(super) type Device = Hex<16>;

impl<const N: usize> core::fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hex(…)")
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&::hex::encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let mut bytes = [0; N];
        ::hex::decode_to_slice(digits, &mut bytes).map_err(|_| D::Error::custom("no identifier"))?;
        Ok(Self(bytes))
    }
}

/// Both ways between digits and what the core calls it.
macro_rules! names {
    ($($name:path = $length:literal),*) => {$(
        impl From<$name> for Hex<$length> {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }

        impl From<Hex<$length>> for $name {
            fn from(digits: Hex<$length>) -> Self {
                Self(digits.0)
            }
        }
    )*};
}

names!(view::ChatId = 16, id::DeviceId = 16, id::AccountId = 32);
