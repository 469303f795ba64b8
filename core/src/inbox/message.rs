//! An application message in its place.
//!
//! Called by `inbox`. Opened, its sender proven, its content applied, in one
//! savepoint: where the sender's chain is missing, all is taken back and the
//! message waits.

use rand_core::CryptoRngCore;
use waxseal_wire::id::{AccountId, Position};
use waxseal_wire::seal::Delivered;

use super::{Fate, Number, parked};
use crate::Event;
use crate::account::me::{self, Counter};
use crate::chat::{self, ChatGroup, GroupState, line};
use crate::content::{Body, Content, MessageId};
use crate::group::{Group, GroupError, MemberLeaf, OpenError, Opened};
use crate::store::{StoreError, Tx};
use crate::trust::{self, Standing};
use crate::turn::Turn;
use crate::view::{ChatState, Line, MessageState};

/// Why opening stopped, with everything taken back.
pub(super) enum Stop {
    Open(OpenError),
    Store(StoreError),
    /// The group itself failed, or is not one of ours.
    Group,
    /// These accounts' chains are needed first.
    Needs(Vec<AccountId>),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => Self::Store(error),
            other => Self::Open(other),
        }
    }
}

impl From<GroupError> for Stop {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Store(error) => Self::Store(error),
            _ => Self::Group,
        }
    }
}

/// Opens a message and judges its sender; on an error everything is to be taken back.
fn open(
    group: &mut Group,
    tx: &Tx<'_>,
    mut rng: &mut dyn CryptoRngCore,
    delivered: &Delivered,
) -> Result<(MemberLeaf, Vec<u8>, Standing), Stop> {
    let (from, plaintext) = match group.open(tx, &mut rng, &delivered.envelope)? {
        Opened::Message { from, plaintext } => (from, plaintext),
        // A Commit, or something that claims to be ours, where a message should be.
        _ => return Err(Stop::Open(OpenError::Forbidden)),
    };
    match trust::standing(tx, &from, || parked::has_waited(tx, &delivered.group, &from.account))? {
        Standing::Unknown(account) => Err(Stop::Needs(vec![account])),
        standing => Ok((from, plaintext, standing)),
    }
}

