//! Who is in a chat: a copy of the group's tree that views can read cheaply.
//!
//! Called after every change of a group. The tree stays the truth.

use std::collections::BTreeMap;

use rusqlite::params;
use waxseal_wire::id::AccountId;

use crate::group::{MemberLeaf, Policy};
use crate::store::{StoreError, Tx};
use crate::view::ChatId;

/// Copies members and admins from the tree.
pub(crate) fn refresh(tx: &Tx<'_>, chat: &ChatId, leaves: &[MemberLeaf], policy: &Policy) -> Result<(), StoreError> {
    let mut devices: BTreeMap<AccountId, u32> = BTreeMap::new();
    for leaf in leaves {
        *devices.entry(leaf.account).or_default() += 1;
    }
    let known = accounts(tx, chat)?;
    for gone in known.iter().filter(|account| !devices.contains_key(account)) {
        tx.prepare_cached("DELETE FROM member WHERE chat = ?1 AND account = ?2")?.execute(params![chat.0, gone.0])?;
    }
    for (account, count) in devices {
        tx.prepare_cached(
            "INSERT INTO member (chat, account, admin, devices) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (chat, account) DO UPDATE SET admin = ?3, devices = ?4",
        )?
        .execute(params![chat.0, account.0, policy.admins.contains(&account), count])?;
    }
    Ok(())
}

/// The accounts in a chat.
pub(crate) fn accounts(tx: &Tx<'_>, chat: &ChatId) -> Result<Vec<AccountId>, StoreError> {
    list(tx, "SELECT account FROM member WHERE chat = ?1 ORDER BY account", chat)
}

/// How many accounts are in a chat.
pub(crate) fn count(tx: &Tx<'_>, chat: &ChatId) -> Result<usize, StoreError> {
    Ok(tx.prepare_cached("SELECT count(*) FROM member WHERE chat = ?1")?.query_row([chat.0], |row| row.get(0))?)
}

/// Whether more accounts than so many are in a chat; costs no more in a large one.
pub(crate) fn are_more(tx: &Tx<'_>, chat: &ChatId, than: usize) -> Result<bool, StoreError> {
    let mut one = tx.prepare_cached("SELECT 1 FROM member WHERE chat = ?1 LIMIT 1 OFFSET ?2")?;
    Ok(one.exists(params![chat.0, than])?)
}

/// The admins of a chat, as last known.
pub(crate) fn admins(tx: &Tx<'_>, chat: &ChatId) -> Result<Vec<AccountId>, StoreError> {
    list(tx, "SELECT account FROM member WHERE chat = ?1 AND admin ORDER BY account", chat)
}

/// Chats that an account is in.
pub(crate) fn chats_of(tx: &Tx<'_>, account: &AccountId) -> Result<Vec<ChatId>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT chat FROM member WHERE account = ?1")?;
    Ok(rows.query_map([account.0], |row| row.get(0).map(ChatId))?.collect::<Result<_, _>>()?)
}

fn list(tx: &Tx<'_>, sql: &str, chat: &ChatId) -> Result<Vec<AccountId>, StoreError> {
    let mut rows = tx.prepare_cached(sql)?;
    Ok(rows.query_map([chat.0], |row| row.get(0).map(AccountId))?.collect::<Result<_, _>>()?)
}
