//! Answers: bent bit by bit, of another question, stale, cut short.

use super::*;

#[test]
fn no_flipped_bit_of_an_answer_lies() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    no_flipped_bit_lies(&town.lookup(12, "alice"), |bytes| lookup::verify(&keys, &proven, "alice", bytes));
    no_flipped_bit_lies(&town.lookup(12, "bob"), |bytes| lookup::verify(&keys, &proven, "bob", bytes));
    let nobody = town.publisher.absence(town.now(), "nobody").expect("answers");
    no_flipped_bit_lies(&nobody, |bytes| absence::verify(&keys, &proven, "nobody", bytes));
    let bytes = town.publisher.history(town.now(), "alice", 3).expect("answers").expect("is there");
    no_flipped_bit_lies(&bytes, |bytes| history::verify(&keys, &proven, "alice", 3, bytes));
}

#[test]
fn no_flipped_bit_of_what_surrounds_an_answer_lies() {
    let (town, keys) = (town(), town().publisher.keys());
    let seen = town.heads[4].head;
    let verify = |bytes: &[u8]| Placed::decode(bytes)?.verify(&keys, &Witnesses::default(), Some(&seen), town.time(12));
    no_flipped_bit_lies(&town.placed(12, Some(5)).encode(), verify);
    let (from, to) = (town.placed(11, None).leaf, town.placed(12, None).leaf);
    let bytes = &town.steps[11];
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(step::verify(Some(&from), &to, &bytes).is_err());
        // Also where the log itself commits to the changed step.
        let to = crate::EpochLeaf { step: step::hash(&bytes), ..to };
        assert!(step::verify(Some(&from), &to, &bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let (town, keys) = (town(), town().publisher.keys());
    let (now, before) = (town.proven(12), town.proven(11));
    let alice = town.lookup(12, "alice");
    assert!(lookup::verify(&keys, &now, "bob", &alice).is_err());
    assert!(lookup::verify(&keys, &before, "alice", &alice).is_err());
    assert!(lookup::verify(&keys, &now, "alice", &town.lookup(11, "alice")).is_err());
    assert_eq!(lookup::verify(&keys, &now, "", &alice), Err(Lie::Name));
    let other = grow(2, 12);
    assert!(lookup::verify(&other.publisher.keys(), &now, "alice", &alice).is_err());
    let nobody = town.publisher.absence(town.now(), "nobody").expect("answers");
    assert!(absence::verify(&keys, &now, "alice", &nobody).is_err());
    assert!(absence::verify(&keys, &before, "nobody", &nobody).is_err());
    let three = town.publisher.history(town.now(), "alice", 3).expect("answers").expect("is there");
    assert!(history::verify(&keys, &now, "alice", 2, &three).is_err(), "more than was asked for");
    assert!(history::verify(&keys, &now, "alice", 5, &three).is_err(), "fewer than there are");
    assert!(history::verify(&keys, &now, "bob", 3, &three).is_err());
}

/// A proof of absence that ends `at` bits below the root on the way to a leaf that is there.
fn ends_early(part: &proto::Present, leaf: [u8; 32], steps: usize) -> proto::Absent {
    let proof: MembershipProof = proof::present(part, Some(leaf)).expect("a path");
    let end = &part.path[steps];
    let below = MembershipProof {
        label: proof.label,
        hash_val: proof.hash_val,
        sibling_proofs: proof.sibling_proofs[steps + 1..].to_vec(),
    };
    let (mut hash, mut own) = (below.hash_val, below.label);
    for step in below.sibling_proofs.iter().rev() {
        let [beside] = &step.siblings;
        let (mine, its) = (own.value::<Config>(), beside.label.value::<Config>());
        hash = match step.direction {
            Direction::Left => Config::compute_parent_hash_from_children(&hash, &mine, &beside.value, &its),
            Direction::Right => Config::compute_parent_hash_from_children(&beside.value, &its, &hash, &mine),
        };
        own = step.label;
    }
    let on = proto::Child { bits: own.label_len, label: label::bytes(&own), hash: hash.0.to_vec() };
    let off = proto::Child { bits: end.bits, label: end.label.clone(), hash: end.hash.clone() };
    let (left, right) = match label::direction(&proof.label, end.at) {
        Direction::Left => (on, off),
        Direction::Right => (off, on),
    };
    let path = part.path[..steps].to_vec();
    proto::Absent { vrf: part.vrf.clone(), at: end.at, left: Some(left), right: Some(right), path }
}

#[test]
fn a_retired_version_is_never_current() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let bytes = town.publisher.history(town.now(), "alice", 12).expect("answers").expect("is there");
    let told = proto::History::decode(bytes.as_slice()).expect("decodes");
    for pair in told.updates.windows(2) {
        let (newer, old) = (&pair[0], &pair[1]);
        let retired = newer.retired.as_ref().expect("retired");
        let leaf = Config::hash_leaf_with_commitment(Config::stale_azks_value(), newer.epoch).0;
        let marker = if old.version.is_power_of_two() {
            None
        } else {
            let power = 1 << old.version.ilog2();
            let at = told.updates.iter().find(|it| it.version == power).expect("the power of two");
            let mut marker = at.fresh.clone().expect("fresh");
            marker.leaf = Config::hash_leaf_with_value(&akd_core::AkdValue(at.value.clone()), at.epoch, &at.nonce).0.to_vec();
            Some(marker)
        };
        for steps in 0..retired.path.len() {
            let forged = ends_early(retired, leaf, steps);
            let lie = proto::Lookup {
                version: old.version,
                epoch: old.epoch,
                value: old.value.clone(),
                nonce: old.nonce.clone(),
                fresh: old.fresh.clone(),
                marker: marker.clone(),
                stale: Some(forged),
            };
            let said = lookup::verify(&keys, &proven, "alice", &lie.encode_to_vec());
            assert_eq!(said, Err(Lie::Shape), "version {} ended after {steps}", old.version);
        }
    }
}

#[test]
fn a_name_that_is_there_is_never_absent_nor_its_newest_version() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let honest = town.publisher.absence(town.now(), "nobody").expect("answers");
    assert!(absence::verify(&keys, &proven, "nobody", &honest).is_ok());
    let bytes = town.publisher.history(town.now(), "alice", 12).expect("answers").expect("is there");
    let told = proto::History::decode(bytes.as_slice()).expect("decodes");
    let fresh = |version: u64| {
        let at = told.updates.iter().find(|it| it.version == version).expect("a version");
        let leaf = Config::hash_leaf_with_value(&akd_core::AkdValue(at.value.clone()), at.epoch, &at.nonce).0;
        (at.fresh.clone().expect("fresh"), leaf)
    };
    let forged = [1, 2, 4, 8].map(|version| {
        let (part, leaf) = fresh(version);
        ends_early(&part, leaf, 0)
    });
    let lie = proto::Absence { versions: forged.to_vec() };
    assert_eq!(absence::verify(&keys, &proven, "alice", &lie.encode_to_vec()), Err(Lie::Shape));
    // Versions left out at the end: 12 and 11 are said not to be there.
    let mut short = told.clone();
    short.updates.drain(..2);
    let (past, future) = akd_core::utils::get_marker_versions(1, 10, 12);
    assert!(past.is_empty());
    short.future = future
        .iter()
        .map(|version| {
            let (part, leaf) = fresh(*version);
            ends_early(&part, leaf, 0)
        })
        .collect();
    assert_eq!(history::verify(&keys, &proven, "alice", 100, &short.encode_to_vec()), Err(Lie::Shape));
}

