//! An operator with the database in hand, against the programs as they are shipped.
//!
//! The server is stopped, its tables are changed with SQL or its folder is copied, and it runs again under its own
//! keys. Each try says by whom it was noticed, and how many epochs after. What takes hours, and what an operator says
//! who writes a server of their own: `sim/tests/promises`.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop with the reason")]
#![allow(clippy::disallowed_macros, reason = "each try says by whom it was noticed")]
#![allow(clippy::disallowed_methods, reason = "what an operator makes up is of today")]

mod cast;

use cast::{Person, Server, Town, until};
use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rusqlite::{Connection, params};
use waxseal_core::group::{Alias, Identity, make_key_package};
use waxseal_core::store::Store;
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, Record, Signature, SignedRecord};
use waxseal_wire::id::{AccountId, DeviceId, Millis};

const NOTHING: &str = "None: this server has never been caught";

/// Connects, and looks whether anything shows that the server lied.
fn notices(person: &Person) -> bool {
    person.run(&["requests"]);
    !person.done(&["evidence"]).contains(NOTHING)
}

fn noticed(what: &str, by: &str, person: &Person, epochs: u64) {
    until(&format!("{by} notices: {what}"), || notices(person));
    println!("{what}: noticed by {by} after {epochs} epoch(s)");
}

/// What is kept convicts the log, for somebody who has no account.
fn proven(person: &Person, crime: &str) {
    let file = person.folder().join("evidence");
    let file = file.to_str().unwrap();
    person.done(&["evidence", "write", "1", file]);
    let verdict = person.done(&["evidence", "check", file]);
    assert!(verdict.contains(crime), "{verdict}");
}

/// Alice and Bob know each other.
fn two_friends(town: &Town) -> (Person, Person) {
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    alice.done(&["send", "bob", "hello"]);
    bob.until(&["requests"], "alice: hello");
    bob.done(&["requests", "accept", "alice"]);
    (alice, bob)
}

/// A word in a new chat, which says what directory its writer has seen.
fn writes_anew(from: &Person, to: &str, word: &str) {
    from.done(&["group", "create", "Bees", to]);
    from.done(&["send", "#Bees", word]);
}

/// Somebody new registers, and the directory says so.
fn comes(town: &Town, server: &Server, name: &str) -> Person {
    let began = server.epoch();
    let person = town.person(name).with_server(&server.address);
    person.done(&["register", name]);
    until("it is published", || server.epoch() > began);
    person
}

fn chain_of(operator: &Connection, name: &str) -> Chain {
    let sql = "SELECT body, signer, signature FROM record WHERE account = (SELECT id FROM account WHERE name = ?1) ORDER BY place";
    let mut select = operator.prepare(sql).unwrap();
    let record = |row: &rusqlite::Row<'_>| {
        let (signer, signature): (Option<[u8; 16]>, [u8; 64]) = (row.get(1)?, row.get(2)?);
        Ok(SignedRecord { body: row.get(0)?, signer: signer.map(DeviceId), signature: Signature(signature) })
    };
    let records: Vec<_> = select.query_map([name], record).unwrap().collect::<Result<_, _>>().unwrap();
    Chain::verify(&records).unwrap()
}

/// A device of nobody's, as good as an operator can make it.
fn ghost() -> (DeviceId, SigningKey) {
    (DeviceId([66; 16]), SigningKey::from_bytes(&[66; 32]))
}

/// A KeyPackage that says what its maker likes.
fn key_package(account: AccountId, device: DeviceId, key: SigningKey) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(66);
    let alias = Alias::random(&mut rng);
    let me = Identity { account, device, key };
    let now = Millis(u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap());
    let mut store = Store::open_in_memory().unwrap();
    store.write(|tx| Ok::<_, Box<dyn std::error::Error>>(make_key_package(tx, now, &mut rng, &me, &alias, true)?)).unwrap()
}

