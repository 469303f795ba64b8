//! Our aliases: the addresses of this device, one for each group.
//!
//! Called by `group` (makes, binds) and by the inbox, which finds the key that
//! opens a mailbox entry. A row lives from the offer of a KeyPackage until the
//! group is wiped.

use rand_core::CryptoRngCore;
use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::{AliasId, GroupId};
use waxseal_wire::key::{PostKey, SealSecret};
use waxseal_wire::request::Address;

use crate::store::{StoreError, Tx};

/// An address of this device for one group, with its two secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The address.
    pub alias: AliasId,
    /// Derives the keys that open what lies in the mailbox for it.
    pub seal_secret: SealSecret,
    /// Proves that a submit is ours.
    pub post_key: PostKey,
}

/// What an alias of ours is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasState {
    /// Made, and used nowhere yet.
    Spare,
    /// In a one-time KeyPackage that somebody may take.
    Offered,
    /// In the last-resort KeyPackage; several groups may come by it.
    LastResort,
    /// In our leaf of one group.
    Used,
    /// Was in our leaf of one group before a Commit changed it.
    Former,
}

impl AliasState {
    const ALL: [Self; 5] = [Self::Spare, Self::Offered, Self::LastResort, Self::Used, Self::Former];

    fn number(self) -> u8 {
        match self {
            Self::Spare => 0,
            Self::Offered => 1,
            Self::LastResort => 2,
            Self::Used => 3,
            Self::Former => 4,
        }
    }
}

/// An alias of ours, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAlias {
    /// The address and its secrets.
    pub alias: Alias,
    /// What it is there for.
    pub state: AliasState,
    /// The group it belongs to; `None` while it is not bound to one.
    pub group: Option<GroupId>,
}

impl Alias {
    /// A fresh one; not stored yet.
    pub fn random(rng: &mut impl CryptoRngCore) -> Self {
        Self { alias: AliasId::random(rng), seal_secret: SealSecret::random(rng), post_key: PostKey::random(rng) }
    }

    /// What everybody may see of it: our leaf and KeyPackages carry this.
    pub fn address(&self) -> Address {
        Address { alias: self.alias, seal_public: self.seal_secret.public(), post_verifier: self.post_key.verifier() }
    }

    /// Stores it, as [`AliasState::Spare`]; does nothing when it is stored already.
    pub fn keep(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        tx.prepare_cached("INSERT OR IGNORE INTO alias (alias, seal_secret, post_key, state) VALUES (?1, ?2, ?3, 0)")?
            .execute(params![self.alias.as_bytes(), self.seal_secret.expose(), self.post_key.expose()])?;
        Ok(())
    }

    /// Keeps it in an offer; `key_package` leads to the KeyPackage's row.
    pub(super) fn offer(&self, tx: &Tx<'_>, key_package: &[u8], last_resort: bool) -> Result<(), StoreError> {
        self.keep(tx)?;
        let state = if last_resort { AliasState::LastResort } else { AliasState::Offered };
        tx.prepare_cached("UPDATE alias SET state = ?2, key_package = ?3 WHERE alias = ?1")?.execute(params![
            self.alias.as_bytes(),
            state.number(),
            key_package
        ])?;
        Ok(())
    }
}

/// The alias of ours with this address.
pub fn find(tx: &Tx<'_>, alias: &AliasId) -> Result<Option<OwnAlias>, StoreError> {
    let row = tx
        .prepare_cached("SELECT seal_secret, post_key, state, group_id FROM alias WHERE alias = ?1")?
        .query_row([alias.as_bytes()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, u8>(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
        })
        .optional()?;
    let Some((seal_secret, post_key, state, group)) = row else { return Ok(None) };
    Ok(Some(OwnAlias {
        alias: Alias {
            alias: *alias,
            seal_secret: seal_secret.as_slice().try_into().map_err(|_| StoreError::Value)?,
            post_key: post_key.as_slice().try_into().map_err(|_| StoreError::Value)?,
        },
        state: AliasState::ALL.into_iter().find(|known| known.number() == state).ok_or(StoreError::Value)?,
        group: group.map(|group| group.as_slice().try_into()).transpose().map_err(|_| StoreError::Value)?,
    }))
}

/// All aliases that are bound to `group`, the current one and former ones.
pub fn of_group(tx: &Tx<'_>, group: &GroupId) -> Result<Vec<AliasId>, StoreError> {
    list(tx, "SELECT alias FROM alias WHERE group_id = ?1 ORDER BY alias", group.as_bytes())
}

/// Deletes an alias that is not needed any more, and the KeyPackage that offered it.
pub fn forget(tx: &Tx<'_>, alias: &AliasId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM mls_item WHERE key IN (SELECT key_package FROM alias WHERE alias = ?1)")?
        .execute([alias.as_bytes()])?;
    tx.prepare_cached("DELETE FROM alias WHERE alias = ?1")?.execute([alias.as_bytes()])?;
    Ok(())
}

/// Marks `alias` as the one in our leaf of `group`. An alias of a last-resort KeyPackage stays unbound.
pub(super) fn bind(tx: &Tx<'_>, alias: &AliasId, group: &GroupId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE alias SET state = 4 WHERE group_id = ?2 AND state = 3 AND alias <> ?1")?
        .execute([alias.as_bytes(), group.as_bytes()])?;
    tx.prepare_cached("UPDATE alias SET state = 3, group_id = ?2, key_package = NULL WHERE alias = ?1 AND state <> 2")?
        .execute([alias.as_bytes(), group.as_bytes()])?;
    Ok(())
}

/// Deletes all aliases bound to `group`, and says which they were.
pub(super) fn wipe(tx: &Tx<'_>, group: &GroupId) -> Result<Vec<AliasId>, StoreError> {
    list(tx, "DELETE FROM alias WHERE group_id = ?1 RETURNING alias", group.as_bytes())
}

fn list(tx: &Tx<'_>, sql: &str, group: &[u8]) -> Result<Vec<AliasId>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([group], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|row| row?.as_slice().try_into().map_err(|_| StoreError::Value)).collect()
}
