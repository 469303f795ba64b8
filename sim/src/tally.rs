//! What happened in towns, counted, as a short table.
//!
//! Filled by `town` and `plan`, added up by whoever plays many towns. Decides nothing.

use core::fmt;
use std::collections::BTreeMap;

use waxseal_core::view::Health;

/// See the module.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Towns played, by kind.
    pub towns: BTreeMap<&'static str, u64>,
    /// Devices that lived in them.
    pub devices: u64,
    /// What people said.
    pub said: u64,
    /// Messages that the server took, receipts among them.
    pub messages: u64,
    /// Commits that the server took.
    pub commits: u64,
    /// What devices opened, mended, and could not open.
    pub health: Health,
    /// Gaps that people see.
    pub gaps: u64,
    /// What could not be opened after the time to heal: to be none.
    pub undecryptable_after: u64,
    /// Devices that died and came back.
    pub deaths: u64,
    /// Deaths of servers.
    pub server_deaths: u64,
    /// Frames that came twice.
    pub doubled: u64,
    /// Clocks that were set.
    pub clock_jumps: u64,
    /// Times that a house was shut out for long.
    pub shut_out: u64,
    /// Times that an account's KeyPackages were taken by a stranger.
    pub drained: u64,
    /// Lies that servers told, by kind.
    pub lies: BTreeMap<&'static str, u64>,
    words: u64,
}

impl Tally {
    /// A number that no other thing said in the town has.
    pub fn next_word(&mut self) -> u64 {
        self.words += 1;
        self.words
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (all, one) in [(&mut self.towns, &other.towns), (&mut self.lies, &other.lies)] {
            one.iter().for_each(|(kind, count)| *all.entry(*kind).or_default() += count);
        }
        self.devices += other.devices;
        self.said += other.said;
        self.messages += other.messages;
        self.commits += other.commits;
        self.health.opened += other.health.opened;
        self.health.undecryptable += other.health.undecryptable;
        self.health.readded += other.health.readded;
        self.health.refounded += other.health.refounded;
        self.gaps += other.gaps;
        self.undecryptable_after += other.undecryptable_after;
        self.deaths += other.deaths;
        self.server_deaths += other.server_deaths;
        self.doubled += other.doubled;
        self.clock_jumps += other.clock_jumps;
        self.shut_out += other.shut_out;
        self.drained += other.drained;
    }
}

/// The counts of a map: `3 talk, 2 change`.
fn listed(counts: &BTreeMap<&'static str, u64>) -> String {
    let each: Vec<_> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    each.join(", ")
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let towns: u64 = self.towns.values().sum();
        let lies: u64 = self.lies.values().sum();
        let row = |f: &mut fmt::Formatter<'_>, what: &str, count: u64, more: &str| {
            writeln!(f, "{}", format!("  {what:<28}{count:>9}  {more}").trim_end())
        };
        row(f, "towns", towns, &listed(&self.towns))?;
        row(f, "devices", self.devices, &format!("died {} times, servers {}", self.deaths, self.server_deaths))?;
        row(f, "said by people", self.said, "")?;
        row(f, "messages taken", self.messages, "receipts among them")?;
        row(f, "Commits taken", self.commits, "")?;
        row(f, "opened", self.health.opened, "")?;
        row(f, "frames that came twice", self.doubled, "")?;
        row(f, "clocks set", self.clock_jumps, "")?;
        row(f, "shut out for long", self.shut_out, "")?;
        row(f, "robbed of KeyPackages", self.drained, "")?;
        row(f, "lies told", lies, &listed(&self.lies))?;
        let mended = format!("added again {}, founded again {}", self.health.readded, self.health.refounded);
        row(f, "mended", self.health.readded + self.health.refounded, &mended)?;
        row(f, "gaps shown", self.gaps, "")?;
        row(f, "undecryptable by lies", self.health.undecryptable - self.undecryptable_after, "")?;
        row(f, "undecryptable otherwise", self.undecryptable_after, "")
    }
}
