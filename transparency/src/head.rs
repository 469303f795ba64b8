//! Tree heads: what a log signs, as a checkpoint that witnesses of other logs know.
//!
//! Called by everyone. A head without a verified signature says nothing; `placed` asks for more.

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use prost::Message as _;
use waxseal_wire::id::Millis;

use crate::note::{self, Line};
use crate::{Lie, LogId, LogKeys, limits, proto};

/// The tree of epochs at one size. Every epoch is one leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// Epochs in it; at least one.
    pub size: u64,
    /// Its root (RFC 9162 §2.1.1).
    pub root: [u8; 32],
    /// When it was signed. Without a new epoch the same tree is signed again, later.
    pub at: Millis,
}

/// A head with signatures, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// What is signed.
    pub head: Head,
    /// By the log, over the head's text.
    pub signature: [u8; 64],
    /// By witnesses, at most [`limits::COSIGNATURES`].
    pub cosignatures: Vec<Cosignature>,
}

/// A witness's signature (C2SP cosignature/v1), not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// What the witness is called.
    pub name: String,
    /// Of its key.
    pub key_id: [u8; 4],
    /// When it signed, in seconds since 1970-01-01 UTC.
    pub seconds: u64,
    /// Over the time and the head's text.
    pub signature: [u8; 64],
}

impl Head {
    /// Its text (C2SP tlog-checkpoint) with one extension line, `time` in milliseconds.
    pub fn text(&self, log: &LogId) -> String {
        format!("{}\n{}\n{}\ntime {}\n", log.origin(), self.size, note::base64(&self.root), self.at)
    }

    /// Reads a text; only the form that [`Head::text`] writes is a head of this log.
    fn of_text(log: &LogId, text: &str) -> Option<Self> {
        let mut lines = text.lines().skip(1);
        let size = lines.next()?.parse().ok()?;
        let root = note::read_base64(lines.next()?)?;
        let at = Millis(lines.next()?.strip_prefix("time ")?.parse().ok()?);
        let head = Self { size, root, at };
        (head.is_sized() && head.text(log) == text).then_some(head)
    }

    pub(crate) fn is_sized(&self) -> bool {
        (1..=limits::EPOCHS).contains(&self.size)
    }

    pub(crate) fn to_proto(self) -> proto::Head {
        proto::Head { size: self.size, root: self.root.to_vec(), at_ms: self.at.0 }
    }

    pub(crate) fn of_proto(head: &proto::Head) -> Result<Self, Lie> {
        let root = head.root.as_slice().try_into().map_err(|_| Lie::Malformed)?;
        let head = Self { size: head.size, root, at: Millis(head.at_ms) };
        if head.is_sized() { Ok(head) } else { Err(Lie::Malformed) }
    }
}

impl Cosignature {
    /// One line of a signed note: what a witness answers. Put below the head's note, [`SignedHead::from_note`] reads it.
    pub fn to_note_line(&self) -> String {
        note::write_line(&self.to_line())
    }

    fn to_line(&self) -> Line {
        let bytes = [self.seconds.to_be_bytes().as_slice(), &self.signature].concat();
        Line { name: self.name.clone(), key_id: self.key_id, bytes }
    }
}

impl SignedHead {
    /// Signs a head. Only ever of what is durable, and never of a smaller tree than before.
    pub fn sign(head: Head, log: &LogId, key: &SigningKey) -> Self {
        let signature = key.sign(head.text(log).as_bytes()).to_bytes();
        Self { head, signature, cosignatures: Vec::new() }
    }

    /// The log's own signature, strictly; no witness's.
    pub fn verify(&self, log: &LogKeys) -> Result<(), Lie> {
        let (key, signature) = (log.verifying()?, Signature::from_bytes(&self.signature));
        key.verify_strict(self.head.text(&log.id()).as_bytes(), &signature).map_err(|_| Lie::Signature)
    }

