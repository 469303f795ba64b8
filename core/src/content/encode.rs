//! Content to CBOR, by the schema of draft-ietf-mimi-content-08 Appendix B.
//!
//! Called by `padding` and `message_id`. Definite lengths and shortest
//! integers, so that equal contents have equal bytes.

use ciborium::Value;

use super::{Body, Content, Expiry, MessageId, Profile, Receipt, ReceiptStatus, SeenHead, named_devices};

/// Media types, as sent. Plain text, not Markdown: what a person typed is what is shown.
pub(super) const PLAIN: &str = "text/plain;charset=utf-8";
pub(super) const STATUS: &str = "application/mimi-message-status";
pub(super) const PROFILE: &str = "application/vnd.waxseal.profile+cbor";
pub(super) const LEAVE: &str = "application/vnd.waxseal.leave";
pub(super) const READD: &str = "application/vnd.waxseal.readd";

/// Dispositions (draft-ietf-mimi-content-08 §6.4.2).
pub(super) mod disposition {
    pub(in super::super) const UNSPECIFIED: u64 = 0;
    pub(in super::super) const RENDER: u64 = 1;
    pub(in super::super) const REACTION: u64 = 2;
    pub(in super::super) const PROFILE: u64 = 3;
}

/// Cardinalities of a part (draft-ietf-mimi-content-08 §4.4).
pub(super) mod cardinality {
    pub(in super::super) const NULL: u64 = 0;
    pub(in super::super) const SINGLE: u64 = 1;
    pub(in super::super) const EXTERNAL: u64 = 2;
    pub(in super::super) const MULTI: u64 = 3;
}

impl Content {
    /// Its CBOR: as it came, or made anew.
    pub(super) fn to_cbor(&self) -> Vec<u8> {
        self.exact.clone().unwrap_or_else(|| self.encode())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        to_bytes(&Value::Array(vec![
            Value::Bytes(self.salt.to_vec()),
            optional_id(self.replaces.as_ref()),
            Value::Bytes(Vec::new()), // topicId: none
            self.expires.map_or(Value::Null, expiry),
            optional_id(self.in_reply_to.as_ref()),
            // MLS proves the sender, and the group is the room: neither is said again.
            self.extensions(),
            self.body.part(),
        ]))
    }

    fn extensions(&self) -> Value {
        let profile = self.profile.as_ref().map(Profile::extension);
        let seen_head = self.seen_head.as_ref().map(SeenHead::extension);
        Value::Map(profile.into_iter().chain(seen_head).chain(named_devices::extension(&self.devices)).collect())
    }
}

impl Body {
    fn part(&self) -> Value {
        match self {
            Self::Text(text) => single(disposition::RENDER, PLAIN, text.as_bytes().to_vec()),
            Self::Reaction(text) => single(disposition::REACTION, PLAIN, text.as_bytes().to_vec()),
            Self::Delete => Value::Array(vec![disposition::RENDER.into(), Value::Text(String::new()), cardinality::NULL.into()]),
            Self::Receipts(receipts) => single(disposition::UNSPECIFIED, STATUS, to_bytes(&report(receipts))),
            Self::Profile { name, device_name, device_salt } => {
                let map = Value::Map(vec![
                    (profile_key::NAME.into(), name.as_str().into()),
                    (profile_key::DEVICE_NAME.into(), device_name.as_str().into()),
                    (profile_key::DEVICE_SALT.into(), Value::Bytes(device_salt.to_vec())),
                ]);
                single(disposition::PROFILE, PROFILE, to_bytes(&map))
            }
            Self::Leave => single(disposition::UNSPECIFIED, LEAVE, Vec::new()),
            Self::Readd => single(disposition::UNSPECIFIED, READD, Vec::new()),
            Self::Unknown { content_type } => single(disposition::UNSPECIFIED, content_type, Vec::new()),
        }
    }
}

/// Keys of the map inside a profile; a reader passes over others.
pub(super) mod profile_key {
    pub(in super::super) const NAME: u64 = 1;
    pub(in super::super) const DEVICE_NAME: u64 = 2;
    pub(in super::super) const DEVICE_SALT: u64 = 3;
}

fn report(receipts: &[Receipt]) -> Value {
    let status = |status| match status {
        ReceiptStatus::Delivered => 1u64,
        ReceiptStatus::Read => 2,
    };
    let one = |receipt: &Receipt| Value::Array(vec![Value::Bytes(receipt.message.0.to_vec()), status(receipt.status).into()]);
    Value::Array(receipts.iter().map(one).collect())
}

fn single(disposition: u64, content_type: &str, content: Vec<u8>) -> Value {
    Value::Array(vec![
        disposition.into(),
        Value::Text(String::new()), // language: not said
        cardinality::SINGLE.into(),
        content_type.into(),
        Value::Bytes(content),
    ])
}

fn expiry(expires: Expiry) -> Value {
    let (relative, seconds) = match expires {
        Expiry::At { seconds } => (false, seconds),
        Expiry::AfterReading { seconds } => (true, seconds),
    };
    Value::Array(vec![relative.into(), seconds.into()])
}

fn optional_id(id: Option<&MessageId>) -> Value {
    id.map_or(Value::Null, |id| Value::Bytes(id.0.to_vec()))
}

fn to_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and every value above has a CBOR form.
    let _infallible = ciborium::into_writer(value, &mut bytes);
    bytes
}
