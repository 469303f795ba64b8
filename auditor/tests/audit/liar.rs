//! A server that shows what it is told to show, be it so or not.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxseal_transparency::{EpochLeaf, LogId, LogKeys, SignedHead};

use super::log::Log;

/// What is shown.
#[derive(Clone)]
pub(crate) struct Shows {
    pub(crate) keys: LogKeys,
    pub(crate) note: String,
    pub(crate) leaves: Vec<EpochLeaf>,
    pub(crate) steps: Vec<Vec<u8>>,
    pub(crate) handovers: HashMap<LogId, Vec<Vec<u8>>>,
    /// Answers in the place of those that belong there: path, status, bytes.
    pub(crate) instead: HashMap<String, (u16, Vec<u8>)>,
    /// Before each step.
    pub(crate) pause: Duration,
}

impl Shows {
    /// A log as it is, under a head.
    pub(crate) fn of(log: &Log, head: &SignedHead) -> Self {
        Self {
            keys: log.keys(),
            note: head.to_note(&log.keys()),
            leaves: log.leaves.clone(),
            steps: log.steps.clone(),
            handovers: HashMap::new(),
            instead: HashMap::new(),
            pause: Duration::ZERO,
        }
    }

    fn answer(&self, path: &str) -> (u16, Vec<u8>) {
        let path = path.split('?').next().unwrap();
        if let Some(instead) = self.instead.get(path) {
            return instead.clone();
        }
        match self.found(path) {
            Some(bytes) => (200, bytes),
            None => (404, b"There is nothing here.\n".to_vec()),
        }
    }

    fn found(&self, path: &str) -> Option<Vec<u8>> {
        let rest = path.strip_prefix("/log/")?;
        if rest == "keys" {
            return Some(format!("{}\n{}\n", hex::encode(self.keys.to_bytes()), self.keys.vkey()).into_bytes());
        }
        if rest == "checkpoint" {
            return Some(self.note.clone().into_bytes());
        }
        if let Some(epoch) = rest.strip_prefix("step/") {
            std::thread::sleep(self.pause);
            return self.steps.get(epoch.parse::<usize>().ok()? - 1).cloned();
        }
        if let Some(log) = rest.strip_prefix("handovers/") {
            let words = self.handovers.iter().find(|(id, _)| hex::encode(id.0) == log)?.1;
            return Some(words.iter().flat_map(|word| counted(word)).collect());
        }
        let tile = rest.strip_prefix("tile/entries/")?;
        let (index, width) = tile.split_once(".p/").unwrap_or((tile, "256"));
        let from = index.parse::<usize>().ok()? * 256;
        let leaves = self.leaves.get(from..from + width.parse::<usize>().ok()?)?;
        Some(leaves.iter().flat_map(|leaf| counted(&leaf.to_bytes())).collect())
    }
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// On a port that is free, until the test ends.
pub(crate) struct Liar {
    pub(crate) url: String,
    shows: Arc<Mutex<Shows>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    pub(crate) fn new(shows: Shows) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (shows, asked) = (Arc::new(Mutex::new(shows)), Arc::<Mutex<Vec<String>>>::default());
        let liar = Self { url, shows: Arc::clone(&shows), asked: Arc::clone(&asked) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shows, asked) = (Arc::clone(&shows), Arc::clone(&asked));
                std::thread::spawn(move || converse(stream, &shows, &asked));
            }
        });
        liar
    }

    /// Of a log as it is, its head signed `minutes` after it began.
    pub(crate) fn honest(log: &Log, minutes: u64) -> Self {
        Self::new(Shows::of(log, &log.head(minutes)))
    }

    /// From now on it shows this.
    pub(crate) fn show(&self, shows: Shows) {
        *self.shows.lock().unwrap() = shows;
    }

    /// Every path that was asked for since this was last called.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn converse(stream: TcpStream, shows: &Mutex<Shows>, asked: &Mutex<Vec<String>>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
        }
        let path = first.split(' ').nth(1)?.to_owned();
        asked.lock().unwrap().push(path.clone());
        let shows = shows.lock().unwrap().clone();
        let (status, bytes) = shows.answer(&path);
        write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n", bytes.len()).ok()?;
        stream.write_all(&bytes).ok()?;
    }
}
