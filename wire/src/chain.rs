//! The account chain: what an account is.
//!
//! ```text
//!   record 0 ◄─hash─ record 1 ◄─hash─ record 2     each: devices, recovery key
//!   signed by its     signed by a device of the record before,
//!   first device      or by the recovery key
//! ```
//! `AccountId` is the hash of record 0, so an account certifies itself.
//! Called by `server` (before it keeps a record) and by `core/trust` (before
//! it believes one). Never decides which of two chains a name means.

use core::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use prost::Message as _;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};

use crate::id::{AccountId, DeviceId, Millis, WrongLength};
use crate::{limits, proto};

const RECORD: &[u8] = b"waxseal record v1";

/// An Ed25519 signature (RFC 8032), unverified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature")
    }
}

impl TryFrom<&[u8]> for Signature {
    type Error = WrongLength;
    fn try_from(bytes: &[u8]) -> Result<Self, WrongLength> {
        let got = bytes.len();
        bytes.try_into().map(Self).map_err(|_| WrongLength { what: "signature", want: 64, got })
    }
}

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Of a signing key.
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }

    /// Strict verification: no small-order keys, no malleable signatures.
    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> Result<(), ChainError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| ChainError::Signature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(bytes, &signature).map_err(|_| ChainError::Signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

impl TryFrom<&[u8]> for PublicKey {
    type Error = WrongLength;
    fn try_from(bytes: &[u8]) -> Result<Self, WrongLength> {
        let got = bytes.len();
        bytes.try_into().map(Self).map_err(|_| WrongLength { what: "public key", want: 32, got })
    }
}

/// Signs `bytes` with a device's or the recovery key.
pub fn sign(key: &SigningKey, bytes: &[u8]) -> Signature {
    Signature(key.sign(bytes).to_bytes())
}

/// One record with its signature, byte for byte as signed; unverified.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRecord {
    /// An encoded `RecordBody`.
    pub body: Vec<u8>,
    /// The signing device; `None` is the recovery key.
    pub signer: Option<DeviceId>,
    /// Over the label and the body.
    pub signature: Signature,
}

impl fmt::Debug for SignedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedRecord({} bytes)", self.body.len())
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// 0, 1, 2 …
    pub index: u64,
    /// SHA-256 of the body before; `None` in record 0.
    pub previous: Option<[u8; 32]>,
    /// The account's devices from here on; at least one.
    pub devices: Vec<DeviceEntry>,
    /// May sign the next record when no device can.
    pub recovery_key: PublicKey,
    /// Random in record 0, so that no two accounts share an id.
    pub salt: Vec<u8>,
}

/// One device of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceEntry {
    /// Its id.
    pub id: DeviceId,
    /// Its signature key, in MLS leaves too.
    pub key: PublicKey,
    /// Commits to its name; see [`device_name_hash`].
    pub name_hash: [u8; 32],
    /// When it was added, by its own account.
    pub added: Millis,
}

/// Why a chain is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A record does not parse or breaks a limit.
    #[error("a record is malformed")]
    Malformed,
    /// There is no record.
    #[error("the chain is empty")]
    Empty,
    /// A record does not follow the one before.
    #[error("a record does not follow the one before")]
    Broken,
    /// A signature is wrong or by nobody who may sign.
    #[error("a signature does not verify")]
    Signature,
    /// The chain is of another account.
    #[error("the chain is of another account")]
    WrongAccount,
    /// It contradicts or falls short of what was known.
    #[error("the chain contradicts what was known")]
    Rollback,
}

/// A chain whose every record was verified; nothing else can build one.
#[derive(Clone, PartialEq, Eq)]
pub struct Chain {
    account: AccountId,
    records: Vec<SignedRecord>,
    hashes: Vec<[u8; 32]>,
    head: Record,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({} records)", self.records.len())
    }
}

