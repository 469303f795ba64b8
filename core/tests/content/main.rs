//! MIMI content from outside: the draft's own examples, properties, byte snapshots, and hostile bytes.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod draft;
mod hostile;
mod round_trip;
mod snapshots;

use waxseal_core::content::{Content, ContentError};

/// Opens CBOR as if it had come padded.
fn open(cbor: &[u8]) -> Result<Content, ContentError> {
    Content::from_padded(&framed(cbor))
}

fn framed(cbor: &[u8]) -> Vec<u8> {
    [u32::try_from(cbor.len()).expect("small").to_be_bytes().as_slice(), cbor].concat()
}
