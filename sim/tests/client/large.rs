//! A group that is founded anew by somebody who is no admin: everybody comes along, however many, whoever dies on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use waxseal_core::Command;
use waxseal_core::store::StoreError;
use waxseal_core::view::Line;
use waxseal_core::view::{ChatState, Notice};
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::Town;
use waxseal_wire::frame::Told;
use waxseal_wire::reply::{Accounts, Reply};

use super::{texts, town};

/// More than come with the founding.
const PEOPLE: usize = 70;
const VANDAL: usize = 0;
const AWAY: usize = 5;
const ADMIN: usize = PEOPLE - 1;

/// A server that has no KeyPackage of one account, while it is so.
struct Withheld(String, Arc<AtomicBool>);

impl Tap for Withheld {
    fn down(&mut self, _: usize, mut told: Told) -> Vec<Told> {
        if let Told::Reply(_, Reply::Accounts(Accounts { found, .. })) = &mut told
            && self.1.load(Ordering::Relaxed)
        {
            found.iter_mut().filter(|found| found.name == self.0).for_each(|found| found.key_packages.clear());
        }
        vec![told]
    }
}

/// Lets time pass without the update cadence, whose Commits are not what is looked at here.
fn pass(town: &mut Town, seconds: u64) {
    for _ in 0..seconds.div_ceil(10) {
        for house in &mut town.houses {
            let never = "UPDATE chat_group SET update_at = 9000000000000000000";
            house.client().store_mut().write(|tx| Ok::<_, StoreError>(tx.execute(never, [])?)).unwrap();
        }
        town.run_for(10_000).unwrap();
    }
}

/// Names of who is in, as a house sees it, and of the admins.
fn seen(town: &mut Town, house: usize) -> (Vec<String>, Vec<String>) {
    let chat = town.chat(house, "bees").unwrap();
    let members = town.houses[house].client().members(chat).unwrap();
    let admins = members.iter().filter(|member| member.admin).map(|member| member.name.clone()).collect();
    let mut names: Vec<_> = members.into_iter().map(|member| member.name).collect();
    names.sort();
    (names, admins)
}

#[test]
fn everybody_comes_along_when_one_who_is_no_admin_founds_a_large_group_anew() {
    let names: Vec<_> = (0..PEOPLE).map(|number| format!("p{number:02}")).collect();
    let mut town = town(95, &names.iter().map(String::as_str).collect::<Vec<_>>());
    town.plan(0, VANDAL, Deed::Found("bees".into(), names[1..].to_vec()));
    pass(&mut town, 20);
    for house in 1..PEOPLE {
        town.plan(0, house, Deed::AcceptAll);
    }
    pass(&mut town, 10);
    let bees = town.chat(VANDAL, "bees").unwrap();
    let admin = town.houses[ADMIN].client().me().unwrap().unwrap().account;
    town.command(VANDAL, Command::SetAdmin(bees, admin, true)).unwrap();
    pass(&mut town, 10);
    assert_eq!(seen(&mut town, 1), (names.clone(), vec![names[VANDAL].clone(), names[ADMIN].clone()]));
    // One admin breaks the group, the other is away, and one person's KeyPackages are used up.
    let missing = Arc::new(AtomicBool::new(true));
    town.tap = Some(Box::new(Withheld(names[AWAY].clone(), missing.clone())));
    town.unplug(ADMIN).unwrap();
    town.unplug(AWAY).unwrap();
    town.vandals.push(VANDAL);
    town.plan(0, VANDAL, Deed::Refresh("bees".into()));
    pass(&mut town, 120);
    let there: Vec<_> = names.iter().filter(|name| **name != names[VANDAL] && **name != names[AWAY]).cloned().collect();
    for house in (1..PEOPLE).filter(|house| ![AWAY, ADMIN].contains(house)) {
        assert_eq!(seen(&mut town, house), (there.clone(), vec![names[ADMIN].clone()]), "{house}: nobody became an admin by it");
        assert_eq!(town.houses[house].client().chat(bees).unwrap().unwrap().state, ChatState::Open, "{house}");
    }
    // Whose KeyPackages are back is brought too, without anybody asking.
    missing.store(false, Ordering::Relaxed);
    pass(&mut town, 15 * 60);
    for house in [AWAY, ADMIN] {
        town.connect(house, 0);
    }
    pass(&mut town, 60);
    town.plan(0, ADMIN, Deed::Say("bees".into(), "all here?".into()));
    town.plan(2_000, AWAY, Deed::Say("bees".into(), "all here".into()));
    pass(&mut town, 20);
    for house in 1..PEOPLE {
        assert_eq!(seen(&mut town, house).0, names[1..], "{house}");
        assert_eq!(texts(&mut town, house, "bees"), ["all here?", "all here"], "{house}");
    }
    let all = town.houses[1].client().messages(bees, None, 1_000).unwrap();
    let founded = all.iter().filter(|message| message.line == Line::Notice(Notice::Refounded)).count();
    assert!((1..=2).contains(&founded), "founded anew {founded} times");
}

