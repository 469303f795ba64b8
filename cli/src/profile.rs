//! A profile: one account on this machine, in one folder of its own.
//!
//! Called by every verb before anything else. Owns the folder, the lock (one
//! process at a time) and what opens the database.
//! Never talks to the server; never keeps a passphrase.
//!
//! ```text
//!   home/NAME/  lock  profile.toml  key.header  store.db  [key]
//! ```

mod config;
mod unlock;

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use waxseal_core::client::{Client, ClientError};
use waxseal_core::store::key::KeyError;
use waxseal_core::store::{Store, StoreError, StoreKey};

use crate::address::{Address, BadAddress};
use crate::arguments::Place;

pub(crate) use config::Config;
pub(crate) use unlock::{Guard, Secret};

/// Why a profile does not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    /// The name could lead out of the folder.
    #[error("a profile's name has letters, digits, '-' and '_' only")]
    BadProfileName,
    /// No home folder.
    #[error("no folder for data was found; say where with --home")]
    NoHome,
    /// There is nothing here yet.
    #[error("the profile “{0}” has no account yet; start with: waxseal{1} register NAME")]
    Empty(String, String),
    /// Another process has it.
    #[error("the profile “{0}” is in use by another waxseal; close that one, or choose another with --profile")]
    InUse(String),
    /// Nobody can be asked for the passphrase.
    #[error("this profile needs its passphrase and there is no terminal to ask on; give --passphrase-file or --key-file")]
    NobodyToAsk,
    /// The two did not agree.
    #[error("the two passphrases differ; nothing was made")]
    Differ,
    /// Nothing is in it.
    #[error("the first line of {} is empty; write the passphrase there", .0.display())]
    NoPassphrase(PathBuf),
    /// Wrong one.
    #[error("wrong passphrase or key file; nobody can reset it")]
    WrongKey,
    /// The key file is open to others.
    #[error("others may read the key file; type: chmod 600 {}", .0.display())]
    OpenToOthers(PathBuf),
    /// The passphrase file is open to others.
    #[error("others may read the passphrase file; type: chmod 600 {}", .0.display())]
    PassphraseOpenToOthers(PathBuf),
    /// Something about the key.
    #[error("the key of this profile: {0}")]
    Key(#[source] KeyError),
    /// Something about the database.
    #[error("{}", store(.0))]
    Store(#[source] StoreError),
    /// `profile.toml` does not read.
    #[error("profile.toml does not read; mend or delete it: {0}")]
    Config(#[source] toml::de::Error),
    /// The server's address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// A file.
    #[error("{1}: {0}")]
    Io(#[source] io::Error, PathBuf),
}

/// What to do about a database that does not open.
fn store(error: &StoreError) -> String {
    match error {
        StoreError::Full => "the disk is full, and the profile cannot be opened; make room and try again".into(),
        StoreError::ReadOnly => {
            "the profile's folder cannot be written; have its disk mended, or use a copy of the folder with --home".into()
        }
        other => format!("the database of this profile: {other}"),
    }
}

impl ProfileError {
    /// A file of the profile did not do its part.
    fn io(error: io::Error, path: PathBuf) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Store(StoreError::Full),
            io::ErrorKind::ReadOnlyFilesystem => Self::Store(StoreError::ReadOnly),
            _ => Self::Io(error, path),
        }
    }
}

/// Whether a profile may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must be there.
    Existing,
    /// It is made where it is missing.
    MayCreate,
}

/// A folder that this process alone has.
#[derive(Debug)]
pub(crate) struct Profile {
    name: String,
    folder: PathBuf,
    /// What is kept in `profile.toml`.
    pub(crate) config: Config,
    // Held as long as the profile is.
    _lock: File,
}

