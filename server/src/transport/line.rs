//! One WebSocket with its queue of frames to say, its pings and its patience.
//!
//! Called by the two doors: they `say` and `hear`; everything that a slow, a
//! silent or a broken peer needs happens in here, inside one task.
//! Never reads what a frame means.
//!
//! ```text
//!   say ──► [ queue ] ──► fragments of 4 KiB ──► socket     cut when nothing moves for a beat
//!   hear ◄── whole frames of at most limits::FRAME ◄──      ping after a silent beat, cut after three
//! ```
//! Buffers are small on purpose: ten thousand silent devices should fit in 100 MB.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use waxseal_wire::limits;

use super::socket::Socket;
use super::unfinished::{Room, Shares};

/// What one read takes from the socket at most; allocated for every connection.
const READ_BUFFER: usize = 2 << 10;
/// Large frames leave in fragments of this size (RFC 6455 §5.4), so that no connection keeps a large buffer.
const FRAGMENT: usize = 4 << 10;
/// With more than this waiting to leave, nothing more is heard until the peer reads.
const CLOGGED: usize = 256 << 10;
/// Frames larger than this are let go before the next read, so that their buffer is not used again.
const LARGE: usize = 16 << 10;
/// Beats of silence before a ping is sent, and before the peer counts as dead.
const PING_AFTER: u8 = 1;
const DEAD_AFTER: u8 = 3;
/// How long a closing connection may take to say its last words, and to be answered.
const LAST_WORDS: Duration = Duration::from_secs(3);
const FAREWELL: Duration = Duration::from_secs(1);

/// What came in.
pub(super) enum Heard {
    /// A whole binary frame.
    Frame(Bytes),
    /// A text frame; no client of ours sends one.
    Text,
    /// A frame over [`limits::FRAME`]; nothing after it can be read.
    TooLarge,
    /// A frame that is not whole takes more room than there is.
    NoRoom,
    /// So much has left that there is room for more to say.
    Room,
    /// The connection is over.
    Gone(Gone),
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The peer left.
    Left,
    /// The peer broke RFC 6455, or the network broke.
    Broken,
    /// The peer did not answer pings.
    Silent,
    /// The peer did not read what it was told, or did not go on with a large frame.
    Slow,
}

impl Gone {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Broken => "broken",
            Self::Silent => "silent",
            Self::Slow => "slow",
        }
    }
}

/// One side of a WebSocket.
pub(super) struct Line {
    ws: WebSocketStream<Socket>,
    queue: VecDeque<Bytes>,
    queued: usize,
    in_fragments: bool,
    unflushed: bool,
    moved: bool,
    silent: u8,
    listening: bool,
    large: Option<Bytes>,
    shares: Shares,
    beat: Interval,
}

impl Line {
    /// Over an upgraded connection; `part` was read from it already.
    pub(super) async fn new(mut socket: Socket, part: Bytes, beat: Duration, room: Room) -> Self {
        socket.forget_read();
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(FRAGMENT)
            .max_message_size(Some(limits::FRAME))
            .max_frame_size(Some(limits::FRAME));
        let ws = if part.is_empty() {
            WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await
        } else {
            WebSocketStream::from_partially_read(socket, part.to_vec(), Role::Server, Some(config)).await
        };
        let mut beat = tokio::time::interval_at(Instant::now() + beat, beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ws,
            queue: VecDeque::new(),
            queued: 0,
            in_fragments: false,
            unflushed: false,
            moved: false,
            silent: 0,
            listening: true,
            large: None,
            shares: Shares::of(room),
            beat,
        }
    }

    /// Queues a frame; it leaves while the door hears.
    pub(super) fn say(&mut self, frame: Vec<u8>) {
        self.queued += frame.len();
        self.queue.push_back(frame.into());
    }

    /// Whether so much waits to leave that nothing should be added unasked.
    pub(super) fn is_clogged(&self) -> bool {
        self.queued > CLOGGED
    }

