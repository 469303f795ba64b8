//! What opens a profile's database: a passphrase, or a key file for scripts.
//!
//! Called by `profile`. Asks on the terminal itself, so that standard input
//! stays free for what is sent. Keeps no passphrase longer than it is needed.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use waxseal_core::store::StoreKey;
use waxseal_core::store::key::{Cost, KeyError, Unlock, make_key_file};
use zeroize::Zeroizing;

use super::{Config, ProfileError, header};
use crate::arguments::Place;
use crate::{chance, paper};

/// A person may mistype so often.
const TRIES: usize = 3;

enum Secret {
    Passphrase(Zeroizing<String>),
    KeyFile(PathBuf),
}

impl Secret {
    fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase),
            Self::KeyFile(path) => Unlock::KeyFile(path),
        }
    }
}

/// The key of the database in `folder`; makes one at first use.
pub(super) fn key(place: &Place, folder: &Path, config: &mut Config) -> Result<StoreKey, ProfileError> {
    if header(folder).exists() { open(place, folder, config) } else { create(place, folder, config) }
}

fn open(place: &Place, folder: &Path, config: &Config) -> Result<StoreKey, ProfileError> {
    let said = match (&place.passphrase_file, &place.key_file) {
        (Some(file), _) => Some(Secret::Passphrase(read_passphrase(file)?)),
        (None, Some(file)) => Some(Secret::KeyFile(file.clone())),
        (None, None) => config.key_file.clone().map(Secret::KeyFile),
    };
    if let Some(secret) = said {
        return StoreKey::open(&header(folder), secret.unlock()).map_err(|error| refused(error, &secret));
    }
    for _ in 0..TRIES {
        let secret = Secret::Passphrase(ask("Passphrase: ")?);
        match StoreKey::open(&header(folder), secret.unlock()) {
            Err(KeyError::WrongKey) => paper::remark("That is not the passphrase."),
            other => return other.map_err(|error| refused(error, &secret)),
        }
    }
    Err(ProfileError::WrongKey)
}

fn create(place: &Place, folder: &Path, config: &mut Config) -> Result<StoreKey, ProfileError> {
    let secret = match (&place.passphrase_file, &place.key_file) {
        (Some(file), _) => Secret::Passphrase(read_passphrase(file)?),
        (None, Some(file)) => Secret::KeyFile(std::path::absolute(file).unwrap_or_else(|_| file.clone())),
        (None, None) => choose(folder)?,
    };
    let rng = &mut chance::source();
    if let Secret::KeyFile(path) = &secret {
        if !path.exists() {
            make_key_file(path, rng).map_err(|error| refused(error, &secret))?;
        }
        config.key_file = Some(path.clone());
        config.save(folder)?;
    }
    StoreKey::create(&header(folder), secret.unlock(), Cost::default(), rng).map_err(|error| refused(error, &secret))
}

/// Asks a person how the new profile should be guarded.
fn choose(folder: &Path) -> Result<Secret, ProfileError> {
    paper::remark("Choose a passphrase for this device. It guards your messages at rest; nobody can reset it.");
    let first = ask("New passphrase (empty: a key file instead): ")?;
    if first.is_empty() {
        let path = folder.join("key");
        paper::remark(format!("No passphrase: whoever can read {} can read your messages.", path.display()));
        return Ok(Secret::KeyFile(path));
    }
    let again = ask("The same again: ")?;
    if *first == *again { Ok(Secret::Passphrase(first)) } else { Err(ProfileError::Differ) }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, ProfileError> {
    // Without a person at the other end nobody will ever answer.
    if !std::io::stderr().is_terminal() && !std::io::stdin().is_terminal() {
        return Err(ProfileError::NobodyToAsk);
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| ProfileError::NobodyToAsk)
}

/// The first line of a file.
fn read_passphrase(file: &Path) -> Result<Zeroizing<String>, ProfileError> {
    let text = std::fs::read_to_string(file).map_err(|error| ProfileError::Io(error, file.to_owned()))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn refused(error: KeyError, secret: &Secret) -> ProfileError {
    match (error, secret) {
        (KeyError::WrongKey, _) => ProfileError::WrongKey,
        (KeyError::OpenToOthers, Secret::KeyFile(path)) => ProfileError::OpenToOthers(path.clone()),
        (KeyError::Disk(error), Secret::KeyFile(path)) => ProfileError::io(error, path.clone()),
        (KeyError::Disk(error), Secret::Passphrase(_)) => ProfileError::io(error, PathBuf::from("key.header")),
        (other, _) => ProfileError::Key(other),
    }
}