#[test]
fn a_device_that_is_written_into_an_account() {
    let mut town = Town::new();
    let (alice, bob) = two_friends(&town);
    let carol = town.registered("carol");
    let began = town.server.epoch();
    town.server.edited(|operator| {
        let chain = chain_of(operator, "alice");
        let (own, (id, key)) = (chain.devices()[0], ghost());
        let devices = vec![own, DeviceEntry { id, key: PublicKey::of(&key), ..own }];
        let index = chain.index() + 1;
        let record =
            Record { index, previous: Some(chain.head_hash()), devices, recovery_key: *chain.recovery_key(), salt: Vec::new() };
        let record = record.sign(Some(own.id), &key);
        let sql = "INSERT INTO record (account, place, body, signer, signature)
                   VALUES ((SELECT id FROM account WHERE name = 'alice'), ?1, ?2, ?3, ?4)";
        operator.execute(sql, params![index, record.body, own.id.0, record.signature.0]).unwrap();
        operator.execute("INSERT OR IGNORE INTO due_name (name) VALUES ('alice')", []).unwrap();
    });
    until("the server publishes it", || town.server.epoch() > began);
    let complained = carol.refused(1, &["--timeout", "20", "send", "alice", "for alice alone"]);
    assert!(complained.contains("cannot prove who is who") && complained.contains("waxseal evidence"), "{complained}");
    noticed("a device written into alice's account", "carol, who looks her up,", &carol, 1);
    noticed("a device written into alice's account", "alice herself", &alice, 1);
    bob.done(&["send", "alice", "whom one knows one talks to as ever"]);
}

#[test]
fn a_key_package_of_a_device_that_is_not_listed() {
    let mut town = Town::new();
    let (alice, _) = two_friends(&town);
    let (carol, mallory) = (town.registered("carol"), town.registered("mallory"));
    let began = town.server.epoch();
    let ghosts_mailbox = town.server.edited(|operator| {
        let account =
            AccountId(operator.query_row("SELECT account FROM account WHERE name = 'alice'", [], |row| row.get(0)).unwrap());
        let (device, key) = ghost();
        let sql = "INSERT INTO device (account, device, key) VALUES ((SELECT id FROM account WHERE name = 'alice'), ?1, ?2)";
        operator.execute(sql, params![device.0, PublicKey::of(&key).0]).unwrap();
        let mailbox = operator.last_insert_rowid();
        operator.execute("INSERT INTO mailbox (id) VALUES (?1)", [mailbox]).unwrap();
        let sql = "INSERT INTO key_package (mailbox, last_resort, alias, bytes) VALUES (?1, 1, ?2, ?3)";
        operator.execute(sql, params![mailbox, [66_u8; 16], key_package(account, device, key)]).unwrap();
        mailbox
    });
    let sent = carol.run(&["send", "alice", "for alice alone"]);
    let complained = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert!(sent.status.success() && complained.contains("of no device of theirs"), "{complained}");
    println!(
        "a KeyPackage of a device that is not listed: noticed by carol, who was to use it, after {} epoch(s)",
        town.server.epoch() - began
    );
    // Her own device was proven, and gets what was said.
    alice.until(&["requests"], "for alice alone");
    let waits = "SELECT count(*) FROM envelope WHERE mailbox = ?1";
    let got: u64 = town.server.edited(|operator| operator.query_row(waits, [ghosts_mailbox], |row| row.get(0)).unwrap());
    assert_eq!(got, 0, "nothing is sent to the ghost");
    // Somebody else's KeyPackages in the place of hers: nobody is written to at all.
    town.server.edited(|operator| {
        let of = |name| format!("(SELECT mailbox FROM device JOIN account ON account.id = device.account WHERE name = '{name}')");
        let (hers, other) = (of("alice"), of("mallory"));
        let sql = format!("UPDATE key_package SET bytes = (SELECT bytes FROM key_package WHERE mailbox IN {other} AND last_resort = 1) WHERE mailbox IN {hers}");
        operator.execute(&sql, []).unwrap();
    });
    let dave = town.registered("dave");
    let complained = dave.refused(1, &["--timeout", "20", "send", "alice", "and this"]);
    assert!(complained.contains("of no device of theirs"), "{complained}");
    println!("another's KeyPackage: noticed by dave, who was to use it, after 0 epoch(s)");
    assert!(!mallory.done(&["requests"]).contains("and this"));
}

