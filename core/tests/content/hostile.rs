//! Bytes that a hostile member made: refused by name, never a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::content::{Body, Content, ContentError, MessageId, limits};
use waxseal_wire::id::AccountId;

use super::{framed, open};

const SALT: [u8; 18] = [0x87, 0x50, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
const TEXT_PLAIN: &[u8] = b"\x78\x18text/plain;charset=utf-8";

/// A content with these fields after the salt: replaces, topic, expires, inReplyTo, extensions, part.
fn content(fields: [&[u8]; 6]) -> Vec<u8> {
    [SALT.as_slice(), &fields.concat()].concat()
}

fn part(part: &[u8]) -> Result<Content, ContentError> {
    open(&content([b"\xf6", b"\x40", b"\xf6", b"\xf6", b"\xa0", part]))
}

fn hello() -> Vec<u8> {
    [b"\x85\x01\x60\x01".as_slice(), TEXT_PLAIN, b"\x42hi"].concat()
}

fn with_extensions(extensions: &[u8]) -> Result<Content, ContentError> {
    open(&content([b"\xf6", b"\x40", b"\xf6", b"\xf6", extensions, &hello()]))
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in vec(any::<u8>(), 0..1000)) {
        let _ = (Content::from_padded(&bytes), open(&bytes), part(&bytes));
    }

    #[test]
    fn a_damaged_content_never_panics_and_keeps_its_exact_bytes(seed: u64, at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut padded = Content::text("See you at six", &mut ChaCha20Rng::seed_from_u64(seed)).expect("a text").to_padded();
        let at = at.index(padded.len());
        padded[at] ^= flip;
        if let Ok(content) = Content::from_padded(&padded) {
            prop_assert_eq!(&content.to_padded(), &padded, "what came is what is passed on and hashed");
        }
    }
}

#[test]
fn length_and_zeros_must_be_right() {
    let padded = Content::text("hi", &mut ChaCha20Rng::seed_from_u64(1)).expect("a text").to_padded();
    let mut longer = padded.clone();
    longer[3] += 1;
    assert_eq!(Content::from_padded(&longer), Err(ContentError::Malformed), "a zero belongs to the padding");
    let mut beyond = padded.clone();
    beyond[2] = 9;
    assert_eq!(Content::from_padded(&beyond), Err(ContentError::Padding));
    let mut channel = padded.clone();
    *channel.last_mut().expect("not empty") = 1;
    assert_eq!(Content::from_padded(&channel), Err(ContentError::Padding), "nothing hides in the padding");
    for short in 0..4 {
        assert_eq!(Content::from_padded(&padded[..short]), Err(ContentError::Padding));
    }
    assert_eq!(Content::from_padded(&vec![0xff; limits::PADDED + 1]), Err(ContentError::TooLarge), "before anything is parsed");
}

#[test]
fn unknown_extensions_are_tolerated_and_part_of_the_id() {
    let plain = with_extensions(b"\xa0").expect("none");
    let extended = with_extensions(b"\xa2\x18\x63\x01\x63xyz\x82\x01\xf5").expect("two unknown ones");
    assert_eq!(extended.body, plain.body);
    assert_ne!(extended.id(&AccountId([1; 32]), &[2; 16]), plain.id(&AccountId([1; 32]), &[2; 16]));
    assert_eq!(with_extensions(b"\xa2\x05\x01\x05\x02"), Err(ContentError::Malformed), "one key twice");
    assert_eq!(with_extensions(b"\xa1\xf5\x02"), Err(ContentError::Malformed), "a key that is no name");
    assert_eq!(with_extensions(b"\xa1\x60\x02"), Err(ContentError::Malformed), "a name of no letters");
    let many: Vec<u8> = (0..=256u16).flat_map(|key| [0x19, (key >> 8) as u8, key as u8, 0]).collect();
    assert_eq!(with_extensions(&[b"\xb9\x01\x01".as_slice(), &many].concat()), Err(ContentError::TooLarge));
}

