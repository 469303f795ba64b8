//! The page: a whole client for the browser, out of this very program.
//!
//! Called by `http` for whatever is no door. Serves a fixed set of files with
//! headers that let the page reach nothing but this server. Never reads a
//! folder, and never learns who asks.
//!
//! ```text
//!   web/page/dist ──build.rs──► PAGE ──► GET /             asked again each time
//!                                   └──► GET /assets/…     named by its hash: kept for ever
//! ```

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

/// One file of the page.
struct Asset {
    /// Where it is served.
    path: &'static str,
    /// Its bytes.
    plain: &'static [u8],
    /// The same, packed (RFC 7932); where that is worth it.
    brotli: Option<&'static [u8]>,
}

/// All files; none where the page was not built.
const PAGE: &[Asset] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What the page may do: `web/page/policy.txt`, as one line.
const POLICY: &str = include_str!(concat!(env!("OUT_DIR"), "/policy.txt"));

/// What goes with every file.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// Two years: browsers that were here once by TLS come by TLS alone.
const TLS_ONLY: &str = "max-age=63072000";

/// The answer to a path, where the page has something there.
pub(super) fn file(path: &str, asked: &HeaderMap, over_tls: bool) -> Option<Response<Full<Bytes>>> {
    found(PAGE, path, asked, over_tls)
}

/// Whether there is a page in this program.
pub fn is_built() -> bool {
    !PAGE.is_empty()
}

fn found(page: &[Asset], path: &str, asked: &HeaderMap, over_tls: bool) -> Option<Response<Full<Bytes>>> {
    let asset = page.iter().find(|asset| asset.path == path)?;
    let packed = asset.brotli.filter(|_| takes_brotli(asked));
    let mut response = Response::new(Full::new(Bytes::from_static(packed.unwrap_or(asset.plain))));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if over_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS_ONLY));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(path)));
    // A name with a hash in it never means other bytes.
    let kept = if path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    if asset.brotli.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if packed.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Some(response)
}

/// Whether the caller unpacks brotli (RFC 9110 §12.5.3); one that gives it the weight 0 does not.
fn takes_brotli(asked: &HeaderMap) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        is_brotli && weight.is_none_or(|weight| weight > 0.0)
    })
}

fn media(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        None | Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [Asset; 2] = [
        Asset { path: "/", plain: b"<!doctype html>", brotli: None },
        Asset { path: "/assets/core-abc.wasm", plain: b"plain", brotli: Some(b"packed") },
    ];

    fn asks(encoding: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(encoding).unwrap())])
    }

    fn said(response: &Response<Full<Bytes>>, name: HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn the_page_reaches_nothing_but_its_own_server() {
        let page = found(&TWO, "/", &HeaderMap::new(), false).unwrap();
        let policy = said(&page, header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains("http"));
        assert_eq!(said(&page, header::REFERRER_POLICY), Some("no-referrer"));
        assert_eq!(said(&page, header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
        assert_eq!(said(&page, header::CACHE_CONTROL), Some("no-cache"));
        assert_eq!(said(&page, header::STRICT_TRANSPORT_SECURITY), None);
        let page = found(&TWO, "/", &HeaderMap::new(), true).unwrap();
        assert_eq!(said(&page, header::STRICT_TRANSPORT_SECURITY), Some(TLS_ONLY));
    }

    #[test]
    fn a_file_travels_packed_to_whoever_can_unpack_it() {
        let wasm = |encoding| found(&TWO, "/assets/core-abc.wasm", &asks(encoding), false).unwrap();
        for encoding in ["br", "gzip, br", "gzip, deflate, BR;q=0.5"] {
            assert_eq!(said(&wasm(encoding), header::CONTENT_ENCODING), Some("br"), "{encoding}");
        }
        for encoding in ["gzip", "identity", "br;q=0", "brotli"] {
            assert_eq!(said(&wasm(encoding), header::CONTENT_ENCODING), None, "{encoding}");
        }
        assert_eq!(said(&wasm("br"), header::VARY), Some("accept-encoding"));
        assert_eq!(said(&wasm("br"), header::CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
        assert_eq!(said(&wasm("br"), header::CONTENT_TYPE), Some("application/wasm"));
    }

    #[test]
    fn what_is_not_of_the_page_is_not_served() {
        for path in ["", "/index.html", "/assets/", "/assets/../", "//", "/assets/core-abc.wasm.br", "/etc/passwd"] {
            assert!(found(&TWO, path, &HeaderMap::new(), false).is_none(), "{path}");
        }
        assert!(found(&[], "/", &HeaderMap::new(), false).is_none());
    }
}