#[test]
fn a_name_that_two_people_are_told_different_owners_of() {
    let mut town = Town::new();
    let (alice, bob) = two_friends(&town);
    let (carol, _mallory) = (town.registered("carol"), town.registered("mallory"));
    carol.done(&["requests"]);
    let began = town.server.epoch();
    // Carol alone is shown a log in which Mallory is Alice.
    let (mut other, _copy) = town.server.forked();
    other.edited(|operator| {
        let sql =
            "UPDATE account SET name = 'swapped' WHERE name = 'alice'; UPDATE account SET name = 'alice' WHERE name = 'mallory';
                   UPDATE account SET name = 'mallory' WHERE name = 'swapped';
                   INSERT OR IGNORE INTO due_name (name) VALUES ('alice'), ('mallory');";
        operator.execute_batch(sql).unwrap();
    });
    until("the server publishes it", || other.epoch() > began);
    let fooled = carol.with_server(&other.address);
    fooled.done(&["send", "alice", "are you alice?"]);
    assert!(!notices(&fooled), "that log alone is without fault");
    // In the log of everybody else somebody registers; Bob, who has seen that one, writes to Carol.
    comes(&town, &town.server, "dave");
    bob.done(&["requests"]);
    bob.done(&["send", "carol", "alice says hello"]);
    other.brings_mail(&mut town.server, "carol");
    noticed("two answers for one name", "carol, with the first word of somebody who was told the other one,", &fooled, 1);
    proven(&fooled, "two different states of the same size");
    assert!(!notices(&alice));
}

#[test]
fn a_second_log_for_one_person() {
    let mut town = Town::new();
    let (alice, bob) = two_friends(&town);
    let (mut other, _copy) = town.server.forked();
    comes(&town, &town.server, "carol");
    comes(&town, &other, "dora");
    assert_eq!(town.server.epoch(), other.epoch());
    let apart = bob.with_server(&other.address);
    assert!(!notices(&alice) && !notices(&apart), "each log alone is without fault");
    writes_anew(&alice, "bob", "have you met carol?");
    other.brings_mail(&mut town.server, "bob");
    noticed("a second log", "bob, with the first word of somebody who saw the first one,", &apart, 1);
    proven(&apart, "two different states of the same size");
    apart.until(&["read", "#Bees"], "have you met carol?");
}

#[test]
fn a_log_that_is_kept_back_from_one_person() {
    let mut town = Town::new();
    let (alice, bob) = two_friends(&town);
    let (mut other, _copy) = town.server.forked();
    comes(&town, &town.server, "carol");
    alice.done(&["requests"]);
    // Bob is not told of Carol, but of others who came later.
    comes(&town, &other, "dora");
    comes(&town, &other, "emil");
    let apart = bob.with_server(&other.address);
    assert!(!notices(&apart), "that log alone is without fault");
    writes_anew(&alice, "bob", "have you met carol?");
    other.brings_mail(&mut town.server, "bob");
    // The server is asked, some seconds later, how what Alice saw goes on to what it shows: Bob stays for that.
    let mut staying = apart.listen();
    staying.hear("error", |event| event.to_string().contains("cannot prove who is who"));
    drop(staying);
    noticed("what is kept back", "bob, with the first word of somebody who was told,", &apart, 1);
}

#[test]
fn a_log_that_is_set_back() {
    let mut town = Town::new();
    let (alice, _) = two_friends(&town);
    let before = town.server.copied();
    comes(&town, &town.server, "carol");
    alice.done(&["send", "carol", "hello"]);
    // The older head as it was.
    town.server.set_back(&before);
    until("alice is told of the older head", || {
        let complained = String::from_utf8(alice.run(&["requests"]).stderr).unwrap();
        complained.contains("older than one that was seen")
    });
    println!("an older head: noticed by alice, who saw the newer one, after 0 epoch(s)");
    // Somebody else comes in the place of Carol: as large again, and another log.
    comes(&town, &town.server, "emil");
    noticed("a log set back", "alice, who saw the newer one,", &alice, 1);
    proven(&alice, "two different states of the same size");
}

#[test]
fn an_account_that_is_deleted_behind_its_back() {
    let mut town = Town::new();
    let (alice, _) = two_friends(&town);
    let carol = town.registered("carol");
    town.server.edited(|operator| {
        operator.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM account WHERE name = 'alice'").unwrap();
    });
    let complained = carol.refused(1, &["--timeout", "20", "send", "alice", "are you there?"]);
    assert!(complained.contains("cannot prove who is who"), "{complained}");
    noticed("an account denied", "carol, who looks her up,", &carol, 0);
    drop(alice);
}
