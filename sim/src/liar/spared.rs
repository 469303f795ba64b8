//! What is not asked of a town in which the server lied, lie by lie.
//!
//! Called by `plan`. Everything else is asked as in any other town. What is safety is never spared:
//! nothing is shown that nobody said, nothing as somebody else's, nothing twice, no foreign device is in
//! a group, nothing is held for delivered that was not, and whoever knows of a place in a conversation
//! shows what is there, or that it is missing.

use std::collections::BTreeSet;

use super::Lie;
use crate::checks::Check;

/// What holds whatever is told.
pub const SAFETY: [Check; 5] = [Check::Once, Check::Words, Check::Ghosts, Check::Sure, Check::Accounted];

/// Something that these lies destroy for good.
struct Destroys {
    lies: &'static [Lie],
    /// What of a conversation nobody can ask for who was never told of it: its last words, or a group it went on in.
    ends: bool,
    /// The numbers that a gap would stand at: any gap in the chat says it.
    numbers: bool,
    spares: &'static [Check],
}

/// The demands, as data; [0019](../../../docs/decisions/0019-what-is-promised-against-a-server-that-lies.md) gives the reasons.
const DESTROYS: [Destroys; 4] = [
    // An invitation or a Commit that never comes, or that nobody can open: whoever is not told where the chat
    // went on stays in the part that was. It is found out where somebody speaks, not before.
    Destroys {
        lies: &[
            Lie::Withhold,
            Lie::Swallow,
            Lie::Noise,
            Lie::Frame,
            Lie::Mistype,
            Lie::Damage,
            Lie::Renumber,
            Lie::Backdate,
            Lie::Misattribute,
            // The tree that somebody needs to join was taken, and forgotten.
            Lie::Forget,
        ],
        ends: true,
        numbers: false,
        spares: &[Check::Together, Check::LastWord, Check::Opened, Check::Budget],
    },
    // Who leaves while the group seems broken is out by itself; the others believe otherwise until they clear it away.
    Destroys { lies: &[Lie::Stale], ends: false, numbers: false, spares: &[Check::LastWord] },
    // Numbers that are false all the time: a gap stands, but not where the honest server would have it.
    Destroys { lies: &[Lie::Renumber, Lie::Backdate], ends: true, numbers: true, spares: &[] },
    // Order rests on the server's numbers: false ones, and words that went into two groups, stand differently.
    Destroys {
        lies: &[Lie::Withhold, Lie::Frame, Lie::Renumber, Lie::Backdate, Lie::Forget, Lie::Stale, Lie::Answer],
        ends: false,
        numbers: false,
        spares: &[Check::Order],
    },
];

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spared {
    /// Checks whose faults do not count.
    pub checks: BTreeSet<Check>,
    /// Whether ends of conversations may be unknown to who was not told of them.
    pub ends: bool,
    /// Whether a gap may stand at another place than the honest server's.
    pub numbers: bool,
}

/// What is spared where these lies are told.
pub fn spared(lies: impl IntoIterator<Item = Lie>) -> Spared {
    let mut all = Spared::default();
    for lie in lies {
        for row in DESTROYS.iter().filter(|row| row.lies.contains(&lie)) {
            all.checks.extend(row.spares);
            all.ends |= row.ends;
            all.numbers |= row.numbers;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lie_spares_anybody_safety() {
        let all = spared(Lie::ALL);
        assert!(SAFETY.iter().all(|check| !all.checks.contains(check)));
    }

    #[test]
    fn refused_service_and_false_people_spare_nothing() {
        let nothing = [
            Lie::Replay,
            Lie::Reorder,
            Lie::SwapKeys,
            Lie::ReuseKeys,
            Lie::Deny,
            Lie::CutChain,
            Lie::SwapChain,
            Lie::Rename,
            Lie::Refuse,
        ];
        assert_eq!(spared(nothing), Spared::default());
    }
}
