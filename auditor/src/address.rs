//! Where the audited server is.
//!
//! Called by `arguments` (reads it) and `fetch` (connects). Never resolves a name.

use core::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// `https://chat.example`, or `http://127.0.0.1:8710` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) tls: bool,
    /// As it is written, an IPv6 address in brackets.
    host: String,
    pub(crate) port: u16,
}

/// What was written is no address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write the server as https://chat.example or http://127.0.0.1:8710, without a path")]
pub(crate) struct BadAddress;

impl Address {
    /// Host without the brackets of IPv6.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether whoever stands on the way could change what is said: plain http to another machine.
    pub(crate) fn is_open(&self) -> bool {
        let here = self.host == "localhost" || self.bare_host().parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        !self.tls && !here
    }

    /// Host, and the port where it is not the usual one.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// What a file about this server may be called.
    pub(crate) fn file_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        self.authority().chars().map(plain).collect()
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(BadAddress)?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(BadAddress),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // An IPv6 address holds colons of its own, inside brackets.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| BadAddress)?),
            _ => (rest, if tls { 443 } else { 80 }),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(plain),
        };
        if good && port != 0 { Ok(Self { tls, host: host.to_ascii_lowercase(), port }) } else { Err(BadAddress) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for text in ["https://chat.example", "http://127.0.0.1:8710", "https://[::1]:9", "http://localhost"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("https://[::1]:9".parse::<Address>().unwrap().file_name(), "---1--9");
        for text in ["chat.example", "ftp://chat.example", "https://", "https://a/b", "https://a:0", "https://a b", "https://[::1"]
        {
            assert_eq!(text.parse::<Address>(), Err(BadAddress), "{text}");
        }
    }

    #[test]
    fn plain_http_off_this_machine_is_open() {
        assert!("http://chat.example".parse::<Address>().unwrap().is_open());
        assert!(
            !"http://[::1]:9".parse::<Address>().unwrap().is_open()
                && !"https://chat.example".parse::<Address>().unwrap().is_open()
        );
    }
}
