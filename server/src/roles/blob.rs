//! Blobs: sealed bytes, for whoever knows their random id.
//!
//! Called at the anonymous door. Parts come in order, so that a put that broke
//! off goes on where it was. Who may fetch is decided by who was told the id,
//! inside a message; never by the server.

use waxseal_wire::limits;
use waxseal_wire::reply::{BlobPart, Refusal};
use waxseal_wire::request::{FetchBlob, PutBlob};

use super::Roles;
use crate::store::{Day, Stop, Store};

impl<S: Store> Roles<S> {
    /// Keeps one part. The same part again is harmless; other bytes in its place are `Taken`.
    pub(super) fn put_blob(&mut self, today: Day, put: &PutBlob) -> Result<(), Stop> {
        let end = put.offset.checked_add(put.bytes.len() as u64).ok_or(Refusal::TooLarge)?;
        if put.bytes.len() > limits::BLOB_PART || put.total > limits::BLOB as u64 || end > put.total {
            return Err(Refusal::TooLarge.into());
        }
        if put.bytes.is_empty() {
            return Err(Refusal::Malformed.into());
        }
        self.store.put_blob(today, put)
    }

    /// Part of a whole blob, from the offset on.
    pub(super) fn fetch_blob(&mut self, fetch: &FetchBlob) -> Result<BlobPart, Stop> {
        self.store.fetch_blob(&fetch.blob, fetch.offset)
    }
}