impl Chain {
    /// Makes record 0 of a new account, signed by its first device.
    pub fn create(
        device: DeviceEntry,
        device_key: &SigningKey,
        recovery_key: PublicKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, ChainError> {
        let mut salt = vec![0; 16];
        rng.fill_bytes(&mut salt);
        let record = Record { index: 0, previous: None, devices: vec![device], recovery_key, salt };
        Self::verify(&[record.sign(Some(device.id), device_key)])
    }

    /// Verifies a whole chain, record by record.
    pub fn verify(records: &[SignedRecord]) -> Result<Self, ChainError> {
        Self::walk(records, true)
    }

    /// Reads back a chain from one's own store, where only verified ones are put: the links are
    /// checked again, the signatures are not.
    pub fn restore(records: &[SignedRecord]) -> Result<Self, ChainError> {
        Self::walk(records, false)
    }

    fn walk(records: &[SignedRecord], signatures: bool) -> Result<Self, ChainError> {
        let (first, rest) = records.split_first().ok_or(ChainError::Empty)?;
        if records.len() > limits::CHAIN {
            return Err(ChainError::Malformed);
        }
        let head = Record::parse(&first.body)?;
        if head.index != 0 || head.previous.is_some() || head.salt.len() != 16 {
            return Err(ChainError::Broken);
        }
        // Record 0 signs itself, by a device that it lists: nobody was there before.
        if first.signer.is_none() {
            return Err(ChainError::Signature);
        }
        if signatures {
            head.verify_next(first)?;
        }
        let hash = body_hash(&first.body);
        let mut chain = Self { account: AccountId(hash), records: vec![first.clone()], hashes: vec![hash], head };
        for record in rest {
            chain.follow(record, signatures)?;
        }
        Ok(chain)
    }

    /// Takes one more record, if it follows.
    pub fn append(&mut self, record: &SignedRecord) -> Result<(), ChainError> {
        self.follow(record, true)
    }

    fn follow(&mut self, record: &SignedRecord, signatures: bool) -> Result<(), ChainError> {
        if self.records.len() >= limits::CHAIN {
            return Err(ChainError::Malformed);
        }
        let next = Record::parse(&record.body)?;
        if next.index != self.head.index + 1 || next.previous != Some(self.head_hash()) {
            return Err(ChainError::Broken);
        }
        if signatures {
            self.head.verify_next(record)?;
        }
        self.hashes.push(body_hash(&record.body));
        self.records.push(record.clone());
        self.head = next;
        Ok(())
    }

    /// Makes the next record: the same account with other devices.
    ///
    /// `signer` is a device of the head, or `None` for the recovery key.
    pub fn next(&self, devices: Vec<DeviceEntry>, signer: Option<DeviceId>, key: &SigningKey) -> Result<SignedRecord, ChainError> {
        let record = Record {
            index: self.head.index + 1,
            previous: Some(self.head_hash()),
            devices,
            recovery_key: self.head.recovery_key,
            salt: Vec::new(),
        };
        let signed = record.sign(signer, key);
        self.clone().append(&signed)?;
        Ok(signed)
    }

    /// Whether this chain goes on from `known` without contradicting it.
    pub fn extends(&self, known: &Self) -> Result<(), ChainError> {
        if self.account != known.account {
            return Err(ChainError::WrongAccount);
        }
        if self.hashes.starts_with(&known.hashes) { Ok(()) } else { Err(ChainError::Rollback) }
    }

    /// Whose chain it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Every record, to be stored or sent.
    pub fn records(&self) -> &[SignedRecord] {
        &self.records
    }

    /// Index of the newest record.
    pub fn index(&self) -> u64 {
        self.head.index
    }

    /// [`body_hash`] of every record.
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    /// Of the newest: the value that the directory proves.
    pub fn head_hash(&self) -> [u8; 32] {
        self.hashes.last().copied().unwrap_or(self.account.0)
    }

    /// The account's devices now.
    pub fn devices(&self) -> &[DeviceEntry] {
        &self.head.devices
    }

    /// One of them.
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceEntry> {
        self.head.devices.iter().find(|device| device.id == *id)
    }

    /// The key that may sign when no device can.
    pub fn recovery_key(&self) -> &PublicKey {
        &self.head.recovery_key
    }
}

impl Record {
    /// Signs it as it is; whether it may follow any other is for [`Chain::append`] to say.
    pub fn sign(&self, signer: Option<DeviceId>, key: &SigningKey) -> SignedRecord {
        let body = proto::RecordBody {
            index: self.index,
            previous: self.previous.map(|h| h.to_vec()).unwrap_or_default(),
            devices: self
                .devices
                .iter()
                .map(|device| proto::DeviceEntry {
                    id: device.id.0.to_vec(),
                    key: device.key.0.to_vec(),
                    name_hash: device.name_hash.to_vec(),
                    added_ms: device.added.0,
                })
                .collect(),
            recovery_key: self.recovery_key.0.to_vec(),
            salt: self.salt.clone(),
        }
        .encode_to_vec();
        let signature = sign(key, &[RECORD, &body].concat());
        SignedRecord { body, signer, signature }
    }