    /// Waits for the next frame, and meanwhile sends, pings and watches the time.
    ///
    /// With `may_read` false it only sends. Nothing is lost when the future is dropped.
    pub(super) async fn hear(&mut self, may_read: bool) -> Heard {
        poll_fn(|cx| self.poll_hear(cx, may_read)).await
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<Heard> {
        while self.beat.poll_tick(cx).is_ready() {
            if let Some(gone) = self.on_beat() {
                return Poll::Ready(Heard::Gone(gone));
            }
        }
        let clogged = self.is_clogged();
        if let Poll::Ready(Err(gone)) = self.poll_send(cx) {
            return Poll::Ready(Heard::Gone(gone));
        }
        if clogged && !self.is_clogged() {
            return Poll::Ready(Heard::Room);
        }
        self.listening = may_read && !self.is_clogged();
        if !self.listening {
            return Poll::Pending;
        }
        loop {
            let polled = Pin::new(&mut self.ws).poll_next(cx);
            // The next read has found this buffer in use and made a small one; now the large one can go.
            self.large = None;
            let Poll::Ready(polled) = polled else {
                let has_room = self.shares.hold(self.ws.get_ref().read());
                return if has_room { Poll::Pending } else { Poll::Ready(Heard::NoRoom) };
            };
            let message = match polled {
                None => return Poll::Ready(Heard::Gone(Gone::Left)),
                Some(Err(error)) => return Poll::Ready(on_error(&error)),
                Some(Ok(message)) => message,
            };
            self.silent = 0;
            match message {
                Message::Binary(bytes) => {
                    self.ws.get_mut().forget_read();
                    self.shares.give_back();
                    if bytes.len() > LARGE {
                        self.large = Some(bytes.clone());
                    }
                    return Poll::Ready(Heard::Frame(bytes));
                }
                Message::Text(_) => return Poll::Ready(Heard::Text),
                // Pongs only end a silence; the WebSocket layer answers pings and close frames by itself.
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
            }
        }
    }

    fn on_beat(&mut self) -> Option<Gone> {
        let waiting = !self.queue.is_empty() || self.unflushed;
        if waiting && !std::mem::take(&mut self.moved) {
            return Some(Gone::Slow);
        }
        if self.listening && self.shares.is_stuck(self.ws.get_ref().read()) {
            return Some(Gone::Slow);
        }
        if self.listening {
            self.silent = self.silent.saturating_add(1);
        }
        if self.silent >= DEAD_AFTER {
            return Some(Gone::Silent);
        }
        if self.silent >= PING_AFTER && !waiting {
            let sent = Pin::new(&mut self.ws).start_send(Message::Ping(Bytes::new()));
            self.unflushed = true;
            self.moved = true;
            return sent.err().map(|_| Gone::Broken);
        }
        None
    }

    /// Sends what is queued; ready when all of it has left.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        let broken = |_: Error| Gone::Broken;
        while let Some(front) = self.queue.front_mut() {
            ready!(Pin::new(&mut self.ws).poll_ready(cx)).map_err(broken)?;
            let part = front.split_to(front.len().min(FRAGMENT));
            let opcode = if self.in_fragments { Data::Continue } else { Data::Binary };
            let last = front.is_empty();
            self.in_fragments = !last;
            self.queued = self.queued.saturating_sub(part.len());
            (self.unflushed, self.moved) = (true, true);
            if last {
                self.queue.pop_front();
            }
            let frame = Frame::message(part, OpCode::Data(opcode), last);
            Pin::new(&mut self.ws).start_send(Message::Frame(frame)).map_err(broken)?;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.ws).poll_flush(cx)).map_err(broken)?;
            (self.unflushed, self.moved) = (false, true);
            self.queue.shrink_to(4);
        }
        Poll::Ready(Ok(()))
    }

    /// Says what is queued, then goodbye, and waits a moment for the answer.
    pub(super) async fn close(mut self, code: CloseCode, why: &'static str) {
        let words = async {
            poll_fn(|cx| self.poll_send(cx)).await.ok()?;
            let close = CloseFrame { code, reason: why.into() };
            self.ws.close(Some(close)).await.ok()
        };
        if tokio::time::timeout(LAST_WORDS, words).await.ok().flatten().is_none() {
            return;
        }
        // Reads what is still on its way: closing over unread bytes resets the connection (RFC 9293 §3.10.4),
        // and the peer would lose our last words.
        let socket = self.ws.get_mut();
        let farewell = async {
            let mut rest = [0; 512];
            let mut patience = 2 * limits::FRAME;
            while let Ok(read @ 1..) = socket.read(&mut rest).await {
                patience = patience.saturating_sub(read);
                if patience == 0 {
                    break;
                }
            }
        };
        tokio::time::timeout(FAREWELL, farewell).await.ok();
    }
}

fn on_error(error: &Error) -> Heard {
    match error {
        Error::Capacity(_) => Heard::TooLarge,
        Error::ConnectionClosed | Error::AlreadyClosed => Heard::Gone(Gone::Left),
        _ => Heard::Gone(Gone::Broken),
    }
}
