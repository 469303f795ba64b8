//! The conversation that is open: what is read of it, where it stands, and what is written in it.
//!
//! A part of the model, in a file of its own.

use ratatui_textarea::TextArea;
use waxseal_core::view::{ChatId, ChatState, MemberView, MessageRef, MessageView};

use super::model::{Focus, Model, Wish};

/// Which stretch of a conversation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// The newest messages.
    Newest,
    /// What stands before and after this message.
    Around(MessageRef),
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

impl Model {
    /// What was written under a name is in the chat with that person from now on.
    pub(crate) fn moved(&mut self, from: ChatId, to: ChatId) {
        self.drafts.moved(from, to);
        if self.chosen == Some(from) {
            self.chosen = Some(to);
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.chat == from) {
            open.chat = to;
        }
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
}
