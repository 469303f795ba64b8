//! What opens a profile's database: a passphrase, or a key file for scripts.
//!
//! Called by `profile`. Knows what has to be asked, and asks verbs' people on
//! the terminal itself, so that standard input stays free for what is sent;
//! the full-screen client asks in its own way. Keeps no passphrase longer than
//! it is needed.

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

/// What opens a database.
pub(crate) enum Secret {
    /// What the person types.
    Passphrase(Zeroizing<String>),
    /// A file that only its owner may read.
    KeyFile(PathBuf),
}

/// What it takes to open a profile.
pub(crate) enum Guard {
    /// The command line or the profile says it.
    Known(Secret),
    /// The person knows it.
    Passphrase,
    /// There is nothing yet: the person chooses.
    New,
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// The first line of a file.
    pub(crate) fn of_passphrase_file(file: &Path) -> Result<Self, ProfileError> {
        Ok(Self::Passphrase(read_passphrase(file)?))
    }

    /// A key file that somebody named. Its path is kept, so it is kept whole.
    pub(crate) fn of_key_file(file: &Path) -> Self {
        Self::KeyFile(std::path::absolute(file).unwrap_or_else(|_| file.to_owned()))
    }

    /// As the store takes it.
    fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase),
            Self::KeyFile(path) => Unlock::KeyFile(path),
        }
    }
}

/// What it takes to open the database in `folder`.
pub(super) fn guard(place: &Place, folder: &Path, config: &Config) -> Result<Guard, ProfileError> {
    Ok(match (&place.passphrase_file, &place.key_file, &config.key_file) {
        (Some(file), ..) => Guard::Known(Secret::of_passphrase_file(file)?),
        (None, Some(file), _) => Guard::Known(Secret::of_key_file(file)),
        (None, None, Some(kept)) if is_there(folder) => Guard::Known(Secret::KeyFile(kept.clone())),
        _ if is_there(folder) => Guard::Passphrase,
        _ => Guard::New,
    })
}

fn is_there(folder: &Path) -> bool {
    header(folder).exists()
}

/// The key of the database in `folder`; makes one at first use.
pub(super) fn key(folder: &Path, config: &mut Config, secret: &Secret) -> Result<StoreKey, ProfileError> {
    if is_there(folder) {
        return open(folder, secret);
    }
    make_missing(secret)?;
    remember(folder, config, secret)?;
    StoreKey::create(&header(folder), secret.unlock(), Cost::default(), &mut chance::source())
        .map_err(|error| refused(error, secret))
}

/// The key of the database that is in `folder`.
pub(super) fn open(folder: &Path, secret: &Secret) -> Result<StoreKey, ProfileError> {
    StoreKey::open(&header(folder), secret.unlock()).map_err(|error| refused(error, secret))
}

fn make_missing(secret: &Secret) -> Result<(), ProfileError> {
    match secret {
        Secret::KeyFile(path) if !path.exists() => {
            make_key_file(path, &mut chance::source()).map_err(|error| refused(error, secret))
        }
        _ => Ok(()),
    }
}

/// Keeps where the key file is, so that nobody has to say it again.
fn remember(folder: &Path, config: &mut Config, secret: &Secret) -> Result<(), ProfileError> {
    config.key_file = match secret {
        Secret::KeyFile(path) => Some(path.clone()),
        Secret::Passphrase(_) => None,
    };
    config.save(folder)
}

/// Puts another guard before the database in `folder`: the header first, then the database, then the old key is forgotten.
pub(super) fn change(
    folder: &Path,
    config: &mut Config,
    from: &Secret,
    to: &Secret,
    reopen: impl FnOnce(&StoreKey) -> Result<(), ProfileError>,
) -> Result<(), ProfileError> {
    // First the old one: nothing may change where it does not open.
    open(folder, from)?;
    make_missing(to)?;
    let key = StoreKey::change(&header(folder), from.unlock(), to.unlock(), Cost::default(), &mut chance::source());
    let key = key.map_err(|error| refused(error, to))?;
    remember(folder, config, to)?;
    reopen(&key)?;
    StoreKey::settle(&header(folder)).map_err(|error| refused(error, to))
}

/// Asks on the terminal for the passphrase until it fits.
pub(super) fn asked<T>(open: impl Fn(&Secret) -> Result<T, ProfileError>) -> Result<(Secret, T), ProfileError> {
    for _ in 0..TRIES {
        let secret = Secret::Passphrase(ask("Passphrase: ")?);
        match open(&secret) {
            Err(ProfileError::WrongKey) => paper::remark("That is not the passphrase."),
            Err(other) => return Err(other),
            Ok(opened) => return Ok((secret, opened)),
        }
    }
    Err(ProfileError::WrongKey)
}

/// Asks a person how the profile should be guarded from now on.
pub(super) fn choose(folder: &Path) -> Result<Secret, ProfileError> {
    paper::remark("Choose a passphrase for this device. It guards your messages at rest; nobody can reset it.");
    let first = ask("New passphrase (empty: a key file instead): ")?;
    if first.is_empty() {
        let path = own_key_file(folder);
        paper::remark(format!("No passphrase: whoever can read {} can read your messages.", path.display()));
        return Ok(Secret::KeyFile(path));
    }
    let again = ask("The same again: ")?;
    if *first == *again { Ok(Secret::Passphrase(first)) } else { Err(ProfileError::Differ) }
}

/// The key file of a profile without a passphrase.
pub(super) fn own_key_file(folder: &Path) -> PathBuf {
    folder.join("key")
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
    use std::io::Read as _;
    let failed = |error| ProfileError::Io(error, file.to_owned());
    let mut opened = std::fs::File::open(file).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let about = opened.metadata().map_err(failed)?;
        // A pipe, such as of `--passphrase-file <(pass show waxseal)`, is for its two ends alone.
        if about.is_file() && about.permissions().mode() & 0o077 != 0 {
            return Err(ProfileError::PassphraseOpenToOthers(file.to_owned()));
        }
    }
    let mut text = Zeroizing::new(String::new());
    opened.read_to_string(&mut text).map_err(failed)?;
    let line = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    if line.is_empty() { Err(ProfileError::NoPassphrase(file.to_owned())) } else { Ok(line) }
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
