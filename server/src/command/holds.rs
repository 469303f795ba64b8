//! `waxseald holds`: what a server of this version can hold about anybody, read off the schema of a store that it makes.

use waxseal_server::store::sqlite::SqliteStore;

use super::{Failure, tell};

/// Prints every table and column with its reason; fails where one has none.
pub(super) fn holds() -> Result<(), Failure> {
    let mut text = String::new();
    let mut last = String::new();
    for held in SqliteStore::open_in_memory()?.held()? {
        if held.table != last {
            text.push_str(&format!("\n{}: {}\n", held.table, held.table_why));
            last.clone_from(&held.table);
        }
        text.push_str(&format!("  {:<12} {}\n", held.column, held.why));
    }
    tell(text.trim_start())?;
    tell(
        "\nTimes are days, but for what accounts sign and the epochs of the directory. There is nothing more: no messages, groups' members, contacts, profiles, device names or addresses.\n",
    )
}
