//! Chats: what a person sees, on top of the groups that carry them.
//!
//! Called by inbox, outbox and commands. A chat outlives its groups: when one
//! is broken, another of a higher generation takes its place.
//!
//! ```text
//!   chat ──current──► chat_group (generation 2, open)
//!     └─ earlier ───► chat_group (generation 1, superseded: still read, never written)
//! ```

mod command;
mod direct;
pub(crate) mod draft;
pub(crate) mod line;
pub(crate) mod members;
mod membership;
pub(crate) mod receipts;
pub(crate) mod rules;

use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};
use waxseal_wire::id::{AccountId, AliasId, Epoch, GroupId, Millis, Position};

use crate::store::{StoreError, Tx};
use crate::view::{ChatId, ChatState};

/// One chat, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    pub(crate) chat: ChatId,
    pub(crate) group: Option<GroupId>,
    pub(crate) generation: u64,
    pub(crate) direct: bool,
    pub(crate) peer: Option<AccountId>,
    pub(crate) title: String,
    pub(crate) state: ChatState,
}

/// One group that carries, or carried, a chat.
#[derive(Debug, Clone)]
pub(crate) struct ChatGroup {
    pub(crate) group: GroupId,
    pub(crate) chat: ChatId,
    pub(crate) generation: u64,
    pub(crate) state: GroupState,
    /// Everything up to here is stored, ours too.
    pub(crate) position: Position,
    /// Our own accepted messages beyond `position`.
    pub(crate) ahead: Vec<u64>,
    /// The highest number under which something came through our mailbox; our own words may stand beyond it.
    pub(crate) heard: Position,
    pub(crate) update_at: Millis,
    pub(crate) sent: u64,
    /// Who submitted the Commit that broke it.
    pub(crate) culprit: Option<AliasId>,
    pub(crate) heal_at: Option<Millis>,
    pub(crate) heal_tries: u64,
    /// We joined by our last resort: our alias must change.
    pub(crate) last_resort: bool,
}

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupState {
    /// Its Welcome is here, its tree is being fetched.
    Joining,
    /// Messages are sealed and opened.
    Open,
    /// We cannot follow it any more: to be re-added or founded again.
    Broken,
    /// Another group carries the chat; this one is still read.
    Superseded,
    /// Made here, not registered with the server yet.
    Founding,
}

impl GroupState {
    const ALL: [Self; 5] = [Self::Joining, Self::Open, Self::Broken, Self::Superseded, Self::Founding];
}

/// The columns that [`read_group`] reads.
macro_rules! group_columns {
    () => {
        "g.chat, g.generation, g.state, g.position, g.ahead, g.update_at, g.sent, g.culprit, g.heal_at, g.heal_tries, g.last_resort, g.grp, g.heard"
    };
}

/// A group that carries its chat no more is read for so long, in milliseconds: a day.
pub(crate) const KEEP_SUPERSEDED: u64 = 24 * 60 * 60 * 1000;

const STATES: [ChatState; 6] =
    [ChatState::Opening, ChatState::Requested, ChatState::Open, ChatState::Healing, ChatState::Leaving, ChatState::Left];

/// The chat of two people has one id, whoever begins: SHA-256 of both account ids in order.
pub(crate) fn direct_id(one: &AccountId, other: &AccountId) -> ChatId {
    let (low, high) = if one <= other { (one, other) } else { (other, one) };
    let hash = Sha256::new().chain_update(b"waxseal direct chat v1").chain_update(low.0).chain_update(high.0).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(hash.get(..16).unwrap_or(&[0; 16]));
    ChatId(id)
}

/// Where words to a name wait whose account is not known yet; on this device alone.
pub(crate) fn waiting_id(name: &str) -> ChatId {
    let hash = Sha256::new().chain_update(b"waxseal waiting chat v1").chain_update(name).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(hash.get(..16).unwrap_or(&[0; 16]));
    ChatId(id)
}

fn number<T: PartialEq>(all: &[T], one: &T) -> i64 {
    all.iter().position(|known| known == one).and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
}

pub(crate) fn numbered<T: Copy>(all: &[T], number: i64) -> rusqlite::Result<T> {
    usize::try_from(number).ok().and_then(|at| all.get(at).copied()).ok_or(rusqlite::Error::InvalidQuery)
}

/// The state of a chat from its column.
pub(crate) fn state_from(number: i64) -> rusqlite::Result<ChatState> {
    numbered(&STATES, number)
}

