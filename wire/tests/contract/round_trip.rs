//! What is encoded decodes to the same, and nothing else makes a decoder fall over.

use proptest::collection::vec;
use proptest::prelude::*;
use waxseal_wire::frame::{Door, Told, decode_request, decode_told, encode_push, encode_reply, encode_request};
use waxseal_wire::id::RequestId;
use waxseal_wire::request::Request;

use super::strategy;

proptest! {
    #[test]
    fn every_anonymous_request_comes_back(id in 1..=u64::MAX, request in strategy::anonymous_request()) {
        let (id, request) = (RequestId(id), Request::Anonymous(request));
        let bytes = encode_request(id, &request);
        prop_assert_eq!(decode_request(Door::Anonymous, &bytes), Ok((id, request)));
    }

    #[test]
    fn every_device_request_comes_back(id in 1..=u64::MAX, request in strategy::device_request()) {
        let (id, request) = (RequestId(id), Request::Device(request));
        let bytes = encode_request(id, &request);
        prop_assert_eq!(decode_request(Door::Device, &bytes), Ok((id, request)));
    }

    #[test]
    fn every_reply_comes_back(id in 1..=u64::MAX, reply in strategy::reply()) {
        let bytes = encode_reply(RequestId(id), &reply);
        prop_assert_eq!(decode_told(&bytes), Ok(Told::Reply(RequestId(id), reply)));
    }

    #[test]
    fn every_push_comes_back(push in strategy::push()) {
        let bytes = encode_push(&push);
        prop_assert_eq!(decode_told(&bytes), Ok(Told::Push(push)));
    }

    #[test]
    fn garbage_never_panics(bytes in vec(any::<u8>(), 0..2000)) {
        let _ = (decode_request(Door::Anonymous, &bytes), decode_request(Door::Device, &bytes), decode_told(&bytes));
    }

    #[test]
    fn a_damaged_request_never_panics_and_what_it_decodes_to_is_whole(
        request in strategy::anonymous_request(), at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode_request(RequestId(1), &Request::Anonymous(request));
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok((id, request)) = decode_request(Door::Anonymous, &bytes) {
            let again = encode_request(id, &request);
            prop_assert_eq!(decode_request(Door::Anonymous, &again), Ok((id, request)));
        }
    }
}
