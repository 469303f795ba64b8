//! The HTTP side of the public listener: health, the page, the log for auditors, the witness, and the way to the two doors.
//!
//! Called by `transport` for each accepted connection. Upgrades to a WebSocket
//! by hand (RFC 6455 §4.2), so that the raw socket comes back with nothing
//! around it. Never serves anything about an account.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use hyper::header::{SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use waxseal_wire::frame::Door;

use super::caller::Caller;
use super::crowd::Place;
use super::line::Line;
use super::sent::{Cut, Sent};
use super::socket::Socket;
use super::{Bell, Hall, Settings, anonymous, audit, cosign, device, page};
use crate::store::StoreError;

/// A request's head may be this large.
const HEAD_BYTES: usize = 8 << 10;

const GREETING: &str = "This is a Waxseal server. It carries sealed messages and cannot open them.\n\
    It serves no page; to talk to somebody here, use the client for the terminal: waxseal --server THIS-ADDRESS\n";
pub(super) const NOTHING: &str = "There is nothing here.\n";

/// Answers HTTP on one connection until it closes or becomes a WebSocket.
pub(super) async fn converse((socket, peer): (Socket, IpAddr), hall: Arc<Hall>, place: Place, bell: Bell) {
    let place = Arc::new(place);
    let mut stopping = bell.clone();
    let greet_within = hall.settings.greet_within;
    let cut = Cut::default();
    let slow = Arc::clone(&cut);
    let service = service_fn(move |request: Request<Incoming>| {
        let (hall, place, bell, cut) = (Arc::clone(&hall), Arc::clone(&place), bell.clone(), Arc::clone(&cut));
        async move { Ok::<_, Infallible>(respond(request, peer, &hall, &place, &bell, &cut).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(greet_within)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = slow.notified() => return crate::metrics::closed("slow"),
        () = stopping.rung() => connection.as_mut().graceful_shutdown(),
    }
    // Errors here are the peer's: it left, or did not speak HTTP.
    connection.await.ok();
}

/// What the log shows is read first, and what is to be cosigned is judged; everything else is answered at once.
async fn respond(
    request: Request<Incoming>,
    peer: IpAddr,
    hall: &Arc<Hall>,
    place: &Arc<Place>,
    bell: &Bell,
    cut: &Cut,
) -> Response<Either<Full<Bytes>, Sent>> {
    if request.uri().path().starts_with(audit::ROOT) && is_read(request.method()) {
        return audit::answer(request.uri().path(), &hall.engine, &hall.sending, cut).await;
    }
    if cosign::is_asked(&request) {
        return cosign::answer(request, hall).await.map(Either::Left);
    }
    answer(request, peer, hall, place, bell).map(Either::Left)
}

fn answer(
    mut request: Request<Incoming>,
    peer: IpAddr,
    hall: &Arc<Hall>,
    place: &Arc<Place>,
    bell: &Bell,
) -> Response<Full<Bytes>> {
    let door = match request.uri().path() {
        path if path == Door::Anonymous.path() => Door::Anonymous,
        path if path == Door::Device.path() => Door::Device,
        "/healthz" if is_read(request.method()) => return alive(hall.engine.health()),
        "/readyz" if is_read(request.method()) => return ready(hall.engine.health()),
        path if is_read(request.method()) => return served(path, request.headers(), &hall.settings),
        _ => return text(StatusCode::NOT_FOUND, NOTHING),
    };
    let Some(key) = websocket_key(&request) else {
        let mut response = text(StatusCode::UPGRADE_REQUIRED, "This is a WebSocket door, version 13.\n");
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    let caller = Caller::of(peer, hall.settings.behind_proxy, request.headers());
    let upgraded = hyper::upgrade::on(&mut request);
    let (hall, place, bell) = (Arc::clone(hall), Arc::clone(place), bell.clone());
    tokio::spawn(async move {
        let Ok(parts) = upgraded.await.map_err(drop).and_then(|upgraded| upgraded.downcast::<TokioIo<Socket>>().map_err(drop))
        else {
            return;
        };
        let line = Line::new(parts.io.into_inner(), parts.read_buf, hall.settings.beat, hall.room(door)).await;
        match door {
            Door::Anonymous => anonymous::attend(line, caller, &hall, bell).await,
            Door::Device => device::attend(line, &hall, bell).await,
        }
        drop(place);
    });
    switching(&key)
}

/// A file of the page; without a page, a word on how else to talk.
fn served(path: &str, asked: &HeaderMap, settings: &Settings) -> Response<Full<Bytes>> {
    let file = settings.page.then(|| page::file(path, asked, settings.tls.is_some())).flatten();
    file.unwrap_or_else(|| match path {
        "/" => text(StatusCode::OK, GREETING),
        _ => text(StatusCode::NOT_FOUND, NOTHING),
    })
}

/// Whether it makes sense to let this process live: it does, also while its disk is full.
fn alive(health: Result<(), StoreError>) -> Response<Full<Bytes>> {
    match health {
        Ok(()) => text(StatusCode::OK, "ok\n"),
        Err(error) => text(StatusCode::OK, format!("alive, but nothing can be stored: {error}\n")),
    }
}

/// Whether it makes sense to send people here.
fn ready(health: Result<(), StoreError>) -> Response<Full<Bytes>> {
    match health {
        Ok(()) => text(StatusCode::OK, "ready\n"),
        Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")),
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The key of a proper WebSocket handshake (RFC 6455 §4.2.1).
fn websocket_key(request: &Request<Incoming>) -> Option<HeaderValue> {
    let says = |name: HeaderName, word: &str| {
        let values = request.headers().get_all(name);
        values.iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).any(|v| v.trim().eq_ignore_ascii_case(word))
    };
    let proper = request.method() == Method::GET
        && says(CONNECTION, "upgrade")
        && says(UPGRADE, "websocket")
        && says(SEC_WEBSOCKET_VERSION, "13");
    request.headers().get(SEC_WEBSOCKET_KEY).filter(|_| proper).cloned()
}

fn switching(key: &HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
