//! What akd takes for its database: the caller's records, and above them what this one call has made.
//!
//! Lives as long as one call. Nothing is written: [`Shelf::written`] gives out what is to be stored. akd takes some
//! reads that fail for "no such node", so a shelf remembers the first trouble and the call fails with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use akd::errors::StorageError;
use akd::storage::types::{DbRecord, KeyData, StorageType, ValueState, ValueStateRetrievalFlag};
use akd::storage::{Database, DbSetState, Storable};
use akd::tree_node::TreeNodeWithPreviousValue;
use akd_core::{AkdLabel, AkdValue, NodeLabel};
use async_trait::async_trait;

use super::{PublishError, Record, Records, Table, codec};

#[derive(Default)]
struct State {
    /// What was written of the tree, by key.
    tree: HashMap<Vec<u8>, DbRecord>,
    /// What names came to mean.
    values: Vec<DbRecord>,
    /// What was read of the tree in this call; akd reads much of it twice.
    read: HashMap<Vec<u8>, Option<DbRecord>>,
    trouble: Option<PublishError>,
}

/// One call's view of the stored log; a clone is the same one.
pub(super) struct Shelf<R> {
    records: Arc<R>,
    state: Arc<Mutex<State>>,
    /// So many of a name's values are asked for in this call.
    values: u32,
}

impl<R> Clone for Shelf<R> {
    fn clone(&self) -> Self {
        Self { records: Arc::clone(&self.records), state: Arc::clone(&self.state), values: self.values }
    }
}

impl<R: Records> Shelf<R> {
    pub(super) fn new(records: Arc<R>, values: u32) -> Self {
        Self { records, state: Arc::default(), values }
    }

    /// The first thing that went wrong.
    pub(super) fn trouble(&self) -> Result<(), PublishError> {
        self.state().trouble.map_or(Ok(()), Err)
    }

    /// What is to be stored, ordered by key.
    pub(super) fn written(&self) -> Result<Vec<Record>, PublishError> {
        let state = self.state();
        let mut records =
            state.tree.values().chain(&state.values).map(codec::record).collect::<Option<Vec<_>>>().ok_or(PublishError::Broken)?;
        records.sort_by(|one, other| (one.table, &one.key).cmp(&(other.table, &other.key)));
        Ok(records)
    }

    /// How many leaves the new values add: a fresh one each, and one that retires the version before.
    pub(super) fn leaves(&self) -> usize {
        let leaves = |record: &DbRecord| if matches!(record, DbRecord::ValueState(it) if it.version > 1) { 2 } else { 1 };
        self.state().values.iter().map(leaves).sum()
    }

    /// A name's stored values up to an epoch, newest first.
    pub(super) fn values(&self, name: &AkdLabel, up_to: u64, limit: u32) -> Result<Vec<ValueState>, PublishError> {
        let (from, to) = (codec::value_key(name, 0), codec::value_key(name, up_to));
        let found = self.records.last(Table::Value, &from, &to, limit)?;
        found.iter().map(|bytes| codec::read_value(name, bytes)).collect::<Option<_>>().ok_or(PublishError::Broken)
    }

