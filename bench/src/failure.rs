//! Why nothing could be measured.

use std::io;
use std::path::PathBuf;

use waxseal_core::ClientError;
use waxseal_core::group::{GroupError, JoinError, OfferError, OpenError, PolicyError};
use waxseal_core::store::StoreError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file or a process failed.
    #[error("{0}: {1}")]
    Disk(&'static str, #[source] io::Error),
    /// There is no server program.
    #[error("{0} is not there; build it with `cargo build --release -p waxseal-server --bin waxseald`, or say --waxseald PATH")]
    NoServer(PathBuf),
    /// The server stopped or did not start.
    #[error("waxseald does not serve")]
    Dead,
    /// A connection failed.
    #[error("a connection failed")]
    Socket(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// The other side said something that does not fit.
    #[error("not what was expected: {0}")]
    Unexpected(&'static str),
    /// Nothing came for too long.
    #[error("waited too long for {0}")]
    Silent(&'static str),
    /// The script that drives the browser gave up.
    #[error("in the browser: {0}; it needs the page (make page) and Chromium")]
    Browser(String),
    /// A client failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A client's store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A group failed.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A policy does not read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A Welcome was not taken.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// An envelope did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A KeyPackage was not taken.
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl From<tokio_tungstenite::tungstenite::Error> for Failure {
    fn from(error: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(Box::new(error))
    }
}
