//! Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures.
//!
//! Called by `head` and `witness`. Knows the form and the key ids; whose signature counts is theirs.
//!
//! ```text
//!   waxseal/0a1b…            text, here a checkpoint (C2SP tlog-checkpoint)
//!   7
//!   <base64 root>
//!   time 1790000000000
//!
//!   — waxseal/0a1b… <base64: key id (4) ‖ signature>
//!   — witness.example <base64: key id (4) ‖ time (8) ‖ signature>     cosignature/v1
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use crate::Lie;

/// Signature type of a log's own key.
pub(crate) const ED25519: u8 = 0x01;
/// Signature type of a witness (C2SP tlog-cosignature).
pub(crate) const COSIGNATURE: u8 = 0x04;

const DASH: &str = "\u{2014} ";
const MAX_SIGNATURES: usize = 64;

/// One line below a text: who, which key, and the rest of the bytes.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) key_id: [u8; 4],
    pub(crate) bytes: Vec<u8>,
}

/// C2SP signed-note: the first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key).
pub(crate) fn key_id(name: &str, kind: u8, key: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(key).finalize();
    let mut id = [0; 4];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}

/// `name+id+base64(type ‖ key)`.
pub(crate) fn vkey(name: &str, kind: u8, key: &[u8; 32]) -> String {
    let id = u32::from_be_bytes(key_id(name, kind, key));
    format!("{name}+{id:08x}+{}", STANDARD.encode([&[kind], key.as_slice()].concat()))
}

/// Reads a verifier key of the given type; its id must be right, its point strong.
pub(crate) fn read_vkey(text: &str, kind: u8) -> Option<(String, [u8; 32])> {
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = STANDARD.decode(key).ok()?;
    let (read_kind, key) = bytes.split_first()?;
    let key: [u8; 32] = key.try_into().ok()?;
    let right_id = format!("{:08x}", u32::from_be_bytes(key_id(name, kind, &key)));
    strong_key(&key)?;
    (*read_kind == kind && id == right_id && is_name(name)).then(|| (name.to_owned(), key))
}

/// C2SP signed-note: not empty, without spaces and without a plus; here also short.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// An Ed25519 key that is not of small order.
pub(crate) fn strong_key(key: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak())
}

/// Text with its lines.
pub(crate) fn write(text: &str, lines: &[Line]) -> String {
    let mut note = format!("{text}\n");
    for line in lines {
        note.push_str(&write_line(line));
    }
    note
}

pub(crate) fn write_line(line: &Line) -> String {
    let bytes = STANDARD.encode([line.key_id.as_slice(), &line.bytes].concat());
    format!("{DASH}{} {bytes}\n", line.name)
}

/// Takes a note apart; the text keeps its last newline.
pub(crate) fn read(note: &str) -> Result<(&str, Vec<Line>), Lie> {
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(Lie::Malformed);
    }
    let (text, below) = note.rsplit_once("\n\n").ok_or(Lie::Malformed)?;
    let text = note.get(..=text.len()).ok_or(Lie::Malformed)?;
    let below = below.strip_suffix('\n').ok_or(Lie::Malformed)?;
    let lines = below.split('\n').map(read_line).collect::<Option<Vec<_>>>().ok_or(Lie::Malformed)?;
    if lines.len() > MAX_SIGNATURES { Err(Lie::Malformed) } else { Ok((text, lines)) }
}

fn read_line(line: &str) -> Option<Line> {
    let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok()?;
    let (key_id, bytes) = bytes.split_first_chunk()?;
    is_name(name).then(|| Line { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
}

/// A hash as checkpoints write it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// And reads.
pub(crate) fn read_base64(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and note of golang.org/x/mod/sumdb/note's documentation.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_known_note_verifies() {
        let (name, key) = read_vkey(PETER, ED25519).expect("a key");
        assert_eq!((name.as_str(), vkey(&name, ED25519, &key).as_str()), ("PeterNeumann", PETER));
        let (text, lines) = read(NOTE).expect("a note");
        assert_eq!((lines[0].name.as_str(), lines[0].key_id), ("PeterNeumann", key_id(&name, ED25519, &key)));
        let signature = ed25519_dalek::Signature::from_slice(&lines[0].bytes).expect("64 bytes");
        strong_key(&key).expect("a key").verify_strict(text.as_bytes(), &signature).expect("signed");
        assert_eq!(write(text, &lines), NOTE);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for bad in
            ["", "\n", "a\n", "a\n\n", "a\n\nb\n", "a\n\n\u{2014} b\n", "a\n\n\u{2014} b AAAA", "a\tb\n\n\u{2014} b AAAAAAA=\n"]
        {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read("a\n\n\u{2014} b AAAAAAA=\n").is_ok());
        assert!(read_vkey(PETER, COSIGNATURE).is_none());
        assert!(read_vkey(&PETER.replace("c7", "c8"), ED25519).is_none());
    }
}
