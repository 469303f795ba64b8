//! Everyday life in a storm, by kind of town.
//!
//! Called by `plan`. Only plans deeds and troubles; `town` performs them.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use waxseal_wire::frame::Door;

use super::{DAY, Kind, NAMES, STORM};
use crate::deeds::Deed;
use crate::town::{Broken, Town};
use crate::trouble::Trouble;

/// Everyday life; returns how much was said.
pub(super) fn live(town: &mut Town, chance: &mut ChaCha20Rng, kind: Kind, titles: &[String], people: usize) -> u64 {
    let mut said = talk(town, chance, titles, people, STORM);
    for _ in 0..chance.gen_range(0..4) {
        let house = chance.gen_range(0..people);
        town.plan(chance.gen_range(0..STORM), house, Deed::Away(chance.gen_range(1_000..90_000)));
    }
    for title in titles {
        for _ in 0..2 {
            town.plan(chance.gen_range(0..STORM), chance.gen_range(0..people), Deed::Refresh(title.clone()));
        }
    }
    match kind {
        Kind::Talk => {}
        Kind::Change => titles.iter().for_each(|title| change(town, chance, title, people)),
        Kind::Devices => devices(town, chance, people, 0.6),
        Kind::Lies => {
            if chance.gen_bool(0.3) {
                devices(town, chance, people, 0.3);
            }
            if chance.gen_bool(0.4) {
                titles.iter().for_each(|title| change(town, chance, title, people));
            }
        }
        Kind::Clocks => clocks(town, chance, people),
        Kind::Splits => {
            splits(town, chance, people);
            if chance.gen_bool(0.5) {
                titles.iter().for_each(|title| change(town, chance, title, people));
            }
        }
        Kind::Scarce => said += scarce(town, chance, titles, people),
    }
    said
}

