//! `waxseald witness`: the one line that another operator puts into their configuration.

use waxseal_server::config::Config;
use waxseal_server::engine::identity;
use waxseal_server::witness;

use super::folder::{self, Folder};
use super::{Failure, tell};

/// Prints it; the server may be running or not.
pub(super) fn witness(config: &Config, url: Option<&str>) -> Result<(), Failure> {
    let at = |error| Failure::Open(config.folder.clone(), error);
    let known = identity(&config.folder).map_err(at)?;
    let (log, key) = match known {
        Some(known) => known,
        None => {
            // Both keys are made at the first start.
            if let Folder::Ours(claimed) = folder::find(&config.folder)? {
                super::run::alone(&claimed, config, async |_| Ok(()))?;
            }
            identity(&config.folder).map_err(at)?.ok_or_else(|| Failure::InUse(config.folder.clone()))?
        }
    };
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let usual = format!("{scheme}://{}", config.listen);
    tell(&format!("{}\n", witness::written(url.unwrap_or(&usual), &log, &key)))
}
