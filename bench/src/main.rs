//! `waxseal-bench`: measures the real server and the real client.
//!
//! ```text
//!   opaque   server CPU for each delivery      talk   send → shown, real clients
//!   idle     memory for each connection        core   seal, open, Commit, join
//!   start    from start to serving             browser  the page in a real Chromium
//!   all      everything, and the page about it
//! ```
//! The server is always `waxseald` in a process of its own. Never measures
//! itself where it can be told apart.

mod browser;
mod device;
mod door;
mod failure;
mod group;
mod idle;
mod meter;
mod opaque;
mod page;
mod person;
mod program;
mod speaker;
mod start;
mod talk;
mod tape;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::page::Section;

/// Measures Waxseal on this machine
#[derive(Debug, Parser)]
#[command(name = "waxseal-bench", version)]
struct Args {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// A few seconds of everything: shows that it works, measures nothing worth keeping
    #[arg(long)]
    quick: bool,
    /// Leave the browser out, where there is none
    #[arg(long)]
    without_browser: bool,
    /// The server program [default: waxseald beside this program]
    #[arg(long, value_name = "PATH")]
    waxseald: Option<PathBuf>,
    /// Write the page here
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Server CPU for each delivery of opaque messages
    Opaque,
    /// Real clients: send to shown
    Talk,
    /// Memory for each idle connection
    Idle,
    /// CPU of seal, open, Commit and join
    Core,
    /// From start to serving
    Start,
    /// The page in a real Chromium
    Browser,
    /// Everything
    All,
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let source = std::error::Error::source(&failure).map(|source| format!(": {source}")).unwrap_or_default();
            eprintln!("waxseal-bench: {failure}{source}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<(), Failure> {
    let before = format!("{}, a sync took {} ms", load(), page::number(sync_wait()?));
    let wants = |what| args.what == What::All || args.what == what;
    let runtime = Runtime::new().map_err(|error| Failure::Disk("a runtime", error))?;
    let mut sections = Vec::new();
    let mut done = |section: Section| {
        println!("{}", page::section(&section));
        sections.push(section);
    };
    if wants(What::Opaque) {
        done(runtime.block_on(opaque::measure(&program::find(args.waxseald.clone())?, args.quick))?);
    }
    if wants(What::Talk) {
        done(runtime.block_on(talk::measure(&program::find(args.waxseald.clone())?, args.quick))?);
    }
    if wants(What::Idle) {
        done(runtime.block_on(idle::measure(&program::find(args.waxseald.clone())?, args.quick))?);
    }
    if wants(What::Core) {
        group::measure(args.quick)?.into_iter().for_each(&mut done);
    }
    if wants(What::Browser) && !args.without_browser {
        done(runtime.block_on(browser::measure(&program::find(args.waxseald.clone())?, args.quick))?);
    }
    if wants(What::Start) {
        done(start::measure(&program::find(args.waxseald.clone())?, args.quick)?);
    }
    let after = format!("{}, {} ms", load(), page::number(sync_wait()?));
    let machine = machine(&before, &after);
    println!("{machine}\n\n{}", page::verdicts(&sections));
    match &args.write {
        Some(path) => page::write(path, &machine, &sections),
        None => Ok(()),
    }
}

/// What the disk makes everybody wait: a page appended to a file and synced, median of 100, in milliseconds.
fn sync_wait() -> Result<f64, Failure> {
    let mut file = tempfile::tempfile().map_err(|error| Failure::Disk("a file", error))?;
    let mut waits = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        file.write_all(&[1; 4096]).and_then(|()| file.sync_data()).map_err(|error| Failure::Disk("a file", error))?;
        waits.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(meter::median(&waits))
}

/// The machine, and how busy it was with other things.
fn machine(before: &str, after: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let info = read("/proc/cpuinfo");
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown").trim_start_matches([' ', '\t', ':']);
    let memory = read("/proc/meminfo");
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok());
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.split('-').next().unwrap_or_default().trim();
    format!(
        "Machine: {cpus} × {model}, {} GiB, Linux {kernel}. Load average (1, 5, 15 min) before: {before}; after: {after}. \
         The load of the measurement itself is in it; what is more is other work. A sync is 4 KiB appended to a file with fdatasync, median.",
        kib.unwrap_or_default() >> 20
    )
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
