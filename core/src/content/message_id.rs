//! What a message is called: draft-ietf-mimi-content-08 §3.3.
//!
//! Called by whoever sends or opens a content. Covers the sender, the chat
//! and the exact bytes, so nobody can make two messages of one id, or pass a
//! message on under another's name. Never shown to a person.

use core::fmt;

use sha2::{Digest, Sha256};
use waxseal_wire::id::AccountId;

use super::{Content, ContentError};

/// SHA-256 in the IANA registry of named information hashes.
const SHA_256: u8 = 1;

/// Names one message: the hash algorithm (1 byte), then 31 bytes of the hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub [u8; 32]);

impl MessageId {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for MessageId {
    type Error = ContentError;
    // draft-ietf-mimi-content-08 §7.1: an unknown hash algorithm is a sign of malice.
    fn try_from(bytes: &[u8]) -> Result<Self, ContentError> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(id @ [SHA_256, ..]) => Ok(Self(id)),
            _ => Err(ContentError::Malformed),
        }
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("message id(…)")
    }
}

/// How MIMI names an account of ours. The id certifies itself, so no host is named.
fn sender_uri(sender: &AccountId) -> String {
    format!("mimi://waxseal.invalid/u/{}", hex::encode(sender.as_bytes()))
}

/// How MIMI names a chat of ours.
fn room_uri(chat: &[u8; 16]) -> String {
    format!("mimi://waxseal.invalid/r/{}", hex::encode(chat))
}

impl Content {
    /// What it is called, said by `sender` in `chat`: equal on every device.
    pub fn id(&self, sender: &AccountId, chat: &[u8; 16]) -> MessageId {
        self.id_by_uri(&sender_uri(sender), &room_uri(chat))
    }

    /// The same, where another system names sender and room: draft-ietf-mimi-content-08 §3.3.
    ///
    /// The salt stands at the end once more, against length extension.
    pub fn id_by_uri(&self, sender: &str, room: &str) -> MessageId {
        let mut hash = Sha256::new();
        for uri in [sender, room] {
            // A URI of 64 KiB does not occur: ours are below 100 bytes.
            hash.update(u16::try_from(uri.len()).unwrap_or(u16::MAX).to_be_bytes());
            hash.update(uri);
        }
        hash.update(self.to_cbor());
        hash.update(self.salt);
        let mut id = [SHA_256; 32];
        for (to, from) in id.iter_mut().skip(1).zip(hash.finalize()) {
            *to = from;
        }
        MessageId(id)
    }
}
