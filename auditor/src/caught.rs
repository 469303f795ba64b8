//! A lie: what it was in a sentence, and what shows it to others.
//!
//! Called by `round` where something does not hold. Looks for what convicts the log by its own signature, and asks the
//! offline check before it says so; what is not signed becomes testimony, and says that it is. Never decides what is done about it.
//!
//! ```text
//!   something is wrong under a head ─► all epochs under it ─► do they hash to its root?
//!        no: testimony (what is shown is not what was signed)
//!        yes: a leaf that differs from ours ─► fork;   a step that does not hold ─► rewritten;   a wrong number ─► malformed
//! ```

use waxseal_transparency::tree::Hash;
use waxseal_transparency::{EpochLeaf, Evidence, LogKeys, Shown, SignedHead, Verdict, evidence};

use crate::grown;
use crate::source::{Source, TILE, Trouble};

/// First line of a file that proves nothing by itself.
pub(crate) const TESTIMONY: &str = "waxseal-auditor testimony v1";
/// So many epochs are looked at again to accuse a log; beyond that there is testimony.
const MOST: u64 = 1 << 24;

/// What the log did, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caught {
    /// For people: what happened, and in which epoch.
    pub(crate) sentence: String,
    /// Where it happened: an epoch, or the size of a head.
    pub(crate) epoch: u64,
    /// A file for `check`.
    pub(crate) file: Vec<u8>,
    /// Whether that file convicts the log by its own signature.
    pub(crate) convicts: bool,
}

/// What does not hold under a head.
pub(crate) enum Suspicion {
    /// The step to this epoch, which is of the hash that the epoch names.
    Step(u64, Vec<u8>),
    /// An epoch of another number than its place.
    Number(u64),
    /// An epoch that is later than the head over it.
    Time(u64),
    /// The root of all that was verified is another one.
    Root,
}

impl Suspicion {
    fn what(&self, size: u64) -> (u64, String) {
        match self {
            Self::Step(epoch, _) => (*epoch, format!("epoch {epoch} did more than add to the one before")),
            Self::Number(epoch) => (*epoch, format!("where epoch {epoch} belongs stands one of another number")),
            Self::Time(epoch) => (*epoch, format!("epoch {epoch} is of a later time than the tree head over it")),
            Self::Root => (size, format!("the tree head of {size} epochs is not that of the epochs that were verified")),
        }
    }
}

/// Two heads that do not go together.
pub(crate) fn heads(log: &LogKeys, seen: &SignedHead, new: &SignedHead, what: String) -> Caught {
    let shown = Evidence::Heads { log: *log, one: seen.clone(), other: new.clone() };
    let parts = [("seen", seen.encode()), ("new", new.encode())];
    best(log, new.head.size, what, [shown], &parts)
}

/// What nobody signed.
pub(crate) fn unsigned(log: &LogKeys, epoch: u64, what: String, parts: &[(&str, Vec<u8>)]) -> Caught {
    best(log, epoch, what, [], parts)
}

/// Something under a head that its log signed.
pub(crate) async fn under(
    source: &mut Source,
    log: &LogKeys,
    settled: Option<&Shown>,
    head: &SignedHead,
    suspicion: Suspicion,
) -> Result<Caught, Trouble> {
    let size = head.head.size;
    let (epoch, what) = suspicion.what(size);
    let parts = [("head", head.encode())];
    if size > MOST {
        return Ok(best(log, epoch, what, [], &parts));
    }
    let mut leaves = Vec::new();
    for index in 0..size.div_ceil(TILE) {
        leaves.extend(source.entries(&log.id(), index, TILE.min(size - index * TILE)).await?);
    }
    let hashes: Vec<Hash> = leaves.iter().map(EpochLeaf::hash).collect();
    if grown::root(&hashes) != Some(head.head.root) {
        let what = format!("the epochs that the server shows are not those that its tree head of {size} epochs was signed over");
        return Ok(best(log, size, what, [], &parts));
    }
    let shown = |epoch: u64| {
        let index = usize::try_from(epoch.checked_sub(1)?).ok()?;
        Some(Shown { head: head.clone(), leaf: *leaves.get(index)?, inclusion: grown::inclusion(&hashes, index)? })
    };
    let fork = settled.and_then(|ours| Some((ours.clone(), shown(ours.head.head.size)?)));
    let fork = fork.map(|(one, other)| Evidence::Fork { log: *log, one, other });
    let numbered = shown(size).map(|last| Evidence::Fork { log: *log, one: last.clone(), other: last });
    let step = match suspicion {
        Suspicion::Step(epoch, step) => {
            let from = if epoch > 1 { shown(epoch - 1) } else { None };
            shown(epoch).map(|to| Evidence::Step { log: *log, from, to, step })
        }
        _ => None,
    };
    Ok(best(log, epoch, what, [fork, step, numbered].into_iter().flatten(), &parts))
}

/// The first evidence that convicts; testimony where none does.
fn best(log: &LogKeys, epoch: u64, what: String, shown: impl IntoIterator<Item = Evidence>, parts: &[(&str, Vec<u8>)]) -> Caught {
    for file in shown.into_iter().map(|evidence| evidence.encode()) {
        if let Verdict::Proven(origin, crime) = evidence::check(&file) {
            let sentence = format!("The directory {origin} {crime}. Seen at epoch {epoch}: {what}.");
            return Caught { sentence, epoch, file, convicts: true };
        }
    }
    let origin = log.origin();
    let sentence = format!("The directory {origin} does not hold together. Seen at epoch {epoch}: {what}.");
    let mut file = format!("{TESTIMONY}\n{sentence}\n\nlog {}\n", hex::encode(log.to_bytes()));
    for (name, bytes) in parts {
        file.push_str(&format!("{name} {}\n", hex::encode(bytes)));
    }
    Caught { sentence, epoch, file: file.into_bytes(), convicts: false }
}
