//! The newest tree head of the key directory that who speaks has seen: said beside words, now and then.
//!
//! Travels as an extension of a content (draft-ietf-mimi-content-08 §4.3), as a `profile` does. Whoever hears it
//! holds it against their own (`trust::heard`): a server that shows two logs is found out by people who talk.

use ciborium::Value;
use waxseal_transparency::SignedHead;
use waxseal_wire::id::LogId;

/// The extension's name.
const KEY: &str = "vnd.waxseal.head";
const LOG: u64 = 1;
const HEAD: u64 = 2;

/// See the module. Not verified: a member's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenHead {
    /// Of which log.
    pub log: LogId,
    /// As the log signed it; without cosignatures, for brevity.
    pub head: SignedHead,
}

impl SeenHead {
    /// Of a log, without cosignatures.
    pub fn new(log: LogId, head: SignedHead) -> Self {
        Self { log, head: SignedHead { cosignatures: Vec::new(), ..head } }
    }

    /// The extension that says it.
    pub(super) fn extension(&self) -> (Value, Value) {
        let fields = vec![(LOG.into(), Value::Bytes(self.log.0.to_vec())), (HEAD.into(), Value::Bytes(self.head.encode()))];
        (KEY.into(), Value::Map(fields))
    }

    /// What these extensions say, where it can be read: words are not lost because a head is bad.
    pub(super) fn of(extensions: &Value) -> Option<Self> {
        let said = extensions.as_map()?.iter().find(|(key, _)| key.as_text() == Some(KEY)).map(|(_, value)| value)?;
        let field = |wanted: u64| {
            let mut fields = said.as_map()?.iter();
            fields.find(|(key, _)| key.as_integer().is_some_and(|key| key == wanted.into()))?.1.as_bytes()
        };
        let log = LogId(field(LOG)?.as_slice().try_into().ok()?);
        Some(Self::new(log, SignedHead::decode(field(HEAD)?).ok()?))
    }
}
