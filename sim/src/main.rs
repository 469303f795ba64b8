//! Plays seeded towns and says what went wrong.
//!
//! `waxseal-sim --towns 1000` plays seeds 0 to 999; `--seed 42` plays one again.

use std::process::ExitCode;

use clap::Parser;
use waxseal_sim::liar::Lie;
use waxseal_sim::plan::{self, Kind, kind_of};
use waxseal_sim::tally::Tally;
use waxseal_sim::town::Town;

/// Seeded towns: the real client against the real server rules, in virtual time.
#[derive(Parser)]
struct Arguments {
    /// How many towns to play.
    #[arg(long, default_value_t = 100)]
    towns: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this seed alone, and show where everybody stands at its end.
    #[arg(long)]
    seed: Option<u64>,
    /// Towns of this kind alone, instead of all kinds in turn, such as `lies`, `clocks` or `splits`.
    #[arg(long)]
    kind: Option<String>,
    /// In towns where the server lies, only these lies, such as `Replay`, each one time in ten.
    #[arg(long)]
    lie: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds = match arguments.seed {
        Some(seed) => seed..seed + 1,
        None => arguments.from..arguments.from + arguments.towns,
    };
    let lies: Vec<_> =
        Lie::ALL.into_iter().filter(|lie| arguments.lie.contains(&format!("{lie:?}"))).map(|lie| (lie, 100)).collect();
    let (mut all, mut bad) = (Tally::default(), 0u64);
    let only = arguments.kind.as_ref().and_then(|kind| Kind::ALL.into_iter().find(|one| one.name() == kind));
    for seed in seeds {
        let kind = only.unwrap_or_else(|| kind_of(seed));
        match plan::play_with(seed, kind, &lies, None) {
            Ok((ending, mut town)) => {
                all.add(&ending.tally);
                if !ending.faults.is_empty() {
                    bad += 1;
                    println!("seed {seed} ({}): {:#?}", kind.name(), ending.faults);
                }
                if arguments.seed.is_some() {
                    println!("{:?}", ending.traffic);
                    show(&mut town);
                }
            }
            Err(broken) => {
                bad += 1;
                println!("seed {seed} ({}): {broken}", kind.name());
            }
        }
    }
    print!("{all}");
    println!("  towns that failed           {bad:>9}");
    if bad > 0 {
        println!("  play one again: cargo run -p waxseal-sim -- --seed N --kind KIND, and --lie where it was given");
    }
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a house's groups are, one a line.
const GROUPS: &str = "SELECT hex(chat) || ' ' || hex(grp) || ' generation ' || generation || ' state ' || state || ' position ' || position
    || ' epoch ' || epoch || ' tries ' || heal_tries || ' heal at ' || ifnull(heal_at, '-') || ' culprit ' || ifnull(hex(culprit), '-')
    FROM chat_group";
/// What waits in a house's outbox, one a line.
const OUTBOX: &str = "SELECT ifnull(hex(chat), '-') || ' stage ' || stage || ' due ' || due || ' tries ' || tries || ' group '
    || ifnull(hex(grp), '-') || ' keys ' || (keys IS NOT NULL) || ' ' || CAST(substr(intent, 2, 12) AS TEXT) FROM outbox";

/// Chats of every house, one a line, and where they stand.
fn show(town: &mut Town) {
    for house in &mut town.houses {
        println!("{}:", house.name);
        for chat in house.client().chats().unwrap_or_default() {
            let lines = house.client().messages(chat.chat, None, 1_000_000).unwrap_or_default();
            let shown: Vec<_> = lines.iter().map(|line| format!("{:?} {:?}", line.line, line.state)).collect();
            println!("  {} {:?}, {} members\n    {}", chat.title, chat.state, chat.members, shown.join("\n    "));
        }
        for (what, rows) in [("groups", GROUPS), ("outbox", OUTBOX)] {
            let found = house.client().store_mut().read(|tx| {
                let mut select = tx.prepare(rows)?;
                let found = select.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
                Ok::<_, waxseal_core::store::StoreError>(found)
            });
            println!("  {what}:\n    {}", found.unwrap_or_default().join("\n    "));
        }
    }
}
