//! `waxseald backup` and `restore`: a copy out, a copy back.
//!
//! A backup holds what the disk holds: sealed bytes, and who is registered.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use waxseal_server::clock;
use waxseal_server::config::Config;
use waxseal_server::engine::Engine;

use super::ask::ask;
use super::folder::{self, Folder};
use super::{Failure, tell};

/// Copies the store to `file`, which must not be there yet.
pub(super) fn backup(config: &Config, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::FileExists(file.to_owned()));
    }
    let to = std::path::absolute(file)?;
    match folder::find(&config.folder)? {
        Folder::Theirs(server) => drop(ask(&server, "/admin/backup", &json!({ "to": to }))?),
        Folder::Ours(claimed) => super::run::alone(&claimed, config, async |engine| Ok(engine.backup(&to).await?))?,
    }
    tell(&format!(
        "Wrote {0}, and the keys of the key directory in {0}.key. They hold what the data folder holds: keep both together, and as safe.\n",
        file.display()
    ))
}

/// Puts a backup back, by way of a fresh folder: until all of it is verified, nothing is touched.
pub(super) fn restore(config: &Config, file: &Path, force: bool) -> Result<(), Failure> {
    let claimed = folder::claim(&config.folder)?;
    let occupied = !claimed.is_empty()?;
    if occupied && !force {
        return Err(Failure::NotEmpty(config.folder.clone()));
    }
    let place = std::path::absolute(claimed.path())?;
    let fresh = beside(&place, "restoring");
    let moved = |from: &Path, to: &Path| fs::rename(from, to).map_err(|error| Failure::Path(from.to_owned(), error));
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|error| Failure::Path(fresh.clone(), error))?;
    }
    if let Err(error) = Engine::restore(file, &fresh) {
        fs::remove_dir_all(&fresh).ok();
        return Err(Failure::Restore(file.to_owned(), error));
    }
    if occupied {
        let old = beside(&place, &format!("before-{}", clock::system().0 / 1000));
        moved(&place, &old)?;
        tell(&format!("What was there is kept in {}.\n", old.display()))?;
    } else {
        fs::remove_dir_all(&place).map_err(|error| Failure::Path(place.clone(), error))?;
    }
    moved(&fresh, &place)?;
    tell(&format!("Restored into {0}. Start the server: waxseald --folder {0}\n", config.folder.display()))
}

fn beside(place: &Path, word: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(word);
    place.with_file_name(name)
}
