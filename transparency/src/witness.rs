//! Witnesses: others who sign a head only if it goes on from what they signed before (C2SP tlog-cosignature).
//!
//! Called by `placed` (do enough of them vouch for this head?) and by auditors. A key here signs what it
//! is told to: whoever holds one checks consistency first.

use core::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use waxseal_wire::id::Millis;

use crate::{Cosignature, Head, Lie, LogId, SignedHead, note};

/// A witness's public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Witness {
    name: String,
    key: [u8; 32],
}

/// Whose cosignatures are asked for, and how many of them. By default nobody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// Those that count.
    pub keys: Vec<Witness>,
    /// How many of them must have signed.
    pub need: usize,
}

/// A witness's own key; zeroized when dropped.
pub struct WitnessSecret {
    name: String,
    key: SigningKey,
}

fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

impl Witness {
    /// Reads `name+id+base64(0x04 ‖ key)`.
    pub fn parse(vkey: &str) -> Result<Self, Lie> {
        let (name, key) = note::read_vkey(vkey, note::COSIGNATURE).ok_or(Lie::Witness)?;
        Ok(Self { name, key })
    }

    /// As it is written in a configuration.
    pub fn vkey(&self) -> String {
        note::vkey(&self.name, note::COSIGNATURE, &self.key)
    }

    /// The key itself: whoever has it is one witness, under whatever name.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this witness made this cosignature of this head.
    pub fn verify(&self, log: &LogId, head: &Head, cosignature: &Cosignature) -> Result<(), Lie> {
        let named = cosignature.name == self.name && cosignature.key_id == note::key_id(&self.name, note::COSIGNATURE, &self.key);
        let key = note::strong_key(&self.key).filter(|_| named).ok_or(Lie::Witness)?;
        let message = message(&head.text(log), cosignature.seconds);
        key.verify_strict(message.as_bytes(), &Signature::from_bytes(&cosignature.signature)).map_err(|_| Lie::Witness)
    }
}

impl Witnesses {
    /// How many distinct keys among ours have signed the head.
    pub fn count(&self, log: &LogId, signed: &SignedHead) -> usize {
        let known = self.keys.iter().enumerate();
        let distinct = known.filter(|(i, witness)| !self.keys.iter().take(*i).any(|before| before.key == witness.key));
        let signs = |witness: &Witness| signed.cosignatures.iter().any(|one| witness.verify(log, &signed.head, one).is_ok());
        distinct.filter(|(_, witness)| signs(witness)).count()
    }

    pub(crate) fn verify(&self, log: &LogId, signed: &SignedHead) -> Result<(), Lie> {
        if self.need == 0 {
            return Ok(());
        }
        let have = self.count(log, signed);
        if have < self.need { Err(Lie::Unwitnessed { have, need: self.need }) } else { Ok(()) }
    }
}

impl WitnessSecret {
    /// Of 32 random bytes that stay secret.
    pub fn new(name: &str, seed: [u8; 32]) -> Result<Self, Lie> {
        let key = SigningKey::from_bytes(&seed);
        if note::is_name(name) { Ok(Self { name: name.to_owned(), key }) } else { Err(Lie::Witness) }
    }

    /// The same, called after the key itself: `prefix`, a slash, and 16 digits of its SHA-256.
    pub fn of_key(prefix: &str, seed: [u8; 32]) -> Result<Self, Lie> {
        let hash = Sha256::digest(SigningKey::from_bytes(&seed).verifying_key().as_bytes());
        let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self::new(&format!("{prefix}/{digits}"), seed)
    }

    /// Its public half.
    pub fn witness(&self) -> Witness {
        Witness { name: self.name.clone(), key: self.key.verifying_key().to_bytes() }
    }

    /// Its public half, as it is written in a configuration.
    pub fn vkey(&self) -> String {
        self.witness().vkey()
    }

    /// Cosigns a head that the caller has verified to go on from all that it cosigned before.
    pub fn cosign(&self, log: &LogId, head: &Head, now: Millis) -> Cosignature {
        let seconds = now.0 / 1000;
        let signature = self.key.sign(message(&head.text(log), seconds).as_bytes()).to_bytes();
        let key_id = note::key_id(&self.name, note::COSIGNATURE, self.key.verifying_key().as_bytes());
        Cosignature { name: self.name.clone(), key_id, seconds, signature }
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({})", self.name)
    }
}

impl fmt::Debug for WitnessSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WitnessSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example at the head of C2SP tlog-cosignature (it publishes no key).
    const CHECKPOINT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const LINE: &str = "\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    #[test]
    fn a_cosignature_is_laid_out_as_the_specification_has_it() {
        let written = format!("{CHECKPOINT}\n{LINE}");
        let (text, lines) = note::read(&written).expect("a note");
        assert_eq!((text, lines[0].key_id), (CHECKPOINT, [0x8d, 0x66, 0xcf, 0x3f]));
        let seconds = u64::from_be_bytes(lines[0].bytes[..8].try_into().expect("8 bytes"));
        assert_eq!((seconds, lines[0].bytes.len()), (1_679_315_147, 72));
        assert_eq!(message(text, seconds), format!("cosignature/v1\ntime 1679315147\n{CHECKPOINT}"));
        assert_eq!(note::write(text, &lines), written);
    }
}
