//! The client's own thread: one loop around `Client`, as STYLE.md draws it.
//!
//! Fed by `network` and by whoever looks; performs what the client says, in
//! order. It alone touches the database, so no screen waits for a disk.
//! Never decides anything about the protocol.
//!
//! ```text
//!   doors ──┐                         ┌──► frames to the doors
//!   screen ─┼─► asks ─► handle ─ poll ┼──► notices to the screen
//!   wake-up ┘                         └──► the next wake-up
//! ```

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use waxseal_core::client::{Client, ClientError};
use waxseal_core::{Command, Event, Input, Output};
use waxseal_wire::frame::{Door, Told, encode_request};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::request::{DeviceRequest, Request};

use crate::network::Shut;
use crate::{chance, clock};

/// A client that nobody wakes looks around so often.
const IDLE: Duration = Duration::from_secs(60);
/// After the disk failed a wake-up, it is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// What the thread is asked.
pub(crate) enum Ask {
    /// Something happened.
    Input(Input),
    /// A door is open; what is sent into the line goes through it.
    Opened(Door, UnboundedSender<Vec<u8>>),
    /// A person's wish; what it brought about at once comes back.
    Command(Command, oneshot::Sender<Result<Vec<Event>, ClientError>>),
    /// Look something up.
    Read(Box<dyn FnOnce(&Client) + Send>),
    /// Say when every request that was sent is answered.
    WhenAnswered(oneshot::Sender<()>),
    /// Enough.
    Stop,
}

/// What the thread and the doors tell whoever looks.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The client tells.
    Event(Event),
    /// A door opened, or why not.
    Door(Door, Result<(), Shut>),
    /// The disk failed; nothing was changed, and it will be tried again.
    Disk(ClientError),
}

/// The thread itself; stops it when dropped.
pub(crate) struct Engine {
    /// Where to ask.
    pub(crate) desk: Desk,
    thread: Option<JoinHandle<()>>,
}

/// Where the thread is asked; as many as there are askers.
#[derive(Clone)]
pub(crate) struct Desk(Sender<Ask>);

impl Engine {
    /// Starts the thread around an open client.
    pub(crate) fn start(client: Client, notices: UnboundedSender<Notice>) -> std::io::Result<Self> {
        let (asks, inbox) = channel();
        let turning = Turning {
            client,
            inbox,
            notices,
            lines: [None, None],
            wake: None,
            asked: HashMap::new(),
            waiters: Vec::new(),
            stirred: false,
        };
        let thread = std::thread::Builder::new().name("client".into()).spawn(move || turning.run())?;
        Ok(Self { desk: Desk(asks), thread: Some(thread) })
    }
}

impl Desk {
    /// Where to put what happens.
    pub(crate) fn asks(&self) -> Sender<Ask> {
        self.0.clone()
    }

    /// Makes a wish durable; `None` when the thread is gone.
    pub(crate) async fn command(&self, command: Command) -> Option<Result<Vec<Event>, ClientError>> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Ask::Command(command, reply)).ok()?;
        answer.await.ok()
    }

    /// Comes back when every request that was sent is answered.
    pub(crate) async fn answered(&self) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(Ask::WhenAnswered(reply)).is_ok() {
            let _ = answer.await;
        }
    }

    /// Reads from the client; `None` when the thread is gone.
    pub(crate) async fn read<T: Send + 'static>(&self, look: impl FnOnce(&Client) -> T + Send + 'static) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |client: &Client| {
            let _ = reply.send(look(client));
        });
        self.0.send(Ask::Read(look)).ok()?;
        answer.await.ok()
    }
}

