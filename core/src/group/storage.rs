//! Where the MLS library keeps its state: rows of the caller's transaction.
//!
//! Called by the library in the middle of its operations, so every operation
//! must run inside one transaction. Values are CBOR, which describes itself;
//! the library's types need that. Every row of a group carries the group id, so
//! that [`wipe`] really deletes all: the library leaves private keys behind.
//!
//! ```text
//!   mls_group   group id │ kind │ key        │ value     one group's state
//!   mls_item    kind     │ key  │ (group id) │ value     KeyPackages
//! ```

use std::cell::RefCell;

use ciborium::Value;
use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use waxseal_wire::id::GroupId;
use zeroize::Zeroizing;

use crate::store::codec::{decode, encode, encode_into};
use crate::store::{StoreError, Tx};

/// The database failed; [`Storage::fault`] knows how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database failed")]
pub(super) struct Failed;

/// What a row holds. Numbers are stored: never change one.
#[derive(Clone, Copy)]
enum Kind {
    Settings = 1,
    OwnLeaf = 2,
    Proposal = 3,
    Tree = 4,
    Context = 5,
    TranscriptHash = 6,
    ConfirmationTag = 7,
    State = 8,
    MessageSecrets = 9,
    ResumptionPsk = 10,
    OwnLeafIndex = 11,
    EpochSecrets = 12,
    EpochKeyPairs = 13,
    OwnCommit = 14,
    KeyPackage = 100,
    EncryptionKeyPair = 101,
    SignatureKeyPair = 102,
    Psk = 103,
}

/// A stored key, and the value that is wiped from memory after use.
type Row = (Vec<u8>, Zeroizing<Vec<u8>>);

/// The library's view of one transaction.
pub(super) struct Storage<'a> {
    connection: &'a Connection,
    /// Items written while this group is at work are wiped with it.
    group: Option<GroupId>,
    fault: RefCell<Option<StoreError>>,
}

impl<'a> Storage<'a> {
    pub(super) fn new(tx: &'a Tx<'_>, group: Option<GroupId>) -> Self {
        Self { connection: tx, group, fault: RefCell::new(None) }
    }

    /// Takes the last failure of the database.
    pub(super) fn fault(&self) -> Option<StoreError> {
        self.fault.borrow_mut().take()
    }

    fn note<T>(&self, outcome: Result<T, StoreError>) -> Result<T, Failed> {
        outcome.map_err(|error| {
            *self.fault.borrow_mut() = Some(error);
            Failed
        })
    }

    /// The bare bytes of the library's group id, whatever wraps them when it is serialised.
    fn group_bytes(&self, group: &impl Serialize) -> Result<Vec<u8>, StoreError> {
        let wrapped = encode_into(group, 64)?;
        match self.group {
            Some(group) if wrapped.ends_with(group.as_bytes()) => Ok(group.as_bytes().to_vec()),
            _ => Ok(gather(decode(&wrapped)?)),
        }
    }

    fn put(&self, group: &impl Serialize, kind: Kind, key: &[u8], value: &(impl Serialize + ?Sized)) -> Result<(), Failed> {
        self.note((|| {
            let sql = "INSERT INTO mls_group (group_id, kind, key, value) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (group_id, kind, key) DO UPDATE SET value = excluded.value";
            let value = encode(value)?;
            self.connection.prepare_cached(sql)?.execute(params![self.group_bytes(group)?, kind as u8, key, value.as_slice()])?;
            Ok(())
        })())
    }

    fn take<T: DeserializeOwned>(&self, group: &impl Serialize, kind: Kind, key: &[u8]) -> Result<Option<T>, Failed> {
        self.note((|| {
            let sql = "SELECT value FROM mls_group WHERE group_id = ?1 AND kind = ?2 AND key = ?3";
            let row: Option<Vec<u8>> = self
                .connection
                .prepare_cached(sql)?
                .query_row(params![self.group_bytes(group)?, kind as u8, key], |row| row.get(0))
                .optional()?;
            row.map(Zeroizing::new).map(|value| decode(&value)).transpose()
        })())
    }

