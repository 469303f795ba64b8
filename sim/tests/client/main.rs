//! The client on its own account: its name, its keys, its devices, and a server that forgets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod behind;
mod claims;
mod clocks;
mod keys;
mod large;
mod lied;
mod membership;
mod offline;
mod parted;
mod people;

use waxseal_core::view::{ChatState, Line};
use waxseal_core::{Command, Event};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::name::AccountName;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A town in calm weather whose people are registered, one house each.
fn town(seed: u64, names: &[&str]) -> Town {
    let mut town = Town::of_people(seed, names).unwrap();
    town.run_for(3_000).unwrap();
    town
}

fn name(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn register(town: &mut Town, house: usize, who: &str) {
    town.command(house, Command::Register { name: name(who), invite: String::new(), device_name: "desk".into() }).unwrap();
}

/// Another device of a house's account joins it.
fn link(town: &mut Town, house: usize, device: &str) -> usize {
    let account = town.houses[house].account.clone();
    let other = town.settle(device, &account);
    town.plan(100, house, Deed::Link(other));
    town.run_for(60_000).unwrap();
    assert!(town.houses[other].told.iter().any(|event| matches!(event, Event::Registered { .. })), "{device} joined");
    other
}

fn texts(town: &mut Town, house: usize, title: &str) -> Vec<String> {
    let Some(chat) = town.chat(house, title) else { panic!("{} has no chat {title}", town.houses[house].name) };
    let all = town.houses[house].client().messages(chat, None, 10_000).unwrap();
    all.into_iter().filter_map(|message| if let Line::Text(text) = message.line { Some(text) } else { None }).collect()
}

fn is_open(town: &mut Town, house: usize, title: &str) -> bool {
    let Some(chat) = town.chat(house, title) else { return false };
    town.houses[house].client().chat(chat).unwrap().is_some_and(|chat| chat.state == ChatState::Open)
}

fn said(town: &Town, house: usize, is: impl Fn(&Event) -> bool) -> usize {
    town.houses[house].told.iter().filter(|event| is(event)).count()
}
