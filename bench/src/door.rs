//! One WebSocket to the server.
//!
//! Called by the loads. Says requests, hears replies and pushes; never judges them.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use waxseal_wire::frame::{Door, Told, decode_told, encode_request};
use waxseal_wire::id::RequestId;
use waxseal_wire::reply::{Push, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

use crate::failure::Failure;

/// Nothing on loopback takes this long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The socket itself.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// An open door.
pub(crate) struct Open {
    socket: Socket,
    last: u64,
    pushed: VecDeque<Push>,
}

/// Connects without a word.
pub(crate) async fn socket(address: &str, door: Door) -> Result<Socket, Failure> {
    let stream = TcpStream::connect(address).await.map_err(|error| Failure::Disk("connecting", error))?;
    stream.set_nodelay(true).map_err(|error| Failure::Disk("connecting", error))?;
    Ok(tokio_tungstenite::client_async(format!("ws://{address}{}", door.path()), stream).await?.0)
}

/// What comes next.
pub(crate) async fn hear(socket: &mut (impl StreamExt<Item = Heard> + Unpin)) -> Result<Told, Failure> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => return decode_told(&bytes).map_err(|_| Failure::Unexpected("a frame")),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(_)) | None => return Err(Failure::Unexpected("the end of a connection")),
        }
    }
}

/// What a socket gives.
pub(crate) type Heard = Result<Message, tokio_tungstenite::tungstenite::Error>;

impl Open {
    pub(crate) async fn new(address: &str, door: Door) -> Result<Self, Failure> {
        Ok(Self { socket: socket(address, door).await?, last: 0, pushed: VecDeque::new() })
    }

    pub(crate) async fn say(&mut self, request: &Request) -> Result<RequestId, Failure> {
        self.last += 1;
        let id = RequestId(self.last);
        self.socket.send(Message::binary(encode_request(id, request))).await?;
        Ok(id)
    }

    /// Asks and waits for the answer; pushes on the way are kept.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        let asked = self.say(request).await?;
        loop {
            match tokio::time::timeout(PATIENCE, hear(&mut self.socket)).await.map_err(|_| Failure::Silent("an answer"))?? {
                Told::Reply(id, reply) if id == asked => return Ok(reply),
                Told::Reply(..) => {}
                Told::Push(push) => self.pushed.push_back(push),
            }
        }
    }

    pub(crate) async fn ask_anonymous(&mut self, request: AnonymousRequest) -> Result<Reply, Failure> {
        self.ask(&Request::Anonymous(request)).await
    }

    pub(crate) async fn ask_device(&mut self, request: DeviceRequest) -> Result<Reply, Failure> {
        self.ask(&Request::Device(request)).await
    }

    /// The next push, however long it takes.
    pub(crate) async fn pushed(&mut self) -> Result<Push, Failure> {
        loop {
            if let Some(push) = self.pushed.pop_front() {
                return Ok(push);
            }
            if let Told::Push(push) = hear(&mut self.socket).await? {
                return Ok(push);
            }
        }
    }
}
