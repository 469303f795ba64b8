//! Lines of a conversation, as they are stored.
//!
//! Called by inbox, outbox and commands. The order is one for every device:
//! generation, group, position in the group; what is not accepted yet is last.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::id::{AccountId, DeviceId, GroupId, Millis, Position};

use super::ChatGroup;
use crate::content::MessageId;
use crate::store::{StoreError, Tx};
use crate::view::{ChangedDevice, ChatId, Line, MessageRef, MessageState, Notice};

/// Where a message stands that the server has not accepted yet.
pub(crate) const LAST: Position = Position(i64::MAX as u64);

/// A line before it is stored.
#[derive(Debug)]
pub(crate) struct NewLine<'a> {
    pub(crate) chat: ChatId,
    pub(crate) generation: u64,
    pub(crate) group: GroupId,
    pub(crate) position: Position,
    pub(crate) id: Option<MessageId>,
    pub(crate) sender: Option<AccountId>,
    pub(crate) at: Millis,
    pub(crate) line: &'a Line,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) state: MessageState,
}

const STATES: [MessageState; 6] = [
    MessageState::Received,
    MessageState::Pending,
    MessageState::Sent,
    MessageState::Delivered,
    MessageState::Read,
    MessageState::Failed,
];

pub(crate) fn state_number(state: MessageState) -> i64 {
    super::number(&STATES, &state)
}

pub(crate) fn state_from(number: i64) -> rusqlite::Result<MessageState> {
    super::numbered(&STATES, number)
}

/// Stores a line.
pub(crate) fn insert(tx: &Tx<'_>, new: &NewLine<'_>) -> Result<MessageRef, StoreError> {
    let (kind, text) = encode(new.line);
    tx.prepare_cached(
        "INSERT INTO message (chat, generation, grp, position, message_id, sender, at, kind, text, reply_to, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        new.chat.0,
        new.generation.cast_signed(),
        new.group.0,
        new.position.0.cast_signed(),
        new.id.map(|id| id.0),
        new.sender.map(|sender| sender.0),
        new.at.0.cast_signed(),
        kind,
        text,
        new.reply_to.map(|id| id.0),
        state_number(new.state),
    ])?;
    Ok(MessageRef(tx.last_insert_rowid()))
}

/// The message of this id in this chat, and who wrote it.
pub(crate) fn by_id(tx: &Tx<'_>, chat: &ChatId, id: &MessageId) -> Result<Option<(MessageRef, Option<AccountId>)>, StoreError> {
    let row = tx
        .prepare_cached("SELECT id, sender FROM message WHERE message_id = ?1 AND chat = ?2")?
        .query_row(params![id.0, chat.0], |row| Ok((MessageRef(row.get(0)?), row.get::<_, Option<[u8; 32]>>(1)?.map(AccountId))))
        .optional()?;
    Ok(row)
}

/// Whether the last line of a group up to a position says that something is missing.
pub(crate) fn is_gap_before(tx: &Tx<'_>, chat: &ChatId, group: &GroupId, position: Position) -> Result<bool, StoreError> {
    let last: Option<i64> = tx
        .prepare_cached(
            "SELECT kind FROM message WHERE chat = ?1 AND grp = ?2 AND position <= ?3 AND kind NOT IN (18, 19, 22)
             ORDER BY position DESC, id DESC LIMIT 1",
        )?
        .query_row(params![chat.0, group.0, position.0.cast_signed()], |row| row.get(0))
        .optional()?;
    Ok(last == Some(encode(&Line::Gap).0))
}

/// Where the next line of a group stands.
pub(crate) fn first_after(tx: &Tx<'_>, group: &ChatGroup, position: Position) -> Result<Option<Position>, StoreError> {
    let first: Option<i64> = tx
        .prepare_cached("SELECT min(position) FROM message WHERE chat = ?1 AND generation = ?2 AND grp = ?3 AND position > ?4")?
        .query_row(params![group.chat.0, group.generation.cast_signed(), group.group.0, position.0.cast_signed()], |row| {
            row.get(0)
        })?;
    Ok(first.map(|first| Position(first.cast_unsigned())))
}

/// What a line is known by.
pub(crate) struct Named {
    pub(crate) chat: ChatId,
    pub(crate) id: Option<MessageId>,
    pub(crate) sender: Option<AccountId>,
}

