//! A real client in a thread of its own, with real sockets and a real store.
//!
//! ```text
//!   command ──► thread: Client ──► both doors ──► waxseald
//!                 │  ▲                 │
//!                 ▼  └── frames ◄──────┘
//!               events; messages shown are marked on the tape
//! ```
//! Called by `talk`. The same loop as any shell of `core`, without reconnecting.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use rand_core::{OsRng, RngCore};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use waxseal_core::store::{Store, StoreKey};
use waxseal_core::view::{ChatId, Line, MessageRef};
use waxseal_core::{Client, Command, Event, Input, Output};
use waxseal_wire::frame::{Door, Told, encode_request};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::reply::Push;

use crate::door::{self, PATIENCE};
use crate::failure::Failure;
use crate::meter;
use crate::tape::Tape;

/// The longest sleep of a client that waits for nothing.
const IDLE: Duration = Duration::from_secs(1);

enum Ask {
    Opened(Door, UnboundedSender<Vec<u8>>),
    Told(Door, Told),
    Command(Command),
    Stop,
}

/// Processor time of the client for one message, store and all.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// Each `Command::Send`: stored, sealed, ready to leave.
    pub(crate) said: Vec<Duration>,
    /// Each answer to a submit.
    pub(crate) accepted: Vec<Duration>,
    /// Each push of entries: opened, proven, stored.
    pub(crate) opened: Vec<Duration>,
}

/// See the module.
pub(crate) struct Speaker {
    asks: Sender<Ask>,
    events: UnboundedReceiver<Event>,
    thread: Option<JoinHandle<Result<Costs, Failure>>>,
    _doors: JoinSet<Result<(), Failure>>,
}

impl Speaker {
    /// Opens a durable store in `folder`, or one in memory, and connects. With `metered`, what each input costs is counted.
    pub(crate) async fn start(folder: Option<&Path>, address: &str, tape: Arc<Tape>, metered: bool) -> Result<Self, Failure> {
        let mut key = [0; 32];
        OsRng.fill_bytes(&mut key);
        let store = match folder {
            Some(folder) => Store::open(&folder.join("client.db"), &StoreKey::from_bytes(key))?,
            None => Store::open_in_memory()?,
        };
        let client = Client::open(store)?;
        let (asks, inbox) = channel();
        let (notices, events) = unbounded_channel();
        let turning = Turning { client, inbox, notices, tape, lines: [None, None], wake: None, metered, costs: Costs::default() };
        let thread = std::thread::Builder::new().name("client".into()).spawn(move || turning.run());
        let thread = thread.map_err(|error| Failure::Disk("a thread", error))?;
        let mut doors = JoinSet::new();
        for door in [Door::Anonymous, Door::Device] {
            doors.spawn(keep(door, door::socket(address, door).await?, asks.clone()));
        }
        Ok(Self { asks, events, thread: Some(thread), _doors: doors })
    }

    /// Makes a wish; what comes of it is told by events.
    pub(crate) fn command(&self, command: Command) {
        // A thread that is gone is noticed when it is asked for events.
        self.asks.send(Ask::Command(command)).ok();
    }

    /// Says a text in a chat.
    pub(crate) fn say(&self, chat: ChatId, text: String) {
        self.command(Command::Send { chat, text, reply_to: None });
    }

    /// The first event that `pick` takes.
    pub(crate) async fn wait<T>(&mut self, what: &'static str, pick: impl Fn(&Event) -> Option<T>) -> Result<T, Failure> {
        let wait = async {
            while let Some(event) = self.events.recv().await {
                if let Some(picked) = pick(&event) {
                    return Ok(picked);
                }
            }
            Err(Failure::Unexpected("a client that ended"))
        };
        tokio::time::timeout(PATIENCE, wait).await.map_err(|_| Failure::Silent(what))?
    }

    /// Ends the client; what it cost.
    pub(crate) fn stop(mut self) -> Result<Costs, Failure> {
        self.asks.send(Ask::Stop).ok();
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or(Err(Failure::Unexpected("a client that fell over")))
    }
}