    /// All rows of a kind, in the order they were first put: key and value.
    fn all(&self, group: &impl Serialize, kind: Kind) -> Result<Vec<Row>, Failed> {
        self.note((|| {
            let sql = "SELECT key, value FROM mls_group WHERE group_id = ?1 AND kind = ?2 ORDER BY rowid";
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![self.group_bytes(group)?, kind as u8], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| row.map(|(key, value)| (key, Zeroizing::new(value))).map_err(StoreError::from)).collect()
        })())
    }

    fn drop_one(&self, group: &impl Serialize, kind: Kind, key: &[u8]) -> Result<(), Failed> {
        self.note((|| {
            let sql = "DELETE FROM mls_group WHERE group_id = ?1 AND kind = ?2 AND key = ?3";
            self.connection.prepare_cached(sql)?.execute(params![self.group_bytes(group)?, kind as u8, key])?;
            Ok(())
        })())
    }

    fn drop_all(&self, group: &impl Serialize, kind: Kind) -> Result<(), Failed> {
        self.note((|| {
            let sql = "DELETE FROM mls_group WHERE group_id = ?1 AND kind = ?2";
            self.connection.prepare_cached(sql)?.execute(params![self.group_bytes(group)?, kind as u8])?;
            Ok(())
        })())
    }

    fn put_item(&self, kind: Kind, key: &impl Serialize, value: &impl Serialize) -> Result<(), Failed> {
        self.note((|| {
            let sql = "INSERT INTO mls_item (kind, key, group_id, value) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, group_id = excluded.group_id";
            let (key, value, group) = (key_bytes(key)?, encode(value)?, self.group.as_ref().map(GroupId::as_bytes));
            self.connection.prepare_cached(sql)?.execute(params![kind as u8, key.as_slice(), group, value.as_slice()])?;
            Ok(())
        })())
    }

    fn take_item<T: DeserializeOwned>(&self, kind: Kind, key: &impl Serialize) -> Result<Option<T>, Failed> {
        self.note((|| {
            let row: Option<Vec<u8>> = self
                .connection
                .prepare_cached("SELECT value FROM mls_item WHERE kind = ?1 AND key = ?2")?
                .query_row(params![kind as u8, key_bytes(key)?.as_slice()], |row| row.get(0))
                .optional()?;
            row.map(Zeroizing::new).map(|value| decode(&value)).transpose()
        })())
    }

    fn drop_item(&self, kind: Kind, key: &impl Serialize) -> Result<(), Failed> {
        self.note((|| {
            let sql = "DELETE FROM mls_item WHERE kind = ?1 AND key = ?2";
            self.connection.prepare_cached(sql)?.execute(params![kind as u8, key_bytes(key)?.as_slice()])?;
            Ok(())
        })())
    }
}

/// Deletes every row of a group.
pub(super) fn wipe(tx: &Tx<'_>, group: &GroupId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM mls_group WHERE group_id = ?1")?.execute([group.as_bytes()])?;
    tx.prepare_cached("DELETE FROM mls_item WHERE group_id = ?1")?.execute([group.as_bytes()])?;
    Ok(())
}

/// Keeps the hash of our pending Commit's bytes, or forgets it.
pub(super) fn keep_own_commit(tx: &Tx<'_>, group: &GroupId, hash: Option<&[u8; 32]>) -> Result<(), StoreError> {
    let (group, kind) = (group.as_bytes(), Kind::OwnCommit as u8);
    match hash {
        Some(hash) => {
            let sql = "INSERT INTO mls_group (group_id, kind, key, value) VALUES (?1, ?2, x'', ?3)
                       ON CONFLICT (group_id, kind, key) DO UPDATE SET value = excluded.value";
            tx.prepare_cached(sql)?.execute(params![group, kind, hash])?
        }
        None => tx.prepare_cached("DELETE FROM mls_group WHERE group_id = ?1 AND kind = ?2")?.execute(params![group, kind])?,
    };
    Ok(())
}

