//! CBOR to content, by the schema of draft-ietf-mimi-content-08 Appendix B.
//!
//! Called by `padding`, on bytes that a member sent: hostile. Tolerates what
//! the draft says to tolerate (unknown extensions, dispositions, languages,
//! media types); refuses what its §7.1 calls nonsensical.

use ciborium::Value;
use waxseal_wire::name::AccountName;

use super::encode::{self, cardinality, disposition, profile_key};
use super::{
    Body, Content, ContentError, Expiry, MessageId, Profile, Receipt, ReceiptStatus, SeenHead, limits, named_devices, sized,
};

const MALFORMED: ContentError = ContentError::Malformed;
/// Room for [`limits::DEPTH`] parts (two levels of CBOR each) or an extension's own depth.
const CBOR_DEPTH: usize = 16;

impl Content {
    pub(super) fn from_cbor(cbor: &[u8]) -> Result<Self, ContentError> {
        let value = parse(cbor)?;
        let [salt, replaces, topic, expires, in_reply_to, extensions, part] = array(value)?;
        if bytes(topic)?.len() > limits::TOPIC {
            return Err(ContentError::TooLarge);
        }
        check_extensions(&extensions)?;
        let (replaces, in_reply_to) = (optional_id(replaces)?, optional_id(in_reply_to)?);
        let body = Reader::default().part(part, 1)?;
        match body {
            Body::Delete if replaces.is_none() => return Err(ContentError::Empty),
            Body::Reaction(_) if in_reply_to.is_none() => return Err(MALFORMED),
            _ => {}
        }
        let salt = bytes(salt)?.try_into().map_err(|_| MALFORMED)?;
        let (profile, seen_head) = (Profile::of(&extensions), SeenHead::of(&extensions));
        let (devices, expires) = (named_devices::of(&extensions), expiry(expires)?);
        let mut content = Self { salt, replaces, in_reply_to, expires, profile, seen_head, devices, body, exact: None };
        if content.encode() != cbor {
            content.exact = Some(cbor.to_vec());
        }
        Ok(content)
    }
}

/// Counts parts on the way down.
#[derive(Default)]
struct Reader {
    parts: usize,
}

impl Reader {
    fn part(&mut self, part: Value, depth: usize) -> Result<Body, ContentError> {
        self.parts += 1;
        if depth > limits::DEPTH || self.parts > limits::PARTS {
            return Err(ContentError::TooLarge);
        }
        let mut fields = part.into_array().map_err(|_| MALFORMED)?.into_iter();
        let mut field = || fields.next().ok_or(MALFORMED);
        let disposition = number(&field()?)?;
        if disposition > 255 {
            return Err(MALFORMED);
        }
        text(field()?, limits::CONTENT_TYPE)?; // language: not used
        match number(&field()?)? {
            cardinality::NULL => end(fields, Body::Delete),
            cardinality::SINGLE => {
                let (content_type, content) = (text(field()?, limits::CONTENT_TYPE)?, bytes(field()?)?);
                end(fields, single(disposition, content_type, content)?)
            }
            // Eleven fields follow the media type of an external part; files come with `media`.
            cardinality::EXTERNAL => {
                let content_type = text(field()?, limits::CONTENT_TYPE)?;
                if fields.count() == 11 { Ok(Body::Unknown { content_type }) } else { Err(MALFORMED) }
            }
            cardinality::MULTI => {
                let (semantics, parts) = (number(&field()?)?, field()?.into_array().map_err(|_| MALFORMED)?);
                let body = self.multi(semantics, parts, depth)?;
                end(fields, body)
            }
            _ => Err(MALFORMED),
        }
    }

    /// Of several parts, the first text (draft-ietf-mimi-content-08 §4.4: the receiver picks by its own policy).
    fn multi(&mut self, semantics: u64, parts: Vec<Value>, depth: usize) -> Result<Body, ContentError> {
        const CHOOSE_ONE: u64 = 0;
        const SINGLE_UNIT: u64 = 1;
        const PROCESS_ALL: u64 = 2;
        if parts.len() < 2 {
            return Err(MALFORMED);
        }
        let bodies = parts.into_iter().map(|part| self.part(part, depth + 1)).collect::<Result<Vec<_>, _>>()?;
        let is_text = |body: &Body| matches!(body, Body::Text(_));
        let shown = match semantics {
            CHOOSE_ONE | PROCESS_ALL => bodies.into_iter().find(is_text),
            SINGLE_UNIT => None,
            _ => return Err(MALFORMED),
        };
        Ok(shown.unwrap_or_else(|| Body::Unknown { content_type: String::new() }))
    }
}

