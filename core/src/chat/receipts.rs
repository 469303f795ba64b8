//! Receipts: told late and many at a time, or not at all.
//!
//! Called by the inbox (a message came, a receipt came) and by time. Prompt
//! receipts are what betrays senders elsewhere, so ours wait a random while.

use rusqlite::params;
use waxseal_wire::id::AccountId;

use super::line;
use crate::account::me;
use crate::content::{Body, Content, MessageId, Receipt, ReceiptStatus};
use crate::outbox::Intent;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, MessageRef, MessageState};
use crate::{Event, chat};

/// Receipts wait so long, in milliseconds.
const DELAY: (u64, u64) = (2_000, 6_000);
/// In groups of more people nobody tells that something was delivered or read.
const PEOPLE: usize = 32;
/// Receipts in one message.
const BATCH: usize = 256;

const DELIVERED: i64 = 1;
const READ: i64 = 2;

impl Turn<'_> {
    /// A message came: its sender is told later.
    pub(crate) fn owe_delivered(&mut self, chat: &ChatId, message: &MessageId) -> Result<(), StoreError> {
        let (delivered, _) = me::receipts(self.tx)?;
        if delivered { self.owe(chat, message, DELIVERED) } else { Ok(()) }
    }

    fn owe(&mut self, chat: &ChatId, message: &MessageId, status: i64) -> Result<(), StoreError> {
        if chat::members::are_more(self.tx, chat, PEOPLE)? {
            return Ok(());
        }
        let due = self.later(DELAY.0, DELAY.1);
        self.tx
            .prepare_cached(
                "INSERT INTO due_receipt (chat, message_id, status, due) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (message_id) DO UPDATE SET status = max(status, ?3)",
            )?
            .execute(params![chat.0, message.0, status, due.0.cast_signed()])?;
        Ok(())
    }

    /// A person has seen everything in the chat that came up to `upto`.
    pub(crate) fn mark_read(&mut self, chat: &ChatId, upto: MessageRef) -> Result<(), StoreError> {
        let Some(found) = chat::find(self.tx, chat)? else { return Ok(()) };
        let (_, read) = me::receipts(self.tx)?;
        let unread = {
            let mut rows = self.tx.prepare_cached(
                "SELECT message_id FROM message
                 WHERE chat = ?1 AND id > (SELECT read_upto FROM chat WHERE chat = ?1) AND id <= ?2
                 AND state = 0 AND kind = 0 AND message_id IS NOT NULL",
            )?;
            rows.query_map(params![chat.0, upto.0], |row| row.get(0).map(MessageId))?.collect::<Result<Vec<_>, _>>()?
        };
        self.tx
            .prepare_cached(
                "UPDATE chat SET read_upto = max(read_upto, (SELECT coalesce(max(id), 0) FROM message WHERE chat = ?1 AND id <= ?2))
                 WHERE chat = ?1",
            )?
            .execute(params![chat.0, upto.0])?;
        if read && found.state == ChatState::Open {
            for message in &unread {
                self.owe(chat, message, READ)?;
            }
        }
        if !unread.is_empty() {
            self.tell(Event::ChatChanged(*chat));
        }
        Ok(())
    }

    /// Puts due receipts into the outbox: all of a chat, in one message.
    pub(crate) fn run_receipts(&mut self) -> Result<(), StoreError> {
        let chats = {
            let mut rows = self.tx.prepare_cached("SELECT DISTINCT chat FROM due_receipt WHERE due <= ?1")?;
            let found = rows.query_map([self.now.0.cast_signed()], |row| row.get(0).map(ChatId))?;
            found.collect::<Result<Vec<_>, _>>()?
        };
        for chat in chats {
            let receipts = {
                let mut rows = self.tx.prepare_cached("DELETE FROM due_receipt WHERE chat = ?1 RETURNING message_id, status")?;
                let found = rows.query_map([chat.0], |row| {
                    let status = if row.get::<_, i64>(1)? == READ { ReceiptStatus::Read } else { ReceiptStatus::Delivered };
                    Ok(Receipt { message: MessageId(row.get(0)?), status })
                })?;
                found.collect::<Result<Vec<_>, _>>()?
            };
            // A request that was not accepted tells its sender nothing.
            if chat::find(self.tx, &chat)?.is_none_or(|chat| !matches!(chat.state, ChatState::Open | ChatState::Healing)) {
                continue;
            }
            for batch in receipts.chunks(BATCH) {
                let content = Content::new(Body::Receipts(batch.to_vec()), &mut self.rng);
                self.post(Some(chat), None, &Intent::Say(content.to_padded()))?;
            }
        }
        Ok(())
    }

    /// Receipts of somebody came.
    pub(crate) fn receipts_came(&mut self, chat: &ChatId, by: &AccountId, receipts: &[Receipt]) -> Result<(), StoreError> {
        let others = chat::members::count(self.tx, chat)?.saturating_sub(1).max(1);
        for receipt in receipts {
            let Some((message, Some(sender))) = line::by_id(self.tx, chat, &receipt.message)? else { continue };
            // Only the sender is told anything by it, and nobody receipts for oneself.
            if sender == *by || self.own_account()? != Some(sender) {
                continue;
            }
            let status = if receipt.status == ReceiptStatus::Read { READ } else { DELIVERED };
            self.tx
                .prepare_cached(
                    "INSERT INTO receipt (message_id, account, status) VALUES (?1, ?2, ?3)
                     ON CONFLICT (message_id, account) DO UPDATE SET status = max(status, ?3)",
                )?
                .execute(params![receipt.message.0, by.0, status])?;
            self.raise(chat, message, &receipt.message, others)?;
        }
        Ok(())
    }

    fn raise(&mut self, chat: &ChatId, message: MessageRef, id: &MessageId, others: usize) -> Result<(), StoreError> {
        let reached = |status: i64| -> Result<bool, StoreError> {
            let count: usize = self
                .tx
                .prepare_cached("SELECT count(*) FROM receipt WHERE message_id = ?1 AND status >= ?2")?
                .query_row(params![id.0, status], |row| row.get(0))?;
            Ok(count >= others)
        };
        let state = if reached(READ)? {
            MessageState::Read
        } else if reached(DELIVERED)? {
            MessageState::Delivered
        } else {
            return Ok(());
        };
        if line::state_of(self.tx, message)?.is_some_and(|known| known < state && known >= MessageState::Sent) {
            line::set_state(self.tx, message, state)?;
            self.tell(Event::MessageChanged { chat: *chat, message });
        }
        Ok(())
    }
}
