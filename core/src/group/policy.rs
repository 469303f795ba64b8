//! The policy of a group: what it is called and who may change it.
//!
//! Stands in the GroupContext (extension 0xFA02), so every member agrees on it
//! and it is nobody's secret but the group's. Called by `group` and `chats`.
//! Never decides who may do what; it says only who is an admin.
//!
//! CBOR map with integer keys, in order; fields of later releases are kept:
//! 0 chat, 1 generation, 2 name, 3 admins, 4 direct, 5 errand (group, epoch, broken), 6 leaving, 7 note,
//! 8 seats, 9 without, 10 out.

use std::collections::{BTreeMap, BTreeSet};

use ciborium::Value;
use sha2::{Digest, Sha256};
use waxseal_wire::id::{AccountId, Epoch, GroupId};

/// Most bytes of an encoded policy.
const SIZE: usize = 16 << 10;
/// Most bytes of a name.
const NAME: usize = 256;
/// Most bytes of a note.
const NOTE: usize = 2 << 10;
/// Most admins.
pub const ADMINS: usize = 256;

/// Why a policy is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It does not read.
    #[error("the policy does not read")]
    Malformed,
    /// Over 16 KiB, a name over 256 bytes, or over 256 admins.
    #[error("the policy is too large")]
    TooLarge,
}

/// A group without words: its founder cannot follow a group of the chat and asks to be re-added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    /// The group that its founder cannot follow.
    pub group: GroupId,
    /// The last epoch that it could.
    pub epoch: Epoch,
    /// A Commit of somebody else did not open; others may have the same trouble.
    pub broken: bool,
}

/// What a group is called and who may change it.
#[derive(Clone, PartialEq)]
pub struct Policy {
    /// The chat that this group carries; it outlives the group.
    pub chat: [u8; 16],
    /// Counts the groups that have carried the chat.
    pub generation: u64,
    /// What people call it.
    pub name: String,
    /// Accounts that may add, remove and rename.
    pub admins: BTreeSet<AccountId>,
    /// A conversation of two people.
    pub direct: bool,
    /// Accounts that want to be out; anybody may remove them. Each adds itself alone.
    pub leaving: BTreeSet<AccountId>,
    /// No conversation at all, but a call for help.
    pub errand: Option<Errand>,
    /// No call for help, but a word to whoever gets it: they are out of the chat, and that group does not carry it.
    pub out: bool,
    /// No call for help either, but a word among an account's own devices: a padded content.
    pub note: Option<Vec<u8>>,
    /// Whose chat it is, where the group was founded anew: a hash of all accounts, see [`seats`].
    pub seats: Option<[u8; 32]>,
    /// Who was left out of it on purpose: who broke the one before, and who wanted to be out.
    pub without: BTreeSet<AccountId>,
    /// Fields of later releases, kept as they came.
    later: BTreeMap<u64, Value>,
}

impl core::fmt::Debug for Policy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Policy(generation {}, {} admins)", self.generation, self.admins.len())
    }
}

impl Policy {
    /// A policy with the fields of this release.
    pub fn new(chat: [u8; 16], generation: u64, name: String, admins: BTreeSet<AccountId>, direct: bool) -> Self {
        let leaving = BTreeSet::new();
        let (without, later) = (BTreeSet::new(), BTreeMap::new());
        Self { chat, generation, name, admins, direct, leaving, errand: None, out: false, note: None, seats: None, without, later }
    }

    /// The policy of a call for help about `chat`.
    pub fn errand(chat: [u8; 16], founder: AccountId, errand: Errand) -> Self {
        Self { errand: Some(errand), ..Self::new(chat, 0, String::new(), [founder].into(), false) }
    }

    /// The policy of a word to the founder's other devices. A release that does not know it takes it for a call
    /// for help about a chat that there is not.
    pub fn note(founder: AccountId, note: Vec<u8>) -> Self {
        let errand = Errand { group: GroupId([0; 16]), epoch: Epoch(0), broken: false };
        Self { note: Some(note), ..Self::errand([0; 16], founder, errand) }
    }

