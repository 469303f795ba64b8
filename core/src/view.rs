//! What a person sees, read from the store: chats, messages, members, devices.
//!
//! Returned by the reading methods of `Client`. Plain data; reading
//! changes nothing.

mod directory;

use core::fmt;

pub use directory::{DirectoryView, EvidenceView, WitnessView, WitnessesView};
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::name::AccountName;

/// What a person calls a chat; outlives the MLS groups beneath it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatId(pub [u8; 16]);

impl fmt::Debug for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatId(…)")
    }
}

/// A message on this device; the same for the life of this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageRef(pub i64);

/// Who this device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: AccountName,
    /// What the person wants to be called; members of their chats are told, the server is not.
    pub display_name: Option<String>,
    /// This device.
    pub device: DeviceId,
    /// What the person calls it.
    pub device_name: String,
    /// False while the server has not confirmed the registration.
    pub registered: bool,
}

/// One of an account's devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub device: DeviceId,
    /// Its name, where it told us and the account's chain bears it out.
    pub name: Option<String>,
    /// When its account added it.
    pub added: Millis,
    /// Whether it is this one.
    pub this: bool,
}

/// Where a chat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatState {
    /// Being set up.
    Opening,
    /// A stranger's request: accept, decline or block.
    Requested,
    /// Messages come and go.
    Open,
    /// Something is broken and being mended; what is written waits.
    Healing,
    /// We asked to leave.
    Leaving,
    /// We left, were removed, or declined.
    Left,
}

/// One line of the chat list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSummary {
    /// Which.
    pub chat: ChatId,
    /// The title of a group; the other person's name in a direct chat.
    pub title: String,
    /// Whether it is between two people, always.
    pub direct: bool,
    /// The other person of a direct chat.
    pub peer: Option<AccountId>,
    /// What the other person of a direct chat wants to be called. Anybody may choose anything: show it beside the title alone.
    pub display_name: Option<String>,
    /// Where it stands.
    pub state: ChatState,
    /// Accounts in it, ours too.
    pub members: usize,
    /// Messages not read yet.
    pub unread: u64,
    /// The newest message.
    pub last: Option<MessageView>,
    /// When something last happened.
    pub active: Millis,
    /// In whom something changed that the person wants to look at first: own words wait for that.
    pub held: Vec<AccountId>,
}

/// How far an own message got, or that it is somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageState {
    /// Somebody else's.
    Received,
    /// Waits in the outbox.
    Pending,
    /// The server has put it into every mailbox.
    Sent,
    /// It reached a device of everybody else.
    Delivered,
    /// Everybody else has read it.
    Read,
    /// It will not go; it can be tried again or thrown away.
    Failed,
}

/// What a line in a conversation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Somebody said something.
    Text(String),
    /// It was deleted by who wrote it.
    Deleted,
    /// Something of a kind that this version does not know.
    Unknown(String),
    /// Messages are missing here: they cannot be opened on this device.
    Gap,
    /// Something happened in the chat.
    Notice(Notice),
}

/// Something that happened in a chat, by `MessageView::sender` where known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The chat began.
    Created,
    /// We were added.
    Joined,
    /// These were added.
    Added(Vec<AccountId>),
    /// These were removed.
    Removed(Vec<AccountId>),
    /// This one left.
    Left(AccountId),
    /// The title changed.
    Renamed(String),
    /// The admin role was given (`true`) or taken.
    Admin(AccountId, bool),
    /// An account added these devices; none are named by what an older version kept.
    DeviceAdded(AccountId, Vec<ChangedDevice>),
    /// An account removed these devices.
    DeviceRemoved(AccountId, Vec<ChangedDevice>),
    /// This account's name is somebody else's now.
    IdentityChanged(AccountId),
    /// The group was broken by somebody in it and was founded again.
    Refounded,
    /// Nobody was found under the name that was written to.
    Nobody,
}

/// A device that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDevice {
    /// Which.
    pub device: DeviceId,
    /// What it is called, where its account has said so here.
    pub name: Option<String>,
    /// When it was added, by its account's word; or when this device heard that it was removed.
    pub at: Millis,
}

/// One line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    /// Which.
    pub message: MessageRef,
    /// Where.
    pub chat: ChatId,
    /// Who; `None` for what nobody in particular did.
    pub sender: Option<AccountId>,
    /// Whether we are the sender.
    pub own: bool,
    /// The sender's name where known, a short form of the id otherwise.
    pub sender_name: String,
    /// What the sender wants to be called. Anybody may choose anything: show it beside the name alone.
    pub sender_display: Option<String>,
    /// When it was written, by the sender's clock (own) or when it arrived here.
    pub at: Millis,
    /// What it says.
    pub line: Line,
    /// The message it answers, if that is on this device.
    pub reply_to: Option<MessageRef>,
    /// Whether the text was changed later.
    pub edited: bool,
    /// Who reacted how.
    pub reactions: Vec<(AccountId, String)>,
    /// How far it got.
    pub state: MessageState,
}

/// What was written in a chat and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where.
    pub chat: ChatId,
    /// What; empty for none.
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<MessageRef>,
}

/// One member of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// The name, or a short form of the id.
    pub name: String,
    /// What the person wants to be called. Anybody may choose anything: show it beside the name alone.
    pub display_name: Option<String>,
    /// May add, remove, rename.
    pub admin: bool,
    /// Whether it is us.
    pub own: bool,
    /// Devices in the group.
    pub devices: usize,
    /// The safety number was compared.
    pub verified: bool,
}

/// Digits that two people compare: 12 groups of 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyNumber {
    /// 60 digits, the same on both sides.
    pub digits: String,
    /// Whether it was marked as compared.
    pub verified: bool,
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<_> = self.digits.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
        f.write_str(&groups.join(" "))
    }
}

/// Where the connection stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connection {
    /// The device door is open and we are proven.
    pub receiving: bool,
    /// The anonymous door is open.
    pub sending: bool,
    /// Everything that waited in the mailbox when it was opened is here, and was looked at.
    pub caught_up: bool,
    /// What waits in the outbox.
    pub waiting: u64,
}

/// Counters of what went wrong and was mended, for `make chaos` and the curious.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// Messages opened.
    pub opened: u64,
    /// Entries that could not be opened and are shown as a gap.
    pub undecryptable: u64,
    /// Times this device was re-added.
    pub readded: u64,
    /// Times a chat was founded again.
    pub refounded: u64,
}
