//! What views read: chats, messages, members, devices, numbers.
//!
//! Methods of [`Client`]; they change nothing and send nothing.

use rusqlite::{OptionalExtension, Row, params};
use waxseal_wire::id::{AccountId, Millis};
use waxseal_wire::name::AccountName;

use crate::account::{me, named, profile, siblings};
use crate::chat::{self, draft, line, members};
use crate::client::{Client, ClientError};
use crate::content::MessageId;
use crate::store::{StoreError, Tx};
use crate::trust::{self, directory, witness};
use crate::view::*;

const COLUMNS: &str = "id, chat, sender, at, kind, text, reply_to, edited, state, message_id";

impl Client {
    /// Who this device is; `None` before it is registered or linked.
    pub fn me(&self) -> Result<Option<Me>, ClientError> {
        Ok(self.store.read(me::view)?)
    }

    /// Whether words wait when somebody's devices change.
    pub fn requires_verification(&self) -> Result<bool, ClientError> {
        Ok(self.store.read(me::requires_verification)?)
    }

    /// Whether delivered and read receipts are sent.
    pub fn receipts(&self) -> Result<(bool, bool), ClientError> {
        Ok(self.store.read(me::receipts)?)
    }

    /// Our account's devices.
    pub fn devices(&self) -> Result<Vec<DeviceView>, ClientError> {
        Ok(self.store.read(|tx| {
            let Some(own) = me::identity(tx)? else { return Ok::<_, StoreError>(Vec::new()) };
            let Some(chain) = trust::chain(tx, &own.account)? else { return Ok(Vec::new()) };
            let this_name = me::view(tx)?.map(|me| me.device_name);
            let view = |entry: &waxseal_wire::chain::DeviceEntry| {
                let this = entry.id == own.device;
                let name = if this { this_name.clone() } else { siblings::name_of(tx, &entry.id)? };
                Ok(DeviceView { device: entry.id, name, added: entry.added, this })
            };
            chain.devices().iter().map(view).collect::<Result<_, StoreError>>()
        })?)
    }

    /// All chats, the most recently active first.
    pub fn chats(&self) -> Result<Vec<ChatSummary>, ClientError> {
        Ok(self.store.read(|tx| {
            let ids = {
                let mut rows = tx.prepare_cached("SELECT chat FROM chat ORDER BY active DESC, chat")?;
                rows.query_map([], |row| row.get(0).map(ChatId))?.collect::<Result<Vec<_>, _>>()?
            };
            ids.iter().filter_map(|id| summary(tx, id).transpose()).collect::<Result<Vec<_>, StoreError>>()
        })?)
    }

    /// One chat.
    pub fn chat(&self, chat: ChatId) -> Result<Option<ChatSummary>, ClientError> {
        Ok(self.store.read(|tx| summary(tx, &chat))?)
    }

    /// The newest `limit` lines before `before` (or of all), oldest first.
    pub fn messages(&self, chat: ChatId, before: Option<MessageRef>, limit: usize) -> Result<Vec<MessageView>, ClientError> {
        Ok(self.store.read(|tx| lines(tx, &chat, before, limit))?)
    }

    /// All messages that were not marked as read, in their order.
    pub fn unread(&self, chat: ChatId) -> Result<Vec<MessageView>, ClientError> {
        Ok(self.store.read(|tx| {
            let sql = format!(
                "SELECT {COLUMNS} FROM message
                 WHERE chat = ?1 AND id > (SELECT read_upto FROM chat WHERE chat = ?1) AND state = 0 AND kind IN (0, 2)
                 ORDER BY generation, grp, position, id"
            );
            let mut rows = tx.prepare_cached(&sql)?;
            let found = rows.query_map([chat.0], raw)?.collect::<Result<Vec<_>, _>>()?;
            found.into_iter().map(|raw| view(tx, raw)).collect::<Result<Vec<_>, StoreError>>()
        })?)
    }

