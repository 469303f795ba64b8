//! The auditor's program, and the server's where Cargo put it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use tempfile::TempDir;

const AUDITOR: &str = env!("CARGO_BIN_EXE_waxseal-auditor");

/// What a run of it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// An auditor of one server, in a folder of its own.
pub(crate) struct Auditor {
    folder: TempDir,
    server: String,
}

impl Auditor {
    /// Of the server at `http://…`.
    pub(crate) fn of(server: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: server.to_owned() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(AUDITOR);
        command.current_dir(self.folder.path()).args(words);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let output = self.command(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let run = Run { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!run.err.contains("panicked"), "{run:?}");
        run
    }

    pub(crate) fn following(&self, words: &[&str]) -> Command {
        let mut command = self.command(&["follow", &self.server, "--state", "state"]);
        command.args(words);
        command
    }

    pub(crate) fn once_with(&self, words: &[&str]) -> Run {
        self.run(&[&["follow", &self.server, "--state", "state", "--once"], words].concat())
    }

    pub(crate) fn once(&self) -> Run {
        self.once_with(&[])
    }

    /// Looks once, and all holds.
    pub(crate) fn holds(&self) -> String {
        let run = self.once();
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.out.contains("good: "), "{run:?}");
        run.out
    }

    /// Looks once, and is lied to: the sentence, and what `check` makes of the evidence.
    pub(crate) fn catches(&self) -> (String, Run) {
        let run = self.once();
        assert_eq!(run.code, 1, "{run:?}");
        let sentence = run.err.lines().find_map(|line| line.strip_prefix("LIE: ")).unwrap_or_else(|| panic!("{run:?}"));
        let evidence = run.err.lines().find_map(|line| line.trim().strip_prefix("evidence: ")).unwrap();
        let evidence = evidence.rsplit_once(" (").unwrap().0;
        let checked = self.run(&["check", evidence]);
        // It is said again, and nothing is asked, until a person has looked.
        let again = self.once();
        assert_eq!((again.code, again.err.contains(sentence)), (1, true), "{again:?}");
        (sentence.to_owned(), checked)
    }

    /// Is lied to, and anybody can see it.
    pub(crate) fn convicts(&self) -> String {
        let (sentence, checked) = self.catches();
        assert!(checked.code == 0 && checked.out.starts_with("PROVEN."), "{sentence} {checked:?}");
        sentence
    }

    /// Is lied to, and has to be believed.
    pub(crate) fn testifies(&self) -> String {
        let (sentence, checked) = self.catches();
        assert!(checked.code == 1 && checked.out.starts_with("NOT PROVEN."), "{sentence} {checked:?}");
        sentence
    }
}

/// The real server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_at(folder, "127.0.0.1:0")
    }

    pub(crate) fn start_at(folder: &Path, listen: &str) -> Self {
        Self::start_with(folder, listen, &[])
    }

    pub(crate) fn start_with(folder: &Path, listen: &str, words: &[&str]) -> Self {
        let mut command = Command::new(waxseald());
        command.args(["run", "--admin", "127.0.0.1:0", "--listen", listen, "--folder"]).arg(folder).args(words);
        // A configuration that lies about is not the test's.
        command.env("WAXSEALD_LOG", "error").env_remove("WAXSEALD_CONFIG").current_dir(folder.parent().unwrap());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("it should say where it listens, not {line:?}")).trim().to_owned();
        Self { child, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Built where it is missing or older than its source: a run over the whole workspace has just built it.
pub(crate) fn waxseald() -> PathBuf {
    static BUILT: Once = Once::new();
    let beside = Path::new(AUDITOR).with_file_name(format!("waxseald{}", std::env::consts::EXE_SUFFIX));
    BUILT.call_once(|| {
        if is_fresh(&beside) {
            return;
        }
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "-p", "waxseal-server", "--bin", "waxseald"]);
        if Path::new(AUDITOR).components().any(|part| part.as_os_str() == "release") {
            build.arg("--release");
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.is_ok_and(|status| status.success()), "waxseald does not build, and these tests need it");
    });
    assert!(beside.exists(), "waxseald is not beside {AUDITOR}");
    beside
}

/// Whether nothing that Cargo lists as the program's source changed since it was built.
fn is_fresh(program: &Path) -> bool {
    let changed = |file: &Path| std::fs::metadata(file).and_then(|data| data.modified()).ok();
    let (Some(built), Ok(list)) = (changed(program), std::fs::read_to_string(program.with_extension("d"))) else { return false };
    let Some((_, sources)) = list.split_once(": ") else { return false };
    // In this list a space inside a name has a backslash before it.
    let sources = sources.replace("\\ ", "\0");
    sources.split_whitespace().all(|source| changed(Path::new(&source.replace('\0', " "))).is_some_and(|at| at <= built))
}
