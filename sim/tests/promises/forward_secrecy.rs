//! SECURITY.md, "takes a device, unlocked, today": never gets messages whose keys were used and deleted.
//!
//! Bert reads what Anna wrote, and Anna deletes it. Then his disk is copied, key
//! and all. Somebody had recorded every byte that went to him.

use rusqlite::Connection;
use waxseal_core::Command;
use waxseal_core::group::OpenError;
use waxseal_core::view::Line;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::reply::MailboxEntry;

use crate::rows;
use crate::scene::{self, Disk, Listener};
use crate::thief::{Booty, Thief, words};

const SECRET: &str = "the papers are under the third beehive";

/// Whether any state that these files lead to opens the secret among the recorded entries, or still shows it.
fn gives_away(disk: &Disk, recorded: &[MailboxEntry]) -> bool {
    disk.earlier_states().chain([disk.copy()]).any(|state| {
        let store = state.store();
        let shown = store.read(|tx| Ok::<_, waxseal_core::store::StoreError>(rows::holds(tx, SECRET.as_bytes()))).unwrap();
        shown || words(&Thief::with(store).try_all(recorded)).contains(&SECRET)
    })
}

struct Read {
    before: Disk,
    after: Disk,
    recorded: Vec<MailboxEntry>,
    sender: Disk,
}

/// Bert is copied before he reads, and again after the message was read and deleted; scrubbed, or not.
fn read_and_delete(scrubbed: bool) -> Read {
    let (mut town, disks) = scene::people_with_disks(1, &["anna", "bert"]);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.run_for(2_000).unwrap();
    scene::say(&mut town, 0, "bert", "good morning");
    town.plan(0, 1, Deed::AcceptAll);
    town.run_for(60 * 60_000).unwrap();
    let listener = Listener::in_town(&mut town);
    town.unplug(1).unwrap();
    scene::say(&mut town, 0, "bert", SECRET);
    if scrubbed {
        town.houses[1].client().scrub().unwrap();
    }
    let before = disks[1].copy();
    town.connect(1, 0);
    town.run_for(60_000).unwrap();
    assert_eq!(scene::texts(&mut town, 1, "anna"), ["good morning", SECRET]);
    let chat = scene::chat(&mut town, 0, "bert");
    let message = scene::lines(&mut town, 0, "bert").into_iter().find(|line| line.line == Line::Text(SECRET.into())).unwrap();
    town.command(0, Command::Delete { chat, message: message.message }).unwrap();
    town.run_for(60_000).unwrap();
    assert_eq!(scene::texts(&mut town, 1, "anna"), ["good morning"]);
    for house in 0..2 {
        if scrubbed {
            town.houses[house].client().scrub().unwrap();
        }
    }
    let recorded = listener.lock().unwrap().to(1);
    Read { before, after: disks[1].copy(), recorded, sender: disks[0].copy() }
}

#[test]
fn what_was_read_and_deleted_does_not_open_again() {
    let read = read_and_delete(true);
    assert!(!gives_away(&read.after, &read.recorded));
    let tried = Thief::with(read.after.store()).try_all(&read.recorded);
    assert!(tried.len() >= 2, "the message and its deletion were recorded");
    assert!(tried.iter().all(|booty| matches!(booty, Booty::Refused(OpenError::Reused | OpenError::Behind { .. }))), "{tried:?}");
}

#[test]
fn who_sent_it_cannot_open_it_either() {
    let read = read_and_delete(true);
    assert!(!gives_away(&read.sender, &read.recorded));
}

#[test]
fn counter_proof_a_copy_from_before_reading_opens_it() {
    let read = read_and_delete(true);
    assert!(gives_away(&read.before, &read.recorded));
}

/// Why a client scrubs when nothing happens (hole 8): the log keeps older pages until it does, or closes.
#[test]
fn counter_proof_without_scrubbing_the_log_leads_back_to_the_key() {
    let read = read_and_delete(false);
    assert!(gives_away(&read.after, &read.recorded));
}

#[test]
fn deleted_words_are_overwritten_page_by_page() {
    let mut town = Town::new(2, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.run_for(2_000).unwrap();
    scene::say(&mut town, 0, "bert", SECRET);
    assert!(holds_in_pages(&mut town, 1), "counter-proof: while it is shown, it is there");
    let chat = scene::chat(&mut town, 0, "bert");
    let message = scene::lines(&mut town, 0, "bert")[0].message;
    town.command(0, Command::Delete { chat, message }).unwrap();
    town.run_for(60_000).unwrap();
    for house in 0..2 {
        assert!(!holds_in_pages(&mut town, house), "house {house}");
    }
}

/// Whether the secret stands in any page of a house's database, free pages and slack space too.
fn holds_in_pages(town: &mut Town, house: usize) -> bool {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut copy = Connection::open(file.path()).unwrap();
    scene::look(town.houses[house].client(), |store| {
        store
            .read(|tx| {
                rusqlite::backup::Backup::new(tx, &mut copy)?.step(-1)?;
                Ok::<_, waxseal_core::store::StoreError>(())
            })
            .unwrap();
    });
    drop(copy);
    rows::contains(&std::fs::read(file.path()).unwrap(), SECRET.as_bytes())
}
