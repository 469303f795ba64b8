//! Files of the server over HTTP, one connection for one after the other.
//!
//! Called by `source`. Bounds every answer and every wait; follows no redirection. Never believes what it fetched.

use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::address::Address;

/// A server that does not answer in this time is not there.
const PATIENCE: Duration = Duration::from_secs(30);

type Line = SendRequest<Empty<Bytes>>;

/// Why nothing came. Nothing follows from it about the log: ask again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    /// No such host.
    #[error("the server's name does not resolve")]
    NoHost,
    /// Nobody listens there, or nobody answers.
    #[error("the server does not answer")]
    Silent,
    /// The certificate is not the server's.
    #[error("the server's certificate is not trusted")]
    Certificate,
    /// The connection broke, or is not HTTP.
    #[error("the connection to the server broke")]
    Broken,
    /// An answer that is none.
    #[error("the server answered {0}")]
    Status(StatusCode),
    /// More than there can be.
    #[error("the server sends more than there can be")]
    TooLong,
}

/// Why certificates of one's own are not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadCertificates {
    /// The file does not read.
    #[error("{path}: {0}", path = .1.display())]
    Io(#[source] std::io::Error, PathBuf),
    /// It holds no certificate.
    #[error("{}: there is no certificate in it", .0.display())]
    None(PathBuf),
    /// The TLS library refuses them.
    #[error("the certificates are not usable: {0}")]
    Tls(#[source] rustls::Error),
}

/// A server, and the connection to it while there is one.
pub(crate) struct Fetcher {
    address: Address,
    tls: Option<Arc<ClientConfig>>,
    line: Option<Line>,
}

impl Fetcher {
    /// Does not connect yet. `extra` certificates are trusted besides the web's.
    pub(crate) fn new(address: Address, extra: Option<&Path>) -> Result<Self, BadCertificates> {
        let tls = if address.tls { Some(Arc::new(config(extra)?)) } else { None };
        Ok(Self { address, tls, line: None })
    }

    /// A file of at most so many bytes; `None` where there is none.
    pub(crate) async fn fetch(&mut self, path: &str, at_most: usize) -> Result<Option<Bytes>, FetchError> {
        if let Some(line) = self.line.take() {
            // What was kept open may have been closed meanwhile: that is worth one more try.
            match self.ask(line, path, at_most).await {
                Err(FetchError::Broken) => {}
                answer => return answer,
            }
        }
        let line = tokio::time::timeout(PATIENCE, self.connect()).await.unwrap_or(Err(FetchError::Silent))?;
        self.ask(line, path, at_most).await
    }

    async fn ask(&mut self, mut line: Line, path: &str, at_most: usize) -> Result<Option<Bytes>, FetchError> {
        let request = Request::get(path).header(HOST, self.address.authority()).body(Empty::new());
        let request = request.map_err(|_| FetchError::Broken)?;
        let answer = async {
            line.ready().await.map_err(|_| FetchError::Broken)?;
            let response = line.send_request(request).await.map_err(|_| FetchError::Broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), at_most).collect().await;
            match status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(None),
                status => return Err(FetchError::Status(status)),
            }
            let too_long = |error: Box<dyn std::error::Error + Send + Sync>| match error.is::<http_body_util::LengthLimitError>() {
                true => FetchError::TooLong,
                false => FetchError::Broken,
            };
            Ok(Some(body.map_err(too_long)?.to_bytes()))
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(FetchError::Silent));
        if answer.is_ok() {
            self.line = Some(line);
        }
        answer
    }

    async fn connect(&self) -> Result<Line, FetchError> {
        let stream = TcpStream::connect((self.address.bare_host(), self.address.port)).await.map_err(|error| why(&error))?;
        let Some(config) = &self.tls else { return greet(stream).await };
        let name = ServerName::try_from(self.address.bare_host().to_owned()).map_err(|_| FetchError::Certificate)?;
        greet(TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(|error| why(&error))?).await
    }
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Result<Line, FetchError> {
    let (line, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| FetchError::Broken)?;
    tokio::spawn(async move {
        // How it ended is seen by whoever asks next.
        connection.await.ok();
    });
    Ok(line)
}

fn why(error: &std::io::Error) -> FetchError {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::TimedOut => FetchError::Silent,
        // rustls reports a refused certificate as invalid data.
        ErrorKind::InvalidData => FetchError::Certificate,
        ErrorKind::NotFound => FetchError::NoHost,
        _ => FetchError::Broken,
    }
}

/// TLS 1.2 or newer; verification is never turned off.
fn config(extra: Option<&Path>) -> Result<ClientConfig, BadCertificates> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = extra {
        let io = |error| BadCertificates::Io(error, path.to_owned());
        let file = std::fs::File::open(path).map_err(io)?;
        let before = roots.len();
        for certificate in rustls_pemfile::certs(&mut BufReader::new(file)) {
            roots.add(certificate.map_err(io)?).map_err(BadCertificates::Tls)?;
        }
        if roots.len() == before {
            return Err(BadCertificates::None(path.to_owned()));
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    Ok(builder.map_err(BadCertificates::Tls)?.with_root_certificates(roots).with_no_client_auth())
}
