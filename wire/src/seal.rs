//! Sealing what the server must keep, and padding what it can measure.
//!
//! Called by `server` (rosters, mailbox entries) under lent keys, and by
//! `core` (opens its mailbox, seals blobs). XChaCha20-Poly1305
//! (draft-irtf-cfrg-xchacha-03) with a random 24-byte nonce in front.
//! Never keeps a key.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use prost::Message;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};

use crate::id::{AliasId, Epoch, GroupId, Position};
use crate::key::{DeliveryKey, SealKey, SealSecret, Verifier};
use crate::limits;
use crate::proto;
use crate::request::RosterEntry;

const NONCE: usize = 24;

/// The sealed bytes were made under another key or for another place, or are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open")]
pub struct OpenError;

/// Seals `plain` under `key` for the place that `label` and `context` name: 40 bytes longer.
pub fn seal(key: &[u8; 32], label: &[u8], context: &[u8], plain: &[u8], rng: &mut impl CryptoRngCore) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let aad = [label, context].concat();
    let cipher = XChaCha20Poly1305::new(key.into());
    let mut sealed = nonce.to_vec();
    // Encryption fails only beyond 2^38 bytes, far over every limit; an empty box opens for nobody.
    if let Ok(bytes) = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &aad }) {
        sealed.extend_from_slice(&bytes);
    }
    sealed
}

/// Opens what [`seal`] made with the same key, label and context.
pub fn open(key: &[u8; 32], label: &[u8], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (nonce, bytes) = sealed.split_at_checked(NONCE).ok_or(OpenError)?;
    let aad = [label, context].concat();
    XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), Payload { msg: bytes, aad: &aad }).map_err(|_| OpenError)
}

/// The padded size of `len` bytes: Padmé (Nikitin et al., PETS 2019), at least 256.
///
/// Leaks O(log log len) bits and costs at most 12 %.
pub fn padme(len: usize) -> usize {
    let len = len.max(256);
    let exponent = len.ilog2();
    let bits = exponent.ilog2() + 1;
    let mask = (1usize << exponent.saturating_sub(bits)) - 1;
    len.saturating_add(mask) & !mask
}

/// What an envelope is to the device that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An MLS application message.
    Message,
    /// An MLS Commit: the group goes on to the next epoch.
    Commit,
    /// An MLS Welcome: the device is added to the group.
    Welcome,
}

/// What lies inside a mailbox entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The group it belongs to.
    pub group: GroupId,
    /// The epoch it was sealed in; for a Welcome, the epoch it leads to.
    pub epoch: Epoch,
    /// Its place in the group's order.
    pub position: Position,
    /// What it is.
    pub kind: Kind,
    /// The alias whose post key was lent with it.
    pub from: AliasId,
    /// [`roster_hash`] of the roster after it; Commit and Welcome only.
    pub roster_hash: Option<[u8; 32]>,
    /// The MLSMessage, sealed end to end.
    pub envelope: Vec<u8>,
}

impl core::fmt::Debug for Delivered {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Delivered({:?}, epoch {}, position {})", self.kind, self.epoch, self.position)
    }
}

const ENTRY: &[u8] = b"waxseal mailbox entry v1";
const ROSTER: &[u8] = b"waxseal roster v1";
/// alias (16) ‖ seal key (32) ‖ post verifier (32) ‖ hint (32)
const ROSTER_ENTRY: usize = 112;

impl Delivered {
    /// Encodes and pads it once; [`Delivered::seal_bytes`] then seals it for each alias.
    pub fn to_padded_bytes(&self) -> Vec<u8> {
        let mut message = proto::Delivered {
            group: self.group.0.to_vec(),
            epoch: self.epoch.0,
            position: self.position.0,
            kind: match self.kind {
                Kind::Message => proto::delivered::Kind::Message,
                Kind::Commit => proto::delivered::Kind::Commit,
                Kind::Welcome => proto::delivered::Kind::Welcome,
            } as i32,
            from_alias: self.from.0.to_vec(),
            roster_hash: self.roster_hash.map(|h| h.to_vec()).unwrap_or_default(),
            envelope: self.envelope.clone(),
            padding: Vec::new(),
        };
        message.padding = vec![0; padding_zeros(message.encoded_len())];
        message.encode_to_vec()
    }

    /// Seals padded bytes for one alias of a roster, with the hint in front: 72 bytes longer.
    pub fn seal_bytes(padded: &[u8], alias: &AliasId, key: &SealKey, hint: &[u8; 32], rng: &mut impl CryptoRngCore) -> Vec<u8> {
        let mut sealed = hint.to_vec();
        sealed.append(&mut seal(key.expose(), ENTRY, &alias.0, padded, rng));
        sealed
    }

    /// The hint in front of a mailbox entry; the alias' secret makes the key of it.
    pub fn hint(sealed: &[u8]) -> Option<&[u8; 32]> {
        sealed.first_chunk()
    }

    /// Opens a mailbox entry of `alias`. Another hint leads to another key, so it is bound too.
    pub fn open(sealed: &[u8], alias: &AliasId, secret: &SealSecret) -> Result<Self, OpenError> {
        let key = Self::hint(sealed).and_then(|hint| secret.seal_key(hint)).ok_or(OpenError)?;
        Self::open_under(sealed, alias, &key)
    }