/// The hash of our pending Commit's bytes.
pub(super) fn own_commit(tx: &Tx<'_>, group: &GroupId) -> Result<Option<[u8; 32]>, StoreError> {
    let row = tx
        .prepare_cached("SELECT value FROM mls_group WHERE group_id = ?1 AND kind = ?2")?
        .query_row(params![group.as_bytes(), Kind::OwnCommit as u8], |row| row.get(0))
        .optional()?;
    Ok(row)
}

/// The key under which an item is stored.
pub(super) fn item_key(key: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    Ok(key_bytes(key)?.to_vec())
}

/// A key as a row holds it: found again only if it is written the same way for ever.
fn key_bytes(key: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 10));
    ciborium::into_writer(key, &mut *bytes).map_err(|_| StoreError::Value)?;
    Ok(bytes)
}

/// All bytes in a value, whatever wraps them.
fn gather(value: Value) -> Vec<u8> {
    match value {
        Value::Bytes(inner) => inner,
        Value::Integer(byte) => u8::try_from(byte).into_iter().collect(),
        Value::Array(inner) => inner.into_iter().flat_map(gather).collect(),
        Value::Map(inner) => inner.into_iter().flat_map(|(_, value)| gather(value)).collect(),
        _ => Vec::new(),
    }
}

/// One value for each group: write, read and, for most, delete.
macro_rules! of_group {
    ($kind:ident: $value:ident, $write:ident, $read:ident $(, $delete:ident)?) => {
        fn $write<G: traits::GroupId<V>, T: traits::$value<V>>(&self, group: &G, value: &T) -> Result<(), Failed> {
            self.put(group, Kind::$kind, &[], value)
        }
        fn $read<G: traits::GroupId<V>, T: traits::$value<V>>(&self, group: &G) -> Result<Option<T>, Failed> {
            self.take(group, Kind::$kind, &[])
        }
        $(fn $delete<G: traits::GroupId<V>>(&self, group: &G) -> Result<(), Failed> {
            self.drop_one(group, Kind::$kind, &[])
        })?
    };
}

/// One value for each key, outside groups. The trait's order of type parameters varies: `read` names its own.
macro_rules! item {
    ($kind:ident: $key:ident => $value:ident, $write:ident, $read:ident<$first:ident: $first_is:ident, $second:ident: $second_is:ident>, $delete:ident) => {
        fn $write<K: traits::$key<V>, T: traits::$value<V>>(&self, key: &K, value: &T) -> Result<(), Failed> {
            self.put_item(Kind::$kind, key, value)
        }
        fn $read<$first: traits::$first_is<V>, $second: traits::$second_is<V>>(&self, key: &K) -> Result<Option<T>, Failed> {
            self.take_item(Kind::$kind, key)
        }
        fn $delete<K: traits::$key<V>>(&self, key: &K) -> Result<(), Failed> {
            self.drop_item(Kind::$kind, key)
        }
    };
}

