//! The cosigned head for others, and a witness's one door (C2SP tlog-witness).
//!
//! Called by `follow` where `--listen` says so. Signs only heads of the size and root that are settled in the state:
//! whoever asks for an older one is told what is settled, and for a newer one a round begins at once. What others bring and the log has signed is handed on, since it
//! may be a history that is not shown here. Never fetches anything.
//!
//! ```text
//!   GET  /checkpoint        the newest head that was verified, with our cosignature
//!   POST /add-checkpoint    a head, to be cosigned: 200, or why not
//! ```

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use waxseal_transparency::tree::is_consistent;
use waxseal_transparency::{AddCheckpoint, Head, LogKeys, SignedHead, WitnessSecret};

use crate::clock;

/// Connections at once.
const CROWD: usize = 64;
/// How long one may last.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long whoever asks waits for a round to come to the head that they brought.
const HURRY: Duration = Duration::from_secs(10);

/// What was verified last, and that nothing speaks against it.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    pub(crate) log: LogKeys,
    pub(crate) head: SignedHead,
}

/// Nothing is shown before the first round, and after a lie.
pub(crate) type Shown = watch::Receiver<Option<Settled>>;

/// What every connection shares.
pub(crate) struct Door {
    pub(crate) shown: Shown,
    pub(crate) key: Option<Arc<WitnessSecret>>,
    /// Has a round begun at once.
    pub(crate) hurry: Arc<Notify>,
    /// Heads that others brought, signed by the log, which speak against what was verified.
    pub(crate) brought: mpsc::Sender<SignedHead>,
}

/// Answers until the program ends.
pub(crate) async fn serve(listener: TcpListener, door: Door) {
    let door = Arc::new(door);
    let crowd = Arc::new(Semaphore::new(CROWD));
    loop {
        let place = Arc::clone(&crowd).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let door = Arc::clone(&door);
                tokio::spawn(async move {
                    tokio::time::timeout(PATIENCE, converse(stream, door)).await.ok();
                    drop(place);
                });
            }
            // Out of file descriptors, most often: waiting helps, and accepting again at once does not.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(answer(request, &door).await) }
    });
    // Errors here are the peer's.
    http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn answer(request: Request<Incoming>, door: &Door) -> Response<Full<Bytes>> {
    let settled = door.shown.borrow().clone();
    let Some(settled) = settled else { return later("Nothing is verified.\n") };
    match (request.method(), request.uri().path(), &door.key) {
        (&Method::GET | &Method::HEAD, "/checkpoint", _) => text(StatusCode::OK, settled.head.to_note(&settled.log)),
        (&Method::POST, "/add-checkpoint", Some(key)) => {
            let asked = Limited::new(request.into_body(), AddCheckpoint::LIMIT).collect().await;
            let asked = asked.ok().and_then(|body| String::from_utf8(body.to_bytes().to_vec()).ok());
            match asked {
                Some(asked) => add(&asked, settled, key, door).await,
                None => refused(StatusCode::BAD_REQUEST),
            }
        }
        _ => text(StatusCode::NOT_FOUND, "There is nothing here.\n".to_owned()),
    }
}

/// C2SP tlog-witness, add-checkpoint. A head that is newer than what was verified is looked for at once.
async fn add(text: &str, settled: Settled, key: &WitnessSecret, door: &Door) -> Response<Full<Bytes>> {
    let Ok(asked) = AddCheckpoint::parse(text) else { return refused(StatusCode::BAD_REQUEST) };
    if asked.origin() != settled.log.origin() {
        return refused(StatusCode::NOT_FOUND);
    }
    let Ok(signed) = SignedHead::from_note(&settled.log, &asked.note) else { return refused(StatusCode::FORBIDDEN) };
    let (is, was) = (signed.head, settled.head.head);
    if is.size <= was.size && is != was {
        // The log signed both: whether they go together is judged where a lie has consequences.
        door.brought.try_send(signed.clone()).ok();
    }
    if asked.old > is.size {
        return refused(StatusCode::BAD_REQUEST);
    }
    if asked.old != was.size || (is.size == was.size && is.root != was.root) {
        return elsewhere(was.size);
    }
    if !is_consistent((was.size, &was.root), (is.size, &is.root), &asked.proof) {
        return refused(StatusCode::UNPROCESSABLE_ENTITY);
    }
    if is.size == was.size {
        return text_of(key, &settled.log, &is);
    }
    // It is signed when its epochs were verified, and they are fetched from the log itself.
    match door.verified(is.size).await {
        Some(Settled { log, head }) if log == settled.log && head.head.size == is.size && head.head.root == is.root => {
            text_of(key, &log, &is)
        }
        Some(Settled { head, .. }) => {
            if head.head.size == is.size {
                door.brought.try_send(signed).ok();
            }
            elsewhere(head.head.size)
        }
        None => later("Not verified yet; ask again.\n"),
    }
}

impl Door {
    /// What is settled as soon as that many epochs are; `None` where that takes too long, or the log lied.
    async fn verified(&self, size: u64) -> Option<Settled> {
        let mut shown = self.shown.clone();
        self.hurry.notify_one();
        let settled = shown.wait_for(|settled| settled.as_ref().is_none_or(|settled| settled.head.head.size >= size));
        tokio::time::timeout(HURRY, settled).await.ok()?.ok()?.clone()
    }
}

/// Our line alone.
fn text_of(key: &WitnessSecret, log: &LogKeys, head: &Head) -> Response<Full<Bytes>> {
    text(StatusCode::OK, key.cosign(&log.id(), head, clock::now()).to_note_line())
}

fn elsewhere(size: u64) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::CONFLICT, format!("{size}\n"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"));
    response
}

fn later(why: &str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, why.to_owned());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn refused(status: StatusCode) -> Response<Full<Bytes>> {
    text(status, String::new())
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