/// Makes a chat, or leaves the one that is there.
pub(crate) fn create(tx: &Tx<'_>, chat: &Chat, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO chat (chat, grp, generation, direct, peer, title, state, active)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        chat.chat.0,
        chat.group.map(|group| group.0),
        chat.generation.cast_signed(),
        chat.direct,
        chat.peer.map(|peer| peer.0),
        chat.title,
        number(&STATES, &chat.state),
        now.0.cast_signed(),
    ])?;
    Ok(())
}

/// One chat.
pub(crate) fn find(tx: &Tx<'_>, chat: &ChatId) -> Result<Option<Chat>, StoreError> {
    let row = tx
        .prepare_cached("SELECT grp, generation, direct, peer, title, state FROM chat WHERE chat = ?1")?
        .query_row([chat.0], |row| {
            Ok(Chat {
                chat: *chat,
                group: row.get::<_, Option<[u8; 16]>>(0)?.map(GroupId),
                generation: row.get::<_, i64>(1)?.cast_unsigned(),
                direct: row.get(2)?,
                peer: row.get::<_, Option<[u8; 32]>>(3)?.map(AccountId),
                title: row.get(4)?,
                state: state_from(row.get(5)?)?,
            })
        })
        .optional()?;
    Ok(row)
}

pub(crate) fn set_state(tx: &Tx<'_>, chat: &ChatId, state: ChatState) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE chat SET state = ?2 WHERE chat = ?1")?.execute(params![chat.0, number(&STATES, &state)])?;
    Ok(())
}

pub(crate) fn set_title(tx: &Tx<'_>, chat: &ChatId, title: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE chat SET title = ?2 WHERE chat = ?1")?.execute(params![chat.0, title])?;
    Ok(())
}

pub(crate) fn touch(tx: &Tx<'_>, chat: &ChatId, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE chat SET active = ?2 WHERE chat = ?1")?.execute(params![chat.0, now.0.cast_signed()])?;
    Ok(())
}

/// Makes `group` the one that carries its chat; the one before is read on, never written. Where we were lost, we stay lost.
pub(crate) fn set_current(tx: &Tx<'_>, group: &ChatGroup, now: Millis) -> Result<(), StoreError> {
    let until = now.0.saturating_add(KEEP_SUPERSEDED).cast_signed();
    tx.execute(
        "UPDATE chat_group SET state = ?3, heal_at = NULL, heal_tries = CASE state WHEN 2 THEN max(heal_tries, 1) ELSE 0 END,
         update_at = ?4 WHERE chat = ?1 AND grp <> ?2 AND state IN (1, 2)",
        params![group.chat.0, group.group.0, group_state(GroupState::Superseded), until],
    )?;
    tx.execute(
        "UPDATE chat SET grp = ?2, generation = ?3 WHERE chat = ?1",
        params![group.chat.0, group.group.0, group.generation.cast_signed()],
    )?;
    Ok(())
}

/// A founding came to nothing: the group before it carries its chat again, lost as it was, and goes on healing at `heal_at`.
pub(crate) fn take_back(tx: &Tx<'_>, founded: &ChatGroup, heal_at: Millis) -> Result<(), StoreError> {
    let before: Option<[u8; 16]> = tx
        .query_row(
            "SELECT grp FROM chat_group WHERE chat = ?1 AND state = ?2 AND generation < ?3 ORDER BY generation DESC, grp DESC",
            params![founded.chat.0, group_state(GroupState::Superseded), founded.generation.cast_signed()],
            |row| row.get(0),
        )
        .optional()?;
    let changed = tx.execute(
        "UPDATE chat SET grp = ?3, generation = ?4 WHERE chat = ?1 AND grp = ?2",
        params![founded.chat.0, founded.group.0, before, founded.generation.saturating_sub(1).cast_signed()],
    )?;
    if changed == 0 {
        // Somebody else's group carries the chat.
        return Ok(());
    }
    tx.execute(
        "UPDATE chat_group SET state = ?2, heal_at = ?3 WHERE grp = ?1",
        params![before, group_state(GroupState::Broken), heal_at.0.cast_signed()],
    )?;
    // Nothing was founded.
    line::drop_notices(tx, founded)
}

