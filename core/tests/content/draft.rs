//! The examples of draft-ietf-mimi-content-08 §5, and of draft-mahy-mimi-message-status-01 §4.
//!
//! Each file has the message id in its first line and the CBOR in its second.

use std::fs;
use std::path::Path;

use waxseal_core::content::{Body, Content, Expiry, MessageId, Receipt, ReceiptStatus};

use super::open;

fn example(name: &str) -> (MessageId, Content) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/content/draft").join(format!("{name}.hex"));
    let text = fs::read_to_string(path).expect("an example");
    let (id, cbor) = text.split_once('\n').expect("two lines");
    let cbor = hex::decode(cbor.trim()).expect("hex");
    let id = MessageId::try_from(hex::decode(id).expect("hex").as_slice()).expect("an id");
    (id, open(&cbor).expect(name))
}

#[test]
fn a_text_reads() {
    let (_, original) = example("original");
    assert_eq!(original.body, Body::Text("Hi everyone, we just shipped release 2.0. __Good  work__!".to_owned()));
    assert!(original.is_shown() && original.replaces.is_none() && original.in_reply_to.is_none() && original.expires.is_none());
}

#[test]
fn replies_and_reactions_point_at_their_message() {
    let (original, _) = example("original");
    let (_, reply) = example("reply");
    assert_eq!(reply.body, Body::Text("Right on! _Congratulations_ 'all!".to_owned()));
    assert_eq!(reply.in_reply_to, Some(original));
    let (_, reaction) = example("reaction");
    assert_eq!((reaction.body.clone(), reaction.in_reply_to), (Body::Reaction("❤".to_owned()), Some(original)));
    assert!(!reaction.is_shown());
    assert_eq!(example("mention").1.in_reply_to, Some(original));
}

#[test]
fn edits_and_deletes_replace_their_message() {
    let (reply, _) = example("reply");
    let (_, edit) = example("edit");
    assert_eq!((edit.body.clone(), edit.replaces), (Body::Text("Right on! _Congratulations_ y'all!".to_owned()), Some(reply)));
    assert!(!edit.is_shown());
    let (_, delete) = example("delete");
    assert_eq!((delete.body.clone(), delete.replaces), (Body::Delete, Some(reply)));
    let (reaction, _) = example("reaction");
    let (_, unlike) = example("unlike");
    assert_eq!((unlike.body.clone(), unlike.replaces), (Body::Delete, Some(reaction)));
}

#[test]
fn an_expiry_reads() {
    assert_eq!(example("expiring").1.expires, Some(Expiry::At { seconds: 1_644_390_004 }));
}

#[test]
fn of_several_parts_a_text_is_shown() {
    assert_eq!(example("multipart-1").1.body, Body::Text("# Welcome!".to_owned()));
}

#[test]
fn what_this_version_cannot_show_is_not_hidden() {
    let unknown = |name| match example(name).1.body {
        Body::Unknown { content_type } => content_type,
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!(unknown("attachment"), "video/mp4");
    assert_eq!(unknown("conferencing"), "");
    assert_eq!(unknown("mention-html"), "text/html;charset=utf-8");
    assert_eq!(unknown("multipart-2"), "", "several reactions at once");
    assert_eq!(unknown("multipart-3"), "");
    assert!(example("attachment").1.is_shown());
}

#[test]
fn ids_are_as_the_draft_says() {
    let people = [
        ("original", "alice-smith"),
        ("reply", "bob-jones"),
        ("reaction", "cathy-washington"),
        ("edit", "bob-jones"),
        ("delete", "bob-jones"),
        ("unlike", "cathy-washington"),
        ("expiring", "alice-smith"),
        ("mention", "cathy-washington"),
        ("attachment", "bob-jones"),
        ("conferencing", "alice-smith"),
        ("multipart-1", "alice-smith"),
        ("multipart-2", "alice-smith"),
        ("multipart-3", "alice-smith"),
    ];
    for (name, person) in people {
        let (id, content) = example(name);
        let sender = format!("mimi://example.com/u/{person}");
        assert_eq!(content.id_by_uri(&sender, "mimi://example.com/r/engineering_team").0, id.0, "{name}");
    }
}

#[test]
fn a_status_report_reads_and_states_we_do_not_show_are_passed_over() {
    let report = "84825820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402825820015354973c2b65ca937bf1e035ae53a5ab80\
                  e947afa43d46920d4202e5cc0b2702825820018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af0082582001e59db8\
                  173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a0303";
    let report = hex::decode(report).expect("hex");
    let salt = [&[0x87, 0x50], [7; 16].as_slice(), &[0xf6, 0x40, 0xf6, 0xf6, 0xa0]].concat();
    let media_type = b"application/mimi-message-status";
    let part = [&[0x85, 0x00, 0x60, 0x01, 0x78, 31], media_type.as_slice(), &[0x58, report.len() as u8], &report].concat();
    let content = open(&[salt, part].concat()).expect("a report");
    let read = |name| Receipt { message: example(name).0, status: ReceiptStatus::Read };
    assert_eq!(content.body, Body::Receipts(vec![read("original"), read("reply")]));
}
