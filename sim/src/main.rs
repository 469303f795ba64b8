//! Plays seeded towns and says what went wrong.
//!
//! `waxseal-sim --towns 1000` plays seeds 0 to 999; `--seed 42` plays one again.

use std::process::ExitCode;

use clap::Parser;
use waxseal_core::view::Health;
use waxseal_sim::plan::{self, kind_of};

/// Seeded towns: the real client against the real server rules, in virtual time.
#[derive(Parser)]
struct Arguments {
    /// How many towns to play.
    #[arg(long, default_value_t = 100)]
    towns: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this seed alone, and show what every house told.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds = match arguments.seed {
        Some(seed) => seed..seed + 1,
        None => arguments.from..arguments.from + arguments.towns,
    };
    let (mut all, mut bad, mut restarts, mut said, mut played) = (Health::default(), 0u64, 0, 0, 0u64);
    for seed in seeds {
        played += 1;
        match plan::play(seed, kind_of(seed)) {
            Ok((ending, mut town)) => {
                all.opened += ending.health.opened;
                all.undecryptable += ending.health.undecryptable;
                all.readded += ending.health.readded;
                all.refounded += ending.health.refounded;
                restarts += ending.restarts;
                said += ending.said;
                if !ending.faults.is_empty() {
                    bad += 1;
                    println!("seed {seed} ({:?}): {:#?}", kind_of(seed), ending.faults);
                }
                if arguments.seed.is_some() {
                    println!("{:?}\n{:?}", ending.health, ending.traffic);
                    for house in &mut town.houses {
                        let chats = house.client().chats();
                        println!("{}: {chats:#?}", house.name);
                    }
                }
            }
            Err(broken) => {
                bad += 1;
                println!("seed {seed} ({:?}): {broken}", kind_of(seed));
            }
        }
    }
    println!(
        "{played} towns, {said} messages said, {} opened, {} undecryptable, {} re-added, {} re-founded, {restarts} restarts; {bad} towns failed",
        all.opened, all.undecryptable, all.readded, all.refounded
    );
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
