//! The witness's door as HTTP: `POST /witness/add-checkpoint`.
//!
//! Called by `http`. Bounds what is read, before anything is made of it, and how long that may take. What is answered, `witness` decides.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::Instant;
use waxseal_transparency::AddCheckpoint;

use super::Hall;
use super::http::text;
use crate::metrics;
use crate::witness::{ADD, ROOT, SIZE, Said};

/// How long a question may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether this is for the witness.
pub(super) fn is_asked(request: &Request<Incoming>) -> bool {
    request.method() == Method::POST && request.uri().path().strip_prefix(ROOT) == Some(ADD)
}

/// The answer.
pub(super) async fn answer(request: Request<Incoming>, hall: &Hall) -> Response<Full<Bytes>> {
    let began = Instant::now();
    let body = Limited::new(request.into_body(), AddCheckpoint::LIMIT).collect();
    let asked = tokio::time::timeout(PATIENCE, body).await.ok().and_then(Result::ok);
    let asked = asked.and_then(|body| String::from_utf8(body.to_bytes().to_vec()).ok());
    let said = match asked {
        Some(asked) => hall.door.answer(&hall.engine, &asked).await,
        None => Said::Refused(StatusCode::BAD_REQUEST),
    };
    let (outcome, response) = match said {
        Said::Cosigned(line) => ("cosigned", text(StatusCode::OK, line)),
        Said::Size(size) => ("elsewhere", sized(size)),
        Said::Refused(status) => (refused_as(status), refused(status)),
    };
    metrics::cosigned(outcome, began.elapsed());
    response
}

fn sized(size: u64) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::CONFLICT, format!("{size}\n"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SIZE));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = text(status, Bytes::new());
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

fn refused_as(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "malformed",
        StatusCode::FORBIDDEN => "unknown",
        StatusCode::UNPROCESSABLE_ENTITY => "unproven",
        StatusCode::TOO_MANY_REQUESTS => "too_fast",
        _ => "failed",
    }
}
