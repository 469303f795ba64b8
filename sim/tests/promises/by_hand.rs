//! SECURITY.md, "runs the server and lies": an operator with the database in hand is noticed.
//!
//! The rows are changed beside the running server, with SQL; it publishes what it finds, under its own keys. Each
//! try says by whom it was noticed, and how many epochs after.

use ed25519_dalek::SigningKey;
use rusqlite::{Connection, params};
use tempfile::TempDir;
use waxseal_core::output::Problem;
use waxseal_core::view::{Line, Notice};
use waxseal_core::{Command, Event};
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, Signature, SignedRecord, sign};
use waxseal_wire::frame::Door;
use waxseal_wire::id::DeviceId;
use waxseal_wire::name::AccountName;

use crate::scene;

const TITLE: &str = "bees";
const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const MALLORY: usize = 3;

/// Anna and Bert share a group; Carl and Mallory know nobody. The server's store is a file.
fn hive(seed: u64) -> (Town, TempDir, Connection) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("waxseal.db");
    let mut town = Town::with_store(seed, Weather::CALM, SqliteStore::open(&file).unwrap());
    scene::people(&mut town, &["anna", "bert", "carl", "mallory"]);
    town.plan(0, ANNA, Deed::Found(TITLE.into(), vec!["bert".into()]));
    town.plan(5_000, BERT, Deed::AcceptAll);
    scene::say(&mut town, ANNA, TITLE, "before");
    let operator = Connection::open(&file).unwrap();
    (town, folder, operator)
}

/// The server notices what is due with its next request; whose door it is does not matter.
fn publishes(town: &mut Town, operator: &Connection, names: &[&str]) {
    for name in names {
        operator.execute("INSERT OR IGNORE INTO due_name (name) VALUES (?1)", [name]).unwrap();
    }
    looks_up(town, MALLORY, "nobody-at-all");
}

fn looks_up(town: &mut Town, house: usize, name: &str) {
    town.command(house, Command::LookUp(AccountName::parse(name).unwrap())).unwrap();
    town.run_for(30_000).unwrap();
}

/// A device's line breaks, and it comes again: on connecting it looks at its own entry.
fn comes_again(town: &mut Town, house: usize) {
    town.cut(house, Door::Device).unwrap();
    town.run_for(60_000).unwrap();
}

fn epoch(operator: &Connection) -> u64 {
    operator.query_row("SELECT max(epoch) FROM log_step", [], |row| row.get(0)).unwrap()
}

/// Says who noticed, and that nobody had before.
fn noticed(town: &mut Town, operator: &Connection, by: usize, began: u64, what: &str) {
    assert!(scene::was_told_of_lies(town, by), "{what}: {} is told", town.houses[by].name);
    assert!(scene::evidence(town, by) > 0, "{what}: {} keeps what shows it", town.houses[by].name);
    println!("{what}: noticed by {} after {} epoch(s)", town.houses[by].name, epoch(operator) - began);
}

fn chain_of(operator: &Connection, name: &str) -> Chain {
    let mut select = operator
        .prepare(
            "SELECT body, signer, signature FROM record WHERE account = (SELECT id FROM account WHERE name = ?1) ORDER BY place",
        )
        .unwrap();
    let rows =
        select.query_map([name], |row| Ok((row.get(0)?, row.get::<_, Option<[u8; 16]>>(1)?, row.get::<_, [u8; 64]>(2)?))).unwrap();
    let records: Vec<_> = rows
        .map(|row| {
            row.map(|(body, signer, signature)| SignedRecord {
                body,
                signer: signer.map(DeviceId),
                signature: Signature(signature),
            })
        })
        .collect::<Result<_, _>>()
        .unwrap();
    Chain::verify(&records).unwrap()
}

#[test]
fn a_device_that_is_written_into_an_account_is_noticed() {
    let (mut town, _folder, operator) = hive(301);
    let began = epoch(&operator);
    let chain = chain_of(&operator, "anna");
    let key = SigningKey::from_bytes(&[66; 32]);
    let own = chain.devices()[0];
    let ghost = DeviceEntry { id: DeviceId([66; 16]), key: PublicKey::of(&key), ..own };
    // All is in order but the signature, which only a device of hers could make.
    let hers = scene::identity(&mut town, ANNA).key;
    let record =
        SignedRecord { signature: sign(&key, b"as good as I can"), ..chain.next(vec![own, ghost], Some(own.id), &hers).unwrap() };
    operator
        .execute(
            "INSERT INTO record (account, place, body, signer, signature) VALUES ((SELECT id FROM account WHERE name = 'anna'), ?1, ?2, ?3, ?4)",
            params![chain.index() + 1, record.body, own.id.0, record.signature.0],
        )
        .unwrap();
    publishes(&mut town, &operator, &["anna"]);
    assert_eq!(epoch(&operator), began + 1, "the server has published it");
    looks_up(&mut town, CARL, "anna");
    noticed(&mut town, &operator, CARL, began, "a ghost's record, by who looks up");
    comes_again(&mut town, ANNA);
    noticed(&mut town, &operator, ANNA, began, "a ghost's record, by the account itself");
}