    /// As a signed note, to be shown and witnessed.
    pub fn to_note(&self, log: &LogKeys) -> String {
        let (id, origin) = (log.id(), log.origin());
        let key_id = note::key_id(&origin, note::ED25519, &log.signing);
        let own = Line { name: origin, key_id, bytes: self.signature.to_vec() };
        let others = self.cosignatures.iter().map(Cosignature::to_line);
        note::write(&self.head.text(&id), &std::iter::once(own).chain(others).collect::<Vec<_>>())
    }

    /// Reads a signed note of this log, and verifies the log's signature; those of witnesses are only kept.
    pub fn from_note(log: &LogKeys, text: &str) -> Result<Self, Lie> {
        if text.len() > limits::HEAD {
            return Err(Lie::Malformed);
        }
        let (body, lines) = note::read(text)?;
        let head = Head::of_text(&log.id(), body).ok_or(Lie::Malformed)?;
        let origin = log.origin();
        let key_id = note::key_id(&origin, note::ED25519, &log.signing);
        let own = lines.iter().find(|line| line.name == origin && line.key_id == key_id).ok_or(Lie::Signature)?;
        let signature = own.bytes.as_slice().try_into().map_err(|_| Lie::Signature)?;
        // Signatures of kinds that we do not know stand in notes too, and are passed over.
        let cosignatures = lines.iter().filter(|line| line.name != origin).filter_map(|line| {
            let (seconds, signature) = line.bytes.split_first_chunk()?;
            let signature = signature.try_into().ok()?;
            Some(Cosignature { name: line.name.clone(), key_id: line.key_id, seconds: u64::from_be_bytes(*seconds), signature })
        });
        let signed = Self { head, signature, cosignatures: cosignatures.take(limits::COSIGNATURES).collect() };
        signed.verify(log)?;
        Ok(signed)
    }

    /// Compact bytes; the text is left out.
    pub fn encode(&self) -> Vec<u8> {
        self.to_proto().encode_to_vec()
    }

    /// Reads compact bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Lie> {
        if bytes.len() > limits::HEAD {
            return Err(Lie::Malformed);
        }
        Self::of_proto(&proto::SignedHead::decode(bytes).map_err(|_| Lie::Malformed)?)
    }

    /// Takes over the cosignatures of the same head that are not here yet, as many as fit.
    pub fn join(&mut self, other: &Self) {
        for one in other.cosignatures.iter().filter(|_| other.head == self.head) {
            let known = |it: &Cosignature| it.name == one.name && it.key_id == one.key_id;
            if self.cosignatures.len() < limits::COSIGNATURES && !self.cosignatures.iter().any(known) {
                self.cosignatures.push(one.clone());
            }
        }
    }

    pub(crate) fn to_proto(&self) -> proto::SignedHead {
        let cosignatures = self.cosignatures.iter().map(|it| proto::Cosignature {
            name: it.name.clone(),
            key_id: it.key_id.to_vec(),
            seconds: it.seconds,
            signature: it.signature.to_vec(),
        });
        proto::SignedHead {
            size: self.head.size,
            root: self.head.root.to_vec(),
            at_ms: self.head.at.0,
            signature: self.signature.to_vec(),
            cosignatures: cosignatures.collect(),
        }
    }

    pub(crate) fn of_proto(signed: &proto::SignedHead) -> Result<Self, Lie> {
        let head = Head::of_proto(&proto::Head { size: signed.size, root: signed.root.clone(), at_ms: signed.at_ms })?;
        let signature = signed.signature.as_slice().try_into().map_err(|_| Lie::Malformed)?;
        if signed.cosignatures.len() > limits::COSIGNATURES {
            return Err(Lie::Malformed);
        }
        let cosignatures = signed.cosignatures.iter().map(|it| {
            let signature = it.signature.as_slice().try_into().ok()?;
            let key_id = it.key_id.as_slice().try_into().ok()?;
            note::is_name(&it.name).then(|| Cosignature { name: it.name.clone(), key_id, seconds: it.seconds, signature })
        });
        let cosignatures = cosignatures.collect::<Option<Vec<_>>>().ok_or(Lie::Malformed)?;
        Ok(Self { head, signature, cosignatures })
    }
}
