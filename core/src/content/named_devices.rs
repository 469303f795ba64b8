//! What the devices of who speaks are called: said beside words, once to each chat.
//!
//! Travels as an extension of a content (draft-ietf-mimi-content-08 §4.3), as a `profile` does. The account's chain has
//! a hash of each name: whoever hears one holds it against that (`account::named`).

use ciborium::Value;
use waxseal_wire::id::DeviceId;

use super::limits;

/// The extension's name.
const KEY: &str = "vnd.waxseal.devices";

/// One device, what it is called, and what opens the hash of that in the chain. A member's word, until it is held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDevice {
    /// Which.
    pub device: DeviceId,
    /// What its owner calls it.
    pub name: String,
    /// See `chain::device_name_hash`.
    pub salt: [u8; 16],
}

/// The extension that says it; `None` where there is nothing to say.
pub(super) fn extension(devices: &[NamedDevice]) -> Option<(Value, Value)> {
    let one = |device: &NamedDevice| {
        let fields = [Value::Bytes(device.device.0.to_vec()), device.name.as_str().into(), Value::Bytes(device.salt.to_vec())];
        Value::Array(fields.into())
    };
    (!devices.is_empty()).then(|| (KEY.into(), Value::Array(devices.iter().map(one).collect())))
}

/// What these extensions say, as far as it can be read: words are not lost because a name is bad.
pub(super) fn of(extensions: &Value) -> Vec<NamedDevice> {
    let said = extensions.as_map().and_then(|map| map.iter().find(|(key, _)| key.as_text() == Some(KEY)));
    let all = said.and_then(|(_, value)| value.as_array()).map_or(&[][..], Vec::as_slice);
    all.iter().take(limits::NAMED_DEVICES).filter_map(read).collect()
}

fn read(value: &Value) -> Option<NamedDevice> {
    let [device, name, salt] = value.as_array()?.as_slice() else { return None };
    let name = name.as_text().filter(|name| name.len() <= limits::DEVICE_NAME)?.to_owned();
    Some(NamedDevice {
        device: DeviceId::try_from(device.as_bytes()?.as_slice()).ok()?,
        name,
        salt: salt.as_bytes()?.as_slice().try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_and_what_is_bad_is_passed_over() {
        let laptop = NamedDevice { device: DeviceId([1; 16]), name: "Laptop".into(), salt: [2; 16] };
        let (key, value) = extension(std::slice::from_ref(&laptop)).unwrap();
        let said = |value: Value| of(&Value::Map(vec![("other".into(), Value::Null), (key.clone(), value)]));
        assert_eq!(said(value.clone()), std::slice::from_ref(&laptop));
        assert_eq!(extension(&[]), None);
        let good = value.into_array().unwrap().remove(0);
        let long = Value::Array(vec![Value::Bytes(vec![1; 16]), "x".repeat(129).into(), Value::Bytes(vec![2; 16])]);
        let short = Value::Array(vec![Value::Bytes(vec![1; 15]), "x".into(), Value::Bytes(vec![2; 16])]);
        assert_eq!(said(Value::Array(vec![long, Value::Null, short, good.clone()])), [laptop]);
        assert_eq!(said(Value::Array(vec![good; 100])).len(), limits::NAMED_DEVICES);
        assert_eq!(said(Value::Null), []);
    }
}
