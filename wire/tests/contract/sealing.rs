//! What is sealed opens whole, for one key and one place, or not at all.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_wire::id::{AliasId, Epoch, GroupId, Position};
use waxseal_wire::key::{BadPublic, DeliveryKey, PostKey, SealKey, SealPublic, SealSecret};
use waxseal_wire::request::Address;
use waxseal_wire::seal::{Delivered, Kind, OpenError, Seat, open, open_roster, padme, roster_hash, seal, seal_roster};

use super::{samples, strategy};

fn chance(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn address_of(secret: &SealSecret, alias: AliasId) -> Address {
    Address { alias, seal_public: secret.public(), post_verifier: PostKey::new([2; 32]).verifier() }
}

/// A mailbox entry for `alias`, as a server makes it of a roster.
fn sealed_for(secret: &SealSecret, alias: AliasId, delivered: &Delivered, seed: u64) -> Vec<u8> {
    let rng = &mut chance(seed);
    let entry = address_of(secret, alias).agree(rng);
    Delivered::seal_bytes(&delivered.to_padded_bytes(), &entry.alias, &entry.seal_key, &entry.hint, rng)
}

#[test]
fn a_key_that_everybody_can_agree_with_is_none() {
    let hex = |text: &str| <[u8; 32]>::try_from(hex::decode(text).unwrap()).unwrap();
    let weak = [
        [0; 32],
        hex("0100000000000000000000000000000000000000000000000000000000000000"),
        hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    ];
    for mut bytes in weak {
        for _ in 0..2 {
            assert_eq!(SealPublic::try_from(bytes.as_slice()), Err(BadPublic::Weak));
            assert_eq!(SealSecret::new([7; 32]).seal_key(&bytes), None, "nor as a hint");
            bytes[31] |= 0x80;
        }
    }
    assert!(SealPublic::try_from([9; 32].as_slice()).is_ok());
    assert!(matches!(SealPublic::try_from([9; 31].as_slice()), Err(BadPublic::Length(_))));
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
        let secret = SealSecret::new(key);
        let sealed = sealed_for(&secret, alias, &delivered, seed);
        prop_assert!(Delivered::open(&sealed, &other, &secret) == Err(OpenError));
        prop_assert!(Delivered::open(&sealed, &alias, &secret) == Ok(delivered));
    }

    #[test]
    fn an_entry_opens_with_the_secret_of_its_address_and_the_hint_it_came_with(
        delivered in strategy::delivered(), alias in strategy::alias(), secrets: [[u8; 32]; 2], bit in 0..256usize, seed: u64,
    ) {
        let [secret, other] = secrets.map(SealSecret::new);
        prop_assume!(secret.public() != other.public());
        let mut sealed = sealed_for(&secret, alias, &delivered, seed);
        prop_assert!(Delivered::open(&sealed, &alias, &other) == Err(OpenError));
        prop_assert!(Delivered::open(&sealed, &alias, &secret) == Ok(delivered));
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Delivered::open(&sealed, &alias, &secret) == Err(OpenError), "a flipped hint");
    }

    #[test]
    fn every_agreement_is_a_fresh_one_that_the_address_does_not_tell(secret: [u8; 32], seed: u64) {
        let (secret, rng) = (SealSecret::new(secret), &mut chance(seed));
        let address = address_of(&secret, AliasId([1; 16]));
        let (one, two) = (address.agree(rng), address.agree(rng));
        prop_assert!(one.seal_key != two.seal_key && one.hint != two.hint);
        for entry in [&one, &two] {
            prop_assert_eq!(secret.seal_key(&entry.hint), Some(entry.seal_key.clone()));
            prop_assert!(address.to_bytes().windows(32).all(|window| window != entry.seal_key.expose() && window != secret.expose()));
        }
        prop_assert_eq!(Address::from_bytes(&address.to_bytes()), Ok(address));
    }

    #[test]
    fn a_roster_opens_only_in_its_group_and_epoch(roster in strategy::roster(), group: [u8; 16], epoch in 0..u64::MAX, key: [u8; 32], seed: u64) {
        let (group, epoch, key) = (GroupId(group), Epoch(epoch), DeliveryKey::new(key));
        let seat = |(place, entry)| Seat { entry, has_posted: seed >> (place % 64) & 1 == 1 };
        let roster: Vec<_> = roster.into_iter().enumerate().map(seat).collect();
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
        prop_assert!(Delivered::open(&bytes, &alias, &SealSecret::new([1; 32])).is_err());
        prop_assert!(open_roster(&bytes, &GroupId([1; 16]), Epoch(1), &DeliveryKey::new([1; 32])).is_err());
        // What a holder of the key seals can be anything too.
        let (secret, hint) = (SealSecret::new([1; 32]), [9; 32]);
        let key = secret.seal_key(&hint).unwrap();
        let sealed = seal(key.expose(), b"waxseal mailbox entry v1", &[1; 16], &bytes, &mut chance(1));
        let _ = Delivered::open(&[hint.as_slice(), &sealed].concat(), &alias, &secret);
        prop_assert!(Address::from_bytes(&bytes).is_err() || bytes.len() == Address::LEN);
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
        Delivered::seal_bytes(&delivered.to_padded_bytes(), &AliasId([3; 16]), &SealKey::new([4; 32]), &[6; 32], &mut chance(5))
            .len()
    };
    assert_eq!(size(1), size(120));
    for len in 0..5000 {
        let padded = size(len) - 72;
        assert_eq!(padme(padded), padded, "an envelope of {len} bytes");
    }
}

#[test]
fn the_size_of_a_roster_tells_its_number_only_roughly() {
    let size = |members: u8| {
        let roster: Vec<_> = (0..members).map(|n| Seat { entry: samples::roster_entry(n), has_posted: n % 2 == 0 }).collect();
        seal_roster(&roster, &GroupId([1; 16]), Epoch(1), &DeliveryKey::new([2; 32]), &mut chance(3)).len()
    };
    assert_eq!(size(0), size(2), "up to two look alike");
    assert_eq!(size(101), size(102));
}
