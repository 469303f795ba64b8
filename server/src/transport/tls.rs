//! TLS: certificate files in, an acceptor out.
//!
//! Called by `transport` for each new connection, and by the program on
//! SIGHUP, when the files were renewed. Never writes a certificate.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The server's certificate, which may be renewed while it runs.
pub struct Tls {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
}

/// Why the certificate cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The chain does not read.
    #[error("no certificate can be read from {0}: it should be a PEM file, the server's certificate first")]
    Chain(PathBuf),
    /// The key does not read.
    #[error("no private key can be read from {0}: it should be a PEM file that this user may read")]
    Key(PathBuf),
    /// Chain and key read, but do not work.
    #[error("the certificate in {0} does not work with its private key")]
    Mismatch(PathBuf),
}

impl Tls {
    /// Reads a PEM chain, the server's certificate first, and its PEM key.
    pub fn load(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let current = RwLock::new(Arc::new(read(chain, key)?));
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), current })
    }

    /// Reads the files again; new connections use what they hold, and on an error the old stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(read(&self.chain, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(chain: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .ok()
        .filter(|certificates: &Vec<_>| !certificates.is_empty())
        .ok_or_else(|| TlsError::Chain(chain.to_owned()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|_| TlsError::Key(key.to_owned()))?;
    let mismatch = |_| TlsError::Mismatch(chain.to_owned());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