/// The content id, chat and sender of a line.
pub(crate) fn name_of(tx: &Tx<'_>, message: MessageRef) -> Result<Option<Named>, StoreError> {
    let row = tx
        .prepare_cached("SELECT chat, message_id, sender FROM message WHERE id = ?1")?
        .query_row([message.0], |row| {
            Ok(Named {
                chat: ChatId(row.get(0)?),
                id: row.get::<_, Option<[u8; 32]>>(1)?.map(MessageId),
                sender: row.get::<_, Option<[u8; 32]>>(2)?.map(AccountId),
            })
        })
        .optional()?;
    Ok(row)
}

pub(crate) fn state_of(tx: &Tx<'_>, message: MessageRef) -> Result<Option<MessageState>, StoreError> {
    let row = tx
        .prepare_cached("SELECT state FROM message WHERE id = ?1")?
        .query_row([message.0], |row| state_from(row.get(0)?))
        .optional()?;
    Ok(row)
}

pub(crate) fn set_state(tx: &Tx<'_>, message: MessageRef, state: MessageState) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE message SET state = ?2 WHERE id = ?1")?.execute(params![message.0, state_number(state)])?;
    Ok(())
}

/// The server gave an own message its place.
pub(crate) fn set_place(
    tx: &Tx<'_>,
    message: MessageRef,
    group: &GroupId,
    generation: u64,
    position: Position,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE message SET grp = ?2, generation = ?3, position = ?4, state = ?5 WHERE id = ?1")?.execute(
        params![message.0, group.0, generation.cast_signed(), position.0.cast_signed(), state_number(MessageState::Sent)],
    )?;
    Ok(())
}

/// The same words came again later, in this group or in the next that carries the chat: there they stand, for
/// everybody. Whoever sent them did not hear of the first time.
pub(crate) fn follow(
    tx: &Tx<'_>,
    message: MessageRef,
    group: &GroupId,
    generation: u64,
    position: Position,
) -> Result<bool, StoreError> {
    let moved = tx
        .prepare_cached(
            "UPDATE message SET grp = ?2, generation = ?3, position = ?4
             WHERE id = ?1 AND (generation, grp, position) < (?3, ?2, ?4)",
        )?
        .execute(params![message.0, group.0, generation.cast_signed(), position.0.cast_signed()])?;
    Ok(moved > 0)
}

/// The text was edited, or (`None`) deleted, by who wrote it.
pub(crate) fn replace(tx: &Tx<'_>, message: MessageRef, text: Option<&str>) -> Result<(), StoreError> {
    let line = text.map_or(Line::Deleted, |text| Line::Text(text.to_owned()));
    let (kind, stored) = encode(&line);
    tx.prepare_cached("UPDATE message SET kind = ?2, text = ?3, edited = ?4 WHERE id = ?1")?.execute(params![
        message.0,
        kind,
        stored,
        text.is_some()
    ])?;
    Ok(())
}

