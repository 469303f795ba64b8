//! One chat, one group: nobody speaks into a part of it that the others have left.
//!
//! A last word shows only that the part where it is said hears it. Here what the
//! houses take for the chat's group is held against each other and the ledger.

use std::collections::{BTreeMap, BTreeSet};

use waxseal_core::store::{Store, StoreError};
use waxseal_wire::id::GroupId;

use super::{Check, Fault};
use crate::town::{Broken, Town};

/// `ChatState::Open` as `core/src/chat/mod.rs` stores it.
const OPEN: i64 = 2;

/// The groups that carry the open chats of a house.
pub(crate) fn carrying(store: &Store) -> Result<Vec<([u8; 16], GroupId)>, StoreError> {
    store.read(|tx| {
        let mut select = tx.prepare("SELECT chat, grp FROM chat WHERE grp IS NOT NULL AND state = ?1")?;
        let found = select.query_map([OPEN], |row| Ok((row.get(0)?, row.get(1).map(GroupId)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    })
}

/// See the module; for when everybody has come right.
pub fn together(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut chats: BTreeMap<[u8; 16], BTreeMap<GroupId, Vec<usize>>> = BTreeMap::new();
    for house in (0..town.houses.len()).filter(|house| !town.houses[*house].gone).collect::<Vec<_>>() {
        for (chat, group) in carrying(town.houses[house].client().store_mut())? {
            chats.entry(chat).or_default().entry(group).or_default().push(house);
        }
    }
    let mut faults = Vec::new();
    for groups in chats.values() {
        let parts: Vec<Vec<&str>> =
            groups.values().map(|part| part.iter().map(|house| town.houses[*house].name.as_str()).collect()).collect();
        if parts.len() > 1 {
            faults.push(Fault(Check::Together, format!("a chat is in parts: {parts:?}")));
        }
        for (group, part) in groups {
            let members: BTreeSet<usize> = town.ledger.members(group);
            for house in part.iter().filter(|house| !members.contains(*house)) {
                faults.push(Fault(Check::Together, format!("{} believes to be in a chat, and is out", town.houses[*house].name)));
            }
        }
    }
    Ok(faults)
}
