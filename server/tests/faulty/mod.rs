//! Real programs on a disk that fails, killed at a chosen step, at a chosen time of the calendar.
//!
//! ```text
//!   Shim::build ──► cc shim.c ──► Faults::arm(command) ──► LD_PRELOAD, WAXSEAL_FAULT_…
//! ```
//! Used by the tests of both programs. A step is a change of a file below the folder that is watched. Needs Linux
//! and the C compiler that the build needs too.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

pub mod small;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a disk says to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// ENOSPC to whatever makes a file longer.
    Full,
    /// EROFS to every change.
    ReadOnly,
    /// EIO to every change.
    Broken,
}

/// What happens to one program.
#[derive(Debug, Clone)]
pub struct Faults {
    folder: PathBuf,
    kill: Option<u64>,
    power: Option<u64>,
    disk: Option<PathBuf>,
    clock: Option<u64>,
}

impl Faults {
    /// Nothing yet, to what is below `folder`.
    pub fn under(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), kill: None, power: None, disk: None, clock: None }
    }

    /// SIGKILL instead of the `nth` step; the first is 1.
    #[must_use]
    pub fn kill_at(self, nth: u64) -> Self {
        Self { kill: Some(nth), ..self }
    }

    /// At the kill the power goes too: of what no sync made durable, most is lost, as the seed has it.
    #[must_use]
    pub fn cut_power(self, seed: u64) -> Self {
        Self { power: Some(seed), ..self }
    }

    /// The disk does what [`set_mood`] last wrote into this file.
    #[must_use]
    pub fn disk(self, mood: &Path) -> Self {
        Self { disk: Some(mood.to_owned()), ..self }
    }

    /// The calendar says so many seconds after 1970 when the program starts.
    #[must_use]
    pub fn clock(self, seconds: u64) -> Self {
        Self { clock: Some(seconds), ..self }
    }

    /// Prepares a command.
    pub fn arm<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", shim()).env("WAXSEAL_FAULT_UNDER", &self.folder);
        let mut say = |name: &str, number: Option<u64>| {
            if let Some(number) = number {
                command.env(name, number.to_string());
            }
        };
        say("WAXSEAL_FAULT_KILL", self.kill);
        say("WAXSEAL_FAULT_POWER", self.power);
        say("WAXSEAL_FAULT_CLOCK", self.clock);
        if let Some(disk) = &self.disk {
            command.env("WAXSEAL_FAULT_DISK", disk);
        }
        command
    }
}

/// Changes what the disk does, from now on.
pub fn set_mood(file: &Path, mood: Mood) {
    let word = match mood {
        Mood::Well => "well",
        Mood::Full => "full",
        Mood::ReadOnly => "readonly",
        Mood::Broken => "broken",
    };
    // Whole at once: the program reads it at every step.
    let beside = file.with_extension("new");
    std::fs::write(&beside, word).unwrap();
    std::fs::rename(&beside, file).unwrap();
}

/// The compiled shim; made once a process.
fn shim() -> &'static Path {
    static MADE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("shim.c"), folder.path().join("shim.so"));
        std::fs::write(&source, include_str!("shim.c")).unwrap();
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut compile = Command::new(compiler);
        compile.args(["-std=gnu11", "-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).args(["-ldl", "-lpthread"]);
        let made = compile.output().expect("a C compiler, which the build needs too");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        (folder, library)
    });
    library
}
