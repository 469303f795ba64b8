//! SECURITY.md, "takes a device, unlocked, today": never gets anything after the device has healed.
//!
//! Bert's whole state is copied. Then he makes new keys, as the cadence does by
//! itself, and Anna speaks. Whoever has the copy hears every byte, and only
//! listens: what a thief can do who *acts* with the copied device key, before the
//! device is removed, is not healed by keys (he can sign in as Bert's device).

use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::id::GroupId;

use crate::scene::{self, Disk, Listener};
use crate::thief::{Heard, Thief, Use, uses};

const TITLE: &str = "bees";
const LATER: &str = "said after the copy was taken";
const ALL: [Use; 4] = [Use::Reads, Use::HasTheKey, Use::Posts, Use::OpensTheRoster];

struct Stolen {
    town: Town,
    copy: Disk,
    heard: Heard,
    id: GroupId,
}

/// Bert is copied, `healer` makes new keys, Anna speaks.
fn steal_then_refresh(healer: Option<usize>) -> Stolen {
    let (mut town, disks) = scene::people_with_disks(3, &["anna", "bert", "carl"]);
    scene::group(&mut town, TITLE);
    let id = scene::group_of(&mut town, 1, TITLE);
    let copy = disks[1].copy();
    let listener = Listener::in_town(&mut town);
    let (before, _) = scene::delivery_key(&mut town, 1, &id);
    if let Some(healer) = healer {
        town.plan(0, healer, Deed::Refresh(TITLE.into()));
        town.run_for(60_000).unwrap();
    }
    let (after, _) = scene::delivery_key(&mut town, 2, &id);
    assert_eq!(after > before, healer.is_some());
    scene::say(&mut town, 0, TITLE, LATER);
    assert!(scene::texts(&mut town, 1, TITLE).contains(&LATER.to_owned()));
    assert_eq!(scene::group_of(&mut town, 0, TITLE), id);
    let heard = Heard::by(&listener.lock().unwrap(), 1);
    Stolen { town, copy, heard, id }
}

fn good_for(mut stolen: Stolen) -> Vec<Use> {
    let thief = Thief::with(stolen.copy.store());
    uses(&mut stolen.town, thief, (&stolen.id, 0), &stolen.heard, LATER)
}

#[test]
fn a_copied_state_is_good_for_nothing_after_the_devices_next_update() {
    assert_eq!(good_for(steal_then_refresh(Some(1))), []);
}

#[test]
fn counter_proof_before_the_update_it_is_good_for_everything() {
    assert_eq!(good_for(steal_then_refresh(None)), ALL);
}

#[test]
fn counter_proof_another_members_update_does_not_heal_the_device() {
    assert_eq!(good_for(steal_then_refresh(Some(0))), ALL);
}

/// Nobody asks for it: after a week at the latest each device makes new keys.
#[test]
fn the_cadence_heals_without_a_person() {
    let (mut town, disks) = scene::people_with_disks(4, &["anna", "bert", "carl"]);
    scene::group(&mut town, TITLE);
    let id = scene::group_of(&mut town, 1, TITLE);
    let copy = disks[1].copy();
    let listener = Listener::in_town(&mut town);
    town.run_for(9 * 24 * 60 * 60_000).unwrap();
    scene::say(&mut town, 0, TITLE, LATER);
    let heard = Heard::by(&listener.lock().unwrap(), 1);
    assert_eq!(good_for(Stolen { town, copy, heard, id }), []);
}

/// Bert is copied, perhaps makes new keys or lets a week go by, and is then added to a group that is new.
fn welcomes_that_open(renew: impl FnOnce(&mut Town)) -> usize {
    let (mut town, disks) = scene::people_with_disks(5, &["anna", "bert", "carl"]);
    scene::group(&mut town, TITLE);
    let copy = disks[1].copy();
    renew(&mut town);
    let listener = Listener::in_town(&mut town);
    town.plan(0, 0, Deed::Found("wasps".into(), vec!["bert".into(), "carl".into()]));
    town.run_for(60_000).unwrap();
    assert!(town.chat(1, "wasps").is_some(), "Bert himself is in");
    let heard = Heard::by(&listener.lock().unwrap(), 1);
    assert_eq!(heard.welcomes.len(), 2);
    Thief::with(copy.store()).opens(&heard.welcomes)
}

#[test]
fn a_copied_state_opens_no_welcome_once_the_key_packages_are_new() {
    let by_hand = |town: &mut Town| {
        town.plan(0, 1, Deed::Refresh(TITLE.into()));
        town.run_for(60_000).unwrap();
    };
    assert_eq!(welcomes_that_open(by_hand), 0);
    assert_eq!(welcomes_that_open(|town| town.run_for(8 * 24 * 60 * 60_000).unwrap()), 0, "by itself, within a week");
}

#[test]
fn counter_proof_before_that_it_opens_them() {
    assert_eq!(welcomes_that_open(|_| {}), 1);
}
