//! The real `waxseald`, on ports that are free, in a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::faulty::Faults;

pub(crate) struct Program {
    child: Child,
    /// Where clients connect, as it printed.
    pub(crate) address: String,
    /// From its start to the line that says it listens.
    pub(crate) ready_in: Duration,
}

/// The program, where Cargo put it.
pub(crate) const WAXSEALD: &str = env!("CARGO_BIN_EXE_waxseald");

/// The program with a verb, away from configuration that may lie about.
pub(crate) fn waxseald(folder: &Path) -> Command {
    at_home(Command::new(WAXSEALD), folder)
}

/// The same by way of another program that starts it.
pub(crate) fn at_home(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder.parent().unwrap()).env("WAXSEALD_FOLDER", folder).env_remove("WAXSEALD_CONFIG");
    command
}

pub(crate) fn verb(folder: &Path, words: &[&str]) -> Output {
    waxseald(folder).args(words).output().unwrap()
}

impl Program {
    pub(crate) fn start(folder: &Path, words: &[&str]) -> Self {
        Self::launch(waxseald(folder), words).unwrap()
    }

    /// On a disk that fails, or to die at a moment that was chosen: that may be before it is ready.
    pub(crate) fn start_with(folder: &Path, words: &[&str], faults: &Faults) -> Option<Self> {
        let mut command = waxseald(folder);
        faults.arm(&mut command);
        Self::launch(command, words)
    }

    /// By a command that was prepared; `None` where it ends before it is ready.
    pub(crate) fn launch(command: Command, words: &[&str]) -> Option<Self> {
        Self::launch_at("127.0.0.1:0", command, words)
    }

    /// The same, where others look for it.
    pub(crate) fn launch_at(listen: &str, mut command: Command, words: &[&str]) -> Option<Self> {
        let began = Instant::now();
        command.env("WAXSEALD_LOG", "error");
        command.args(["run", "--listen", listen, "--admin", "127.0.0.1:0"]).args(words);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            child.wait().unwrap();
            return None;
        }
        let address = line.split("://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("it should say where it listens, not {line:?}")).to_owned();
        Some(Self { child, address, ready_in: began.elapsed() })
    }

    /// Waits until it has died by itself; kills it where it does not.
    pub(crate) fn dead(mut self, within: Duration) -> bool {
        let since = Instant::now();
        while since.elapsed() < within {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        false
    }

    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// As a power cut: no last words.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop; the exit code.
    pub(crate) fn stop(self) -> Option<i32> {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it has stopped; the exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Memory that it holds, in KiB; `None` where the system does not tell.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The admin listener's address and token, as they lie in the folder.
pub(crate) fn admin(folder: &Path) -> (String, String) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
    (read("admin.address"), read("admin.token"))
}

/// One plain HTTP request: status and body.
pub(crate) fn http(address: &str, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    std::io::Write::write_all(&mut stream, format!("{head}\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A data folder that is not there yet, inside one that goes away with the test.
pub(crate) fn folder() -> (tempfile::TempDir, PathBuf) {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("data");
    (around, folder)
}
