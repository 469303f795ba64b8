//! The Worker's loop around `Client`, without the Worker: as STYLE.md draws it.
//!
//! Called by `browser`. What happens goes in with the time at which it does;
//! what is to be done is polled, in order. Says when it wants to be woken.
//! Never decides anything about the protocol; opens no socket, asks no clock.
//!
//! ```text
//!   frames ──┐                         ┌──► frames to the doors
//!   page ────┼─► handle ─► poll ───────┼──► events to the page
//!   wake-up ─┘                         └──► the next wake-up
//! ```

use std::collections::VecDeque;

use waxseal_core::store::{Store, StoreKey};
use waxseal_core::{Client, ClientError, Input, Output};
use waxseal_wire::frame::{Door, decode_told, encode_request};
use waxseal_wire::id::Millis;
use waxseal_wire::request::{DeviceRequest, Request};

use crate::chance;
use crate::contract::{Command, Event, Fault, Look, answer};

/// A client that nobody wakes looks around so often, in milliseconds.
const IDLE: u64 = 60_000;
/// After the disk failed a wake-up, it is tried again, in milliseconds.
const AGAIN: u64 = 5_000;

/// What the Worker must do; performed in the order polled.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Send a frame through a door, where it is open.
    Send {
        /// Through which.
        door: Door,
        /// What.
        frame: Vec<u8>,
        /// Whether the server answers it: silence would mean that the line is dead.
        is_answered: bool,
    },
    /// Tell the page.
    Tell(Event),
    /// Shut this door and open it again.
    Reopen(Door),
    /// Tell the page that the disk failed; nothing was changed, and it will be tried again.
    Disk(Fault),
}

/// One profile at work.
#[derive(Debug)]
pub struct Shell {
    client: Client,
    tasks: VecDeque<Task>,
    wake: Option<Millis>,
    /// When something last happened.
    since: Millis,
    /// Something happened since the disk was last scrubbed.
    stirred: bool,
}

impl Shell {
    /// Around an open store.
    pub fn open(store: Store, now: Millis) -> Result<Self, Fault> {
        let client = Client::open(store)?;
        Ok(Self { client, tasks: VecDeque::new(), wake: None, since: now, stirred: false })
    }

    /// A door is open.
    pub fn opened(&mut self, door: Door, now: Millis) {
        self.happen(Input::Connected(door), door, now);
    }

    /// A door is shut.
    pub fn shut(&mut self, door: Door, now: Millis) {
        self.happen(Input::Disconnected(door), door, now);
    }

    /// A frame came. One that does not read is an error: the door is shut, and whoever runs the server is at fault.
    pub fn told(&mut self, door: Door, frame: &[u8], now: Millis) -> Result<(), Fault> {
        let told = decode_told(frame)?;
        self.happen(Input::Told(door, told), door, now);
        Ok(())
    }

    /// A wish of the person's, made durable; what it brings about at once.
    pub fn command(&mut self, command: Command, now: Millis) -> Result<Vec<Event>, Fault> {
        let input = Input::Command(command.try_into()?);
        let mut events = Vec::new();
        let done = self.handle(input, now);
        self.drain(Some(&mut events));
        done.map(|()| events).map_err(|error| {
            let fault = Fault::from(error);
            self.tasks.push_back(Task::Disk(fault.clone()));
            fault
        })
    }

    /// Looks something up; changes nothing.
    pub fn look(&self, look: Look) -> Result<String, Fault> {
        answer(&self.client, look)
    }

    /// The moment asked for by [`Self::wake_at`] has come.
    pub fn tick(&mut self, now: Millis) {
        if self.wake.is_some_and(|at| at <= now) {
            self.wake = None;
        }
        if let Err(error) = self.handle(Input::Tick, now) {
            self.wake = Some(Millis(now.0.saturating_add(AGAIN)));
            self.tasks.push_back(Task::Disk(error.into()));
        }
        self.drain(None);
        self.rest();
    }

