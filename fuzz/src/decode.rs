//! Decoders of what is not believed: bytes in, no panic, and what decodes is whole.
//!
//! One function a target, for `TARGETS`. Keeps nothing between two inputs.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::content::Content;
use waxseal_core::group::{Policy, read_key_package};
use waxseal_wire::chain::{Chain, Record, Signature, SignedRecord};
use waxseal_wire::frame::{Door, Told, decode_request, decode_told, encode_push, encode_reply, encode_request};
use waxseal_wire::id::{AccountId, AliasId, DeviceId, Epoch, GroupId};
use waxseal_wire::key::{DeliveryKey, SealSecret};
use waxseal_wire::name::AccountName;
use waxseal_wire::seal::{Delivered, open_roster, seal, seal_roster};

/// A frame at the anonymous door.
pub fn request_anonymous(bytes: &[u8]) {
    request(Door::Anonymous, bytes);
}

/// A frame at the device door.
pub fn request_device(bytes: &[u8]) {
    request(Door::Device, bytes);
}

fn request(door: Door, bytes: &[u8]) {
    match decode_request(door, bytes) {
        Ok((id, request)) => assert_eq!(decode_request(door, &encode_request(id, &request)), Ok((id, request))),
        Err((_, bad)) => drop(bad.refusal()),
    }
}

/// A frame from a server.
pub fn told(bytes: &[u8]) {
    let Ok(told) = decode_told(bytes) else { return };
    let again = match &told {
        Told::Reply(id, reply) => encode_reply(*id, reply),
        Told::Push(push) => encode_push(push),
    };
    assert_eq!(decode_told(&again), Ok(told));
}

/// The body of a record in an account chain, and a chain of it.
pub fn record(bytes: &[u8]) {
    let parsed = Record::parse(bytes);
    let signer = parsed.as_ref().ok().and_then(|record| record.devices.first()).map(|device| device.id);
    for signer in [signer, None, Some(DeviceId([0; 16]))] {
        let record = SignedRecord { body: bytes.to_vec(), signer, signature: Signature([7; 64]) };
        assert!(Chain::verify(&[record]).is_err(), "nobody signed this");
    }
}

/// A name that somebody types or a server says.
pub fn name(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(name) = AccountName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!(!name.skeleton().is_empty());
    }
}

const KEY: [u8; 32] = [3; 32];
const ALIAS: AliasId = AliasId([4; 16]);

/// What a holder of the seal key (the server, at the moment it delivers) may have sealed for a mailbox.
pub fn delivered(bytes: &[u8]) {
    let (rng, secret) = (&mut ChaCha20Rng::from_seed(KEY), SealSecret::new(KEY));
    assert!(Delivered::open(bytes, &ALIAS, &secret).is_err(), "nobody sealed this");
    let (key, hint) = secret.public().agree(rng);
    let sealed = seal(key.expose(), b"waxseal mailbox entry v1", ALIAS.as_bytes(), bytes, rng);
    let Ok(opened) = Delivered::open(&[hint.as_slice(), &sealed].concat(), &ALIAS, &secret) else { return };
    let again = Delivered::seal_bytes(&opened.to_padded_bytes(), &ALIAS, &key, &hint, rng);
    assert!(Delivered::open(&again, &ALIAS, &secret) == Ok(opened));
}

/// What a member (who knows the delivery key) may have sealed as a roster.
pub fn roster(bytes: &[u8]) {
    let (rng, key, group, epoch) = (&mut ChaCha20Rng::from_seed(KEY), DeliveryKey::new(KEY), GroupId([5; 16]), Epoch(6));
    let place = [group.as_bytes(), &epoch.0.to_be_bytes()].concat();
    let Ok(opened) = open_roster(&seal(&KEY, b"waxseal roster v1", &place, bytes, rng), &group, epoch, &key) else { return };
    assert_eq!(open_roster(&seal_roster(&opened, &group, epoch, &key, rng), &group, epoch, &key), Ok(opened));
}

/// What a member may have sealed as a message.
pub fn content(bytes: &[u8]) {
    let framed = [&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes(), bytes].concat();
    for padded in [bytes, &framed] {
        let Ok(content) = Content::from_padded(padded) else { continue };
        let again = Content::from_padded(&content.to_padded()).expect("what was read reads again");
        let (sender, chat) = (AccountId([1; 32]), [2; 16]);
        assert_eq!(again.id(&sender, &chat), content.id(&sender, &chat));
        assert_eq!(again, content);
    }
}

/// What a stranger may have published as a KeyPackage.
pub fn key_package(bytes: &[u8]) {
    if let Ok(offered) = read_key_package(bytes) {
        assert_eq!(offered.bytes, bytes);
    }
}

/// What an admin may have put into a group's policy.
pub fn policy(bytes: &[u8]) {
    let Ok(policy) = Policy::from_bytes(bytes) else { return };
    let written = policy.to_bytes().expect("what was read can be written");
    let again = Policy::from_bytes(&written).expect("what was written reads");
    assert_eq!(again.to_bytes(), Ok(written));
}
