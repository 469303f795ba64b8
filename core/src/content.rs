//! What people say to each other: IETF MIMI content (draft-ietf-mimi-content-08).
//!
//! Made by `compose`, read by `inbox` after the envelope was opened and its
//! sender was proven. Pure: bytes in, values out, and back. Never decides who
//! may edit, delete or ask for anything; never shows anything.
//!
//! ```text
//!   Content ──encode──► CBOR ──padding──► length ‖ CBOR ‖ zeros ──► sealed by `group`
//!           ◄─decode───      ◄───────────
//! ```
//! Own extensions are vendor content types: `application/vnd.waxseal.*`.

mod decode;
mod encode;
mod message_id;
mod named_devices;
mod padding;
mod profile;
mod seen_head;

use core::fmt;

use rand_core::CryptoRngCore;
use waxseal_wire::id::Millis;
use waxseal_wire::name::AccountName;

pub use message_id::MessageId;
pub use named_devices::NamedDevice;
pub use profile::{Profile, is_display, is_hidden};
pub use seen_head::SeenHead;

/// How large a content may be. Sizes in bytes, numbers in things.
pub mod limits {
    /// Padded bytes of one content, checked before anything is parsed.
    pub const PADDED: usize = 96 << 10;
    /// A text.
    pub const TEXT: usize = 64 << 10;
    /// A reaction: one emoji with all its modifiers, or a short word.
    pub const REACTION: usize = 128;
    /// Devices of one account that are named at once.
    pub const NAMED_DEVICES: usize = 16;
    /// A device's name.
    pub const DEVICE_NAME: usize = 128;
    /// What a person wants to be called.
    pub const DISPLAY: usize = 128;
    /// A content type with its parameters.
    pub const CONTENT_TYPE: usize = 256;
    /// Receipts in one report.
    pub const RECEIPTS: usize = 1024;
    /// A topic id (draft-ietf-mimi-content §7.1).
    pub const TOPIC: usize = 4096;
    /// Extensions of one content.
    pub const EXTENSIONS: usize = 256;
    /// Parts within parts (draft-ietf-mimi-content §7.1).
    pub const DEPTH: usize = 4;
    /// Parts in all (draft-ietf-mimi-content §7.1).
    pub const PARTS: usize = 1024;
}

/// One thing said in a chat.
///
/// Its fields are for reading; change one only before the first [`Content::id`].
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Random; makes the id of each message its own.
    pub salt: [u8; 16],
    /// The first version of the message that this edits or deletes.
    pub replaces: Option<MessageId>,
    /// The message that this answers or reacts to.
    pub in_reply_to: Option<MessageId>,
    /// When it should be forgotten; `None` is never.
    pub expires: Option<Expiry>,
    /// What who says it wants to be called, where somebody in the chat may not have heard it.
    pub profile: Option<Profile>,
    /// The newest tree head that who says it has seen, where the chat was not told one lately.
    pub seen_head: Option<SeenHead>,
    /// What the devices of who says it are called, where the chat has not heard it.
    pub devices: Vec<NamedDevice>,
    /// What is said.
    pub body: Body,
    /// The CBOR as it came, where encoding it again would give other bytes: ids are made of this.
    exact: Option<Vec<u8>>,
}

/// When a message should be forgotten, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Seconds since 1970.
    At {
        /// Until 2106.
        seconds: u32,
    },
    /// After it was read.
    AfterReading {
        /// That many.
        seconds: u32,
    },
}

impl Expiry {
    /// At a moment, rounded up to the next second.
    pub fn at(moment: Millis) -> Self {
        Self::At { seconds: u32::try_from(moment.0.div_ceil(1000)).unwrap_or(u32::MAX) }
    }

    /// The moment itself; for a relative one, counted from `read`.
    pub fn moment(self, read: Millis) -> Millis {
        match self {
            Self::At { seconds } => Millis(u64::from(seconds) * 1000),
            Self::AfterReading { seconds } => Millis(read.0.saturating_add(u64::from(seconds) * 1000)),
        }
    }
}

