//! The operator's listener: metrics, and what the verbs ask of a running server.
//!
//! ```text
//!   GET  /metrics                           Prometheus text
//!   POST /admin/invite   {"uses","days"} →  {"code"}
//!   POST /admin/subject  {"name"}        →  everything held, 404 where nothing is
//!   POST /admin/backup   {"to"}          →  {}
//! ```
//! Called by the program, on loopback only. Browsers reach loopback too, so
//! every request must bear the token that lies in the data folder.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use waxseal_wire::name::AccountName;
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::metrics::Numbers;

/// Connections at once; an operator has few hands.
const CONNECTIONS: usize = 16;
const BODY_BYTES: usize = 16 << 10;
const WITHIN: Duration = Duration::from_secs(10);
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What an operator's request is answered from.
pub struct Admin {
    /// The server's rules and store.
    pub engine: Engine,
    /// What was counted.
    pub numbers: Numbers,
    /// What every request must bear.
    pub token: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Invite {
    uses: u32,
    days: u32,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Backup {
    to: PathBuf,
}

/// Answers on `listener` until the future is dropped.
pub async fn serve(admin: Admin, listener: TcpListener) {
    let admin = Arc::new(admin);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut upkeep = tokio::time::interval(UPKEEP_EVERY);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = upkeep.tick() => {
                admin.numbers.upkeep();
                continue;
            }
        };
        let (Ok((stream, _)), Ok(place)) = (accepted, Arc::clone(&room).try_acquire_owned()) else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let admin = Arc::clone(&admin);
        tokio::spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(admin.answer(request).await) });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(WITHIN);
            http.serve_connection(TokioIo::new(stream), service).await.ok();
            drop(place);
        });
    }
}

impl Admin {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if !self.bears_token(&request) {
            return said(StatusCode::UNAUTHORIZED, "bear the token in admin.token: `Authorization: Bearer …`");
        }
        let (head, body) = request.into_parts();
        if (&head.method, head.uri.path()) == (&Method::GET, "/metrics") {
            let mut response = Response::new(Full::from(self.numbers.render()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
            return response;
        }
        if head.method != Method::POST {
            return said(StatusCode::NOT_FOUND, "there is nothing here");
        }
        let body = match tokio::time::timeout(WITHIN, Limited::new(body, BODY_BYTES).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            _ => return said(StatusCode::BAD_REQUEST, "the body is too large or did not come"),
        };
        match head.uri.path() {
            "/admin/invite" => self.invite(&body).await,
            "/admin/subject" => self.subject(&body).await,
            "/admin/backup" => self.backup(&body).await,
            _ => said(StatusCode::NOT_FOUND, "there is nothing here"),
        }
    }

    fn bears_token(&self, request: &Request<Incoming>) -> bool {
        let given = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        given.is_some_and(|given| given.ct_eq(self.token.as_bytes()).into())
    }

    async fn invite(&self, body: &[u8]) -> Response<Full<Bytes>> {
        let Ok(Invite { uses, days }) = serde_json::from_slice(body) else {
            return malformed();
        };
        match self.engine.invite(uses, days).await {
            Ok(code) => json(StatusCode::OK, &serde_json::json!({ "code": code })),
            Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    async fn subject(&self, body: &[u8]) -> Response<Full<Bytes>> {
        let Ok(Named { name }) = serde_json::from_slice(body) else {
            return malformed();
        };
        let Ok(name) = AccountName::parse(&name) else {
            return said(StatusCode::NOT_FOUND, "no account can have this name");
        };
        match self.engine.subject(&name).await {
            Ok(Some(subject)) => json(StatusCode::OK, &subject),
            Ok(None) => said(StatusCode::NOT_FOUND, "nothing is held about this name"),
            Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    async fn backup(&self, body: &[u8]) -> Response<Full<Bytes>> {
        let Ok(Backup { to }) = serde_json::from_slice(body) else {
            return malformed();
        };
        if !to.is_absolute() || to.exists() {
            return said(StatusCode::CONFLICT, "a backup needs the absolute path of a file that is not there yet");
        }
        match self.engine.backup(&to).await {
            Ok(()) => json(StatusCode::OK, &serde_json::json!({})),
            Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }
}

fn malformed() -> Response<Full<Bytes>> {
    said(StatusCode::BAD_REQUEST, "the body is not what this path takes")
}

fn said(status: StatusCode, error: &str) -> Response<Full<Bytes>> {
    json(status, &serde_json::json!({ "error": error }))
}

fn json(status: StatusCode, body: &impl serde::Serialize) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