async fn keep(door: Door, socket: door::Socket, asks: Sender<Ask>) -> Result<(), Failure> {
    let (line, mut frames) = unbounded_channel::<Vec<u8>>();
    let (mut sink, mut stream) = socket.split();
    asks.send(Ask::Opened(door, line)).ok();
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => sink.send(Message::binary(frame)).await?,
                None => return Ok(()),
            },
            told = door::hear(&mut stream) => {
                if asks.send(Ask::Told(door, told?)).is_err() {
                    return Ok(());
                }
            }
        }
    }
}

struct Turning {
    client: Client,
    inbox: Receiver<Ask>,
    notices: UnboundedSender<Event>,
    tape: Arc<Tape>,
    lines: [Option<UnboundedSender<Vec<u8>>>; 2],
    wake: Option<Millis>,
    metered: bool,
    costs: Costs,
}

impl Turning {
    fn run(mut self) -> Result<Costs, Failure> {
        loop {
            let wait = self.wake.map_or(IDLE, |at| Duration::from_millis(at.0.saturating_sub(now().0)).min(IDLE));
            match self.inbox.recv_timeout(wait) {
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(self.costs),
                Ok(Ask::Opened(door, line)) => {
                    *self.line(door) = Some(line);
                    self.turn(Input::Connected(door))?;
                }
                Ok(Ask::Told(door, told)) => self.turn(Input::Told(door, told))?,
                Ok(Ask::Command(command)) => self.turn(Input::Command(command))?,
                Err(RecvTimeoutError::Timeout) => {
                    self.wake = self.wake.filter(|at| *at > now());
                    self.turn(Input::Tick)?;
                }
            }
        }
    }

    fn turn(&mut self, input: Input) -> Result<(), Failure> {
        if self.metered {
            let kind = kind(&input);
            let ((), cost) = meter::thread_cpu_of(|| self.client.handle(now(), &mut OsRng, input))?;
            match kind {
                Kind::Say => self.costs.said.push(cost),
                Kind::Accepted => self.costs.accepted.push(cost),
                Kind::Entries => self.costs.opened.push(cost),
                Kind::Other => {}
            }
        } else {
            self.client.handle(now(), &mut OsRng, input)?;
        }
        while let Some(output) = self.client.poll() {
            match output {
                Output::Send(door, id, request) => self.send(door, encode_request(id, &request)),
                Output::Tell(event) => self.tell(event)?,
                Output::WakeAt(at) => self.wake = Some(at),
                Output::Reconnect(_) => return Err(Failure::Unexpected("a client that wants to connect anew")),
            }
        }
        Ok(())
    }

    fn send(&mut self, door: Door, frame: Vec<u8>) {
        if let Some(line) = self.line(door) {
            line.send(frame).ok();
        }
    }

    fn tell(&mut self, event: Event) -> Result<(), Failure> {
        if let Event::Received { message, .. } = &event {
            self.show(*message)?;
        }
        self.notices.send(event).ok();
        Ok(())
    }

    /// Reads the message as a screen would, and marks that it was shown.
    fn show(&self, message: MessageRef) -> Result<(), Failure> {
        if let Some(view) = self.client.message(message)?
            && let Line::Text(text) = view.line
            && !view.own
        {
            self.tape.shown(&text);
        }
        Ok(())
    }

    fn line(&mut self, door: Door) -> &mut Option<UnboundedSender<Vec<u8>>> {
        let [anonymous, device] = &mut self.lines;
        match door {
            Door::Anonymous => anonymous,
            Door::Device => device,
        }
    }
}

enum Kind {
    Say,
    Accepted,
    Entries,
    Other,
}

fn kind(input: &Input) -> Kind {
    match input {
        Input::Command(Command::Send { .. }) => Kind::Say,
        Input::Told(_, Told::Reply(RequestId(_), waxseal_wire::reply::Reply::Accepted(_))) => Kind::Accepted,
        Input::Told(_, Told::Push(Push::Entries(_))) => Kind::Entries,
        _ => Kind::Other,
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
