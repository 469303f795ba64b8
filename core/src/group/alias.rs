//! Our aliases: the addresses of this device, one for each group.
//!
//! Called by `group` (makes, binds) and by the inbox, which finds the key that
//! opens a mailbox entry. A row lives from the offer of a KeyPackage until the
//! group is wiped.

use rand_core::CryptoRngCore;
use rusqlite::{OptionalExtension, params, params_from_iter};
use waxseal_wire::id::{AliasId, GroupId, Millis};
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

/// The KeyPackages that this device has out: counted, taken back, destroyed.
pub(crate) mod offers {
    use super::{AliasId, Millis, StoreError, Tx, params};

    /// KeyPackages that were not used up and not taken back, one-time ones.
    pub(crate) fn count(tx: &Tx<'_>) -> Result<u32, StoreError> {
        let mut count = tx.prepare_cached("SELECT count(*) FROM alias WHERE state = 1 AND retired IS NULL")?;
        Ok(count.query_row([], |row| row.get(0))?)
    }

    /// Destroys so many of the oldest.
    pub(crate) fn forget_oldest(tx: &Tx<'_>, count: u32) -> Result<(), StoreError> {
        let sql = "SELECT alias FROM alias WHERE state = 1 AND retired IS NULL ORDER BY rowid LIMIT ?1";
        for alias in super::list(tx, sql, Some(u64::from(count)))? {
            super::forget(tx, &alias)?;
        }
        Ok(())
    }

    /// All KeyPackages but those under `fresh` are out of use from now on.
    pub(crate) fn take_back(tx: &Tx<'_>, fresh: &[AliasId], now: Millis) -> Result<(), StoreError> {
        let old = super::list(tx, "SELECT alias FROM alias WHERE state IN (1, 2) AND retired IS NULL", None)?;
        for alias in old.iter().filter(|alias| !fresh.contains(alias)) {
            tx.prepare_cached("UPDATE alias SET retired = ?2 WHERE alias = ?1")?
                .execute(params![alias.as_bytes(), now.0.cast_signed()])?;
        }
        Ok(())
    }

    /// Up to 64 that were taken back at `before` or earlier and that the server still knows.
    pub(crate) fn taken_back(tx: &Tx<'_>, before: Millis) -> Result<Vec<AliasId>, StoreError> {
        let sql = "SELECT alias FROM alias WHERE state IN (1, 2) AND retired <= ?1 AND dropped IS NULL LIMIT 64";
        super::list(tx, sql, Some(before.0))
    }

    /// The server takes nothing for these any more.
    pub(crate) fn drop(tx: &Tx<'_>, aliases: &[AliasId], now: Millis) -> Result<(), StoreError> {
        for alias in aliases {
            tx.prepare_cached("UPDATE alias SET dropped = ?2 WHERE alias = ?1")?
                .execute(params![alias.as_bytes(), now.0.cast_signed()])?;
        }
        Ok(())
    }

    /// Those that the server forgot at `before` or earlier: nothing can come by them any more.
    pub(crate) fn dropped(tx: &Tx<'_>, before: Millis) -> Result<Vec<AliasId>, StoreError> {
        super::list(tx, "SELECT alias FROM alias WHERE state IN (1, 2) AND dropped <= ?1 LIMIT 64", Some(before.0))
    }

    /// Whether the server has forgotten an alias that something came by all the same.
    pub(crate) fn is_dropped(tx: &Tx<'_>, alias: &AliasId) -> Result<bool, StoreError> {
        let mut found = tx.prepare_cached("SELECT 1 FROM alias WHERE alias = ?1 AND dropped IS NOT NULL")?;
        Ok(found.exists([alias.as_bytes()])?)
    }

    /// Destroys the private part of a KeyPackage whose alias is still in use; looked at again from `now` on.
    pub(crate) fn destroy(tx: &Tx<'_>, alias: &AliasId, now: Millis) -> Result<(), StoreError> {
        tx.prepare_cached("DELETE FROM mls_item WHERE key IN (SELECT key_package FROM alias WHERE alias = ?1)")?
            .execute([alias.as_bytes()])?;
        tx.prepare_cached("UPDATE alias SET key_package = NULL, retired = ?2 WHERE alias = ?1")?
            .execute(params![alias.as_bytes(), now.0.cast_signed()])?;
        Ok(())
    }

    /// When the next of these steps can be taken, `grace` after taking back and `settled` after dropping.
    pub(crate) fn next(tx: &Tx<'_>, grace: u64, settled: u64) -> Result<Option<Millis>, StoreError> {
        let mut next = tx.prepare_cached(
            "SELECT min(CASE WHEN dropped IS NULL THEN retired + ?1 ELSE dropped + ?2 END)
             FROM alias WHERE state IN (1, 2) AND retired IS NOT NULL",
        )?;
        let next: Option<i64> = next.query_row([grace.cast_signed(), settled.cast_signed()], |row| row.get(0))?;
        Ok(next.map(|at| Millis(at.cast_unsigned())))
    }

    /// Up to `limit` aliases of ours in order, those after `after`: whatever they are there for.
    pub(crate) fn all(tx: &Tx<'_>, after: &AliasId, limit: usize) -> Result<Vec<AliasId>, StoreError> {
        let mut rows = tx.prepare_cached("SELECT alias FROM alias WHERE alias > ?1 AND dropped IS NULL ORDER BY alias LIMIT ?2")?;
        let found = rows.query_map(params![after.as_bytes(), limit], |row| row.get(0).map(AliasId))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// All aliases that are bound to `group`, the current one and former ones.
pub fn of_group(tx: &Tx<'_>, group: &GroupId) -> Result<Vec<AliasId>, StoreError> {
    of(tx, "SELECT alias FROM alias WHERE group_id = ?1 ORDER BY alias", group)
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
    of(tx, "DELETE FROM alias WHERE group_id = ?1 RETURNING alias", group)
}

fn of(tx: &Tx<'_>, sql: &str, group: &GroupId) -> Result<Vec<AliasId>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([group.as_bytes()], |row| row.get(0).map(AliasId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The aliases that a statement finds, which may ask for a number.
fn list(tx: &Tx<'_>, sql: &str, number: Option<u64>) -> Result<Vec<AliasId>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params_from_iter(number.map(u64::cast_signed)), |row| row.get(0).map(AliasId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
