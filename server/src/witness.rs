//! Witnesses: servers and auditors that sign each other's tree heads, so that none can show two histories unseen.
//!
//! ```text
//!   our log signs a head ─► gather ─► client ─► POST URL/add-checkpoint     to each witness that the operator lists
//!                              └─ cosignature, verified ─► engine: kept, and shown from then on
//!
//!   POST /witness/add-checkpoint ─► door ─► engine: one transaction decides, then signs
//!                                     └─ an unknown log ─► follow: is it the one that a known one hands over to?
//! ```
//! One line of the configuration is one `Peer`. Speaks C2SP tlog-witness. An answer to somebody who looks names up never
//! waits for anything here.

mod client;
mod door;
mod follow;
mod gather;
mod peer;

pub use self::peer::{BadPeer, Peer, written};

pub(crate) use self::door::{Door, Said};
pub(crate) use self::gather::start;

/// Where the door of a server that is a witness is, below its own address.
pub(crate) const ROOT: &str = "/witness";
/// The one thing that is asked there.
pub(crate) const ADD: &str = "/add-checkpoint";
/// How a witness says at which size it is.
pub(crate) const SIZE: &str = "text/x.tlog.size";
