//! The operator's choices: defaults, a TOML file, then flags and environment.
//!
//! Called by the program. Reads the file and judges the whole: what would put
//! people at risk is refused here, with a word on what to do. Never starts
//! anything.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::limits::Rate;
use crate::policy::{Policy, Registration};
use crate::transport::{Settings, Tls, TlsError};
use crate::witness::{BadPeer, Peer};

/// Where clients connect, unless told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8710);
/// Where metrics and admin answer, unless told otherwise.
pub const ADMIN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8711);
/// Where everything is kept, unless told otherwise.
pub const FOLDER: &str = "waxseal-data";

/// Connections of one address: two for each client of an office behind one address, and a tenth of all.
const PER_ADDRESS: usize = 1_000;

/// What `init` writes: every choice, with its default and its reason.
pub const TEMPLATE: &str = include_str!("config/waxseald.toml");

/// All choices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where metrics and admin answer; loopback only.
    pub admin: SocketAddr,
    /// Where everything is kept.
    pub folder: PathBuf,
    /// Who may register.
    pub registration: Who,
    /// Serve the page, the client for browsers.
    pub page: bool,
    /// A proxy in front does TLS, so plain HTTP off loopback is right.
    pub behind_proxy: bool,
    /// A line for each witness: `URL VERIFIER-KEY [LOG-KEYS]`.
    pub witnesses: Vec<String>,
    /// TLS by this server.
    pub tls: Option<TlsFiles>,
    /// How much is let through.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Anybody.
    Open,
    /// Whoever has an invitation code.
    Invite,
}

/// Certificate files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// PEM chain, the server's certificate first.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// How much is let through.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once of one address; 0 stands for no limit. Not felt behind a proxy or on loopback, where all
    /// come from one address.
    pub connections_per_address: usize,
    /// Requests a second of one connection, on average; 0 stands for no limit.
    pub requests_per_second: u32,
    /// Requests at once of one connection, after a rest.
    pub request_burst: u32,
    /// Accounts a second that one network address looks up by name or for KeyPackages; 0 stands for no limit.
    pub lookups_per_second: u32,
    /// Accounts that it looks up at once, after a rest.
    pub lookup_burst: u32,
    /// People a second whom one network address asks into groups; a new account counts for ten; 0 stands for no limit.
    pub foundings_per_second: u32,
    /// People whom it asks at once, after a rest.
    pub founding_burst: u32,
    /// Submits a second to one group, on average; 0 stands for no limit.
    pub group_per_second: u32,
    /// Submits at once to one group, after a rest.
    pub group_burst: u32,
    /// Mebibytes that the store may grow to; 0 stands for no limit.
    pub store_mebibytes: u64,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives of `tracing`.
    pub level: String,
    /// `human` or `json`.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For eyes.
    Human,
    /// One object a line.
    Json,
}

/// Why the choices cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {0} cannot be read ({1}); `waxseald init` writes one")]
    Unreadable(PathBuf, std::io::ErrorKind),
    /// The file does not parse.
    #[error("the configuration {0} does not parse:\n{1}")]
    Malformed(PathBuf, String),
    /// Plain HTTP where other machines could listen.
    #[error(
        "{0} can be reached from other machines, and without TLS anybody on the way could see who looks for whom.\n\
         Give certificate files under [tls], or set behind_proxy = true when a proxy in front does TLS."
    )]
    PlainOffLoopback(SocketAddr),
    /// Admin must not be reachable from elsewhere.
    #[error("the admin listener must be on loopback, and {0} is not; use 127.0.0.1:8711")]
    AdminOffLoopback(SocketAddr),
    /// A line of `witnesses` is none.
    #[error("witnesses, line {0}: {1}")]
    Witness(usize, BadPeer),
    /// The certificate does not work.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            admin: ADMIN,
            folder: FOLDER.into(),
            registration: Who::Open,
            page: true,
            behind_proxy: false,
            witnesses: Vec::new(),
            tls: None,
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let (settings, policy) = (Settings::default(), Policy::default());
        Self {
            connections: settings.connections,
            connections_per_address: PER_ADDRESS,
            requests_per_second: settings.rate.per_second,
            request_burst: settings.rate.burst,
            lookups_per_second: settings.lookups.per_second,
            lookup_burst: settings.lookups.burst,
            foundings_per_second: settings.foundings.per_second,
            founding_burst: settings.foundings.burst,
            group_per_second: policy.group.per_second,
            group_burst: policy.group.burst,
            store_mebibytes: 0,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Human }
    }
}

