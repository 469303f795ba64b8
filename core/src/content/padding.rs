//! Hides how long a content is: a length in front, zeros behind.
//!
//! Called on the way to and from sealing. `u32` big-endian length ‖ CBOR ‖
//! zeros up to a Padmé size. Never looks inside the CBOR.

use waxseal_wire::seal::padme;

use super::{Content, ContentError, limits};

const LENGTH: usize = 4;

impl Content {
    /// Its bytes, ready to be sealed: at least 256, with at most 12 % of zeros beyond that.
    pub fn to_padded(&self) -> Vec<u8> {
        let cbor = self.to_cbor();
        let bare = LENGTH.saturating_add(cbor.len());
        let mut padded = Vec::with_capacity(padme(bare));
        padded.extend_from_slice(&u32::try_from(cbor.len()).unwrap_or(u32::MAX).to_be_bytes());
        padded.extend_from_slice(&cbor);
        padded.resize(padme(bare), 0);
        padded
    }

    /// Reads what [`Content::to_padded`] made.
    pub fn from_padded(padded: &[u8]) -> Result<Self, ContentError> {
        if padded.len() > limits::PADDED {
            return Err(ContentError::TooLarge);
        }
        let (length, rest) = padded.split_first_chunk::<LENGTH>().ok_or(ContentError::Padding)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| ContentError::Padding)?;
        let (cbor, zeros) = rest.split_at_checked(length).ok_or(ContentError::Padding)?;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(ContentError::Padding);
        }
        Self::from_cbor(cbor)
    }
}