impl Profile {
    /// Takes the folder over, or says who has it.
    pub(crate) fn open(place: &Place, need: Need) -> Result<Self, ProfileError> {
        let name = place.profile.clone();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            return Err(ProfileError::BadProfileName);
        }
        let folder = home(place)?.join(&name);
        if need == Need::Existing && !header(&folder).exists() {
            let said = said(&name);
            return Err(ProfileError::Empty(name, said));
        }
        make_private(&folder)?;
        let lock = lock(&folder, &name)?;
        let config = Config::load(&folder)?;
        Ok(Self { name, folder, config, _lock: lock })
    }

    /// What the person calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The server: what was said now, else what was kept, else this machine.
    pub(crate) fn server(&self, place: &Place) -> Result<Address, ProfileError> {
        let kept = place.server.as_deref().or(self.config.server.as_deref()).unwrap_or(crate::address::DEFAULT);
        Ok(Address::parse(kept, place.insecure_http || self.config.insecure_http)?)
    }

    /// Own certificates to trust: what was said now, else what was kept.
    pub(crate) fn certificates(&self, place: &Place) -> Option<PathBuf> {
        place.ca.clone().or_else(|| self.config.ca.clone())
    }

    /// Remembers another server for next time.
    pub(crate) fn keep_address(&mut self, server: &Address) -> Result<(), ProfileError> {
        self.config.server = Some(server.to_string());
        self.config.save(&self.folder)
    }

    /// Remembers the server for next time.
    pub(crate) fn keep_server(&mut self, place: &Place) -> Result<(), ProfileError> {
        let before = self.config.clone();
        let server = self.server(place)?;
        self.config.server = Some(server.to_string());
        self.config.insecure_http = place.insecure_http || self.config.insecure_http;
        self.config.ca = self.certificates(place).map(|ca| std::path::absolute(&ca).unwrap_or(ca));
        // On a full disk, too, what is there can be opened.
        if self.config == before { Ok(()) } else { self.config.save(&self.folder) }
    }

    /// What it takes to open it.
    pub(crate) fn guard(&self, place: &Place) -> Result<Guard, ProfileError> {
        unlock::guard(place, &self.folder, &self.config)
    }

    /// What guards a profile whose owner wants no passphrase.
    pub(crate) fn own_key_file(&self) -> PathBuf {
        unlock::own_key_file(&self.folder)
    }

    /// Opens the database with what opens it; makes it where there is none.
    pub(crate) fn unlock(&mut self, secret: &Secret) -> Result<Client, ProfileError> {
        let key = unlock::key(&self.folder, &mut self.config, secret)?;
        self.client_of(&key)
    }

    fn client_of(&self, key: &StoreKey) -> Result<Client, ProfileError> {
        Client::open(self.store(key)?).map_err(|ClientError::Store(error)| ProfileError::Store(error))
    }

    /// Opens the database, asking on the terminal for what opens it.
    pub(crate) fn client(&mut self, place: &Place) -> Result<Client, ProfileError> {
        let secret = match self.guard(place)? {
            Guard::Known(secret) => secret,
            Guard::New => unlock::choose(&self.folder)?,
            Guard::Passphrase => {
                let (_, key) = unlock::asked(|secret| unlock::open(&self.folder, secret))?;
                return self.client_of(&key);
            }
        };
        self.unlock(&secret)
    }

    /// Puts another passphrase or key file before the database, and encrypts it anew.
    pub(crate) fn guard_anew(&mut self, place: &Place, to: Option<Secret>) -> Result<(), ProfileError> {
        let from = match self.guard(place)? {
            Guard::Known(secret) => secret,
            Guard::New => return Err(ProfileError::Empty(self.name.clone(), said(&self.name))),
            Guard::Passphrase => unlock::asked(|secret| unlock::open(&self.folder, secret))?.0,
        };
        let to = match to {
            Some(to) => to,
            None => unlock::choose(&self.folder)?,
        };
        let mut config = self.config.clone();
        unlock::change(&self.folder, &mut config, &from, &to, |key| self.store(key).map(drop))?;
        self.config = config;
        Ok(())
    }

    /// Forgets everything that is kept here: the key first, without which the rest is noise.
    pub(crate) fn delete(self) -> Result<(), ProfileError> {
        let gone = |path: &Path| match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ProfileError::Io(error, path.to_owned())),
            _ => Ok(()),
        };
        gone(&header(&self.folder))?;
        for name in ["store.db", "store.db-wal", "store.db-shm", "key", "profile.toml", "lock"] {
            gone(&self.folder.join(name))?;
        }
        // Whatever else somebody put there stays theirs.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }

    fn store(&self, key: &StoreKey) -> Result<Store, ProfileError> {
        Store::open(&self.folder.join("store.db"), key).map_err(|error| match error {
            StoreError::InUse => ProfileError::InUse(self.name.clone()),
            StoreError::WrongKey => ProfileError::WrongKey,
            other => ProfileError::Store(other),
        })
    }
}

/// How a command line names a profile that is not the usual one.
pub(crate) fn said(name: &str) -> String {
    if name == "default" { String::new() } else { format!(" --profile {name}") }
}

fn header(folder: &Path) -> PathBuf {
    folder.join("key.header")
}

