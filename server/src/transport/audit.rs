//! The log's paths: what auditors and witnesses fetch, by plain HTTP and without saying who they are.
//!
//! Called by `http` for every path under `/log/`. Reads a path in its one form, and bounds what waits and what travels.
//! What the log is, `roles/audit` knows; never asks who wants to see it.
//!
//! ```text
//!   /log/keys                      both keys, and the verifier key for signed notes
//!   /log/checkpoint                the newest tree head            asked again each time
//!   /log/tile/0/x001/234           256 hashes                      kept for ever
//!   /log/tile/entries/000.p/7      the first seven epochs
//!   /log/step/7                    what epoch 7 added
//!   /log/handovers/<id>            which logs followed that one
//! ```

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use tokio::time::Instant;
use waxseal_wire::id::LogId;
use waxseal_wire::reply::{Refusal, Reply};

use super::http::{NOTHING, text};
use super::sent::{Cut, Sending, Sent};
use crate::engine::Engine;
use crate::metrics;
use crate::roles::{Audit, TILE, Tile};

/// Where all of it is.
pub(super) const ROOT: &str = "/log/";

/// Longer paths name nothing: three digits a part, and 2^64 has seven parts.
const PATH_BYTES: usize = 128;

/// The answer to a path under [`ROOT`].
pub(super) async fn answer(path: &str, engine: &Engine, sending: &Sending, cut: &Cut) -> Response<Either<Full<Bytes>, Sent>> {
    let Some(asked) = parse(path) else { return text(StatusCode::NOT_FOUND, NOTHING).map(Either::Left) };
    let began = Instant::now();
    let answered = {
        // A crowd of auditors waits here, and not before people's look-ups.
        let _turn = sending.turn().await;
        engine.audit(asked).await
    };
    let refused = match &answered {
        Ok(Some(_)) => None,
        Ok(None) => Some(Reply::Refused(Refusal::Unknown)),
        Err(refusal) => Some(Reply::Refused(*refusal)),
    };
    metrics::answered(kind(&asked), refused.as_ref(), began.elapsed());
    match answered {
        Ok(None) => text(StatusCode::NOT_FOUND, NOTHING).map(Either::Left),
        Err(_) => later("The log cannot be read now.\n"),
        Ok(Some(bytes)) => match sending.send(bytes, cut) {
            Some(body) => shown(&asked, body),
            None => later("Too much is on its way to others; ask again.\n"),
        },
    }
}