/// What a content says.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Words, UTF-8, at most [`limits::TEXT`] bytes; never empty.
    Text(String),
    /// One reaction to the message in [`Content::in_reply_to`].
    Reaction(String),
    /// Takes back the message (or reaction) in [`Content::replaces`].
    Delete,
    /// What became of messages, many at once (draft-mahy-mimi-message-status-01).
    Receipts(Vec<Receipt>),
    /// Which device is speaking; told to the account's own devices alone.
    Profile {
        /// What the account is called.
        name: AccountName,
        /// What the device is called.
        device_name: String,
        /// Opens the name hash in the account's chain, see `chain::device_name_hash`.
        device_salt: [u8; 16],
    },
    /// "Take my account out of this group, please."
    Leave,
    /// "I cannot follow this group any more: remove me and add me again, please."
    Readd,
    /// Something this version cannot show; say so, never hide it.
    Unknown {
        /// The media type it came with; empty where it has none.
        content_type: String,
    },
}

/// What became of one message on a member's device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Which.
    pub message: MessageId,
    /// What became of it.
    pub status: ReceiptStatus,
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReceiptStatus {
    /// A device has it.
    Delivered,
    /// A person saw it.
    Read,
}

/// Why bytes are no content, or words cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Over one of [`limits`].
    #[error("the content is over a limit")]
    TooLarge,
    /// There is nothing in it.
    #[error("the content is empty")]
    Empty,
    /// Not MIMI content. The sender is at fault.
    #[error("the content does not parse")]
    Malformed,
    /// The length in front or the zeros behind are wrong. The sender is at fault.
    #[error("the content is not padded right")]
    Padding,
}

impl Content {
    /// Says `body`, with a fresh salt.
    pub fn new(body: Body, rng: &mut impl CryptoRngCore) -> Self {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let (profile, seen_head, devices) = (None, None, Vec::new());
        Self { salt, replaces: None, in_reply_to: None, expires: None, profile, seen_head, devices, body, exact: None }
    }

    /// A text message.
    pub fn text(text: &str, rng: &mut impl CryptoRngCore) -> Result<Self, ContentError> {
        sized(limits::TEXT, text).map(|text| Self::new(Body::Text(text), rng))
    }

    /// A reaction to `message`.
    pub fn reaction(message: MessageId, reaction: &str, rng: &mut impl CryptoRngCore) -> Result<Self, ContentError> {
        sized(limits::REACTION, reaction).map(|text| Self::new(Body::Reaction(text), rng).replying_to(message))
    }

    /// Takes back `message`.
    pub fn delete(message: MessageId, rng: &mut impl CryptoRngCore) -> Self {
        Self::new(Body::Delete, rng).replacing(message)
    }

    /// Edits `message`; name its first version, also when it was edited before.
    #[must_use]
    pub fn replacing(self, message: MessageId) -> Self {
        Self { replaces: Some(message), exact: None, ..self }
    }

    /// Answers `message`.
    #[must_use]
    pub fn replying_to(self, message: MessageId) -> Self {
        Self { in_reply_to: Some(message), exact: None, ..self }
    }

    /// Should be forgotten then.
    #[must_use]
    pub fn expiring(self, expires: Expiry) -> Self {
        Self { expires: Some(expires), exact: None, ..self }
    }

    /// Says beside it what the person wants to be called.
    #[must_use]
    pub fn introducing(self, profile: Option<Profile>) -> Self {
        Self { profile, exact: None, ..self }
    }

    /// Says beside it which tree head was seen.
    #[must_use]
    pub fn having_seen(self, seen_head: Option<SeenHead>) -> Self {
        Self { seen_head, exact: None, ..self }
    }

    /// Whether a person should see it as a message of its own.
    pub fn is_shown(&self) -> bool {
        self.replaces.is_none() && matches!(self.body, Body::Text(_) | Body::Unknown { .. })
    }
}

fn sized(limit: usize, text: &str) -> Result<String, ContentError> {
    match text.len() {
        0 => Err(ContentError::Empty),
        len if len > limit => Err(ContentError::TooLarge),
        _ => Ok(text.to_owned()),
    }
}

impl fmt::Debug for Content {
    // What people say stays out of logs: the kind alone is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({:?})", self.body)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Reaction(_) => "Reaction",
            Self::Delete => "Delete",
            Self::Receipts(_) => "Receipts",
            Self::Profile { .. } => "Profile",
            Self::Leave => "Leave",
            Self::Readd => "Readd",
            Self::Unknown { .. } => "Unknown",
        })
    }
}
