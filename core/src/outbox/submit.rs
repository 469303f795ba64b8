//! Sending what was built, and what the server says to it.
//!
//! Called by `outbox` and `session`. The same bytes go again until there is an
//! answer: an idempotency key makes that harmless. Only a refusal that says so
//! makes an intent be built again.

use waxseal_wire::frame::{Door, decode_request};
use waxseal_wire::id::{GroupId, Position};
use waxseal_wire::limits;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, PutBlob, Request};

use super::build::PATIENCE;
use super::{Entry, Intent, Stage, entry};
use crate::Event;
use crate::chat::{self, ChatGroup, GroupState};
use crate::output::{Problem, Work};
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::MessageState;

/// So long a server surely knows what it took, in milliseconds.
const REMEMBERED: u64 = (limits::KEPT_DAYS - 2) * 24 * 60 * 60 * 1000;
/// Longest wait between tries, in milliseconds.
const LONGEST: u64 = 60_000;

impl Turn<'_> {
    /// Sends the next part of the tree.
    pub(super) fn put_blob(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let id = entry.id;
        if entry.due > self.now || self.session.is_asked(|purpose| *purpose == Purpose::OutboxBlob(id)) {
            return Ok(());
        }
        let (Some(bytes), Some(blob)) = (&entry.blob, entry.blob_id) else { return Ok(()) };
        let at = usize::try_from(entry.blob_put).unwrap_or(usize::MAX).min(bytes.len());
        let part = bytes.get(at..bytes.len().min(at.saturating_add(limits::BLOB_PART))).unwrap_or_default().to_vec();
        let put = PutBlob { blob, offset: at as u64, total: bytes.len() as u64, bytes: part };
        self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::PutBlob(put)), Purpose::OutboxBlob(id));
        Ok(())
    }

    pub(crate) fn entry_blob_put(&mut self, id: i64, reply: &Reply) -> Result<(), StoreError> {
        let Some(mut entry) = entry::find(self.tx, id)?.filter(|entry| entry.stage == Stage::Blob) else { return Ok(()) };
        match reply {
            Reply::Done => {
                let total = entry.blob.as_ref().map_or(0, Vec::len) as u64;
                entry.blob_put = entry.blob_put.saturating_add(limits::BLOB_PART as u64).min(total);
                entry.tries = 0;
                if let Some(chat) = entry.chat.filter(|_| total > limits::BLOB_PART as u64) {
                    self.tell(Event::Progress { chat, work: Work::Adding, done: entry.blob_put, total });
                }
                if entry.blob_put >= total {
                    entry.stage = Stage::Submit;
                    entry.blob = None;
                }
                entry.save(self.tx)
            }
            Reply::Refused(refusal) => self.refused(entry, *refusal),
            _ => Ok(()),
        }
    }

    /// Sends the submit, unless it is on its way.
    pub(super) fn submit(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let id = entry.id;
        if entry.due > self.now || self.session.is_asked(|purpose| *purpose == Purpose::OutboxSubmit(id)) {
            return Ok(());
        }
        // The server may have forgotten that it took these bytes. Sealed anew, it is the same word to everybody; the same
        // bytes at a second place would be a replay.
        if matches!(entry.intent, Intent::Say(_)) && self.now.0.saturating_sub(entry.due.0) > REMEMBERED {
            let mut again = entry.clone();
            again.requeue(self.now);
            return again.save(self.tx);
        }
        let Some(Ok((_, request))) = entry.request.as_deref().map(|bytes| decode_request(Door::Anonymous, bytes)) else {
            return self.give_up(entry, Problem::Refused(Refusal::TooLarge));
        };
        self.send(Door::Anonymous, request, Purpose::OutboxSubmit(id));
        Ok(())
    }

    pub(crate) fn entry_submitted(&mut self, id: i64, reply: &Reply) -> Result<(), StoreError> {
        let Some(mut entry) = entry::find(self.tx, id)?.filter(|entry| entry.stage == Stage::Submit) else { return Ok(()) };
        match reply {
            Reply::Accepted(position) if *position < chat::line::LAST => match &entry.intent {
                Intent::Found { .. } | Intent::Errand { .. } | Intent::Note => self.founded(&entry, *position),
                Intent::Say(_) => {
                    let Some(mut place) = entry.group.map(|group| chat::group(self.tx, &GroupId(group))).transpose()?.flatten()
                    else {
                        return entry::delete(self.tx, id);
                    };
                    if place.is_filled(*position) {
                        // What we say now would be taken for what was said before. It goes again, where it counts.
                        entry.requeue(self.now);
                        entry.save(self.tx)?;
                        return self.set_back(&place.group);
                    }
                    self.accepted_words(&entry, &place, *position)?;
                    place.reached(*position);
                    self.count_sent(&mut place)?;
                    self.unpark(&place.group)
                }
                _ => {
                    let place = entry.group.map(|group| chat::group(self.tx, &GroupId(group))).transpose()?.flatten();
                    if let Some(place) = place.filter(|place| place.is_filled(*position)) {
                        self.drop_pending(&entry)?;
                        entry.requeue(self.now);
                        entry.save(self.tx)?;
                        return self.set_back(&place.group);
                    }
                    // Ours, but not ours to merge before it comes through the mailbox like everybody's.
                    entry.stage = Stage::Echo;
                    entry.request = None;
                    entry.due = self.later(PATIENCE, PATIENCE + PATIENCE / 2);
                    entry.save(self.tx)?;
                    self.unpark_group(&entry)
                }
            },
            Reply::Refused(refusal) => self.refused(entry, *refusal),
            _ => self.refused(entry, Refusal::Internal),
        }
    }

    /// A message of ours has its place in the group's order.
    pub(super) fn accepted_words(&mut self, entry: &Entry, place: &ChatGroup, position: Position) -> Result<(), StoreError> {
        entry::delete(self.tx, entry.id)?;
        if let Some(message) = entry.message {
            chat::line::set_place(self.tx, message, &place.group, place.generation, position)?;
            self.tell(Event::MessageChanged { chat: place.chat, message });
        }
        Ok(())
    }

    fn refused(&mut self, mut entry: Entry, refusal: Refusal) -> Result<(), StoreError> {
        match refusal {
            Refusal::TooFast { .. } | Refusal::Full | Refusal::Internal => {
                let wait = match refusal {
                    Refusal::TooFast { retry_after_ms } => retry_after_ms.clamp(50, LONGEST),
                    _ => 500u64.checked_shl(entry.tries.min(16)).unwrap_or(LONGEST).min(LONGEST),
                };
                entry.tries = entry.tries.saturating_add(1);
                entry.due = self.later(wait, wait + wait / 2);
                entry.save(self.tx)
            }
            _ if matches!(entry.intent, Intent::Found { .. } | Intent::Errand { .. } | Intent::Note) => {
                self.found_refused(&entry, refusal)
            }
            // A device that was to be added has dropped its alias meanwhile: another KeyPackage has another.
            Refusal::Unknown if entry.keys.is_some() && entry.tries < 3 => {
                self.drop_pending(&entry)?;
                let was = entry.clone();
                entry.requeue(self.now);
                entry.keys = None;
                entry.tries += 1;
                entry.due = self.later(500, 1_500);
                entry.save(self.tx)?;
                self.unpark_group(&was)
            }
            // The group has gone on, or we do not know it as well as we think: what comes next through the mailbox tells.
            Refusal::StaleEpoch { .. } | Refusal::NotAllowed | Refusal::Unknown => {
                self.drop_pending(&entry)?;
                entry.stage = Stage::Stale;
                entry.request = None;
                entry.due = self.later(PATIENCE, PATIENCE + PATIENCE / 2);
                entry.save(self.tx)?;
                self.unpark_group(&entry)
            }
            Refusal::ReusedKey => {
                self.drop_pending(&entry)?;
                let was = entry.clone();
                entry.requeue(self.now);
                entry.save(self.tx)?;
                self.unpark_group(&was)
            }
            _ => {
                self.drop_pending(&entry)?;
                if let Some(message) = entry.message {
                    chat::line::set_state(self.tx, message, MessageState::Failed)?;
                }
                self.give_up(&entry, Problem::Refused(refusal))?;
                self.unpark_group(&entry)
            }
        }
    }

    /// What waited to know the place of an entry of ours waits no more.
    fn unpark_group(&mut self, entry: &Entry) -> Result<(), StoreError> {
        entry.group.map_or(Ok(()), |group| self.unpark(&GroupId(group)))
    }

    /// Our Commit will not come: the group is free for the next one.
    fn drop_pending(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let Some(group) = entry.group.map(GroupId).filter(|_| !matches!(entry.intent, Intent::Say(_))) else { return Ok(()) };
        self.with_group(&group, |group, tx, _| if group.has_pending() { group.clear_pending(tx) } else { Ok(()) })?;
        Ok(())
    }

    fn found_refused(&mut self, entry: &Entry, refusal: Refusal) -> Result<(), StoreError> {
        if let Some(group) = entry.group.map(GroupId) {
            self.end_errand(&group)?;
        }
        if entry.intent == Intent::Note {
            self.siblings_not_told()?;
        }
        let mut again = entry.clone();
        if entry.tries < 3 && matches!(refusal, Refusal::Taken | Refusal::NotAllowed | Refusal::ReusedKey | Refusal::Unknown) {
            // An alias that the server does not know, or a chance of 2^-128: once more with fresh ones.
            again.requeue(self.now);
            again.tries = entry.tries + 1;
            again.keys = None;
            again.due = self.later(1_000, 2_000);
            return again.save(self.tx);
        }
        self.give_up(entry, Problem::Refused(refusal))
    }

    /// A founding that came to nothing, or an errand that is done, leaves nothing behind.
    pub(crate) fn end_errand(&mut self, group: &GroupId) -> Result<(), StoreError> {
        if let Some(place) = chat::group(self.tx, group)?
            && place.state == GroupState::Founding
        {
            let heal_at = self.later(60_000, 120_000);
            chat::take_back(self.tx, &place, heal_at)?;
            if let Some(before) = chat::current(self.tx, &place.chat)?.filter(|before| before.group != place.group) {
                self.refresh_members(&before)?;
            }
        }
        self.wipe_group(group)
    }
}
