//! TLS by the server itself, with a certificate that the test made.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use waxseal_wire::frame::Door;
use waxseal_wire::reply::Reply;

use super::person::{Connection, Person, look_up};
use super::program::{Program, folder, verb};

fn certify(at: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(at.join("chain.pem"), made.cert.pem()).unwrap();
    std::fs::write(at.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let config = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        at.join("chain.pem").to_str().unwrap(),
        at.join("key.pem").to_str().unwrap()
    );
    std::fs::write(at.join("waxseald.toml"), config).unwrap();
}

async fn connect(address: &str, trusted: &Path) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test]
async fn with_a_certificate_only_tls_is_spoken_and_a_renewed_one_is_taken() {
    let (around, folder) = folder();
    certify(around.path());
    let program = Program::start(&folder, &[]);
    let chain = around.path().join("chain.pem");
    let stream = connect(&program.address, &chain).await.unwrap();
    let mut connection = Connection::over(stream, "wss://localhost", Door::Anonymous).await.unwrap();
    let nobody = Person::new("nobody").name;
    assert!(matches!(connection.ask(look_up(&nobody)).await, Reply::Accounts(_)));
    assert!(Connection::try_open(&program.address, Door::Anonymous).await.is_none());

    certify(around.path());
    assert!(connect(&program.address, &chain).await.is_err());
    program.signal("HUP");
    let mut renewed = false;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        renewed = connect(&program.address, &chain).await.is_ok();
        if renewed {
            break;
        }
    }
    assert!(renewed);
    // Who was connected stays so.
    assert!(matches!(connection.ask(look_up(&nobody)).await, Reply::Accounts(_)));
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn a_certificate_that_does_not_read_is_named() {
    let (around, folder) = folder();
    certify(around.path());
    std::fs::write(around.path().join("key.pem"), "no key").unwrap();
    let refused = verb(&folder, &["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("key.pem"));
}