impl Turn<'_> {
    pub(super) fn message_came(&mut self, mut place: ChatGroup, delivered: &Delivered, number: Number) -> Result<Fate, StoreError> {
        let group = place.group;
        let opened = self.with_group(&group, |group, tx, rng| open(group, tx, rng, delivered))?;
        let (from, plaintext, standing) = match opened {
            Some(Ok(opened)) => opened,
            Some(Err(Stop::Store(error))) => return Err(error),
            Some(Err(Stop::Needs(accounts))) => return self.wait_for_chain(&group, &accounts),
            Some(Err(Stop::Open(_))) if number == Number::Used => return self.replayed(&group),
            Some(Err(Stop::Open(error))) => return self.not_opened(place, delivered, number, &error),
            Some(Err(Stop::Group)) | None => return self.lost_group(place, delivered),
        };
        me::count(self.tx, Counter::Opened)?;
        self.reached(&mut place, delivered.position, number)?;
        if standing != Standing::Proven {
            // Never shown as the person's own words; the others' devices clear the leaf away.
            self.gap(&place, delivered.position.0)?;
            return Ok(Fate::Done);
        }
        let marked = self.is_marked(&place, delivered)?;
        match Content::from_padded(&plaintext) {
            Ok(content) => self.said(&place, delivered, &from, &content)?,
            // The sender's fault; its place is kept.
            Err(_) => self.show(&place, delivered, &from, Line::Unknown(String::new()), None, None)?,
        }
        if place.state == GroupState::Superseded {
            self.spoke_behind(&place, &from)?;
        }
        if marked && number == Number::Used && !self.is_marked(&place, delivered)? {
            self.mark_rest(&place, delivered.position)?;
        }
        Ok(Fate::Done)
    }

    /// Whether the last that is shown up to something's place is that something is missing.
    fn is_marked(&self, place: &ChatGroup, delivered: &Delivered) -> Result<bool, StoreError> {
        line::is_gap_before(self.tx, &place.chat, &place.group, delivered.position)
    }

    /// Words came late into a run of places that one mark stands for: what follows them up to the next line may be missing still.
    fn mark_rest(&mut self, place: &ChatGroup, position: Position) -> Result<(), StoreError> {
        let next = line::first_after(self.tx, place, position)?.unwrap_or(line::LAST).min(place.position.next());
        if position.next() < next { self.gap(place, position.next().0) } else { Ok(()) }
    }

    /// Chains are missing: they are fetched, and the message waits.
    pub(super) fn wait_for_chain(&mut self, group: &waxseal_wire::id::GroupId, accounts: &[AccountId]) -> Result<Fate, StoreError> {
        self.unload(group);
        for account in accounts {
            parked::wait_for(self.tx, group, account)?;
            trust::want(self.tx, account)?;
        }
        Ok(Fate::Wait)
    }

    /// Its number was used and it does not open: what it said was heard (RFC 9420 §9.2: each key opens once), or is of an epoch that is over.
    pub(super) fn replayed(&mut self, group: &waxseal_wire::id::GroupId) -> Result<Fate, StoreError> {
        self.unload(group);
        Ok(Fate::Done)
    }

    /// A message did not open: the hole is shown, and if we fell behind, we are healed.
    fn not_opened(
        &mut self,
        mut place: ChatGroup,
        delivered: &Delivered,
        number: Number,
        error: &OpenError,
    ) -> Result<Fate, StoreError> {
        self.unload(&place.group);
        self.gap_once(&place, delivered.position.0)?;
        // Nothing proves a number beyond the next one where nothing opens.
        if number == Number::Next {
            place.reached(delivered.position);
            chat::save_group(self.tx, &place)?;
        }
        // The server took it in the epoch that it says; a later one inside is its sender's claim, and nobody is behind for that.
        let ahead = matches!(error, OpenError::Ahead { ours } if delivered.epoch > *ours);
        // What led there the server dropped unread, as it may after its time: this is of the hole that is shown.
        if !(ahead && self.is_doubted(&place.group)?) {
            me::count(self.tx, Counter::Undecryptable)?;
        }
        if ahead {
            self.broken(&place.group, None)?;
        }
        Ok(Fate::Done)
    }

    /// The stored group does not load: damaged, or rolled back under us.
    pub(super) fn lost_group(&mut self, mut place: ChatGroup, delivered: &Delivered) -> Result<Fate, StoreError> {
        self.gap_once(&place, delivered.position.0)?;
        place.reached(delivered.position);
        chat::save_group(self.tx, &place)?;
        me::count(self.tx, Counter::Undecryptable)?;
        self.broken(&place.group, None)?;
        Ok(Fate::Done)
    }

    /// Marks that something is missing from a place on, unless a mark stands there already.
    pub(crate) fn gap_once(&mut self, place: &ChatGroup, position: u64) -> Result<(), StoreError> {
        if line::is_gap_before(self.tx, &place.chat, &place.group, Position(position))? {
            return Ok(());
        }
        self.gap(place, position)
    }

    /// Marks that something is missing at a place.
    pub(crate) fn gap(&mut self, place: &ChatGroup, position: u64) -> Result<(), StoreError> {
        let new = line::NewLine {
            chat: place.chat,
            generation: place.generation,
            group: place.group,
            position: Position(position),
            id: None,
            sender: None,
            at: self.now,
            line: &Line::Gap,
            reply_to: None,
            state: MessageState::Received,
        };
        let message = line::insert(self.tx, &new)?;
        self.tell(Event::Received { chat: place.chat, message });
        Ok(())
    }

    /// Applies what a proven member said.
    fn said(&mut self, place: &ChatGroup, delivered: &Delivered, from: &MemberLeaf, content: &Content) -> Result<(), StoreError> {
        let id = content.id(&from.account, &place.chat.0);
        if let Some(profile) = &content.profile {
            self.profile_came(&place.chat, &from.account, profile)?;
        }
        if let Some(seen) = &content.seen_head {
            self.head_came(&place.chat, &from.account, seen)?;
        }
        self.devices_came(&from.account, &content.devices)?;
        match (&content.body, content.replaces) {
            (Body::Text(text), None) => {
                self.show(place, delivered, from, Line::Text(text.clone()), Some(id), content.in_reply_to)?;
                if self.own_account()?.is_some_and(|own| own != from.account) {
                    self.owe_delivered(&place.chat, &id)?;
                }
                Ok(())
            }
            (Body::Text(text), Some(target)) => self.replaced(place, from, &target, Some(text)),
            (Body::Delete, Some(target)) => {
                line::unreact(self.tx, &target, &from.account)?;
                self.replaced(place, from, &target, None)
            }
            (Body::Reaction(emoji), _) => self.reacted(place, from, content.in_reply_to, &id, emoji),
            (Body::Receipts(receipts), _) => self.receipts_came(&place.chat, &from.account, receipts),
            (Body::Unknown { content_type }, _) => {
                self.show(place, delivered, from, Line::Unknown(content_type.clone()), Some(id), content.in_reply_to)
            }
            // Leaving and healing travel as Commits and errands, what a device is called as a note to its own account:
            // others have no business with it. Other releases may say them in words.
            (Body::Delete, None) | (Body::Profile { .. } | Body::Leave | Body::Readd, _) => Ok(()),
        }
    }

    fn show(
        &mut self,
        place: &ChatGroup,
        delivered: &Delivered,
        from: &MemberLeaf,
        shown: Line,
        id: Option<MessageId>,
        reply_to: Option<MessageId>,
    ) -> Result<(), StoreError> {
        // The same content again, such as sent into a broken group and then into its successor: some have both,
        // some the second alone, and all show one order.
        if let Some(id) = &id
            && let Some((message, _)) = line::by_id(self.tx, &place.chat, id)?
        {
            if line::follow(self.tx, message, &place.group, place.generation, delivered.position)? {
                self.tell(Event::ChatChanged(place.chat));
            }
            return Ok(());
        }
        let own = self.own_account()? == Some(from.account);
        let new = line::NewLine {
            chat: place.chat,
            generation: place.generation,
            group: place.group,
            position: delivered.position,
            id,
            sender: Some(from.account),
            at: self.now,
            line: &shown,
            reply_to,
            state: if own { MessageState::Sent } else { MessageState::Received },
        };
        let message = line::insert(self.tx, &new)?;
        chat::touch(self.tx, &place.chat, self.now)?;
        if own && chat::find(self.tx, &place.chat)?.is_some_and(|chat| chat.state == ChatState::Requested) {
            // Another device of ours answered: the request is accepted.
            self.accept_request(place.chat)?;
        }
        self.tell(Event::Received { chat: place.chat, message });
        Ok(())
    }

    /// Only who wrote a message edits or deletes it.
    fn replaced(&mut self, place: &ChatGroup, from: &MemberLeaf, target: &MessageId, text: Option<&str>) -> Result<(), StoreError> {
        let Some((message, sender)) = line::by_id(self.tx, &place.chat, target)? else { return Ok(()) };
        if sender == Some(from.account) {
            line::replace(self.tx, message, text)?;
            self.tell(Event::MessageChanged { chat: place.chat, message });
        }
        Ok(())
    }

    fn reacted(
        &mut self,
        place: &ChatGroup,
        from: &MemberLeaf,
        target: Option<MessageId>,
        id: &MessageId,
        emoji: &str,
    ) -> Result<(), StoreError> {
        let Some(target) = target else { return Ok(()) };
        let Some((message, _)) = line::by_id(self.tx, &place.chat, &target)? else { return Ok(()) };
        line::react(self.tx, &target, &from.account, id, emoji)?;
        self.tell(Event::MessageChanged { chat: place.chat, message });
        Ok(())
    }
}
