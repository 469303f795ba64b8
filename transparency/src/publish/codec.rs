//! akd's records as bytes.
//!
//! Called by `shelf`. A fixed layout with a version; what does not read back exactly is refused.
//!
//! ```text
//!   label   bits(2) ‖ bytes ⌈bits/8⌉          0xffff: none; 0xfffe: akd's mark for "no parent yet"
//!   state   last epoch(8) ‖ least epoch(8) ‖ parent ‖ kind(1) ‖ left ‖ right ‖ hash(32)
//!   node    version(1) ‖ newest state ‖ [ state before ]         key: label
//!   value   version(1) ‖ version of the name(8) ‖ value(32) ‖ label(32)    key: SHA-256 of a label and the name ‖ epoch(8)
//!   tree    version(1) ‖ newest epoch(8) ‖ nodes(8)               key: "tree"
//! ```

use akd::Azks;
use akd::storage::types::{DbRecord, ValueState};
use akd::tree_node::{TreeNode, TreeNodeType, TreeNodeWithPreviousValue};
use akd_core::configuration::Configuration as _;
use akd_core::{AkdLabel, AkdValue, AzksValue, NodeLabel};
use sha2::{Digest, Sha256};

use super::{Record, Table};
use crate::proof::{Config, label};

const VERSION: u8 = 1;
const NONE: u16 = 0xffff;
const UNSET: u16 = 0xfffe;

/// Where the tree's own record is; no label has a key like it.
pub(super) const TREE: &[u8] = b"tree";

/// Key of a node.
pub(super) fn node_key(label: &NodeLabel) -> Vec<u8> {
    let mut key = Vec::with_capacity(34);
    write_label(&mut key, Some(label));
    key
}

/// Key of what a name meant from an epoch on; keys of one name are ordered by epoch. The name itself is not stored: it outlives
/// its account.
pub(super) fn value_key(name: &AkdLabel, epoch: u64) -> Vec<u8> {
    let hash = Sha256::new().chain_update(b"waxseal directory name v1").chain_update(&name.0).finalize();
    [hash.as_slice(), &epoch.to_be_bytes()].concat()
}

/// A record to store.
pub(super) fn record(record: &DbRecord) -> Option<Record> {
    let mut bytes = vec![VERSION];
    let (table, key) = match record {
        DbRecord::Azks(tree) => {
            bytes.extend(tree.latest_epoch.to_be_bytes());
            bytes.extend(tree.num_nodes.to_be_bytes());
            (Table::Tree, TREE.to_vec())
        }
        DbRecord::TreeNode(node) => {
            write_state(&mut bytes, &node.latest_node);
            node.previous_node.iter().for_each(|before| write_state(&mut bytes, before));
            (Table::Tree, node_key(&node.label))
        }
        DbRecord::ValueState(state) => {
            if state.value.len() != 32 || state.label.label_len != 256 {
                return None;
            }
            bytes.extend(state.version.to_be_bytes());
            bytes.extend(&state.value.0);
            bytes.extend(state.label.label_val);
            // The epoch is in the key, and here too, so that a value says it where it is found by a range.
            bytes.extend(state.epoch.to_be_bytes());
            (Table::Value, value_key(&state.username, state.epoch))
        }
    };
    Some(Record { table, key, bytes })
}

/// Reads the tree's own record.
pub(super) fn read_tree(bytes: &[u8]) -> Option<DbRecord> {
    let mut rest = open(bytes)?;
    let (latest_epoch, num_nodes) = (number(&mut rest)?, number(&mut rest)?);
    rest.is_empty().then_some(DbRecord::Azks(Azks { latest_epoch, num_nodes }))
}

/// Reads a node.
pub(super) fn read_node(key: &[u8], bytes: &[u8]) -> Option<DbRecord> {
    let mut named = key;
    let label = read_label(&mut named)?.filter(|_| named.is_empty())?;
    let mut rest = open(bytes)?;
    let latest_node = read_state(label, &mut rest)?;
    let previous_node = if rest.is_empty() { None } else { Some(read_state(label, &mut rest)?) };
    rest.is_empty().then_some(DbRecord::TreeNode(TreeNodeWithPreviousValue { label, latest_node, previous_node }))
}

/// Reads what a name meant.
pub(super) fn read_value(name: &AkdLabel, bytes: &[u8]) -> Option<ValueState> {
    let mut rest = open(bytes)?;
    let version = number(&mut rest)?;
    let value = AkdValue(array::<32>(&mut rest)?.to_vec());
    let label = NodeLabel::new(array(&mut rest)?, 256);
    let epoch = number(&mut rest)?;
    rest.is_empty().then(|| ValueState { value, version, label, epoch, username: name.clone() })
}

fn write_state(bytes: &mut Vec<u8>, state: &TreeNode) {
    bytes.extend(state.last_epoch.to_be_bytes());
    bytes.extend(state.min_descendant_epoch.to_be_bytes());
    write_label(bytes, Some(&state.parent));
    bytes.push(state.node_type as u8);
    write_label(bytes, state.left_child.as_ref());
    write_label(bytes, state.right_child.as_ref());
    bytes.extend(state.hash.0);
}

fn read_state(label: NodeLabel, rest: &mut &[u8]) -> Option<TreeNode> {
    Some(TreeNode {
        label,
        last_epoch: number(rest)?,
        min_descendant_epoch: number(rest)?,
        parent: read_label(rest)??,
        node_type: match array::<1>(rest)? {
            [1] => TreeNodeType::Leaf,
            [2] => TreeNodeType::Root,
            [3] => TreeNodeType::Interior,
            _ => return None,
        },
        left_child: read_label(rest)?,
        right_child: read_label(rest)?,
        hash: AzksValue(array(rest)?),
    })
}

fn write_label(bytes: &mut Vec<u8>, label: Option<&NodeLabel>) {
    let Some(label) = label else { return bytes.extend(NONE.to_be_bytes()) };
    if *label == Config::empty_label() {
        return bytes.extend(UNSET.to_be_bytes());
    }
    bytes.extend(u16::try_from(label.label_len).unwrap_or(NONE).to_be_bytes());
    bytes.extend(label::bytes(label));
}

fn read_label(rest: &mut &[u8]) -> Option<Option<NodeLabel>> {
    Some(match u16::from_be_bytes(array(rest)?) {
        NONE => None,
        UNSET => Some(Config::empty_label()),
        0 => Some(NodeLabel::root()),
        bits => {
            let (held, left) = rest.split_at_checked(usize::from(bits).div_ceil(8))?;
            *rest = left;
            Some(label::read(u32::from(bits), held).ok()?)
        }
    })
}

fn open(bytes: &[u8]) -> Option<&[u8]> {
    bytes.split_first().filter(|(version, _)| **version == VERSION).map(|(_, rest)| rest)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    array(rest).map(u64::from_be_bytes)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}
