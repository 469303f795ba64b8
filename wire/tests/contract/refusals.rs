//! Each way in which a frame can be wrong has its own name, and its own answer.

use waxseal_wire::chain::{Signature, SignedRecord};
use waxseal_wire::frame::{BadFrame, Door, decode_request, decode_told, encode_push, encode_reply, encode_request};
use waxseal_wire::id::{AliasId, BlobId, RequestId, Seq, WrongLength};
use waxseal_wire::limits;
use waxseal_wire::name::BadName;
use waxseal_wire::reply::{BlobPart, MailboxEntry, Push, Refusal, Reply, Witnessed};
use waxseal_wire::request::*;

use super::samples;

/// A protobuf field: its number, and bytes of a given length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    if number > 15 {
        field = vec![(number << 3 | 2) & 0x7f | 0x80, number >> 4];
    }
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend_from_slice(bytes);
    field
}

fn frame(id: u8, number: u8, request: &[u8]) -> Vec<u8> {
    [vec![8, id], field(number, request)].concat()
}

fn refused(door: Door, bytes: &[u8]) -> BadFrame {
    decode_request(door, bytes).expect_err("refused").1
}

fn encoded(request: AnonymousRequest) -> Vec<u8> {
    encode_request(RequestId(1), &Request::Anonymous(request))
}

fn anonymous(request: AnonymousRequest) -> BadFrame {
    refused(Door::Anonymous, &encoded(request))
}

#[test]
fn a_frame_over_the_limit_is_refused_before_it_is_parsed() {
    // Neither parses: only the size can have been looked at.
    let garbage = vec![0xff; limits::FRAME + 1];
    assert_eq!(decode_request(Door::Anonymous, &garbage), Err((RequestId(0), BadFrame::TooLarge)));
    assert_eq!(decode_request(Door::Device, &garbage), Err((RequestId(0), BadFrame::TooLarge)));
    assert_eq!(decode_told(&garbage), Err(BadFrame::TooLarge));
    assert_eq!(refused(Door::Device, &garbage[..limits::FRAME]), BadFrame::Parse);
}

#[test]
fn a_frame_of_nothing_says_nothing() {
    assert_eq!(refused(Door::Anonymous, &[]), BadFrame::Empty);
    assert_eq!(refused(Door::Anonymous, &[8, 1]), BadFrame::Empty, "an id alone");
    let without_id = encode_request(RequestId(0), &Request::Device(DeviceRequest::Take(Seq(0))));
    assert_eq!(refused(Door::Device, &without_id), BadFrame::Empty, "0 is the id of pushes");
    assert_eq!(decode_told(&[]), Err(BadFrame::Empty));
    assert_eq!(decode_told(&encode_reply(RequestId(0), &Reply::Done)), Err(BadFrame::Empty), "an answer to nothing");
    let challenge = encode_push(&Push::Challenge([1; 32]));
    assert_eq!(decode_told(&[vec![8, 1], challenge].concat()), Err(BadFrame::Empty), "a push is no answer");
}

#[test]
fn every_request_has_one_door() {
    for (name, request) in samples::anonymous_requests() {
        let bytes = encoded(request);
        assert!(decode_request(Door::Anonymous, &bytes).is_ok(), "{name}");
        assert_eq!(decode_request(Door::Device, &bytes), Err((RequestId(1), BadFrame::WrongDoor)), "{name}");
    }
    for (name, request) in samples::device_requests() {
        let bytes = encode_request(RequestId(7), &Request::Device(request));
        assert!(decode_request(Door::Device, &bytes).is_ok(), "{name}");
        assert_eq!(decode_request(Door::Anonymous, &bytes), Err((RequestId(7), BadFrame::WrongDoor)), "{name}");
    }
}

#[test]
fn an_identifier_of_the_wrong_length_is_named() {
    const FETCH_BLOB: u8 = 16;
    let wrong = |got| BadFrame::Length(WrongLength { what: "blob id", want: 32, got });
    for got in [0, 31, 33] {
        assert_eq!(refused(Door::Anonymous, &frame(1, FETCH_BLOB, &field(1, &vec![0; got]))), wrong(got));
    }
    assert!(decode_request(Door::Anonymous, &frame(1, FETCH_BLOB, &field(1, &[0; 32]))).is_ok());
}

#[test]
fn a_missing_part_is_refused() {
    const REGISTER: u8 = 10;
    const APPEND_RECORD: u8 = 34;
    assert_eq!(refused(Door::Anonymous, &frame(1, REGISTER, &field(1, b"alice"))), BadFrame::Empty);
    assert_eq!(refused(Door::Device, &frame(1, APPEND_RECORD, &[])), BadFrame::Empty);
    let empty = SubmitMessage { lent: samples::lent(), envelope: Vec::new() };
    assert_eq!(anonymous(AnonymousRequest::SubmitMessage(Box::new(empty))), BadFrame::Empty);
}