/// Stores a group, new or changed.
pub(crate) fn put_group(tx: &Tx<'_>, group: &ChatGroup, epoch: Epoch) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO chat_group
         (grp, chat, generation, state, position, ahead, epoch, update_at, sent, culprit, heal_at, heal_tries, last_resort, heard)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        group.group.0,
        group.chat.0,
        group.generation.cast_signed(),
        group_state(group.state),
        group.position.0.cast_signed(),
        ahead(group),
        epoch.0.cast_signed(),
        group.update_at.0.cast_signed(),
        group.sent.cast_signed(),
        group.culprit.map(|alias| alias.0),
        group.heal_at.map(|at| at.0.cast_signed()),
        group.heal_tries.cast_signed(),
        group.last_resort,
        group.heard.0.cast_signed(),
    ])?;
    Ok(())
}

/// Notes that something of this epoch came while the group was broken for us: so far we are behind at least.
pub(crate) fn keep_lost_at(tx: &Tx<'_>, group: &GroupId, epoch: Epoch) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE chat_group SET epoch = max(epoch, ?2) WHERE grp = ?1")?
        .execute(params![group.0, epoch.0.cast_signed()])?;
    Ok(())
}

/// The latest epoch of a group that we know of.
pub(crate) fn lost_at(tx: &Tx<'_>, group: &GroupId) -> Result<Epoch, StoreError> {
    let epoch: Option<i64> =
        tx.prepare_cached("SELECT epoch FROM chat_group WHERE grp = ?1")?.query_row([group.0], |row| row.get(0)).optional()?;
    Ok(Epoch(epoch.unwrap_or(0).cast_unsigned()))
}

/// Stores what changed about a group, but for its epoch; which chat it carries never changes.
pub(crate) fn save_group(tx: &Tx<'_>, group: &ChatGroup) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE chat_group SET state = ?2, position = ?3, ahead = ?4, update_at = ?5, sent = ?6, culprit = ?7, heal_at = ?8,
         heal_tries = ?9, last_resort = ?10, heard = ?11 WHERE grp = ?1",
    )?
    .execute(params![
        group.group.0,
        group_state(group.state),
        group.position.0.cast_signed(),
        ahead(group),
        group.update_at.0.cast_signed(),
        group.sent.cast_signed(),
        group.culprit.map(|alias| alias.0),
        group.heal_at.map(|at| at.0.cast_signed()),
        group.heal_tries.cast_signed(),
        group.last_resort,
        group.heard.0.cast_signed(),
    ])?;
    Ok(())
}

/// Stores how far a group has come, which is all that a message changes: no index moves.
pub(crate) fn save_place(tx: &Tx<'_>, group: &ChatGroup) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE chat_group SET position = ?2, ahead = ?3, sent = ?4, heard = ?5 WHERE grp = ?1")?.execute(params![
        group.group.0,
        group.position.0.cast_signed(),
        ahead(group),
        group.sent.cast_signed(),
        group.heard.0.cast_signed(),
    ])?;
    Ok(())
}

fn ahead(group: &ChatGroup) -> Vec<u8> {
    group.ahead.iter().flat_map(|position| position.to_be_bytes()).collect()
}

/// One group.
pub(crate) fn group(tx: &Tx<'_>, group: &GroupId) -> Result<Option<ChatGroup>, StoreError> {
    let sql = concat!("SELECT ", group_columns!(), " FROM chat_group AS g WHERE g.grp = ?1");
    Ok(tx.prepare_cached(sql)?.query_row([group.0], read_group).optional()?)
}

/// The group that carries a chat now.
pub(crate) fn current(tx: &Tx<'_>, chat: &ChatId) -> Result<Option<ChatGroup>, StoreError> {
    let sql = concat!("SELECT ", group_columns!(), " FROM chat AS c JOIN chat_group AS g ON g.grp = c.grp WHERE c.chat = ?1");
    Ok(tx.prepare_cached(sql)?.query_row([chat.0], read_group).optional()?)
}

fn read_group(row: &Row<'_>) -> rusqlite::Result<ChatGroup> {
    Ok(ChatGroup {
        chat: ChatId(row.get(0)?),
        generation: row.get::<_, i64>(1)?.cast_unsigned(),
        state: numbered(&GroupState::ALL, row.get(2)?)?,
        position: Position(row.get::<_, i64>(3)?.cast_unsigned()),
        ahead: row
            .get::<_, Vec<u8>>(4)?
            .chunks_exact(8)
            .map(|bytes| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)))
            .collect(),
        update_at: Millis(row.get::<_, i64>(5)?.cast_unsigned()),
        sent: row.get::<_, i64>(6)?.cast_unsigned(),
        culprit: row.get::<_, Option<[u8; 16]>>(7)?.map(AliasId),
        heal_at: row.get::<_, Option<i64>>(8)?.map(|at| Millis(at.cast_unsigned())),
        heal_tries: row.get::<_, i64>(9)?.cast_unsigned(),
        last_resort: row.get(10)?,
        group: GroupId(row.get(11)?),
        heard: Position(row.get::<_, i64>(12)?.cast_unsigned()),
    })
}