#[test]
fn a_name_that_is_given_to_another_account_is_noticed_by_who_has_it() {
    let (mut town, _folder, operator) = hive(302);
    let began = epoch(&operator);
    operator
        .execute_batch(
            "UPDATE account SET name = 'swapped' WHERE name = 'anna'; UPDATE account SET name = 'anna' WHERE name = 'mallory';
             UPDATE account SET name = 'mallory' WHERE name = 'swapped';",
        )
        .unwrap();
    publishes(&mut town, &operator, &["anna", "mallory"]);
    assert_eq!(epoch(&operator), began + 1);
    // Who never heard of Anna is shown Mallory, with a proof: the log says so. That is why everybody watches their own name.
    comes_again(&mut town, ANNA);
    noticed(&mut town, &operator, ANNA, began, "a name given away");
    // Whoever knows Anna takes nobody else for her, and is told.
    let (before, mallory) = (scene::identity(&mut town, ANNA).account, scene::identity(&mut town, MALLORY).account);
    town.command(BERT, Command::MarkVerified(before, true)).unwrap();
    let chat = scene::chat(&mut town, BERT, TITLE);
    for _ in 0..2 {
        looks_up(&mut town, BERT, "anna");
    }
    let name = AccountName::parse("anna").unwrap();
    assert_eq!(town.houses[BERT].client().account_by_name(&name).unwrap(), Some(before));
    assert!(scene::was_told_of(&town, BERT, Problem::IdentityChanged));
    assert!(!town.houses[BERT].told.iter().any(|event| matches!(event, Event::NoSuchAccount(_))), "there is somebody");
    let all = town.houses[BERT].client().messages(chat, None, 1_000).unwrap();
    let told = all.iter().filter(|one| one.line == Line::Notice(Notice::IdentityChanged(before))).count();
    assert_eq!(told, 1, "once");
    let members = town.houses[BERT].client().members(chat).unwrap();
    assert!(members.iter().all(|one| one.account != before || !one.verified), "what was compared was another's");
    // Only a person can take the other one for her; until then nothing goes there.
    town.command(BERT, Command::OpenDirect(name.clone())).unwrap();
    town.run_for(60_000).unwrap();
    assert_eq!(town.houses[MALLORY].client().chats().unwrap().len(), 0);
    town.command(BERT, Command::AcceptIdentity(name.clone())).unwrap();
    looks_up(&mut town, BERT, "anna");
    assert_eq!(town.houses[BERT].client().account_by_name(&name).unwrap(), Some(mallory));
    assert_ne!(town.houses[BERT].client().account_name(before).unwrap(), "anna");
    // And nobody's name is taken from them where nothing was proven.
    town.command(CARL, Command::AcceptIdentity(name)).unwrap();
    assert!(scene::was_told_of(&town, CARL, Problem::NoChange));
}

#[test]
fn an_account_that_is_deleted_behind_its_back_is_noticed() {
    let (mut town, _folder, operator) = hive(303);
    let began = epoch(&operator);
    operator.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM account WHERE name = 'anna'").unwrap();
    looks_up(&mut town, CARL, "anna");
    noticed(&mut town, &operator, CARL, began, "an account denied");
}

#[test]
fn a_log_that_is_set_back_under_its_old_keys_is_noticed() {
    let (mut town, folder, operator) = hive(304);
    let older = town.server_disk().unwrap();
    let began = epoch(&operator);
    let house = town.settle("dora/1", "dora");
    town.plan(10, house, Deed::Register);
    town.run_for(10_000).unwrap();
    looks_up(&mut town, ANNA, "dora");
    town.server_is_replaced(&older).unwrap();
    town.run_for(60_000).unwrap();
    // Others register in the place of Dora: the log is as large again, and is another one.
    let house = town.settle("emil/1", "emil");
    town.plan(10, house, Deed::Register);
    town.run_for(10_000).unwrap();
    looks_up(&mut town, ANNA, "emil");
    assert!(scene::was_told_of_lies(&mut town, ANNA));
    assert!(scene::evidence(&mut town, ANNA) > 0);
    println!("a log set back: noticed by anna/1 after 1 epoch(s), {began} epochs old");
    drop(folder);
}
