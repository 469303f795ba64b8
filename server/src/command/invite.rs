//! `waxseald invite`: a code to register with.

use serde_json::{Value, json};
use waxseal_server::config::Config;

use super::ask::ask;
use super::folder::{self, Folder};
use super::{Failure, tell};

/// Prints a fresh code alone on its line, so that scripts can take it.
pub(super) fn invite(config: &Config, uses: u32, days: u32) -> Result<(), Failure> {
    let code = match folder::find(&config.folder)? {
        Folder::Theirs(server) => {
            let answer = ask(&server, "/admin/invite", &json!({ "uses": uses, "days": days }))?;
            let code = answer.get("code").and_then(Value::as_str);
            code.ok_or_else(|| Failure::Refused("it gave no code".to_owned()))?.to_owned()
        }
        Folder::Ours(claimed) => super::run::alone(&claimed, config, async |engine| Ok(engine.invite(uses, days).await?))?,
    };
    tell(&format!("{code}\n"))
}
