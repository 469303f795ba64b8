//! The two doors: kept open, one task each, for as long as the client lives.
//!
//! Called by `visit`. Decodes what comes in and hands it to the client's
//! thread; sends what it is given. Never decides what to say.
//!
//! ```text
//!            ┌─ pause, longer each time, jittered ◄─┐
//!            ▼                                      │
//!   connect ──► Connected ──► frames both ways ──► Disconnected
//! ```

pub(crate) mod fetch;
mod tls;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use waxseal_core::Input;
use waxseal_wire::frame::{Door, decode_told};
use waxseal_wire::id::Millis;
use waxseal_wire::limits;

use crate::address::Address;
use crate::clock::{self, Moment};
use crate::engine::{Ask, Notice};

pub(crate) use tls::connector;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server that does not answer in this time is not there.
const PATIENCE: Duration = Duration::from_secs(10);
/// A silent line is asked whether it still stands.
const PING: Duration = Duration::from_secs(25);
/// After so much silence it does not.
const SILENCE: Duration = Duration::from_secs(60);
/// A door that does not open is tried again after at most so long.
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that lasted so long was a good one: the next try is quick again.
const GOOD: Duration = Duration::from_secs(20);

/// Why a door does not open, or shut. Says nothing of who or where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DoorError {
    /// No such host.
    #[error("the server's name does not resolve")]
    NoHost,
    /// Nobody listens there.
    #[error("nobody answers at the server's address")]
    Refused,
    /// No answer in time.
    #[error("the server does not answer")]
    Silent,
    /// The certificate is not the server's.
    #[error("the server's certificate is not trusted")]
    Certificate,
    /// Something answers that is no Waxseal server.
    #[error("what answers there is not a Waxseal server")]
    NotWaxseal,
    /// The server said something that is not in the contract.
    #[error("the server speaks another language; one of the two programs is too old")]
    BadFrame,
    /// The line broke.
    #[error("the connection broke")]
    Broken,
    /// The client asked for a fresh one.
    #[error("connecting anew")]
    Anew,
}

/// A door that is not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shut {
    /// Why.
    pub(crate) why: DoorError,
    /// When it is tried again.
    pub(crate) again: Millis,
}

/// Two tasks that keep the doors open; they end when this is dropped.
pub(crate) struct Network {
    hurry: Arc<Notify>,
    tasks: [AbortHandle; 2],
}

/// What a door's task needs.
#[derive(Clone)]
struct Keeper {
    address: Arc<Address>,
    connector: Connector,
    asks: Sender<Ask>,
    notices: mpsc::UnboundedSender<Notice>,
    hurry: Arc<Notify>,
}

impl Network {
    /// Begins to keep both doors open.
    pub(crate) fn start(address: Address, connector: Connector, asks: Sender<Ask>, notices: mpsc::UnboundedSender<Notice>) -> Self {
        let hurry = Arc::new(Notify::new());
        let keeper = Keeper { address: Arc::new(address), connector, asks, notices, hurry: hurry.clone() };
        let tasks = [Door::Anonymous, Door::Device].map(|door| tokio::spawn(keeper.clone().keep(door)).abort_handle());
        Self { hurry, tasks }
    }

    /// Tries now, where a door is shut and waits.
    pub(crate) fn hurry(&self) {
        self.hurry.notify_waiters();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Keeper {
    async fn keep(self, door: Door) {
        let schedule = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(400))
            .with_max_delay(LONGEST)
            .with_factor(1.8)
            .with_jitter()
            .without_max_times();
        let mut pauses = schedule.build();
        loop {
            let ended = match self.open(door).await {
                Ok(socket) => {
                    let since = Moment::now();
                    let ended = self.talk(door, socket).await;
                    if since.age() > GOOD {
                        pauses = schedule.build();
                    }
                    if self.asks.send(Ask::Input(Input::Disconnected(door))).is_err() {
                        return;
                    }
                    ended
                }
                Err(error) => error,
            };
            let pause = pauses.next().unwrap_or(LONGEST);
            if self.notices.send(Notice::Door(door, Err(Shut { why: ended, again: clock::after(pause) }))).is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Somebody is looking and wants it now.
                () = self.hurry.notified() => pauses = schedule.build(),
            }
        }
    }

    async fn open(&self, door: Door) -> Result<Socket, DoorError> {
        let connect = async {
            let stream =
                TcpStream::connect((self.address.bare_host(), self.address.port())).await.map_err(|error| why_io(&error))?;
            // Small frames both ways: waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            let limits = WebSocketConfig::default().max_message_size(Some(limits::FRAME)).max_frame_size(Some(limits::FRAME));
            let url = self.address.door(door);
            tokio_tungstenite::client_async_tls_with_config(url, stream, Some(limits), Some(self.connector.clone()))
                .await
                .map(|(socket, _)| socket)
                .map_err(|error| why(&error))
        };
        tokio::time::timeout(PATIENCE, connect).await.unwrap_or(Err(DoorError::Silent))
    }

    async fn talk(&self, door: Door, mut socket: Socket) -> DoorError {
        let (line, mut frames) = mpsc::unbounded_channel();
        if self.asks.send(Ask::Opened(door, line)).is_err() {
            return DoorError::Anew;
        }
        let _ = self.notices.send(Notice::Door(door, Ok(())));
        let mut heard = Moment::now();
        let mut pings = tokio::time::interval(PING);
        pings.tick().await;
        loop {
            tokio::select! {
                frame = frames.recv() => match frame {
                    Some(frame) => if socket.send(Message::Binary(frame.into())).await.is_err() { return DoorError::Broken },
                    // The client let go of this line.
                    None => {
                        let _ = tokio::time::timeout(Duration::from_secs(1), socket.close(None)).await;
                        return DoorError::Anew;
                    }
                },
                message = socket.next() => {
                    heard = Moment::now();
                    match message {
                        Some(Ok(Message::Binary(frame))) => match decode_told(&frame) {
                            Ok(told) => if self.asks.send(Ask::Input(Input::Told(door, told))).is_err() { return DoorError::Anew },
                            Err(_) => return DoorError::BadFrame,
                        },
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Text(_) | Message::Frame(_))) => return DoorError::BadFrame,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return DoorError::Broken,
                    }
                }
                _ = pings.tick() => {
                    if heard.age() > SILENCE || socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                        return DoorError::Silent;
                    }
                }
            }
        }
    }
}

fn why(error: &tungstenite::Error) -> DoorError {
    match error {
        tungstenite::Error::Io(error) => why_io(error),
        tungstenite::Error::Tls(_) => DoorError::Certificate,
        tungstenite::Error::Http(_) | tungstenite::Error::Protocol(_) => DoorError::NotWaxseal,
        _ => DoorError::Broken,
    }
}

fn why_io(error: &std::io::Error) -> DoorError {
    match error.kind() {
        ErrorKind::ConnectionRefused => DoorError::Refused,
        ErrorKind::TimedOut => DoorError::Silent,
        // rustls reports a refused certificate as invalid data.
        ErrorKind::InvalidData => DoorError::Certificate,
        ErrorKind::NotFound => DoorError::NoHost,
        _ => DoorError::Broken,
    }
}