/// The column of a state.
pub(crate) fn group_state(state: GroupState) -> i64 {
    number(&GroupState::ALL, &state)
}

/// The groups in one state.
pub(crate) fn groups_in(tx: &Tx<'_>, state: GroupState) -> Result<Vec<GroupId>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT grp FROM chat_group WHERE state = ?1")?;
    let groups = rows.query_map([group_state(state)], |row| row.get(0).map(GroupId))?;
    Ok(groups.collect::<Result<_, _>>()?)
}

/// The chats of more than two that we are out of; so many at most, those first in which something happened last.
pub(crate) fn groups_left(tx: &Tx<'_>, limit: usize) -> Result<Vec<ChatId>, StoreError> {
    let mut rows = tx.prepare_cached("SELECT chat FROM chat WHERE state = ?1 AND NOT direct ORDER BY active DESC LIMIT ?2")?;
    let chats = rows.query_map(params![number(&STATES, &ChatState::Left), limit], |row| row.get(0).map(ChatId))?;
    Ok(chats.collect::<Result<_, _>>()?)
}

/// Notes whether those in a chat that we are out of were asked if we are in.
pub(crate) fn set_asked(tx: &Tx<'_>, chat: &ChatId, asked: bool) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE chat SET asked = ?2 WHERE chat = ?1")?.execute(params![chat.0, asked])?;
    Ok(())
}

/// Whether they were.
pub(crate) fn is_asked(tx: &Tx<'_>, chat: &ChatId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT 1 FROM chat WHERE chat = ?1 AND asked")?.exists([chat.0])?)
}

/// Forgets what is known of a group (not its MLS rows).
pub(crate) fn drop_group(tx: &Tx<'_>, group: &GroupId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chat_group WHERE grp = ?1", [group.0])?;
    tx.execute("DELETE FROM parked WHERE grp = ?1", [group.0])?;
    tx.execute("DELETE FROM joining WHERE grp = ?1", [group.0])?;
    tx.execute("DELETE FROM unproven WHERE grp = ?1", [group.0])?;
    Ok(())
}

impl ChatGroup {
    /// Takes note of a position that is stored; ours may come out of order.
    pub(crate) fn reached(&mut self, position: Position) {
        if position > self.position {
            self.ahead.push(position.0);
        }
        self.close_up();
    }

    /// Whether we cannot follow it: it is broken for us, or was when another took its chat.
    pub(crate) fn is_lost(&self) -> bool {
        self.state == GroupState::Broken || (self.state == GroupState::Superseded && self.heal_tries > 0)
    }

    /// Whether something is stored at this place.
    pub(crate) fn is_filled(&self, position: Position) -> bool {
        position <= self.position || self.ahead.contains(&position.0)
    }

    /// Forgets numbers that proved false, and goes on from this one.
    pub(crate) fn count_from(&mut self, position: Position) {
        self.position = position;
        self.heard = position;
        self.ahead.clear();
    }

    /// Where something is missing before `before`: the first of each run of places that nothing is stored at.
    ///
    /// More than one where messages of ours, whose places came with their replies, stand between.
    pub(crate) fn holes(&self, before: Position) -> Vec<Position> {
        let mut ahead: Vec<_> = self.ahead.iter().copied().filter(|place| *place < before.0).collect();
        ahead.sort_unstable();
        let mut next = self.position.0.saturating_add(1);
        let mut firsts = Vec::new();
        for filled in ahead.into_iter().chain([before.0]) {
            if next < filled {
                firsts.push(Position(next));
            }
            next = filled.saturating_add(1);
        }
        firsts
    }

    fn close_up(&mut self) {
        while let Some(at) = self.ahead.iter().position(|ahead| *ahead == self.position.next().0) {
            if self.position.next() == self.position {
                return;
            }
            self.ahead.swap_remove(at);
            self.position = self.position.next();
        }
        self.ahead.retain(|ahead| *ahead > self.position.0);
    }

    /// Gives up on what is missing before `position`.
    pub(crate) fn skip_to(&mut self, position: Position) {
        if position > self.position.next() {
            self.position = Position(position.0.saturating_sub(1));
            self.close_up();
        }
    }
}