/// People say things.
fn talk(town: &mut Town, chance: &mut ChaCha20Rng, titles: &[String], people: usize, span: u64) -> u64 {
    let many = chance.gen_range(20..60u64);
    for _ in 0..many {
        let (when, house) = (chance.gen_range(0..span), chance.gen_range(0..people));
        // Mostly in groups; now and then to a person.
        let title = match chance.gen_range(0..10) {
            0 => NAMES[chance.gen_range(0..people)].to_owned(),
            _ => titles.choose(chance).cloned().unwrap_or_default(),
        };
        let number = town.tally.next_word();
        town.plan(when, house, Deed::Say(title, format!("{house}: {number}")));
    }
    many
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

fn devices(town: &mut Town, chance: &mut ChaCha20Rng, people: usize, often: f64) {
    for (person, name) in NAMES.iter().enumerate().take(people) {
        if chance.gen_bool(often) {
            let house = town.settle(&format!("{name}/2"), name);
            town.plan(chance.gen_range(0..STORM / 2), person, Deed::Link(house));
        }
    }
}

/// A clock that is wrong by hours, weeks, or all it can be.
fn skew(chance: &mut ChaCha20Rng, now: u64) -> i64 {
    let (hour, day) = (60 * 60_000i64, DAY.cast_signed());
    match chance.gen_range(0..6) {
        0 => chance.gen_range(-5 * hour..5 * hour),
        1 => chance.gen_range(day..40 * day),
        2 => -chance.gen_range(day..40 * day),
        // 1970, as after the battery was empty.
        3 => -now.cast_signed() + chance.gen_range(0..hour),
        4 => 400 * 365 * day,
        _ => -5 * 365 * day,
    }
}

fn clocks(town: &mut Town, chance: &mut ChaCha20Rng, people: usize) {
    let now = town.now.0;
    for _ in 0..chance.gen_range(1..=3) {
        let house = chance.gen_range(0..people);
        let when = chance.gen_range(0..STORM);
        town.trouble(when, Trouble::Clock(house, skew(chance, now)));
        if chance.gen_bool(0.6) {
            town.trouble(chance.gen_range(when..STORM), Trouble::Clock(house, chance.gen_range(-2_000..2_000)));
        }
    }
    if chance.gen_bool(0.4) {
        let when = chance.gen_range(0..STORM);
        town.trouble(when, Trouble::ServerClock(skew(chance, now)));
        town.trouble(when + 500, Trouble::Sweep);
        town.trouble(chance.gen_range(when..STORM) + 1_000, Trouble::ServerClock(0));
        town.trouble(STORM + 2_000, Trouble::Sweep);
    }
}

/// A clock that is wrong by more, in milliseconds, is set when the storm is over; what is less stays wrong.
///
/// Nobody believes a tree head that is a day older or younger than one's own time (decision 0034): a device with such a
/// clock finds nobody, and its person is told.
const WRONG: u64 = DAY - 2 * 60 * 60_000;

pub(super) fn set_clocks(town: &mut Town, chance: &mut ChaCha20Rng) {
    for house in 0..town.houses.len() {
        if town.houses[house].skew.unsigned_abs() > WRONG {
            town.trouble(chance.gen_range(0..60_000), Trouble::Clock(house, chance.gen_range(-2_000..2_000)));
        }
    }
}

/// Some are cut off, by both doors or by one, or not even told; meanwhile everybody goes on.
fn splits(town: &mut Town, chance: &mut ChaCha20Rng, people: usize) {
    for _ in 0..chance.gen_range(1..=3) {
        let side: Vec<usize> = (0..people).filter(|_| chance.gen_bool(0.5)).collect();
        let doors = match chance.gen_range(0..4) {
            0 => vec![Door::Anonymous],
            1 => vec![Door::Device],
            _ => vec![Door::Anonymous, Door::Device],
        };
        let when = chance.gen_range(0..STORM);
        if chance.gen_bool(0.3) {
            for house in side {
                town.trouble(when, Trouble::Mute(house, doors[0]));
            }
        } else {
            town.trouble(when, Trouble::Shut(side, doors, chance.gen_range(5_000..STORM)));
        }
    }
}

/// Days or weeks in which one side of the town does not see the server; both sides write.
pub(super) fn long_split(town: &mut Town, chance: &mut ChaCha20Rng) -> Result<(), Broken> {
    let days = *[0, 1, 9, 34].choose(chance).unwrap_or(&0);
    if days == 0 {
        return Ok(());
    }
    let houses = town.houses.len();
    let side: Vec<usize> = (0..houses).filter(|_| chance.gen_bool(0.4)).collect();
    town.shut(&side, &[Door::Anonymous, Door::Device], days * DAY)?;
    for day in 0..days {
        town.trouble(day * DAY, Trouble::Sweep);
    }
    let titles: Vec<String> = town.houses[0].client().chats()?.into_iter().map(|chat| chat.title).collect();
    town.tally.said += talk(town, chance, &titles, houses, days * DAY);
    town.run_for(days * DAY + 1_000)
}

/// Strangers take KeyPackages all the time; groups are founded with what is left; all commit at once.
fn scarce(town: &mut Town, chance: &mut ChaCha20Rng, titles: &[String], people: usize) -> u64 {
    let mut said = 0;
    for name in NAMES.iter().take(people) {
        for _ in 0..chance.gen_range(1..4) {
            town.trouble(chance.gen_range(0..STORM), Trouble::Drain((*name).to_owned(), 40));
        }
    }
    for number in 0..chance.gen_range(1..5) {
        let (when, house) = (chance.gen_range(0..STORM / 2), chance.gen_range(0..people));
        let club = format!("club {number}");
        let other = NAMES[(house + 1) % people].to_owned();
        let word = town.tally.next_word();
        town.plan(
            when,
            house,
            Deed::Burst(vec![Deed::Found(club.clone(), vec![other]), Deed::Say(club, format!("{house}: {word}"))]),
        );
        said += 1;
    }
    for _ in 0..chance.gen_range(1..3) {
        let when = chance.gen_range(0..STORM);
        for house in 0..people {
            let title = titles.choose(chance).cloned().unwrap_or_default();
            town.plan(when, house, Deed::Refresh(title));
        }
    }
    said
}
