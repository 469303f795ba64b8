//! A log's own keys.
//!
//! Made once, from the caller's randomness, and kept by the caller. Neither can be changed without a new log.

use core::fmt;

use ed25519_dalek::SigningKey;
use rand_core::CryptoRngCore;
use waxseal_wire::id::Millis;
use zeroize::Zeroizing;

use super::PublishError;
use crate::{Handover, Head, LogKeys, SignedHead};

/// What signs heads, and what hides names. Zeroized when dropped.
pub struct Secrets {
    signing: SigningKey,
    vrf: Zeroizing<[u8; 32]>,
    /// Their public half: asked for with every answer.
    public: LogKeys,
}

impl Secrets {
    /// Fresh ones.
    pub fn generate(rng: &mut impl CryptoRngCore) -> Self {
        let (mut signing, mut vrf) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        rng.fill_bytes(signing.as_mut());
        rng.fill_bytes(vrf.as_mut());
        Self::of(SigningKey::from_bytes(&signing), vrf)
    }

    /// As they were kept.
    pub fn new(signing: [u8; 32], vrf: [u8; 32]) -> Self {
        Self::of(SigningKey::from_bytes(&Zeroizing::new(signing)), Zeroizing::new(vrf))
    }

    fn of(signing: SigningKey, vrf: Zeroizing<[u8; 32]>) -> Self {
        // RFC 9381 §5.4.1: the VRF's public key is made as Ed25519's is (RFC 8032 §5.1.5).
        let vrf_public = SigningKey::from_bytes(&vrf).verifying_key().to_bytes();
        let public = LogKeys { signing: signing.verifying_key().to_bytes(), vrf: vrf_public };
        Self { signing, vrf, public }
    }

    /// To be kept: signing key, then VRF key.
    pub fn expose(&self) -> Zeroizing<[[u8; 32]; 2]> {
        Zeroizing::new([self.signing.to_bytes(), *self.vrf])
    }

    /// The public half.
    pub fn keys(&self) -> LogKeys {
        self.public
    }

    /// Signs a head. It may leave only when what it speaks of is durable; never one smaller than before.
    pub fn sign(&self, head: Head) -> SignedHead {
        SignedHead::sign(head, &self.keys().id(), &self.signing)
    }

    /// Signs the head that follows `before`: never of a smaller tree, never of an earlier time. Where two machines' clocks
    /// differ, the time is set one millisecond after the head before.
    pub fn sign_next(&self, head: Head, before: Option<&Head>) -> Result<SignedHead, PublishError> {
        let Some(before) = before else { return Ok(self.sign(head)) };
        if head.size < before.size || (head.size == before.size && head.root != before.root) {
            return Err(PublishError::Broken);
        }
        let at = Millis(head.at.0.max(before.at.0.saturating_add(1)));
        Ok(self.sign(Head { at, ..head }))
    }

    /// This log's last word: the one that follows it.
    pub fn hand_over(&self, last: Head, new: LogKeys, first: Head, at: Millis) -> Handover {
        Handover::sign(&self.signing, self.keys(), last, new, first, at)
    }

    pub(super) fn vrf(&self) -> &[u8; 32] {
        &self.vrf
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}