    /// The oldest `limit` lines after `after`, oldest first.
    pub fn messages_after(&self, after: MessageRef, limit: usize) -> Result<Vec<MessageView>, ClientError> {
        Ok(self.store.read(|tx| {
            let sql = format!(
                "SELECT {COLUMNS} FROM message WHERE chat = (SELECT chat FROM message WHERE id = ?1)
                 AND (generation, grp, position, id) > (SELECT generation, grp, position, id FROM message WHERE id = ?1)
                 ORDER BY generation, grp, position, id LIMIT ?2"
            );
            let found = tx.prepare_cached(&sql)?.query_map(params![after.0, limit], raw)?.collect::<Result<Vec<_>, _>>()?;
            found.into_iter().map(|raw| view(tx, raw)).collect::<Result<Vec<_>, StoreError>>()
        })?)
    }

    /// The first message of a chat that was not read yet.
    pub fn first_unread(&self, chat: ChatId) -> Result<Option<MessageRef>, ClientError> {
        Ok(self.store.read(|tx| {
            tx.prepare_cached(
                "SELECT id FROM message WHERE chat = ?1 AND id > (SELECT read_upto FROM chat WHERE chat = ?1)
                 AND state = 0 AND kind IN (0, 2) ORDER BY generation, grp, position, id LIMIT 1",
            )?
            .query_row([chat.0], |row| row.get(0).map(MessageRef))
            .optional()
            .map_err(StoreError::from)
        })?)
    }

    /// The newest `limit` texts that hold every one of `words`, in whatever case, newest first; in one chat or in all.
    ///
    /// Looks through the texts one by one: about 50 ms for 100,000. Stops where `limit` is reached.
    pub fn search(&self, chat: Option<ChatId>, words: &str, limit: usize) -> Result<Vec<MessageView>, ClientError> {
        let words: Vec<_> = words.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.store.read(|tx| {
            let sql = format!("SELECT {COLUMNS} FROM message WHERE kind = 0 AND (?1 IS NULL OR chat = ?1) ORDER BY id DESC");
            let mut rows = tx.prepare_cached(&sql)?;
            let mut rows = rows.query([chat.map(|chat| chat.0)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let text = row.get_ref(5)?.as_str().unwrap_or_default().to_lowercase();
                if words.iter().all(|word| text.contains(word.as_str())) {
                    found.push(view(tx, raw(row)?)?);
                    if found.len() >= limit {
                        break;
                    }
                }
            }
            Ok::<_, StoreError>(found)
        })?)
    }

    /// What this device knows of the key directory; `None` before the server's first word of it.
    pub fn directory(&self) -> Result<Option<DirectoryView>, ClientError> {
        Ok(self.store.read(directory::view)?)
    }

    /// Which witnesses are asked for, and when they vouched.
    pub fn witnesses(&self) -> Result<WitnessesView, ClientError> {
        Ok(self.store.read(witness::view)?)
    }

    /// The latest time that this client was told.
    pub fn latest(&self) -> Option<Millis> {
        self.session.seen
    }

    /// What shows that the server lied, the oldest first.
    pub fn evidence(&self) -> Result<Vec<EvidenceView>, ClientError> {
        Ok(self.store.read(directory::evidence)?)
    }

    /// What was written and not sent, in every chat.
    pub fn drafts(&self) -> Result<Vec<Draft>, ClientError> {
        Ok(self.store.read(draft::all)?)
    }

    /// Whether this device has shown a code to its owner's other device and waits to be added.
    pub fn is_linking(&self) -> Result<bool, ClientError> {
        Ok(self.store.read(|tx| Ok::<_, StoreError>(me::account(tx)?.is_some() && me::view(tx)?.is_none()))?)
    }

    /// One line.
    pub fn message(&self, message: MessageRef) -> Result<Option<MessageView>, ClientError> {
        Ok(self.store.read(|tx| {
            let sql = format!("SELECT {COLUMNS} FROM message WHERE id = ?1");
            let found = tx.prepare_cached(&sql)?.query_row([message.0], raw).optional()?;
            found.map(|raw| view(tx, raw)).transpose()
        })?)
    }

