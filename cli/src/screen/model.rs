//! Everything the screen shows, as plain data.
//!
//! Changed by `press`, `pointer` and `happen`; drawn by `draw`. Knows no
//! terminal, no client, no clock: the time is handed in.

use std::collections::HashMap;

use ratatui::layout::Rect;
use ratatui_textarea::{TextArea, WrapMode};
use time::UtcOffset;
use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, Connection, Me, MemberView, MessageRef, MessageView};
use waxseal_wire::id::{AccountId, Millis};

use super::dialog::Dialog;
use super::palette::Palette;
use crate::names::Names;
use crate::network::DoorError;

/// Messages read at first, and each time the beginning is reached.
pub(crate) const PAGE: usize = 150;
/// How long a remark stays.
const REMARK: u64 = 8_000;

/// What the shell should do for the screen.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Hand to the client.
    Command(Command),
    /// Read what is shown again.
    Look,
    /// Read the safety number with this person.
    Safety(AccountId),
    /// Read the list of own devices.
    Devices,
    /// Read the settings.
    Settings,
    /// Try the connection now.
    Hurry,
    /// Make itself heard.
    Ring,
    /// End.
    Quit,
}

/// What has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    /// The list of chats.
    Chats,
    /// The messages of the open chat.
    Messages,
    /// The line that is written.
    Compose,
    /// The members of the open chat.
    Members,
}

/// What the client's views say, read at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    /// Who we are.
    pub(crate) me: Option<Me>,
    /// All chats, newest first.
    pub(crate) chats: Vec<ChatSummary>,
    /// Where the connection stands.
    pub(crate) connection: Connection,
    /// The messages of the open chat.
    pub(crate) messages: Vec<MessageView>,
    /// Its members.
    pub(crate) members: Vec<MemberView>,
    /// Names of whom its messages are about.
    pub(crate) names: Names,
    /// Which chat those are of, and how many messages were asked for.
    pub(crate) of: Option<(ChatId, usize)>,
}

/// The conversation that is open.
#[derive(Debug)]
pub(crate) struct Open {
    /// Which.
    pub(crate) chat: ChatId,
    /// How many messages are asked for.
    pub(crate) limit: usize,
    /// Rows scrolled up from the newest.
    pub(crate) scroll: usize,
    /// The message that is chosen.
    pub(crate) selected: Option<MessageRef>,
    /// The member that is chosen.
    pub(crate) member: usize,
    /// What the written line answers.
    pub(crate) replying: Option<MessageRef>,
    /// What the written line changes.
    pub(crate) editing: Option<MessageRef>,
    /// Messages were asked to be marked as read up to here.
    pub(crate) marked: Option<MessageRef>,
}

/// A line for the person at the bottom.
#[derive(Debug, Clone)]
pub(crate) struct Remark {
    /// What it says.
    pub(crate) text: String,
    /// It needs a person.
    pub(crate) is_alert: bool,
    /// Until when.
    pub(crate) until: Millis,
}

/// Where things were drawn, for the mouse; and what drawing found out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// The list of chats and the first one shown.
    pub(crate) chats: Option<(Rect, usize)>,
    /// The conversation, and the message of each of its rows.
    pub(crate) messages: Option<(Rect, Vec<Option<MessageRef>>)>,
    /// The written line.
    pub(crate) compose: Option<Rect>,
    /// The members.
    pub(crate) members: Option<Rect>,
    /// The lines of a menu.
    pub(crate) menu: Option<Rect>,
    /// Rows up from the newest, within bounds.
    pub(crate) scroll: usize,
    /// The oldest loaded message was on the screen.
    pub(crate) at_top: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) seen: Picture,
    pub(crate) server: String,
    pub(crate) trouble: Option<DoorError>,
    pub(crate) chosen: Option<ChatId>,
    pub(crate) open: Option<Open>,
    pub(crate) focus: Focus,
    pub(crate) drafts: HashMap<ChatId, TextArea<'static>>,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) show_members: bool,
    pub(crate) remark: Option<Remark>,
    pub(crate) progress: Option<String>,
    /// A person looks at the terminal.
    pub(crate) attentive: bool,
    pub(crate) places: Places,
    pub(crate) palette: Palette,
    pub(crate) zone: UtcOffset,
    pub(crate) now: Millis,
}

impl Model {
    /// Nothing seen yet.
    pub(crate) fn new(server: String, palette: Palette, zone: UtcOffset) -> Self {
        Self {
            seen: Picture::default(),
            server,
            trouble: None,
            chosen: None,
            open: None,
            focus: Focus::Chats,
            drafts: HashMap::new(),
            dialog: None,
            show_members: false,
            remark: None,
            progress: None,
            attentive: true,
            places: Places::default(),
            palette,
            zone,
            now: Millis(0),
        }
    }

    /// Takes in a new picture.
    pub(crate) fn show(&mut self, picture: Picture) -> Vec<Wish> {
        self.seen = picture;
        if self.seen.me.is_none() {
            if self.dialog.is_none() {
                self.dialog = Some(Dialog::welcome());
            }
            return Vec::new();
        }
        if self.chosen.is_none_or(|chosen| self.summary(chosen).is_none()) {
            self.chosen = self.seen.chats.first().map(|chat| chat.chat);
        }
        if self.open.as_ref().is_some_and(|open| self.summary(open.chat).is_none()) {
            self.open = None;
            self.focus = Focus::Chats;
        }
        self.mark_read().into_iter().collect()
    }