#[test]
fn a_bad_name_says_which_rule_it_breaks() {
    const LOOKUP: u8 = 11;
    let lookup = |name: &[u8]| refused(Door::Anonymous, &frame(1, LOOKUP, &field(1, &field(1, name))));
    assert_eq!(lookup(b"Alice"), BadFrame::Name(BadName::Case));
    assert_eq!(lookup(b"a"), BadFrame::Name(BadName::Length));
    assert_eq!(lookup(b"\xff\xfe"), BadFrame::Parse, "not even text");
}

#[test]
fn every_limit_holds_at_the_limit_and_not_one_beyond() {
    use AnonymousRequest as A;
    let message = |len| A::SubmitMessage(Box::new(SubmitMessage { lent: samples::lent(), envelope: vec![1; len] }));
    let commit = |len, roster, welcomes| {
        let next_delivery_key = samples::lent().delivery_key;
        A::SubmitCommit(Box::new(SubmitCommit { lent: samples::lent(), next_delivery_key, commit: vec![1; len], roster, welcomes }))
    };
    let edit = |remove: usize| RosterChange::Edit { add: vec![], remove: vec![AliasId([1; 16]); remove] };
    let welcomes = |count, len| vec![Welcomed { alias: AliasId([1; 16]), welcome: vec![1; len] }; count];
    let replace = |count| RosterChange::Replace(vec![samples::roster_entry(1); count]);
    let lookup =
        |count| A::Lookup(Lookup { who: vec![AccountRef::Name(samples::name("bob")); count], key_packages: false, seen: None });
    let found = |count| {
        let (roster, welcomes, messages) = (vec![], vec![], vec![vec![1]; count]);
        A::Found(Box::new(Found { lent: samples::lent(), roster, welcomes, messages }))
    };
    let blob = |offset, len: usize, total| A::PutBlob(PutBlob { blob: BlobId([1; 32]), offset, total, bytes: vec![1; len] });
    let register = |body: usize, invite: usize| {
        let record = SignedRecord { body: vec![1; body], signer: None, signature: Signature([1; 64]) };
        let (name, signature) = (samples::name("alice"), Signature([1; 64]));
        let idempotency_key = samples::lent().idempotency_key;
        A::Register(Box::new(Register { name, record, signature, invite: "x".repeat(invite), idempotency_key }))
    };
    let largest = limits::BLOB as u64;
    let pairs = [
        ("message", message(limits::MESSAGE), message(limits::MESSAGE + 1)),
        ("commit", commit(limits::COMMIT, edit(0), vec![]), commit(limits::COMMIT + 1, edit(0), vec![])),
        ("removes", commit(1, edit(limits::ROSTER), vec![]), commit(1, edit(limits::ROSTER + 1), vec![])),
        ("roster", commit(1, replace(limits::ROSTER), vec![]), commit(1, replace(limits::ROSTER + 1), vec![])),
        ("adds", commit(1, edit(0), welcomes(limits::ADDS, 1)), commit(1, edit(0), welcomes(limits::ADDS + 1, 1))),
        ("welcome", commit(1, edit(0), welcomes(1, limits::WELCOME)), commit(1, edit(0), welcomes(1, limits::WELCOME + 1))),
        ("lookup", lookup(limits::LOOKUP), lookup(limits::LOOKUP + 1)),
        ("first messages", found(limits::FOUND_MESSAGES), found(limits::FOUND_MESSAGES + 1)),
        ("blob part", blob(0, limits::BLOB_PART, largest), blob(0, limits::BLOB_PART + 1, largest)),
        ("blob", blob(0, 1, largest), blob(0, 1, largest + 1)),
        ("blob end", blob(largest - 2, 2, largest), blob(largest - 1, 2, largest)),
        ("record", register(limits::RECORD, 0), register(limits::RECORD + 1, 0)),
        ("invite", register(1, limits::INVITE), register(1, limits::INVITE + 1)),
    ];
    for (what, at, beyond) in pairs {
        assert!(decode_request(Door::Anonymous, &encoded(at)).is_ok(), "{what}");
        assert_eq!(anonymous(beyond), BadFrame::TooLarge, "{what}");
    }
    assert_eq!(anonymous(blob(u64::MAX, 1, largest)), BadFrame::TooLarge, "an offset that runs over");
}