impl Drop for Engine {
    /// Waits for the last change to be on the disk.
    fn drop(&mut self) {
        let _ = self.desk.0.send(Ask::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Turning {
    client: Client,
    inbox: Receiver<Ask>,
    notices: UnboundedSender<Notice>,
    lines: [Option<UnboundedSender<Vec<u8>>>; 2],
    wake: Option<Millis>,
    /// Sent and not answered yet.
    asked: HashMap<RequestId, Door>,
    waiters: Vec<oneshot::Sender<()>>,
    /// Something happened since the disk was last scrubbed.
    stirred: bool,
}

impl Turning {
    fn run(mut self) {
        self.drain(None);
        loop {
            let wait = self.wake.map_or(IDLE, |at| clock::until(at).min(IDLE));
            match self.inbox.recv_timeout(wait) {
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(ask) => self.take(ask),
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    self.rest();
                }
            }
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Read(look) => look(&self.client),
            Ask::Command(command, reply) => {
                let mut events = Vec::new();
                let done = self.handle(Input::Command(command));
                self.drain(Some(&mut events));
                let _ = reply.send(done.map(|()| events));
            }
            Ask::Opened(door, line) => {
                *self.line(door) = Some(line);
                self.happen(Input::Connected(door), door);
            }
            Ask::Input(Input::Disconnected(door)) => {
                *self.line(door) = None;
                self.asked.retain(|_, at| *at != door);
                self.happen(Input::Disconnected(door), door);
            }
            Ask::Input(input) => {
                let door = match &input {
                    Input::Told(door, told) => {
                        if let Told::Reply(id, _) = told {
                            self.asked.remove(id);
                        }
                        *door
                    }
                    Input::Connected(door) => *door,
                    _ => Door::Anonymous,
                };
                self.happen(input, door);
            }
            Ask::WhenAnswered(reply) => self.waiters.push(reply),
            Ask::Stop => {}
        }
        if self.asked.is_empty() {
            for waiter in self.waiters.drain(..) {
                let _ = waiter.send(());
            }
        }
    }

    /// Takes in what came by a door. What could not be made durable is asked for
    /// again: the door is shut, and the server repeats what was not acked.
    fn happen(&mut self, input: Input, door: Door) {
        if let Err(error) = self.handle(input) {
            *self.line(door) = None;
            let _ = self.notices.send(Notice::Disk(error));
        }
        self.drain(None);
    }

    /// Nothing happens: used keys are overwritten on the disk too, not only in the database.
    fn rest(&mut self) {
        if self.stirred && self.client.scrub().is_ok() {
            self.stirred = false;
        }
    }

    fn tick(&mut self) {
        if self.wake.is_some_and(|at| at <= clock::now()) {
            self.wake = None;
        }
        if let Err(error) = self.handle(Input::Tick) {
            self.wake = Some(clock::after(AGAIN));
            let _ = self.notices.send(Notice::Disk(error));
        }
        self.drain(None);
    }

    fn handle(&mut self, input: Input) -> Result<(), ClientError> {
        self.stirred |= !matches!(input, Input::Tick);
        self.client.handle(clock::now(), &mut chance::source(), input)
    }

    fn drain(&mut self, mut events: Option<&mut Vec<Event>>) {
        while let Some(output) = self.client.poll() {
            match output {
                Output::Send(door, id, request) => {
                    let is_answered = !matches!(request, Request::Device(DeviceRequest::Ack(_)));
                    if let Some(line) = self.line(door)
                        && line.send(encode_request(id, &request)).is_ok()
                        && is_answered
                    {
                        self.asked.insert(id, door);
                    }
                }
                Output::Tell(event) => match events.as_deref_mut() {
                    Some(events) => events.push(event),
                    None => drop(self.notices.send(Notice::Event(event))),
                },
                Output::WakeAt(at) => self.wake = Some(at),
                // The door's task sees that its line is gone, and opens another.
                Output::Reconnect(door) => *self.line(door) = None,
            }
        }
    }

    fn line(&mut self, door: Door) -> &mut Option<UnboundedSender<Vec<u8>>> {
        let [anonymous, device] = &mut self.lines;
        match door {
            Door::Anonymous => anonymous,
            Door::Device => device,
        }
    }
}