    /// What was seen by a person counts as read: the newest message is on the screen, and somebody is there.
    pub(crate) fn mark_read(&mut self) -> Option<Wish> {
        let chat = self.open_chat()?;
        let (id, asks) = (chat.chat, chat.unread > 0 && chat.state != ChatState::Requested);
        let newest = self.messages().last().map(|message| message.message)?;
        let attentive = self.attentive && self.dialog.is_none();
        let open = self.open.as_mut()?;
        if asks && attentive && open.scroll == 0 && open.marked < Some(newest) {
            open.marked = Some(newest);
            return Some(Wish::Command(Command::MarkRead(id)));
        }
        None
    }

    /// Opens a conversation.
    pub(crate) fn open(&mut self, chat: ChatId, focus: Focus) -> Vec<Wish> {
        self.chosen = Some(chat);
        self.focus = focus;
        if self.open.as_ref().is_some_and(|open| open.chat == chat) {
            return Vec::new();
        }
        self.open =
            Some(Open { chat, limit: PAGE, scroll: 0, selected: None, member: 0, replying: None, editing: None, marked: None });
        vec![Wish::Look]
    }

    /// A chat of the list.
    pub(crate) fn summary(&self, chat: ChatId) -> Option<&ChatSummary> {
        self.seen.chats.iter().find(|summary| summary.chat == chat)
    }

    /// The open chat.
    pub(crate) fn open_chat(&self) -> Option<&ChatSummary> {
        self.summary(self.open.as_ref()?.chat)
    }

    /// The messages of the open chat; none before they are read.
    pub(crate) fn messages(&self) -> &[MessageView] {
        if self.is_loaded() { &self.seen.messages } else { &[] }
    }

    /// The members of the open chat.
    pub(crate) fn members(&self) -> &[MemberView] {
        if self.is_loaded() { &self.seen.members } else { &[] }
    }

    fn is_loaded(&self) -> bool {
        self.open.as_ref().map(|open| open.chat) == self.seen.of.map(|(chat, _)| chat)
    }

    /// Whether older messages may be on the disk.
    pub(crate) fn has_older(&self) -> bool {
        self.seen.of.is_some_and(|(_, limit)| self.is_loaded() && self.seen.messages.len() >= limit)
    }

    /// One message of the open chat.
    pub(crate) fn message(&self, message: MessageRef) -> Option<&MessageView> {
        self.messages().iter().find(|view| view.message == message)
    }

    /// The message that is chosen.
    pub(crate) fn selected(&self) -> Option<&MessageView> {
        self.message(self.open.as_ref()?.selected?)
    }

    /// The member that is chosen.
    pub(crate) fn member(&self) -> Option<&MemberView> {
        self.members().get(self.open.as_ref()?.member)
    }

    /// Whether we are an admin of the open chat.
    pub(crate) fn is_admin(&self) -> bool {
        self.members().iter().any(|member| member.own && member.admin)
    }

    /// The line that is written in the open chat.
    pub(crate) fn draft(&mut self) -> Option<&mut TextArea<'static>> {
        let chat = self.open.as_ref()?.chat;
        Some(self.drafts.entry(chat).or_insert_with(writing))
    }

    /// Whether something was written that was not sent.
    pub(crate) fn has_drafts(&self) -> bool {
        self.drafts.values().any(|draft| !draft.is_empty())
    }

    /// Shows a line for a while.
    pub(crate) fn say(&mut self, text: impl Into<String>, is_alert: bool) {
        let until = Millis(self.now.0.saturating_add(REMARK));
        self.remark = Some(Remark { text: text.into(), is_alert, until });
    }

    /// Time goes on; true where something disappears by it.
    pub(crate) fn pass_time(&mut self, now: Millis) -> bool {
        let minute = now.0 / 60_000 != self.now.0 / 60_000;
        self.now = now;
        if self.remark.as_ref().is_some_and(|remark| remark.until <= now) {
            self.remark = None;
            return true;
        }
        minute
    }

    /// Whether all doors are open and nothing waits; no event tells of these, so they are looked at while it is not.
    pub(crate) fn is_settled(&self) -> bool {
        let Connection { receiving, sending, waiting, .. } = self.seen.connection;
        receiving && sending && waiting == 0
    }

    /// Takes in where things were drawn; asks for older messages where the first was reached.
    pub(crate) fn placed(&mut self, places: Places) -> Vec<Wish> {
        let older = places.at_top && self.has_older();
        if let Some(open) = &mut self.open {
            open.scroll = places.scroll;
            if older && self.seen.of.is_some_and(|(_, limit)| limit == open.limit) {
                open.limit = open.limit.saturating_add(PAGE);
                self.places = places;
                return vec![Wish::Look];
            }
        }
        self.places = places;
        Vec::new()
    }
}

/// A field to write in: wraps, and shows the terminal's own cursor.
pub(crate) fn writing() -> TextArea<'static> {
    let mut area = TextArea::default();
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area.set_cursor_style(ratatui::style::Style::default());
    area
}
