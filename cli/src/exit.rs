//! What went wrong, for a person; and the exit code, for a script.
//!
//! Made by every verb; printed by `main`. Never shows a secret.

use std::process::ExitCode;

use waxseal_core::client::ClientError;
use waxseal_core::output::{LinkProblem, Problem};
use waxseal_core::store::StoreError;
use waxseal_wire::name::{AccountName, BadName};
use waxseal_wire::reply::Refusal;

use crate::profile::ProfileError;

/// What `--help` says of exit codes.
pub(crate) const CODES: &str = "\
Exit codes:
  0  done
  1  refused, failed, or not confirmed
  2  the command line is wrong
  3  the server was not reached in time; what was written waits in the outbox
  4  the profile cannot be opened: in use, wrong passphrase, no account";

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A name breaks a rule.
    #[error("“{0}” is not a name: {1}")]
    Name(String, BadName),
    /// The profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The device's database.
    #[error("{}", disk(.0))]
    Client(#[from] ClientError),
    /// The device's database, after what was asked had become durable.
    #[error("{}; what was asked is kept and goes on when the disk is well: do not ask again", disk_alone(.0))]
    Kept(ClientError),
    /// The client will not do it.
    #[error("{}", advice(.0))]
    Problem(#[from] Problem),
    /// The server would not register the name.
    #[error("{}", registration(.0))]
    NotRegistered(Refusal),
    /// Joining an account failed.
    #[error(transparent)]
    Link(#[from] LinkProblem),
    /// Nobody has this name.
    #[error("nobody on this server is called “{0}”")]
    NoSuchAccount(AccountName),
    /// Nobody has this name, to which words were waiting to go.
    #[error(
        "nobody on this server is called “{0}”; what was written to it is kept, and was not sent: write to the right name, \
         and try again or throw away the other in the full-screen client"
    )]
    Nobody(AccountName),
    /// No chat fits.
    #[error("there is no chat with “{0}”; `waxseal chats` lists them")]
    NoSuchChat(String),
    /// Several chats fit.
    #[error("several chats are called “{0}”; use the id that `waxseal chats` shows")]
    ManyChats(String),
    /// The first message to somebody needs the server.
    #[error("the server was not reached: {0}. Nothing was sent")]
    Offline(String),
    /// Nothing was to be sent.
    #[error("the server was not reached: {0}")]
    Unreached(crate::network::DoorError),
    /// The server was not reached, and the claim of a name is kept.
    #[error(
        "{0} was not reached: {1}. The claim is kept: run the same command again when the server is there, or with another --server"
    )]
    Claiming(String, String),
    /// The server was reached and had no time; the claim of a name is kept.
    #[error("the server has not registered the name yet: {0}. The claim is kept: run the same command again")]
    ClaimBusy(Refusal),
    /// The profile has an account.
    #[error("this profile is {0} already; choose another with --profile")]
    AlreadyRegistered(AccountName),
    /// A name that was claimed here before is ours after all.
    #[error("the server had taken an earlier claim of this profile: you are {0}. For another name choose another --profile")]
    ClaimedBefore(AccountName),
    /// The server was not reached, and what was written is kept.
    #[error("the server was not reached in time; the message waits in the outbox and goes with the next connection")]
    Waiting,
    /// What was written is kept until somebody's new device was looked at.
    #[error("{0}")]
    Held(String),
    /// The server was not reached, and what was asked is kept.
    #[error("the server did not answer in time; the change waits in the outbox and goes with the next connection")]
    ChangeWaiting,
    /// The message will never go.
    #[error("the message was refused; `waxseal read` shows it, the full-screen client can retry it")]
    MessageFailed,
    /// The person, asked again, did not say yes.
    #[error("nothing was changed")]
    NotSure,
    /// Some of those who were named are nobody; the rest was done.
    #[error("{0} But nobody on this server is called {1}")]
    WithoutSome(String, String),
    /// Writing back would tell a stranger that somebody is there.
    #[error("this chat is still a request; accept it first: waxseal requests accept NAME")]
    StillARequest,
    /// Something else was expected.
    #[error("{0}")]
    Refused(&'static str),
    /// This device is no longer one of the account's.
    #[error("this device was removed from its account")]
    SignedOut,
    /// The terminal, or a file.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The client's own thread stopped.
    #[error("the client stopped unexpectedly; nothing that was acknowledged is lost")]
    Stopped,
}

