//! `waxseald subject`: everything that is held about an account.

use std::fmt::Write;

use serde_json::{Value, json};
use waxseal_server::config::Config;
use waxseal_wire::name::AccountName;

use super::ask::ask;
use super::folder::{self, Folder};
use super::{Failure, tell};

/// Prints all of it, for people or for programs.
pub(super) fn subject(config: &Config, name: &str, as_json: bool) -> Result<(), Failure> {
    let name = AccountName::parse(name).map_err(Failure::BadName)?;
    let held = match folder::find(&config.folder)? {
        Folder::Theirs(server) => ask(&server, "/admin/subject", &json!({ "name": name.as_str() }))?,
        Folder::Ours(claimed) => super::run::alone(&claimed, config, async |engine| {
            let subject = engine.subject(&name).await?.ok_or(Failure::NoSuchAccount)?;
            serde_json::to_value(subject).map_err(|error| Failure::Refused(error.to_string()))
        })?,
    };
    if as_json {
        tell(&format!("{held:#}\n"))
    } else {
        let mut page = String::from("Everything this server holds about this account. There is nothing more.\n\n");
        outline(&mut page, &held, 0);
        page.push_str("\nMessages, groups, contacts and profiles are not here: the server never has the keys to them.\n");
        tell(&page)
    }
}

/// Every field there is, so that one that is added later cannot be left out here.
fn outline(page: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let mut field = |label: &str, value: &Value| match value {
        Value::Array(all) if all.is_empty() => drop(writeln!(page, "{indent}{label}: none")),
        Value::Array(_) | Value::Object(_) => {
            writeln!(page, "{indent}{label}:").ok();
            outline(page, value, depth + 1);
        }
        Value::String(text) => drop(writeln!(page, "{indent}{label}: {text}")),
        Value::Null => drop(writeln!(page, "{indent}{label}: none")),
        plain => drop(writeln!(page, "{indent}{label}: {plain}")),
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(label, value)| field(&label.replace('_', " "), value)),
        Value::Array(all) => all.iter().enumerate().for_each(|(i, value)| field(&(i + 1).to_string(), value)),
        plain => field("", plain),
    }
}