#[test]
fn a_leaf_without_a_path_is_no_leaf() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let honest = proto::Lookup::decode(town.lookup(12, "alice").as_slice()).expect("decodes");
    let marker = honest.marker.as_ref().expect("12 is no power of two");
    let whole = proof::present(marker, None).expect("a path");
    // The root's own value, said to be the marker's.
    let mut lie = honest.clone();
    let root_value = {
        let bare = proto::Present { leaf: Vec::new(), ..marker.clone() };
        let part = ends_early(&bare, whole.hash_val.0, 0);
        let absent = |child: &Option<proto::Child>| child.clone().expect("a child");
        let (left, right) = (absent(&part.left), absent(&part.right));
        let node = |child: &proto::Child| {
            (
                akd_core::AzksValue(child.hash.clone().try_into().expect("32")),
                label::read(child.bits, &child.label).expect("a label"),
            )
        };
        let ((left, left_label), (right, right_label)) = (node(&left), node(&right));
        Config::compute_parent_hash_from_children(&left, &left_label.value::<Config>(), &right, &right_label.value::<Config>())
    };
    assert_eq!(Config::compute_root_hash_from_val(&root_value), proven.root(), "the hashes are right");
    lie.marker = Some(proto::Present { vrf: marker.vrf.clone(), leaf: root_value.0.to_vec(), path: Vec::new() });
    assert_eq!(lookup::verify(&keys, &proven, "alice", &lie.encode_to_vec()), Err(Lie::Shape));
}

#[test]
fn versions_and_epochs_out_of_bounds_are_refused() {
    let (town, keys, proven) = (town(), town().publisher.keys(), town().proven(12));
    let honest = proto::Lookup::decode(town.lookup(12, "alice").as_slice()).expect("decodes");
    for (version, epoch) in [(0, 0), (0, 12), (13, 12), (13, 13), (u64::MAX, u64::MAX), (12, 11)] {
        let lie = proto::Lookup { version, epoch, ..honest.clone() };
        assert!(lookup::verify(&keys, &proven, "alice", &lie.encode_to_vec()).is_err());
    }
    let bytes = town.publisher.history(town.now(), "alice", 4).expect("answers").expect("is there");
    let honest = proto::History::decode(bytes.as_slice()).expect("decodes");
    let mut skipped = honest.clone();
    skipped.updates.remove(1);
    let mut swapped = honest.clone();
    swapped.updates.swap(0, 1);
    let mut twice = honest.clone();
    twice.updates.insert(0, twice.updates[0].clone());
    let mut huge = honest.clone();
    huge.updates[0].version = u64::MAX;
    huge.updates[0].epoch = u64::MAX;
    for lie in [skipped, swapped, twice, huge, proto::History::default()] {
        for most in [3, 4, 5] {
            assert!(history::verify(&keys, &proven, "alice", most, &lie.encode_to_vec()).is_err());
        }
    }
}

#[test]
fn any_bytes_are_refused_without_a_panic() {
    let (keys, proven) = (town().publisher.keys(), town().proven(12));
    let rng = &mut ChaCha20Rng::seed_from_u64(8);
    for length in 0..600 {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        assert!(lookup::verify(&keys, &proven, "alice", &bytes).is_err());
        assert!(absence::verify(&keys, &proven, "alice", &bytes).is_err());
        assert!(history::verify(&keys, &proven, "alice", 3, &bytes).is_err());
        assert!(step::Step::decode(&bytes).is_err());
        assert!(Placed::decode(&bytes).is_err());
        assert!(Handover::decode(&bytes).is_err());
        assert!(SignedHead::decode(&bytes).is_err());
        assert_eq!(evidence::check(&bytes), Verdict::DoesNotProve(Reason::Unreadable));
    }
}
