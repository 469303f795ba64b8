//! KeyPackages and spare aliases: how others reach this device.
//!
//! Called when a session begins and when some were used. Running out never
//! stops a chat: a last-resort KeyPackage stays.

use waxseal_wire::frame::Door;
use waxseal_wire::id::AliasId;
use waxseal_wire::reply::{KeysLeft, Reply};
use waxseal_wire::request::{DeviceRequest, KeyPackageUpload, PublishKeys, Request};

use crate::group::{Alias, GroupError, make_key_package};
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;

/// One-time KeyPackages that the server should have of us.
const STOCK: u32 = 24;
/// What is left after one was used, where it was full.
pub(crate) const NEARLY_FULL: u32 = STOCK - 1;
/// Below this it is filled up.
const MARK: u32 = 8;
/// Registered aliases kept for groups that we found.
const SPARE: u32 = 6;

impl Turn<'_> {
    /// Fills up what the server has of us, where it is low.
    pub(crate) fn replenish(&mut self, left: KeysLeft) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        if !self.session.proven || self.session.is_asked(|purpose| matches!(purpose, Purpose::PublishKeys { .. })) {
            return Ok(());
        }
        let mut publish = PublishKeys::default();
        let wanted = if left.one_time < MARK || left.one_time == NEARLY_FULL { STOCK.saturating_sub(left.one_time) } else { 0 };
        for last_resort in (0..wanted).map(|_| false).chain((!left.last_resort).then_some(true)) {
            let alias = Alias::random(&mut self.rng);
            let made = make_key_package(self.tx, &mut self.rng, &identity, &alias, last_resort);
            match made {
                Ok(key_package) => publish.key_packages.push(KeyPackageUpload { alias: alias.alias, key_package, last_resort }),
                Err(GroupError::Store(error)) => return Err(error),
                Err(_) => break,
            }
        }
        let spare: u32 = self.tx.query_row("SELECT count(*) FROM spare_alias", [], |row| row.get(0))?;
        for _ in spare..SPARE {
            let alias = Alias::random(&mut self.rng);
            alias.keep(self.tx)?;
            publish.aliases.push(alias.alias);
        }
        if publish.key_packages.is_empty() && publish.aliases.is_empty() {
            return Ok(());
        }
        let aliases = publish.aliases.clone();
        self.send(Door::Device, Request::Device(DeviceRequest::PublishKeys(publish)), Purpose::PublishKeys { aliases });
        Ok(())
    }

    /// The server knows these aliases now: they can be used.
    pub(crate) fn keys_published(&mut self, aliases: &[AliasId], reply: &Reply) -> Result<(), StoreError> {
        if let Reply::KeysLeft(_) = reply {
            for alias in aliases {
                self.tx.prepare_cached("INSERT OR IGNORE INTO spare_alias (alias) VALUES (?1)")?.execute([alias.as_bytes()])?;
            }
        }
        Ok(())
    }

    /// An alias that the server knows and no group has; `None` until some were published.
    pub(crate) fn take_spare_alias(&mut self) -> Result<Option<Alias>, StoreError> {
        use rusqlite::OptionalExtension;
        let taken: Option<[u8; 16]> = self
            .tx
            .query_row("DELETE FROM spare_alias WHERE alias = (SELECT alias FROM spare_alias LIMIT 1) RETURNING alias", [], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(alias) = taken else {
            // More were asked for when the session began; without one nothing can be founded yet.
            self.replenish(KeysLeft { one_time: u32::MAX, last_resort: true })?;
            return Ok(None);
        };
        let found = crate::group::find_alias(self.tx, &AliasId(alias))?;
        let left: u32 = self.tx.query_row("SELECT count(*) FROM spare_alias", [], |row| row.get(0))?;
        if left < SPARE / 2 {
            self.replenish(KeysLeft { one_time: u32::MAX, last_resort: true })?;
        }
        Ok(found.map(|own| own.alias))
    }
}