    /// Who is in a chat: admins first, then by name.
    pub fn members(&self, chat: ChatId) -> Result<Vec<MemberView>, ClientError> {
        Ok(self.store.read(|tx| {
            let own = me::account(tx)?;
            let rows = {
                let mut rows = tx.prepare_cached("SELECT account, admin, devices FROM member WHERE chat = ?1")?;
                let found =
                    rows.query_map([chat.0], |row| Ok((AccountId(row.get(0)?), row.get::<_, bool>(1)?, row.get::<_, usize>(2)?)))?;
                found.collect::<Result<Vec<_>, _>>()?
            };
            let mut members = Vec::new();
            for (account, admin, devices) in rows {
                members.push(MemberView {
                    account,
                    name: trust::name(tx, &account)?,
                    display_name: profile::display_of(tx, &account)?,
                    admin,
                    own: Some(account) == own,
                    devices,
                    verified: trust::account::is_verified(tx, &account)?,
                });
            }
            members.sort_by(|one, other| (!one.admin, &one.name).cmp(&(!other.admin, &other.name)));
            Ok::<_, StoreError>(members)
        })?)
    }

    /// The digits to compare with an account; `None` before we are anybody, or for ourselves.
    pub fn safety_number(&self, account: AccountId) -> Result<Option<SafetyNumber>, ClientError> {
        Ok(self.store.read(|tx| {
            let Some(own) = me::account(tx)?.filter(|own| *own != account) else { return Ok::<_, StoreError>(None) };
            let verified = trust::account::is_verified(tx, &account)?;
            Ok(Some(SafetyNumber { digits: trust::safety::digits(&own, &account), verified }))
        })?)
    }

    /// The account of this name, where it is known here.
    pub fn account_by_name(&self, name: &AccountName) -> Result<Option<AccountId>, ClientError> {
        Ok(self.store.read(|tx| trust::account::by_name(tx, name.as_str()))?)
    }

    /// What an account is called here.
    pub fn account_name(&self, account: AccountId) -> Result<String, ClientError> {
        Ok(self.store.read(|tx| trust::name(tx, &account))?)
    }

    /// Accounts whose requests we do not take.
    pub fn blocked(&self) -> Result<Vec<AccountId>, ClientError> {
        Ok(self.store.read(|tx| {
            let mut rows = tx.prepare_cached("SELECT account FROM account WHERE blocked ORDER BY name")?;
            let found = rows.query_map([], |row| row.get(0).map(AccountId))?;
            Ok::<_, StoreError>(found.collect::<Result<Vec<_>, _>>()?)
        })?)
    }

    /// Where the connection stands.
    pub fn connection(&self) -> Connection {
        let waiting = self.store.read(|tx| {
            let count = tx
                .prepare_cached("SELECT count(*) FROM outbox WHERE stage <> 5 AND NOT (founds AND stage = 0)")?
                .query_row([], |row| row.get(0))?;
            Ok::<u64, StoreError>(count)
        });
        // A message of somebody new waits for a chain, a join for its tree: both come by the other door.
        let unread = self.store.read(|tx| {
            let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE wanted > 0) OR EXISTS (SELECT 1 FROM joining)";
            Ok::<bool, StoreError>(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
        });
        Connection {
            receiving: self.session.proven,
            sending: self.session.anonymous,
            caught_up: self.session.is_caught_up() && !unread.unwrap_or(true),
            waiting: waiting.unwrap_or(0),
        }
    }

    /// What went wrong and was mended.
    pub fn health(&self) -> Result<Health, ClientError> {
        Ok(self.store.read(|tx| {
            let row = tx.query_row("SELECT opened, undecryptable, readded, refounded FROM me", [], |row| {
                Ok(Health { opened: row.get(0)?, undecryptable: row.get(1)?, readded: row.get(2)?, refounded: row.get(3)? })
            });
            Ok::<_, StoreError>(row.optional()?.unwrap_or_default())
        })?)
    }
}

fn summary(tx: &Tx<'_>, id: &ChatId) -> Result<Option<ChatSummary>, StoreError> {
    let Some(found) = chat::find(tx, id)? else { return Ok(None) };
    let (active, unread): (i64, u64) = tx
        .prepare_cached(
            "SELECT active, (SELECT count(*) FROM message WHERE chat = ?1 AND id > chat.read_upto AND state = 0 AND kind IN (0, 2))
             FROM chat WHERE chat = ?1",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let title = match found.peer {
        Some(peer) if found.direct => trust::name(tx, &peer)?,
        _ => found.title,
    };
    Ok(Some(ChatSummary {
        chat: *id,
        title,
        direct: found.direct,
        peer: found.peer,
        display_name: found.peer.map(|peer| profile::display_of(tx, &peer)).transpose()?.flatten(),
        state: found.state,
        members: members::accounts(tx, id)?.len(),
        unread,
        last: lines(tx, id, None, 1)?.pop(),
        active: Millis(active.cast_unsigned()),
        held: trust::changes::held(tx, id)?,
    }))
}

