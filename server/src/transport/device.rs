//! The device door: a device proves itself and takes what waits for it.
//!
//! ```text
//!   ◄── Challenge
//!   Authenticate ──► Session          nothing else before, and soon
//!   Take ──► Entries, Entries …       at most limits::WINDOW unacked
//!   Ack ──► more Entries              and again whenever the mailbox wakes
//! ```
//! Called by `http` after the upgrade. Requests are answered one by one, in
//! order, while entries are read and pushed beside them. Never opens an entry.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;

use rand_core::RngCore;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use waxseal_wire::frame::{Door, decode_request, encode_push, encode_reply};
use waxseal_wire::id::{RequestId, Seq};
use waxseal_wire::limits;
use waxseal_wire::reply::{MailboxEntry, Push, Refusal, Reply};
use waxseal_wire::request::{DeviceRequest, Request};

use super::anonymous::{End, NO_ROOM, STOPPING, STRIKES, TEXT, TOO_LARGE, TOO_MANY_BAD, cost, refuse, refuse_all};
use super::line::{Gone, Heard, Line};
use super::{Bell, Hall};
use crate::engine::{Wake, Woken};
use crate::limits::Bucket;
use crate::metrics;
use crate::roles::Proven;

/// Entries in one push, and their bytes besides the first.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 512 << 10;
/// Requests that may wait on one connection.
const WAITING: usize = 16;
/// Wrong proofs on one connection before it is closed.
const PROOFS: u32 = 3;

const UNPROVEN: End = (CloseCode::Policy, "unproven");
const REPLACED: End = (CloseCode::Library(4001), "replaced");
const REMOVED: End = (CloseCode::Library(4002), "removed");
const FAILED: End = (CloseCode::Error, "failed");

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers one connection until it ends.
pub(super) async fn attend(mut line: Line, hall: &Hall, mut bell: Bell) {
    let _connected = metrics::Connected::by(Door::Device);
    let ended = match tokio::time::timeout(hall.settings.prove_within, Box::pin(prove(&mut line, hall, &mut bell))).await {
        Err(_) => Ok(UNPROVEN),
        Ok(Ok(Ok(by))) => Conversation::begin(&mut line, hall, by).attend(bell).await,
        Ok(Ok(Err(end))) => Ok(end),
        Ok(Err(gone)) => Err(gone),
    };
    match ended {
        Ok((code, why)) => {
            metrics::closed(why);
            line.close(code, why).await;
        }
        Err(gone) => metrics::closed(gone.as_str()),
    }
}

/// Challenges, and takes nothing but the answer.
async fn prove(line: &mut Line, hall: &Hall, bell: &mut Bell) -> Result<Result<Proven, End>, Gone> {
    let nonce = nonce();
    line.say(encode_push(&Push::Challenge(nonce)));
    let (mut strikes, mut proofs) = (0, 0);
    loop {
        let heard = tokio::select! {
            () = bell.rung() => return Ok(Err(STOPPING)),
            heard = line.hear(true) => heard,
        };
        let bytes = match heard {
            Heard::Gone(gone) => return Err(gone),
            Heard::Room => continue,
            Heard::Text => return Ok(Err(refuse_all(line, Refusal::Malformed, TEXT))),
            Heard::TooLarge => return Ok(Err(refuse_all(line, Refusal::TooLarge, TOO_LARGE))),
            Heard::NoRoom => return Ok(Err(refuse_all(line, Refusal::Full, NO_ROOM))),
            Heard::Frame(bytes) => bytes,
        };
        let (id, refusal) = match decode_request(Door::Device, &bytes) {
            Err((id, bad)) => {
                metrics::bad_frame();
                (id, bad.refusal())
            }
            Ok((id, Request::Device(DeviceRequest::Authenticate(proof)))) => {
                let began = Instant::now();
                match hall.engine.authenticate(nonce, proof).await {
                    Ok((by, session)) => {
                        let reply = Reply::Session(session);
                        metrics::answered("authenticate", Some(&reply), began.elapsed());
                        line.say(encode_reply(id, &reply));
                        return Ok(Ok(by));
                    }
                    Err(refusal) => {
                        line.say(refuse(id, "authenticate", refusal));
                        proofs += 1;
                        if proofs >= PROOFS {
                            return Ok(Err(UNPROVEN));
                        }
                        continue;
                    }
                }
            }
            Ok((id, _)) => (id, Refusal::WrongDoor),
        };
        line.say(encode_reply(id, &Reply::Refused(refusal)));
        strikes += 1;
        if strikes >= STRIKES {
            return Ok(Err(TOO_MANY_BAD));
        }
    }
}

