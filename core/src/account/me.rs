//! The one row that says who we are.
//!
//! Called by everyone in `core`. Secrets leave it only as an `Identity`.

use ed25519_dalek::SigningKey;
use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::{AccountId, DeviceId, IdempotencyKey, Millis, Seq};
use waxseal_wire::name::AccountName;
use zeroize::Zeroizing;

use crate::group::Identity;
use crate::input::Setting;
use crate::store::{StoreError, Tx};
use crate::turn::Turn;
use crate::view::Me;

/// Everything that a new profile starts with.
pub(super) struct NewMe<'a> {
    pub(super) account: AccountId,
    pub(super) name: &'a str,
    pub(super) device: DeviceId,
    pub(super) device_key: &'a SigningKey,
    pub(super) device_name: &'a str,
    pub(super) device_salt: [u8; 16],
    /// Whether this device makes the account, and does not join it.
    pub(super) claims: bool,
    pub(super) invite: &'a str,
    pub(super) register_key: IdempotencyKey,
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewMe<'_>) -> Result<(), StoreError> {
    let device_key = Zeroizing::new(new.device_key.to_bytes());
    tx.execute(
        "INSERT INTO me (id, account, name, device, device_key, device_name, device_salt, claims, invite, register_key)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            new.account.as_bytes(),
            new.name,
            new.device.as_bytes(),
            device_key.as_slice(),
            new.device_name,
            new.device_salt,
            new.claims,
            new.invite,
            new.register_key.as_bytes(),
        ],
    )?;
    Ok(())
}

impl Turn<'_> {
    /// Forgets who we are, or wanted to be, and the account that is nobody's then.
    pub(super) fn forget_me(&mut self) -> Result<(), StoreError> {
        self.memory.identity.take();
        for table in ["me", "link", "account", "own_device"] {
            self.tx.execute(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(())
    }
}

/// A name that this device claims and that the server has not confirmed.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) invite: String,
    pub(super) key: IdempotencyKey,
    /// It has left this device: the server may have taken it.
    pub(super) asked: bool,
    /// What is claimed instead, name and invitation, if the server refuses this one.
    pub(super) next: Option<(String, String)>,
}

/// The claim that waits, if one does.
pub(super) fn claim(tx: &Tx<'_>) -> Result<Option<Claim>, StoreError> {
    let row = tx
        .prepare_cached(
            "SELECT name, invite, register_key, asked, next_name, next_invite FROM me WHERE registered = 0 AND claims = 1",
        )?
        .query_row([], |row| {
            let next: (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
            Ok(Claim {
                name: row.get(0)?,
                invite: row.get(1)?,
                key: IdempotencyKey(row.get(2)?),
                asked: row.get(3)?,
                next: next.0.zip(next.1),
            })
        })
        .optional()?;
    Ok(row)
}

/// The claim leaves this device.
pub(super) fn set_asked(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE me SET asked = 1", [])?;
    Ok(())
}

pub(super) fn set_invite(tx: &Tx<'_>, invite: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE me SET invite = ?1, next_name = NULL, next_invite = NULL", [invite])?;
    Ok(())
}

/// What is claimed instead, if the server refuses the claim that waits.
pub(super) fn set_next(tx: &Tx<'_>, name: &str, invite: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE me SET next_name = ?1, next_invite = ?2", [name, invite])?;
    Ok(())
}

/// Which account is ours: cheaper than [`identity`], which derives a public key.
pub(crate) fn account(tx: &Tx<'_>) -> Result<Option<AccountId>, StoreError> {
    Ok(tx.prepare_cached("SELECT account FROM me")?.query_row([], |row| row.get(0).map(AccountId)).optional()?)
}

/// Who signs for this device.
pub(crate) fn identity(tx: &Tx<'_>) -> Result<Option<Identity>, StoreError> {
    let row = tx
        .prepare_cached("SELECT account, device, device_key FROM me")?
        .query_row([], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, [u8; 16]>(1)?, Zeroizing::new(row.get::<_, [u8; 32]>(2)?)))
        })
        .optional()?;
    Ok(row.map(|(account, device, key)| Identity {
        account: AccountId(account),
        device: DeviceId(device),
        key: SigningKey::from_bytes(&key),
    }))
}

