//! Whom to trust on the way: the web's roots, or certificates that the person names.
//!
//! Called once, before the doors open. Never turns verification off.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::Connector;

/// Why own certificates are not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadCertificates {
    /// The file does not read.
    #[error("{1}: {0}")]
    Io(#[source] std::io::Error, PathBuf),
    /// It holds no certificate.
    #[error("{}: there is no certificate in it", .0.display())]
    None(PathBuf),
    /// The TLS library refuses them.
    #[error("the certificates are not usable: {0}")]
    Tls(#[source] rustls::Error),
}

/// How to connect: TLS 1.2 or newer where `tls`, with `extra` certificates besides the web's.
pub(crate) fn connector(tls: bool, extra: Option<&Path>) -> Result<Connector, BadCertificates> {
    if !tls {
        return Ok(Connector::Plain);
    }
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = extra {
        let file = File::open(path).map_err(|error| BadCertificates::Io(error, path.to_owned()))?;
        let before = roots.len();
        for certificate in rustls_pemfile::certs(&mut BufReader::new(file)) {
            let certificate = certificate.map_err(|error| BadCertificates::Io(error, path.to_owned()))?;
            roots.add(certificate).map_err(BadCertificates::Tls)?;
        }
        if roots.len() == before {
            return Err(BadCertificates::None(path.to_owned()));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(BadCertificates::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Connector::Rustls(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(connector(true, Some(file.path())), Err(BadCertificates::None(_))));
        assert!(matches!(connector(true, Some(Path::new("/nowhere/ca.pem"))), Err(BadCertificates::Io(..))));
        assert!(matches!(connector(true, None), Ok(Connector::Rustls(_))));
    }
}