    /// Reads a body; checks form, not truth.
    pub fn parse(body: &[u8]) -> Result<Self, ChainError> {
        if body.len() > limits::RECORD {
            return Err(ChainError::Malformed);
        }
        let body = proto::RecordBody::decode(body).map_err(|_| ChainError::Malformed)?;
        let wrong = |_: WrongLength| ChainError::Malformed;
        let previous = match body.previous.as_slice() {
            [] => None,
            hash => Some(hash.try_into().map_err(|_| ChainError::Malformed)?),
        };
        let devices = body
            .devices
            .iter()
            .map(|device| {
                Ok(DeviceEntry {
                    id: device.id.as_slice().try_into().map_err(wrong)?,
                    key: device.key.as_slice().try_into().map_err(wrong)?,
                    name_hash: device.name_hash.as_slice().try_into().map_err(|_| ChainError::Malformed)?,
                    added: Millis(device.added_ms),
                })
            })
            .collect::<Result<Vec<_>, ChainError>>()?;
        let twice =
            |i: usize, one: &DeviceEntry| devices.iter().skip(i + 1).any(|other| other.id == one.id || other.key == one.key);
        if devices.is_empty() || devices.len() > limits::DEVICES || devices.iter().enumerate().any(|(i, one)| twice(i, one)) {
            return Err(ChainError::Malformed);
        }
        let recovery_key = body.recovery_key.as_slice().try_into().map_err(wrong)?;
        Ok(Self { index: body.index, previous, devices, recovery_key, salt: body.salt })
    }

    /// Whether whoever signed `record` may sign after this one.
    fn verify_next(&self, record: &SignedRecord) -> Result<(), ChainError> {
        let key = match &record.signer {
            None => self.recovery_key,
            Some(id) => self.devices.iter().find(|device| device.id == *id).ok_or(ChainError::Signature)?.key,
        };
        key.verify(&[RECORD, &record.body].concat(), &record.signature)
    }
}

/// Commits to a device's name without telling it to the server.
pub fn device_name_hash(salt: &[u8; 16], name: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"waxseal device name v1").chain_update(salt).chain_update(name).finalize().into()
}

/// What the next record names as the one before, and what the directory proves of the newest: SHA-256 of a label and the body.
pub fn body_hash(body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(RECORD).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn device(rng: &mut ChaCha20Rng) -> (DeviceEntry, SigningKey) {
        let key = SigningKey::generate(rng);
        let entry = DeviceEntry { id: DeviceId::random(rng), key: PublicKey::of(&key), name_hash: [7; 32], added: Millis(1) };
        (entry, key)
    }

    #[test]
    fn a_device_adds_a_device_and_recovery_replaces_all() -> Result<(), ChainError> {
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        let ((first, first_key), (second, second_key), (third, _)) = (device(rng), device(rng), device(rng));
        let recovery = SigningKey::generate(rng);
        let mut chain = Chain::create(first, &first_key, PublicKey::of(&recovery), rng)?;
        let id = chain.account();
        chain.append(&chain.next(vec![first, second], Some(first.id), &first_key)?)?;
        chain.append(&chain.next(vec![second], Some(second.id), &second_key)?)?;
        chain.append(&chain.next(vec![third], None, &recovery)?)?;
        let again = Chain::verify(chain.records())?;
        assert_eq!((again.account(), again.index(), again.devices()), (id, 3, &[third][..]));
        again.extends(&Chain::verify(&chain.records()[..2])?)
    }

    #[test]
    fn a_removed_device_signs_nothing() -> Result<(), ChainError> {
        let rng = &mut ChaCha20Rng::seed_from_u64(2);
        let ((first, first_key), (second, second_key)) = (device(rng), device(rng));
        let mut chain = Chain::create(first, &first_key, PublicKey::of(&SigningKey::generate(rng)), rng)?;
        chain.append(&chain.next(vec![second], Some(first.id), &first_key)?)?;
        assert_eq!(chain.next(vec![first], Some(first.id), &first_key), Err(ChainError::Signature));
        assert_eq!(chain.next(vec![first], None, &second_key), Err(ChainError::Signature));
        Ok(())
    }

    #[test]
    fn two_futures_of_one_account_are_a_contradiction() -> Result<(), ChainError> {
        let rng = &mut ChaCha20Rng::seed_from_u64(3);
        let ((first, key), (second, _), (third, _)) = (device(rng), device(rng), device(rng));
        let base = Chain::create(first, &key, PublicKey::of(&SigningKey::generate(rng)), rng)?;
        let (mut left, mut right) = (base.clone(), base.clone());
        left.append(&base.next(vec![first, second], Some(first.id), &key)?)?;
        right.append(&base.next(vec![first, third], Some(first.id), &key)?)?;
        assert_eq!(left.extends(&right), Err(ChainError::Rollback));
        assert_eq!(base.extends(&left), Err(ChainError::Rollback));
        left.extends(&base)
    }

    #[test]
    fn any_flipped_bit_is_refused() -> Result<(), ChainError> {
        let rng = &mut ChaCha20Rng::seed_from_u64(4);
        let (first, key) = device(rng);
        let chain = Chain::create(first, &key, PublicKey::of(&SigningKey::generate(rng)), rng)?;
        for bit in 0..chain.records()[0].body.len() * 8 {
            let mut records = chain.records().to_vec();
            records[0].body[bit / 8] ^= 1 << (bit % 8);
            assert!(Chain::verify(&records).is_err(), "bit {bit}");
        }
        Ok(())
    }
}
