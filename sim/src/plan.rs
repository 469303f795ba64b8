//! Plans: what a seed makes of a town, played to its end and judged.
//!
//! Called by the program and by tests. Four acts: people move in, a storm
//! while they live, calm in which everything must come right again, and a last
//! word in every chat, which must reach everybody at the price of one.

mod farewell;
mod life;

use std::sync::{Arc, Mutex, PoisonError};

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::checks::{self, Check, Fault};
use crate::deeds::Deed;
use crate::liar::{Liar, Lie, Spared};
use crate::tally::Tally;
use crate::tap::Tap;
use crate::town::{Broken, Planted, Town, Weather};
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
    /// The server lies, in the middle of all that.
    Lies,
    /// Clocks jump, on devices and on the server.
    Clocks,
    /// Some are cut off for long, and both sides go on.
    Splits,
    /// Strangers take every KeyPackage, and everybody commits at once.
    Scarce,
}

impl Kind {
    /// All of them.
    ///
    /// Of towns with jumping clocks and long splits, some in a thousand still do not come right; which, and why:
    /// [0028](../../../docs/decisions/0028-missing-is-not-undecryptable.md).
    pub const ALL: [Self; 7] = [Self::Talk, Self::Change, Self::Devices, Self::Scarce, Self::Lies, Self::Clocks, Self::Splits];

    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Change => "change",
            Self::Devices => "devices",
            Self::Lies => "lies",
            Self::Clocks => "clocks",
            Self::Splits => "splits",
            Self::Scarce => "scarce",
        }
    }
}

/// How a town ended.
#[derive(Debug)]
pub struct Ending {
    /// What was wrong.
    pub faults: Vec<Fault>,
    /// What happened, counted.
    pub tally: Tally,
    /// What passed the server's doors.
    pub traffic: Traffic,
}

pub(crate) const NAMES: [&str; 6] = ["anna", "bert", "carl", "dora", "emil", "fine"];
/// The storm lasts so long, in milliseconds.
pub const STORM: u64 = 4 * 60_000;
/// The calm after it, in milliseconds.
pub const CALM: u64 = 15 * 60_000;
const DAY: u64 = 24 * 60 * 60_000;

/// The kind of town that a seed makes: all in turn, so that any run of seeds has all of them.
pub fn kind_of(seed: u64) -> Kind {
    let kinds = Kind::ALL.len() as u64;
    Kind::ALL[((seed + seed / kinds) % kinds) as usize]
}

/// Plays one town to its end.
pub fn play(seed: u64, kind: Kind) -> Result<(Ending, Town), Broken> {
    play_with(seed, kind, &[], None)
}

/// The same, where a server that lies tells only these lies (so often in 1/1000), and with something broken on
/// purpose when the storm begins.
pub fn play_with(seed: u64, kind: Kind, lies: &[(Lie, u32)], planted: Option<Planted>) -> Result<(Ending, Town), Broken> {
    let mut chance = ChaCha20Rng::seed_from_u64(seed ^ 0x7761_7873_6561_6c00);
    let mut town = Town::new(seed, Weather::CALM)?;
    let people = chance.gen_range(2..=NAMES.len().min(if kind == Kind::Devices { 3 } else { 5 }));
    let liar = (kind == Kind::Lies).then(|| {
        let liar = if lies.is_empty() { Liar::new(seed, people) } else { Liar::telling(seed, lies, 0) };
        shared(&mut town, liar.quiet())
    });
    for name in NAMES.iter().take(people) {
        let house = town.settle(&format!("{name}/1"), name);
        // A claim that was lost with its process is made again.
        for when in [10, 4_000, 8_000, 14_000] {
            town.plan(when, house, Deed::Register);
        }
    }
    // Who founds with somebody who is not there yet is told so, and founds without: no fault, but not complete.
    if matches!(kind, Kind::Change | Kind::Devices) && chance.gen_bool(0.4) {
        town.weather = storm(&mut chance);
    }
    town.run_for(20_000)?;
    let titles = move_in(&mut town, &mut chance, people)?;
    town.weather = storm(&mut chance);
    if let Some(liar) = &liar {
        liar.lock().unwrap_or_else(PoisonError::into_inner).speak();
    }
    if let Some(planted) = planted {
        planted(&mut town)?;
    }
    town.tally.said += life::live(&mut town, &mut chance, kind, &titles, people);
    town.run_for(STORM)?;
    let mut faults = whatever_happened(&mut town)?;
    calm_down(&mut town, &mut chance, kind)?;
    let mut spared = Spared::default();
    if let Some(liar) = liar {
        let liar = liar.lock().unwrap_or_else(PoisonError::into_inner);
        town.tally.lies.clone_from(liar.told());
        spared = liar.spared();
    }
    town.run_for(CALM)?;
    let healed = checks::health(&mut town)?.undecryptable;
    let honest = kind != Kind::Lies;
    faults.extend(whatever_happened(&mut town)?);
    faults.extend(checks::at_rest(&mut town)?);
    faults.extend(checks::together(&mut town)?);
    if honest {
        faults.extend(checks::accounted(&mut town, honest, &spared)?);
    }
    if matches!(kind, Kind::Talk | Kind::Scarce) {
        faults.extend(checks::complete(&mut town, &titles)?);
    }
    if kind == Kind::Clocks {
        faults.extend(farewell::a_week(&mut town)?);
    }
    faults.extend(farewell::last_words(&mut town)?);
    // What a liar swallowed last shows only when something follows it.
    faults.extend(checks::accounted(&mut town, honest, &spared)?);
    if honest {
        faults.extend(checks::nobody_accused(&mut town)?);
    }
    // Where a lie destroyed an invitation for good, what goes to who never came is of that lie.
    let of_lies = match (honest, spared.checks.contains(&Check::Opened)) {
        (true, _) => 0,
        (false, false) => healed,
        (false, true) => u64::MAX,
    };
    let tally = count(&mut town, kind, of_lies)?;
    if tally.undecryptable_after > 0 {
        faults.push(Fault(Check::Opened, format!("{} entries could not be opened", tally.undecryptable_after)));
    }
    faults.retain(|fault| !spared.checks.contains(&fault.0));
    faults.dedup();
    let ending = Ending { faults, tally, traffic: town.traffic.clone() };
    Ok((ending, town))
}

