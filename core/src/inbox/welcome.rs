//! Welcomes: joining, joining again, and which of several groups carries a chat.
//!
//! ```text
//!   Welcome ──► peek ──► tree, part by part ──► join ──► sender proven? ──► which chat? ──► open
//! ```
//! Called by `inbox`. A Welcome for a group that we are in counts only when it
//! leads further or we are lost there; one that was used is never used again.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, AliasId, BlobId, GroupId, Millis, Position};
use waxseal_wire::reply::Reply;
use waxseal_wire::request::{AnonymousRequest, FetchBlob, Request};
use waxseal_wire::seal::Delivered;

use super::message::Stop;
use super::parked;
use crate::Event;
use crate::account::me::{self, Counter};
use crate::account::profile;
use crate::chat::{self, Chat, ChatGroup, GroupState};
use crate::group::{self, GroupError, JoinError, MemberLeaf, Policy, join};
use crate::outbox::{Intent, parcel};
use crate::output::Work;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::trust::{self, Standing};
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, Notice};

/// So often a tree is asked for before it counts as gone.
const TREE_TRIES: u32 = 8;

/// A Welcome whose tree is being fetched.
struct Joining {
    welcome: Vec<u8>,
    blob: BlobId,
    total: u64,
    tree: Vec<u8>,
    position: Position,
    last_resort: bool,
    again: bool,
}

impl Joining {
    fn is_whole(&self) -> bool {
        self.total > 0 && self.tree.len() as u64 >= self.total
    }
}

