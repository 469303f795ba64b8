//! Nothing is shown as somebody who did not say it, no foreign device is in a group, and who is honest is called no liar.
//!
//! What people said is kept by `deeds`; who is a device of whom is read from the
//! houses themselves, which have their keys.

use std::collections::BTreeSet;

use waxseal_core::Event;
use waxseal_core::group::{Group, Identity};
use waxseal_core::output::Problem;
use waxseal_core::store::{Store, StoreError};
use waxseal_wire::id::{AccountId, DeviceId, GroupId};

use super::{Check, Fault, texts, words};
use crate::town::{Broken, Town};

/// A device as it stands in its account's chain: account, device, key.
type True = ([u8; 32], [u8; 16], [u8; 32]);

/// Who a house is, where it is anybody.
fn identity(store: &Store) -> Result<Option<Identity>, StoreError> {
    store.read(|tx| {
        let mut select = tx.prepare("SELECT account, device, device_key FROM me")?;
        let mut rows = select.query([])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let key = row.get::<_, [u8; 32]>(2)?.into();
        Ok(Some(Identity { account: AccountId(row.get(0)?), device: DeviceId(row.get(1)?), key }))
    })
}

/// The account of a house.
pub(crate) fn account(town: &mut Town, house: usize) -> Result<Option<AccountId>, Broken> {
    Ok(identity(town.houses[house].client().store_mut())?.map(|me| me.account))
}

/// Every text that anybody shows was said, there, by whom it is shown as, under the name that is theirs.
pub fn true_words(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = Vec::new();
    for house in 0..town.houses.len() {
        for chat in town.houses[house].client().chats()? {
            for message in texts(town, house, chat.chat)? {
                let (name, text) = (town.houses[house].name.clone(), words(&message).to_owned());
                let Some(said) = town.said.get(&text).copied() else {
                    faults.push(Fault(Check::Words, format!("{name} shows {text:?}, which nobody said")));
                    continue;
                };
                if said.chat != chat.chat || message.sender != account(town, said.house)? {
                    faults.push(Fault(Check::Words, format!("{name} shows {text:?} as somebody's who did not say it there")));
                }
                let (shown, real) = (&message.sender_name, &town.houses[said.house].account);
                if shown != real && !shown.starts_with('(') {
                    faults.push(Fault(Check::Words, format!("{name} shows {text:?} under the name {shown}, but it was {real}")));
                }
            }
        }
    }
    Ok(faults)
}

/// Every leaf of every group is a device of somebody who lives here.
pub fn no_ghosts(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut real: BTreeSet<True> = BTreeSet::new();
    for house in &mut town.houses {
        let me = identity(house.client().store_mut())?;
        real.extend(me.map(|me| (me.account.0, me.device.0, me.public_key().0)));
    }
    let mut faults = Vec::new();
    for house in &mut town.houses {
        let leaves = leaves(house.client().store_mut())?;
        let ghosts = leaves.iter().filter(|leaf| !real.contains(*leaf)).count();
        if ghosts > 0 {
            faults.push(Fault(Check::Ghosts, format!("{} has {ghosts} foreign devices in its groups", house.name)));
        }
    }
    Ok(faults)
}

fn leaves(store: &Store) -> Result<Vec<True>, StoreError> {
    store.read(|tx| {
        let mut select = tx.prepare("SELECT DISTINCT group_id FROM mls_group")?;
        let groups = select.query_map([], |row| row.get(0))?.collect::<Result<Vec<[u8; 16]>, _>>()?;
        let loaded = groups.into_iter().filter_map(|id| Group::load(tx, &GroupId(id)).ok().flatten());
        let leaves = loaded.flat_map(|group| group.members());
        Ok(leaves.map(|leaf| (leaf.account.0, leaf.device.0, leaf.key.0)).collect())
    })
}

/// Where the server is honest, no house was told that it lied, and none keeps evidence of it.
pub fn nobody_accused(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = Vec::new();
    for house in &mut town.houses {
        let accuses = |event: &&Event| {
            let Event::Failed { problem, .. } = event else { return false };
            matches!(problem, Problem::OtherDirectory | Problem::ForeignKeyPackage)
                || matches!(problem, Problem::Directory(lie) if lie.is_lie())
        };
        let told = house.told.iter().find(accuses).map(|event| format!("{event:?}"));
        let kept = house.client().evidence()?.into_iter().next().map(|evidence| evidence.what);
        if let Some(word) = told.or(kept) {
            faults.push(Fault(Check::Accused, format!("{} says of an honest server: {word}", house.name)));
        }
    }
    Ok(faults)
}
