//! From the start of `waxseald` to its first healthy answer.

use std::path::Path;

use crate::failure::Failure;
use crate::meter::{self, median};
use crate::page::{Section, Verdict, number};
use crate::program::Program;

/// Starts it again and again: in fresh folders, and in one that has been used.
pub(crate) fn measure(waxseald: &Path, quick: bool) -> Result<Section, Failure> {
    let times = if quick { 2 } else { 10 };
    let used = folder()?;
    let mut fresh_ones = Vec::new();
    let mut used_ones = Vec::new();
    for _ in 0..times {
        let fresh = folder()?;
        fresh_ones.push(Program::start(waxseald, fresh.path())?.ready.as_secs_f64() * 1000.0);
        used_ones.push(Program::start(waxseald, used.path())?.ready.as_secs_f64() * 1000.0);
    }
    let row = |what: &str, all: &[f64]| vec![what.into(), number(median(all)), number(meter::percentile(all, 100))];
    Ok(Section {
        title: "Start",
        text: format!("From the start of the process to a healthy answer at `/healthz`, {times} times."),
        head: vec!["folder", "median ms", "longest ms"],
        rows: vec![row("fresh: the store is made", &fresh_ones), row("used, after kill -9", &used_ones)],
        verdicts: vec![Verdict {
            what: "`waxseald` binary start to serving",
            limit: 0.2,
            measured: median(&fresh_ones) / 1000.0,
            unit: "s",
            peers: "Synapse 10 s",
        }],
    })
}

fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))
}
