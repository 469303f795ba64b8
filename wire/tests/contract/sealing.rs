//! What is sealed opens whole, for one key and one place, or not at all.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_wire::id::{AliasId, Epoch, GroupId, Position};
use waxseal_wire::key::{DeliveryKey, SealKey};
use waxseal_wire::seal::{Delivered, Kind, OpenError, open, open_roster, padme, roster_hash, seal, seal_roster};

use super::{samples, strategy};

fn chance(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_grows_by_forty_bytes(plain in prop::collection::vec(any::<u8>(), 0..500), key: [u8; 32], seed: u64) {
        let sealed = seal(&key, b"label", b"place", &plain, &mut chance(seed));
        prop_assert_eq!(sealed.len(), plain.len() + 40);
        prop_assert_eq!(open(&key, b"label", b"place", &sealed), Ok(plain));
    }

    #[test]
    fn a_flipped_bit_another_key_or_another_place_opens_nothing(
        plain in prop::collection::vec(any::<u8>(), 0..100), key: [u8; 32], other: [u8; 32], bit in any::<prop::sample::Index>(), seed: u64,
    ) {
        prop_assume!(key != other);
        let mut sealed = seal(&key, b"label", b"place", &plain, &mut chance(seed));
        prop_assert_eq!(open(&other, b"label", b"place", &sealed), Err(OpenError));
        prop_assert_eq!(open(&key, b"other", b"place", &sealed), Err(OpenError));
        prop_assert_eq!(open(&key, b"label", b"elsewhere", &sealed), Err(OpenError));
        prop_assert_eq!(open(&key, b"label", b"place", &sealed[..sealed.len() - 1]), Err(OpenError));
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(open(&key, b"label", b"place", &sealed), Err(OpenError));
    }

    #[test]
    fn padme_never_shrinks_and_costs_at_most_twelve_in_a_hundred(len in 0..8_000_000usize, more in 0..100_000usize) {
        let padded = padme(len);
        prop_assert!(padded >= len.max(256));
        prop_assert!(padded <= padme(len + more), "a longer one is never shorter");
        prop_assert!((padded - len.max(256)) * 100 <= len.max(256) * 12);
        prop_assert_eq!(padme(padded), padded, "a padded size is its own");
    }

    #[test]
    fn an_entry_has_exactly_a_padded_size(delivered in strategy::delivered(), envelope in 0..300_000usize) {
        let len = Delivered { envelope: vec![7; envelope], ..delivered }.to_padded_bytes().len();
        prop_assert_eq!(padme(len), len);
    }

    #[test]
    fn an_entry_opens_only_at_its_alias(delivered in strategy::delivered(), alias in strategy::alias(), other in strategy::alias(), key: [u8; 32], seed: u64) {
        prop_assume!(alias != other);
        let key = SealKey::new(key);
        let sealed = Delivered::seal_bytes(&delivered.to_padded_bytes(), &alias, &key, &mut chance(seed));
        prop_assert!(Delivered::open(&sealed, &other, &key) == Err(OpenError));
        prop_assert!(Delivered::open(&sealed, &alias, &key) == Ok(delivered));
    }

    #[test]
    fn a_roster_opens_only_in_its_group_and_epoch(roster in strategy::roster(), group: [u8; 16], epoch in 0..u64::MAX, key: [u8; 32], seed: u64) {
        let (group, epoch, key) = (GroupId(group), Epoch(epoch), DeliveryKey::new(key));
        let sealed = seal_roster(&roster, &group, epoch, &key, &mut chance(seed));
        prop_assert_eq!(open_roster(&sealed, &group, epoch.next(), &key), Err(OpenError));
        prop_assert_eq!(open_roster(&sealed, &GroupId([0; 16]), epoch, &key), Err(OpenError));
        prop_assert_eq!(open_roster(&sealed, &group, epoch, &key), Ok(roster));
    }

    #[test]
    fn a_roster_hash_knows_no_order(mut aliases in prop::collection::vec(strategy::alias(), 0..20), more in strategy::alias()) {
        let hash = roster_hash(&aliases);
        aliases.reverse();
        prop_assert_eq!(hash, roster_hash(&aliases));
        aliases.push(more);
        prop_assert_ne!(hash, roster_hash(&aliases));
    }

    #[test]
    fn garbage_opens_nothing_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let alias = AliasId([1; 16]);
        prop_assert!(Delivered::open(&bytes, &alias, &SealKey::new([1; 32])).is_err());
        prop_assert!(open_roster(&bytes, &GroupId([1; 16]), Epoch(1), &DeliveryKey::new([1; 32])).is_err());
        // What a holder of the key seals can be anything too.
        let sealed = seal(&[1; 32], b"waxseal mailbox entry v1", &[1; 16], &bytes, &mut chance(1));
        let _ = Delivered::open(&sealed, &alias, &SealKey::new([1; 32]));
        let place = [[1; 16].as_slice(), &1u64.to_be_bytes()].concat();
        let sealed = seal(&[1; 32], b"waxseal roster v1", &place, &bytes, &mut chance(1));
        let _ = open_roster(&sealed, &GroupId([1; 16]), Epoch(1), &DeliveryKey::new([1; 32]));
    }
}

#[test]
fn messages_of_near_lengths_have_one_sealed_size() {
    let size = |len: usize| {
        let delivered = Delivered {
            group: GroupId([1; 16]),
            epoch: Epoch(1),
            position: Position(1),
            kind: Kind::Message,
            from: AliasId([2; 16]),
            roster_hash: None,
            envelope: vec![7; len],
        };
        Delivered::seal_bytes(&delivered.to_padded_bytes(), &AliasId([3; 16]), &SealKey::new([4; 32]), &mut chance(5)).len()
    };
    assert_eq!(size(1), size(120));
    for len in 0..5000 {
        let padded = size(len) - 40;
        assert_eq!(padme(padded), padded, "an envelope of {len} bytes");
    }
}

#[test]
fn the_size_of_a_roster_tells_its_number_only_roughly() {
    let size = |members: u8| {
        let roster: Vec<_> = (0..members).map(samples::roster_entry).collect();
        seal_roster(&roster, &GroupId([1; 16]), Epoch(1), &DeliveryKey::new([2; 32]), &mut chance(3)).len()
    };
    assert_eq!(size(0), size(3), "up to three look alike");
    assert_eq!(size(101), size(102));
}
