//! Who a log is: its two keys, and the id that both make.
//!
//! Called by everyone here. A client pins a `LogKeys` once; only a hand-over changes it.

use akd_core::ecvrf::VRFPublicKey;
use core::fmt;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use crate::{Lie, note};

/// The public keys of a log. Neither ever changes: other keys are another log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogKeys {
    /// Ed25519; signs heads.
    pub signing: [u8; 32],
    /// ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381); hides names in the tree.
    pub vrf: [u8; 32],
}

/// SHA-256 of both keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(pub [u8; 32]);

impl LogKeys {
    /// Which log this is.
    pub fn id(&self) -> LogId {
        LogId(
            Sha256::new().chain_update(b"waxseal directory v1").chain_update(self.signing).chain_update(self.vrf).finalize().into(),
        )
    }

    /// The first line of its checkpoints.
    pub fn origin(&self) -> String {
        self.id().origin()
    }

    /// Its verifier key as C2SP signed-note writes it, for witnesses.
    pub fn vkey(&self) -> String {
        note::vkey(&self.origin(), note::ED25519, &self.signing)
    }

    /// Signing key, then VRF key.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let (signing, vrf) = bytes.split_at_mut(32);
        signing.copy_from_slice(&self.signing);
        vrf.copy_from_slice(&self.vrf);
        bytes
    }

    /// Reads both keys; refuses points that are none, or of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Lie> {
        let (signing, vrf) = bytes.split_first_chunk::<32>().ok_or(Lie::Malformed)?;
        let keys = Self { signing: *signing, vrf: vrf.try_into().map_err(|_| Lie::Malformed)? };
        keys.verifying()?;
        VRFPublicKey::try_from(vrf).map_err(|_| Lie::Malformed)?;
        Ok(keys)
    }

    pub(crate) fn verifying(&self) -> Result<VerifyingKey, Lie> {
        note::strong_key(&self.signing).ok_or(Lie::Malformed)
    }
}

impl LogId {
    /// `waxseal/` and the first 16 bytes in hex.
    pub fn origin(&self) -> String {
        let mut origin = String::from("waxseal/");
        for byte in self.0.iter().take(16) {
            origin.push_str(&format!("{byte:02x}"));
        }
        origin
    }
}

impl fmt::Debug for LogKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKeys({})", self.origin())
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({})", self.origin())
    }
}