/// The talk with one proven device.
struct Conversation<'a> {
    line: &'a mut Line,
    hall: &'a Hall,
    by: Proven,
    wake: Wake,
    bucket: Bucket,
    strikes: u32,
    waiting: VecDeque<(RequestId, DeviceRequest)>,
    working: Option<Boxed<Option<Vec<u8>>>>,
    mail: Mail,
}

/// How far the mailbox was pushed.
#[derive(Default)]
struct Mail {
    /// Nothing is pushed before the device takes.
    taking: bool,
    /// There may be entries after `pushed`.
    more: bool,
    /// The device was told once that nothing more waits.
    told_all: bool,
    pushed: Seq,
    unacked: VecDeque<Seq>,
    reading: Option<Boxed<Result<Vec<MailboxEntry>, Refusal>>>,
}

impl<'a> Conversation<'a> {
    fn begin(line: &'a mut Line, hall: &'a Hall, by: Proven) -> Self {
        // Armed before anything is read, so that nothing comes between.
        let wake = hall.engine.wake(by.mailbox());
        let bucket = Bucket::new(hall.settings.rate, hall.now());
        Self { line, hall, by, wake, bucket, strikes: 0, waiting: VecDeque::new(), working: None, mail: Mail::default() }
    }

    async fn attend(mut self, mut bell: Bell) -> Result<End, Gone> {
        let mut session = self.hall.sessions.enter(self.by.mailbox());
        loop {
            self.start_work();
            self.start_reading();
            let may_read = self.waiting.len() < WAITING;
            tokio::select! {
                biased;
                () = bell.rung() => break,
                () = session.replaced() => return Ok(REPLACED),
                done = ready_or_never(&mut self.working) => {
                    self.working = None;
                    if let Some(frame) = done {
                        self.line.say(frame);
                    }
                }
                read = ready_or_never(&mut self.mail.reading) => {
                    self.mail.reading = None;
                    match read {
                        Ok(entries) => self.push(entries),
                        Err(Refusal::WrongDoor) => return Ok(REMOVED),
                        // The device comes back and takes again; nothing is lost by that.
                        Err(_) => return Ok(FAILED),
                    }
                }
                woken = self.wake.woken() => match woken {
                    Woken::Entries => self.mail.more = true,
                    Woken::Removed => break,
                },
                heard = self.line.hear(may_read) => match heard {
                    Heard::Gone(gone) => return Err(gone),
                    Heard::Room => {}
                    Heard::Text => return Ok(refuse_all(self.line, Refusal::Malformed, TEXT)),
                    Heard::TooLarge => return Ok(refuse_all(self.line, Refusal::TooLarge, TOO_LARGE)),
                    Heard::NoRoom => return Ok(refuse_all(self.line, Refusal::Full, NO_ROOM)),
                    Heard::Frame(bytes) => {
                        if let Some(end) = self.on_frame(&bytes) {
                            return Ok(end);
                        }
                    }
                }
            }
        }
        // The server stops, or the device was removed, perhaps by its own request: that is still answered.
        let removed = !*bell.0.borrow();
        self.finish().await;
        Ok(if removed { REMOVED } else { STOPPING })
    }

    fn on_frame(&mut self, bytes: &[u8]) -> Option<End> {
        match decode_request(Door::Device, bytes) {
            Err((id, bad)) => {
                metrics::bad_frame();
                self.line.say(encode_reply(id, &Reply::Refused(bad.refusal())));
                self.strikes += 1;
                (self.strikes >= STRIKES).then_some(TOO_MANY_BAD)
            }
            Ok((id, Request::Device(DeviceRequest::Ack(upto)))) => {
                self.on_ack(id, upto);
                None
            }
            Ok((id, Request::Device(request))) => {
                match self.bucket.take(self.hall.settings.rate, self.hall.now(), cost(bytes.len())) {
                    Err(refusal) => self.line.say(refuse(id, kind(&request), refusal)),
                    Ok(()) => self.waiting.push_back((id, request)),
                }
                None
            }
            // The door was checked while decoding; here for the compiler.
            Ok((id, Request::Anonymous(_))) => {
                self.line.say(encode_reply(id, &Reply::Refused(Refusal::WrongDoor)));
                None
            }
        }
    }

