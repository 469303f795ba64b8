//! What can happen to a client: a person's command, a frame, a connection, time.
//!
//! Made by the shells; handled by `Client::handle`.

use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{AccountId, DeviceId};
use waxseal_wire::name::AccountName;

use crate::view::{ChatId, Draft, MessageRef};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A person, or a script, wants something.
    Command(Command),
    /// A door is open; nothing was sent through it yet.
    Connected(Door),
    /// A door is shut; nothing that was in flight will be answered.
    Disconnected(Door),
    /// A frame from the server, decoded.
    Told(Door, Told),
    /// The moment asked for by `Output::WakeAt` has come, or nothing happened for a while.
    Tick,
}

/// What a person can ask for. Each is made durable before `handle` returns, and
/// survives being offline, a crash and a restart.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make an account on this device. Answered by `Event::Registered` or `Event::RegisterFailed`.
    Register {
        /// The name to claim.
        name: AccountName,
        /// Invitation code; empty where registration is open.
        invite: String,
        /// What the person calls this device, such as `laptop`.
        device_name: String,
    },
    /// Forget a name that the server has not confirmed, before another server is asked.
    ForgetClaim,
    /// Show a code with which a new device joins this account (valid for 10 minutes).
    /// Answered by `Event::LinkCode`.
    OfferLink,
    /// On a new device: join the account that showed this code.
    /// Answered by `Event::Registered` or `Event::LinkFailed`.
    AcceptLink {
        /// What `OfferLink` showed.
        code: String,
        /// What the person calls this device.
        device_name: String,
    },
    /// Remove one of our own devices from the account and from every group.
    RemoveDevice(DeviceId),
    /// Start a conversation with one person, or find the one that there is.
    /// Answered by `Event::ChatOpened` or `Event::NoSuchAccount`. While offline a name that is not known here gets a
    /// chat at once, in which words wait; `Event::ChatMoved` tells when it is known whose they are, and
    /// `Notice::Nobody` stands in it where it is nobody's.
    OpenDirect(AccountName),
    /// Start a group. Answered by `Event::ChatOpened` or `Event::NoSuchAccount`.
    CreateGroup {
        /// What the group is called; members see it, the server does not.
        title: String,
        /// Whom to add; a large list goes in batches.
        members: Vec<AccountName>,
    },
    /// Say something.
    Send {
        /// Where.
        chat: ChatId,
        /// The text, at most 64 KiB.
        text: String,
        /// The message it answers.
        reply_to: Option<MessageRef>,
    },
    /// React to a message with an emoji.
    React {
        /// Where.
        chat: ChatId,
        /// To what.
        message: MessageRef,
        /// One emoji; empty takes the reaction back.
        emoji: String,
    },
    /// Change the text of an own message.
    Edit {
        /// Where.
        chat: ChatId,
        /// Which.
        message: MessageRef,
        /// The new text.
        text: String,
    },
    /// Delete an own message for everybody.
    Delete {
        /// Where.
        chat: ChatId,
        /// Which.
        message: MessageRef,
    },
    /// Keep what is written and not sent, on this device alone; an empty text forgets it.
    KeepDraft(Draft),
    /// Try a failed message again.
    Retry(MessageRef),
    /// Throw away a message that was not sent yet.
    Discard(MessageRef),
    /// Everything in the chat up to now was seen.
    MarkRead(ChatId),
    /// Everything in the chat that came up to this message was seen; what came after it was not shown yet.
    MarkReadUpto(ChatId, MessageRef),
    /// Add people to a group (admins).
    AddMembers(ChatId, Vec<AccountName>),
    /// Remove a person, with all devices (admins).
    RemoveMember(ChatId, AccountId),
    /// Give or take the admin role (admins).
    SetAdmin(ChatId, AccountId, bool),
    /// Change the title (admins).
    Rename(ChatId, String),
    /// Leave a group; another member's device removes us.
    Leave(ChatId),
    /// Accept a message request.
    AcceptRequest(ChatId),
    /// Decline a message request: leave, and forget it.
    DeclineRequest(ChatId),
    /// Decline, and take no more requests of this person.
    Block(AccountId),
    /// Take requests of this person again.
    Unblock(AccountId),
    /// The safety number was compared and is equal.
    MarkVerified(AccountId, bool),
    /// What changed in this person is right: words that waited for it go.
    GoOn(AccountId),
    /// Somebody else has this name now, and the person knows: whoever is asked for by it from now on is that one.
    AcceptIdentity(AccountName),
    /// Fetch what the server says of an account, such as for a safety number; while offline, when the connection is back.
    /// Answered by `Event::AccountKnown` or `Event::NoSuchAccount`.
    LookUp(AccountName),
    /// Make new keys in this chat now, without waiting for the cadence.
    Refresh(ChatId),
    /// Be called so by the people in one's chats; empty takes it back. They hear it with the next words.
    SetDisplayName(String),
    /// Change a setting.
    Set(Setting),
    /// Believe nothing of people but what so many of these witnesses vouch for. Answered by `Event::Witnesses` when they do.
    SetWitnesses {
        /// How many; 0 asks for nobody.
        need: usize,
        /// Verifier keys, `name+id+base64`.
        keys: Vec<String>,
    },
    /// Ask which witnesses the server uses, and whether those that were chosen vouch for it, now. Answered by `Event::Witnesses`.
    AskWitnesses,
    /// Delete a chat from this device (after leaving, if it is a group).
    Forget(ChatId),
    /// Delete the account on the server and everything on this device.
    CloseAccount,
}

/// What a person can switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Tell others that a message reached this device.
    DeliveredReceipts(bool),
    /// Tell others that a message was read.
    ReadReceipts(bool),
    /// Let words wait where somebody in the chat has a new device, or their name is somebody else's, until the person says that it is right.
    RequireVerification(bool),
}