    /// When to call [`Self::tick`], if nothing happens before.
    pub fn wake_at(&self) -> Millis {
        let idle = Millis(self.since.0.saturating_add(IDLE));
        self.wake.map_or(idle, |at| at.min(idle))
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// Encrypts the database anew under this key.
    pub fn rekey(&mut self, key: &StoreKey) -> Result<(), Fault> {
        Ok(self.client.store_mut().rekey(key)?)
    }

    /// Takes in what came by a door. What could not be made durable is asked for
    /// again: the door is shut, and the server repeats what was not acked.
    fn happen(&mut self, input: Input, door: Door, now: Millis) {
        if let Err(error) = self.handle(input, now) {
            self.tasks.push_back(Task::Reopen(door));
            self.tasks.push_back(Task::Disk(error.into()));
        }
        self.drain(None);
    }

    /// Nothing happens: used keys are overwritten on the disk too, not only in the database.
    fn rest(&mut self) {
        if self.stirred && self.client.scrub().is_ok() {
            self.stirred = false;
        }
    }

    fn handle(&mut self, input: Input, now: Millis) -> Result<(), ClientError> {
        self.since = now;
        self.stirred |= !matches!(input, Input::Tick);
        self.client.handle(now, &mut chance::source(), input)
    }

    fn drain(&mut self, mut events: Option<&mut Vec<Event>>) {
        while let Some(output) = self.client.poll() {
            match output {
                Output::Send(door, id, request) => {
                    let is_answered = !matches!(request, Request::Device(DeviceRequest::Ack(_)));
                    self.tasks.push_back(Task::Send { door, frame: encode_request(id, &request), is_answered });
                }
                Output::Tell(event) => match events.as_deref_mut() {
                    Some(events) => events.push(event.into()),
                    None => self.tasks.push_back(Task::Tell(event.into())),
                },
                Output::WakeAt(at) => self.wake = Some(at),
                Output::Reconnect(door) => self.tasks.push_back(Task::Reopen(door)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use waxseal_core::store;
    use waxseal_wire::id::RequestId;

    use super::*;

    const NOW: Millis = Millis(1_795_000_000_000);

    fn shell() -> Shell {
        Shell::open(Store::open_in_memory().unwrap(), NOW).unwrap()
    }

    fn tasks(shell: &mut Shell) -> Vec<Task> {
        std::iter::from_fn(|| shell.poll()).collect()
    }

    fn register() -> Command {
        Command::Register { name: "alice".into(), invite: String::new(), device_name: "browser".into() }
    }

    /// What the next persist meets.
    fn plan(shell: &mut Shell, fault: store::Fault) {
        shell.client.store_mut().fail_persist(1, fault);
    }

    #[test]
    fn a_name_is_claimed_when_the_door_opens() {
        let mut shell = shell();
        assert_eq!(shell.command(register(), NOW).unwrap(), []);
        assert_eq!(tasks(&mut shell), [], "no door is open yet");
        shell.opened(Door::Anonymous, NOW);
        let sent = tasks(&mut shell);
        assert!(matches!(sent.as_slice(), [Task::Send { door: Door::Anonymous, is_answered: true, .. }]), "{sent:?}");
    }

    #[test]
    fn what_a_person_asks_on_a_full_disk_is_refused_and_can_be_asked_again() {
        let mut shell = shell();
        plan(&mut shell, store::Fault::Full);
        let refused = shell.command(register(), NOW).unwrap_err();
        assert_eq!(refused.code, "full");
        assert_eq!(tasks(&mut shell), [Task::Disk(refused)]);
        assert_eq!(shell.look(Look::Me).unwrap(), "null");
        shell.command(register(), NOW).unwrap();
        assert!(shell.look(Look::Me).unwrap().contains("alice"));
    }

    #[test]
    fn what_came_by_a_door_and_was_not_kept_is_asked_for_again() {
        let mut shell = shell();
        plan(&mut shell, store::Fault::Full);
        shell.opened(Door::Device, NOW);
        let after = tasks(&mut shell);
        assert!(matches!(after.as_slice(), [Task::Reopen(Door::Device), Task::Disk(fault)] if fault.code == "full"), "{after:?}");
    }

    #[test]
    fn a_wake_up_that_the_disk_refused_comes_again_in_five_seconds() {
        let mut shell = shell();
        plan(&mut shell, store::Fault::Full);
        shell.tick(NOW);
        assert!(matches!(tasks(&mut shell).as_slice(), [Task::Disk(_)]));
        assert_eq!(shell.wake_at(), Millis(NOW.0 + AGAIN));
        shell.tick(shell.wake_at());
        assert_eq!(tasks(&mut shell), []);
    }

    #[test]
    fn nobody_sleeps_longer_than_a_minute() {
        let mut shell = shell();
        assert_eq!(shell.wake_at(), Millis(NOW.0 + IDLE));
        shell.tick(Millis(NOW.0 + IDLE));
        assert_eq!(shell.wake_at(), Millis(NOW.0 + 2 * IDLE));
    }

    #[test]
    fn a_frame_that_does_not_read_changes_nothing() {
        let mut shell = shell();
        assert_eq!(shell.told(Door::Device, b"noise", NOW).unwrap_err().code, "badFrame");
        assert_eq!(tasks(&mut shell), []);
        // Nor does an answer that nobody waits for.
        let frame = waxseal_wire::frame::encode_reply(RequestId(7), &waxseal_wire::reply::Reply::Done);
        shell.told(Door::Device, &frame, NOW).unwrap();
        assert_eq!(tasks(&mut shell), []);
    }
}
