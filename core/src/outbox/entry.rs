//! One entry of the outbox, as it is stored.
//!
//! Called by the rest of `outbox`. Rows only; decides nothing.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use waxseal_wire::id::{BlobId, Epoch, Millis};

use super::Intent;
use crate::store::{StoreError, Tx, codec};
use crate::view::{ChatId, MessageRef};

/// How far an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was built yet.
    Queued,
    /// Built; the tree goes up in parts.
    Blob,
    /// Built; the submit is on its way or to be sent again, byte for byte.
    Submit,
    /// A Commit was accepted and comes back through our mailbox.
    Echo,
    /// The group went on first; to be built again when we are there.
    Stale,
    /// Given up; a person may try again.
    Failed,
}

const STAGES: [Stage; 6] = [Stage::Queued, Stage::Blob, Stage::Submit, Stage::Echo, Stage::Stale, Stage::Failed];

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) chat: Option<ChatId>,
    pub(crate) message: Option<MessageRef>,
    pub(crate) intent: Intent,
    pub(crate) stage: Stage,
    /// The epoch that it was built in.
    pub(crate) epoch: Epoch,
    /// The request as a frame, exactly as it leaves.
    pub(crate) request: Option<Vec<u8>>,
    pub(crate) blob: Option<Vec<u8>>,
    pub(crate) blob_id: Option<BlobId>,
    pub(crate) blob_put: u64,
    /// KeyPackages that were fetched for it, CBOR of `Vec<keys::Key>`.
    pub(crate) keys: Option<Vec<u8>>,
    /// Entries whose messages travel with a founding.
    pub(crate) carries: Vec<i64>,
    pub(crate) group: Option<[u8; 16]>,
    pub(crate) due: Millis,
    pub(crate) tries: u32,
}

const COLUMNS: &str = "id, chat, message, intent, stage, epoch, request, blob, blob_id, blob_put, keys, carries, grp, due, tries";

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let intent: Vec<u8> = row.get(3)?;
        let carries: Vec<u8> = row.get(11)?;
        Ok(Self {
            id: row.get(0)?,
            chat: row.get::<_, Option<[u8; 16]>>(1)?.map(ChatId),
            message: row.get::<_, Option<i64>>(2)?.map(MessageRef),
            intent: codec::decode(&intent).map_err(|_| rusqlite::Error::InvalidQuery)?,
            stage: crate::chat::numbered(&STAGES, row.get(4)?)?,
            epoch: Epoch(row.get::<_, i64>(5)?.cast_unsigned()),
            request: row.get(6)?,
            blob: row.get(7)?,
            blob_id: row.get::<_, Option<[u8; 32]>>(8)?.map(BlobId),
            blob_put: row.get::<_, i64>(9)?.cast_unsigned(),
            keys: row.get(10)?,
            carries: carries.chunks_exact(8).map(|bytes| bytes.iter().fold(0i64, |id, byte| id << 8 | i64::from(*byte))).collect(),
            group: row.get(12)?,
            due: Millis(row.get::<_, i64>(13)?.cast_unsigned()),
            tries: row.get(14)?,
        })
    }

    /// Stores what changed.
    pub(crate) fn save(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let carries: Vec<u8> = self.carries.iter().flat_map(|id| id.to_be_bytes()).collect();
        let stage = STAGES.iter().position(|stage| *stage == self.stage).unwrap_or(0);
        tx.prepare_cached(
            "UPDATE outbox SET chat = ?2, stage = ?3, epoch = ?4, request = ?5, blob = ?6, blob_id = ?7, blob_put = ?8,
             keys = ?9, carries = ?10, grp = ?11, due = ?12, tries = ?13 WHERE id = ?1",
        )?
        .execute(params![
            self.id,
            self.chat.map(|chat| chat.0),
            stage,
            self.epoch.0.cast_signed(),
            self.request,
            self.blob,
            self.blob_id.map(|id| id.0),
            self.blob_put.cast_signed(),
            self.keys,
            carries,
            self.group,
            self.due.0.cast_signed(),
            self.tries,
        ])?;
        Ok(())
    }

    /// To be built again from its intent; KeyPackages that were fetched stay.
    pub(crate) fn requeue(&mut self, now: Millis) {
        self.stage = Stage::Queued;
        self.request = None;
        self.blob = None;
        self.blob_id = None;
        self.blob_put = 0;
        self.carries.clear();
        self.due = now;
    }
}

pub(super) fn insert(
    tx: &Tx<'_>,
    chat: Option<ChatId>,
    message: Option<MessageRef>,
    intent: &Intent,
    due: Millis,
) -> Result<i64, StoreError> {
    let bytes = codec::encode(intent)?;
    tx.prepare_cached("INSERT INTO outbox (chat, message, intent, due, founds) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        chat.map(|chat| chat.0),
        message.map(|message| message.0),
        bytes.as_slice(),
        due.0.cast_signed(),
        // None is something that a person waits for while it is not begun.
        matches!(intent, Intent::Found { .. } | Intent::Note | Intent::Follow { .. } | Intent::Missed { .. } | Intent::Told(_))
            || (chat.is_some() && matches!(intent, Intent::OpenDirect(_)))
    ])?;
    Ok(tx.last_insert_rowid())
}

/// It belongs to another chat from now on, under which it means this.
pub(crate) fn move_to(tx: &Tx<'_>, id: i64, chat: &ChatId, intent: &Intent) -> Result<(), StoreError> {
    let bytes = codec::encode(intent)?;
    tx.execute("UPDATE outbox SET chat = ?2, intent = ?3 WHERE id = ?1", params![id, chat.0, bytes.as_slice()])?;
    Ok(())
}