fn lines(tx: &Tx<'_>, chat: &ChatId, before: Option<MessageRef>, limit: usize) -> Result<Vec<MessageView>, StoreError> {
    let order = "ORDER BY generation DESC, grp DESC, position DESC, id DESC LIMIT ?2";
    let mut found = match before {
        None => {
            let sql = format!("SELECT {COLUMNS} FROM message WHERE chat = ?1 {order}");
            let mut rows = tx.prepare_cached(&sql)?;
            rows.query_map(params![chat.0, limit], raw)?.collect::<Result<Vec<_>, _>>()?
        }
        Some(before) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM message WHERE chat = ?1 AND (generation, grp, position, id) <
                 (SELECT generation, grp, position, id FROM message WHERE id = ?3) {order}"
            );
            let mut rows = tx.prepare_cached(&sql)?;
            rows.query_map(params![chat.0, limit, before.0], raw)?.collect::<Result<Vec<_>, _>>()?
        }
    };
    found.reverse();
    found.into_iter().map(|raw| view(tx, raw)).collect()
}

/// A row before names and reactions are added.
struct Raw {
    message: MessageRef,
    chat: ChatId,
    sender: Option<AccountId>,
    at: Millis,
    line: Line,
    reply_to: Option<MessageId>,
    edited: bool,
    state: MessageState,
    id: Option<MessageId>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        message: MessageRef(row.get(0)?),
        chat: ChatId(row.get(1)?),
        sender: row.get::<_, Option<[u8; 32]>>(2)?.map(AccountId),
        at: Millis(row.get::<_, i64>(3)?.cast_unsigned()),
        line: line::decode(row.get(4)?, row.get(5)?),
        reply_to: row.get::<_, Option<[u8; 32]>>(6)?.map(MessageId),
        edited: row.get(7)?,
        state: line::state_from(row.get(8)?)?,
        id: row.get::<_, Option<[u8; 32]>>(9)?.map(MessageId),
    })
}

fn view(tx: &Tx<'_>, raw: Raw) -> Result<MessageView, StoreError> {
    let reactions = match &raw.id {
        Some(id) => {
            let mut rows = tx.prepare_cached("SELECT account, emoji FROM reaction WHERE target = ?1 ORDER BY rowid")?;
            let found = rows.query_map([id.0], |row| Ok((AccountId(row.get(0)?), row.get(1)?)))?;
            found.collect::<Result<Vec<_>, _>>()?
        }
        None => Vec::new(),
    };
    let reply_to = match &raw.reply_to {
        Some(id) => line::by_id(tx, &raw.chat, id)?.map(|(message, _)| message),
        None => None,
    };
    let line = match raw.line {
        Line::Notice(notice) => Line::Notice(with_names(tx, notice)?),
        line => line,
    };
    let own = raw.sender.is_some() && me::account(tx)? == raw.sender;
    Ok(MessageView {
        message: raw.message,
        chat: raw.chat,
        sender: raw.sender,
        own,
        sender_name: raw.sender.map(|sender| trust::name(tx, &sender)).transpose()?.unwrap_or_default(),
        sender_display: raw.sender.map(|sender| profile::display_of(tx, &sender)).transpose()?.flatten(),
        at: raw.at,
        line,
        reply_to,
        edited: raw.edited,
        reactions,
        state: raw.state,
    })
}

#[cfg(test)]
mod tests;

/// What devices are called is heard after they came.
fn with_names(tx: &Tx<'_>, mut notice: Notice) -> Result<Notice, StoreError> {
    if let Notice::DeviceAdded(_, devices) | Notice::DeviceRemoved(_, devices) = &mut notice {
        for one in devices {
            one.name = named::name_of(tx, &one.device)?;
        }
    }
    Ok(notice)
}
