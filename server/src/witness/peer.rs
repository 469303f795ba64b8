//! One line of the configuration: another operator's witness, and the log that is cosigned in return.
//!
//! ```text
//!   https://chat.example/witness waxseal-witness/0a1b…+8d66cf3f+BA… 1f5e…
//!   └ add-checkpoint is below    └ its verifier key                 └ its log's keys; without them only asked
//! ```
//! Called by `config` (reads it) and by `waxseald witness` (writes ours). Never connects.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;
use waxseal_transparency::{LogKeys, Witness};
use waxseal_wire::limits;

/// A witness that is asked, and whom we are a witness of where its log is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Peer {
    /// Where its door is.
    pub(crate) url: Url,
    /// Verifies what it cosigns.
    pub(crate) witness: Witness,
    /// Its log, which is cosigned here.
    pub(crate) log: Option<LogKeys>,
}

/// Where another server is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Without a slash at its end.
    pub(crate) path: String,
}

/// Why a line is none. What to do stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPeer {
    /// Not two or three words.
    #[error("write URL VERIFIER-KEY [LOG-KEYS], as the other operator's `waxseald witness` prints it")]
    Words,
    /// The first word is no address.
    #[error("write the URL as https://chat.example/witness, without what /add-checkpoint is asked with")]
    Url,
    /// Whoever stands on the way could read and change what is said.
    #[error("plain http leaves this machine unprotected on the way: use https")]
    Open,
    /// The second word is no verifier key.
    #[error(
        "the second word is not a witness's verifier key, as name+8d66cf3f+BA…: ask the other operator for `waxseald witness`, or `waxseal-auditor key show`"
    )]
    Key,
    /// The third word is no log's keys.
    #[error("the third word is not the keys of a log: 128 hexadecimal digits, the first line of https://chat.example/log/keys")]
    Log,
    /// The same key stands in another line.
    #[error("this verifier key stands in another line already: one line a witness")]
    Twice,
    /// Too many lines.
    #[error("there are more lines than 16: take one away")]
    TooMany,
}

impl Peer {
    /// Reads one line.
    pub fn parse(line: &str) -> Result<Self, BadPeer> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (url, key, log) = match words.as_slice() {
            [url, key] => (url, key, None),
            [url, key, log] => (url, key, Some(log)),
            _ => return Err(BadPeer::Words),
        };
        let url = Url::parse(url)?;
        let witness = Witness::parse(key).map_err(|_| BadPeer::Key)?;
        if key.len() > limits::WITNESS {
            return Err(BadPeer::Key);
        }
        let read = |log: &&str| LogKeys::from_bytes(&hex::decode(log).ok()?).ok();
        let log = log.map(|log| read(log).ok_or(BadPeer::Log)).transpose()?;
        Ok(Self { url, witness, log })
    }

    /// Reads all lines; the number of the one that is none, from one on.
    pub fn parse_all(lines: &[String]) -> Result<Vec<Self>, (usize, BadPeer)> {
        let mut peers: Vec<Self> = Vec::with_capacity(lines.len());
        for (i, line) in lines.iter().enumerate() {
            let peer = Self::parse(line).map_err(|bad| (i + 1, bad))?;
            if peers.iter().any(|before| before.witness == peer.witness) {
                return Err((i + 1, BadPeer::Twice));
            }
            peers.push(peer);
        }
        if peers.len() > limits::WITNESSES { Err((peers.len(), BadPeer::TooMany)) } else { Ok(peers) }
    }

    /// Its verifier key, to be told to clients.
    pub fn vkey(&self) -> String {
        self.witness.vkey()
    }
}

/// The line that the other operator puts into their configuration.
pub fn written(server: &str, log: &LogKeys, witness: &Witness) -> String {
    let server = server.trim_end_matches('/');
    format!("{server}{} {} {}", super::ROOT, witness.vkey(), hex::encode(log.to_bytes()))
}

impl Url {
    fn parse(text: &str) -> Result<Self, BadPeer> {
        let uri: Uri = text.parse().map_err(|_| BadPeer::Url)?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or(BadPeer::Url)?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(BadPeer::Url),
        };
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(BadPeer::Url);
        }
        let port = match authority.port() {
            Some(port) => port.as_str().parse().ok().filter(|port| *port != 0).ok_or(BadPeer::Url)?,
            None if authority.as_str().ends_with(':') => return Err(BadPeer::Url),
            None if tls => 443,
            None => 80,
        };
        let path = uri.path().trim_end_matches('/').to_owned();
        let url = Self { tls, host: host.to_ascii_lowercase(), port, path };
        let is_here = url.host == "localhost" || url.bare_host().parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if tls || is_here { Ok(url) } else { Err(BadPeer::Open) }
    }

    /// Host without the brackets of IPv6.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Host, and the port where it is not the usual one.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.witness.name())
    }
}

#[cfg(test)]
mod tests {
    use waxseal_transparency::WitnessSecret;
    use waxseal_transparency::publish::Secrets;

    use super::*;

    fn key(seed: u8) -> String {
        WitnessSecret::of_key("waxseal-witness", [seed; 32]).unwrap().vkey()
    }

    #[test]
    fn a_line_is_read_as_it_is_printed() {
        let log = Secrets::new([1; 32], [2; 32]).keys();
        let witness = Witness::parse(&key(3)).unwrap();
        let line = written("https://chat.example/", &log, &witness);
        let peer = Peer::parse(&line).unwrap();
        assert_eq!((peer.log, peer.vkey()), (Some(log), key(3)));
        assert_eq!((peer.url.authority(), peer.url.path.as_str()), ("chat.example".to_owned(), "/witness"));
        let plain = Peer::parse(&format!(" http://[::1]:8720  {} ", key(3))).unwrap();
        assert_eq!((plain.log, plain.url.bare_host(), plain.url.port, plain.url.path.as_str()), (None, "::1", 8720, ""));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let (key, url) = (key(3), "https://chat.example");
        for (line, bad) in [
            (String::new(), BadPeer::Words),
            (url.to_owned(), BadPeer::Words),
            (format!("{url} {key} a b"), BadPeer::Words),
            (format!("chat.example {key}"), BadPeer::Url),
            (format!("ftp://chat.example {key}"), BadPeer::Url),
            (format!("https://chat.example:0 {key}"), BadPeer::Url),
            (format!("https://me@chat.example {key}"), BadPeer::Url),
            (format!("https://chat.example/?a {key}"), BadPeer::Url),
            (format!("http://chat.example {key}"), BadPeer::Open),
            (format!("http://127.0.0.1.example {key}"), BadPeer::Open),
            (format!("{url} {}", key.replace("waxseal", "other")), BadPeer::Key),
            (format!("{url} {key} 00"), BadPeer::Log),
            (format!("{url} {key} {}", "0".repeat(128)), BadPeer::Log),
        ] {
            assert_eq!(Peer::parse(&line).unwrap_err(), bad, "{line}");
        }
        let line = |seed| format!("{url} {}", self::key(seed));
        assert_eq!(Peer::parse_all(&[line(1), line(2), line(1)]), Err((3, BadPeer::Twice)));
        let many: Vec<_> = (1..=17).map(line).collect();
        assert_eq!(Peer::parse_all(&many), Err((17, BadPeer::TooMany)));
        assert_eq!(Peer::parse_all(&many[..16]).map(|peers| peers.len()), Ok(16));
    }
}