/// What must hold at every moment, whatever anybody did.
fn whatever_happened(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = checks::once_in_order(town)?;
    faults.extend(checks::true_words(town)?);
    faults.extend(checks::no_ghosts(town)?);
    Ok(faults)
}

/// The storm is over: the weather is fine, whoever lied is gone, whoever was away is back.
fn calm_down(town: &mut Town, chance: &mut ChaCha20Rng, kind: Kind) -> Result<(), Broken> {
    town.weather = Weather::CALM;
    if town.tap.take().is_some() {
        town.restart_server()?;
    }
    if kind == Kind::Splits {
        life::long_split(town, chance)?;
    }
    life::set_clocks(town, chance);
    for house in 0..town.houses.len() {
        town.connect(house, 100);
        town.plan(5_000, house, Deed::AcceptAll);
        town.plan(60_000, house, Deed::AcceptAll);
        town.plan(120_000, house, Deed::ReadAll);
    }
    Ok(())
}

fn count(town: &mut Town, kind: Kind, before: u64) -> Result<Tally, Broken> {
    let mut tally = town.tally.clone();
    tally.towns.insert(kind.name(), 1);
    tally.devices = town.houses.len() as u64;
    (tally.commits, tally.messages) = town.ledger.count();
    tally.health = checks::health(town)?;
    tally.undecryptable_after = tally.health.undecryptable.saturating_sub(before);
    tally.gaps = checks::gaps(town)?;
    tally.deaths = town.houses.iter().map(|house| house.restarts).sum();
    Ok(tally)
}

fn storm(chance: &mut ChaCha20Rng) -> Weather {
    Weather {
        delay: (1, *[50, 500, 3_000].choose(chance).unwrap_or(&50)),
        breaks: *[0, 10, 40].choose(chance).unwrap_or(&0),
        dies: *[0, 5, 25].choose(chance).unwrap_or(&0),
        server_dies: *[0, 0, 3, 10].choose(chance).unwrap_or(&0),
        doubles: *[0, 10, 50].choose(chance).unwrap_or(&0),
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
    // Sometimes somebody writes to a name before anything is known of it, while nobody can say whose it is.
    if chance.gen_bool(0.5) {
        let (house, number) = (chance.gen_range(0..people), town.tally.next_word());
        let to = NAMES.get((house + 1) % people).copied().filter(|_| chance.gen_bool(0.8)).unwrap_or("nobody-here").to_owned();
        let words = format!("{house}: {number}");
        let away = Deed::Away(chance.gen_range(500..20_000));
        town.plan(50, house, Deed::Burst(vec![away, Deed::Open(to.clone()), Deed::Say(to, words)]));
        town.tally.said += 1;
    }
    town.run_for(40_000)?;
    for house in 0..people {
        town.plan(10, house, Deed::AcceptAll);
    }
    town.run_for(5_000)?;
    Ok(titles)
}

/// Keeps a tap where a test can still ask it.
pub fn shared<T: Tap + Send + 'static>(town: &mut Town, tap: T) -> Arc<Mutex<T>> {
    let tap = Arc::new(Mutex::new(tap));
    town.tap = Some(Box::new(tap.clone()));
    tap
}
