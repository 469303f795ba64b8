//! This auditor's own key, by which it tells others what it has verified (C2SP tlog-cosignature).
//!
//! Called by `follow` and `serve`, for heads that are settled in the state and for nothing else.
//!
//! ```text
//!   waxseal witness key v1
//!   auditor.example
//!   <32 bytes in hex>
//! ```

use std::io;
use std::path::{Path, PathBuf};

use waxseal_transparency::WitnessSecret;
use zeroize::Zeroizing;

use crate::{chance, kept};

const FORM: &str = "waxseal witness key v1";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The disk, or the rights to it.
    #[error("{path}: {0}", path = .1.display())]
    Io(#[source] io::Error, PathBuf),
    /// Not what `key new` wrote.
    #[error("{}: this is no key of a witness", .0.display())]
    Damaged(PathBuf),
    /// A name that notes cannot hold.
    #[error("a witness's name has no spaces and no plus, and at most 128 bytes: best a host name, as auditor.example")]
    Name,
}

/// Makes a key into a new file that only we may read. Its public half.
pub(crate) fn make(name: &str, path: &Path) -> Result<String, KeyError> {
    let seed = chance::seed();
    let secret = WitnessSecret::new(name, *seed).map_err(|_| KeyError::Name)?;
    let text = Zeroizing::new(format!("{FORM}\n{name}\n{}\n", Zeroizing::new(hex::encode(seed.as_ref())).as_str()));
    kept::put_secret(path, text.as_bytes()).map_err(|error| KeyError::Io(error, path.to_owned()))?;
    Ok(secret.vkey())
}

/// Reads one.
pub(crate) fn load(path: &Path) -> Result<WitnessSecret, KeyError> {
    let bytes = kept::take(path, 1 << 10).map_err(|error| KeyError::Io(error, path.to_owned()))?.map(Zeroizing::new);
    let read = |bytes: &[u8]| {
        let mut lines = core::str::from_utf8(bytes).ok()?.lines();
        let (form, name, seed) = (lines.next()?, lines.next()?, lines.next()?);
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(seed, key.as_mut()).ok()?;
        WitnessSecret::new(name, *key).ok().filter(|_| form == FORM && lines.next().is_none())
    };
    bytes.and_then(|bytes| read(&bytes)).ok_or_else(|| KeyError::Damaged(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_made_and_nothing_else_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let vkey = make("auditor.example", &path).unwrap();
        assert_eq!(load(&path).unwrap().vkey(), vkey);
        assert!(matches!(make("auditor.example", &path), Err(KeyError::Io(..))), "a key is never written over");
        assert!(matches!(make("two words", &folder.path().join("other")), Err(KeyError::Name)));
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in ["", FORM, &text[1..], &text[..text.len() - 3], &format!("{text}\n")] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(load(&path), Err(KeyError::Damaged(_))), "{damaged}");
        }
    }
}
