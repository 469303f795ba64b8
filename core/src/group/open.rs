//! Opening what comes from the mailbox, and judging Commits before they count.
//!
//! Called by the inbox. Opening uses up keys at once, so the order is fixed:
//! open, judge, then either accept inside the same transaction or roll back and
//! load the group again. Form is judged here (nothing standalone, nothing by
//! reference, only adds, removes and policy); who may do what is `trust`'s.

use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::prelude::{
    LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn, ProcessMessageError, ProcessedMessage, ProcessedMessageContent, Proposal,
    ProposalOrRefType, ProtocolMessage, Sender, StagedCommit, ValidationError,
};
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use tls_codec::Deserialize as _;
use waxseal_wire::id::Epoch;
use waxseal_wire::key::DeliveryKey;
use waxseal_wire::request::Address;

use super::error::{Cause, GroupError, OpenError};
use super::leaf::{Claim, MemberLeaf};
use super::policy::Policy;
use super::provider::{CRYPTO, Provider};
use super::storage::{self, Failed};
use super::{Group, exporter, leaf, offer, suite};
use crate::store::Tx;

/// What an envelope held.
#[derive(Debug)]
pub enum Opened {
    /// An application message; its signature is its leaf's.
    Message {
        /// The member who sealed it; whose leaf that is, is for `trust` to say.
        from: MemberLeaf,
        /// What was sealed.
        plaintext: Vec<u8>,
    },
    /// Another member's Commit; judge it, then [`Group::accept`].
    Commit(Box<StagedChange>),
    /// The exact bytes of our pending Commit: [`Group::merge_pending`].
    OwnCommit,
    /// Says that it is ours, unproven. Nothing to open: we keep what we send. Never a reason to merge.
    Own,
}

/// A Commit of another member, not accepted yet.
pub struct StagedChange {
    /// The epoch it leads to.
    pub next_epoch: Epoch,
    /// Who made it, as the tree was before.
    pub committer: MemberLeaf,
    /// The committer's leaf after it, where it has a path.
    pub updated: Option<MemberLeaf>,
    /// Who joins.
    pub added: Vec<Claim>,
    /// Who goes.
    pub removed: Vec<MemberLeaf>,
    /// The new policy, where it changes.
    pub policy: Option<Policy>,
    /// Whether this device is among those who go.
    pub removes_self: bool,
    /// The delivery key after it; `None` when it removes this device.
    pub next_delivery_key: Option<DeliveryKey>,
    /// The addresses after it, in no special order.
    pub next_addresses: Vec<Address>,
    staged: Box<StagedCommit>,
}

impl StagedChange {
    /// Whether the committer replaced its keys: a Commit without a path heals nobody.
    pub fn has_path(&self) -> bool {
        self.updated.is_some()
    }
}

impl core::fmt::Debug for StagedChange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "StagedChange(to epoch {}, +{}, -{})", self.next_epoch, self.added.len(), self.removed.len())
    }
}

impl Group {
    /// Opens an envelope of the current epoch. On any error, roll back and load the group again.
    pub fn open(&mut self, tx: &Tx<'_>, rng: &mut impl CryptoRngCore, envelope: &[u8]) -> Result<Opened, OpenError> {
        if !self.is_active() {
            return Err(OpenError::NotMember);
        }
        let message = parse(envelope)?;
        if message.group_id() != self.mls.group_id() {
            return Err(OpenError::WrongGroup);
        }
        let (theirs, ours) = (message.epoch().as_u64(), self.epoch());
        if theirs > ours.0 {
            return Err(OpenError::Ahead { ours });
        }
        if theirs < ours.0 {
            return Err(OpenError::Behind { ours });
        }
        // By the exact bytes and nothing else: what the library calls our own is unauthenticated.
        if self.has_pending() && storage::own_commit(tx, &self.id())? == Some(Sha256::digest(envelope).into()) {
            return Ok(Opened::OwnCommit);
        }
        let provider = Provider::new(tx, rng, Some(self.id()));
        let processed = self
            .mls
            .process_message(&provider, message)
            .map_err(|error| provider.fault().map_or_else(|| refusal(error), OpenError::Store))?;
        self.sort(processed)
    }

    /// Goes on to the epoch that a judged Commit leads to; a pending Commit of ours is dropped.
    ///
    /// Where it removes this device, [`super::wipe`] the group afterwards.
    pub fn accept(&mut self, tx: &Tx<'_>, change: StagedChange) -> Result<(), GroupError> {
        let provider = Provider::calm(tx, Some(self.id()));
        self.mls.merge_staged_commit(&provider, *change.staged).map_err(|error| provider.blame(error))?;
        self.settle(tx)
    }

