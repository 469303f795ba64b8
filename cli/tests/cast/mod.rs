//! A real server and real people with real terminals, in a folder that is gone afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop with the reason"
)]
#![allow(clippy::disallowed_methods, reason = "waiting for other processes takes time")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of the cast")]

mod operator;
pub mod terminal;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const CLIENT: &str = env!("CARGO_BIN_EXE_waxseal");
/// No step of a conversation on one machine takes longer, even on a busy one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does something again and again until it comes true.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
    }
}

/// The server's program, built anew where it is missing or older than its source.
///
/// A run over the whole workspace has just built it; a run of these tests alone has not.
fn server_program() -> PathBuf {
    let beside = Path::new(CLIENT).with_file_name(format!("waxseald{}", std::env::consts::EXE_SUFFIX));
    if is_fresh(&beside) {
        return beside;
    }
    let mut build = Command::new(env!("CARGO"));
    // Of the whole workspace, as the client was: else Cargo would build every dependency a second time.
    build.args(["build", "--quiet", "--locked", "--workspace", "--bin", "waxseald"]);
    if Path::new(CLIENT).components().any(|part| part.as_os_str() == "release") {
        build.arg("--release");
    }
    let built = build.current_dir(ROOT).status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "waxseald does not build; these tests need it: cargo build --workspace --bin waxseald"
    );
    assert!(beside.exists(), "waxseald was built, but is not beside {CLIENT}");
    beside
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Whether nothing that Cargo lists as the program's source changed since it was built.
fn is_fresh(program: &Path) -> bool {
    let changed = |file: &Path| std::fs::metadata(file).and_then(|data| data.modified()).ok();
    let (Some(built), Ok(list)) = (changed(program), std::fs::read_to_string(program.with_extension("d"))) else { return false };
    let Some((_, sources)) = list.split_once(": ") else { return false };
    // In this list a space inside a name has a backslash before it.
    let sources = sources.replace("\\ ", "\0");
    let sources = sources.split_whitespace().map(|source| PathBuf::from(source.replace('\0', " ")));
    // The page is part of it, once there is one.
    let page = Some(Path::new(ROOT).join("web/page/page.manifest")).filter(|manifest| manifest.exists());
    sources.chain([Path::new(ROOT).join("Cargo.lock")]).chain(page).all(|source| changed(&source).is_some_and(|at| at <= built))
}

