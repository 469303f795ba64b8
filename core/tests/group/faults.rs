//! Crashes, full disks and damage.

use proptest::prelude::*;
use waxseal_core::group::{Change, Group, OpenError, Opened, join, read_key_package};
use waxseal_core::store::{Fault, StoreError};

use crate::town::{Device, GROUP, assert_converged, deliver, town};

#[test]
fn what_was_rolled_back_opens_again() {
    let mut devices = town(2);
    let envelope = devices[0].seal("once more");
    devices[1].store.fail_persist(1, Fault::Before);
    let stopped = devices[1].open(&envelope);
    assert!(matches!(stopped, Err(OpenError::Store(StoreError::Stopped))));
    assert_eq!(devices[1].read(&envelope).unwrap().1, "once more");
}

#[test]
fn a_crash_at_any_persist_of_a_change_heals_by_doing_it_again() {
    let mut devices = town(3);
    for fault in [Fault::Before, Fault::Full] {
        let mut joiner = Device::new(9);
        let offer = joiner.offer(false);
        devices[0].store.fail_persist(1, fault);
        assert!(devices[0].commit(Change { add: vec![offer.clone()], ..Change::default() }).is_err());
        assert!(!devices[0].ask(Group::has_pending));
        let pending = devices[0].commit(Change { add: vec![offer], ..Change::default() }).unwrap();
        joiner.store.fail_persist(1, fault);
        assert!(joiner.join(&pending).is_err());
        joiner.join(&pending).unwrap();
        deliver(&mut devices, 0, &pending.commit);
        let leaf = joiner.ask(|group| group.own_leaf().unwrap().leaf);
        let gone = devices[1].commit(Change { remove: vec![leaf], ..Change::default() }).unwrap();
        deliver(&mut devices, 1, &gone.commit);
        assert_converged(&devices);
    }
}

#[test]
fn a_crash_after_the_persist_keeps_the_change() {
    let mut devices = town(2);
    devices[0].store.fail_persist(1, Fault::After);
    assert!(devices[0].commit(Change { with_path: true, ..Change::default() }).is_err());
    assert!(devices[0].ask(Group::has_pending));
}

#[test]
fn a_refused_commit_can_be_judged_again_after_a_rollback() {
    let mut devices = town(2);
    let pending = devices[0].commit(Change { with_path: true, ..Change::default() }).unwrap();
    let Device { store, rng, .. } = &mut devices[1];
    let refused: Result<(), OpenError> = store.write(|tx| {
        let opened = Group::load(tx, &GROUP).unwrap().unwrap().open(tx, rng, &pending.commit)?;
        assert!(matches!(opened, Opened::Commit(_)));
        Err(OpenError::Forbidden)
    });
    assert!(refused.is_err());
    devices[1].accept(&pending.commit);
    devices[0].merge();
    assert_converged(&devices);
}

#[test]
fn damaged_bytes_never_panic_and_the_true_ones_still_open() {
    let mut devices = town(3);
    let (message, commit) = (devices[0].seal("true"), devices[0].commit(Change { with_path: true, ..Change::default() }).unwrap());
    let mut joiner = Device::new(9);
    let offer = joiner.offer(false);
    let welcome = {
        let mut other = Device::new(8);
        other.create();
        other.commit(Change { add: vec![offer.clone()], ..Change::default() }).unwrap().welcomes[0].welcome.clone()
    };
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() });
    let receiver = std::cell::RefCell::new(&mut devices[1]);
    let joins = std::cell::RefCell::new(&mut joiner);
    runner
        .run(&(any::<prop::sample::Index>(), 0u8..8, any::<prop::sample::Index>()), |(place, bit, cut)| {
            for whole in [&message, &commit.commit] {
                let mut damaged = whole.clone();
                damaged[place.index(whole.len())] ^= 1 << bit;
                prop_assert!(receiver.borrow_mut().open(&damaged).is_err());
                prop_assert!(receiver.borrow_mut().open(&whole[..cut.index(whole.len())]).is_err());
            }
            let mut damaged = welcome.clone();
            damaged[place.index(welcome.len())] ^= 1 << bit;
            prop_assert!(joins.borrow_mut().store.write(|tx| join::peek(tx, &damaged)).is_err());
            let mut damaged = offer.bytes.clone();
            damaged[place.index(offer.bytes.len())] ^= 1 << bit;
            prop_assert!(read_key_package(&damaged).is_err());
            Ok(())
        })
        .unwrap();
    assert_eq!(devices[1].read(&message).unwrap().1, "true");
    devices[1].accept(&commit.commit);
}
