//! What travels to a joiner: its Welcome, and a small tree beside it.
//!
//! Packed by `outbox`, unpacked by `inbox::welcome`. A tree of a few members is
//! smaller than the round trip that fetching it would cost; a larger one
//! travels once, as a blob. Both are sealed: the tree under an exporter key
//! that only joiners have.
//!
//! `length of the Welcome (4 bytes) ‖ Welcome ‖ sealed tree (or nothing)`

use waxseal_wire::request::Welcomed;

use crate::group::SealedTree;

/// The largest tree that travels inside the Welcomes, in bytes: two or three devices.
const INLINE: usize = 8 << 10;

/// Packs every Welcome; gives the tree back where it must travel as a blob.
pub(super) fn pack(welcomes: &mut [Welcomed], tree: Option<SealedTree>) -> Option<SealedTree> {
    let (inline, blob) = match tree {
        Some(tree) if tree.bytes.len() <= INLINE => (tree.bytes, None),
        other => (Vec::new(), other),
    };
    for one in welcomes {
        let length = u32::try_from(one.welcome.len()).unwrap_or(u32::MAX).to_be_bytes();
        one.welcome = [length.as_slice(), &one.welcome, &inline].concat();
    }
    blob
}

/// The Welcome and the tree beside it, empty where it is a blob; `None` where the parcel does not read.
pub(crate) fn unpack(parcel: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = parcel.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use waxseal_wire::id::{AliasId, BlobId};

    use super::*;

    fn welcomed() -> [Welcomed; 1] {
        [Welcomed { alias: AliasId([1; 16]), welcome: b"welcome".to_vec() }]
    }

    #[test]
    fn a_small_tree_travels_with_the_welcome() {
        let mut one = welcomed();
        assert!(pack(&mut one, Some(SealedTree { blob: BlobId([2; 32]), bytes: b"tree".to_vec() })).is_none());
        assert_eq!(unpack(&one[0].welcome), Some((b"welcome".as_slice(), b"tree".as_slice())));
    }

    #[test]
    fn a_large_tree_stays_a_blob() {
        let mut one = welcomed();
        assert!(pack(&mut one, Some(SealedTree { blob: BlobId([2; 32]), bytes: vec![0; INLINE + 1] })).is_some());
        assert_eq!(unpack(&one[0].welcome), Some((b"welcome".as_slice(), [].as_slice())));
    }

    #[test]
    fn a_parcel_that_promises_too_much_does_not_read() {
        assert_eq!(unpack(&[0, 0, 0, 9, 1]), None);
        assert_eq!(unpack(&[0, 0]), None);
    }
}
