//! The anonymous door: nobody says who they are.
//!
//! Called by `http` after the upgrade. Up to [`PIPELINE`] requests of one
//! connection are worked on at once, and answered as they are done. Never
//! learns, and never asks, who is on the other side: of the network address
//! only [`Caller`] is left, to slow down floods.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use waxseal_wire::frame::{Door, decode_request, encode_reply};
use waxseal_wire::id::RequestId;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Request};

use super::caller::Caller;
use super::line::{Gone, Heard, Line};
use super::{Bell, Hall};
use crate::limits::Bucket;
use crate::metrics;

/// Requests of one connection that are worked on at once.
const PIPELINE: usize = 16;
/// Bad frames of one connection before it is closed.
pub(super) const STRIKES: u32 = 8;
/// This many bytes of a request cost one more token.
const TOKEN_BYTES: usize = 64 << 10;

/// How a conversation ended: the close code, and why in a word.
pub(super) type End = (CloseCode, &'static str);
pub(super) const STOPPING: End = (CloseCode::Away, "stopping");
pub(super) const TEXT: End = (CloseCode::Unsupported, "text");
pub(super) const TOO_LARGE: End = (CloseCode::Size, "too_large");
pub(super) const NO_ROOM: End = (CloseCode::Again, "no_room_for_frames");
pub(super) const TOO_MANY_BAD: End = (CloseCode::Policy, "bad_frames");

/// Answers one connection until it ends.
pub(super) async fn attend(mut line: Line, caller: Option<Caller>, hall: &Hall, bell: Bell) {
    let _connected = metrics::Connected::by(Door::Anonymous);
    // A silent connection keeps nothing but its line: what a conversation needs is freed with it.
    match converse(&mut line, caller, hall, bell).await {
        Ok((code, why)) => {
            metrics::closed(why);
            line.close(code, why).await;
        }
        Err(gone) => metrics::closed(gone.as_str()),
    }
}

async fn converse(line: &mut Line, caller: Option<Caller>, hall: &Hall, mut bell: Bell) -> Result<End, Gone> {
    let mut working = FuturesUnordered::new();
    let mut bucket = Bucket::new(hall.settings.rate, hall.now());
    let mut strikes = 0;
    loop {
        let may_read = working.len() < PIPELINE;
        tokio::select! {
            biased;
            () = bell.rung() => break,
            Some(frame) = working.next() => line.say(frame),
            heard = line.hear(may_read) => match heard {
                Heard::Gone(gone) => return Err(gone),
                Heard::Room => {}
                Heard::Text => return Ok(refuse_all(line, Refusal::Malformed, TEXT)),
                Heard::TooLarge => return Ok(refuse_all(line, Refusal::TooLarge, TOO_LARGE)),
                Heard::NoRoom => return Ok(refuse_all(line, Refusal::Full, NO_ROOM)),
                Heard::Frame(bytes) => {
                    let size = bytes.len();
                    let decoded = decode_request(Door::Anonymous, &bytes);
                    drop(bytes);
                    match decoded {
                        Err((id, bad)) => {
                            metrics::bad_frame();
                            line.say(encode_reply(id, &Reply::Refused(bad.refusal())));
                            strikes += 1;
                            if strikes >= STRIKES {
                                return Ok(TOO_MANY_BAD);
                            }
                        }
                        Ok((id, Request::Anonymous(request))) => {
                            let now = hall.now();
                            let haste = bucket.take(hall.settings.rate, now, cost(size));
                            match haste.and_then(|()| hall.callers.take(caller, now, &request)) {
                                Err(refusal) => line.say(refuse(id, kind(&request), refusal)),
                                Ok(()) => working.push(work(hall, id, request)),
                            }
                        }
                        // The door was checked while decoding; here for the compiler.
                        Ok((id, Request::Device(_))) => line.say(encode_reply(id, &Reply::Refused(Refusal::WrongDoor))),
                    }
                }
            }
        }
    }
    // The server stops: what was asked is still answered.
    while let Some(frame) = working.next().await {
        line.say(frame);
    }
    Ok(STOPPING)
}

async fn work(hall: &Hall, id: RequestId, request: AnonymousRequest) -> Vec<u8> {
    let (kind, began) = (kind(&request), Instant::now());
    let reply = hall.engine.anonymous(request).await;
    metrics::answered(kind, Some(&reply), began.elapsed());
    encode_reply(id, &reply)
}

/// Tokens that a request of `size` bytes costs.
pub(super) fn cost(size: usize) -> u32 {
    1 + u32::try_from(size / TOKEN_BYTES).unwrap_or(u32::MAX - 1)
}

/// A refusal that the transport itself made.
pub(super) fn refuse(id: RequestId, kind: &'static str, refusal: Refusal) -> Vec<u8> {
    let reply = Reply::Refused(refusal);
    metrics::answered(kind, Some(&reply), std::time::Duration::ZERO);
    encode_reply(id, &reply)
}

/// Refuses a frame whose id nobody could read, and everything after it.
pub(super) fn refuse_all(line: &mut Line, refusal: Refusal, end: End) -> End {
    metrics::bad_frame();
    line.say(encode_reply(RequestId(0), &Reply::Refused(refusal)));
    end
}

fn kind(request: &AnonymousRequest) -> &'static str {
    match request {
        AnonymousRequest::Register(_) => "register",
        AnonymousRequest::Lookup(_) => "lookup",
        AnonymousRequest::Relate(_) => "relate",
        AnonymousRequest::Witnessed => "witnessed",
        AnonymousRequest::Found(_) => "found",
        AnonymousRequest::SubmitMessage(_) => "submit_message",
        AnonymousRequest::SubmitCommit(_) => "submit_commit",
        AnonymousRequest::PutBlob(_) => "put_blob",
        AnonymousRequest::FetchBlob(_) => "fetch_blob",
    }
}
