//! A small disk of its own for one folder: soon full, and soon read-only.
//!
//! A real one (a tmpfs in namespaces of its own) where the system lets us mount it, else one that the shim pretends.
//! Either way the same sentences hold; which one it was is printed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Faults, Mood, set_mood};

pub struct SmallDisk {
    folder: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Mounted where only this process, and who joins it, can see it.
    Real(Child),
    Pretended {
        mood: PathBuf,
    },
}

impl SmallDisk {
    /// A disk of so many MiB at `folder`, which is made.
    pub fn new(folder: &Path, mebibytes: u32) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let kind = mount(folder, mebibytes).map_or_else(
            || {
                let mood = folder.with_extension("mood");
                set_mood(&mood, Mood::Well);
                Kind::Pretended { mood }
            },
            Kind::Real,
        );
        eprintln!("{} is {}", folder.display(), if matches!(kind, Kind::Real(_)) { "a real small disk" } else { "pretended" });
        Self { folder: folder.to_owned(), kind }
    }

    /// A program that sees the disk.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        match &self.kind {
            Kind::Real(holder) => {
                let mut command = join(holder);
                command.arg(program.as_ref());
                command
            }
            Kind::Pretended { mood } => {
                let mut command = Command::new(program.as_ref());
                Faults::under(&self.folder).disk(mood).arm(&mut command);
                command
            }
        }
    }

    /// Leaves no room on it.
    pub fn fill(&self) {
        match &self.kind {
            Kind::Real(_) => {
                let mut ballast = std::fs::File::options().create(true).append(true).open(self.ballast()).unwrap();
                while ballast.write_all(&[0x55; 4096]).is_ok() {}
            }
            Kind::Pretended { mood } => set_mood(mood, Mood::Full),
        }
    }

    /// Makes room again.
    pub fn clear(&self) {
        match &self.kind {
            Kind::Real(_) => std::fs::remove_file(self.ballast()).unwrap(),
            Kind::Pretended { mood } => set_mood(mood, Mood::Well),
        }
    }

    /// Nothing can be written any more. No program may have a file of it open.
    pub fn freeze(&self) {
        self.remount("ro", Mood::ReadOnly);
    }

    /// Things can be written again.
    pub fn thaw(&self) {
        self.remount("rw", Mood::Well);
    }

    fn remount(&self, how: &str, pretended: Mood) {
        match &self.kind {
            Kind::Real(holder) => {
                let done = join(holder).args(["mount", "-o", &format!("remount,{how}")]).arg(&self.folder).status().unwrap();
                assert!(done.success());
            }
            Kind::Pretended { mood } => set_mood(mood, pretended),
        }
    }

    fn ballast(&self) -> PathBuf {
        let Kind::Real(holder) = &self.kind else { panic!("there is no ballast on a disk that is pretended") };
        let mut path = PathBuf::from(format!("/proc/{}/root", holder.id())).into_os_string();
        path.push(self.folder.join("ballast"));
        path.into()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Kind::Real(holder) = &mut self.kind {
            holder.kill().ok();
            holder.wait().ok();
        }
    }
}

/// Somebody who holds a mounted disk for as long as they live; `None` where this system does not let us, or where
/// `WAXSEAL_NO_MOUNT` says not to try.
fn mount(folder: &Path, mebibytes: u32) -> Option<Child> {
    if std::env::var_os("WAXSEAL_NO_MOUNT").is_some() {
        return None;
    }
    let script = r#"mount -t tmpfs -o "size=$2" none "$1" && echo mounted && exec sleep 86400"#;
    let mut holder = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .arg(folder)
        .arg(format!("{mebibytes}m"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut said = String::new();
    BufReader::new(holder.stdout.take()?).read_line(&mut said).ok()?;
    if said.trim() == "mounted" {
        return Some(holder);
    }
    holder.wait().ok();
    None
}

fn join(holder: &Child) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--preserve-credentials", "-U", "-m", "-t", &holder.id().to_string(), "--"]);
    command
}
