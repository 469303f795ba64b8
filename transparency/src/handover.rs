//! Hand-over: an old log's last word, which names the log that follows it.
//!
//! Made by `publish` with the old key, verified by whoever pinned the old log. A client then pins the new
//! keys, starts from the new log's first head, and looks its own names up again.

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use prost::Message as _;
use waxseal_wire::id::Millis;

use crate::{Head, Lie, LogKeys, limits, proto};

/// Signed by the old log; not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The log that ends.
    pub old: LogKeys,
    /// Its final head. It signs no larger one.
    pub last: Head,
    /// The log that goes on.
    pub new: LogKeys,
    /// The new log's first head.
    pub first: Head,
    /// When this was signed.
    pub at: Millis,
    /// By the old log.
    pub signature: [u8; 64],
}

impl Handover {
    /// Signs one.
    pub fn sign(key: &SigningKey, old: LogKeys, last: Head, new: LogKeys, first: Head, at: Millis) -> Self {
        let mut handover = Self { old, last, new, first, at, signature: [0; 64] };
        handover.signature = key.sign(handover.text().as_bytes()).to_bytes();
        handover
    }

    /// Not a checkpoint: its first line is no origin of a log.
    fn text(&self) -> String {
        let (old, new) = (self.old.id(), self.new.id());
        format!("waxseal handover v1\n{}{}time {}\n", self.last.text(&old), self.first.text(&new), self.at)
            + &format!("{}\n{}\n", crate::note::base64(&self.old.to_bytes()), crate::note::base64(&self.new.to_bytes()))
    }

    /// Verifies that the pinned log hands over, at or after what was seen of it. Gives the new log's keys.
    pub fn verify(&self, pinned: &LogKeys, seen: Option<&Head>) -> Result<LogKeys, Lie> {
        if self.old != *pinned || self.new == self.old {
            return Err(Lie::Handover);
        }
        let signature = Signature::from_bytes(&self.signature);
        pinned.verifying()?.verify_strict(self.text().as_bytes(), &signature).map_err(|_| Lie::Signature)?;
        match seen {
            Some(seen) if self.last.size < seen.size => Err(Lie::RolledBack),
            Some(seen) if self.last.size == seen.size && self.last.root != seen.root => Err(Lie::Split),
            _ => Ok(self.new),
        }
    }

    /// When the old log signed last: now, or later where its clock ran ahead.
    pub fn ended(&self) -> Millis {
        self.at.max(self.last.at)
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        proto::Handover {
            old: self.old.to_bytes().to_vec(),
            last: Some(self.last.to_proto()),
            new: self.new.to_bytes().to_vec(),
            first: Some(self.first.to_proto()),
            at_ms: self.at.0,
            signature: self.signature.to_vec(),
        }
        .encode_to_vec()
    }

    /// Reads its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Lie> {
        if bytes.len() > limits::HANDOVER {
            return Err(Lie::Malformed);
        }
        let read = proto::Handover::decode(bytes).map_err(|_| Lie::Malformed)?;
        let head = |head: &Option<proto::Head>| Head::of_proto(head.as_ref().ok_or(Lie::Malformed)?);
        Ok(Self {
            old: LogKeys::from_bytes(&read.old)?,
            last: head(&read.last)?,
            new: LogKeys::from_bytes(&read.new)?,
            first: head(&read.first)?,
            at: Millis(read.at_ms),
            signature: read.signature.as_slice().try_into().map_err(|_| Lie::Malformed)?,
        })
    }
}
