//! A real server that gathers cosignatures from a real auditor.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use waxseal_transparency::{SignedHead, Witnesses};
use waxseal_wire::frame::Door;
use waxseal_wire::reply::Reply;
use waxseal_wire::request::AnonymousRequest;

use super::person::{Connection, Person};
use super::program::{Auditor, Server};
use super::witness::{key, service_at};

async fn told(address: &str) -> (Option<SignedHead>, Vec<String>) {
    match Connection::open(address, Door::Anonymous).await.ask(AnonymousRequest::Witnessed).await {
        Reply::Witnessed(witnessed) => (SignedHead::decode(&witnessed.head).ok(), witnessed.witnesses),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_is_cosigned_by_an_auditor_as_soon_as_it_has_something_new() {
    let around = tempfile::tempdir().unwrap();
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (at, witness_at) = (free(), free());
    let auditor = Auditor::of(&format!("http://{at}"));
    let witness = key(&auditor);
    let config = around.path().join("waxseald.toml");
    std::fs::write(&config, format!("witnesses = [\"http://{witness_at} {}\"]\n", witness.vkey())).unwrap();
    let server = Server::start_with(&around.path().join("data"), &at, &["--config", config.to_str().unwrap()]);
    Person::arrive(&server.address, "alice").await;
    assert_eq!(told(&at).await, (None, vec![witness.vkey()]), "nobody waits for a witness that is not there");

    // By itself it would look in an hour.
    let _service = service_at(&auditor, &witness_at, &["--every", "1h", "--key", "key"]);
    let asked = Witnesses { keys: vec![witness], need: 1 };
    let mut size = 0;
    for name in ["bob", "carol"] {
        Person::arrive(&server.address, name).await;
        let began = Instant::now();
        loop {
            let told = told(&at).await.0.filter(|told| told.head.size > size);
            let log = keys(&server).await;
            if let Some(told) = told.filter(|told| told.verify(&log).is_ok() && asked.count(&log.id(), told) == 1) {
                size = told.head.size;
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(40), "never cosigned");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn keys(server: &Server) -> waxseal_transparency::LogKeys {
    let lookup = waxseal_wire::request::Lookup { who: Vec::new(), key_packages: false, seen: None };
    match Connection::open(&server.address, Door::Anonymous).await.ask(AnonymousRequest::Lookup(lookup)).await {
        Reply::Accounts(accounts) => waxseal_transparency::LogKeys::from_bytes(&accounts.log.unwrap().keys).unwrap(),
        other => panic!("{other:?}"),
    }
}