#[test]
fn uploads_have_limits_too() {
    let publish = |packages, len, aliases| {
        let upload = KeyPackageUpload { alias: AliasId([1; 16]), key_package: vec![1; len], last_resort: false };
        let publish =
            PublishKeys { key_packages: vec![upload; packages], aliases: vec![AliasId([1; 16]); aliases], replace: false };
        decode_request(Door::Device, &encode_request(RequestId(1), &Request::Device(DeviceRequest::PublishKeys(publish))))
    };
    assert!(publish(limits::UPLOAD, limits::KEY_PACKAGE, limits::UPLOAD).is_ok());
    for (packages, len, aliases) in [(limits::UPLOAD + 1, 1, 0), (1, limits::KEY_PACKAGE + 1, 0), (0, 1, limits::UPLOAD + 1)] {
        assert_eq!(publish(packages, len, aliases), Err((RequestId(1), BadFrame::TooLarge)));
    }
}

#[test]
fn a_server_is_held_to_limits_as_well() {
    let part = |len| decode_told(&encode_reply(RequestId(1), &Reply::BlobPart(BlobPart { total: 1, bytes: vec![1; len] })));
    assert!(part(limits::BLOB_PART).is_ok());
    assert_eq!(part(limits::BLOB_PART + 1), Err(BadFrame::TooLarge));
    let entries = |count| {
        let entry = MailboxEntry { seq: Seq(1), alias: AliasId([1; 16]), sealed: vec![1] };
        decode_told(&encode_push(&Push::Entries(vec![entry; count])))
    };
    assert!(entries(limits::WINDOW).is_ok());
    assert_eq!(entries(limits::WINDOW + 1), Err(BadFrame::TooLarge));
    let witnessed = |head, count, len| {
        let witnessed = Witnessed { head: vec![1; head], witnesses: vec!["x".repeat(len); count] };
        decode_told(&encode_reply(RequestId(1), &Reply::Witnessed(witnessed)))
    };
    assert!(witnessed(limits::SIGNED_HEAD, limits::WITNESSES, limits::WITNESS).is_ok());
    for (head, count, len) in [(limits::SIGNED_HEAD + 1, 0, 0), (0, limits::WITNESSES + 1, 1), (0, 1, limits::WITNESS + 1)] {
        assert_eq!(witnessed(head, count, len), Err(BadFrame::TooLarge));
    }
}

#[test]
fn a_small_frame_of_very_many_parts_is_refused_before_room_is_made_for_them() {
    const LOOKUP: u8 = 11;
    const SUBMIT_COMMIT: u8 = 14;
    const ACCOUNTS: u8 = 11;
    let empty_parts = |number: u8, count: usize| [number << 3 | 2, 0].repeat(count);
    // One more than the limit is refused for its number, two million for theirs: before anything else in them is read.
    assert_eq!(refused(Door::Anonymous, &frame(1, LOOKUP, &empty_parts(1, 2_000_000))), BadFrame::TooLarge);
    assert_eq!(refused(Door::Anonymous, &frame(1, SUBMIT_COMMIT, &empty_parts(8, 2_000_000))), BadFrame::TooLarge);
    assert_eq!(decode_told(&frame(1, ACCOUNTS, &field(1, &empty_parts(2, 2_000_000)))), Err(BadFrame::TooLarge));
    assert_eq!(decode_told(&frame(1, ACCOUNTS, &empty_parts(1, 2_000_000))), Err(BadFrame::TooLarge));
    // What lies in an envelope is not counted.
    let zeros = SubmitMessage { lent: samples::lent(), envelope: vec![0; limits::MESSAGE] };
    assert!(decode_request(Door::Anonymous, &encoded(AnonymousRequest::SubmitMessage(Box::new(zeros)))).is_ok());
}

#[test]
fn the_largest_commit_passes() {
    let (add, remove) = (vec![samples::roster_entry(1); limits::ROSTER], vec![AliasId([1; 16]); limits::ROSTER]);
    let welcomes = vec![Welcomed { alias: AliasId([1; 16]), welcome: vec![1; limits::WELCOME] }; limits::ADDS];
    let next_delivery_key = samples::lent().delivery_key;
    let roster = RosterChange::Edit { add, remove };
    let commit = SubmitCommit { lent: samples::lent(), next_delivery_key, commit: vec![1; 1 << 20], roster, welcomes };
    assert!(decode_request(Door::Anonymous, &encoded(AnonymousRequest::SubmitCommit(Box::new(commit)))).is_ok());
}

#[test]
fn every_bad_frame_has_its_answer() {
    let length = BadFrame::Length(WrongLength { what: "alias", want: 16, got: 1 });
    let answers = [
        (BadFrame::TooLarge, Refusal::TooLarge),
        (BadFrame::WrongDoor, Refusal::WrongDoor),
        (BadFrame::Name(BadName::Case), Refusal::BadName),
        (BadFrame::Parse, Refusal::Malformed),
        (BadFrame::Empty, Refusal::Malformed),
        (length, Refusal::Malformed),
    ];
    for (bad, answer) in answers {
        assert_eq!(bad.refusal(), answer);
    }
}
