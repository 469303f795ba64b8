//! The liar's own numbering of a house's mailbox.
//!
//! Called by `liar`. A house sees his numbers, the honest server sees its own:
//! what is repeated, kept back or swallowed leaves no hole in them.

use waxseal_wire::id::{Millis, Seq};
use waxseal_wire::reply::MailboxEntry;

/// Entries remembered, to be given again.
const OLD: usize = 12;

/// See the module.
#[derive(Default)]
pub(super) struct Desk {
    given: u64,
    /// His number, and up to where the honest server may forget when it is acked.
    numbers: Vec<(Seq, Seq)>,
    /// The last of the honest server's numbers that he has seen.
    seen: Seq,
    kept: Vec<(Millis, MailboxEntry)>,
    /// What he gave before.
    pub(super) old: Vec<MailboxEntry>,
}

impl Desk {
    /// Gives an entry the next number; `real` is the honest one, where it has one.
    pub(super) fn give(&mut self, entry: MailboxEntry, real: Option<Seq>) -> MailboxEntry {
        if self.numbers.is_empty() {
            self.given = real.map_or(self.seen.0, |real| real.0.saturating_sub(1));
        }
        self.seen = self.seen.max(real.unwrap_or_default());
        self.given += 1;
        self.numbers.push((Seq(self.given), self.seen));
        MailboxEntry { seq: Seq(self.given), ..entry }
    }

    pub(super) fn done_with(&mut self, real: Seq) {
        self.seen = self.seen.max(real);
    }

    pub(super) fn keep(&mut self, until: Millis, entry: MailboxEntry) {
        self.done_with(entry.seq);
        self.kept.push((until, entry));
    }

    pub(super) fn remember(&mut self, entry: &MailboxEntry) {
        if self.old.len() >= OLD {
            self.old.remove(0);
        }
        self.old.push(entry.clone());
    }

    /// What was kept long enough.
    pub(super) fn due(&mut self, now: Millis) -> Vec<MailboxEntry> {
        let (due, kept): (Vec<_>, _) = self.kept.drain(..).partition(|(until, _)| *until <= now);
        self.kept = kept;
        due.into_iter().map(|(_, entry)| self.give(entry, None)).collect()
    }

    /// The honest number behind one that a house names.
    pub(super) fn real(&self, seq: Seq) -> Seq {
        let at = self.numbers.partition_point(|(given, _)| *given <= seq);
        at.checked_sub(1).and_then(|at| self.numbers.get(at)).map_or(seq, |(_, real)| *real)
    }

    /// The head that a house must not find behind what it has.
    pub(super) fn head(&self, real: Seq) -> Seq {
        if self.numbers.is_empty() { real } else { Seq(self.given.max(real.0)) }
    }
}
