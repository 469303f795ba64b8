//! The inbox: mailbox entries, opened and judged in the one order of each group.
//!
//! ```text
//!   entries ──► seal secret of the alias ──► Delivered ──► in its place? ──► open ──► judge ──► keep
//!                                             │ a chain, a tree or a place is missing
//!                                             └──► parked, in order, until it is here
//! ```
//! Called by `session` with pushes. Everything pushed is stored (shown, parked
//! or judged worthless) in the transaction that moves the cursor; only then it
//! is acked. Never trusts the server: it may repeat, withhold or invent.

mod commit;
mod message;
mod parked;
mod welcome;

pub(crate) use parked::{is_any as is_parked, is_awaited};

use waxseal_wire::frame::Door;
use waxseal_wire::id::{GroupId, Position, Seq};
use waxseal_wire::reply::MailboxEntry;
use waxseal_wire::request::{DeviceRequest, Request};
use waxseal_wire::seal::{Delivered, Kind};

use crate::account::me::{self, Counter};
use crate::chat::{self, ChatGroup, GroupState, line};
use crate::group;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;

/// How the number of one delivered thing stands to what was stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    /// Something of this number was stored: a replay, something from before we joined, or a server that numbers falsely.
    Used,
    /// By the server's answer, something of ours stands there; nobody else was heard so far up. It was set back, or lies.
    Ours,
    /// The next one.
    Next,
    /// Some are missing before it, which may be ours and on their way.
    Early,
    /// Some are missing before it.
    Beyond,
}

/// What became of one delivered thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Stored, or worthless: done with.
    Done,
    /// Something is missing first: keep it and all that follows in its group.
    Wait,
}