    /// The same under the key that its hint leads to: one key opens all entries of an alias until its place in the roster is new.
    pub fn open_under(sealed: &[u8], alias: &AliasId, key: &SealKey) -> Result<Self, OpenError> {
        let (_, sealed) = sealed.split_first_chunk::<32>().ok_or(OpenError)?;
        let plain = open(key.expose(), ENTRY, &alias.0, sealed)?;
        let message = proto::Delivered::decode(plain.as_slice()).map_err(|_| OpenError)?;
        let kind = match message.kind() {
            proto::delivered::Kind::Message => Kind::Message,
            proto::delivered::Kind::Commit => Kind::Commit,
            proto::delivered::Kind::Welcome => Kind::Welcome,
            proto::delivered::Kind::Unspecified => return Err(OpenError),
        };
        let roster_hash = match message.roster_hash.as_slice() {
            [] => None,
            hash => Some(hash.try_into().map_err(|_| OpenError)?),
        };
        Ok(Self {
            group: message.group.as_slice().try_into().map_err(|_| OpenError)?,
            epoch: Epoch(message.epoch),
            position: Position(message.position),
            kind,
            from: message.from_alias.as_slice().try_into().map_err(|_| OpenError)?,
            roster_hash,
            envelope: message.envelope,
        })
    }
}

/// How many zeros in the padding field bring `bare` bytes to exactly a Padmé size.
///
/// The field costs a tag, a length of 1 to 4 bytes, and its zeros, at least one: some sizes
/// cannot be met, where the length needs another byte, and the next one is taken.
fn padding_zeros(bare: usize) -> usize {
    let mut size = padme(bare + 3);
    loop {
        let room = size - bare - 1;
        let fits = |zeros: &usize| *zeros > 0 && prost::length_delimiter_len(*zeros) + zeros == room;
        match (1..=4).filter_map(|length| room.checked_sub(length)).find(fits) {
            Some(zeros) => return zeros,
            None => size = padme(size + 1),
        }
    }
}

/// A place in a roster, as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// As members gave it.
    pub entry: RosterEntry,
    /// Whether something was submitted in the alias's name: its device takes part.
    pub has_posted: bool,
}

/// Seals a roster under the delivery key of `epoch`; the size shows the number of members only roughly.
pub fn seal_roster(roster: &[Seat], group: &GroupId, epoch: Epoch, key: &DeliveryKey, rng: &mut impl CryptoRngCore) -> Vec<u8> {
    let bits = roster.len().div_ceil(8);
    let mut plain = Vec::with_capacity(padme(4 + roster.len() * ROSTER_ENTRY + bits));
    plain.extend_from_slice(&u32::try_from(roster.len()).unwrap_or(u32::MAX).to_be_bytes());
    for Seat { entry, .. } in roster {
        plain.extend_from_slice(&entry.alias.0);
        plain.extend_from_slice(entry.seal_key.expose());
        plain.extend_from_slice(&entry.post_verifier.0);
        plain.extend_from_slice(&entry.hint);
    }
    plain.extend(roster.chunks(8).map(|eight| eight.iter().rev().fold(0, |bits, seat| bits << 1 | u8::from(seat.has_posted))));
    plain.resize(padme(plain.len()), 0);
    let sealed = seal(key.expose(), ROSTER, &place(group, epoch), &plain, rng);
    zeroize::Zeroize::zeroize(&mut plain);
    sealed
}

/// Opens a roster that [`seal_roster`] sealed.
pub fn open_roster(sealed: &[u8], group: &GroupId, epoch: Epoch, key: &DeliveryKey) -> Result<Vec<Seat>, OpenError> {
    let mut plain = open(key.expose(), ROSTER, &place(group, epoch), sealed)?;
    let (count, entries) = plain.split_first_chunk::<4>().ok_or(OpenError)?;
    let count = u32::from_be_bytes(*count) as usize;
    if count > limits::ROSTER {
        return Err(OpenError);
    }
    let (entries, bits) = entries.split_at_checked(count * ROSTER_ENTRY).ok_or(OpenError)?;
    // A roster of a server that kept no bits is followed by zeros, or by nothing.
    let has_posted = |place: usize| bits.get(place / 8).is_some_and(|eight| eight >> (place % 8) & 1 == 1);
    let seat = |(place, bytes)| Some(Seat { entry: roster_entry(bytes)?, has_posted: has_posted(place) });
    let roster = entries.chunks_exact(ROSTER_ENTRY).enumerate().map(seat).collect::<Option<_>>().ok_or(OpenError);
    zeroize::Zeroize::zeroize(&mut plain);
    roster
}

fn roster_entry(bytes: &[u8]) -> Option<RosterEntry> {
    let (alias, rest) = bytes.split_first_chunk::<16>()?;
    let (seal, rest) = rest.split_first_chunk()?;
    let (post, hint) = rest.split_first_chunk()?;
    let hint = hint.try_into().ok()?;
    Some(RosterEntry { alias: AliasId(*alias), seal_key: SealKey::new(*seal), post_verifier: Verifier(*post), hint })
}

/// SHA-256 over the sorted aliases: lets members compare the roster with their tree.
pub fn roster_hash<'a>(aliases: impl IntoIterator<Item = &'a AliasId>) -> [u8; 32] {
    let mut sorted: Vec<_> = aliases.into_iter().collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new_with_prefix(b"waxseal roster hash v1");
    for alias in sorted {
        hash.update(alias.0);
    }
    hash.finalize().into()
}

fn place(group: &GroupId, epoch: Epoch) -> Vec<u8> {
    [group.as_bytes(), &epoch.0.to_be_bytes()].concat()
}
