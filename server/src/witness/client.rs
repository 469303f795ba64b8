//! One question to another server over HTTP, on a connection of its own.
//!
//! Called by `gather` (asks a witness) and `follow` (reads hand-overs). Bounds every answer and every wait; follows no
//! redirection; TLS 1.2 or newer, verified against the web's roots. Never believes an answer, never tries again.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::peer::Url;

/// Who does not answer in this time is not there. An auditor looks at what is new before it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Silent {
    /// Nobody is there, or nobody answers in time.
    #[error("it does not answer")]
    Away,
    /// The certificate is not the host's, or nobody whom we trust has signed it.
    #[error("its certificate is not trusted")]
    Certificate,
    /// The connection broke, or speaks no HTTP.
    #[error("the connection to it broke")]
    Broken,
    /// More than there can be.
    #[error("it answers more than there can be")]
    TooLong,
    /// No TLS in this program.
    #[error("the TLS library refuses: a bug")]
    Tls,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Sends `text` to a path below the address.
pub(super) async fn post(url: &Url, path: &str, text: String, at_most: usize) -> Result<Answer, Silent> {
    let request = Request::post(format!("{}{path}", url.path)).header(CONTENT_TYPE, "text/plain; charset=utf-8");
    ask(url, request, Bytes::from(text), at_most).await
}

/// Fetches a path of the whole server.
pub(super) async fn get(url: &Url, path: &str, at_most: usize) -> Result<Answer, Silent> {
    ask(url, Request::get(path), Bytes::new(), at_most).await
}

async fn ask(url: &Url, request: hyper::http::request::Builder, body: Bytes, at_most: usize) -> Result<Answer, Silent> {
    let request = request.header(HOST, url.authority()).body(Full::new(body)).map_err(|_| Silent::Broken)?;
    let answer = async {
        let mut line = connect(url).await?;
        let response = line.send_request(request).await.map_err(|_| Silent::Broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), at_most).collect().await;
        let body = body.map_err(|error| if error.is::<LengthLimitError>() { Silent::TooLong } else { Silent::Broken })?;
        Ok(Answer { status, body: body.to_bytes() })
    };
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(Silent::Away))
}

async fn connect(url: &Url) -> Result<SendRequest<Full<Bytes>>, Silent> {
    let stream = TcpStream::connect((url.bare_host(), url.port)).await.map_err(|error| why(&error))?;
    if !url.tls {
        return greet(stream).await;
    }
    let name = ServerName::try_from(url.bare_host().to_owned()).map_err(|_| Silent::Certificate)?;
    let config = Arc::new(config().ok_or(Silent::Tls)?);
    greet(TlsConnector::from(config).connect(name, stream).await.map_err(|error| why(&error))?).await
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Result<SendRequest<Full<Bytes>>, Silent> {
    let (line, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Silent::Broken)?;
    tokio::spawn(async move {
        // It ends with the question; how, whoever asked has seen.
        tokio::time::timeout(PATIENCE, connection).await.ok();
    });
    Ok(line)
}

fn config() -> Option<ClientConfig> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    Some(builder.ok()?.with_root_certificates(roots).with_no_client_auth())
}

fn why(error: &io::Error) -> Silent {
    match error.kind() {
        // rustls reports a refused certificate as invalid data.
        ErrorKind::InvalidData => Silent::Certificate,
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => Silent::Broken,
        _ => Silent::Away,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn answered(answer: &'static str, at_most: usize) -> Result<(u16, usize), Silent> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer.as_bytes()).await.ok();
        });
        let url = Url { tls: false, host: "127.0.0.1".to_owned(), port, path: String::new() };
        get(&url, "/log/handovers/00", at_most).await.map(|answer| (answer.status.as_u16(), answer.body.len()))
    }

    #[tokio::test]
    async fn an_answer_is_read_as_far_as_it_may_go() {
        const TEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
        assert_eq!(answered(TEN, 10).await, Ok((200, 10)));
        assert_eq!(answered(TEN, 9).await, Err(Silent::TooLong));
        // Nobody is sent elsewhere.
        let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(answered(moved, 10).await, Ok((302, 0)));
        assert_eq!(answered("", 10).await, Err(Silent::Broken));
        assert_eq!(answered("SSH-2.0-OpenSSH_9.6\r\n", 10).await, Err(Silent::Broken));
        let nobody = Url { tls: false, host: "127.0.0.1".to_owned(), port: 9, path: String::new() };
        assert_eq!(get(&nobody, "/", 10).await.err(), Some(Silent::Away));
    }
}
