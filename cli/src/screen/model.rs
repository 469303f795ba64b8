//! Everything the screen shows, as plain data.
//!
//! Changed by `press`, `pointer` and `happen`; drawn by `draw`. Knows no
//! terminal, no client, no clock: the time is handed in.

use ratatui::layout::Rect;
use ratatui_textarea::TextArea;
use time::UtcOffset;
use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState, ChatSummary, Connection, Me, MemberView, MessageRef, MessageView};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, Millis};

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

/// Which stretch of a conversation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// The newest messages.
    Newest,
    /// What stands before and after this message.
    Around(MessageRef),
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

/// The conversation that is open.
#[derive(Debug)]
pub(crate) struct Open {
    /// Which.
    pub(crate) chat: ChatId,
    /// Which messages are asked for.
    pub(crate) window: Window,
    /// The message in the lowest row, and how many of its rows are below that; none at the newest.
    pub(crate) anchor: Option<(MessageRef, usize)>,
    /// Rows to scroll up (down, where negative) when it is drawn next.
    pub(crate) step: isize,
    /// A message to bring onto the screen when it is drawn next.
    pub(crate) goto: Option<MessageRef>,
    /// The message that is chosen.
    pub(crate) selected: Option<MessageRef>,
    /// The member that is chosen.
    pub(crate) member: usize,
    /// What the written line answers.
    pub(crate) replying: Option<MessageRef>,
    /// What the written line changes, and the draft that waits meanwhile.
    pub(crate) editing: Option<(MessageRef, String)>,
    /// Messages were asked to be marked as read up to here.
    pub(crate) marked: Option<MessageRef>,
    /// How many messages were not read when it was opened.
    pub(crate) unread: u64,
    /// The first of them.
    pub(crate) unread_from: Option<MessageRef>,
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
    /// Nobody has said which server; the usual one is tried.
    pub(crate) is_usual_server: bool,
    /// Plain http to another machine was insisted on.
    pub(crate) insecure_http: bool,
    /// Why a door is shut: the device's, and the anonymous one.
    pub(crate) shut: [Option<Shut>; 2],
    /// Waits for the server to be reached.
    pub(crate) pending: Option<Command>,
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
            is_usual_server: false,
            insecure_http: false,
            shut: [None; 2],
            pending: None,
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
                self.dialog = Some(Dialog::welcome(&self.server, self.is_usual_server, self.seen.is_linking));
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

    /// Takes in where a chat's unread messages begin, and goes there.
    pub(crate) fn unread_found(&mut self, chat: ChatId, first: Option<MessageRef>) -> Vec<Wish> {
        let is_here = first.is_some_and(|first| self.message(first).is_some());
        let Some(open) = self.open.as_mut().filter(|open| open.chat == chat && open.unread > 0) else { return Vec::new() };
        let Some(first) = first else {
            open.unread = 0;
            return Vec::new();
        };
        open.unread_from = Some(first);
        if open.selected.is_none() {
            open.goto = Some(first);
            if !is_here {
                open.window = Window::Around(first);
            }
        }
        vec![Wish::Look]
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

    /// Opens a conversation at its newest message.
    pub(crate) fn open(&mut self, chat: ChatId, focus: Focus) -> Vec<Wish> {
        self.chosen = Some(chat);
        self.list_from = None;
        self.focus = focus;
        if self.open.as_ref().is_some_and(|open| open.chat == chat) {
            return Vec::new();
        }
        let mut wishes: Vec<_> = self.leave_chat().into_iter().collect();
        let unread = self.summary(chat).filter(|chat| chat.state != ChatState::Requested).map_or(0, |chat| chat.unread);
        self.open = Some(Open {
            chat,
            window: Window::Newest,
            anchor: None,
            step: 0,
            goto: None,
            selected: None,
            member: 0,
            replying: self.drafts.kept_reply(chat),
            editing: None,
            marked: None,
            unread,
            unread_from: None,
        });
        if unread > 0 {
            wishes.push(Wish::Unread(chat));
        }
        wishes.push(Wish::Look);
        wishes
    }

    /// Opens a conversation at one of its messages, which is chosen.
    pub(crate) fn open_at(&mut self, chat: ChatId, message: MessageRef) -> Vec<Wish> {
        let mut wishes = self.open(chat, Focus::Messages);
        let is_here = self.message(message).is_some();
        if let Some(open) = &mut self.open {
            open.selected = Some(message);
            open.goto = Some(message);
            open.step = 0;
            if !is_here {
                open.window = Window::Around(message);
            }
        }
        wishes.push(Wish::Look);
        wishes
    }

    /// Goes back to the newest message.
    pub(crate) fn show_newest(&mut self) -> Vec<Wish> {
        let Some(open) = &mut self.open else { return Vec::new() };
        (open.anchor, open.step, open.goto) = (None, 0, None);
        open.window = Window::Newest;
        vec![Wish::Look]
    }

    /// What the client should keep of what is written, where that has changed.
    pub(crate) fn keep_draft(&mut self) -> Option<Wish> {
        let open = self.open.as_ref()?;
        let text = match &open.editing {
            // What is changed is no draft; the draft waits.
            Some((_, draft)) => draft.clone(),
            None => self.drafts.text(open.chat),
        };
        self.drafts.keep(open.chat, text, open.replying).map(Wish::Command)
    }

    /// Ends what goes on in the open chat, and says what is to be kept of it.
    pub(crate) fn leave_chat(&mut self) -> Option<Wish> {
        self.stop_editing();
        self.keep_draft()
    }

    /// Stops changing a message: the draft that waited is written again.
    pub(crate) fn stop_editing(&mut self) -> bool {
        let Some(open) = &mut self.open else { return false };
        let Some((_, draft)) = open.editing.take() else { return false };
        let chat = open.chat;
        self.drafts.set(chat, &draft);
        true
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
        Some(self.drafts.area(chat))
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