/// Anna breaks a group of five, and goes or `stays`. Dora, the other admin, and Emil are `away` so many milliseconds, and nobody gets a
/// KeyPackage of Emil's; so Bert or Carl founds it anew, or both at once. One of them dies at its `nth` persist from then
/// on; gives how often they died.
fn founders_race(seed: u64, nth: u64, away: u64, stays: bool) -> u64 {
    const ANNA: usize = 0;
    const BERT: usize = 1;
    const CARL: usize = 2;
    const DORA: usize = 3;
    const EMIL: usize = 4;
    let names = ["anna", "bert", "carl", "dora", "emil"].map(str::to_owned);
    let mut town = town(seed, &names.each_ref().map(String::as_str));
    town.plan(0, ANNA, Deed::Found("bees".into(), names[1..].to_vec()));
    for house in BERT..=EMIL {
        town.plan(5_000, house, Deed::AcceptAll);
    }
    town.run_for(10_000).unwrap();
    let bees = town.chat(ANNA, "bees").unwrap();
    let dora = town.houses[DORA].client().me().unwrap().unwrap().account;
    town.command(ANNA, Command::SetAdmin(bees, dora, true)).unwrap();
    town.run_for(10 * 60_000).unwrap();

    let missing = Arc::new(AtomicBool::new(true));
    town.tap = Some(Box::new(Withheld(names[EMIL].clone(), missing.clone())));
    town.unplug(DORA).unwrap();
    town.unplug(EMIL).unwrap();
    town.vandals.push(ANNA);
    town.plan(0, ANNA, Deed::Refresh("bees".into()));
    town.run_for(200).unwrap();
    if !stays {
        town.unplug(ANNA).unwrap();
        town.houses[ANNA].gone = true;
    }
    town.weather.delay = (1, 4_000);
    town.houses[[BERT, CARL][usize::try_from(nth / 2 % 2).unwrap()]].plan_crash(nth, seed.is_multiple_of(2));
    town.run_for(away).unwrap();
    missing.store(false, Ordering::Relaxed);
    for house in [DORA, EMIL] {
        town.connect(house, 0);
    }
    town.run_for(12 * 60_000).unwrap();
    town.houses[BERT].plan_crash(u64::MAX, false);
    town.houses[CARL].plan_crash(u64::MAX, false);
    for house in BERT..=EMIL {
        town.plan(0, house, Deed::Say("bees".into(), format!("from {house}")));
    }
    town.run_for(60_000).unwrap();
    for house in BERT..=EMIL {
        let what = format!("seed {seed}, dies at {nth}, house {house}");
        assert_eq!(seen(&mut town, house).0, names[1..], "{what}");
        assert!(seen(&mut town, house).1 == [names[DORA].clone()], "{what}: nobody became an admin by it");
        let mut all = texts(&mut town, house, "bees");
        all.sort();
        assert_eq!(all, ["from 1", "from 2", "from 3", "from 4"], "{what}");
        assert_eq!(town.houses[house].client().chat(bees).unwrap().unwrap().state, ChatState::Open, "{what}");
    }
    town.houses[BERT].restarts + town.houses[CARL].restarts
}

#[test]
fn whoever_founds_anew_may_die_at_any_persist_and_nobody_is_left_out() {
    let died: u64 = (1..=24).step_by(2).map(|nth| founders_race(1_000 + nth + nth / 2, nth, 5 * 60_000, false)).sum();
    assert!(died >= 10, "they died {died} times");
}

#[test]
fn who_was_left_out_for_hours_comes_in_when_they_ask() {
    // By then they would be tried once in some hours.
    founders_race(1_500, u64::MAX, 6 * 60 * 60_000, false);
}

#[test]
fn who_broke_a_group_and_stays_takes_nobody_along() {
    for nth in [6, 10, 14, 18] {
        founders_race(1_017, nth, 5 * 60_000, true);
    }
}
