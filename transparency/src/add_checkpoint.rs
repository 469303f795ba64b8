//! What a witness is asked, as a text (C2SP tlog-witness, add-checkpoint).
//!
//! Called by `server`, which asks and is asked, and by auditors, who are asked. Reads and writes; whether to sign is for the witness
//! to decide.
//!
//! ```text
//!   old 5                       up to here the asker believes that the witness has signed
//!   <base64 hash>               RFC 6962 §2.1.2: from there to the head
//!
//!   waxseal/0a1b…               the head, as a signed note
//! ```

use crate::tree::Hash;
use crate::{Lie, note};

/// Hashes of a proof: 63 are enough for 2⁶³ leaves, and the specification allows no more.
const PROOF: usize = 63;

/// A head on its way to a witness. Nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Leaves under the head that the witness is believed to have cosigned last; 0 for none.
    pub old: u64,
    /// That the head continues that one.
    pub proof: Vec<Hash>,
    /// The head, as a signed note.
    pub note: String,
}

impl AddCheckpoint {
    /// Bytes of a text at most: the size, the proof, a note.
    pub const LIMIT: usize = 16 << 10;

    /// As it is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&note::base64(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads it, in its one form.
    pub fn parse(text: &str) -> Result<Self, Lie> {
        if text.len() > Self::LIMIT {
            return Err(Lie::Malformed);
        }
        let (above, note) = text.split_once("\n\n").ok_or(Lie::Malformed)?;
        let mut lines = above.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(read_number).ok_or(Lie::Malformed)?;
        let proof: Vec<_> = lines.map(note::read_base64).collect::<Option<_>>().ok_or(Lie::Malformed)?;
        if proof.len() > PROOF {
            return Err(Lie::Malformed);
        }
        Ok(Self { old, proof, note: note.to_owned() })
    }

    /// What the note says which log it is of.
    pub fn origin(&self) -> &str {
        self.note.lines().next().unwrap_or_default()
    }

    /// The size in a witness's answer that it is elsewhere (`text/x.tlog.size`).
    pub fn read_size(answer: &str) -> Option<u64> {
        read_number(answer.strip_suffix('\n').unwrap_or(answer))
    }
}

/// A decimal number without leading zeros.
fn read_number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|digit| digit.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written() {
        for proof in [vec![], vec![[7; 32]], vec![[1; 32]; PROOF]] {
            let asked = AddCheckpoint { old: 5, proof, note: "waxseal/0a\n7\n\n\u{2014} x AAAA\n".to_owned() };
            assert_eq!(AddCheckpoint::parse(&asked.to_text()), Ok(asked.clone()));
            assert_eq!(asked.origin(), "waxseal/0a");
        }
    }

    #[test]
    fn nothing_else_is_read() {
        let hash = note::base64(&[1; 32]);
        let long = format!("old 5\n{}\nnote", format!("{hash}\n").repeat(PROOF + 1));
        for bad in
            ["", "old", "old 5", "old 5\n", "old x\n\nnote", "old -1\n\nnote", "old +1\n\nnote", "old 05\n\nnote", "old \n\nnote"]
        {
            assert!(AddCheckpoint::parse(bad).is_err(), "{bad:?}");
        }
        for bad in [&long, "old 5\nAAAA\n\nnote", " old 5\n\nnote", "old 5\r\n\r\nnote", "old 18446744073709551616\n\nnote"] {
            assert!(AddCheckpoint::parse(bad).is_err(), "{bad:?}");
        }
        assert!(AddCheckpoint::parse(&format!("old 5\n\n{}", "x".repeat(AddCheckpoint::LIMIT))).is_err());
        let sizes = ["5\n", "5", "0\n", "", "-5\n", "05\n", "5\n\n", "5 \n"].map(AddCheckpoint::read_size);
        assert_eq!(sizes, [Some(5), Some(5), Some(0), None, None, None, None, None]);
    }
}
