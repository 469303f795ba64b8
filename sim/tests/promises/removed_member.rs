//! SECURITY.md, "is a removed member": never gets anything later, posting, or the roster.
//!
//! Dora is removed. Her client forgets the group by itself, so the test gives
//! her what a dishonest one would have kept: a copy of her disk from before, and
//! every byte that was submitted since.

use waxseal_core::view::ChatState;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::id::GroupId;

use crate::scene::{self, Disk, Listener};
use crate::thief::{Heard, Thief, Use, uses};

const TITLE: &str = "bees";
const LATER: &str = "she is gone";

struct Removed {
    town: Town,
    bert: Disk,
    dora: Disk,
    listener: std::sync::Arc<std::sync::Mutex<Listener>>,
    id: GroupId,
}

/// Copies of Bert and Dora, then Dora is removed, then Anna speaks.
fn remove_dora() -> Removed {
    let (mut town, disks) = scene::people_with_disks(5, &["anna", "bert", "dora"]);
    scene::group(&mut town, TITLE);
    let id = scene::group_of(&mut town, 2, TITLE);
    let (bert, dora) = (disks[1].copy(), disks[2].copy());
    let listener = Listener::in_town(&mut town);
    town.plan(0, 0, Deed::Remove(TITLE.into(), "dora".into()));
    town.run_for(60_000).unwrap();
    scene::say(&mut town, 0, TITLE, LATER);
    assert_eq!(scene::texts(&mut town, 1, TITLE), [LATER]);
    Removed { town, bert, dora, listener, id }
}

#[test]
fn a_removed_member_reads_and_posts_nothing_and_does_not_see_the_roster() {
    let Removed { mut town, dora, listener, id, .. } = remove_dora();
    let heard = Heard::by(&listener.lock().unwrap(), 2);
    assert!(!heard.entries.is_empty() && heard.envelopes.len() >= 2, "the removal and what came after were recorded");
    assert_eq!(uses(&mut town, Thief::with(dora.store()), (&id, 0), &heard, LATER), []);
}

#[test]
fn an_honest_client_forgets_the_group_and_its_keys() {
    let Removed { mut town, id, .. } = remove_dora();
    assert_eq!(scene::state(&mut town, 2, TITLE), ChatState::Left);
    assert_eq!(scene::texts(&mut town, 2, TITLE), Vec::<String>::new());
    scene::look(town.houses[2].client(), |store| {
        store
            .read(|tx| {
                assert!(waxseal_core::group::Group::load(tx, &id).unwrap().is_none());
                assert!(waxseal_core::group::aliases_of(tx, &id)?.is_empty());
                Ok::<_, waxseal_core::store::StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn counter_proof_a_member_who_stays_does_all_of_it() {
    let Removed { mut town, bert, listener, id, .. } = remove_dora();
    let heard = Heard::by(&listener.lock().unwrap(), 1);
    let all = [Use::Reads, Use::HasTheKey, Use::Posts, Use::OpensTheRoster];
    assert_eq!(uses(&mut town, Thief::with(bert.store()), (&id, 0), &heard, LATER), all);
}