/// It is given up; a person may try again.
pub(crate) fn set_failed(tx: &Tx<'_>, entry: &Entry) -> Result<(), StoreError> {
    Entry { stage: Stage::Failed, ..entry.clone() }.save(tx)
}

pub(crate) fn delete(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
    Ok(())
}

pub(crate) fn find(tx: &Tx<'_>, id: i64) -> Result<Option<Entry>, StoreError> {
    one(tx, "WHERE id = ?1", id)
}

pub(super) fn of_message(tx: &Tx<'_>, message: MessageRef) -> Result<Option<Entry>, StoreError> {
    one(tx, "WHERE message = ?1", message.0)
}

fn one(tx: &Tx<'_>, condition: &str, id: i64) -> Result<Option<Entry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox {condition}");
    Ok(tx.prepare_cached(&sql)?.query_row([id], Entry::read).optional()?)
}

/// All entries of a chat, in order.
pub(crate) fn of_chat(tx: &Tx<'_>, chat: &ChatId) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE chat = ?1 ORDER BY id");
    let mut rows = tx.prepare_cached(&sql)?;
    Ok(rows.query_map([chat.0], Entry::read)?.collect::<Result<_, _>>()?)
}

/// Whether a note to our own devices is not begun.
pub(crate) fn is_note_waiting(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE chat IS NULL AND founds AND stage = 0");
    let mut rows = tx.prepare_cached(&sql)?;
    let found = rows.query_map([], Entry::read)?.collect::<Result<Vec<_>, _>>()?;
    Ok(found.iter().any(|entry| entry.intent == Intent::Note))
}

/// What is not begun and not due yet is overtaken; what has failed is not there.
/// A founding goes before what waits to be said in the group that it makes; so does finding out for whom.
macro_rules! ready {
    () => {
        "stage <> 5 AND NOT (stage = 0 AND due > ?1)"
    };
}

/// The first entry of every queue; entries without a chat are a queue each.
pub(super) fn heads(tx: &Tx<'_>, now: Millis) -> Result<Vec<i64>, StoreError> {
    let sql = concat!("SELECT id, chat, founds FROM outbox WHERE ", ready!(), " ORDER BY id");
    let mut rows = tx.prepare_cached(sql)?;
    let mut rows = rows.query([now.0.cast_signed()])?;
    let mut queues: BTreeMap<[u8; 16], (bool, i64)> = BTreeMap::new();
    let mut alone = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, founds) = (row.get(0)?, row.get(2)?);
        match row.get(1)? {
            None => alone.push(id),
            Some(chat) => {
                let head = queues.entry(chat).or_insert((founds, id));
                if founds && !head.0 {
                    *head = (founds, id);
                }
            }
        }
    }
    Ok(queues.into_values().map(|(_, id)| id).chain(alone).collect())
}

/// What a chat has to say, and did not begin with, begins now.
pub(super) fn make_due(tx: &Tx<'_>, chat: &ChatId, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE outbox SET due = ?2 WHERE chat = ?1 AND stage = 0 AND message IS NOT NULL AND due > ?2")?
        .execute(params![chat.0, now.0.cast_signed()])?;
    Ok(())
}

/// The same of everything that is said, reactions and edits too.
pub(super) fn make_said_due(tx: &Tx<'_>, chat: &ChatId, now: Millis) -> Result<(), StoreError> {
    for mut entry in of_chat(tx, chat)? {
        if matches!(entry.intent, Intent::Say(_)) && entry.stage == Stage::Queued && entry.due > now {
            entry.due = now;
            entry.save(tx)?;
        }
    }
    Ok(())
}

/// The first entry of one queue.
pub(super) fn head(tx: &Tx<'_>, chat: Option<&ChatId>, now: Millis) -> Result<Option<i64>, StoreError> {
    let Some(chat) = chat else { return Ok(None) };
    let sql = concat!("SELECT id FROM outbox WHERE chat = ?2 AND ", ready!(), " ORDER BY founds DESC, id LIMIT 1");
    Ok(tx.prepare_cached(sql)?.query_row(params![now.0.cast_signed(), chat.0], |row| row.get(0)).optional()?)
}

/// Messages that were sealed and whose place is not known.
pub(super) fn sealed_words(tx: &Tx<'_>) -> Result<Vec<i64>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT id FROM outbox WHERE stage = 2 AND message IS NOT NULL AND founds = 0 ORDER BY id")?;
    Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Whether something of ours is on its way to this group whose place we do not know yet.
pub(crate) fn is_in_flight(tx: &Tx<'_>, group: &[u8; 16]) -> Result<bool, StoreError> {
    let count: i64 =
        tx.prepare_cached("SELECT count(*) FROM outbox WHERE grp = ?1 AND stage = 2")?.query_row([group], |row| row.get(0))?;
    Ok(count > 0)
}

/// The entry whose Commit to this group is on its way or accepted.
pub(crate) fn committing(tx: &Tx<'_>, group: &[u8; 16]) -> Result<Option<Entry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE grp = ?1 AND stage IN (1, 2, 3, 4) AND message IS NULL ORDER BY id");
    let mut rows = tx.prepare_cached(&sql)?;
    for entry in rows.query_map([group], Entry::read)? {
        let entry = entry?;
        if !matches!(entry.intent, Intent::Say(_)) {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}
