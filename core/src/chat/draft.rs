//! Drafts: what was written and not sent, one a chat, so that quitting loses no words.
//!
//! Called by commands and by what views read. Never leaves this device.

use rusqlite::{OptionalExtension, params};

use crate::store::{StoreError, Tx};
use crate::view::{ChatId, Draft, MessageRef};

/// Longest draft, in bytes; what is longer could not be sent anyway, but should not be lost.
const LONGEST: usize = 1 << 20;

/// Keeps the draft of a chat that there is; an empty one is forgotten.
pub(super) fn keep(tx: &Tx<'_>, draft: &Draft) -> Result<(), StoreError> {
    if draft.text.is_empty() {
        return forget(tx, &draft.chat);
    }
    if draft.text.len() <= LONGEST {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO draft (chat, text, reply_to)
             SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM chat WHERE chat = ?1)",
        )?
        .execute(params![draft.chat.0, draft.text, draft.reply_to.map(|message| message.0)])?;
    }
    Ok(())
}

/// Forgets the draft of a chat.
pub(super) fn forget(tx: &Tx<'_>, chat: &ChatId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM draft WHERE chat = ?1")?.execute([chat.0])?;
    Ok(())
}

/// Forgets the draft that this message was: what was kept while it was typed. In the transaction of the message, so that no
/// crash leaves both.
pub(super) fn said(tx: &Tx<'_>, chat: &ChatId, text: &str) -> Result<(), StoreError> {
    let kept: Option<String> =
        tx.prepare_cached("SELECT text FROM draft WHERE chat = ?1")?.query_row([chat.0], |row| row.get(0)).optional()?;
    match kept {
        Some(kept) if text.trim().starts_with(kept.trim()) => forget(tx, chat),
        _ => Ok(()),
    }
}

/// All drafts.
pub(crate) fn all(tx: &Tx<'_>) -> Result<Vec<Draft>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT chat, text, reply_to FROM draft ORDER BY chat")?;
    let drafts = rows.query_map([], |row| {
        Ok(Draft { chat: ChatId(row.get(0)?), text: row.get(1)?, reply_to: row.get::<_, Option<i64>>(2)?.map(MessageRef) })
    })?;
    Ok(drafts.collect::<Result<_, _>>()?)
}

/// Whether something was written in a chat and not sent.
pub(crate) fn is_kept(tx: &Tx<'_>, chat: &ChatId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT 1 FROM draft WHERE chat = ?1")?.exists([chat.0])?)
}
