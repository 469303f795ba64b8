//! Everything the screen shows, as plain data.
//!
//! Changed by `press`, `pointer` and `happen`; drawn by `draw`. Knows no
//! terminal, no client, no clock: the time is handed in.

use ratatui::layout::Rect;
use time::UtcOffset;
use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, Connection, Me, MemberView, MessageRef, MessageView};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, Millis};

use super::ahead::{self, Ahead};
use super::conversation::{Open, Window};
use super::dialog::Dialog;
use super::drafts::Drafts;
use super::palette::Palette;
use crate::address::Address;
use crate::names::Names;
use crate::network::Shut;
use crate::profile::Secret;

/// How long a remark stays.
const REMARK: u64 = 8_000;
/// So long after one sound there is no other.
const QUIET: u64 = 2_000;

/// What the shell should do for the screen.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Hand to the client.
    Command(Command),
    /// Read what is shown again.
    Look,
    /// Read the safety number with this person.
    Safety(AccountId),
    /// Find where the unread messages of this chat begin.
    Unread(ChatId),
    /// Read the list of own devices.
    Devices,
    /// Read who is blocked.
    Blocked,
    /// Read the settings.
    Settings,
    /// Look for these words in all conversations.
    Search(String),
    /// Try the connection now.
    Hurry,
    /// Talk to another server.
    MoveTo(Address),
    /// Open the profile with this.
    Open(Secret),
    /// Make itself heard.
    Ring,
    /// Step aside: give the terminal back to the shell for a while.
    Suspend,
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
    /// This device waits to be added to an account.
    pub(crate) is_linking: bool,
    /// All chats, newest first.
    pub(crate) chats: Vec<ChatSummary>,
    /// Where the connection stands.
    pub(crate) connection: Connection,
    /// The messages of the open chat.
    pub(crate) messages: Vec<MessageView>,
    /// There are older ones than these.
    pub(crate) has_older: bool,
    /// There are newer ones than these.
    pub(crate) has_newer: bool,
    /// Its members.
    pub(crate) members: Vec<MemberView>,
    /// Names of whom its messages are about.
    pub(crate) names: Names,
    /// Which chat those are of, and which of its messages were asked for.
    pub(crate) of: Option<(ChatId, Window)>,
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
    /// The members and the first one shown.
    pub(crate) members: Option<(Rect, usize)>,
    /// The lines of a menu, or of what was found, and the first one shown.
    pub(crate) menu: Option<(Rect, usize)>,
    /// As in [`Open`].
    pub(crate) anchor: Option<(MessageRef, usize)>,
    /// The oldest message that was read is on the screen.
    pub(crate) at_top: bool,
    /// The newest message that was read is on the screen.
    pub(crate) at_bottom: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) seen: Picture,
    pub(crate) server: String,
    /// Plain http to another machine was insisted on.
    pub(crate) insecure_http: bool,
    /// Why a door is shut: the device's, and the anonymous one.
    pub(crate) shut: [Option<Shut>; 2],
    /// Waits for the server to be reached.
    pub(crate) pending: Option<Command>,
    /// What is typed while a chat that was asked for is on its way.
    pub(crate) ahead: Option<Ahead>,
    pub(crate) chosen: Option<ChatId>,
    /// The first chat of the list that is shown, where the mouse moved it.
    pub(crate) list_from: Option<usize>,
    pub(crate) open: Option<Open>,
    pub(crate) focus: Focus,
    pub(crate) drafts: Drafts,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) show_members: bool,
    pub(crate) remark: Option<Remark>,
    pub(crate) progress: Option<String>,
    /// A person looks at the terminal.
    pub(crate) attentive: bool,
    pub(crate) rang: Millis,
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
            insecure_http: false,
            shut: [None; 2],
            pending: None,
            ahead: None,
            chosen: None,
            list_from: None,
            open: None,
            focus: Focus::Chats,
            drafts: Drafts::default(),
            dialog: None,
            show_members: false,
            remark: None,
            progress: None,
            attentive: true,
            rang: Millis(0),
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
                self.dialog = Some(Dialog::welcome(&self.server, self.seen.is_linking));
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
        let asked_for = self.ahead.as_ref().and_then(|ahead| self.seen.chats.iter().find(|chat| ahead.is_for(chat)));
        if let Some(chat) = asked_for.map(|chat| chat.chat) {
            return ahead::opened(self, chat);
        }
        self.mark_read().into_iter().collect()
    }

    /// What was seen by a person counts as read: the newest message is on the screen, somebody is there, and is in the
    /// chat rather than on the way through the list.
    pub(crate) fn mark_read(&mut self) -> Option<Wish> {
        let chat = self.open_chat()?;
        let (id, asks) = (chat.chat, chat.unread > 0 && chat.state != ChatState::Requested);
        let newest = self.messages().last().map(|message| message.message)?;
        let is_looked_at = self.attentive && self.dialog.is_none() && self.focus != Focus::Chats && !self.seen.has_newer;
        let open = self.open.as_mut()?;
        // Where the unread begins is shown first.
        let at_newest = open.anchor.is_none() && open.step == 0 && open.goto.is_none();
        let at_newest = at_newest && (open.unread == 0 || open.unread_from.is_some());
        if asks && is_looked_at && at_newest && open.marked < Some(newest) {
            open.marked = Some(newest);
            return Some(Wish::Command(Command::MarkRead(id)));
        }
        None
    }

    /// A chat of the list.
    pub(crate) fn summary(&self, chat: ChatId) -> Option<&ChatSummary> {
        self.seen.chats.iter().find(|summary| summary.chat == chat)
    }

    /// The open chat.
    pub(crate) fn open_chat(&self) -> Option<&ChatSummary> {
        self.summary(self.open.as_ref()?.chat)
    }

    /// Takes in what became of a door.
    pub(crate) fn door(&mut self, door: Door, shut: Option<Shut>) {
        let [device, anonymous] = &mut self.shut;
        match door {
            Door::Device => *device = shut,
            Door::Anonymous => *anonymous = shut,
        }
    }

    /// Why the server is not reached, and when it is tried again.
    pub(crate) fn trouble(&self) -> Option<Shut> {
        let Connection { receiving, sending, .. } = self.seen.connection;
        let [device, anonymous] = self.shut;
        if receiving && sending { None } else { device.or(anonymous) }
    }

    /// Shows a line for a while.
    pub(crate) fn say(&mut self, text: impl Into<String>, is_alert: bool) {
        let until = Millis(self.now.0.saturating_add(REMARK));
        self.remark = Some(Remark { text: text.into(), is_alert, until });
    }

    /// A sound, unless there was one just now.
    pub(crate) fn ring(&mut self) -> Option<Wish> {
        if self.now.0 < self.rang.0.saturating_add(QUIET) {
            return None;
        }
        self.rang = self.now;
        Some(Wish::Ring)
    }

    /// Time goes on; true where that can be seen.
    pub(crate) fn pass_time(&mut self, now: Millis) -> bool {
        let minute = now.0 / 60_000 != self.now.0 / 60_000;
        self.now = now;
        ahead::give_up(self, false);
        if self.remark.as_ref().is_some_and(|remark| remark.until <= now) {
            self.remark = None;
            return true;
        }
        // Seconds are counted down where the server is not reached.
        minute || self.trouble().is_some()
    }

    /// Whether all doors are open and nothing waits; no event tells of these, so they are looked at while it is not.
    pub(crate) fn is_settled(&self) -> bool {
        let Connection { receiving, sending, waiting, .. } = self.seen.connection;
        receiving && sending && waiting == 0
    }

    /// Takes in where things were drawn; asks for messages before or after those that were read, where their end was reached.
    pub(crate) fn placed(&mut self, places: Places) -> Vec<Wish> {
        let of = self.seen.of;
        let (older, newer) = (self.seen.has_older && places.at_top, self.seen.has_newer && places.at_bottom);
        let around = match (older, newer) {
            (true, false) => self.messages().first(),
            (false, true) => self.messages().last(),
            // A screen that is higher than all that is read at a time.
            (true, true) | (false, false) => None,
        };
        let around = around.map(|view| Window::Around(view.message));
        let mut wishes = Vec::new();
        if let Some(open) = &mut self.open {
            (open.anchor, open.step) = (places.anchor, 0);
            if of == Some((open.chat, open.window)) {
                open.goto = None;
            }
            // Asked once, until the answer has come.
            if let Some(around) = around.filter(|around| of == Some((open.chat, open.window)) && *around != open.window) {
                open.window = around;
                wishes.push(Wish::Look);
            }
        }
        self.places = places;
        wishes.extend(self.mark_read());
        wishes
    }
}
