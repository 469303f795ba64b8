//! What the server shows of its log, read strictly: keys, head, epochs, steps, hand-overs.
//!
//! Called by `round` and `caught`. Reads; whether it is so is judged there. What does not read is no lie yet: a proxy
//! that says "maintenance" must not convict anybody.

use waxseal_transparency::{EpochLeaf, Handover, LogId, LogKeys, SignedHead, limits};

use crate::fetch::{FetchError, Fetcher};

/// Epochs in one tile (C2SP tlog-tiles).
pub(crate) const TILE: u64 = 256;
/// An epoch with its length.
const ENTRY: usize = 2 + EpochLeaf::LEN;

/// Why a round came to no end. Ask again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nothing came.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What came is nothing that a log shows.
    #[error("what the server shows as its {0} cannot be read")]
    Unreadable(&'static str),
    /// It does not show what it must have.
    #[error("the server does not show its {0}")]
    Missing(&'static str),
    /// It does not show what an epoch added.
    #[error("the server does not show what epoch {0} added, or shows something else in its place")]
    Step(u64),
    /// It answers with a head from before.
    #[error("the server answers with an older tree head than one that was seen; a cache between may do that")]
    Behind,
    /// One of two clocks is wrong.
    #[error("the tree head is of a later time than now: one of two clocks is wrong")]
    Early,
    /// The log changed while it was looked at.
    #[error("the log changed to another one while it was read")]
    Changed,
}

/// The newest head, as far as its signature goes.
pub(crate) enum Checkpoint {
    /// Signed by the log.
    Signed(Box<SignedHead>),
    /// A signed note by somebody else, or by nobody.
    Foreign(String),
}

/// A server's log.
pub(crate) struct Source {
    fetcher: Fetcher,
}

impl Source {
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self { fetcher }
    }

    async fn text(&mut self, path: &str, what: &'static str) -> Result<String, Trouble> {
        let bytes = self.fetcher.fetch(path, limits::HEAD).await?.ok_or(Trouble::Missing(what))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| Trouble::Unreadable(what))
    }

    /// The keys that the server says its log has.
    pub(crate) async fn keys(&mut self) -> Result<LogKeys, Trouble> {
        const WHAT: &str = "log's keys";
        let text = self.text("/log/keys", WHAT).await?;
        read_keys(text.lines().next().unwrap_or_default()).ok_or(Trouble::Unreadable(WHAT))
    }

    /// The newest head.
    pub(crate) async fn checkpoint(&mut self, log: &LogKeys) -> Result<Checkpoint, Trouble> {
        const WHAT: &str = "tree head";
        let text = self.text("/log/checkpoint", WHAT).await?;
        match SignedHead::from_note(log, &text) {
            Ok(signed) => Ok(Checkpoint::Signed(Box::new(signed))),
            Err(_) if is_note(&text) => Ok(Checkpoint::Foreign(text)),
            Err(_) => Err(Trouble::Unreadable(WHAT)),
        }
    }

    /// The first `width` epochs of a tile, in order; their numbers are not looked at.
    pub(crate) async fn entries(&mut self, log: &LogId, index: u64, width: u64) -> Result<Vec<EpochLeaf>, Trouble> {
        const WHAT: &str = "epochs";
        let part = if width < TILE { format!(".p/{width}") } else { String::new() };
        let path = format!("/log/tile/entries/{}{part}{}", tile_path(index), of(log));
        let size = usize::try_from(width).unwrap_or(usize::MAX).saturating_mul(ENTRY);
        let bytes = self.fetcher.fetch(&path, size).await?.ok_or(Trouble::Missing(WHAT))?;
        let entries = counted(&bytes).filter(|entries| entries.len() as u64 == width).ok_or(Trouble::Unreadable(WHAT))?;
        entries.into_iter().map(EpochLeaf::from_bytes).collect::<Result<_, _>>().map_err(|_| Trouble::Unreadable(WHAT))
    }

    /// The archived proof of what an epoch added, of the hash that the epoch names.
    pub(crate) async fn step(&mut self, log: &LogId, leaf: &EpochLeaf) -> Result<Vec<u8>, Trouble> {
        let path = format!("/log/step/{}{}", leaf.epoch, of(log));
        let bytes = self.fetcher.fetch(&path, limits::STEP).await?;
        let bytes = bytes.filter(|bytes| waxseal_transparency::step::hash(bytes) == leaf.step);
        Ok(bytes.ok_or(Trouble::Step(leaf.epoch))?.to_vec())
    }

    /// The words of logs that ended, from one on; nothing where the server does not know that one.
    pub(crate) async fn handovers(&mut self, from: &LogId) -> Result<Vec<Vec<u8>>, Trouble> {
        const MOST: usize = 64 * (limits::HANDOVER + 2);
        let bytes = self.fetcher.fetch(&format!("/log/handovers/{}", hex::encode(from.0)), MOST).await?.unwrap_or_default();
        let words = counted(&bytes).ok_or(Trouble::Unreadable("hand-overs"))?;
        Ok(words.into_iter().map(<[u8]>::to_vec).collect())
    }
}

/// Both keys in hex, as servers show them.
pub(crate) fn read_keys(text: &str) -> Option<LogKeys> {
    LogKeys::from_bytes(&hex::decode(text.trim()).ok()?).ok()
}

/// A hand-over that a pinned log signed for another one; `None` where it is none.
pub(crate) fn read_handover(word: &[u8], pinned: &LogKeys) -> Option<Handover> {
    Handover::decode(word).ok().filter(|word| word.verify(pinned, None).is_ok())
}

/// After a restore the same paths are another log's: so no cache between may answer with those of the one before.
fn of(log: &LogId) -> String {
    format!("?log={}", hex::encode(log.0))
}

/// A text, an empty line, and at least one line of a signature.
fn is_note(text: &str) -> bool {
    text.split_once("\n\n").is_some_and(|(_, below)| below.starts_with("\u{2014} ") && below.ends_with('\n'))
}

/// `x001/x234/067` for 1234067.
fn tile_path(index: u64) -> String {
    let (mut path, mut left) = (format!("{:03}", index % 1000), index / 1000);
    while left > 0 {
        path = format!("x{:03}/{path}", left % 1000);
        left /= 1000;
    }
    path
}

/// Parts that each stand after their length in two bytes.
fn counted(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (count, rest) = bytes.split_first_chunk()?;
        let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*count).into())?;
        parts.push(part);
        bytes = rest;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_named_as_the_specification_has_it() {
        for (index, path) in [(0, "000"), (67, "067"), (1_000, "x001/000"), (1_234_067, "x001/x234/067")] {
            assert_eq!(tile_path(index), path);
        }
    }

    #[test]
    fn parts_are_read_whole_or_not_at_all() {
        assert_eq!(counted(&[]), Some(vec![]));
        assert_eq!(counted(&[0, 1, 7, 0, 0]), Some(vec![&[7][..], &[]]));
        for bytes in [&[0][..], &[0, 2, 7], &[0, 1, 7, 0]] {
            assert_eq!(counted(bytes), None);
        }
    }
}
