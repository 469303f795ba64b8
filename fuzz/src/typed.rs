//! What somebody types or keeps in a file: choices, addresses, codes, the header of the store's key.

use std::cell::RefCell;
use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::store::Store;
use waxseal_core::store::key::{StoreKey, Unlock, make_key_file};
use waxseal_core::{Client, Command, Event, Input, Output};
use waxseal_server::config::Config;
use waxseal_wire::id::Millis;

/// `cli` is a program and no library; this file of it stands by itself.
#[path = "../../cli/src/address.rs"]
#[allow(dead_code, unreachable_pub, reason = "only reading it is tried")]
mod client_address;

/// The server's configuration file; no file that it names is opened.
pub fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(config) = Config::parse(text) else { return };
    let judged = config.judge();
    let settings = Config { tls: None, ..config.clone() }.settings();
    assert!(settings.is_ok() || judged.is_err(), "no certificate, no error: but for a line of a witness that is none");
    let _ = config.policy();
}

/// Where a client is told that its server is.
pub fn address(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for insecure in [false, true] {
        let Ok(address) = client_address::Address::parse(text, insecure) else { continue };
        assert!(address.is_tls() || insecure || address.is_here(), "plain http leaves this machine");
        assert_eq!(client_address::Address::parse(&address.to_string(), insecure), Ok(address), "what is shown reads again");
    }
}

/// The header beside a database, which anybody who reaches the disk may have changed.
pub fn header(bytes: &[u8]) {
    thread_local! {
        static FOLDER: PathBuf = folder();
    }
    FOLDER.with(|folder| {
        let header = folder.join("header");
        std::fs::write(&header, bytes).expect("a file");
        // Without a passphrase: what one guess may cost is bounded by a test of its own.
        drop(StoreKey::open(&header, Unlock::KeyFile(&folder.join("key"))));
        drop(StoreKey::settle(&header));
    });
}

pub(crate) fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("waxseal-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let key = folder.join("key");
    if !key.exists() {
        make_key_file(&key, &mut ChaCha20Rng::seed_from_u64(1)).expect("a key file");
    }
    folder
}

/// A code that somebody copies from one device to another.
pub fn link_code(bytes: &[u8]) {
    thread_local! {
        static CLIENT: RefCell<Client> = RefCell::new(Client::open(Store::open_in_memory().expect("a store")).expect("a client"));
    }
    let code = String::from_utf8_lossy(bytes).into_owned();
    CLIENT.with_borrow_mut(|client| {
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        let accept = Command::AcceptLink { code, device_name: "phone".into() };
        client.handle(Millis(1_790_000_000_000), rng, Input::Command(accept)).expect("a bad code is no fault of the store");
        while let Some(output) = client.poll() {
            let is_joined = matches!(output, Output::Tell(Event::Registered { .. }));
            assert!(!is_joined, "nobody was asked");
        }
    });
}
