//! What a profile remembers in `profile.toml`: no secrets.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ProfileError;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// Where the server is.
    pub(crate) server: Option<String>,
    /// Certificates to trust besides the usual ones.
    pub(crate) ca: Option<PathBuf>,
    /// Plain http was insisted on.
    #[serde(default)]
    pub(crate) insecure_http: bool,
    /// What opens the database; a passphrase where there is none.
    pub(crate) key_file: Option<PathBuf>,
}

impl Config {
    /// Reads it; everything is unset where there is none.
    pub(super) fn load(folder: &Path) -> Result<Self, ProfileError> {
        let path = folder.join("profile.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(ProfileError::Config),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ProfileError::io(error, path)),
        }
    }

    /// Writes it, whole or not at all.
    pub(super) fn save(&self, folder: &Path) -> Result<(), ProfileError> {
        let (path, beside) = (folder.join("profile.toml"), folder.join("profile.toml.new"));
        let write = || {
            let text = toml::to_string(self).map_err(std::io::Error::other)?;
            let mut file = std::fs::File::create(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, &path)
        };
        write().map_err(|error| ProfileError::io(error, path.clone()))
    }
}
