//! Words among an account's own devices: what each is called, and what the person wants to be called.
//!
//! ```text
//!   a device that was not told, or a new choice ──► note: a group without words, founded with our other devices
//!                                                     └──► theirs: name held against the hash in the chain
//! ```
//! Called by commands, `link`, `outbox` and `inbox::welcome`. Like an errand a note is made of what there is:
//! a KeyPackage, a Welcome, and a group that nobody keeps. What others hear of it goes beside words (`named`).

use rusqlite::{OptionalExtension, params};
use waxseal_wire::chain::device_name_hash;
use waxseal_wire::id::DeviceId;
use waxseal_wire::name::AccountName;

use super::{me, profile};
use crate::Event;
use crate::content::{Body, Content, Profile};
use crate::group::MemberLeaf;
use crate::outbox::{self, Intent};
use crate::store::{StoreError, Tx};
use crate::trust;
use crate::turn::Turn;

/// A new device first has to publish its KeyPackages; a person may think twice. In milliseconds.
const SOON: (u64, u64) = (3_000, 6_000);

/// What one of our devices is called, where it told.
pub(crate) fn name_of(tx: &Tx<'_>, device: &DeviceId) -> Result<Option<String>, StoreError> {
    let mut named = tx.prepare_cached("SELECT name FROM own_device WHERE device = ?1")?;
    Ok(named.query_row([device.as_bytes()], |row| row.get(0)).optional()?.flatten())
}

impl Turn<'_> {
    /// Our other devices that have not heard what we would tell them now.
    pub(crate) fn untold_siblings(&self) -> Result<Vec<DeviceId>, StoreError> {
        let Some(own) = self.identity()? else { return Ok(Vec::new()) };
        let Some(chain) = trust::chain(self.tx, &own.account)? else { return Ok(Vec::new()) };
        let chosen = profile::own(self.tx)?.map_or(0, |chosen| chosen.set().0.cast_signed());
        let mut untold = Vec::new();
        for device in chain.devices().iter().map(|entry| entry.id).filter(|device| *device != own.device) {
            let sql = "SELECT 1 FROM own_device WHERE device = ?1 AND told >= ?2";
            if !self.tx.prepare_cached(sql)?.exists(params![device.as_bytes(), chosen])? {
                untold.push(device);
            }
        }
        Ok(untold)
    }

    /// Tells them soon, unless that is planned.
    pub(crate) fn tell_siblings(&mut self) -> Result<(), StoreError> {
        if !me::is_registered(self.tx)? || self.untold_siblings()?.is_empty() || outbox::is_note_waiting(self.tx)? {
            return Ok(());
        }
        let due = self.later(SOON.0, SOON.1);
        self.post_at(None, &Intent::Note, due).map(drop)
    }

    /// What this device would tell now; `None` where it has nothing to say that could be shown.
    pub(crate) fn note_to_siblings(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((name, device_name, device_salt)) = me::called(self.tx)? else { return Ok(None) };
        let (Ok(name), true) = (AccountName::parse(&name), profile::is_device_name(&device_name)) else { return Ok(None) };
        let content = Content::new(Body::Profile { name, device_name, device_salt }, &mut self.rng);
        Ok(Some(content.introducing(profile::own(self.tx)?).to_padded()))
    }

    /// These were told, as far as this device can see to it.
    pub(crate) fn siblings_told(&mut self, devices: &[DeviceId]) -> Result<(), StoreError> {
        let chosen = profile::own(self.tx)?.map_or(0, |chosen| chosen.set().0.cast_signed());
        for device in devices {
            let sql = "INSERT INTO own_device (device, told) VALUES (?1, ?2) ON CONFLICT (device) DO UPDATE SET told = ?2";
            self.tx.prepare_cached(sql)?.execute(params![device.as_bytes(), chosen])?;
        }
        Ok(())
    }

    /// A note came to nothing: whoever was to hear it is told again when the next session begins.
    pub(crate) fn siblings_not_told(&mut self) -> Result<(), StoreError> {
        self.tx.execute("UPDATE own_device SET told = NULL", [])?;
        Ok(())
    }

    /// Another device of ours, proven by its leaf, says what it and we are called.
    pub(crate) fn note_came(&mut self, by: &MemberLeaf, note: &[u8]) -> Result<(), StoreError> {
        let own = self.identity()?.is_some_and(|own| own.account == by.account && own.device != by.device);
        let (true, Ok(Content { body: Body::Profile { device_name, device_salt, .. }, profile: chosen, .. })) =
            (own, Content::from_padded(note))
        else {
            return Ok(());
        };
        let chain = trust::chain(self.tx, &by.account)?;
        let listed = chain.as_ref().and_then(|chain| chain.device(&by.device));
        let is_proven = listed.is_some_and(|entry| entry.name_hash == device_name_hash(&device_salt, &device_name));
        if is_proven && profile::is_device_name(&device_name) {
            let sql = "INSERT INTO own_device (device, name) VALUES (?1, ?2) ON CONFLICT (device) DO UPDATE SET name = ?2 WHERE name IS NOT ?2";
            let is_new = self.tx.prepare_cached(sql)?.execute(params![by.device.as_bytes(), device_name])? > 0;
            let salted = "UPDATE own_device SET salt = ?2 WHERE device = ?1";
            self.tx.prepare_cached(salted)?.execute(params![by.device.as_bytes(), device_salt])?;
            if is_new {
                self.tell(Event::DeviceNamed { name: device_name });
            }
        }
        if let Some(chosen) = chosen {
            self.own_profile_came(&chosen)?;
            // Who says what we know needs not to be told the same.
            let same = profile::own(self.tx)?.as_ref().map(Profile::set) == Some(chosen.set());
            let sql = "UPDATE own_device SET told = ?2 WHERE device = ?1 AND told IS NOT NULL";
            if same {
                self.tx.execute(sql, params![by.device.as_bytes(), chosen.set().0.cast_signed()])?;
            }
        }
        Ok(())
    }
}