    /// Reads all that lies on the ways to these labels and beside them, level by level: one batch a level instead of one
    /// read a node.
    pub(super) fn preload(&self, labels: &[NodeLabel]) -> Result<(), PublishError> {
        let mut targets: Vec<_> = labels.iter().map(|label| label.label_val).collect();
        targets.sort_unstable();
        let leads_on = |node: &NodeLabel| {
            let first = targets.get(targets.partition_point(|target| *target < node.label_val));
            first.is_some_and(|target| node.is_prefix_of(&NodeLabel::new(*target, 256)))
        };
        let mut level = vec![NodeLabel::root()];
        while !level.is_empty() {
            let keys: Vec<_> = level.iter().map(codec::node_key).filter(|key| self.known(key).is_none()).collect();
            let found = self.records.many(Table::Tree, &keys)?;
            if found.len() != keys.len() {
                return Err(PublishError::Broken);
            }
            for (key, bytes) in keys.into_iter().zip(found) {
                let record = bytes.map(|bytes| codec::read_node(&key, &bytes).ok_or(PublishError::Broken)).transpose()?;
                self.state().read.insert(key, record);
            }
            let children = |label: &NodeLabel| match self.known(&codec::node_key(label)) {
                Some(Some(DbRecord::TreeNode(node))) => [node.latest_node.left_child, node.latest_node.right_child],
                _ => [None, None],
            };
            level = level.iter().filter(|label| leads_on(label)).flat_map(children).flatten().collect();
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fails(&self, trouble: PublishError) -> StorageError {
        self.state().trouble.get_or_insert(trouble);
        StorageError::Connection(String::new())
    }

    fn put(&self, records: Vec<DbRecord>) -> Result<(), StorageError> {
        let mut state = self.state();
        for record in records {
            match &record {
                DbRecord::Azks(_) => drop(state.tree.insert(codec::TREE.to_vec(), record)),
                DbRecord::TreeNode(node) => drop(state.tree.insert(codec::node_key(&node.label), record)),
                DbRecord::ValueState(_) => state.values.push(record),
            }
        }
        Ok(())
    }

    fn tree<St: Storable>(&self, id: &St::StorageKey) -> Result<Option<DbRecord>, PublishError> {
        let bin = St::get_full_binary_key_id(id);
        let key = match St::data_type() {
            StorageType::Azks => codec::TREE.to_vec(),
            StorageType::TreeNode => {
                codec::node_key(&TreeNodeWithPreviousValue::key_from_full_binary(&bin).map_err(|_| PublishError::Broken)?.0)
            }
            // Values are asked for by name, below; akd never asks for one by its key.
            StorageType::ValueState => return Err(PublishError::Broken),
        };
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let bytes = self.records.one(Table::Tree, &key)?;
        let read = |bytes: Vec<u8>| if key == codec::TREE { codec::read_tree(&bytes) } else { codec::read_node(&key, &bytes) };
        let record = bytes.map(|bytes| read(bytes).ok_or(PublishError::Broken)).transpose()?;
        self.state().read.insert(key, record.clone());
        Ok(record)
    }

    /// What is known of a record of the tree without asking.
    fn known(&self, key: &[u8]) -> Option<Option<DbRecord>> {
        let state = self.state();
        state.tree.get(key).map(|record| Some(record.clone())).or_else(|| state.read.get(key).cloned())
    }

    fn newest(&self, name: &AkdLabel, flag: ValueStateRetrievalFlag) -> Result<Option<ValueState>, PublishError> {
        let up_to = match flag {
            ValueStateRetrievalFlag::LeqEpoch(epoch) => epoch,
            ValueStateRetrievalFlag::MaxEpoch => u64::MAX,
            // akd asks no other way.
            _ => return Err(PublishError::Broken),
        };
        Ok(self.values(name, up_to, 1)?.into_iter().next())
    }
}

fn missing() -> StorageError {
    StorageError::NotFound(String::new())
}

#[async_trait]
impl<R: Records> Database for Shelf<R> {
    async fn set(&self, record: DbRecord) -> Result<(), StorageError> {
        self.put(vec![record])
    }

    async fn batch_set(&self, records: Vec<DbRecord>, _: DbSetState) -> Result<(), StorageError> {
        self.put(records)
    }

    async fn get<St: Storable>(&self, id: &St::StorageKey) -> Result<DbRecord, StorageError> {
        self.tree::<St>(id).map_err(|trouble| self.fails(trouble))?.ok_or_else(missing)
    }

    async fn batch_get<St: Storable>(&self, ids: &[St::StorageKey]) -> Result<Vec<DbRecord>, StorageError> {
        let found = ids.iter().map(|id| self.tree::<St>(id)).collect::<Result<Vec<_>, _>>();
        Ok(found.map_err(|trouble| self.fails(trouble))?.into_iter().flatten().collect())
    }

    async fn get_user_data(&self, name: &AkdLabel) -> Result<KeyData, StorageError> {
        let states = self.values(name, u64::MAX, self.values).map_err(|trouble| self.fails(trouble))?;
        if states.is_empty() { Err(missing()) } else { Ok(KeyData { states }) }
    }

    async fn get_user_state(&self, name: &AkdLabel, flag: ValueStateRetrievalFlag) -> Result<ValueState, StorageError> {
        self.newest(name, flag).map_err(|trouble| self.fails(trouble))?.ok_or_else(missing)
    }

    async fn get_user_state_versions(
        &self,
        names: &[AkdLabel],
        flag: ValueStateRetrievalFlag,
    ) -> Result<HashMap<AkdLabel, (u64, AkdValue)>, StorageError> {
        let newest = |name: &AkdLabel| Ok(self.newest(name, flag)?.map(|it| (name.clone(), (it.version, it.value))));
        let found = names.iter().map(newest).collect::<Result<Vec<_>, PublishError>>();
        Ok(found.map_err(|trouble| self.fails(trouble))?.into_iter().flatten().collect())
    }
}
