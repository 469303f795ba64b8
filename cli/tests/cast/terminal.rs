//! A terminal emulator (tmux): keys in, what is on the screen out.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::PATIENCE;

static OPENED: AtomicUsize = AtomicUsize::new(0);

/// One window, running one program.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// Opens a window of this size that runs `program`.
    pub fn open(columns: usize, rows: usize, program: &str) -> Self {
        let socket = format!("waxseal-{}-{}", std::process::id(), OPENED.fetch_add(1, Ordering::Relaxed));
        let terminal = Self { socket };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let size = ["-x", columns.as_str(), "-y", rows.as_str()];
        terminal.done(&[["-f", "/dev/null", "new-session", "-d", "-s", "screen"].as_slice(), &size, &[program]].concat());
        terminal.done(&["set-option", "-g", "remain-on-exit", "on"]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut tmux = Command::new("tmux");
        tmux.env_remove("TMUX").env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color");
        tmux.args(["-u", "-L", &self.socket])
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("tmux: {error}; `make ready` installs it"))
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.tmux(arguments);
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, by tmux's names.
    pub fn keys(&mut self, keys: &[&str]) {
        self.done(&[["send-keys", "-t", "screen"].as_slice(), keys].concat());
    }

    /// Types text; a line's end is Enter.
    pub fn types(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.keys(&["Enter"]);
            }
            if !line.is_empty() {
                self.done(&["send-keys", "-t", "screen", "-l", line]);
            }
        }
    }

    /// Gives the window another size.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        self.done(&["resize-window", "-t", "screen", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.done(&["capture-pane", "-p", "-t", "screen"])
    }

    /// Waits until this is on the screen.
    pub fn sees(&mut self, expected: &str) {
        self.until(expected, |screen| screen.contains(expected));
    }

    /// Waits until the program has ended.
    pub fn ends(&mut self) {
        let since = Instant::now();
        while self.done(&["list-panes", "-t", "screen", "-F", "#{pane_dead}"]).trim() != "1" {
            assert!(since.elapsed() < PATIENCE, "it did not end:\n{}", self.screen());
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    fn until(&self, expected: &str, is: impl Fn(&str) -> bool) {
        let since = Instant::now();
        loop {
            let screen = self.screen();
            if is(&screen) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "the screen never showed {expected:?}, last:\n{screen}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
