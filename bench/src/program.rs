//! The real `waxseald`, a process of its own, so that its cost is told apart from ours.
//!
//! Called by every measurement that needs a server. Reads what the kernel
//! counts of the process; asks the server nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::meter;

/// Everything at its default but the rate limits: the load comes from a few busy people.
const CONFIG: &str = "[limits]\nrequests_per_second = 0\ngroup_per_second = 0\n";

/// A running server in a folder that goes away with it.
pub(crate) struct Program {
    child: Child,
    /// Where clients connect.
    pub(crate) address: String,
    /// From its start to the first healthy answer.
    pub(crate) ready: Duration,
}

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Pages that are there.
    pub(crate) rss: u64,
    /// The same, shared ones by their share.
    pub(crate) pss: u64,
}

/// The server beside this program, unless another one was named.
pub(crate) fn find(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let beside = std::env::current_exe().map(|own| own.with_file_name("waxseald"));
    let path = named.or(beside.ok()).unwrap_or_else(|| "waxseald".into());
    if path.is_file() { Ok(path) } else { Err(Failure::NoServer(path)) }
}

impl Program {
    /// Starts it with its data under `folder`, and waits until it is healthy.
    pub(crate) fn start(waxseald: &Path, folder: &Path) -> Result<Self, Failure> {
        let config = folder.join("waxseald.toml");
        std::fs::write(&config, CONFIG).map_err(|error| Failure::Disk("the configuration", error))?;
        let mut command = Command::new(waxseald);
        command.args(["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log", "error"]);
        command.env("WAXSEALD_FOLDER", folder.join("data")).env("WAXSEALD_CONFIG", config);
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| Failure::Disk("waxseald does not start", error))?;
        let mut line = String::new();
        if let Some(out) = &mut child.stdout {
            BufReader::new(out).read_line(&mut line).map_err(|error| Failure::Disk("waxseald says nothing", error))?;
        }
        let address = line.split("://").nth(1).and_then(|rest| rest.split(' ').next()).ok_or(Failure::Dead)?.to_owned();
        let mut program = Self { child, address, ready: Duration::ZERO };
        if !is_healthy(&program.address).map_err(|error| Failure::Disk("/healthz", error))? {
            return Err(Failure::Dead);
        }
        program.ready = began.elapsed();
        Ok(program)
    }

    /// Processor time that it has used, in user space and in the kernel.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        meter::process_cpu(self.child.id())
    }

    /// Memory that it holds.
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))
            .map_err(|error| Failure::Disk("smaps_rollup", error))?;
        let field = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let fields = field("Rss:").zip(field("Pss:")).ok_or(Failure::Unexpected("smaps_rollup"))?;
        Ok(Memory { rss: fields.0, pss: fields.1 })
    }
}

impl Drop for Program {
    /// The data goes away anyway.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn is_healthy(address: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}
