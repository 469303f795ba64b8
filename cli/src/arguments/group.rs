//! The verbs of groups.

use clap::Subcommand;

use super::{Format, Sure};

/// What to do with a group. A group is `#Title`, or the chat's id.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupVerb {
    /// Start a group.
    Create {
        /// What it is called; members see it, the server does not.
        title: String,
        /// Whom to add.
        members: Vec<String>,
    },
    /// Add people (admins).
    Add {
        /// Which.
        group: String,
        /// Whom.
        #[arg(required = true)]
        members: Vec<String>,
    },
    /// Remove a person, with all devices (admins).
    Remove {
        /// Which.
        group: String,
        /// Whom.
        member: String,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
    },
    /// Leave; there is no way back but being added again.
    Leave {
        /// Which.
        group: String,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
    },
    /// Change the title (admins).
    Rename {
        /// Which.
        group: String,
        /// The new title.
        title: String,
    },
    /// List who is in it.
    Members {
        /// Which.
        group: String,
        /// How to list.
        #[command(flatten)]
        format: Format,
    },
    /// Make somebody an admin, or take the role away (admins).
    Admin {
        /// Which.
        group: String,
        /// Whom.
        member: String,
        /// Take the role away.
        #[arg(long)]
        revoke: bool,
    },
}
