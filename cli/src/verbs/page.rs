//! `page manifest` and `page verify`: whether a server's page is the one of this release.
//!
//! A page is fetched anew at each visit, so whoever serves it could serve
//! another to somebody. This compares what a server gives with what this
//! program was built with, file by file. Never runs what it fetched.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::arguments::{Format, PageVerb, Place};
use crate::exit::Failure;
use crate::harmless;
use crate::json::versioned;
use crate::network::connector;
use crate::network::fetch::{Fetched, Fetcher};
use crate::paper::{remark, say, say_json};

/// One file of the page, as it was built.
#[derive(Debug, Clone, Copy, Serialize)]
struct File {
    path: &'static str,
    bytes: usize,
    sha256: &'static str,
}

/// What the page of this release is; empty where it was not built.
const MANIFEST: &[File] = include!(concat!(env!("OUT_DIR"), "/manifest.rs"));

/// What it may do.
const POLICY: &str = include_str!(concat!(env!("OUT_DIR"), "/policy.txt"));

/// How a file of a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Finding {
    /// As it was built.
    Same,
    /// Other bytes.
    Changed,
    /// Not there.
    Missing,
    /// As it was built, and may do something else than it should.
    OtherPolicy,
}

impl File {
    fn judge(&self, fetched: &Fetched) -> Finding {
        let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        match &fetched.bytes {
            _ if fetched.status != hyper::StatusCode::OK => Finding::Missing,
            Some(bytes) if hash(bytes) != self.sha256 => Finding::Changed,
            None => Finding::Changed,
            Some(_) if fetched.policy.as_deref() != Some(POLICY) => Finding::OtherPolicy,
            Some(_) => Finding::Same,
        }
    }
}

impl Finding {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "CHANGED",
            Self::Missing => "MISSING",
            Self::OtherPolicy => "OTHER POLICY",
        }
    }
}

/// Does what was asked.
pub(super) async fn run(verb: PageVerb, place: &Place) -> Result<(), Failure> {
    if MANIFEST.is_empty() {
        return Err(Failure::Refused(
            "this program was built without the page, so there is nothing to compare with; `make build` builds both",
        ));
    }
    match verb {
        PageVerb::Manifest(format) => manifest(format),
        PageVerb::Verify { url, format } => verify(place, &url, format).await,
    }
}

fn manifest(format: Format) -> Result<(), Failure> {
    for file in MANIFEST {
        match format.json {
            true => say_json(&versioned(file))?,
            false => say(format!("{}  {}", file.sha256, file.path))?,
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct FoundJson {
    path: &'static str,
    found: Finding,
}

async fn verify(place: &Place, url: &str, format: Format) -> Result<(), Failure> {
    let address = Address::parse(url, place.insecure_http).map_err(|error| Failure::Usage(error.to_string()))?;
    let connector = connector(address.is_tls(), place.ca.as_deref()).map_err(|error| Failure::Usage(error.to_string()))?;
    let patience = std::time::Duration::from_secs(place.timeout);
    let mut fetcher = Fetcher::connect(&address, connector.clone(), patience).await.map_err(Failure::Unreached)?;
    let mut others = 0;
    for file in MANIFEST {
        // Longer is other bytes, however long it is.
        let fetched = fetcher.fetch(file.path, file.bytes).await.map_err(Failure::Unreached)?;
        let found = file.judge(&fetched);
        others += usize::from(found != Finding::Same);
        match format.json {
            true => say_json(&versioned(&FoundJson { path: file.path, found }))?,
            false => say(harmless::text(&format!("{:<12}  {}", found.word(), file.path)))?,
        }
        if fetched.bytes.is_none() {
            // What is left of it would be taken for the next answer.
            fetcher = Fetcher::connect(&address, connector.clone(), patience).await.map_err(Failure::Unreached)?;
        }
    }
    if others == 0 {
        if !format.json {
            remark(format!("All {} files are those of this release, {}.", MANIFEST.len(), env!("CARGO_PKG_VERSION")));
        }
        return Ok(());
    }
    Err(Failure::Refused(
        "this is not the page of this release: the server has another release, or somebody changed it. Do not type a passphrase there before you know which",
    ))
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;
    use hyper::body::Bytes;

    use super::*;

    fn fetched(status: StatusCode, policy: &str, bytes: Option<&'static [u8]>) -> Fetched {
        Fetched { status, policy: Some(policy.into()), bytes: bytes.map(Bytes::from_static) }
    }

    #[test]
    fn one_byte_one_header_or_one_missing_file_is_noticed() {
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-4, “abc”
        let file = File { path: "/", bytes: 3, sha256 };
        let ok = StatusCode::OK;
        assert_eq!(file.judge(&fetched(ok, POLICY, Some(b"abc"))), Finding::Same);
        assert_eq!(file.judge(&fetched(ok, POLICY, Some(b"abd"))), Finding::Changed);
        assert_eq!(file.judge(&fetched(ok, POLICY, None)), Finding::Changed);
        assert_eq!(file.judge(&fetched(StatusCode::NOT_FOUND, POLICY, Some(b"abc"))), Finding::Missing);
        assert_eq!(file.judge(&fetched(ok, "default-src *", Some(b"abc"))), Finding::OtherPolicy);
        assert_eq!(file.judge(&Fetched { policy: None, ..fetched(ok, "", Some(b"abc")) }), Finding::OtherPolicy);
    }

    #[test]
    fn the_policy_lets_the_page_reach_nobody_else() {
        assert!(POLICY.starts_with("default-src 'none'; ") && !POLICY.contains("http") && !POLICY.contains('*'));
    }
}
