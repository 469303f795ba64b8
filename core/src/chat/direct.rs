//! Chats of two, from a name to a chat that words can be written in.
//!
//! ```text
//!   online  ────────────► look-up ──► the chat; founded with the first words
//!   offline, known here ────────────► the chat; founded when the connection is back
//!   offline, not known ──► a chat that waits under the name ── look-up ──► its words move to the chat
//!                                                                └─ nobody ──► its words have failed, and say so
//! ```
//! Called by commands and by `outbox`. A direct chat's id is made of both
//! accounts, so what waits under a name has another one until they are known.

use rusqlite::params;
use waxseal_wire::id::{AccountId, GroupId};
use waxseal_wire::name::AccountName;

use super::line::{self, LAST, NewLine};
use super::{Chat, draft};
use crate::content::{Content, MessageId};
use crate::group::Identity;
use crate::outbox::{self, Intent, Who};
use crate::output::Problem;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, Line, MessageState, Notice};
use crate::{Event, chat, trust};

impl Turn<'_> {
    pub(super) fn open_direct(&mut self, identity: &Identity, name: &AccountName) -> Result<(), StoreError> {
        let known = trust::account::by_name(self.tx, name.as_str())?;
        if let Some(peer) = known {
            let id = chat::direct_id(&identity.account, &peer);
            let problem = if peer == identity.account {
                Problem::WithYourself
            } else if trust::is_blocked(self.tx, &peer)? {
                Problem::Blocked
            } else if chat::find(self.tx, &id)?.is_some_and(|found| found.state != ChatState::Left) {
                self.tell(Event::ChatOpened(id));
                return Ok(());
            } else {
                return self.open_known(identity, &peer, name);
            };
            self.fail(None, problem);
            return Ok(());
        }
        let waits = chat::waiting_id(name.as_str());
        let is_waiting = chat::find(self.tx, &waits)?.is_some();
        if self.session.anonymous && !is_waiting {
            // Who it is will be known in a moment: a slip of the pen leaves nothing behind.
            return self.post(None, None, &Intent::OpenDirect(name.as_str().to_owned())).map(drop);
        }
        if !is_waiting {
            chat::create(self.tx, &opening(waits, None, name.as_str()), self.now)?;
        }
        self.look_for(&waits, name.as_str())?;
        self.tell(Event::ChatOpened(waits));
        Ok(())
    }

    fn open_known(&mut self, identity: &Identity, peer: &AccountId, name: &AccountName) -> Result<(), StoreError> {
        if self.session.anonymous {
            return self.post(None, None, &Intent::OpenDirect(name.as_str().to_owned())).map(drop);
        }
        let chat = self.make_direct(identity, peer, name.as_str())?;
        self.tell(Event::ChatOpened(chat));
        Ok(())
    }

    /// Looks for whoever words wait for.
    fn look_for(&mut self, chat: &ChatId, name: &str) -> Result<(), StoreError> {
        chat::set_state(self.tx, chat, ChatState::Opening)?;
        line::drop_nobody(self.tx, chat)?;
        if !self.is_posted(chat, |intent| matches!(intent, Intent::OpenDirect(_)))? {
            self.post(Some(*chat), None, &Intent::OpenDirect(name.to_owned()))?;
        }
        Ok(())
    }

    /// The chat with this person: as it is, or new, to be founded with the first words.
    pub(crate) fn make_direct(&mut self, identity: &Identity, peer: &AccountId, name: &str) -> Result<ChatId, StoreError> {
        let id = chat::direct_id(&identity.account, peer);
        chat::create(self.tx, &opening(id, Some(*peer), name), self.now)?;
        let state = chat::find(self.tx, &id)?.map_or(ChatState::Left, |chat| chat.state);
        if matches!(state, ChatState::Left | ChatState::Opening) {
            chat::set_state(self.tx, &id, ChatState::Opening)?;
            if !self.is_posted(&id, |intent| matches!(intent, Intent::Found { .. }))? {
                let who = vec![Who::Account(peer.0), Who::Account(identity.account.0)];
                self.post(Some(id), None, &Intent::Found { who, without: Vec::new() })?;
            }
        }
        Ok(id)
    }

    /// Somebody wants words to go after all that had failed because nobody was there.
    pub(crate) fn reopen(&mut self, chat: &ChatId) -> Result<(), StoreError> {
        let left = chat::find(self.tx, chat)?.filter(|found| found.direct && found.state == ChatState::Left);
        let (Some(found), Some(identity)) = (left, self.identity()?) else { return Ok(()) };
        match found.peer {
            Some(peer) if trust::is_blocked(self.tx, &peer)? => Ok(()),
            Some(peer) => self.make_direct(&identity, &peer, &found.title).map(drop),
            None => self.look_for(chat, &found.title),
        }
    }

    /// What waited under a name is in the chat with that person from now on.
    pub(crate) fn move_chat(&mut self, from: &ChatId, to: &ChatId, own: &AccountId) -> Result<(), StoreError> {
        let mut moved: Vec<(MessageId, MessageId)> = Vec::new();
        let waiting = outbox::of_chat(self.tx, from)?;
        if !waiting.is_empty() {
            // Who wrote to somebody by name has answered what they asked meanwhile.
            self.accept_request(*to)?;
        }
        for entry in waiting {
            let mut intent = entry.intent.clone();
            if let Intent::Say(padded) = &intent
                && let Ok(mut content) = Content::from_padded(padded)
            {
                // A message's name is made of its chat too (MIMI content §3.3), and so is every mention of it.
                let old = content.id(own, &from.0);
                let now = |id: MessageId| moved.iter().find(|(old, _)| *old == id).map_or(id, |(_, new)| *new);
                if let Some(target) = content.replaces {
                    content = content.replacing(now(target));
                }
                if let Some(target) = content.in_reply_to {
                    content = content.replying_to(now(target));
                }
                moved.push((old, content.id(own, &to.0)));
                intent = Intent::Say(content.to_padded());
            }
            outbox::move_to(self.tx, entry.id, to, &intent)?;
        }
        for (old, new) in moved {
            line::rename(self.tx, &old, &new)?;
        }
        line::drop_nobody(self.tx, from)?;
        self.tx.execute("UPDATE message SET chat = ?2 WHERE chat = ?1", params![from.0, to.0])?;
        self.tx.execute("UPDATE OR IGNORE draft SET chat = ?2 WHERE chat = ?1", params![from.0, to.0])?;
        let told =
            "UPDATE chat SET told_profile = max(told_profile, (SELECT told_profile FROM chat WHERE chat = ?1)) WHERE chat = ?2";
        self.tx.execute(told, params![from.0, to.0])?;
        self.forget_waiting(from)?;
        chat::touch(self.tx, to, self.now)?;
        self.tell(Event::ChatMoved { from: *from, to: *to });
        Ok(())
    }

    fn forget_waiting(&mut self, chat: &ChatId) -> Result<(), StoreError> {
        for table in ["draft", "chat"] {
            self.tx.execute(&format!("DELETE FROM {table} WHERE chat = ?1"), [chat.0])?;
        }
        Ok(())
    }

    /// Nobody is found under the name: what was written to it has failed, and can be tried again or thrown away.
    pub(crate) fn nobody_there(&mut self, chat: &ChatId) -> Result<(), StoreError> {
        let mut words = draft::is_kept(self.tx, chat)?;
        for entry in outbox::of_chat(self.tx, chat)? {
            match entry.message {
                Some(message) => {
                    words = true;
                    outbox::set_failed(self.tx, &entry)?;
                    line::set_state(self.tx, message, MessageState::Failed)?;
                    self.tell(Event::MessageChanged { chat: *chat, message });
                }
                None => outbox::delete(self.tx, entry.id)?,
            }
        }
        if !words {
            self.forget_waiting(chat)?;
            self.tell(Event::ChatChanged(*chat));
            return Ok(());
        }
        chat::set_state(self.tx, chat, ChatState::Left)?;
        line::drop_nobody(self.tx, chat)?;
        let notice = NewLine {
            chat: *chat,
            generation: i64::MAX as u64,
            group: GroupId([0; 16]),
            position: LAST,
            id: None,
            sender: None,
            at: self.now,
            line: &Line::Notice(Notice::Nobody),
            reply_to: None,
            state: MessageState::Received,
        };
        line::insert(self.tx, &notice)?;
        self.tell(Event::ChatChanged(*chat));
        Ok(())
    }
}

fn opening(chat: ChatId, peer: Option<AccountId>, name: &str) -> Chat {
    Chat { chat, group: None, generation: 0, direct: true, peer, title: name.to_owned(), state: ChatState::Opening }
}