    /// Encodes it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PolicyError> {
        let ids = |ids: &BTreeSet<AccountId>| Value::Array(ids.iter().map(|id| Value::Bytes(id.0.to_vec())).collect());
        let mut fields = self.later.clone();
        fields.insert(0, Value::Bytes(self.chat.to_vec()));
        fields.insert(1, Value::from(self.generation));
        fields.insert(2, Value::Text(self.name.clone()));
        fields.insert(3, ids(&self.admins));
        fields.insert(4, Value::Bool(self.direct));
        if !self.leaving.is_empty() {
            fields.insert(6, ids(&self.leaving));
        }
        if let Some(errand) = &self.errand {
            let parts = vec![Value::Bytes(errand.group.0.to_vec()), Value::from(errand.epoch.0), Value::Bool(errand.broken)];
            fields.insert(5, Value::Array(parts));
        }
        if self.out {
            fields.insert(10, Value::Bool(true));
        }
        if let Some(note) = &self.note {
            fields.insert(7, Value::Bytes(note.clone()));
        }
        if let Some(seats) = &self.seats {
            fields.insert(8, Value::Bytes(seats.to_vec()));
        }
        if !self.without.is_empty() {
            fields.insert(9, ids(&self.without));
        }
        let map = fields.into_iter().map(|(key, value)| (Value::from(key), value)).collect();
        let mut bytes = Vec::new();
        ciborium::into_writer(&Value::Map(map), &mut bytes).map_err(|_| PolicyError::Malformed)?;
        self.check(&bytes)?;
        Ok(bytes)
    }

    /// Reads what [`Policy::to_bytes`] of this or a later release wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > SIZE {
            return Err(PolicyError::TooLarge);
        }
        let read: Value = ciborium::de::from_reader_with_recursion_limit(bytes, 16).map_err(|_| PolicyError::Malformed)?;
        let mut fields = BTreeMap::new();
        for (key, value) in read.into_map().map_err(|_| PolicyError::Malformed)? {
            let key = key.as_integer().and_then(|key| u64::try_from(key).ok()).ok_or(PolicyError::Malformed)?;
            if fields.insert(key, value).is_some() {
                return Err(PolicyError::Malformed);
            }
        }
        let mut take = |key| fields.remove(&key).ok_or(PolicyError::Malformed);
        let (chat, generation, name, admins, direct) = (take(0)?, take(1)?, take(2)?, take(3)?, take(4)?);
        let leaving = fields.remove(&6).map(|ids| accounts_of(&ids)).transpose()?.unwrap_or_default();
        let errand = fields.remove(&5).map(|errand| errand_of(&errand)).transpose()?;
        let note = fields.remove(&7).map(|note| note.into_bytes().map_err(|_| PolicyError::Malformed)).transpose()?;
        let seats = fields.remove(&8).map(|seats| bytes_of(&seats)).transpose()?;
        let out = fields.remove(&10).map(|out| out.as_bool().ok_or(PolicyError::Malformed)).transpose()?.unwrap_or_default();
        let without = fields.remove(&9).map(|ids| accounts_of(&ids)).transpose()?.unwrap_or_default();
        let policy = Self {
            chat: bytes_of(&chat)?,
            generation: generation.as_integer().and_then(|n| u64::try_from(n).ok()).ok_or(PolicyError::Malformed)?,
            name: name.into_text().map_err(|_| PolicyError::Malformed)?,
            admins: accounts_of(&admins)?,
            direct: direct.as_bool().ok_or(PolicyError::Malformed)?,
            leaving,
            errand,
            out,
            note,
            seats,
            without,
            later: fields,
        };
        policy.check(bytes)?;
        Ok(policy)
    }

    fn check(&self, bytes: &[u8]) -> Result<(), PolicyError> {
        let fits = bytes.len() <= SIZE && self.name.len() <= NAME && self.admins.len() <= ADMINS && self.leaving.len() <= ADMINS;
        let fits = fits && self.without.len() <= ADMINS + 1 && self.note.as_ref().is_none_or(|note| note.len() <= NOTE);
        if fits { Ok(()) } else { Err(PolicyError::TooLarge) }
    }
}

/// The hash of all who have a seat in a chat, in their order.
pub(crate) fn seats(accounts: &BTreeSet<AccountId>) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"waxseal seats v1");
    accounts.iter().fold(hash, |hash, account| hash.chain_update(account.0)).finalize().into()
}

fn accounts_of(value: &Value) -> Result<BTreeSet<AccountId>, PolicyError> {
    value.as_array().ok_or(PolicyError::Malformed)?.iter().map(|id| bytes_of(id).map(AccountId)).collect()
}

fn errand_of(value: &Value) -> Result<Errand, PolicyError> {
    let Some([group, epoch, broken]) = value.as_array().map(Vec::as_slice) else { return Err(PolicyError::Malformed) };
    let epoch = epoch.as_integer().and_then(|n| u64::try_from(n).ok()).ok_or(PolicyError::Malformed)?;
    let broken = broken.as_bool().ok_or(PolicyError::Malformed)?;
    Ok(Errand { group: GroupId(bytes_of(group)?), epoch: Epoch(epoch), broken })
}

fn bytes_of<const N: usize>(value: &Value) -> Result<[u8; N], PolicyError> {
    value.as_bytes().and_then(|bytes| bytes.as_slice().try_into().ok()).ok_or(PolicyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::new([7; 16], 3, "Bees".into(), [AccountId([1; 32]), AccountId([2; 32])].into(), false)
    }

    #[test]
    fn a_policy_reads_back() {
        assert_eq!(Policy::from_bytes(&policy().to_bytes().unwrap()).unwrap(), policy());
        let again = Policy { seats: Some([3; 32]), without: [AccountId([9; 32])].into(), ..policy() };
        assert_eq!(Policy::from_bytes(&again.to_bytes().unwrap()).unwrap(), again);
        let note = Policy::note(AccountId([1; 32]), vec![7; NOTE]);
        assert_eq!(Policy::from_bytes(&note.to_bytes().unwrap()).unwrap(), note);
        assert!(note.errand.is_some(), "an older release has something to drop");
    }

    #[test]
    fn fields_of_a_later_release_are_kept() {
        let mut later = policy();
        later.later.insert(99, Value::Text("new".into()));
        let mut read = Policy::from_bytes(&later.to_bytes().unwrap()).unwrap();
        read.name = "Wasps".into();
        let again = Policy::from_bytes(&read.to_bytes().unwrap()).unwrap();
        assert_eq!(again.later.get(&99), Some(&Value::Text("new".into())));
    }

    #[test]
    fn large_or_senseless_policies_are_refused() {
        let mut large = policy();
        large.name = "x".repeat(NAME + 1);
        assert_eq!(large.to_bytes(), Err(PolicyError::TooLarge));
        assert_eq!(Policy::note(AccountId([1; 32]), vec![0; NOTE + 1]).to_bytes(), Err(PolicyError::TooLarge));
        assert_eq!(Policy::from_bytes(&[0; SIZE + 1]), Err(PolicyError::TooLarge));
        assert_eq!(Policy::from_bytes(b"\xa0"), Err(PolicyError::Malformed));
        assert_eq!(Policy::from_bytes(b""), Err(PolicyError::Malformed));
    }
}
