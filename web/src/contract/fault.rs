//! What went wrong, as a code that the page's catalogues translate.
//!
//! A code is the name of the variant in `core`, in camel case. Text is English,
//! for whoever has no catalogue. Neither says who or where.

use serde::Serialize;
use waxseal_core::ClientError;
use waxseal_core::output::{LinkProblem, Problem};
use waxseal_core::store::StoreError;
use waxseal_core::store::key::KeyError;
use waxseal_wire::frame::BadFrame;
use waxseal_wire::name::BadName;
use waxseal_wire::reply::Refusal;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// For the catalogue.
    pub code: &'static str,
    /// For a reader of English.
    pub text: String,
}

impl Fault {
    fn new(code: &'static str, text: impl ToString) -> Self {
        Self { code, text: text.to_string() }
    }

    /// The page asked for something that is not in the contract.
    pub fn malformed() -> Self {
        Self::new("malformed", "the page and its Worker do not understand each other; load the page again")
    }

    /// Something that cannot happen did.
    pub fn internal() -> Self {
        Self::new("internal", "something went wrong inside; load the page again")
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::InUse => "inUse",
            StoreError::WrongKey => "wrongKey",
            StoreError::Damaged => "damaged",
            StoreError::Newer { .. } => "newer",
            StoreError::Full => "full",
            StoreError::ReadOnly => "readOnly",
            StoreError::Disk(_) => "disk",
            StoreError::Stopped => "stopped",
            StoreError::Unsealed => "unsealed",
            StoreError::Value => "value",
            StoreError::Sql(_) => "sql",
        };
        Self::new(code, error)
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::WrongKey => Self::new("wrongPassphrase", "wrong passphrase; nobody can reset it"),
            KeyError::Missing => Self::new("missing", error),
            other => Self::new("keyDamaged", other),
        }
    }
}

impl From<BadFrame> for Fault {
    fn from(error: BadFrame) -> Self {
        Self::new("badFrame", error)
    }
}

impl From<BadName> for Fault {
    fn from(error: BadName) -> Self {
        let code = match error {
            BadName::Length => "badNameLength",
            BadName::Case => "badNameCase",
            BadName::Character => "badNameCharacter",
            BadName::Confusable => "badNameConfusable",
            BadName::MixedScript => "badNameMixedScript",
        };
        Self::new(code, error)
    }
}

impl From<LinkProblem> for Fault {
    fn from(problem: LinkProblem) -> Self {
        let code = match problem {
            LinkProblem::BadCode => "badCode",
            LinkProblem::Expired => "expired",
            LinkProblem::Forged => "forged",
        };
        Self::new(code, problem)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::new(refused(&refusal), refusal)
    }
}

fn refused(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "malformed",
        Refusal::TooLarge => "tooLarge",
        Refusal::TooFast { .. } => "tooFast",
        Refusal::WrongDoor => "wrongDoor",
        Refusal::NotAllowed => "notAllowed",
        Refusal::Unknown => "unknown",
        Refusal::Taken => "taken",
        Refusal::StaleEpoch { .. } => "staleEpoch",
        Refusal::StaleChain => "staleChain",
        // "full" is this device's disk.
        Refusal::Full => "serverFull",
        Refusal::BadName => "badName",
        Refusal::Internal => "serverFailed",
        Refusal::ReusedKey => "reusedKey",
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let code = match &problem {
            Problem::NotAdmin => "notAdmin",
            Problem::BadTitle => "badTitle",
            Problem::AlreadyMember => "alreadyMember",
            Problem::NotThere => "notThere",
            Problem::Blocked => "blocked",
            Problem::Yourself => "yourself",
            Problem::WithYourself => "withYourself",
            Problem::BadDisplay => "badDisplay",
            Problem::BadDeviceName => "badDeviceName",
            Problem::Nobody => "nobody",
            Problem::NoChange => "noChange",
            Problem::OnlyRequested => "onlyRequested",
            Problem::TooManyAdmins => "tooManyAdmins",
            Problem::NotAMember => "notAMember",
            Problem::NotYours => "notYours",
            Problem::BadText => "badText",
            Problem::NotRegistered => "notRegistered",
            Problem::AlreadyRegistered => "alreadyRegistered",
            Problem::NoDevice => "noDevice",
            Problem::DirectChat => "directChat",
            Problem::TooMany => "tooMany",
            Problem::Refused(refusal) => refused(refusal),
            Problem::ServerBehind => "serverBehind",
            Problem::ServerForgot => "serverForgot",
            Problem::Forked => "forked",
            Problem::Copied => "copied",
            Problem::Directory(lie) if lie.is_lie() => "directoryLied",
            Problem::Directory(_) => "directoryUnproven",
            Problem::IdentityChanged => "identityChanged",
            Problem::BadWitness => "badWitness",
            Problem::BadWitnessCount => "badWitnessCount",
            Problem::OtherDirectory => "otherDirectory",
            Problem::ForeignKeyPackage => "foreignKeyPackage",
            Problem::LastAdmin => "lastAdmin",
        };
        Self::new(code, problem)
    }
}
