//! What a shell must do next, and what a person should see.
//!
//! Made by `client`, performed by the shells in the order polled. What must be
//! durable is durable before anything that depends on it leaves.

use waxseal_transparency::Lie;
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, Millis, RequestId};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::Refusal;
use waxseal_wire::request::Request;

use crate::view::{ChatId, MessageRef};

/// What the shell must do next; performed in the order polled.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send through this door; the answer returns as `Input::Told`.
    Send(Door, RequestId, Request),
    /// Show to the person.
    Tell(Event),
    /// Hand in `Input::Tick` at this moment, if nothing happens before. The latest one counts.
    WakeAt(Millis),
    /// Shut this door and open it again.
    Reconnect(Door),
}

/// Something a person should see. Views are read again with the methods of `Client`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// This device belongs to an account now.
    Registered {
        /// Ours.
        account: AccountId,
        /// What it is called.
        name: AccountName,
    },
    /// The server did not register the name.
    RegisterFailed(Refusal),
    /// Hand this code to the new device.
    LinkCode(String),
    /// A new device was added to our account.
    DeviceAdded {
        /// What it calls itself.
        name: String,
    },
    /// Another device of ours said what it is called, some time after it was added.
    DeviceNamed {
        /// What it calls itself.
        name: String,
    },
    /// The new device could not join the account.
    LinkFailed(LinkProblem),
    /// A chat stands; messages can be written.
    ChatOpened(ChatId),
    /// What waited under somebody's name is in the chat with them from now on.
    ChatMoved {
        /// Where it waited; there is no such chat any more.
        from: ChatId,
        /// Where it is.
        to: ChatId,
    },
    /// Nobody has this name.
    NoSuchAccount(AccountName),
    /// An account was looked up.
    AccountKnown {
        /// Which.
        account: AccountId,
        /// What it is called.
        name: AccountName,
    },
    /// What is known of witnesses changed.
    Witnesses,
    /// The list of chats, or something about this chat, changed.
    ChatChanged(ChatId),
    /// Somebody who is not known wants to talk.
    Requested(ChatId),
    /// A message came.
    Received {
        /// Where.
        chat: ChatId,
        /// Which.
        message: MessageRef,
    },
    /// An own message's state, or a message's text or reactions, changed.
    MessageChanged {
        /// Where.
        chat: ChatId,
        /// Which.
        message: MessageRef,
    },
    /// Work that takes long: `done` of `total`.
    Progress {
        /// For which chat.
        chat: ChatId,
        /// What kind of work.
        work: Work,
        /// Steps done.
        done: u64,
        /// Steps in all.
        total: u64,
    },
    /// Something was asked that cannot be done; nothing changed.
    Failed {
        /// For which chat, if any.
        chat: Option<ChatId>,
        /// Why.
        problem: Problem,
    },
    /// The device was removed from its account, or the account was closed.
    SignedOut,
    /// The account no longer exists on the server and nothing is left here.
    AccountClosed,
}

/// Long work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Members are being added, in batches.
    Adding,
    /// The tree of a large group is being fetched.
    Joining,
}

/// Why linking failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkProblem {
    /// The code does not read.
    #[error("the code is mistyped; copy it again")]
    BadCode,
    /// The code is too old, or was used.
    #[error("the code has run out; show a new one on the other device")]
    Expired,
    /// The server's answer does not fit the code.
    #[error("the server's answer does not fit the code; do not go on with this server")]
    Forged,
}