impl Turn<'_> {
    pub(super) fn welcome(&mut self, alias: &AliasId, delivered: Delivered) -> Result<(), StoreError> {
        let Some((welcome, tree)) = parcel::unpack(&delivered.envelope) else { return Ok(()) };
        let peeked = match join::peek(self.tx, welcome) {
            Ok(peeked) if peeked.group == delivered.group && peeked.alias == *alias => peeked,
            Err(JoinError::Store(error)) => return Err(error),
            Err(JoinError::NoKeyPackage) => return self.used_before(),
            _ => return Ok(()),
        };
        if self.is_used(&peeked.hash)? {
            return Ok(());
        }
        let known = chat::group(self.tx, &peeked.group)?;
        let epoch = self.with_group(&peeked.group, |group, _, _| Ok::<_, GroupError>(group.epoch()))?.and_then(Result::ok);
        // A Welcome into a group that we follow is a replay, or somebody's own group under the same id.
        let lost = known.as_ref().is_none_or(|place| matches!(place.state, GroupState::Broken | GroupState::Joining));
        if !lost || epoch.is_some_and(|ours| peeked.epoch < ours) {
            return Ok(());
        }
        // What is missing between words of ours stays missing; the last of it is shown where we join again.
        if let Some(place) = known.as_ref().filter(|place| place.state == GroupState::Broken) {
            let own = place.ahead.iter().copied().max().unwrap_or_default();
            self.show_holes(place, Position(own))?;
        }
        // Added, removed and added again before the first tree was here: we were never in, and nothing is missing.
        let again = known.as_ref().is_some_and(|place| place.chat != ChatId([0; 16]));
        self.tx.execute(
            "INSERT OR REPLACE INTO joining (grp, welcome, blob, total, tree, position, last_resort, again, hash)
             VALUES (?1, ?2, ?3, ?8, ?9, ?4, ?5, ?6, ?7)",
            params![
                peeked.group.0,
                welcome,
                peeked.blob.0,
                delivered.position.0.cast_signed(),
                peeked.last_resort,
                again,
                peeked.hash,
                tree.len(),
                tree
            ],
        )?;
        // An alias that the server has forgotten must change soon, like that of a last resort.
        let moves = peeked.last_resort || group::offers::is_dropped(self.tx, alias)?;
        let place = ChatGroup {
            group: peeked.group,
            chat: known.as_ref().map_or(ChatId([0; 16]), |place| place.chat),
            generation: known.as_ref().map_or(0, |place| place.generation),
            state: GroupState::Joining,
            position: delivered.position,
            ahead: Vec::new(),
            heard: delivered.position,
            update_at: self.now,
            sent: 0,
            culprit: None,
            heal_at: None,
            heal_tries: 0,
            last_resort: moves,
        };
        chat::put_group(self.tx, &place, peeked.epoch)?;
        self.tx.execute(
            "DELETE FROM parked WHERE grp = ?1 AND position <= ?2",
            params![peeked.group.0, delivered.position.0.cast_signed()],
        )?;
        if tree.is_empty() { self.fetch_tree(&peeked.group) } else { self.finish_join(&peeked.group) }
    }

    /// Somebody was given a KeyPackage that is used up: the server was set back, or hands one out twice.
    fn used_before(&mut self) -> Result<(), StoreError> {
        if !core::mem::replace(&mut self.session.renewed, true) {
            self.renew_keys()?;
        }
        Ok(())
    }

    fn is_used(&self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let used: Option<i64> =
            self.tx.query_row("SELECT 1 FROM used_welcome WHERE hash = ?1", [hash], |row| row.get(0)).optional()?;
        Ok(used.is_some())
    }

    fn joining(&self, group: &GroupId) -> Result<Option<Joining>, StoreError> {
        let row = self
            .tx
            .query_row(
                "SELECT welcome, blob, total, tree, position, last_resort, again FROM joining WHERE grp = ?1",
                [group.0],
                |row| {
                    Ok(Joining {
                        welcome: row.get(0)?,
                        blob: BlobId(row.get(1)?),
                        total: row.get::<_, i64>(2)?.cast_unsigned(),
                        tree: row.get(3)?,
                        position: Position(row.get::<_, i64>(4)?.cast_unsigned()),
                        last_resort: row.get(5)?,
                        again: row.get(6)?,
                    })
                },
            )
            .optional()?;
        Ok(row)
    }

    /// Asks for the next part of the tree.
    fn fetch_tree(&mut self, group: &GroupId) -> Result<(), StoreError> {
        // A tree that is here waits for a chain, not for parts.
        let Some(joining) = self.joining(group)?.filter(|joining| !joining.is_whole()) else { return Ok(()) };
        let wanted = Purpose::JoinBlob(*group, joining.blob);
        if !self.session.is_asked(|purpose| *purpose == wanted) {
            let fetch = FetchBlob { blob: joining.blob, offset: joining.tree.len() as u64 };
            self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::FetchBlob(fetch)), wanted);
        }
        Ok(())
    }

    /// The anonymous door opened: goes on with every join.
    pub(crate) fn resume_joins(&mut self) -> Result<(), StoreError> {
        for group in chat::groups_in(self.tx, GroupState::Joining)? {
            self.finish_if_ready(&group)?;
            self.fetch_tree(&group)?;
        }
        Ok(())
    }

    pub(crate) fn join_blob(&mut self, group: GroupId, blob: BlobId, reply: Reply) -> Result<(), StoreError> {
        // A later Welcome may have taken the place of the one that this tree was asked for.
        let Some(mut joining) = self.joining(&group)?.filter(|joining| joining.blob == blob) else { return Ok(()) };
        match reply {
            Reply::BlobPart(part) if part.total <= waxseal_wire::limits::BLOB as u64 && !part.bytes.is_empty() => {
                joining.tree.extend_from_slice(&part.bytes);
                joining.total = part.total;
            }
            Reply::Refused(refusal) if refusal.is_passing() => {
                self.session.fetch_at = Some(self.later(1_000, 3_000));
                return Ok(());
            }
            // One word of the server is no proof that the tree is gone, and nobody would add us again.
            _ if self.is_asked_again(&group) => {
                self.session.fetch_at = Some(self.later(1_000, 3_000));
                return Ok(());
            }
            // The tree is gone, or was never there: whoever added us must do it again.
            _ => return self.join_failed(&group, &joining),
        }
        self.tx.execute(
            "UPDATE joining SET tree = ?2, total = ?3 WHERE grp = ?1",
            params![group.0, joining.tree, joining.total.cast_signed()],
        )?;
        let done = joining.tree.len() as u64;
        if joining.total > waxseal_wire::limits::BLOB_PART as u64
            && let Some(place) = chat::group(self.tx, &group)?
        {
            self.tell(Event::Progress { chat: place.chat, work: Work::Joining, done, total: joining.total });
        }
        if done < joining.total { self.fetch_tree(&group) } else { self.finish_join(&group) }
    }

    /// Whether the tree of a group is asked for once more.
    fn is_asked_again(&mut self, group: &GroupId) -> bool {
        let denied = self.session.trees_denied.entry(*group).or_default();
        *denied += 1;
        *denied < TREE_TRIES
    }

    /// A chain came: a join that waited for it may go on.
    pub(crate) fn finish_if_ready(&mut self, group: &GroupId) -> Result<(), StoreError> {
        let ready = self.joining(group)?.is_some_and(|joining| joining.is_whole());
        if ready { self.finish_join(group) } else { Ok(()) }
    }

    fn join_failed(&mut self, group: &GroupId, joining: &Joining) -> Result<(), StoreError> {
        self.tx.execute("INSERT OR IGNORE INTO used_welcome (hash) SELECT hash FROM joining WHERE grp = ?1", [group.0])?;
        self.tx.execute("DELETE FROM joining WHERE grp = ?1", [group.0])?;
        parked::done_waiting(self.tx, group)?;
        if joining.again {
            let Some(mut place) = chat::group(self.tx, group)? else { return Ok(()) };
            place.state = GroupState::Open;
            chat::save_group(self.tx, &place)?;
            return self.broken(group, None);
        }
        self.wipe_group(group)
    }

    /// Everything is here: joins, judges, and opens the chat.
    pub(crate) fn finish_join(&mut self, group: &GroupId) -> Result<(), StoreError> {
        let (Some(joining), Some(identity)) = (self.joining(group)?, self.identity()?) else { return Ok(()) };
        self.unload(group);
        let known = chat::group(self.tx, group)?;
        let joined = self.attempt(|turn| {
            if joining.again {
                group::wipe(turn.tx, group)?;
            }
            let joined = join::join(turn.tx, &mut turn.rng, &identity, &joining.welcome, &joining.tree).map_err(join_stop)?;
            match trust::standing(turn.tx, &joined.by, || parked::has_waited(turn.tx, group, &joined.by.account))? {
                Standing::Proven => {}
                Standing::Unknown(account) => return Err(Stop::Needs(vec![account])),
                Standing::Unlisted => return Err(Stop::Group),
            }
            let policy = joined.group.policy()?;
            Ok((joined, policy))
        })?;
        let (joined, policy) = match joined {
            Ok(joined) => joined,
            Err(Stop::Store(error)) => return Err(error),
            Err(Stop::Needs(accounts)) => return self.wait_for_chain(group, &accounts).map(drop),
            Err(_) => return self.join_failed(group, &joining),
        };
        parked::done_waiting(self.tx, group)?;
        self.tx.execute("INSERT OR IGNORE INTO used_welcome (hash) SELECT hash FROM joining WHERE grp = ?1", [group.0])?;
        self.tx.execute("DELETE FROM joining WHERE grp = ?1", [group.0])?;
        if !joining.last_resort {
            // One KeyPackage was used up: another takes its place.
            self.replace_used()?;
        }
        if let Some(errand) = policy.errand {
            self.wipe_group(group)?;
            if let Some(note) = &policy.note {
                return self.note_came(&joined.by, note);
            }
            let chat = ChatId(policy.chat);
            return if policy.out {
                self.out_came(&joined.by, &chat, &errand)
            } else {
                self.errand_came(&joined.by, &chat, &errand)
            };
        }
        let members = joined.group.members();
        let epoch = joined.group.epoch();
        let by = joined.by.clone();
        self.memory.groups.insert(*group, joined.group);
        let place = ChatGroup {
            group: *group,
            chat: ChatId(policy.chat),
            generation: policy.generation,
            state: GroupState::Open,
            position: joining.position,
            ahead: Vec::new(),
            heard: joining.position,
            update_at: self.first_update(members.len()),
            sent: 0,
            culprit: None,
            heal_at: None,
            heal_tries: 0,
            last_resort: known.as_ref().map_or(joining.last_resort, |known| known.last_resort),
        };
        let state = if joining.again && !self.goes_on(&known, &policy, &by)? {
            None
        } else {
            self.carries(&place, &policy, &members, &by, &identity.account)?
        };
        let Some(state) = state else {
            if let Some(known) = chat::find(self.tx, &place.chat)?.filter(|_| !joining.again && !policy.direct) {
                self.not_followed(&known, &place, epoch, &by)?;
            }
            return self.wipe_group(group);
        };
        self.opened(&place, epoch, state, &members, by.account, joining.again)
    }

    /// Whether a group that we were in is the same one: its chat, its kind, and somebody whom we knew there.
    fn goes_on(&self, known: &Option<ChatGroup>, policy: &Policy, by: &MemberLeaf) -> Result<bool, StoreError> {
        let Some(known) = known.as_ref().filter(|known| known.chat != ChatId([0; 16])) else { return Ok(true) };
        let same = known.chat == ChatId(policy.chat) && known.generation == policy.generation;
        Ok(same && chat::members::accounts(self.tx, &known.chat)?.contains(&by.account))
    }

    /// Whether this group may carry its chat, and what becomes of the chat; `None` refuses the group.
    fn carries(
        &mut self,
        place: &ChatGroup,
        policy: &Policy,
        members: &[MemberLeaf],
        by: &MemberLeaf,
        own: &AccountId,
    ) -> Result<Option<ChatState>, StoreError> {
        if by.account != *own && trust::is_blocked(self.tx, &by.account)? {
            return Ok(None);
        }
        let peer = members.iter().map(|leaf| leaf.account).find(|account| account != own);
        if policy.direct {
            let two = members.iter().all(|leaf| leaf.account == *own || Some(leaf.account) == peer);
            let named = peer.is_some_and(|peer| chat::direct_id(own, &peer) == place.chat);
            if !two || !named {
                return Ok(None);
            }
        }
        let Some(known) = chat::find(self.tx, &place.chat)? else {
            let state = if self.is_friend(&by.account, own)? { ChatState::Open } else { ChatState::Requested };
            let name = peer.map(|peer| trust::name(self.tx, &peer)).transpose()?.unwrap_or_default();
            let title = if policy.direct { name } else { policy.name.clone() };
            let row = Chat {
                chat: place.chat,
                group: Some(place.group),
                generation: policy.generation,
                direct: policy.direct,
                peer: peer.filter(|_| policy.direct),
                title,
                state,
            };
            chat::create(self.tx, &row, self.now)?;
            return Ok(Some(state));
        };
        if known.direct != policy.direct {
            return Ok(None);
        }
        Ok(match known.state {
            // Founded anew by a list from before we were out: whoever made it has not heard that, and hears it from us.
            ChatState::Left if policy.generation > known.generation && place.position == Position(0) && policy.seats.is_some() => {
                self.post(Some(place.chat), None, &Intent::Leave)?;
                Some(ChatState::Leaving)
            }
            ChatState::Left => Some(if self.is_friend(&by.account, own)? { ChatState::Open } else { ChatState::Requested }),
            ChatState::Requested => Some(ChatState::Requested),
            // Added again, to say that we leave.
            ChatState::Leaving if known.group == Some(place.group) => Some(ChatState::Leaving),
            _ if known.group == Some(place.group) || known.group.is_none() => Some(ChatState::Open),
            _ => self.may_refound(&known, place, policy, members, by)?.then_some(ChatState::Open),
        })
    }

    /// Somebody we talk to already, or ourselves on another device.
    fn is_friend(&self, account: &AccountId, own: &AccountId) -> Result<bool, StoreError> {
        if account == own || trust::account::is_verified(self.tx, account)? {
            return Ok(true);
        }
        let direct = chat::find(self.tx, &chat::direct_id(own, account))?;
        Ok(direct.is_some_and(|chat| matches!(chat.state, ChatState::Open | ChatState::Healing | ChatState::Opening)))
    }

    fn opened(
        &mut self,
        place: &ChatGroup,
        epoch: waxseal_wire::id::Epoch,
        state: ChatState,
        members: &[MemberLeaf],
        by: AccountId,
        again: bool,
    ) -> Result<(), StoreError> {
        let known = chat::find(self.tx, &place.chat)?;
        let current = known.as_ref().and_then(|chat| chat.group).filter(|group| *group != place.group);
        let older = known.as_ref().is_some_and(|chat| {
            let left = chat.state == ChatState::Left;
            !left && (chat.generation, current) > (place.generation, Some(place.group)) && current.is_some()
        });
        chat::put_group(self.tx, place, epoch)?;
        let mut marked = false;
        if older {
            // Two were founded at once, and the other one carries the chat; this one is read to its end.
            let mut place = place.clone();
            place.state = GroupState::Superseded;
            place.update_at = Millis(self.now.0 + chat::KEEP_SUPERSEDED);
            chat::put_group(self.tx, &place, epoch)?;
            if let Some(carrier) = chat::current(self.tx, &place.chat)? {
                // Whoever founded it may have been left out of the one that carries the chat, and is there now.
                self.bring_soon(&carrier, &by)?;
            }
        } else {
            marked = current.is_some() && self.leave_behind(&place.chat)?;
            chat::set_current(self.tx, place, self.now)?;
            chat::set_state(self.tx, &place.chat, state)?;
            if !again {
                self.count_seats(place, members)?;
            }
            self.refresh_members(place)?;
        }
        if again {
            me::count(self.tx, Counter::Readded)?;
            self.gap(place, place.position.0)?;
        } else if current.is_some() {
            // What was said in the broken group not everybody has heard.
            profile::set_told(self.tx, &place.chat, Millis(0))?;
            me::count(self.tx, Counter::Refounded)?;
            let late = place.position > Position(0);
            let between = known.is_some_and(|chat| chat.generation.saturating_add(1) < place.generation);
            if late || (between && !marked) {
                // What was said here before we came, or in a group in between, we have not heard.
                self.gap(place, place.position.0)?;
            }
            self.note(place, place.position.0, Some(by), Notice::Refounded)?;
        } else {
            if chat::is_asked(self.tx, &place.chat)? {
                // Added before, by a Welcome that the server dropped: what was said since is missing.
                self.gap(place, place.position.0)?;
            }
            self.note(place, place.position.0, Some(by), Notice::Joined)?;
        }
        chat::set_asked(self.tx, &place.chat, false)?;
        // Whoever invited us may have listed somebody who is not there: until every leaf is proven, words wait.
        self.hold_leaves(&place.group, members)?;
        chat::touch(self.tx, &place.chat, self.now)?;
        self.tell(match state {
            ChatState::Requested => Event::Requested(place.chat),
            _ => Event::ChatOpened(place.chat),
        });
        self.unpark(&place.group)
    }
}

fn join_stop(error: JoinError) -> Stop {
    match error {
        JoinError::Store(error) => Stop::Store(error),
        _ => Stop::Group,
    }
}
