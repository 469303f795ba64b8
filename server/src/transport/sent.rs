//! Answers on their way to whoever audits the log: how many bytes of them at once, and for how long.
//!
//! Called by `audit` (sends) and `http` (cuts). Somebody who asks for much and reads nothing holds as much memory as
//! everybody together may, and only for [`PATIENCE`]. Never knows what it sends.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot};

/// Bytes of answers that are on their way to all auditors together.
const ROOM: usize = 64 << 20;
/// Looks at the log at once: people's look-ups wait behind no more.
const TURNS: usize = 4;
/// How long one answer may take to leave.
const PATIENCE: Duration = Duration::from_secs(60);
/// Handed to the connection at once.
const PIECE: usize = 16 << 10;
/// What room is counted in.
const UNIT: usize = 1 << 10;

/// Ends a connection whose peer does not read.
pub(super) type Cut = Arc<Notify>;

/// Shared by all connections of one server.
pub(super) struct Sending {
    turns: Semaphore,
    room: Arc<Semaphore>,
}

/// One answer, leaving piece by piece.
pub(super) struct Sent {
    left: Bytes,
    _room: OwnedSemaphorePermit,
    /// Dropped with the answer: so its watch ends.
    _watch: oneshot::Sender<Infallible>,
}

impl Sending {
    pub(super) fn new() -> Self {
        Self { turns: Semaphore::new(TURNS), room: Arc::new(Semaphore::new(ROOM / UNIT)) }
    }

    /// Waits for a turn to look at the log.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// A body of these bytes; `None` where there is no room for it now.
    pub(super) fn send(&self, bytes: Vec<u8>, cut: &Cut) -> Option<Sent> {
        let units = u32::try_from(bytes.len() / UNIT + 1).ok()?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(units).ok()?;
        let (watch, gone) = oneshot::channel();
        let cut = Arc::clone(cut);
        tokio::spawn(async move {
            if tokio::time::timeout(PATIENCE, gone).await.is_err() {
                cut.notify_one();
            }
        });
        Some(Sent { left: bytes.into(), _room: room, _watch: watch })
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // The connection asks for the next piece when it has room for it: so it never holds the whole of it a second time.
        let piece = self.left.len().min(PIECE);
        let piece = self.left.split_to(piece);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn an_answer_leaves_whole_and_gives_its_room_back() {
        let (sending, cut) = (Sending::new(), Cut::default());
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let before = sending.room.available_permits();
        let body = sending.send(bytes.clone(), &cut).unwrap();
        assert!(sending.room.available_permits() < before);
        assert_eq!(body.collect().await.unwrap().to_bytes(), bytes);
        assert_eq!(sending.room.available_permits(), before);
    }

    #[tokio::test]
    async fn who_asks_for_too_much_waits() {
        let (sending, cut) = (Sending::new(), Cut::default());
        let kept = sending.send(vec![0; ROOM - UNIT], &cut).unwrap();
        assert!(sending.send(vec![0; UNIT], &cut).is_none());
        drop(kept);
        assert!(sending.send(vec![0; UNIT], &cut).is_some());
    }
}
