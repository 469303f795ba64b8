//! The tree of epochs: Merkle tree hashes as RFC 6962 and RFC 9162 §2.1 have them, over SHA-256.
//!
//! Called by `placed` (with what a server sent), by `evidence` and by `publish`. Keeps nothing.

use sha2::{Digest, Sha256};

/// A node's hash.
pub type Hash = [u8; 32];

/// RFC 9162 §2.1.1: `SHA-256(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// RFC 9162 §2.1.1: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// RFC 9162 §2.1.3.2: whether the leaf of this hash stands at `index` in the tree of `size` leaves and this root.
#[must_use]
pub fn is_included(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(beside, &hash);
            climb(&mut at, &mut last);
        } else {
            hash = node_hash(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// RFC 9162 §2.1.4.2: whether the tree of `new` is that of `old` with leaves added. Each is `(size, root)`.
#[must_use]
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    if old.0 == 0 || old.0 > new.0 {
        return false;
    }
    if old.0 == new.0 {
        return proof.is_empty() && old.1 == new.1;
    }
    // A tree of 2ⁿ leaves is a node of the larger one, so its root is not sent.
    let (first, rest) = match proof.split_first() {
        None => return false,
        Some(_) if old.0.is_power_of_two() => (old.1, proof),
        Some((first, rest)) => (first, rest),
    };
    let (mut at, mut last) = (old.0 - 1, new.0 - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut was, mut is) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            was = node_hash(beside, &was);
            is = node_hash(beside, &is);
            climb(&mut at, &mut last);
        } else {
            is = node_hash(&is, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == *old.1 && is == *new.1
}

/// Up to where the path next has something to its left.
fn climb(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Hash {
        hex::decode(text).expect("hex").try_into().expect("32 bytes")
    }

    /// The eight leaves that implementations of RFC 6962 share as test data.
    const LEAVES: [&str; 8] = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn inclusion_as_the_shared_vectors_have_it() {
        let leaf = |i: usize| leaf_hash(&hex::decode(LEAVES[i]).expect("hex"));
        assert!(is_included(&leaf(0), 0, 1, &[], &hash(ROOTS[0])));
        let first_of_eight = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
        .map(hash);
        assert!(is_included(&leaf(0), 0, 8, &first_of_eight, &hash(ROOTS[7])));
        let sixth_of_eight = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
        .map(hash);
        assert!(is_included(&leaf(5), 5, 8, &sixth_of_eight, &hash(ROOTS[7])));
        assert!(!is_included(&leaf(5), 4, 8, &sixth_of_eight, &hash(ROOTS[7])));
        assert!(!is_included(&leaf(4), 5, 8, &sixth_of_eight, &hash(ROOTS[7])));
        let third_of_three = ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"].map(hash);
        assert!(is_included(&leaf(2), 2, 3, &third_of_three, &hash(ROOTS[2])));
    }

    #[test]
    fn consistency_as_the_shared_vectors_have_it() {
        let tree = |size: usize| (size as u64, hash(ROOTS[size - 1]));
        let holds = |old: usize, new: usize, proof: &[&str]| {
            let (old, new) = (tree(old), tree(new));
            let proof: Vec<Hash> = proof.iter().map(|it| hash(it)).collect();
            is_consistent((old.0, &old.1), (new.0, &new.1), &proof)
        };
        assert!(holds(1, 1, &[]));
        assert!(holds(
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        ));
        assert!(holds(
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        ));
        assert!(holds(
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        ));
        assert!(!holds(2, 5, &["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"]));
        assert!(!holds(6, 8, &[]));
        assert!(!holds(8, 6, &[]));
    }
}
