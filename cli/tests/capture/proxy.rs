//! A proxy that sees inside TLS: two lines a connection, and a copy of every byte.
//!
//! ```text
//!   waxseal ══ TLS, a certificate that it is told to trust ══► proxy ══ TLS ══► waxseald
//!                                                               │
//!                                                             tape, both directions
//! ```
//! It changes nothing. Each person comes by a port of their own, so that the tape knows whose line it is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A private authority, and a certificate of its for this machine.
pub(crate) struct Authority {
    pub(crate) ca: PathBuf,
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn found(folder: &Path, name: &str) -> Self {
        let write = |part: &str, text: String| {
            let path = folder.join(format!("{name}-{part}.pem"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(params, ca_key)).unwrap();
        Self { ca: write("ca", ca.pem()), chain: write("chain", leaf.pem()), key: write("key", key.serialize_pem()) }
    }

    fn trusted(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.ca).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        TlsConnector::from(Arc::new(config.unwrap().with_root_certificates(roots).with_no_client_auth()))
    }

    fn shown(&self) -> TlsAcceptor {
        let chain = vec![CertificateDer::from_pem_file(&self.chain).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&self.key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        TlsAcceptor::from(Arc::new(config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap()))
    }
}

/// One connection: whose, and what was said on it inside TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorded {
    pub(crate) who: String,
    pub(crate) up: Vec<u8>,
    pub(crate) down: Vec<u8>,
}

type Tape = Arc<Mutex<Vec<Recorded>>>;

pub(crate) struct Proxy {
    runtime: Runtime,
    upstream: String,
    own: Authority,
    servers: TlsConnector,
    tape: Tape,
}

impl Proxy {
    /// Between clients that trust `own` and the server at `upstream`, certified by `servers`.
    pub(crate) fn new(upstream: &str, servers: &Authority, own: Authority) -> Self {
        let upstream = upstream.split_once("https://").expect("the server should speak TLS").1.to_owned();
        Self { runtime: Runtime::new().unwrap(), upstream, own, servers: servers.trusted(), tape: Tape::default() }
    }

    /// What clients must trust to come this way.
    pub(crate) fn ca(&self) -> &Path {
        &self.own.ca
    }

    /// Opens a port for somebody; its address.
    pub(crate) fn port_of(&self, who: &str) -> String {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, servers, upstream) = (self.own.shown(), self.servers.clone(), self.upstream.clone());
        let (tape, who) = (self.tape.clone(), who.to_owned());
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, servers, upstream) = (acceptor.clone(), servers.clone(), upstream.clone());
                let (tape, who) = (tape.clone(), who.clone());
                tokio::spawn(async move {
                    // A client that does not trust us hangs up here.
                    let Ok(client) = acceptor.accept(stream).await else { return };
                    let Ok(stream) = TcpStream::connect(&upstream).await else { return };
                    let server = servers.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
                    let place = {
                        let mut tape = tape.lock().unwrap();
                        tape.push(Recorded { who, ..Recorded::default() });
                        tape.len() - 1
                    };
                    let (from_client, to_client) = tokio::io::split(client);
                    let (from_server, to_server) = tokio::io::split(server);
                    let up = copy(from_client, to_server, |bytes| tape.lock().unwrap()[place].up.extend_from_slice(bytes));
                    let down = copy(from_server, to_client, |bytes| tape.lock().unwrap()[place].down.extend_from_slice(bytes));
                    tokio::join!(up, down);
                });
            }
        });
        format!("https://{address}")
    }

    /// A line through the proxy without a client: what is said on it is said by the test.
    pub(crate) fn say_raw(&self, who: &str, bytes: &[u8]) {
        let address = self.port_of(who);
        let trusted = self.own.trusted();
        self.runtime.block_on(async {
            let stream = TcpStream::connect(address.split_once("://").unwrap().1).await.unwrap();
            let mut line = trusted.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
            line.write_all(bytes).await.unwrap();
            // What the server answers was recorded before it came here.
            assert!(line.read(&mut [0; 16]).await.unwrap() > 0);
            line.shutdown().await.ok();
        });
    }

    /// All that was said until now.
    pub(crate) fn tape(&self) -> Vec<Recorded> {
        self.tape.lock().unwrap().clone()
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, record: impl Fn(&[u8])) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        record(&buffer[..read]);
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    to.shutdown().await.ok();
}