/// Why something that was asked cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Only admins may do this.
    #[error("only an admin of the group can do this; ask one of them")]
    NotAdmin,
    /// A group's name is one line of 1 to 200 bytes.
    #[error("a group's name is one line, 1 to 200 bytes long; choose another")]
    BadTitle,
    /// Who is in cannot be added.
    #[error("somebody you named is in the group already; name only those who are not")]
    AlreadyMember,
    /// Whoever is meant is not in the group.
    #[error("nobody like that is in the group")]
    NotThere,
    /// We do not bring people together whom we have blocked.
    #[error("you have blocked this person; unblock them first")]
    Blocked,
    /// Nobody is removed by oneself.
    #[error("that is you; to go, leave the group")]
    Yourself,
    /// A chat has somebody else in it.
    #[error("that is you; name somebody else")]
    WithYourself,
    /// What to be called is one line of at most 128 bytes that can be seen.
    #[error("what you want to be called is one line of at most 128 bytes, without control or invisible characters; choose another")]
    BadDisplay,
    /// A device's name is one line of 1 to 128 bytes that can be seen.
    #[error("a device's name is one line of 1 to 128 bytes, without control or invisible characters; choose another")]
    BadDeviceName,
    /// Nobody was named.
    #[error("name at least one person")]
    Nobody,
    /// It is so already.
    #[error("that is so already; nothing was changed")]
    NoChange,
    /// What came as a request is accepted before it is changed.
    #[error("this is still a request; accept it first")]
    OnlyRequested,
    /// A group has so many admins at most.
    #[error("a group has at most 256 admins; take the role from somebody first")]
    TooManyAdmins,
    /// There is no such chat, or we are no longer in it.
    #[error("you are not in this chat")]
    NotAMember,
    /// There is no such message, or it is not ours to change.
    #[error("this message cannot be changed")]
    NotYours,
    /// Too long, or empty.
    #[error("the text is empty or longer than 64 KiB")]
    BadText,
    /// This device has no account yet.
    #[error("register first")]
    NotRegistered,
    /// It has one already.
    #[error("this profile has an account already")]
    AlreadyRegistered,
    /// The person has no device that can be reached.
    #[error("this person has no device that can be added")]
    NoDevice,
    /// A direct chat has two people, always.
    #[error("a direct chat has two people; start a group instead")]
    DirectChat,
    /// A group holds at most so many.
    #[error("a group holds at most 5,000 devices; name fewer people")]
    TooMany,
    /// The server refused for good.
    #[error("the server refused: {0}")]
    Refused(Refusal),
    /// The server was set back to a state from before this device was added.
    #[error(
        "the server was set back to an older state and does not know this device; open the account once on an older device, which makes it known again"
    )]
    ServerBehind,
    /// The server was set back to a state from before the account was made.
    #[error("the server knows nothing of this account any more; ask whoever runs it")]
    ServerForgot,
    /// The server shows a chain of our own account that contradicts ours.
    #[error(
        "the server has another history of this account than this device: somebody acted as one of its devices, or the server lies; compare `waxseal devices` on all of them"
    )]
    Forked,
    /// This profile is an older copy: another one of the same device took what the server held.
    #[error(
        "this profile is an older copy of itself: another copy went on after it was made. What was said meanwhile may be missing here. Never use both: `waxseal link` adds a second device, and `waxseal devices` removes one that is not yours"
    )]
    Copied,
    /// What the server says of people does not follow from its key directory, or the directory contradicts itself.
    #[error("the server cannot prove who is who: {lie}. {}", after(.0), lie = .0)]
    Directory(Lie),
    /// A name that was known is somebody else's now.
    #[error(
        "this name belongs to somebody else now than it did: ask them by another way who they are; to talk with whoever has it now, accept that first (`waxseal verify NAME --new-identity`)"
    )]
    IdentityChanged,
    /// A witness's key is not one.
    #[error("this is no witness's verifier key; it looks like name+12ab34cd+Base64, copy it whole")]
    BadWitness,
    /// More witnesses are needed than were named, or too many were.
    #[error("name at least as many witnesses as must vouch, and 16 at most")]
    BadWitnessCount,
    /// Somebody in the chat has seen another key directory than this device, and the server does not say how they belong together.
    #[error(
        "somebody in this chat is shown another key directory than this device: one of you is lied to, or they are not honest; compare safety numbers by another way than this server"
    )]
    OtherDirectory,
    /// A KeyPackage that was handed out for somebody is of no device of theirs. It was not used.
    #[error(
        "the server handed out a key for somebody you write to that is of no device of theirs. It was not used, and nothing was sealed to it; the server swapped it, or a device of theirs is broken: tell them by another way than this server"
    )]
    ForeignKeyPackage,
    /// The last admin cannot go while others stay.
    #[error("the group would have no admin; make somebody else an admin first")]
    LastAdmin,
}

/// What to do when the directory does not hold.
fn after(lie: &Lie) -> &'static str {
    match lie.is_lie() {
        _ if matches!(lie, Lie::Unwitnessed { .. }) => {
            "Nobody new is believed until they do; `waxseal witnesses` shows who is missing"
        }
        true => "Nothing of its answer was used; `waxseal evidence` writes down what it said",
        false => "Look at this device's date and time; where they are right, tell whoever runs the server",
    }
}

impl Problem {
    /// Whether it is of the whole device, not of one thing that was asked; a person must get to read it.
    pub fn is_of_the_device(self) -> bool {
        matches!(
            self,
            Self::Copied
                | Self::Forked
                | Self::ServerBehind
                | Self::ServerForgot
                | Self::Directory(_)
                | Self::OtherDirectory
                | Self::ForeignKeyPackage
        )
    }
}
