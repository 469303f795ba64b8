//! The cosigned head for others, and a witness's one door (C2SP tlog-witness).
//!
//! Called by `follow` where `--listen` says so. Signs only heads of the size and root that are settled in the state:
//! whoever asks for another one is told what is settled. What others bring and the log has signed is handed on, since it
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
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use waxseal_transparency::{Head, LogKeys, SignedHead, WitnessSecret};

use crate::clock;

/// Connections at once.
const CROWD: usize = 64;
/// How long one may last.
const PATIENCE: Duration = Duration::from_secs(30);
/// The old size, 63 hashes and a note.
const ASKED: usize = 16 << 10;

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
    let Some(settled) = settled else { return text(StatusCode::SERVICE_UNAVAILABLE, "Nothing is verified.\n".to_owned()) };
    match (request.method(), request.uri().path(), &door.key) {
        (&Method::GET | &Method::HEAD, "/checkpoint", _) => text(StatusCode::OK, settled.head.to_note(&settled.log)),
        (&Method::POST, "/add-checkpoint", Some(key)) => {
            let asked = Limited::new(request.into_body(), ASKED).collect().await;
            let asked = asked.ok().and_then(|body| String::from_utf8(body.to_bytes().to_vec()).ok());
            asked.map_or_else(|| text(StatusCode::BAD_REQUEST, String::new()), |asked| add(&asked, &settled, key, &door.brought))
        }
        _ => text(StatusCode::NOT_FOUND, "There is nothing here.\n".to_owned()),
    }
}

/// C2SP tlog-witness, add-checkpoint: `old <size>`, the hashes of a proof, an empty line, a note.
fn add(asked: &str, settled: &Settled, key: &WitnessSecret, brought: &mpsc::Sender<SignedHead>) -> Response<Full<Bytes>> {
    let refused = |status| text(status, String::new());
    let Some((proof, note)) = asked.split_once("\n\n") else { return refused(StatusCode::BAD_REQUEST) };
    let mut lines = proof.lines();
    let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(|size| size.parse::<u64>().ok());
    let Some(old) = old else { return refused(StatusCode::BAD_REQUEST) };
    if note.lines().next() != Some(settled.log.origin().as_str()) {
        return refused(StatusCode::NOT_FOUND);
    }
    let Ok(signed) = SignedHead::from_note(&settled.log, note) else { return refused(StatusCode::FORBIDDEN) };
    let (is, Head { size, root, .. }) = (signed.head, settled.head.head);
    if is.size <= size && is != settled.head.head {
        // The log signed both: whether they go together is judged where a lie has consequences.
        brought.try_send(signed.clone()).ok();
    }
    if old > is.size {
        return refused(StatusCode::BAD_REQUEST);
    }
    if old != size || (is.size == size && is.root != root) {
        let mut response = text(StatusCode::CONFLICT, format!("{size}\n"));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"));
        return response;
    }
    if is.size > size {
        // It is signed when its epochs were verified, and they are fetched from the log itself.
        return text(StatusCode::SERVICE_UNAVAILABLE, "Not verified yet; ask again.\n".to_owned());
    }
    if lines.next().is_some() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut cosigned = SignedHead { cosignatures: vec![key.cosign(&settled.log.id(), &is, clock::now())], ..signed };
    let note = std::mem::take(&mut cosigned.cosignatures);
    let bare = cosigned.to_note(&settled.log);
    cosigned.cosignatures = note;
    // Our line alone: what stands after the log's own.
    let line = cosigned.to_note(&settled.log).strip_prefix(&bare).unwrap_or_default().to_owned();
    text(StatusCode::OK, line)
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