    fn sort(&self, processed: ProcessedMessage) -> Result<Opened, OpenError> {
        let Sender::Member(sender) = *processed.sender() else { return Err(OpenError::Forbidden) };
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                Ok(Opened::Message { from: self.member(sender)?, plaintext: message.into_bytes() })
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                Ok(Opened::Commit(Box::new(self.describe(self.member(sender)?, staged)?)))
            }
            ProcessedMessageContent::OwnPrivateMessage => Ok(Opened::Own),
            _ => Err(OpenError::Forbidden),
        }
    }

    fn describe(&self, committer: MemberLeaf, staged: Box<StagedCommit>) -> Result<StagedChange, OpenError> {
        let place = LeafNodeIndex::new(committer.leaf);
        let mut added = Vec::new();
        let mut removed = Vec::new();
        for proposal in staged.queued_proposals() {
            let by_value = matches!(proposal.proposal_or_ref_type(), ProposalOrRefType::Proposal);
            if !by_value || *proposal.sender() != Sender::Member(place) {
                return Err(OpenError::Forbidden);
            }
            match proposal.proposal() {
                Proposal::Add(add) => added.push(offer::check(add.key_package()).map_err(|_| OpenError::Forbidden)?),
                Proposal::Remove(remove) => removed.push(self.member(remove.removed())?),
                Proposal::GroupContextExtensions(_) => {}
                _ => return Err(OpenError::Forbidden),
            }
        }
        let updated = match staged.update_path_leaf_node() {
            Some(node) => Some(MemberLeaf::new(committer.leaf, leaf::claim(node).ok_or(OpenError::Forbidden)?)),
            None => None,
        };
        let policy = self.changed_policy(&staged)?;
        let removes_self = staged.self_removed();
        let next_delivery_key = match removes_self {
            true => None,
            false => Some(
                exporter(exporter::DELIVERY, |label| staged.export_secret(&*CRYPTO, label, &[], 32))
                    .map(|key| DeliveryKey::new(*key))
                    .map_err(|_| OpenError::NotMember)?,
            ),
        };
        let next_addresses = self.next_addresses(&added, &removed, updated.as_ref());
        let next_epoch = Epoch(staged.epoch().as_u64());
        Ok(StagedChange {
            next_epoch,
            committer,
            updated,
            added,
            removed,
            policy,
            removes_self,
            next_delivery_key,
            next_addresses,
            staged,
        })
    }

    /// The GroupContext must keep our requirements and a policy that reads, and nothing else.
    fn changed_policy(&self, staged: &StagedCommit) -> Result<Option<Policy>, OpenError> {
        let next = staged.group_context().extensions();
        let bytes = suite::policy_of(next).ok_or(OpenError::Forbidden)?;
        if next == self.mls.extensions() {
            return Ok(None);
        }
        Policy::from_bytes(bytes).map(Some).map_err(|_| OpenError::Forbidden)
    }

    fn next_addresses(&self, added: &[Claim], removed: &[MemberLeaf], updated: Option<&MemberLeaf>) -> Vec<Address> {
        let stays = |member: &MemberLeaf| removed.iter().all(|gone| gone.leaf != member.leaf);
        let now = |member: MemberLeaf| match updated {
            Some(new) if new.leaf == member.leaf => new.address.clone(),
            _ => member.address,
        };
        let mut addresses: Vec<_> = self.members().into_iter().filter(stays).map(now).collect();
        addresses.extend(added.iter().map(|joiner| joiner.address.clone()));
        addresses
    }

    fn member(&self, index: LeafNodeIndex) -> Result<MemberLeaf, OpenError> {
        self.leaf_at(index).ok_or(OpenError::Forbidden)
    }
}

fn parse(envelope: &[u8]) -> Result<ProtocolMessage, OpenError> {
    let message = MlsMessageIn::tls_deserialize_exact(envelope).map_err(|_| OpenError::Malformed)?;
    match message.extract() {
        MlsMessageBodyIn::PrivateMessage(message) => Ok(ProtocolMessage::from(message)),
        _ => Err(OpenError::Malformed),
    }
}

fn refusal(error: ProcessMessageError<Failed>) -> OpenError {
    use MessageDecryptionError as Decryption;
    match error {
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(inner)) => match inner {
            Decryption::SecretTreeError(SecretTreeError::SecretReuseError) => OpenError::Reused,
            Decryption::SecretTreeError(SecretTreeError::TooDistantInThePast) => OpenError::TooOld,
            Decryption::SecretTreeError(SecretTreeError::TooDistantInTheFuture) => OpenError::TooFar,
            Decryption::AeadError => OpenError::Damaged,
            other => OpenError::Invalid(Cause::of(other)),
        },
        ProcessMessageError::GroupStateError(_) => OpenError::NotMember,
        other => OpenError::Invalid(Cause::of(other)),
    }
}