impl StorageProvider<V> for Storage<'_> {
    type Error = Failed;

    of_group!(Settings: MlsGroupJoinConfig, write_mls_join_config, mls_group_join_config, delete_group_config);
    of_group!(Tree: TreeSync, write_tree, tree, delete_tree);
    of_group!(Context: GroupContext, write_context, group_context, delete_context);
    of_group!(TranscriptHash: InterimTranscriptHash, write_interim_transcript_hash, interim_transcript_hash, delete_interim_transcript_hash);
    of_group!(ConfirmationTag: ConfirmationTag, write_confirmation_tag, confirmation_tag, delete_confirmation_tag);
    of_group!(MessageSecrets: MessageSecrets, write_message_secrets, message_secrets, delete_message_secrets);
    of_group!(ResumptionPsk: ResumptionPskStore, write_resumption_psk_store, resumption_psk_store, delete_all_resumption_psk_secrets);
    of_group!(OwnLeafIndex: LeafNodeIndex, write_own_leaf_index, own_leaf_index, delete_own_leaf_index);
    of_group!(EpochSecrets: GroupEpochSecrets, write_group_epoch_secrets, group_epoch_secrets, delete_group_epoch_secrets);

    fn write_group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(&self, group: &G, value: &T) -> Result<(), Failed> {
        self.put(group, Kind::State, &[], value)
    }
    fn group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(&self, group: &G) -> Result<Option<T>, Failed> {
        self.take(group, Kind::State, &[])
    }
    fn delete_group_state<G: traits::GroupId<V>>(&self, group: &G) -> Result<(), Failed> {
        self.drop_one(group, Kind::State, &[])
    }

    item!(KeyPackage: HashReference => KeyPackage, write_key_package, key_package<K: HashReference, T: KeyPackage>, delete_key_package);
    item!(EncryptionKeyPair: EncryptionKey => HpkeKeyPair, write_encryption_key_pair, encryption_key_pair<T: HpkeKeyPair, K: EncryptionKey>, delete_encryption_key_pair);
    item!(SignatureKeyPair: SignaturePublicKey => SignatureKeyPair, write_signature_key_pair, signature_key_pair<K: SignaturePublicKey, T: SignatureKeyPair>, delete_signature_key_pair);
    item!(Psk: PskId => PskBundle, write_psk, psk<T: PskBundle, K: PskId>, delete_psk);

    fn append_own_leaf_node<G: traits::GroupId<V>, T: traits::LeafNode<V>>(&self, group: &G, leaf: &T) -> Result<(), Failed> {
        let place = self.all(group, Kind::OwnLeaf)?.len() as u64;
        self.put(group, Kind::OwnLeaf, &place.to_be_bytes(), leaf)
    }
    fn own_leaf_nodes<G: traits::GroupId<V>, T: traits::LeafNode<V>>(&self, group: &G) -> Result<Vec<T>, Failed> {
        let rows = self.all(group, Kind::OwnLeaf)?;
        self.note(rows.iter().map(|(_, leaf)| decode(leaf)).collect())
    }
    fn delete_own_leaf_nodes<G: traits::GroupId<V>>(&self, group: &G) -> Result<(), Failed> {
        self.drop_all(group, Kind::OwnLeaf)
    }

    fn write_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[T],
    ) -> Result<(), Failed> {
        let key = self.note(key_bytes(&(epoch, leaf)))?;
        self.put(group, Kind::EpochKeyPairs, &key, pairs)
    }
    fn encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<T>, Failed> {
        let key = self.note(key_bytes(&(epoch, leaf)))?;
        Ok(self.take(group, Kind::EpochKeyPairs, &key)?.unwrap_or_default())
    }
    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), Failed> {
        let key = self.note(key_bytes(&(epoch, leaf)))?;
        self.drop_one(group, Kind::EpochKeyPairs, &key)
    }

    fn queue_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        group: &G,
        reference: &R,
        proposal: &P,
    ) -> Result<(), Failed> {
        let key = self.note(key_bytes(reference))?;
        self.put(group, Kind::Proposal, &key, proposal)
    }
    fn queued_proposal_refs<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, group: &G) -> Result<Vec<R>, Failed> {
        let rows = self.all(group, Kind::Proposal)?;
        self.note(rows.iter().map(|(reference, _)| decode(reference)).collect())
    }
    fn queued_proposals<G: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<(R, P)>, Failed> {
        let rows = self.all(group, Kind::Proposal)?;
        self.note(rows.iter().map(|(reference, proposal)| Ok((decode(reference)?, decode(proposal)?))).collect())
    }
    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, group: &G, reference: &R) -> Result<(), Failed> {
        let key = self.note(key_bytes(reference))?;
        self.drop_one(group, Kind::Proposal, &key)
    }
    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, group: &G) -> Result<(), Failed> {
        self.drop_all(group, Kind::Proposal)
    }
}
