//! The verbs of message requests, and of people who are not to ask.

use clap::Subcommand;

use super::{Format, Sure};

/// What to do with a request. A request is who asked, `#Title` of a group, or the chat's id.
#[derive(Debug, Subcommand)]
pub(crate) enum RequestVerb {
    /// Take the request: you can write to each other.
    Accept {
        /// Who asked, or the chat's id.
        who: String,
    },
    /// Decline, and forget it.
    Decline {
        /// Who asked, or the chat's id.
        who: String,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
    },
    /// Decline, and take no more of this person; they are not told.
    Block {
        /// Whom.
        who: String,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
    },
    /// Take requests of this person again.
    Unblock {
        /// Whom.
        who: String,
    },
    /// List who is blocked.
    Blocked {
        /// How to list.
        #[command(flatten)]
        format: Format,
    },
}
