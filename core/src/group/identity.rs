//! This device as a member: its credential and its signature.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{BasicCredential, CredentialWithKey};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use waxseal_wire::chain::PublicKey;
use waxseal_wire::id::{AccountId, DeviceId};

/// This device, and the key that signs for it. The key is zeroized on drop.
#[derive(Clone)]
pub struct Identity {
    /// Whose device it is.
    pub account: AccountId,
    /// Which of the account's devices.
    pub device: DeviceId,
    /// The device's key in the account chain.
    pub key: SigningKey,
}

impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// The public half of its key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::of(&self.key)
    }

    /// RFC 9420 §5.3: a basic credential, `AccountId ‖ DeviceId`.
    pub(super) fn credential(&self) -> CredentialWithKey {
        let name = [self.account.as_bytes(), self.device.as_bytes()].concat();
        CredentialWithKey { credential: BasicCredential::new(name).into(), signature_key: self.public_key().0.to_vec().into() }
    }
}

impl Signer for Identity {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