/// What the person calls this device.
pub(crate) fn device_name(tx: &Tx<'_>) -> Result<String, StoreError> {
    Ok(tx.prepare_cached("SELECT device_name FROM me")?.query_row([], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// The account's name, what the person calls this device, and what opens the hash of that in the chain.
pub(super) fn called(tx: &Tx<'_>) -> Result<Option<(String, String, [u8; 16])>, StoreError> {
    let row = tx
        .prepare_cached("SELECT name, device_name, device_salt FROM me")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(row)
}

/// Whether the server has confirmed the account or the link.
pub(crate) fn is_registered(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT registered FROM me")?.query_row([], |row| row.get(0)).optional()?.unwrap_or(false))
}

pub(super) fn set_registered(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE me SET registered = 1, invite = '', next_name = NULL, next_invite = NULL", [])?;
    Ok(())
}

/// Up to where the mailbox was stored here.
pub(crate) fn cursor(tx: &Tx<'_>) -> Result<Seq, StoreError> {
    let cursor: Option<i64> = tx.prepare_cached("SELECT cursor FROM me")?.query_row([], |row| row.get(0)).optional()?;
    Ok(Seq(cursor.unwrap_or(0).cast_unsigned()))
}

pub(crate) fn set_cursor(tx: &Tx<'_>, cursor: Seq) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE me SET cursor = ?1")?.execute([cursor.0.cast_signed()])?;
    Ok(())
}

/// The numbers of the last session that was begun, and of the last one that the server keeps.
pub(crate) fn sessions(tx: &Tx<'_>) -> Result<(u64, u64), StoreError> {
    let numbers = tx
        .prepare_cached("SELECT sessions, sessions_kept FROM me")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned())))
        .optional()?;
    Ok(numbers.unwrap_or_default())
}

pub(crate) fn keep_sessions(tx: &Tx<'_>, kept: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE me SET sessions_kept = ?1")?.execute([kept.cast_signed()])?;
    Ok(())
}

pub(crate) fn set_sessions(tx: &Tx<'_>, sessions: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE me SET sessions = ?1")?.execute([sessions.cast_signed()])?;
    Ok(())
}

/// When all KeyPackages are made anew, and whether the server lost aliases of ours.
pub(crate) fn keys_due(tx: &Tx<'_>) -> Result<(Millis, bool), StoreError> {
    let row = tx
        .prepare_cached("SELECT keys_due, went_back FROM me")?
        .query_row([], |row| Ok((Millis(row.get::<_, i64>(0)?.cast_unsigned()), row.get(1)?)))
        .optional()?;
    Ok(row.unwrap_or((Millis(0), false)))
}

pub(crate) fn set_keys_due(tx: &Tx<'_>, due: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE me SET keys_due = ?1")?.execute([due.0.cast_signed()])?;
    Ok(())
}

pub(crate) fn set_went_back(tx: &Tx<'_>, on: bool) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE me SET went_back = ?1")?.execute([on])?;
    Ok(())
}

/// One of the counters of `view::Health`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    Opened,
    Undecryptable,
    Readded,
    Refounded,
}

pub(crate) fn count(tx: &Tx<'_>, counter: Counter) -> Result<(), StoreError> {
    tx.prepare_cached(match counter {
        Counter::Opened => "UPDATE me SET opened = opened + 1",
        Counter::Undecryptable => "UPDATE me SET undecryptable = undecryptable + 1",
        Counter::Readded => "UPDATE me SET readded = readded + 1",
        Counter::Refounded => "UPDATE me SET refounded = refounded + 1",
    })?
    .execute([])?;
    Ok(())
}

pub(crate) fn set(tx: &Tx<'_>, setting: Setting) -> Result<(), StoreError> {
    match setting {
        Setting::DeliveredReceipts(on) => tx.execute("UPDATE me SET delivered_receipts = ?1", [on])?,
        Setting::ReadReceipts(on) => tx.execute("UPDATE me SET read_receipts = ?1", [on])?,
        Setting::RequireVerification(on) => tx.execute("UPDATE me SET require_verification = ?1", [on])?,
    };
    Ok(())
}

/// Whether delivered and read receipts are sent.
pub(crate) fn receipts(tx: &Tx<'_>) -> Result<(bool, bool), StoreError> {
    let row = tx
        .prepare_cached("SELECT delivered_receipts, read_receipts FROM me")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.unwrap_or((false, false)))
}

/// Whether words wait when somebody's devices change.
pub(crate) fn requires_verification(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT require_verification FROM me")?.query_row([], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// What a person sees of it.
pub(crate) fn view(tx: &Tx<'_>) -> Result<Option<Me>, StoreError> {
    // A device that waits to be linked is nobody's yet.
    let row = tx
        .prepare_cached(
            "SELECT account, name, device, device_name, registered, display FROM me WHERE registered = 1 OR claims = 1",
        )?
        .query_row([], |row| {
            let (account, name): ([u8; 32], String) = (row.get(0)?, row.get(1)?);
            let (device, device_name, registered): ([u8; 16], String, bool) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((account, name, device, device_name, registered, row.get::<_, String>(5)?))
        })
        .optional()?;
    let Some((account, name, device, device_name, registered, display)) = row else { return Ok(None) };
    let display_name = Some(display).filter(|display| !display.is_empty());
    let Ok(name) = AccountName::parse(&name) else { return Ok(None) };
    Ok(Some(Me { account: AccountId(account), name, display_name, device: DeviceId(device), device_name, registered }))
}