    /// Acks cost no token, because they cannot be refused; those that wait are drawn together.
    fn on_ack(&mut self, id: RequestId, upto: Seq) {
        while self.mail.unacked.front().is_some_and(|seq| *seq <= upto) {
            self.mail.unacked.pop_front();
        }
        if self.mail.unacked.is_empty() {
            self.mail.unacked.shrink_to_fit();
        }
        match self.waiting.back_mut() {
            Some((_, DeviceRequest::Ack(last))) => *last = upto.max(*last),
            _ => self.waiting.push_back((id, DeviceRequest::Ack(upto))),
        }
    }

    fn start_work(&mut self) {
        while self.working.is_none() {
            let Some((id, request)) = self.waiting.pop_front() else {
                return;
            };
            match request {
                DeviceRequest::Take(after) => {
                    self.mail = Mail { taking: true, more: true, pushed: after, ..Mail::default() };
                    metrics::answered("take", None, std::time::Duration::ZERO);
                    self.line.say(encode_reply(id, &Reply::Done));
                }
                // A device proves itself once.
                DeviceRequest::Authenticate(_) => self.line.say(refuse(id, "authenticate", Refusal::WrongDoor)),
                request => {
                    let (engine, by) = (self.hall.engine.clone(), self.by);
                    self.working = Some(Box::pin(async move {
                        let (kind, began) = (kind(&request), Instant::now());
                        let reply = engine.device(&by, request).await;
                        metrics::answered(kind, reply.as_ref(), began.elapsed());
                        reply.map(|reply| encode_reply(id, &reply))
                    }));
                }
            }
        }
        if self.waiting.is_empty() {
            self.waiting.shrink_to_fit();
        }
    }

    fn start_reading(&mut self) {
        let mail = &mut self.mail;
        let room = limits::WINDOW.saturating_sub(mail.unacked.len());
        if !mail.taking || !mail.more || mail.reading.is_some() || room == 0 || self.line.is_clogged() {
            return;
        }
        // Whatever is put from here on wakes again.
        mail.more = false;
        let (engine, by, after) = (self.hall.engine.clone(), self.by, mail.pushed);
        mail.reading = Some(Box::pin(async move { engine.entries(&by, after, room.min(BATCH), BATCH_BYTES).await }));
    }

    fn push(&mut self, entries: Vec<MailboxEntry>) {
        match entries.last() {
            Some(last) => {
                self.mail.more = true;
                self.mail.pushed = last.seq;
            }
            // All that waited when the device began to take was pushed: an empty push says so, once.
            None if !core::mem::replace(&mut self.mail.told_all, true) => {}
            None => return,
        }
        self.mail.unacked.extend(entries.iter().map(|entry| entry.seq));
        metrics::pushed(entries.len(), entries.iter().map(|entry| entry.sealed.len()).sum());
        self.line.say(encode_push(&Push::Entries(entries)));
    }

    async fn finish(&mut self) {
        loop {
            self.start_work();
            let Some(working) = self.working.take() else {
                return;
            };
            if let Some(frame) = working.await {
                self.line.say(frame);
            }
        }
    }
}

async fn ready_or_never<T>(future: &mut Option<Boxed<T>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

#[allow(clippy::disallowed_types, reason = "the transport is a shell: a challenge is made of the system's randomness")]
fn nonce() -> [u8; 32] {
    let mut nonce = [0; 32];
    rand_core::OsRng.fill_bytes(&mut nonce);
    nonce
}

fn kind(request: &DeviceRequest) -> &'static str {
    match request {
        DeviceRequest::Authenticate(_) => "authenticate",
        DeviceRequest::Begin(_) => "begin",
        DeviceRequest::Take(_) => "take",
        DeviceRequest::Ack(_) => "ack",
        DeviceRequest::PublishKeys(_) => "publish_keys",
        DeviceRequest::AppendRecord(_) => "append_record",
        DeviceRequest::DropAlias(_) => "drop_alias",
        DeviceRequest::CloseAccount(_) => "close_account",
        DeviceRequest::Watch(_) => "watch",
    }
}
