//! Requests that read well, at a server that has something to lose: it answers every one.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_server::policy::Policy;
use waxseal_server::roles::Roles;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_wire::frame::{Door, decode_request, encode_reply};
use waxseal_wire::id::RequestId;
use waxseal_wire::request::Request;

use crate::scene;

/// Frames one after another, each behind its length in two bytes, at a copy of the friends' server.
pub fn roles(bytes: &[u8]) {
    scene::with(true, |scene| {
        let store = SqliteStore::from_snapshot(&scene.server).expect("a copy of the server");
        let mut roles = Roles::new(store, Policy::unlimited(), waxseal_sim::town::log_of(1));
        let rng = &mut ChaCha20Rng::seed_from_u64(3);
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
            let (frame, after) = after.split_at(length);
            rest = after;
            let Ok((id, Request::Anonymous(request))) = decode_request(Door::Anonymous, frame) else { continue };
            let reply = roles.anonymous(scene.now, rng, request).reply.expect("at this door everything is answered");
            drop(encode_reply(RequestId(id.0), &reply));
        }
        roles.sweep(scene.now).expect("the store is well");
    });
}
