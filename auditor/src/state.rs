//! What the auditor knows: which log it follows, how far, what it saw last. Text (JSON), so that a person can look at it.
//!
//! Called by `round`, which saves it after every step that must not be taken back, and before anything is said. What was
//! read is checked as if somebody else had written it: a damaged state is not gone on from.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use waxseal_transparency::tree::{Hash, is_included};
use waxseal_transparency::{EpochLeaf, LogKeys, Shown, SignedHead};

use crate::grown::Grown;
use crate::kept;
use crate::source::read_keys;

const VERSION: u32 = 1;
/// Nothing in it grows with the log, but for a logarithm.
const MOST: u64 = 1 << 20;

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// The disk, or the rights to it.
    #[error("{path}: {0}", path = .1.display())]
    Io(#[source] io::Error, PathBuf),
    /// Not what this program wrote.
    #[error("{}: this is no state of an auditor, or it is damaged; without it the audit begins anew", .0.display())]
    Damaged(PathBuf),
    /// Another process audits.
    #[error("{}: another auditor is at work with it", .0.display())]
    Busy(PathBuf),
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// As it was written: another server has another state.
    pub(crate) server: String,
    /// The log that was followed first.
    pub(crate) pinned: LogKeys,
    /// The log that is followed now.
    pub(crate) log: LogKeys,
    /// Every epoch so far, verified.
    pub(crate) grown: Grown,
    /// The newest head that agrees with that, its last epoch, and that it stands there.
    pub(crate) settled: Option<Shown>,
    /// A larger head, signed, that is on its way to be verified.
    pub(crate) target: Option<SignedHead>,
    /// What the log before promised of this one: a size and the root there.
    pub(crate) promised: Option<(u64, Hash)>,
    /// That it was caught. Until a person removes the state, nothing more is verified.
    pub(crate) lie: Option<Told>,
}

/// A lie, as it was told to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    pub(crate) sentence: String,
    pub(crate) evidence: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    server: String,
    pinned: String,
    log: String,
    size: u64,
    before: Vec<String>,
    last: Option<String>,
    settled: Option<WrittenHead>,
    target: Option<String>,
    promised: Option<(u64, String)>,
    lie: Option<Told>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHead {
    head: String,
    leaf: String,
    inclusion: Vec<String>,
}

impl State {
    /// Before anything was seen of a log.
    pub(crate) fn new(server: String, pinned: LogKeys, log: LogKeys) -> Self {
        Self { server, pinned, log, grown: Grown::default(), settled: None, target: None, promised: None, lie: None }
    }

    /// Reads it; `None` where there is none.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, StateError> {
        let bytes = match kept::take(path, MOST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Io(error, path.to_owned())),
        };
        let state = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).and_then(Self::of_written);
        state.map(Some).ok_or_else(|| StateError::Damaged(path.to_owned()))
    }

    /// Makes it durable.
    pub(crate) fn save(&self, path: &Path) -> Result<(), StateError> {
        let io = |error| StateError::Io(error, path.to_owned());
        let bytes = serde_json::to_vec_pretty(&self.to_written()).map_err(|error| io(error.into()))?;
        kept::put(path, &bytes).map_err(io)
    }

    /// The larger of the heads that were seen.
    pub(crate) fn seen(&self) -> Option<&SignedHead> {
        self.target.as_ref().or(self.settled.as_ref().map(|settled| &settled.head))
    }

    fn to_written(&self) -> Written {
        let hashes = |all: &[Hash]| all.iter().map(hex::encode).collect();
        Written {
            version: VERSION,
            server: self.server.clone(),
            pinned: hex::encode(self.pinned.to_bytes()),
            log: hex::encode(self.log.to_bytes()),
            size: self.grown.size,
            before: hashes(&self.grown.before),
            last: self.grown.last.map(|leaf| hex::encode(leaf.to_bytes())),
            settled: self.settled.as_ref().map(|shown| WrittenHead {
                head: hex::encode(shown.head.encode()),
                leaf: hex::encode(shown.leaf.to_bytes()),
                inclusion: hashes(&shown.inclusion),
            }),
            target: self.target.as_ref().map(|head| hex::encode(head.encode())),
            promised: self.promised.map(|(size, root)| (size, hex::encode(root))),
            lie: self.lie.clone(),
        }
    }

    fn of_written(read: Written) -> Option<Self> {
        let log = read_keys(&read.log)?;
        let last = read.last.map(|leaf| self::leaf(&leaf).ok_or(())).transpose().ok()?;
        let grown = Grown { size: read.size, before: hashes(&read.before)?, last };
        let settled = read.settled.map(|it| {
            let (head, leaf) = (head(&it.head, &log)?, self::leaf(&it.leaf)?);
            Some(Shown { head, leaf, inclusion: hashes(&it.inclusion)? })
        });
        let settled = settled.map(|it| it.filter(stands).ok_or(())).transpose().ok()?;
        let target = read.target.map(|it| head(&it, &log).ok_or(())).transpose().ok()?;
        let promised = read.promised.map(|(size, root)| hash(&root).map(|root| (size, root)).ok_or(())).transpose().ok()?;
        let state =
            Self { server: read.server, pinned: read_keys(&read.pinned)?, log, grown, settled, target, promised, lie: read.lie };
        (read.version == VERSION && state.grown.is_whole() && state.agrees()).then_some(state)
    }

    /// Our tree is at the settled head, or on the way from there to the target.
    fn agrees(&self) -> bool {
        let (size, root) = (self.grown.size, self.grown.root());
        let settled = self.settled.as_ref().map_or(0, |shown| shown.head.head.size);
        match &self.target {
            Some(target) => (settled..=target.head.size).contains(&size),
            None => size == settled && self.settled.as_ref().map(|shown| shown.head.head.root) == root,
        }
    }
}

fn stands(shown: &Shown) -> bool {
    let head = &shown.head.head;
    is_included(&shown.leaf.hash(), head.size.saturating_sub(1), head.size, &shown.inclusion, &head.root)
}

fn hash(text: &str) -> Option<Hash> {
    hex::decode(text).ok()?.try_into().ok()
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

fn leaf(text: &str) -> Option<EpochLeaf> {
    EpochLeaf::from_bytes(&hex::decode(text).ok()?).ok()
}

fn head(text: &str, log: &LogKeys) -> Option<SignedHead> {
    SignedHead::decode(&hex::decode(text).ok()?).ok().filter(|head| head.verify(log).is_ok())
}