fn single(disposition: u64, content_type: String, content: Vec<u8>) -> Result<Body, ContentError> {
    let utf8 = |content: Vec<u8>| String::from_utf8(content).map_err(|_| MALFORMED);
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (essence.as_str(), disposition) {
        ("text/plain" | "text/markdown", disposition::REACTION) => sized(limits::REACTION, &utf8(content)?).map(Body::Reaction),
        ("text/plain" | "text/markdown", _) => sized(limits::TEXT, &utf8(content)?).map(Body::Text),
        (encode::STATUS, _) => receipts(&content),
        (encode::PROFILE, _) => profile(&content),
        (encode::LEAVE, _) => Ok(Body::Leave),
        (encode::READD, _) => Ok(Body::Readd),
        _ => Ok(Body::Unknown { content_type }),
    }
}

/// draft-mahy-mimi-message-status-01 §3. States that we do not show are passed over.
fn receipts(content: &[u8]) -> Result<Body, ContentError> {
    let report = parse(content)?.into_array().map_err(|_| MALFORMED)?;
    if report.len() > limits::RECEIPTS {
        return Err(ContentError::TooLarge);
    }
    let mut receipts = Vec::with_capacity(report.len());
    for one in report {
        let [message, status] = array(one)?;
        let message = MessageId::try_from(bytes(message)?.as_slice())?;
        match number(&status)? {
            1 => receipts.push(Receipt { message, status: ReceiptStatus::Delivered }),
            2 => receipts.push(Receipt { message, status: ReceiptStatus::Read }),
            0 | 3..=255 => {}
            _ => return Err(MALFORMED),
        }
    }
    Ok(Body::Receipts(receipts))
}

fn profile(content: &[u8]) -> Result<Body, ContentError> {
    let (mut name, mut device_name, mut device_salt) = (None, None, None);
    for (key, value) in parse(content)?.into_map().map_err(|_| MALFORMED)? {
        match number(&key)? {
            profile_key::NAME => name = Some(text(value, limits::DEVICE_NAME)?),
            profile_key::DEVICE_NAME => device_name = Some(text(value, limits::DEVICE_NAME)?),
            profile_key::DEVICE_SALT => device_salt = Some(bytes(value)?.try_into().map_err(|_| MALFORMED)?),
            _ => {}
        }
    }
    let name = AccountName::parse(&name.ok_or(MALFORMED)?).map_err(|_| MALFORMED)?;
    let device_name = device_name.filter(|name| !name.chars().any(char::is_control)).ok_or(MALFORMED)?;
    Ok(Body::Profile { name, device_name, device_salt: device_salt.ok_or(MALFORMED)? })
}

/// Any extension is tolerated, each key once (draft-ietf-mimi-content-08 §4.3).
fn check_extensions(extensions: &Value) -> Result<(), ContentError> {
    let entries = extensions.as_map().ok_or(MALFORMED)?;
    if entries.len() > limits::EXTENSIONS {
        return Err(ContentError::TooLarge);
    }
    for (i, (key, _)) in entries.iter().enumerate() {
        let named = key.is_integer() || key.as_text().is_some_and(|name| (1..=255).contains(&name.len()));
        if !named || entries.iter().take(i).any(|(other, _)| other == key) {
            return Err(MALFORMED);
        }
    }
    Ok(())
}

fn expiry(value: Value) -> Result<Option<Expiry>, ContentError> {
    if value.is_null() {
        return Ok(None);
    }
    let [relative, seconds] = array(value)?;
    let seconds = u32::try_from(number(&seconds)?).map_err(|_| MALFORMED)?;
    match relative.as_bool().ok_or(MALFORMED)? {
        true => Ok(Some(Expiry::AfterReading { seconds })),
        false => Ok(Some(Expiry::At { seconds })),
    }
}

fn parse(cbor: &[u8]) -> Result<Value, ContentError> {
    let mut rest = cbor;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, CBOR_DEPTH).map_err(|_| MALFORMED)?;
    if rest.is_empty() { Ok(value) } else { Err(MALFORMED) }
}

fn array<const N: usize>(value: Value) -> Result<[Value; N], ContentError> {
    value.into_array().ok().and_then(|fields| fields.try_into().ok()).ok_or(MALFORMED)
}

fn bytes(value: Value) -> Result<Vec<u8>, ContentError> {
    value.into_bytes().map_err(|_| MALFORMED)
}

fn text(value: Value, limit: usize) -> Result<String, ContentError> {
    let text = value.into_text().map_err(|_| MALFORMED)?;
    if text.len() > limit { Err(ContentError::TooLarge) } else { Ok(text) }
}

fn number(value: &Value) -> Result<u64, ContentError> {
    value.as_integer().and_then(|number| number.try_into().ok()).ok_or(MALFORMED)
}

fn optional_id(value: Value) -> Result<Option<MessageId>, ContentError> {
    if value.is_null() { Ok(None) } else { bytes(value)?.as_slice().try_into().map(Some) }
}

fn end(mut rest: impl Iterator<Item = Value>, body: Body) -> Result<Body, ContentError> {
    if rest.next().is_none() { Ok(body) } else { Err(MALFORMED) }
}
