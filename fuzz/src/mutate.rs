//! Damage to bytes, as a slip, a lie or a bad disk makes it.
//!
//! Called by `tests/stable.rs` with chance and by targets with what the input
//! says. Draws nothing itself.

/// Changes `bytes` once; `below(end)` chooses a number from 0 to `end - 1`, and `other` gives parts of something else.
#[allow(clippy::indexing_slicing, reason = "`below` stays below what it is given, and both ends are cut to the length")]
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], mut below: impl FnMut(usize) -> usize) {
    let at = below(bytes.len());
    let len = below(16).min(bytes.len().saturating_sub(at));
    match below(8) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
        1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, 0x9f, 0xbf, 0x5f][below(8)],
        2 => drop(bytes.drain(at..at + len)),
        3 => {
            let copied = bytes[at..at + len].to_vec();
            drop(bytes.splice(at..at, copied));
        }
        4 => {
            let from = below(other.len());
            drop(bytes.splice(at..at + len, other[from..].iter().copied().take(64)));
        }
        5 => bytes.truncate(at),
        6 => drop(bytes.splice(at..at + len.min(4), [0xff, 0xff, 0xff, 0x0f])),
        _ => drop(bytes.splice(at..at, (0..len).map(|_| below(256) as u8).collect::<Vec<_>>())),
    }
}

/// A tape: the input, read from the front; at its end all is zero.
#[derive(Debug, Default)]
pub(crate) struct Tape(std::collections::VecDeque<u8>);

impl Tape {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(bytes.iter().copied().collect())
    }

    /// The next byte, if there is one.
    pub(crate) fn next(&mut self) -> Option<u8> {
        self.0.pop_front()
    }

    /// A number below `end`, of one byte, or two where one is too small.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let high = if end > 256 { usize::from(self.next().unwrap_or(0)) } else { 0 };
        (high << 8 | usize::from(self.next().unwrap_or(0))) % end.max(1)
    }
}