fn shown(asked: &Audit, body: Sent) -> Response<Either<Full<Bytes>, Sent>> {
    let mut response = Response::new(Either::Right(body));
    let headers = response.headers_mut();
    let (media, kept) = forms(asked);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn later(why: &'static str) -> Response<Either<Full<Bytes>, Sent>> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, why).map(Either::Left);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// Media type, and how long it may be kept. After a restore the same paths are another log's: a day, not a year.
fn forms(asked: &Audit) -> (&'static str, &'static str) {
    const TEXT: &str = "text/plain; charset=utf-8";
    const BYTES: &str = "application/octet-stream";
    const KEPT: &str = "public, max-age=86400, immutable";
    match asked {
        Audit::Keys | Audit::Checkpoint => (TEXT, "no-cache"),
        Audit::Hashes(..) | Audit::Entries(_) | Audit::Step(_) => (BYTES, KEPT),
        Audit::Handovers(_) => (BYTES, "no-cache"),
    }
}

fn kind(asked: &Audit) -> &'static str {
    match asked {
        Audit::Keys => "log_keys",
        Audit::Checkpoint => "log_checkpoint",
        Audit::Hashes(..) | Audit::Entries(_) => "log_tile",
        Audit::Step(_) => "log_step",
        Audit::Handovers(_) => "log_handovers",
    }
}

/// What a path asks for; one path for one thing.
fn parse(path: &str) -> Option<Audit> {
    let rest = path.strip_prefix(ROOT).filter(|rest| rest.len() <= PATH_BYTES)?;
    match rest.split_once('/') {
        None if rest == "keys" => Some(Audit::Keys),
        None if rest == "checkpoint" => Some(Audit::Checkpoint),
        Some(("step", epoch)) => number(epoch).map(Audit::Step),
        Some(("handovers", log)) => log_id(log).map(Audit::Handovers),
        Some(("tile", tile)) => match tile.split_once('/')? {
            ("entries", tile) => parse_tile(tile).map(Audit::Entries),
            (level, tile) => Some(Audit::Hashes(number(level)?.try_into().ok().filter(|level| *level < 64)?, parse_tile(tile)?)),
        },
        _ => None,
    }
}

/// `x001/x234/067`, and `.p/` with a width where the tile is not full.
fn parse_tile(text: &str) -> Option<Tile> {
    let (index, width) = match text.split_once(".p/") {
        None => (text, TILE),
        Some((index, width)) => (index, number(width).filter(|width| (1..TILE).contains(width))?),
    };
    let (mut parts, mut read) = (index.split('/').peekable(), 0_u64);
    let is_long = parts.clone().count() > 1;
    // Leading zeros fill a part up to its three digits; no part is there for zeros alone.
    if is_long && index.starts_with("x000") {
        return None;
    }
    while let Some(part) = parts.next() {
        let digits = if parts.peek().is_some() { part.strip_prefix('x')? } else { part };
        let three = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
        let value: u64 = digits.parse().ok().filter(|_| three)?;
        read = read.checked_mul(1000)?.checked_add(value)?;
    }
    Some(Tile { index: read, width })
}

/// A decimal number in its one form.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|digit| digit.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn log_id(text: &str) -> Option<LogId> {
    let mut id = [0; LogId::LEN];
    let lower = !text.bytes().any(|digit| digit.is_ascii_uppercase());
    hex::decode_to_slice(text, &mut id).ok().filter(|()| lower)?;
    Some(LogId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(index: u64, width: u64) -> Tile {
        Tile { index, width }
    }

    #[test]
    fn each_thing_has_one_path() {
        for (path, asked) in [
            ("/log/keys", Audit::Keys),
            ("/log/checkpoint", Audit::Checkpoint),
            ("/log/tile/0/000", Audit::Hashes(0, tile(0, 256))),
            ("/log/tile/63/x001/x234/067", Audit::Hashes(63, tile(1_234_067, 256))),
            ("/log/tile/1/x999/999.p/255", Audit::Hashes(1, tile(999_999, 255))),
            ("/log/tile/entries/007.p/1", Audit::Entries(tile(7, 1))),
            ("/log/tile/entries/x018/x446/x744/x073/x709/x551/615", Audit::Entries(tile(u64::MAX, 256))),
            ("/log/step/18446744073709551615", Audit::Step(u64::MAX)),
            ("/log/handovers/0707070707070707070707070707070707070707070707070707070707070707", Audit::Handovers(LogId([7; 32]))),
        ] {
            assert_eq!(parse(path), Some(asked), "{path}");
        }
    }

    #[test]
    fn nothing_else_is_a_path() {
        let long = format!("/log/tile/0/{}000", "x001/".repeat(30));
        for path in [
            "/log",
            "/log/",
            "/log//",
            "/log/Keys",
            "/log/keys/",
            "/log/checkpoint/1",
            "/log/tile",
            "/log/tile/",
            "/log/tile/0",
            "/log/tile/0/",
            "/log/tile/0/0",
            "/log/tile/0/0000",
            "/log/tile/00/000",
            "/log/tile/64/000",
            "/log/tile/-1/000",
            "/log/tile/0/000/",
            "/log/tile/0/x000/001",
            "/log/tile/0/001/001",
            "/log/tile/0/x001",
            "/log/tile/0/+01",
            "/log/tile/0/000.p",
            "/log/tile/0/000.p/",
            "/log/tile/0/000.p/0",
            "/log/tile/0/000.p/256",
            "/log/tile/0/000.p/07",
            "/log/tile/0/000.p/1/",
            "/log/tile/0/000.p/1.p/1",
            "/log/tile/entries",
            "/log/tile/Entries/000",
            "/log/tile/0/x018/x446/x744/x073/x709/x551/616",
            "/log/tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "/log/step/",
            "/log/step/01",
            "/log/step/+1",
            "/log/step/-1",
            "/log/step/1/",
            "/log/step/18446744073709551616",
            "/log/step/1e3",
            "/log/step/%31",
            "/log/handovers/",
            "/log/handovers/07",
            "/log/tile/0/٠٠٠",
            "/log/../log/keys",
            "/log/handovers/A707070707070707070707070707070707070707070707070707070707070707",
            long.as_str(),
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    #[test]
    fn what_never_changes_may_be_kept_and_heads_may_not() {
        assert!(forms(&Audit::Step(1)).1.contains("immutable"));
        assert_eq!(forms(&Audit::Checkpoint).1, "no-cache");
    }
}
