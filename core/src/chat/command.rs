//! What a person asks for, turned into rows, intents and lines.
//!
//! Called by `turn`. Checks what can be checked here and now; the rest is an
//! intent in the outbox, durable before this returns.

use waxseal_wire::id::{AccountId, GroupId};

use super::Chat;
use super::draft;
use super::line::{self, LAST, NewLine};
use crate::account::me;
use crate::content::{Body, Content};
use crate::group::Identity;
use crate::input::Setting;
use crate::outbox::Intent;
use crate::output::Problem;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::view::{ChatId, ChatState, Line, MessageRef, MessageState, Notice};
use crate::{Command, Event, chat, trust};

/// Longest text, in bytes.
const TEXT: usize = 64 << 10;

impl Turn<'_> {
    pub(crate) fn command(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Register { name, invite, device_name } => return self.register(&name, &invite, &device_name),
            Command::ForgetClaim => return self.forget_claim(),
            Command::AcceptLink { code, device_name } => return self.accept_link(&code, &device_name),
            Command::LookUp(name) => return self.look_up(&name),
            Command::Set(Setting::RequireVerification(on)) => return self.require_verification(on),
            Command::Set(setting) => return me::set(self.tx, setting),
            Command::SetWitnesses { need, keys } => return self.set_witnesses(need, &keys),
            Command::AskWitnesses => return self.ask_witnesses(),
            _ => {}
        }
        let Some(identity) = self.identity()? else {
            self.fail(None, Problem::NotRegistered);
            return Ok(());
        };
        match command {
            Command::OfferLink => self.offer_link(),
            Command::RemoveDevice(device) => self.remove_device(device),
            Command::OpenDirect(name) => self.open_direct(&identity, &name),
            Command::CreateGroup { title, members } => self.create_group(&identity, &title, members),
            Command::Send { chat, text, reply_to } => self.say(&identity, chat, &text, reply_to),
            Command::React { chat, message, emoji } => self.react(&identity, chat, message, &emoji),
            Command::Edit { chat, message, text } => self.change(&identity, chat, message, Some(&text)),
            Command::Delete { chat, message } => self.change(&identity, chat, message, None),
            Command::KeepDraft(draft) => draft::keep(self.tx, &draft),
            Command::Retry(message) => self.retry(message),
            Command::Discard(message) => self.discard(message),
            Command::MarkRead(chat) => self.mark_read(&chat, MessageRef(i64::MAX)),
            Command::MarkReadUpto(chat, message) => self.mark_read(&chat, message),
            Command::AddMembers(chat, names) => self.add_members(&identity, chat, names),
            Command::RemoveMember(chat, account) => self.remove_member(&identity, chat, account),
            Command::SetAdmin(chat, account, on) => self.set_admin(&identity, chat, account, on),
            Command::Rename(chat, title) => self.rename(&identity, chat, &title),
            Command::Leave(chat) => self.leave(&identity, chat),
            Command::AcceptRequest(chat) => self.accept_request(chat),
            Command::DeclineRequest(chat) => self.leave(&identity, chat),
            Command::Block(account) => self.block(&identity, &account),
            Command::Unblock(account) => trust::account::set_blocked(self.tx, &account, false),
            Command::MarkVerified(account, on) => self.mark_verified(&account, on),
            Command::GoOn(account) => self.go_on(&account),
            Command::AcceptIdentity(name) => self.accept_identity(&name),
            Command::SetDisplayName(display) => self.set_display(&display),
            Command::Refresh(chat) => self.refresh(chat),
            Command::Forget(chat) => self.forget(chat),
            Command::CloseAccount => self.close_account(),
            Command::Register { .. }
            | Command::ForgetClaim
            | Command::AcceptLink { .. }
            | Command::LookUp(_)
            | Command::Set(_)
            | Command::SetWitnesses { .. }
            | Command::AskWitnesses => Ok(()),
        }
    }

    /// The chat, where we may write in it.
    pub(super) fn writable(&mut self, chat: ChatId) -> Result<Option<Chat>, StoreError> {
        let found = chat::find(self.tx, &chat)?;
        match found {
            Some(found)
                if matches!(found.state, ChatState::Opening | ChatState::Open | ChatState::Healing | ChatState::Requested) =>
            {
                Ok(Some(found))
            }
            _ => {
                self.fail(Some(chat), Problem::NotAMember);
                Ok(None)
            }
        }
    }

    fn say(&mut self, identity: &Identity, chat: ChatId, text: &str, reply_to: Option<MessageRef>) -> Result<(), StoreError> {
        if text.is_empty() || text.len() > TEXT {
            self.fail(Some(chat), Problem::BadText);
            return Ok(());
        }
        let Some(found) = self.writable(chat)? else { return Ok(()) };
        // Answering a request accepts it.
        if found.state == ChatState::Requested {
            self.accept_request(chat)?;
        }
        let profile = self.introduction(&chat)?;
        let mut content =
            Content::new(Body::Text(text.to_owned()), &mut self.rng).introducing(profile).having_seen(self.head_to_tell(&chat)?);
        content.devices = self.devices_to_tell(&chat)?;
        content.in_reply_to = match reply_to {
            Some(message) => line::name_of(self.tx, message)?.and_then(|named| named.id),
            None => None,
        };
        let new = NewLine {
            chat,
            generation: i64::MAX as u64,
            group: GroupId([0; 16]),
            position: LAST,
            id: Some(content.id(&identity.account, &chat.0)),
            sender: Some(identity.account),
            at: self.now,
            line: &Line::Text(text.to_owned()),
            reply_to: content.in_reply_to,
            state: MessageState::Pending,
        };
        let message = line::insert(self.tx, &new)?;
        self.post(Some(chat), Some(message), &Intent::Say(content.to_padded()))?;
        draft::said(self.tx, &chat, text)?;
        chat::touch(self.tx, &chat, self.now)?;
        self.tell(Event::MessageChanged { chat, message });
        Ok(())
    }

    fn react(&mut self, identity: &Identity, chat: ChatId, message: MessageRef, emoji: &str) -> Result<(), StoreError> {
        let Some(line::Named { chat: at, id: Some(target), .. }) = line::name_of(self.tx, message)? else {
            self.fail(Some(chat), Problem::NotYours);
            return Ok(());
        };
        if emoji.len() > 64 || at != chat {
            self.fail(Some(chat), Problem::BadText);
            return Ok(());
        }
        if self.writable(chat)?.is_none() {
            return Ok(());
        }
        let content = if emoji.is_empty() {
            let Some(given) = line::reaction_of(self.tx, &target, &identity.account)? else { return Ok(()) };
            line::unreact(self.tx, &given, &identity.account)?;
            Content::delete(given, &mut self.rng)
        } else {
            let Ok(content) = Content::reaction(target, emoji, &mut self.rng) else {
                self.fail(Some(chat), Problem::BadText);
                return Ok(());
            };
            line::react(self.tx, &target, &identity.account, &content.id(&identity.account, &chat.0), emoji)?;
            content
        };
        self.post(Some(chat), None, &Intent::Say(content.to_padded()))?;
        self.tell(Event::MessageChanged { chat, message });
        Ok(())
    }

    /// Edits (`Some`) or deletes (`None`) an own message.
    fn change(&mut self, identity: &Identity, chat: ChatId, message: MessageRef, text: Option<&str>) -> Result<(), StoreError> {
        let named = line::name_of(self.tx, message)?;
        let own = named.filter(|named| named.chat == chat && named.sender == Some(identity.account));
        let Some(target) = own.and_then(|named| named.id) else {
            self.fail(Some(chat), Problem::NotYours);
            return Ok(());
        };
        if text.is_some_and(|text| text.is_empty() || text.len() > TEXT) {
            self.fail(Some(chat), Problem::BadText);
            return Ok(());
        }
        if self.writable(chat)?.is_none() {
            return Ok(());
        }
        let body = text.map_or(Body::Delete, |text| Body::Text(text.to_owned()));
        let mut content = Content::new(body, &mut self.rng);
        content.replaces = Some(target);
        line::replace(self.tx, message, text)?;
        self.post(Some(chat), None, &Intent::Say(content.to_padded()))?;
        self.tell(Event::MessageChanged { chat, message });
        Ok(())
    }

    pub(crate) fn accept_request(&mut self, chat: ChatId) -> Result<(), StoreError> {
        if let Some(found) = chat::find(self.tx, &chat)?.filter(|found| found.state == ChatState::Requested) {
            chat::set_state(self.tx, &chat, ChatState::Open)?;
            if let Some(group) = found.group {
                self.begin_cadence(&group)?;
            }
            self.tell(Event::ChatChanged(chat));
        }
        Ok(())
    }

    fn block(&mut self, identity: &Identity, account: &AccountId) -> Result<(), StoreError> {
        if *account == identity.account {
            self.fail(None, Problem::WithYourself);
            return Ok(());
        }
        trust::account::set_blocked(self.tx, account, true)?;
        let chat = chat::direct_id(&identity.account, account);
        if chat::find(self.tx, &chat)?.is_some() {
            self.left(&chat)?;
        }
        Ok(())
    }

    /// New keys now, here and for whoever adds us: somebody may have had this device in hand.
    fn refresh(&mut self, chat: ChatId) -> Result<(), StoreError> {
        self.renew_keys()?;
        self.post(Some(chat), None, &Intent::Update).map(drop)
    }

    /// Forgets a chat on this device.
    fn forget(&mut self, chat: ChatId) -> Result<(), StoreError> {
        self.left(&chat)?;
        for (table, column) in [("reaction", "target"), ("receipt", "message_id")] {
            let of_chat = "SELECT message_id FROM message WHERE chat = ?1 AND message_id IS NOT NULL";
            self.tx.execute(&format!("DELETE FROM {table} WHERE {column} IN ({of_chat})"), [chat.0])?;
        }
        for table in ["message", "member", "due_receipt", "outbox", "draft", "chat"] {
            self.tx.execute(&format!("DELETE FROM {table} WHERE chat = ?1"), [chat.0])?;
        }
        self.tell(Event::ChatChanged(chat));
        Ok(())
    }

    /// A notice at a place in the conversation.
    pub(crate) fn note(
        &mut self,
        place: &super::ChatGroup,
        position: u64,
        by: Option<AccountId>,
        notice: Notice,
    ) -> Result<(), StoreError> {
        let new = NewLine {
            chat: place.chat,
            generation: place.generation,
            group: place.group,
            position: waxseal_wire::id::Position(position),
            id: None,
            sender: by,
            at: self.now,
            line: &Line::Notice(notice),
            reply_to: None,
            state: MessageState::Received,
        };
        line::insert(self.tx, &new)?;
        self.tell(Event::ChatChanged(place.chat));
        Ok(())
    }
}