/// A running `waxseald` with a data folder of its own.
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    /// With its scheme: `http://127.0.0.1:12345`.
    pub address: String,
    process: Child,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let program = server_program();
        let (process, address) = Self::launch(&program, folder, "127.0.0.1:0");
        Self { program, folder: folder.to_owned(), address, process }
    }

    fn launch(program: &Path, folder: &Path, listen: &str) -> (Child, String) {
        let mut process = Command::new(program)
            .args(["run", "--admin", "127.0.0.1:0", "--listen", listen, "--log", "warn", "--folder"])
            .arg(folder)
            // A configuration that lies here is the test's; none is looked for elsewhere.
            .env("WAXSEALD_CONFIG", folder.with_extension("toml"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut greeting).unwrap();
        let address = greeting.split_whitespace().find(|word| word.starts_with("http"));
        let address = address.unwrap_or_else(|| panic!("waxseald did not say where it listens: {greeting:?}")).to_owned();
        (process, address)
    }

    /// What its operator gives to another operator, who is to be its witness.
    pub fn witness_line(&self) -> String {
        let said = Command::new(&self.program)
            .args(["witness", "--url", &self.address, "--folder"])
            .arg(&self.folder)
            .env("WAXSEALD_CONFIG", self.folder.with_extension("toml"))
            .output()
            .unwrap();
        assert!(said.status.success(), "{said:?}");
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Ends it, as a power cut would.
    pub fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was, under another configuration.
    pub fn configure(&mut self, config: &str) {
        self.stop();
        std::fs::write(self.folder.with_extension("toml"), config).unwrap();
        self.start_again();
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        let listen = self.address.split_once("://").unwrap().1.to_owned();
        self.process = Self::launch(&self.program, &self.folder, &listen).0;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server and a place for people's profiles.
pub struct Town {
    pub server: Server,
    folder: TempDir,
}

impl Town {
    pub fn new() -> Self {
        Self::configured(tempfile::tempdir().unwrap(), "")
    }

    /// In this folder, with a server that is configured so.
    pub fn configured(folder: TempDir, config: &str) -> Self {
        std::fs::write(folder.path().join("server.toml"), config).unwrap();
        Self { server: Server::start(&folder.path().join("server")), folder }
    }

    /// Somebody with a terminal, not registered yet.
    pub fn person(&self, name: &str) -> Person {
        let home = self.folder.path().join("home");
        Person { name: name.to_owned(), home, server: self.server.address.clone(), trusts: None, launcher: None }
    }

    /// Where the server listens.
    pub fn address(&self) -> String {
        self.server.address.clone()
    }

    /// The key file of a profile.
    pub fn key(&self, profile: &str) -> String {
        self.folder.path().join(format!("{profile}.key")).to_str().unwrap().to_owned()
    }

    /// A command line of a profile, for a shell; a passphrase opens it unless a key file is named.
    pub fn waxseal(&self, profile: &str, more: &[&str]) -> String {
        let home = self.folder.path().join("home");
        format!("{CLIENT} --home {} --profile {profile} {}", home.display(), more.join(" "))
    }

    /// What a shell needs so that `waxseal` is this one, in this town. One key file opens every profile.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let beside = Path::new(CLIENT).parent().unwrap();
        let path = std::env::join_paths(
            [beside.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        vec![
            ("PATH", path.unwrap()),
            ("WAXSEAL_HOME", self.folder.path().join("home").into()),
            ("WAXSEAL_SERVER", self.address().into()),
            ("WAXSEAL_KEY_FILE", self.folder.path().join("town.key").into()),
        ]
    }

    /// Somebody with an account.
    pub fn registered(&self, name: &str) -> Person {
        let person = self.person(name);
        person.done(&["register", name]);
        person
    }
}

/// One profile on this machine.
pub struct Person {
    name: String,
    home: PathBuf,
    server: String,
    trusts: Option<PathBuf>,
    launcher: Option<Launcher>,
}

/// Starts a program by way of another.
type Launcher = Rc<dyn Fn(&Path) -> Command>;

impl Person {
    /// The same person, whose program is started so, and whose profiles are in this folder.
    pub fn who_lives_in(self, home: &Path, launch: impl Fn(&Path) -> Command + 'static) -> Self {
        Self { home: home.to_owned(), launcher: Some(Rc::new(launch)), ..self }
    }

    /// The same person, told of another server.
    pub fn with_server(&self, server: &str) -> Self {
        let (name, home, server) = (self.name.clone(), self.home.clone(), server.to_owned());
        Self { name, home, server, trusts: self.trusts.clone(), launcher: self.launcher.clone() }
    }

    /// The same person, who trusts these certificates too.
    pub fn who_trusts(self, ca: &Path) -> Self {
        Self { trusts: Some(ca.to_owned()), ..self }
    }

    /// Where all profiles of the town and their keys are.
    pub fn folder(&self) -> &Path {
        self.home.parent().unwrap()
    }

    /// The program with a verb, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match &self.launcher {
            Some(launch) => launch(Path::new(CLIENT)),
            None => Command::new(CLIENT),
        };
        let wanted: Vec<_> = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(wanted);
        command.arg("--home").arg(&self.home).args(["--profile", &self.name, "--server", &self.server]);
        if let Some(ca) = &self.trusts {
            command.arg("--ca").arg(ca);
        }
        command.arg("--key-file").arg(self.home.with_file_name(format!("{}.key", self.name)));
        command.args(arguments);
        command
    }

    /// Runs a verb.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a verb that must succeed; gives back what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{} {arguments:?}: {}\n{said}{complained}", self.name, output.status);
        said
    }

    /// Runs a verb that must fail with this exit code; gives back what it complained.
    pub fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{} {arguments:?}: {complained}", self.name);
        complained
    }

    /// Runs a verb again and again until it prints this.
    pub fn until(&self, arguments: &[&str], expected: &str) -> String {
        let since = Instant::now();
        loop {
            let said = self.done(arguments);
            if said.contains(expected) {
                return said;
            }
            assert!(since.elapsed() < PATIENCE, "{} never saw {expected:?} in {arguments:?}, last:\n{said}", self.name);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Repeats a verb until it succeeds with this text: somebody may still be letting go of the profile.
    pub fn at_last(&self, arguments: &[&str], expected: &str) {
        let since = Instant::now();
        loop {
            let output = self.run(arguments);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if output.status.success() && said.contains(expected) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{} {arguments:?}: {}\n{said}", self.name, output.status);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Starts `listen --json`.
    pub fn listen(&self) -> Listener {
        let mut process = self.command(&["listen", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (put, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if put.send(line).is_err() {
                    return;
                }
            }
        });
        Listener { process, input, lines, heard: Vec::new() }
    }
}

/// A running bot's ears and mouth.
pub struct Listener {
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Listener {
    /// Waits for an event of this kind for which `is` holds.
    pub fn hear(&mut self, event: &str, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let since = Instant::now();
        loop {
            match self.lines.recv_timeout(PATIENCE.saturating_sub(since.elapsed())) {
                Ok(line) => {
                    let value: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
                    assert_eq!(value["v"], 1, "{line}");
                    self.heard.push(line);
                    if value["event"] == event && is(&value) {
                        return value;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("never heard {event}; heard:\n{}", self.heard.join("\n")),
                Err(RecvTimeoutError::Disconnected) => panic!("stopped before {event}; heard:\n{}", self.heard.join("\n")),
            }
        }
    }

    /// Hands in one command.
    pub fn order(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `waxseal link`, showing its code and waiting.
pub struct Linking {
    pub code: String,
    process: Child,
}

impl Person {
    /// Starts `link` and takes its code.
    pub fn link_code(&self) -> Linking {
        let mut process = self.command(&["link"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut code = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut code).unwrap();
        Linking { code: code.trim().to_owned(), process }
    }
}

impl Linking {
    /// Waits until the other device has joined.
    pub fn finished(mut self) {
        assert!(self.process.wait().unwrap().success(), "link did not end well");
    }
}
