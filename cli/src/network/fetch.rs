//! Fetches files of a server's page, as a browser would: by HTTP/1.1, over TLS where the address says so.
//!
//! Called by the verb `page`. Bounds what it takes in before it takes it in;
//! never follows a redirection, never runs what it fetched.

use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_SECURITY_POLICY, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::Connector;

use super::{DoorError, why_io};
use crate::address::Address;

/// What a server gave.
pub(crate) struct Fetched {
    /// Its answer.
    pub(crate) status: StatusCode,
    /// What it lets the page do.
    pub(crate) policy: Option<String>,
    /// The file; `None` where it is longer than it may be.
    pub(crate) bytes: Option<Bytes>,
}

/// One connection, for file after file.
pub(crate) struct Fetcher {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
    patience: Duration,
}

impl Fetcher {
    /// Connects.
    pub(crate) async fn connect(address: &Address, connector: Connector, patience: Duration) -> Result<Self, DoorError> {
        let connect = async {
            let stream = TcpStream::connect((address.bare_host(), address.port())).await.map_err(|error| why_io(&error))?;
            let sender = match connector {
                Connector::Rustls(config) => {
                    let name = ServerName::try_from(address.bare_host().to_owned()).map_err(|_| DoorError::Certificate)?;
                    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| why_io(&error))?;
                    Self::greet(stream).await?
                }
                _ => Self::greet(stream).await?,
            };
            let host = address.to_string();
            let host = host.split_once("://").map_or(host.as_str(), |(_, host)| host).to_owned();
            Ok(Self { sender, host, patience })
        };
        tokio::time::timeout(patience, connect).await.unwrap_or(Err(DoorError::Silent))
    }

    async fn greet<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Result<SendRequest<Empty<Bytes>>, DoorError> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| DoorError::NotWaxseal)?;
        tokio::spawn(async move {
            // How it ended is seen by whoever asks next.
            connection.await.ok();
        });
        Ok(sender)
    }

    /// Fetches one file of at most so many bytes.
    pub(crate) async fn fetch(&mut self, path: &str, at_most: usize) -> Result<Fetched, DoorError> {
        let fetch = async {
            let request = Request::get(path).header(HOST, &self.host).body(Empty::new()).map_err(|_| DoorError::NotWaxseal)?;
            self.sender.ready().await.map_err(|_| DoorError::Broken)?;
            let response = self.sender.send_request(request).await.map_err(|_| DoorError::Broken)?;
            let status = response.status();
            let policy = response.headers().get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
            let policy = policy.map(ToOwned::to_owned);
            let body = Limited::new(response.into_body(), at_most).collect().await;
            Ok(Fetched { status, policy, bytes: body.ok().map(|body| body.to_bytes()) })
        };
        tokio::time::timeout(self.patience, fetch).await.unwrap_or(Err(DoorError::Silent))
    }
}