impl Turn<'_> {
    /// Entries were pushed.
    pub(crate) fn entries(&mut self, entries: Vec<MailboxEntry>) -> Result<(), StoreError> {
        let mut upto = self.session.taken_to;
        if entries.is_empty() {
            // Nothing more waits.
            self.session.took(upto, true);
            return self.judge_doubted();
        }
        for entry in entries {
            // Pushed twice.
            if entry.seq <= upto {
                continue;
            }
            // A hole in the mailbox is the server's; what is missing, the groups' positions show.
            upto = entry.seq;
            self.entry(&entry)?;
        }
        self.session.taken_to = upto;
        // What was acked is never taken back: an ack may be on its way while an earlier place is taken again.
        me::set_cursor(self.tx, upto.max(me::cursor(self.tx)?))?;
        self.session.took(upto, false);
        self.ack(upto);
        self.judge_doubted()
    }

    fn ack(&mut self, upto: Seq) {
        self.send(Door::Device, Request::Device(DeviceRequest::Ack(upto)), Purpose::Ignore);
    }

    fn entry(&mut self, entry: &MailboxEntry) -> Result<(), StoreError> {
        let Some(own) = group::find_alias(self.tx, &entry.alias)? else { return Ok(()) };
        let secret = &own.alias.seal_secret;
        let key = Delivered::hint(&entry.sealed).and_then(|hint| self.memory.seal_key(&entry.alias, secret, hint));
        let Some(delivered) = key.and_then(|key| Delivered::open_under(&entry.sealed, &entry.alias, &key).ok()) else {
            // Not sealed under our key: invented by the server, or damaged on its disk.
            return me::count(self.tx, Counter::Undecryptable);
        };
        if delivered.position >= line::LAST || delivered.epoch.0 > i64::MAX as u64 {
            // No group lives so long.
            return me::count(self.tx, Counter::Undecryptable);
        }
        match delivered.kind {
            Kind::Welcome => self.welcome(&entry.alias, delivered),
            // An address is for one group: another group's roster has no business with it.
            Kind::Message | Kind::Commit if own.group.is_some_and(|group| group != delivered.group) => Ok(()),
            Kind::Message | Kind::Commit => self.delivered(delivered),
        }
    }

    /// A message or Commit: after all that came before it in its group.
    fn delivered(&mut self, delivered: Delivered) -> Result<(), StoreError> {
        let Some(place) = chat::group(self.tx, &delivered.group)? else { return Ok(()) };
        if place.state == GroupState::Joining || parked::is_any(self.tx, &delivered.group)? {
            return parked::park(self.tx, &delivered, None);
        }
        match self.place(place, &delivered)? {
            Fate::Done => Ok(()),
            Fate::Wait => parked::park(self.tx, &delivered, None),
        }
    }

    /// Puts one thing in its place; it is the next that was delivered for its group.
    fn place(&mut self, mut place: ChatGroup, delivered: &Delivered) -> Result<Fate, StoreError> {
        if place.state == GroupState::Founding {
            // The server has the group, its reply is not here yet: our first messages have no places.
            return Ok(Fate::Wait);
        }
        let number = self.number_of(&place, delivered)?;
        if number == Number::Early {
            return Ok(Fate::Wait);
        }
        place.heard = place.heard.max(delivered.position);
        if !matches!(place.state, GroupState::Open | GroupState::Superseded) || place.is_lost() {
            chat::keep_lost_at(self.tx, &place.group, delivered.epoch)?;
            if number != Number::Used {
                self.show_holes(&place, delivered.position)?;
                self.gap_once(&place, delivered.position.0)?;
                place.skip_to(delivered.position);
                place.reached(delivered.position);
                chat::save_group(self.tx, &place)?;
            }
            return Ok(Fate::Done);
        }
        match delivered.kind {
            Kind::Commit => self.commit_came(place, delivered, number),
            _ => self.message_came(place, delivered, number),
        }
    }

    /// What the number says that the server gave to something. Keys decide what is new; numbers only order it and show holes.
    fn number_of(&self, place: &ChatGroup, delivered: &Delivered) -> Result<Number, StoreError> {
        let position = delivered.position;
        Ok(if place.is_filled(position) {
            if position > place.heard { Number::Ours } else { Number::Used }
        } else if position == place.position.next() {
            Number::Next
        } else if crate::outbox::is_in_flight(self.tx, &place.group.0)? {
            // What is missing may be our own; its reply will tell.
            Number::Early
        } else {
            Number::Beyond
        })
    }

    /// Takes note of what opened at a position; where some are missing before it, that is shown.
    fn reached(&mut self, place: &mut ChatGroup, position: Position, number: Number) -> Result<(), StoreError> {
        if number == Number::Beyond {
            // A hole: withheld, or an insider left us out. Shown, and gone on from.
            self.show_holes(place, position)?;
            place.skip_to(position);
        }
        place.reached(position);
        chat::save_place(self.tx, place)
    }

    /// Marks what is missing before `before`; words of ours may stand between.
    pub(crate) fn show_holes(&mut self, place: &ChatGroup, before: Position) -> Result<(), StoreError> {
        place.holes(before).into_iter().try_for_each(|first| self.gap_once(place, first.0))
    }

    /// Something in a group waited; goes on with what is parked, in order.
    pub(crate) fn unpark(&mut self, group: &GroupId) -> Result<(), StoreError> {
        while let Some((id, delivered)) = parked::first(self.tx, group)? {
            let Some(place) = chat::group(self.tx, group)?.filter(|place| place.state != GroupState::Joining) else {
                return Ok(());
            };
            match self.place(place, &delivered)? {
                Fate::Done => {
                    parked::delete(self.tx, id)?;
                    parked::done_waiting(self.tx, group)?;
                }
                Fate::Wait => return Ok(()),
            }
        }
        Ok(())
    }

    /// An account's chain was fetched: goes on with what waited for it.
    pub(crate) fn unpark_for(&mut self, account: &waxseal_wire::id::AccountId) -> Result<(), StoreError> {
        for group in parked::waiting_for(self.tx, account)? {
            self.unpark(&group)?;
        }
        Ok(())
    }
}