impl Failure {
    /// In one word, for a program.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Name(..) => "bad_name",
            Self::Profile(_) => "profile",
            Self::Client(_) | Self::Kept(_) => "disk",
            Self::Problem(problem) => word_of(problem),
            Self::NotRegistered(_) | Self::AlreadyRegistered(_) | Self::ClaimedBefore(_) => "not_registered",
            Self::Link(_) => "link",
            Self::NoSuchAccount(_) | Self::Nobody(_) | Self::WithoutSome(..) => "no_such_account",
            Self::NoSuchChat(_) => "no_such_chat",
            Self::ManyChats(_) => "many_chats",
            Self::Offline(_)
            | Self::Unreached(_)
            | Self::Claiming(..)
            | Self::ClaimBusy(_)
            | Self::Waiting
            | Self::ChangeWaiting => "offline",
            Self::Held(_) => "held",
            Self::MessageFailed => "not_sent",
            Self::StillARequest => "request",
            Self::NotSure | Self::Refused(_) => "refused",
            Self::SignedOut => "signed_out",
            Self::Io(_) => "io",
            Self::Stopped => "stopped",
        }
    }

    /// For the shell that called.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) | Self::Name(..) => 2,
            Self::Offline(_)
            | Self::Unreached(_)
            | Self::Claiming(..)
            | Self::ClaimBusy(_)
            | Self::Waiting
            | Self::Held(_)
            | Self::ChangeWaiting => 3,
            Self::Profile(ProfileError::BadAddress(_) | ProfileError::BadProfileName) => 2,
            Self::Profile(_) | Self::SignedOut => 4,
            _ => 1,
        })
    }
}

fn word_of(problem: &Problem) -> &'static str {
    match problem {
        Problem::NotAdmin => "not_admin",
        Problem::NotAMember => "not_a_member",
        Problem::NotYours => "not_yours",
        Problem::BadText => "bad_text",
        Problem::NotRegistered | Problem::AlreadyRegistered => "not_registered",
        Problem::NoDevice => "no_device",
        Problem::DirectChat => "direct_chat",
        Problem::TooMany => "too_many",
        Problem::Refused(_) => "refused",
        Problem::LastAdmin => "last_admin",
        _ => "not_done",
    }
}

fn registration(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Taken => "somebody has this name already, or one that looks like it; choose another".into(),
        Refusal::NotAllowed => {
            "this server takes new accounts by invitation only, or the code is wrong; give one with --invite".into()
        }
        Refusal::BadName => "the server does not allow this name; choose another".into(),
        other => format!("the server did not register the name: {other}"),
    }
}

/// What to type next, where there is a verb for it.
fn advice(problem: &Problem) -> String {
    let verb = match problem {
        Problem::LastAdmin => "waxseal group admin GROUP NAME",
        Problem::NotAdmin => "waxseal group members GROUP",
        Problem::AlreadyMember | Problem::NotThere => "waxseal group members GROUP",
        Problem::Yourself => "waxseal group leave GROUP",
        Problem::Blocked => "waxseal requests unblock NAME",
        Problem::OnlyRequested => "waxseal requests accept NAME",
        Problem::DirectChat => "waxseal group create TITLE NAME…",
        Problem::NotAMember => "waxseal chats",
        _ => return problem.to_string(),
    };
    format!("{problem}: {verb}")
}

fn disk(error: &ClientError) -> String {
    let next = match error {
        ClientError::Store(StoreError::Full) => ". Make room and try again",
        _ => "",
    };
    format!("{}; nothing was changed{next}", disk_alone(error))
}

fn disk_alone(error: &ClientError) -> String {
    let ClientError::Store(store) = error;
    match store {
        StoreError::Full => "the disk is full".into(),
        StoreError::ReadOnly => "the profile's folder cannot be written".into(),
        other => format!("the profile's database failed: {other}"),
    }
}
