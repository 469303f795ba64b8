//! What was measured, as a page.
//!
//! Called by `main`. Writes tables; what a person wrote under the last heading
//! of an older page stays. Never measures.

use std::fmt::Write;
use std::path::Path;

use crate::failure::Failure;

/// From here on a person writes.
const BY_HAND: &str = "## Reading the numbers";

/// One measurement.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) text: String,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// A number that has a budget.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) what: &'static str,
    pub(crate) limit: f64,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    /// What others take, as measured before on this class of machine.
    pub(crate) peers: &'static str,
}

impl Verdict {
    fn row(&self) -> Vec<String> {
        let met = if self.measured <= self.limit {
            "met".to_owned()
        } else {
            format!("**missed**, {}×", number(self.measured / self.limit))
        };
        let with_unit = |value| format!("{} {}", number(value), self.unit);
        vec![self.what.into(), format!("≤ {}", with_unit(self.limit)), with_unit(self.measured), met, self.peers.into()]
    }
}

/// With as many digits as say something.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// One section for a terminal, and for the page.
pub(crate) fn section(section: &Section) -> String {
    format!("## {}\n\n{}\n\n{}", section.title, section.text, table(&section.head, &section.rows))
}

/// Everything that was measured against its budget.
pub(crate) fn verdicts(sections: &[Section]) -> String {
    let rows: Vec<_> = sections.iter().flat_map(|section| &section.verdicts).map(Verdict::row).collect();
    table(&["what", "budget", "measured", "", "for comparison, this class of machine"], &rows)
}

/// Writes the page; keeps what stands by hand in the one that is there.
pub(crate) fn write(path: &Path, machine: &str, sections: &[Section]) -> Result<(), Failure> {
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let by_hand = before.find(BY_HAND).and_then(|at| before.get(at..)).unwrap_or(BY_HAND);
    let mut page = format!("{HEAD}\n{machine}\n\n## Against the budgets\n\n{}\n", verdicts(sections));
    for one in sections {
        page.push_str(&section(one));
        page.push('\n');
    }
    page.push_str(by_hand);
    page.truncate(page.trim_end().len());
    page.push('\n');
    std::fs::write(path, page).map_err(|error| Failure::Disk("the page", error))
}

const HEAD: &str = "\
# Benchmarks

Written by `make bench` (the program is `bench/`); only the last section is written by hand.
To repeat: `make bench` builds the release programs and measures everything, in about a quarter of an hour;
`waxseal-bench opaque`, `talk`, `idle`, `core`, `start` and `browser` measure one thing each, and `--quick` shows in seconds that they work.

The server is the real `waxseald` in a process of its own, on loopback without TLS, with its default configuration except that
rate limits are off (the load comes from a few busy people). Its store is SQLite with `synchronous=FULL`: every message is on
the disk before it is acknowledged. Processor time is the kernel's count for that process or thread, user and kernel together,
so other work on the machine lengthens the waits much more than it changes the costs. Waits are not better than the machine's.
";

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        writeln!(table, "| {} |", row.join(" | ")).ok();
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(measured: f64) -> Section {
        let verdict = Verdict { what: "work", limit: 2.0, measured, unit: "s", peers: "more" };
        Section { title: "Work", text: "All of it.".into(), head: vec!["a"], rows: vec![vec!["b".into()]], verdicts: vec![verdict] }
    }

    #[test]
    fn a_missed_budget_says_by_how_much() {
        assert!(verdicts(&[measured(5.0)]).contains("| work | ≤ 2.00 s | 5.00 s | **missed**, 2.50× | more |"));
        assert!(verdicts(&[measured(2.0)]).contains("| met |"));
    }

    #[test]
    fn what_was_written_by_hand_stays_when_the_page_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        write(&path, "A machine.", &[measured(1.0)]).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        assert!(first.contains("## Work\n\nAll of it.") && first.ends_with("## Reading the numbers\n"));
        std::fs::write(&path, first + "\nBy hand.\n").unwrap();
        write(&path, "A machine.", &[measured(3.0)]).unwrap();
        let second = std::fs::read_to_string(&path).unwrap();
        assert!(second.contains("**missed**") && second.ends_with("## Reading the numbers\n\nBy hand.\n"));
    }
}
