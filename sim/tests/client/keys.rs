//! KeyPackages: their age, their number, and what becomes of old ones.

use waxseal_core::Event;
use waxseal_core::output::Problem;
use waxseal_core::store::StoreError;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::reply::Reply;
use waxseal_wire::request::{AccountRef, AnonymousRequest, Lookup};

use super::{DAY, name, said, texts, town};

/// Aliases in the KeyPackages that a house has out.
fn offered(town: &mut Town, house: usize) -> Vec<[u8; 16]> {
    list(town, house, "SELECT alias FROM alias WHERE state IN (1, 2) AND retired IS NULL")
}

fn list(town: &mut Town, house: usize, sql: &str) -> Vec<[u8; 16]> {
    let store = town.houses[house].client().store_mut();
    store
        .read(|tx| {
            let mut rows = tx.prepare(sql)?;
            let found = rows.query_map([], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
            Ok::<_, StoreError>(found)
        })
        .unwrap()
}

/// Private parts of KeyPackages on a house's disk.
fn private_parts(town: &mut Town, house: usize) -> usize {
    let store = town.houses[house].client().store_mut();
    let count = "SELECT count(*) FROM mls_item WHERE group_id IS NULL";
    store.read(|tx| Ok::<_, StoreError>(tx.query_row(count, [], |row| row.get(0))?)).unwrap()
}

/// KeyPackages that the server has, one-time ones and the last resort.
fn at_server(town: &mut Town, account: &str) -> Vec<[u8; 16]> {
    let disk = town.server_disk().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.db");
    waxseal_server::store::sqlite::SqliteStore::from_snapshot(&disk).unwrap().backup(&file).unwrap();
    let conn = rusqlite::Connection::open(&file).unwrap();
    let mut rows = conn
        .prepare(
            "SELECT k.alias FROM key_package k JOIN device d USING (mailbox) JOIN account a ON a.id = d.account WHERE a.name = ?1",
        )
        .unwrap();
    rows.query_map([account], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn draw(town: &mut Town, account: &str, times: usize) {
    for _ in 0..times {
        let who = vec![AccountRef::Name(name(account))];
        let reply = town.ask(AnonymousRequest::Lookup(Lookup { who, key_packages: true, seen: None })).unwrap();
        assert!(matches!(reply, Some(Reply::Accounts(accounts)) if accounts.found[0].key_packages.len() == 1), "nobody runs out");
    }
}

#[test]
fn all_are_made_anew_every_week_and_the_old_private_parts_are_destroyed() {
    let mut town = town(51, &["anna"]);
    let first = offered(&mut town, 0);
    assert_eq!(first.len(), 25);
    let mut there = at_server(&mut town, "anna");
    there.sort_unstable();
    let mut sorted = first.clone();
    sorted.sort_unstable();
    assert_eq!(there, sorted);
    town.run_for(5 * DAY).unwrap();
    assert_eq!(offered(&mut town, 0), first, "not before five days and a quarter");
    town.run_for(2 * DAY + DAY / 8).unwrap();
    let second = offered(&mut town, 0);
    assert_eq!(second.len(), 25);
    let there = at_server(&mut town, "anna");
    assert!(there.len() == 25 && first.iter().all(|old| !second.contains(old) && !there.contains(old)));
    // Who was given one last week may still use it for some days.
    assert!(private_parts(&mut town, 0) >= 50);
    town.run_for(5 * DAY).unwrap();
    let kept = list(&mut town, 0, "SELECT alias FROM alias");
    assert!(first.iter().all(|old| !kept.contains(old)), "the addresses are gone");
    assert!(private_parts(&mut town, 0) <= 50, "{}", private_parts(&mut town, 0));
    // Nothing heaps up.
    town.run_for(60 * DAY).unwrap();
    assert!(private_parts(&mut town, 0) <= 50, "{}", private_parts(&mut town, 0));
}

#[test]
fn an_old_key_package_adds_nobody_and_its_owner_comes_back() {
    let mut town = town(52, &["anna", "bert"]);
    town.unplug(1).unwrap();
    town.houses[1].gone = true;
    town.run_for(1_000).unwrap();
    town.skip_days(89);
    town.plan(0, 0, Deed::Found("in time".into(), vec!["bert".into()]));
    town.run_for(10_000).unwrap();
    town.skip_days(2);
    let no_device = |town: &Town| said(town, 0, |event| matches!(event, Event::Failed { problem: Problem::NoDevice, .. }));
    assert_eq!(no_device(&town), 0);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.run_for(10_000).unwrap();
    assert_eq!(no_device(&town), 1, "{:?}", town.houses[0].told);
    town.houses[1].gone = false;
    town.connect(1, 0);
    town.run_for(10_000).unwrap();
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(1_000, 0, Deed::Say("bert".into(), "there you are".into()));
    town.run_for(10_000).unwrap();
    assert_eq!(texts(&mut town, 1, "anna"), ["there you are"]);
    assert_eq!(no_device(&town), 1);
}

#[test]
fn what_strangers_draw_is_filled_up_while_the_device_stays_connected() {
    let mut town = town(53, &["anna"]);
    draw(&mut town, "anna", 20);
    assert_eq!(at_server(&mut town, "anna").len(), 5);
    town.run_for(DAY + 60_000).unwrap();
    assert_eq!(at_server(&mut town, "anna").len(), 25);
    // Fewer are not worth an upload.
    draw(&mut town, "anna", 16);
    town.run_for(DAY + 60_000).unwrap();
    assert_eq!(at_server(&mut town, "anna").len(), 9);
    // Drawn empty, the last resort stays.
    draw(&mut town, "anna", 30);
    assert_eq!(at_server(&mut town, "anna").len(), 1);
}

#[test]
fn a_chat_that_came_by_the_last_resort_outlives_it() {
    let mut town = town(54, &["anna", "bert"]);
    draw(&mut town, "bert", 24);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(500, 0, Deed::Say("bert".into(), "one".into()));
    town.run_for(60_000).unwrap();
    // Bert does not answer: his address there stays the last resort's, which is made anew meanwhile.
    town.run_for(20 * DAY).unwrap();
    town.plan(0, 0, Deed::Say("bert".into(), "two".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(texts(&mut town, 1, "anna"), ["one", "two"]);
    assert!(private_parts(&mut town, 1) <= 50);
}

#[test]
fn a_server_that_always_says_none_are_left_fills_no_disk() {
    struct NoneLeft;
    impl waxseal_sim::tap::Tap for NoneLeft {
        fn down(&mut self, _: usize, mut told: waxseal_wire::frame::Told) -> Vec<waxseal_wire::frame::Told> {
            if let waxseal_wire::frame::Told::Reply(_, Reply::KeysLeft(left)) = &mut told {
                left.one_time = 0;
            }
            vec![told]
        }
    }
    let mut town = town(55, &["anna"]);
    town.tap = Some(Box::new(NoneLeft));
    town.run_for(30 * DAY).unwrap();
    assert!(private_parts(&mut town, 0) <= 300, "{}", private_parts(&mut town, 0));
}