/// A message is known by another name from now on.
pub(super) fn rename(tx: &Tx<'_>, old: &MessageId, new: &MessageId) -> Result<(), StoreError> {
    for (table, column) in [
        ("message", "message_id"),
        ("message", "reply_to"),
        ("reaction", "target"),
        ("reaction", "message_id"),
        ("receipt", "message_id"),
    ] {
        tx.execute(&format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1"), params![old.0, new.0])?;
    }
    Ok(())
}

/// Takes back what was told of a group that was not founded.
pub(super) fn drop_notices(tx: &Tx<'_>, group: &ChatGroup) -> Result<(), StoreError> {
    let (kind, _) = encode(&Line::Notice(Notice::Created));
    // What became of people is true whatever becomes of the group.
    let all = "DELETE FROM message WHERE chat = ?1 AND generation = ?2 AND grp = ?3 AND kind >= ?4 AND kind NOT IN (18, 19, 22)";
    tx.execute(all, params![group.chat.0, group.generation.cast_signed(), group.group.0, kind])?;
    Ok(())
}

/// Takes back that nobody was found.
pub(super) fn drop_nobody(tx: &Tx<'_>, chat: &ChatId) -> Result<(), StoreError> {
    let (kind, _) = encode(&Line::Notice(Notice::Nobody));
    tx.execute("DELETE FROM message WHERE chat = ?1 AND kind = ?2", params![chat.0, kind])?;
    Ok(())
}

/// Keeps one reaction a person and message.
pub(crate) fn react(tx: &Tx<'_>, target: &MessageId, account: &AccountId, id: &MessageId, emoji: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO reaction (target, account, message_id, emoji) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![target.0, account.0, id.0, emoji])?;
    Ok(())
}

/// The reaction that `account` gave to `target`, as a message.
pub(crate) fn reaction_of(tx: &Tx<'_>, target: &MessageId, account: &AccountId) -> Result<Option<MessageId>, StoreError> {
    let row = tx
        .prepare_cached("SELECT message_id FROM reaction WHERE target = ?1 AND account = ?2")?
        .query_row(params![target.0, account.0], |row| row.get(0).map(MessageId))
        .optional()?;
    Ok(row)
}

/// Takes back the reaction that was sent as `id`.
pub(crate) fn unreact(tx: &Tx<'_>, id: &MessageId, account: &AccountId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM reaction WHERE message_id = ?1 AND account = ?2")?.execute(params![id.0, account.0])?;
    Ok(())
}

/// Kind and text of a line; notices keep their accounts in hexadecimal digits.
fn encode(line: &Line) -> (i64, String) {
    let ids = |ids: &[AccountId]| ids.iter().map(|id| hex::encode(id.0)).collect::<Vec<_>>().join(" ");
    match line {
        Line::Text(text) => (0, text.clone()),
        Line::Deleted => (1, String::new()),
        Line::Unknown(kind) => (2, kind.clone()),
        Line::Gap => (3, String::new()),
        Line::Notice(notice) => match notice {
            Notice::Created => (10, String::new()),
            Notice::Joined => (11, String::new()),
            Notice::Added(who) => (12, ids(who)),
            Notice::Removed(who) => (13, ids(who)),
            Notice::Left(who) => (14, ids(&[*who])),
            Notice::Renamed(title) => (15, title.clone()),
            Notice::Admin(who, true) => (16, ids(&[*who])),
            Notice::Admin(who, false) => (17, ids(&[*who])),
            Notice::DeviceAdded(who, which) => (18, devices(who, which)),
            Notice::DeviceRemoved(who, which) => (19, devices(who, which)),
            Notice::IdentityChanged(who) => (22, ids(&[*who])),
            Notice::Refounded => (20, String::new()),
            Notice::Nobody => (21, String::new()),
        },
    }
}

/// An account, and devices with their times: `<account> <device>@<ms> …`.
fn devices(who: &AccountId, which: &[ChangedDevice]) -> String {
    let one = |one: &ChangedDevice| format!(" {}@{}", hex::encode(one.device.0), one.at.0);
    which.iter().fold(hex::encode(who.0), |text, next| text + &one(next))
}

fn changed(text: &str) -> Vec<ChangedDevice> {
    let one = |word: &str| {
        let (device, at) = word.split_once('@')?;
        let device = DeviceId::try_from(hex::decode(device).ok()?.as_slice()).ok()?;
        Some(ChangedDevice { device, name: None, at: Millis(at.parse().ok()?) })
    };
    text.split(' ').filter_map(one).collect()
}

/// The line that [`encode`] stored.
pub(crate) fn decode(kind: i64, text: String) -> Line {
    let ids = || -> Vec<AccountId> {
        let digits = text.split(' ').filter_map(|digits| hex::decode(digits).ok());
        digits.filter_map(|bytes| AccountId::try_from(bytes.as_slice()).ok()).collect()
    };
    let one = || ids().first().copied().unwrap_or(AccountId([0; 32]));
    match kind {
        0 => Line::Text(text),
        1 => Line::Deleted,
        3 => Line::Gap,
        10 => Line::Notice(Notice::Created),
        11 => Line::Notice(Notice::Joined),
        12 => Line::Notice(Notice::Added(ids())),
        13 => Line::Notice(Notice::Removed(ids())),
        14 => Line::Notice(Notice::Left(one())),
        15 => Line::Notice(Notice::Renamed(text)),
        16 => Line::Notice(Notice::Admin(one(), true)),
        17 => Line::Notice(Notice::Admin(one(), false)),
        18 => Line::Notice(Notice::DeviceAdded(one(), changed(&text))),
        19 => Line::Notice(Notice::DeviceRemoved(one(), changed(&text))),
        22 => Line::Notice(Notice::IdentityChanged(one())),
        20 => Line::Notice(Notice::Refounded),
        21 => Line::Notice(Notice::Nobody),
        _ => Line::Unknown(text),
    }
}
