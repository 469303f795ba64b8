//! Bytes on a WebSocket: one protobuf message a frame, checked on the way in.
//!
//! Called by the shells and by `server/transport`. Sizes are checked before
//! parsing, lengths and required fields after it; what comes out is typed.
//! Never decides whether something is allowed.

mod from_client;
mod from_server;
mod parts;

use crate::id::{RequestId, WrongLength};
use crate::name::BadName;
use crate::reply::{Push, Refusal, Reply};

pub use from_client::{decode_request, encode_request};
pub use from_server::{decode_told, encode_push, encode_reply};

/// Which door a frame came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// `/v1/anonymous`
    Anonymous,
    /// `/v1/device`
    Device,
}

impl Door {
    /// Its path on the server.
    pub fn path(self) -> &'static str {
        match self {
            Self::Anonymous => "/v1/anonymous",
            Self::Device => "/v1/device",
        }
    }
}

/// What a server says: an answer or a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The answer to the request of this id; 0 where a frame was refused whose id could not be read.
    Reply(RequestId, Reply),
    /// Not asked for.
    Push(Push),
}

/// A frame that is not what it should be. Whoever sent it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// Larger than a limit.
    #[error("the frame or a part of it is too large")]
    TooLarge,
    /// Not a frame.
    #[error("the frame does not parse")]
    Parse,
    /// Without anything in it, or with an id that is not allowed.
    #[error("the frame says nothing")]
    Empty,
    /// At the wrong door.
    #[error("the frame is at the wrong door")]
    WrongDoor,
    /// A field of a wrong length.
    #[error(transparent)]
    Length(#[from] WrongLength),
    /// A name against the rules.
    #[error(transparent)]
    Name(#[from] BadName),
}

impl BadFrame {
    /// What to answer.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::TooLarge => Refusal::TooLarge,
            Self::WrongDoor => Refusal::WrongDoor,
            Self::Name(_) => Refusal::BadName,
            Self::Parse | Self::Empty | Self::Length(_) => Refusal::Malformed,
        }
    }
}

fn at_most<T>(limit: usize, things: Vec<T>) -> Result<Vec<T>, BadFrame> {
    if things.len() > limit { Err(BadFrame::TooLarge) } else { Ok(things) }
}
