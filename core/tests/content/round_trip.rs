//! What is said is what is heard, padded, under one id.

use proptest::collection::vec;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::content::{Body, Content, ContentError, Expiry, MessageId, Receipt, ReceiptStatus, limits};
use waxseal_wire::id::{AccountId, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::seal::padme;

fn message_id() -> impl Strategy<Value = MessageId> {
    any::<[u8; 32]>().prop_map(|mut id| {
        id[0] = 1;
        MessageId(id)
    })
}

fn body() -> impl Strategy<Value = Body> {
    let receipt = (message_id(), any::<bool>())
        .prop_map(|(message, read)| Receipt { message, status: if read { ReceiptStatus::Read } else { ReceiptStatus::Delivered } });
    let profile = ("[a-z][a-z0-9]{1,20}", "\\PC{0,30}", any::<[u8; 16]>()).prop_map(|(name, device_name, device_salt)| {
        Body::Profile { name: AccountName::parse(&name).expect("a good name"), device_name, device_salt }
    });
    prop_oneof![
        "(?s).{1,300}".prop_map(Body::Text),
        "\\PC{1,8}".prop_map(Body::Reaction),
        Just(Body::Delete),
        vec(receipt, 0..20).prop_map(Body::Receipts),
        profile,
        Just(Body::Leave),
        Just(Body::Readd),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let expires = prop_oneof![
        Just(None),
        any::<u32>().prop_map(|seconds| Some(Expiry::At { seconds })),
        any::<u32>().prop_map(|seconds| Some(Expiry::AfterReading { seconds })),
    ];
    let about = (proptest::option::of(message_id()), proptest::option::of(message_id()), message_id());
    (body(), about, expires, any::<u64>()).prop_map(|(body, (replaces, in_reply_to, needed), expires, seed)| {
        let mut content = Content::new(body, &mut ChaCha20Rng::seed_from_u64(seed));
        content.expires = expires;
        content.replaces = replaces.or((content.body == Body::Delete).then_some(needed));
        content.in_reply_to = in_reply_to.or(matches!(content.body, Body::Reaction(_)).then_some(needed));
        content
    })
}

proptest! {
    #[test]
    fn every_content_comes_back(content in content()) {
        let padded = content.to_padded();
        prop_assert_eq!(padme(padded.len()), padded.len());
        prop_assert_eq!(Content::from_padded(&padded), Ok(content));
    }

    #[test]
    fn both_sides_give_a_message_one_id(content in content(), sender: [u8; 32], chat: [u8; 16]) {
        let heard = Content::from_padded(&content.to_padded()).expect("it reads");
        prop_assert_eq!(heard.id(&AccountId(sender), &chat), content.id(&AccountId(sender), &chat));
    }

    #[test]
    fn a_message_of_another_sender_chat_or_salt_has_another_id(content in content(), sender: [u8; 32], chat: [u8; 16], seed: u64) {
        let id = content.id(&AccountId(sender), &chat);
        let (mut other_sender, mut other_chat) = (sender, chat);
        other_sender[0] ^= 1;
        other_chat[15] ^= 1;
        prop_assert_ne!(content.id(&AccountId(other_sender), &chat), id);
        prop_assert_ne!(content.id(&AccountId(sender), &other_chat), id);
        let again = Content::new(content.body.clone(), &mut ChaCha20Rng::seed_from_u64(seed));
        prop_assume!(again.salt != content.salt);
        prop_assert_ne!(again.id(&AccountId(sender), &chat), id);
    }
}

#[test]
fn words_have_a_limit_and_nothing_is_no_word() {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let longest = "é".repeat(limits::TEXT / 2);
    let content = Content::text(&longest, rng).expect("just fits");
    assert_eq!(Content::from_padded(&content.to_padded()), Ok(content));
    assert_eq!(Content::text(&format!("{longest}!"), rng), Err(ContentError::TooLarge));
    assert_eq!(Content::text("", rng), Err(ContentError::Empty));
    assert_eq!(Content::reaction(MessageId([1; 32]), &"x".repeat(limits::REACTION + 1), rng), Err(ContentError::TooLarge));
}

#[test]
fn a_full_report_of_receipts_fits() {
    let receipt = Receipt { message: MessageId([1; 32]), status: ReceiptStatus::Read };
    let report = |count| Content::new(Body::Receipts(vec![receipt; count]), &mut ChaCha20Rng::seed_from_u64(2));
    assert_eq!(Content::from_padded(&report(limits::RECEIPTS).to_padded()), Ok(report(limits::RECEIPTS)));
    assert_eq!(Content::from_padded(&report(limits::RECEIPTS + 1).to_padded()), Err(ContentError::TooLarge));
}

#[test]
fn short_messages_have_one_size() {
    let size = |text: &str| Content::text(text, &mut ChaCha20Rng::seed_from_u64(3)).expect("a text").to_padded().len();
    assert_eq!(size("ok"), size(&"a longer answer, still short. ".repeat(5)));
}

#[test]
fn an_expiry_is_a_moment() {
    assert_eq!(Expiry::at(Millis(1001)).moment(Millis(0)), Millis(2000), "rounded up");
    assert_eq!(Expiry::AfterReading { seconds: 5 }.moment(Millis(1000)), Millis(6000));
}

#[test]
fn what_is_said_stays_out_of_logs() {
    let content = Content::text("a secret", &mut ChaCha20Rng::seed_from_u64(4)).expect("a text");
    let said = format!("{content:?} {:?} {:?}", content.body, content.id(&AccountId([1; 32]), &[2; 16]));
    assert_eq!(said, "Content(Text) Text message id(…)");
}
