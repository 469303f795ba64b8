//! The accounts that this device knows, with their verified chains.
//!
//! Called by `trust`, `chat` and the readings. A chain is kept only when it
//! extends what was known.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::chain::{Chain, ChainError, Signature, SignedRecord};
use waxseal_wire::id::{AccountId, DeviceId, Millis};

use super::changes;
use crate::store::{StoreError, Tx, codec};

/// One record as it is stored: body, signer, signature.
type Row = (Vec<u8>, Option<Vec<u8>>, Vec<u8>);

/// Keeps a verified chain with the name that the server gives it, where that is not known otherwise.
///
/// A name is for one account and an account has one name, for ever: a server that gives it another later,
/// or gives it to somebody else, is not followed.
pub(crate) fn keep(tx: &Tx<'_>, chain: &Chain, name: &str, now: Millis) -> Result<(), StoreError> {
    keep_chain(tx, chain, now)?;
    tx.prepare_cached(
        "UPDATE account SET name = ?2 WHERE account = ?1 AND name = '' AND NOT EXISTS (SELECT 1 FROM account WHERE name = ?2)",
    )?
    .execute(params![chain.account().as_bytes(), name])?;
    Ok(())
}

/// Keeps a verified chain.
pub(crate) fn keep_chain(tx: &Tx<'_>, chain: &Chain, now: Millis) -> Result<(), StoreError> {
    let rows: Vec<Row> = chain
        .records()
        .iter()
        .map(|record| (record.body.clone(), record.signer.map(|id| id.0.to_vec()), record.signature.0.to_vec()))
        .collect();
    if let Some(before) = self::chain(tx, &chain.account())?.filter(|before| before.index() < chain.index()) {
        changes::note(tx, &before, chain, now)?;
    }
    let bytes = codec::encode(&rows)?;
    tx.prepare_cached(
        "INSERT INTO account (account, chain, checked) VALUES (?1, ?2, ?3)
         ON CONFLICT (account) DO UPDATE SET chain = ?2, checked = ?3, wanted = 0",
    )?
    .execute(params![chain.account().as_bytes(), bytes.as_slice(), now.0.cast_signed()])?;
    Ok(())
}

/// The chain that is known of an account.
pub(crate) fn chain(tx: &Tx<'_>, account: &AccountId) -> Result<Option<Chain>, StoreError> {
    let bytes: Option<Option<Vec<u8>>> = tx
        .prepare_cached("SELECT chain FROM account WHERE account = ?1")?
        .query_row([account.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(bytes) = bytes.flatten() else { return Ok(None) };
    let rows: Vec<Row> = codec::decode(&bytes)?;
    let records = rows
        .into_iter()
        .map(|(body, signer, signature)| {
            let signer = signer.map(|id| DeviceId::try_from(id.as_slice())).transpose().map_err(|_| StoreError::Value)?;
            let signature = Signature::try_from(signature.as_slice()).map_err(|_| StoreError::Value)?;
            Ok(SignedRecord { body, signer, signature })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Chain::restore(&records).map(Some).map_err(|_| StoreError::Value)
}

/// Takes a chain from a server: keeps it where it is `account`'s and contradicts nothing.
pub(crate) fn learn(tx: &Tx<'_>, account: &AccountId, records: &[SignedRecord], name: &str, now: Millis) -> Result<(), LearnError> {
    let found = Chain::verify(records)?;
    if found.account() != *account {
        return Err(ChainError::WrongAccount.into());
    }
    if let Some(known) = chain(tx, account)? {
        // A server may be behind, such as after it was restored: what we have stays.
        if known.extends(&found).is_ok() {
            keep(tx, &known, name, now)?;
            return Ok(());
        }
        found.extends(&known)?;
    }
    keep(tx, &found, name, now)?;
    Ok(())
}

/// Why a chain from a server was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LearnError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Marks an account whose chain should be fetched.
pub(crate) fn want(tx: &Tx<'_>, account: &AccountId) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO account (account, wanted) VALUES (?1, 1) ON CONFLICT (account) DO UPDATE SET wanted = 1")?
        .execute([account.as_bytes()])?;
    Ok(())
}

/// What an account is called; a short form of its id where the name is not known.
pub(crate) fn name(tx: &Tx<'_>, account: &AccountId) -> Result<String, StoreError> {
    let short = || hex::encode(account.0.get(..4).unwrap_or_default());
    Ok(known_name(tx, account)?.unwrap_or_else(|| format!("({})", short())))
}

/// What an account is called, where that is known.
pub(crate) fn known_name(tx: &Tx<'_>, account: &AccountId) -> Result<Option<String>, StoreError> {
    let name: Option<String> = tx
        .prepare_cached("SELECT name FROM account WHERE account = ?1")?
        .query_row([account.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(name.filter(|name| !name.is_empty()))
}

/// The account of this name, where it is known here.
pub(crate) fn by_name(tx: &Tx<'_>, name: &str) -> Result<Option<AccountId>, StoreError> {
    let found: Option<[u8; 32]> = tx
        .prepare_cached("SELECT account FROM account WHERE name = ?1 AND chain IS NOT NULL")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(found.map(AccountId))
}

/// Whether we take no requests of this account.
pub(crate) fn is_blocked(tx: &Tx<'_>, account: &AccountId) -> Result<bool, StoreError> {
    flag(tx, "SELECT blocked FROM account WHERE account = ?1", account)
}

/// Whether the safety number was compared.
pub(crate) fn is_verified(tx: &Tx<'_>, account: &AccountId) -> Result<bool, StoreError> {
    flag(tx, "SELECT verified FROM account WHERE account = ?1", account)
}

pub(crate) fn set_blocked(tx: &Tx<'_>, account: &AccountId, on: bool) -> Result<(), StoreError> {
    set(tx, "INSERT INTO account (account, blocked) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET blocked = ?2", account, on)
}

pub(crate) fn set_verified(tx: &Tx<'_>, account: &AccountId, on: bool) -> Result<(), StoreError> {
    set(
        tx,
        "INSERT INTO account (account, verified) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET verified = ?2",
        account,
        on,
    )
}

fn flag(tx: &Tx<'_>, sql: &str, account: &AccountId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(sql)?.query_row([account.as_bytes()], |row| row.get(0)).optional()?.unwrap_or(false))
}

fn set(tx: &Tx<'_>, sql: &str, account: &AccountId, on: bool) -> Result<(), StoreError> {
    tx.prepare_cached(sql)?.execute(params![account.as_bytes(), on])?;
    Ok(())
}
