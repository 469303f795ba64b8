//! Asking a running server by its admin listener.
//!
//! Called by the verbs. A few lines of HTTP/1.1: one request, one answer, and
//! the connection closes. Never follows, never retries.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::Failure;
use super::folder::Occupied;

/// A backup of a large store takes a while.
const WITHIN: Duration = Duration::from_secs(600);

/// Posts `body` and reads the answer; a refusal of the server is an error that tells its words.
pub(super) fn ask(server: &Occupied, path: &str, body: &Value) -> Result<Value, Failure> {
    let silent = |error| Failure::Silent(server.address.clone(), error);
    let (status, answer) = exchange(server, path, &body.to_string()).map_err(silent)?;
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    match status {
        200 => Ok(answer),
        404 => Err(Failure::NoSuchAccount),
        _ => Err(Failure::Refused(answer.get("error").and_then(Value::as_str).unwrap_or("it did not say why").to_owned())),
    }
}

fn exchange(server: &Occupied, path: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(&server.address)?;
    stream.set_read_timeout(Some(WITHIN))?;
    let request = zeroize::Zeroizing::new(format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.address,
        server.token.as_str(),
        body.len(),
    ));
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let odd = || io::Error::from(io::ErrorKind::InvalidData);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(odd)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(odd)?;
    Ok((status, body.to_owned()))
}