impl Config {
    /// Reads a file; what it does not say has its default.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(path.to_owned(), error.kind()))?;
        Self::parse(&text).map_err(|error| ConfigError::Malformed(path.to_owned(), error.to_string()))
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Refuses what would put people at risk.
    pub fn judge(&self) -> Result<(), ConfigError> {
        if !self.admin.ip().is_loopback() {
            return Err(ConfigError::AdminOffLoopback(self.admin));
        }
        if !self.listen.ip().is_loopback() && self.tls.is_none() && !self.behind_proxy {
            return Err(ConfigError::PlainOffLoopback(self.listen));
        }
        self.peers().map(drop)
    }

    fn peers(&self) -> Result<Vec<Peer>, ConfigError> {
        Peer::parse_all(&self.witnesses).map_err(|(line, bad)| ConfigError::Witness(line, bad))
    }

    /// What the transport needs of it; reads the certificate.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let tls = self.tls.as_ref().map(|files| Tls::load(&files.certificate, &files.key)).transpose()?;
        let all_from_one = self.behind_proxy || self.listen.ip().is_loopback();
        Ok(Settings {
            connections_per_address: Some(self.limits.connections_per_address).filter(|each| *each > 0 && !all_from_one),
            connections: self.limits.connections.clamp(1, tokio::sync::Semaphore::MAX_PERMITS.min(1 << 30)),
            rate: Rate { burst: self.limits.request_burst, per_second: self.limits.requests_per_second },
            lookups: Rate { burst: self.limits.lookup_burst, per_second: self.limits.lookups_per_second },
            foundings: Rate { burst: self.limits.founding_burst, per_second: self.limits.foundings_per_second },
            behind_proxy: self.behind_proxy,
            page: self.page,
            tls: tls.map(Arc::new),
            witnesses: self.peers()?,
            ..Settings::default()
        })
    }

    /// What the rules need of it. Lines of witnesses that [`Config::judge`] refuses are left out.
    pub fn policy(&self) -> Policy {
        Policy {
            registration: match self.registration {
                Who::Open => Registration::Open,
                Who::Invite => Registration::Invite,
            },
            group: Rate { burst: self.limits.group_burst, per_second: self.limits.group_per_second },
            witnesses: self.peers().unwrap_or_default().iter().map(Peer::vkey).collect(),
            store_bytes: Some(self.limits.store_mebibytes.saturating_mul(1 << 20)).filter(|bytes| *bytes > 0),
            ..Policy::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_writes_says_the_defaults() {
        assert_eq!(Config::parse(TEMPLATE), Ok(Config::default()));
    }

    #[test]
    fn every_choice_in_the_file_is_known_when_its_mark_is_taken_away() {
        let bare: String = TEMPLATE
            .lines()
            .map(|line| line.strip_prefix('#').filter(|l| !l.starts_with(' ')).unwrap_or(line))
            .fold(String::new(), |mut text, line| {
                text.push_str(line);
                text.push('\n');
                text
            });
        let config = Config::parse(&bare).unwrap();
        assert!(config.tls.is_some());
        assert_eq!(Config { tls: None, ..config }, Config::default());
    }

    #[test]
    fn a_misspelt_choice_is_refused() {
        assert!(Config::parse("lisen = \"127.0.0.1:1\"").is_err());
    }

    #[test]
    fn plain_http_off_loopback_needs_a_word() {
        let open = Config { listen: "0.0.0.0:8710".parse().unwrap(), ..Config::default() };
        assert_eq!(open.judge(), Err(ConfigError::PlainOffLoopback(open.listen)));
        assert_eq!(Config { behind_proxy: true, ..open.clone() }.judge(), Ok(()));
        let files = TlsFiles { certificate: "c.pem".into(), key: "k.pem".into() };
        assert_eq!(Config { tls: Some(files), ..open }.judge(), Ok(()));
        assert_eq!(Config::default().judge(), Ok(()));
    }

    #[test]
    fn behind_a_proxy_all_come_from_one_address() {
        let direct = Config { listen: "192.0.2.1:8710".parse().unwrap(), ..Config::default() };
        assert_eq!(direct.settings().unwrap().connections_per_address, Some(PER_ADDRESS));
        assert_eq!(Config { behind_proxy: true, ..direct }.settings().unwrap().connections_per_address, None);
        assert_eq!(Config::default().settings().unwrap().connections_per_address, None);
    }

    #[test]
    fn the_largest_limit_is_no_small_one() {
        let limits = Limits { store_mebibytes: u64::MAX, ..Limits::default() };
        assert_eq!(Config { limits, ..Config::default() }.policy().store_bytes, Some(u64::MAX));
    }

    #[test]
    fn admin_stays_on_loopback_whatever_else_is_said() {
        let open = Config { admin: "0.0.0.0:8711".parse().unwrap(), behind_proxy: true, ..Config::default() };
        assert_eq!(open.judge(), Err(ConfigError::AdminOffLoopback(open.admin)));
    }
}
