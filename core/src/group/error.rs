//! What can go wrong with a group, by who is at fault.

use waxseal_wire::id::Epoch;

use super::policy::PolicyError;
use crate::store::StoreError;

/// What the MLS library said: a fixed sentence, without names or secrets.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Cause(Box<dyn std::error::Error + Send + Sync>);

impl Cause {
    pub(super) fn of(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

/// Why an operation on a group was not done. Roll back, drop the [`super::Group`] and load it again.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A Commit of ours is pending; merge or clear it first.
    #[error("a Commit is pending")]
    Pending,
    /// There is no pending Commit.
    #[error("no Commit is pending")]
    NotPending,
    /// This device is not a member any more.
    #[error("not a member")]
    NotMember,
    /// There is a group of this id in the store.
    #[error("the group exists already")]
    Exists,
    /// The change names a leaf that is not there.
    #[error("no such member")]
    NoSuchMember,
    /// A KeyPackage may not be added.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The policy does not read or is too large.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The stored group is not whole.
    #[error("the stored group is not whole")]
    Torn,
    /// The MLS library refused.
    #[error("refused by MLS")]
    Library(#[source] Cause),
}

/// Why a KeyPackage is refused. Ask its device for another.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The bytes do not parse.
    #[error("the KeyPackage does not parse")]
    Malformed,
    /// Another cipher suite: downgrades are refused.
    #[error("the KeyPackage is of another suite")]
    WrongSuite,
    /// It lacks an extension or credential type that our groups need.
    #[error("the KeyPackage cannot do what our groups need")]
    Incapable,
    /// Its credential is not an account and a device.
    #[error("the KeyPackage's credential is not ours")]
    Credential,
    /// It has no alias.
    #[error("the KeyPackage has no alias")]
    NoAlias,
    /// Its lifetime is limited, which would fork groups over clocks.
    #[error("the KeyPackage's lifetime is limited")]
    Lifetime,
    /// A signature or rule of RFC 9420 §10.1 fails.
    #[error("the KeyPackage is invalid")]
    Invalid(#[source] Cause),
}

/// Why an envelope did not open. Always roll back; unless said otherwise nothing is lost by that.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database failed; try again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes do not parse. Drop them; the sender is at fault.
    #[error("the envelope does not parse")]
    Malformed,
    /// It belongs to another group.
    #[error("the envelope belongs to another group")]
    WrongGroup,
    /// It is of a later epoch. Keep it until the missing Commit comes.
    #[error("the envelope is ahead of epoch {ours}")]
    Ahead {
        /// The epoch we are in.
        ours: Epoch,
    },
    /// It is of an earlier epoch, whose keys are gone.
    #[error("the envelope is behind epoch {ours}")]
    Behind {
        /// The epoch we are in.
        ours: Epoch,
    },
    /// Its key was used before: a replay, or a message that was opened already.
    #[error("the envelope was opened before")]
    Reused,
    /// So many newer ones of its sender were opened that its key is gone.
    #[error("the envelope is too old to open")]
    TooOld,
    /// Its sender is more than 1,000 messages further.
    #[error("the envelope is too far ahead of its sender's others")]
    TooFar,
    /// Damaged, or sealed in a fork of this epoch. Where a Commit should be: the group is broken.
    #[error("the envelope is damaged or of a fork")]
    Damaged,
    /// This device is not a member any more.
    #[error("not a member")]
    NotMember,
    /// A member sent what our groups forbid: standalone or by-reference proposals, unknown proposals,
    /// a GroupContext without policy, a leaf without alias.
    #[error("a member sent what our groups forbid")]
    Forbidden,
    /// A signature or rule of RFC 9420 fails.
    #[error("the envelope is invalid")]
    Invalid(#[source] Cause),
}

/// Why a Welcome was not taken. Always roll back; the KeyPackage is then still there.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The database failed; try again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes do not parse.
    #[error("the Welcome does not parse")]
    Malformed,
    /// Another cipher suite: downgrades are refused.
    #[error("the Welcome is of another suite")]
    WrongSuite,
    /// None of our KeyPackages; it was used before, or is another device's.
    #[error("the Welcome is for no KeyPackage of ours")]
    NoKeyPackage,
    /// The store has this group; [`super::wipe`] it first where the Welcome should replace it.
    #[error("the group exists already")]
    Exists,
    /// The sealed tree does not open or is not this group's.
    #[error("the tree does not fit the Welcome")]
    Tree,
    /// The group lacks what ours have: policy, required capabilities, aliases.
    #[error("the group is not one of ours")]
    Foreign,
    /// A signature or rule of RFC 9420 §12.4.3.1 fails.
    #[error("the Welcome is invalid")]
    Invalid(#[source] Cause),
}