#[test]
fn unknown_dispositions_languages_and_types_are_tolerated() {
    let text = |front: &[u8], media_type: &[u8], back: &[u8]| part(&[front, media_type, back].concat()).map(|content| content.body);
    let hi = || Ok(Body::Text("hi".to_owned()));
    assert_eq!(text(b"\x85\x18\xfa\x60\x01", TEXT_PLAIN, b"\x42hi"), hi(), "draft §7.1: as if it were render");
    assert_eq!(text(b"\x85\x01\x65tlh-x\x01", TEXT_PLAIN, b"\x42hi"), hi());
    assert_eq!(text(b"\x85\x01\x60\x01", b"\x6aText/Plain", b"\x42hi"), hi(), "media types know no case");
    let unknown = Ok(Body::Unknown { content_type: "a/b".to_owned() });
    assert_eq!(text(b"\x85\x01\x60\x01", b"\x63a/b", b"\x42hi"), unknown);
    assert_eq!(text(b"\x85\x19\x01\x00\x60\x01", TEXT_PLAIN, b"\x42hi"), Err(ContentError::Malformed), "no disposition is 256");
    assert_eq!(text(b"\x85\x01\x60\x01", TEXT_PLAIN, b"\x42\xff\xfe"), Err(ContentError::Malformed), "not UTF-8");
    assert_eq!(text(b"\x85\x01\x60\x01", TEXT_PLAIN, b"\x40"), Err(ContentError::Empty));
    assert_eq!(text(b"\x85\x01\x60\x04", TEXT_PLAIN, b"\x42hi"), Err(ContentError::Malformed), "no such cardinality");
    assert_eq!(text(b"\x86\x01\x60\x01", TEXT_PLAIN, b"\x42hi\x00"), Err(ContentError::Malformed), "a field too many");
}

#[test]
fn parts_within_parts_have_an_end() {
    let nested = |levels: usize| {
        let mut inner = hello();
        for _ in 1..levels {
            inner = [b"\x85\x01\x60\x03\x00\x82".as_slice(), &inner, &hello()].concat();
        }
        part(&inner).map(|content| content.body)
    };
    assert_eq!(nested(limits::DEPTH), Ok(Body::Text("hi".to_owned())));
    assert_eq!(nested(limits::DEPTH + 1), Err(ContentError::TooLarge));
    assert!(nested(400).is_err());
    assert!(open(&[0x81; 5000]).is_err(), "arrays without end");
    assert!(open(&[0x9f; 5000]).is_err(), "arrays of no length");
}

#[test]
fn a_length_that_lies_costs_nothing() {
    // An array of 2^32 - 1 things, a text of 2^63 bytes: refused at the end of the bytes, not at the end of memory.
    for lie in
        [b"\x9a\xff\xff\xff\xff".as_slice(), b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"]
    {
        assert_eq!(open(lie), Err(ContentError::Malformed));
        assert_eq!(part(lie), Err(ContentError::Malformed));
    }
}

#[test]
fn a_delete_of_nothing_and_a_reaction_to_nothing_are_refused() {
    assert_eq!(part(b"\x83\x01\x60\x00"), Err(ContentError::Empty));
    let reaction = [b"\x85\x02\x60\x01".as_slice(), TEXT_PLAIN, b"\x42:)"].concat();
    assert_eq!(part(&reaction), Err(ContentError::Malformed));
}

#[test]
fn an_id_of_an_unknown_hash_is_refused() {
    let reply = |id: &[u8]| open(&content([b"\xf6", b"\x40", b"\xf6", &[b"\x58\x20".as_slice(), id].concat(), b"\xa0", &hello()]));
    assert!(reply(&[1; 32]).is_ok());
    assert_eq!(reply(&[2; 32]), Err(ContentError::Malformed));
    assert!(MessageId::try_from([1; 31].as_slice()).is_err());
}

#[test]
fn a_salt_has_sixteen_bytes_and_nothing_follows_the_content() {
    let good = content([b"\xf6", b"\x40", b"\xf6", b"\xf6", b"\xa0", &hello()]);
    assert!(open(&good).is_ok());
    assert_eq!(open(&[good.as_slice(), &[0xf6]].concat()), Err(ContentError::Malformed));
    let mut short = good.clone();
    short.remove(5);
    short[1] = 0x4f;
    assert_eq!(open(&short), Err(ContentError::Malformed));
    assert_eq!(Content::from_padded(&framed(&[])), Err(ContentError::Malformed));
}

#[test]
fn a_profile_with_control_characters_or_a_bad_name_is_refused() {
    let profile = |name: &[u8], device: &[u8]| {
        let map = [b"\xa4\x01".as_slice(), name, b"\x02", device, b"\x03\x50", &[9; 16], b"\x18\x63\xf5"].concat();
        let media_type = b"\x78\x24application/vnd.waxseal.profile+cbor";
        part(&[b"\x85\x03\x60\x01".as_slice(), media_type, &[0x58, map.len() as u8], &map].concat()).map(|content| content.body)
    };
    let alice = Body::Profile {
        name: waxseal_wire::name::AccountName::parse("alice").expect("a good name"),
        device_name: "tab".to_owned(),
        device_salt: [9; 16],
    };
    assert_eq!(profile(b"\x65alice", b"\x63tab"), Ok(alice), "an unknown key is passed over");
    assert_eq!(profile(b"\x65Alice", b"\x63tab"), Err(ContentError::Malformed));
    assert_eq!(profile(b"\x65alice", b"\x63t\x1bb"), Err(ContentError::Malformed), "an escape sequence");
}
