//! What people's devices are called, ours and those of people we talk to.
//!
//! ```text
//!   ours: this device and those of its siblings that told ──► beside our next words in each chat that has not heard of all
//!   theirs: beside their words ──► the hash in their chain opens with it? ──► kept, and shown where a device was added
//! ```
//! Called by commands, the inbox and the readings. A name proves nothing but that the account chose it.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest as _, Sha256};
use waxseal_wire::chain::{Chain, device_name_hash};
use waxseal_wire::id::{AccountId, DeviceId};

use super::{me, profile};
use crate::content::NamedDevice;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::ChatId;
use crate::{Event, chat, trust};

/// What a device of somebody else is called, where they said so.
pub(crate) fn name_of(tx: &Tx<'_>, device: &DeviceId) -> Result<Option<String>, StoreError> {
    let mut named = tx.prepare_cached("SELECT name FROM device_name WHERE device = ?1 AND proven")?;
    Ok(named.query_row([device.as_bytes()], |row| row.get(0)).optional()?)
}

/// Those of our devices whose names this one can prove.
fn own(tx: &Tx<'_>) -> Result<Vec<NamedDevice>, StoreError> {
    let (Some(identity), Some((_, name, salt))) = (me::identity(tx)?, me::called(tx)?) else { return Ok(Vec::new()) };
    let mut named = vec![NamedDevice { device: identity.device, name, salt }];
    let mut select = tx.prepare_cached("SELECT device, name, salt FROM own_device WHERE name IS NOT NULL AND salt IS NOT NULL")?;
    let rows =
        select.query_map([], |row| Ok(NamedDevice { device: DeviceId(row.get(0)?), name: row.get(1)?, salt: row.get(2)? }))?;
    for row in rows {
        named.push(row?);
    }
    let chain = trust::chain(tx, &identity.account)?;
    named.retain(|one| chain.as_ref().and_then(|chain| is_listed(chain, one)) == Some(true));
    Ok(named)
}

/// A chain came, or grew: names that were said before it are held against it.
pub(crate) fn prove(tx: &Tx<'_>, chain: &Chain) -> Result<(), StoreError> {
    let mut select = tx.prepare_cached("SELECT device, name, salt FROM device_name WHERE account = ?1 AND NOT proven")?;
    let rows = select.query_map([chain.account().as_bytes()], |row| {
        Ok(NamedDevice { device: DeviceId(row.get(0)?), name: row.get(1)?, salt: row.get(2)? })
    })?;
    for row in rows {
        let one = row?;
        let sql = match is_listed(chain, &one) {
            Some(true) => "UPDATE device_name SET proven = 1 WHERE device = ?1",
            Some(false) => "DELETE FROM device_name WHERE device = ?1",
            None => continue,
        };
        tx.prepare_cached(sql)?.execute([one.device.as_bytes()])?;
    }
    Ok(())
}

/// Whether the chain has this name's hash; `None` where it does not list the device.
fn is_listed(chain: &Chain, one: &NamedDevice) -> Option<bool> {
    Some(chain.device(&one.device)?.name_hash == device_name_hash(&one.salt, &one.name))
}

/// A number that is another one when the names are; never 0.
fn hash_of(named: &[NamedDevice]) -> i64 {
    let mut sorted: Vec<_> = named.iter().map(|one| (one.device.0, one.name.as_str())).collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for (device, name) in sorted {
        hash.update(device);
        hash.update(Sha256::digest(name));
    }
    let first = hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte));
    first | 1
}

impl Turn<'_> {
    /// What goes beside words of ours, where the chat has not heard of all our devices.
    pub(crate) fn devices_to_tell(&self, chat: &ChatId) -> Result<Vec<NamedDevice>, StoreError> {
        let named = own(self.tx)?;
        let sql = "UPDATE chat SET told_devices = ?2 WHERE chat = ?1 AND told_devices != ?2";
        let told = self.tx.prepare_cached(sql)?.execute(params![chat.0, hash_of(&named)])?;
        Ok(if told > 0 { named } else { Vec::new() })
    }

    /// A proven member says what the devices of their account are called.
    pub(crate) fn devices_came(&mut self, from: &AccountId, devices: &[NamedDevice]) -> Result<(), StoreError> {
        let Some(chain) = trust::chain(self.tx, from)?.filter(|_| !devices.is_empty()) else { return Ok(()) };
        if self.own_account()? == Some(*from) {
            return Ok(());
        }
        // Words may come before the record that they are about; of one account no more waits for that than it says at once.
        self.tx.prepare_cached("DELETE FROM device_name WHERE account = ?1 AND NOT proven")?.execute([from.as_bytes()])?;
        let mut is_new = false;
        for one in devices.iter().filter(|one| profile::is_device_name(&one.name)) {
            let listed = is_listed(&chain, one);
            if listed == Some(false) {
                continue;
            }
            let sql = "INSERT OR IGNORE INTO device_name (device, account, name, salt, proven) VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![one.device.as_bytes(), from.as_bytes(), one.name, one.salt, listed.is_some()];
            is_new |= self.tx.prepare_cached(sql)?.execute(values)? > 0;
        }
        for chat in if is_new { chat::members::chats_of(self.tx, from)? } else { Vec::new() } {
            self.tell(Event::ChatChanged(chat));
        }
        Ok(())
    }
}
