//! Plans: what a seed makes of a town, played to its end and judged.
//!
//! Called by the program and by tests. Three acts: people move in, a storm
//! while they live, and calm in which everything must come right again.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::view::Health;

use crate::checks::{self, Fault};
use crate::deeds::Deed;
use crate::town::{Broken, Town, Weather};
use crate::traffic::Traffic;

/// What kind of life a town leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// People talk; groups keep their members. Nothing at all may be missing.
    Talk,
    /// Members come, go and leave; titles and keys change; Commits race.
    Change,
    /// People have several devices, linked in the middle of it.
    Devices,
}

/// How a town ended.
#[derive(Debug)]
pub struct Ending {
    /// What was wrong.
    pub faults: Vec<Fault>,
    /// What was opened, lost and mended.
    pub health: Health,
    /// What passed the server's doors.
    pub traffic: Traffic,
    /// Restarts of devices.
    pub restarts: u64,
    /// Messages that people sent.
    pub said: u64,
}

const NAMES: [&str; 6] = ["anna", "bert", "carl", "dora", "emil", "fine"];
/// The storm lasts so long, in milliseconds.
const STORM: u64 = 4 * 60_000;
/// The calm after it, in milliseconds.
const CALM: u64 = 15 * 60_000;

/// The kind of town that a seed makes.
pub fn kind_of(seed: u64) -> Kind {
    match seed % 4 {
        0 | 1 => Kind::Talk,
        2 => Kind::Change,
        _ => Kind::Devices,
    }
}

/// Plays one town to its end.
pub fn play(seed: u64, kind: Kind) -> Result<(Ending, Town), Broken> {
    let mut chance = ChaCha20Rng::seed_from_u64(seed ^ 0x7761_7873_6561_6c00);
    let mut town = Town::new(seed, Weather::CALM)?;
    let people = chance.gen_range(2..=NAMES.len().min(if kind == Kind::Devices { 3 } else { 5 }));
    for name in NAMES.iter().take(people) {
        let house = town.settle(&format!("{name}/1"), name);
        // A claim that was lost with its process is made again.
        for when in [10, 4_000, 8_000, 14_000] {
            town.plan(when, house, Deed::Register);
        }
    }
    // Who founds with somebody who is not there yet is told so, and founds without: no fault, but not complete.
    if kind != Kind::Talk && chance.gen_bool(0.4) {
        town.weather = storm(&mut chance);
    }
    town.run_for(20_000)?;
    let titles = move_in(&mut town, &mut chance, people)?;
    town.weather = storm(&mut chance);
    let said = live(&mut town, &mut chance, kind, &titles, people);
    town.run_for(STORM)?;
    town.weather = Weather::CALM;
    for house in 0..town.houses.len() {
        town.connect(house, 100);
        town.plan(5_000, house, Deed::AcceptAll);
        town.plan(60_000, house, Deed::AcceptAll);
        town.plan(120_000, house, Deed::ReadAll);
    }
    town.run_for(CALM)?;
    let mut faults = checks::check(&mut town)?;
    if kind == Kind::Talk {
        faults.extend(checks::complete(&mut town, &titles)?);
    }
    let health = checks::health(&mut town)?;
    if health.undecryptable > 0 {
        faults.push(Fault(format!("{} entries could not be opened", health.undecryptable)));
    }
    let restarts = town.houses.iter().map(|house| house.restarts).sum();
    let ending = Ending { faults, health, traffic: town.traffic.clone(), restarts, said };
    Ok((ending, town))
}

fn storm(chance: &mut ChaCha20Rng) -> Weather {
    Weather {
        delay: (1, *[50, 500, 3_000].choose(chance).unwrap_or(&50)),
        breaks: *[0, 10, 40].choose(chance).unwrap_or(&0),
        dies: *[0, 5, 25].choose(chance).unwrap_or(&0),
        server_dies: *[0, 0, 3, 10].choose(chance).unwrap_or(&0),
    }
}

/// Chats are opened before the storm: a group of all, and chats of two.
fn move_in(town: &mut Town, chance: &mut ChaCha20Rng, people: usize) -> Result<Vec<String>, Broken> {
    let all: Vec<String> = NAMES.iter().take(people).map(|name| (*name).to_owned()).collect();
    let mut titles = Vec::new();
    for number in 0..chance.gen_range(1..=2) {
        let title = format!("group {number}");
        let founder = chance.gen_range(0..people);
        town.plan(100, founder, Deed::Found(title.clone(), all.clone()));
        titles.push(title);
    }
    let (one, other) = (0, chance.gen_range(1..people));
    town.plan(200, one, Deed::Open(all[other].clone()));
    town.plan(3_000, one, Deed::Say(all[other].clone(), format!("{one}: first")));
    // Sometimes both begin at once.
    if chance.gen_bool(0.5) {
        town.plan(200, other, Deed::Open(all[one].clone()));
        town.plan(3_000, other, Deed::Say(all[one].clone(), format!("{other}: first")));
    }
    town.run_for(40_000)?;
    for house in 0..people {
        town.plan(10, house, Deed::AcceptAll);
    }
    town.run_for(5_000)?;
    Ok(titles)
}

/// Everyday life; returns how much was said.
fn live(town: &mut Town, chance: &mut ChaCha20Rng, kind: Kind, titles: &[String], people: usize) -> u64 {
    let mut said = 0;
    for number in 0..chance.gen_range(20..60u64) {
        let (when, house) = (chance.gen_range(0..STORM), chance.gen_range(0..people));
        let title = titles.choose(chance).cloned().unwrap_or_default();
        town.plan(when, house, Deed::Say(title, format!("{house}: {number}")));
        said += 1;
    }
    for _ in 0..chance.gen_range(0..4) {
        let house = chance.gen_range(0..people);
        town.plan(chance.gen_range(0..STORM), house, Deed::Away(chance.gen_range(1_000..90_000)));
    }
    for title in titles {
        town.plan(chance.gen_range(0..STORM), chance.gen_range(0..people), Deed::Refresh(title.clone()));
        town.plan(chance.gen_range(0..STORM), chance.gen_range(0..people), Deed::Refresh(title.clone()));
        if kind == Kind::Change {
            change(town, chance, title, people);
        }
    }
    if kind == Kind::Devices {
        for (person, name) in NAMES.iter().enumerate().take(people) {
            if chance.gen_bool(0.6) {
                let house = town.settle(&format!("{name}/2"), name);
                town.plan(chance.gen_range(0..STORM / 2), person, Deed::Link(house));
            }
        }
    }
    said
}

fn change(town: &mut Town, chance: &mut ChaCha20Rng, title: &str, people: usize) {
    for number in 0..chance.gen_range(1..6) {
        let (when, house) = (chance.gen_range(0..STORM), chance.gen_range(0..people));
        let whom = NAMES[chance.gen_range(0..people)].to_owned();
        let title = title.to_owned();
        town.plan(
            when,
            house,
            match chance.gen_range(0..5) {
                0 => Deed::Remove(title, whom),
                1 | 2 => Deed::Add(title, vec![whom]),
                3 => Deed::Rename(title.clone(), format!("{title} {number}")),
                _ => Deed::Leave(title),
            },
        );
    }
}
