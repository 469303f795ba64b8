//! Where the server is, and whether it is safe to talk to it.
//!
//! Called by `profile` (keeps it) and `network` (connects). Never resolves a name.

use core::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use waxseal_wire::frame::Door;

/// The server when nothing else was said.
pub(crate) const DEFAULT: &str = "http://127.0.0.1:8710";

/// `https://chat.example.org`, or `http://127.0.0.1:8710` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    tls: bool,
    host: String,
    port: u16,
}

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAddress {
    /// Not an address.
    #[error("write the server as https://chat.example.org or http://127.0.0.1:8710, without a path")]
    Form,
    /// Anyone on the way could see who connects.
    #[error("plain http leaves this machine unprotected on the way; use https, or say --insecure-http if a tunnel protects it")]
    Plain,
}

impl Address {
    /// Reads an address; plain http off this machine only where `insecure` says so.
    pub(crate) fn parse(text: &str, insecure: bool) -> Result<Self, BadAddress> {
        let address: Self = text.parse()?;
        if address.tls || insecure || address.is_here() { Ok(address) } else { Err(BadAddress::Plain) }
    }

    /// Whether it is this very machine.
    pub(crate) fn is_here(&self) -> bool {
        self.host == "localhost" || self.bare_host().parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Host without the brackets of IPv6.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS protects the way.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    /// The WebSocket of a door.
    pub(crate) fn door(&self, door: Door) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}:{}{}", self.host, self.port, door.path())
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(BadAddress::Form)?;
        let tls = match scheme {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(BadAddress::Form),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // An IPv6 address holds colons of its own, inside brackets.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| BadAddress::Form)?),
            _ => (rest, if tls { 443 } else { 80 }),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let good = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(plain),
        };
        if good && port != 0 { Ok(Self { tls, host: host.to_ascii_lowercase(), port }) } else { Err(BadAddress::Form) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = if self.tls { 443 } else { 80 };
        f.write_str(if self.tls { "https://" } else { "http://" })?;
        f.write_str(&self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_the_two_doors() {
        let address = Address::parse("https://chat.example.org", false).unwrap();
        assert_eq!(address.door(Door::Anonymous), "wss://chat.example.org:443/v1/anonymous");
        let address = Address::parse("http://127.0.0.1:8710/", false).unwrap();
        assert_eq!(address.door(Door::Device), "ws://127.0.0.1:8710/v1/device");
        assert_eq!(address.to_string(), "http://127.0.0.1:8710");
        assert_eq!(Address::parse("http://[::1]:9", false).unwrap().bare_host(), "::1");
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_insisted_on() {
        assert_eq!(Address::parse("http://chat.example.org", false), Err(BadAddress::Plain));
        assert_eq!(Address::parse("http://10.0.0.7:8710", false), Err(BadAddress::Plain));
        assert!(Address::parse("http://10.0.0.7:8710", true).is_ok());
        assert!(Address::parse("http://localhost", false).is_ok());
        assert!(Address::parse("http://[::1]", false).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["chat.example.org", "ftp://x", "https://", "https://a/b", "https://a b", "https://a:0", "https://[::1", "https://u@h"]
        {
            assert_eq!(Address::parse(text, true), Err(BadAddress::Form), "{text}");
        }
    }
}