fn home(place: &Place) -> Result<PathBuf, ProfileError> {
    match &place.home {
        Some(home) => Ok(home.clone()),
        None => Ok(directories::BaseDirs::new().ok_or(ProfileError::NoHome)?.data_dir().join("waxseal")),
    }
}

fn make_private(folder: &Path) -> Result<(), ProfileError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| ProfileError::io(error, folder.to_owned()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        // A read-only disk cannot be changed; reading from it is still fine.
        let _ = std::fs::set_permissions(folder, private);
    }
    Ok(())
}

fn lock(folder: &Path, name: &str) -> Result<File, ProfileError> {
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| ProfileError::io(error, path.clone()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ProfileError::InUse(name.to_owned())),
        Err(TryLockError::Error(error)) => Err(ProfileError::io(error, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(home: &Path) -> Place {
        Place { home: Some(home.to_owned()), profile: "default".into(), ..Place::default() }
    }

    #[test]
    fn one_process_has_a_profile_and_the_next_is_told() {
        let home = tempfile::tempdir().unwrap();
        let first = Profile::open(&place(home.path()), Need::MayCreate).unwrap();
        let second = Profile::open(&place(home.path()), Need::MayCreate);
        assert!(matches!(second, Err(ProfileError::InUse(_))));
        drop(first);
        assert!(Profile::open(&place(home.path()), Need::MayCreate).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::open(&place(home.path()), Need::MayCreate).unwrap();
        let mode = std::fs::metadata(&profile.folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_profile_name_leads_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        for name in ["..", "a/b", "", "a b"] {
            let place = Place { profile: name.into(), ..place(home.path()) };
            assert!(matches!(Profile::open(&place, Need::MayCreate), Err(ProfileError::BadProfileName)), "{name}");
        }
    }

    #[test]
    fn reading_verbs_make_no_profile() {
        let home = tempfile::tempdir().unwrap();
        assert!(matches!(Profile::open(&place(home.path()), Need::Existing), Err(ProfileError::Empty(..))));
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_server_is_remembered() {
        let home = tempfile::tempdir().unwrap();
        let said = Place { server: Some("https://chat.example.org".into()), ..place(home.path()) };
        Profile::open(&said, Need::MayCreate).unwrap().keep_server(&said).unwrap();
        let later = Profile::open(&place(home.path()), Need::MayCreate).unwrap();
        assert_eq!(later.server(&place(home.path())).unwrap().to_string(), "https://chat.example.org");
    }

    #[test]
    fn a_key_file_is_made_once_and_opens_the_profile_again() {
        let home = tempfile::tempdir().unwrap();
        let key = home.path().join("bot.key");
        let place = Place { key_file: Some(key.clone()), ..place(home.path()) };
        drop(Profile::open(&place, Need::MayCreate).unwrap().client(&place).unwrap());
        // The second time the profile knows where its key is.
        let plain = Place { key_file: None, ..place };
        assert!(Profile::open(&plain, Need::Existing).unwrap().client(&plain).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
            let opened = Profile::open(&plain, Need::Existing).unwrap().client(&plain);
            assert!(matches!(opened, Err(ProfileError::OpenToOthers(_))));
        }
    }

    #[test]
    fn a_passphrase_file_opens_what_it_made_and_another_does_not() {
        let home = tempfile::tempdir().unwrap();
        let (right, wrong) = (home.path().join("right"), home.path().join("wrong"));
        std::fs::write(&right, "correct horse\n").unwrap();
        std::fs::write(&wrong, "battery staple\n").unwrap();
        let with = |file: &Path| Place { passphrase_file: Some(file.to_owned()), ..place(home.path()) };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let allow = |file: &Path, mode| std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
            allow(&right, 0o644);
            let refused = Profile::open(&with(&right), Need::MayCreate).unwrap().client(&with(&right)).unwrap_err();
            assert!(refused.to_string().ends_with(&format!("chmod 600 {}", right.display())), "{refused}");
            allow(&right, 0o600);
            allow(&wrong, 0o600);
        }
        drop(Profile::open(&with(&right), Need::MayCreate).unwrap().client(&with(&right)).unwrap());
        let opened = Profile::open(&with(&wrong), Need::Existing).unwrap().client(&with(&wrong));
        assert!(matches!(opened, Err(ProfileError::WrongKey)));
        assert!(Profile::open(&with(&right), Need::Existing).unwrap().client(&with(&right)).is_ok());
    }
}
