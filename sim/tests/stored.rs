//! What a release stored must still read, and go on: a client's state, its server's store, and a sealed profile.
//!
//! ```text
//!   writes_the_fixtures ──► client.db  a client's rows, in plain and in small pages: the tests seal them again
//!                       ──► server.db  the server's store of the same moment, backed up
//!                       ──► sealed.db, header  a small database as SQLCipher wrote it, and what opens it
//! ```
//! Bert of `client.db` is in two groups, joins another, has a request, a draft, words that wait under a name and one
//! that was taken while he did not hear it. `cargo test --workspace --test stored -- --ignored` writes a new release's:
//! add it to `RELEASES`, keep the old ones. One-time KeyPackages but for two are left out, so that they stay small.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rusqlite::Connection;
use tempfile::TempDir;
use waxseal_core::store::key::{Cost, KeyError, Unlock};
use waxseal_core::store::{Store, StoreError, StoreKey};
use waxseal_core::view::{ChatState, Draft, Line, MessageState, Notice};
use waxseal_core::{Client, Command};
use waxseal_server::engine::Engine;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_sim::deeds::Deed;
use waxseal_sim::house::House;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::id::Millis;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::Reply;

const RELEASES: [&str; 1] = ["v1"];
const KEY: [u8; 32] = [7; 32];
const PASSPHRASE: &str = "correct horse battery staple";
/// When the stored ones go on: hours after they were stored, before anything runs out.
const LATER: Millis = Millis(1_790_000_000_000 + 8 * 60 * 60 * 1000);
const DAY: u64 = 24 * 60 * 60 * 1000;

const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const DORA: usize = 3;

/// SQLCipher sets itself up while the first connection of a process is opened; a second one at that moment lacks a part.
static ONE_BY_ONE: Mutex<()> = Mutex::new(());

fn one_by_one() -> MutexGuard<'static, ()> {
    ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fixtures(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(release)
}

fn raw_key(key: &[u8; 32]) -> String {
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"x'{digits}'\"")
}

/// A client's rows, sealed under [`KEY`] as they were before they were written out.
fn seal(plain: &Path, to: &Path) {
    let sealed = unlocked(to);
    sealed.execute_batch(&format!("ATTACH DATABASE '{}' AS plain KEY '';", plain.display())).unwrap();
    let version: u32 = sealed.query_row("PRAGMA plain.user_version", [], |row| row.get(0)).unwrap();
    sealed.query_row("SELECT sqlcipher_export('main', 'plain')", [], |_| Ok(())).unwrap();
    sealed.execute_batch(&format!("DETACH DATABASE plain; PRAGMA user_version = {version};")).unwrap();
}

fn unlocked(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch(&format!("PRAGMA key = {};", raw_key(&KEY))).unwrap();
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).unwrap();
    connection
}

fn open(file: &Path) -> Client {
    Client::open(Store::open(file, &StoreKey::from_bytes(KEY)).unwrap()).unwrap()
}

#[test]
fn what_all_releases_stored_still_reads_and_goes_on() {
    let _alone = one_by_one();
    for release in RELEASES {
        let folder = TempDir::new().unwrap();
        let (client, server) = (folder.path().join("client.db"), folder.path().join("server.db"));
        seal(&fixtures(release).join("client.db"), &client);
        std::fs::copy(fixtures(release).join("server.db"), &server).unwrap();
        goes_on(&client, &server);
    }
}

#[test]
fn what_all_releases_stored_goes_on_after_backup_and_restore() {
    let _alone = one_by_one();
    for release in RELEASES {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        seal(&fixtures(release).join("client.db"), &at("client.db"));
        std::fs::copy(fixtures(release).join("server.db"), at("server.db")).unwrap();
        SqliteStore::open(&at("server.db")).unwrap().backup(&at("backup")).unwrap();
        Engine::restore(&at("backup"), &at("restored")).unwrap();
        let restored = std::fs::read_dir(at("restored")).unwrap().map(|file| file.unwrap().path());
        let store = restored.filter(|file| SqliteStore::check(file).is_ok()).collect::<Vec<_>>();
        assert_eq!(store.len(), 1, "{store:?}");
        goes_on(&at("client.db"), &store[0]);
    }
}

#[test]
fn what_all_releases_sealed_still_opens() {
    let _alone = one_by_one();
    for release in RELEASES {
        let folder = TempDir::new().unwrap();
        let [header, database] = ["header", "sealed.db"].map(|name| {
            std::fs::copy(fixtures(release).join(name), folder.path().join(name)).unwrap();
            folder.path().join(name)
        });
        assert!(matches!(StoreKey::open(&header, Unlock::Passphrase("wrong")), Err(KeyError::WrongKey)));
        let key = StoreKey::open(&header, Unlock::Passphrase(PASSPHRASE)).unwrap();
        let note = Store::open(&database, &key)
            .unwrap()
            .read(|tx| Ok::<_, StoreError>(tx.query_row("SELECT text FROM note", [], |row| row.get::<_, String>(0))?));
        assert_eq!(note.unwrap(), "sealed by this release");
    }
}

/// Bert alone, with the client and the server that were stored.
fn goes_on(client: &Path, server: &Path) {
    let mut town = Town::with_store(5, Weather::CALM, SqliteStore::open(server).unwrap());
    town.now = LATER;
    town.houses.push(House { client: Some(open(client)), ..House::new("bert/1", "bert") });
    stands_as_it_was_left(&mut town);

    town.connect(0, 0);
    town.run_for(5 * 60_000).unwrap();
    let words = |town: &mut Town, title: &str| texts(town, title).into_iter().map(|(text, _)| text).collect::<Vec<_>>();
    assert_eq!(words(&mut town, "anna"), ["hello bert", "hello Anna", "taken and not heard"]);
    assert_eq!(words(&mut town, "bees"), ["hello bees", "carl is here", "while you were away", "pending words"]);
    assert_eq!(words(&mut town, "wasps"), ["parked words"]);
    for title in ["anna", "bees"] {
        assert!(texts(&mut town, title).iter().all(|(_, state)| *state != MessageState::Pending), "{title}");
    }
    // Nobody had taken the name that words waited under.
    assert_eq!(texts(&mut town, "emil"), [("wait for emil".to_owned(), MessageState::Failed)]);
    let emil = town.chat(0, "emil").unwrap();
    let lines = town.houses[0].client().messages(emil, None, 10).unwrap();
    assert!(lines.iter().any(|line| line.line == Line::Notice(Notice::Nobody)));
    assert_eq!(town.houses[0].client().connection().waiting, 0);
    let bees = town.chat(0, "bees").unwrap();
    assert_eq!(town.houses[0].client().members(bees).unwrap().len(), 3);

    // Whom it never heard of finds it by a stored KeyPackage, and the two talk.
    let fred = town.settle("fred/1", "fred");
    town.plan(0, fred, Deed::Register);
    town.plan(2_000, fred, Deed::Open("bert".into()));
    town.plan(4_000, fred, Deed::Say("bert".into(), "is this still your name?".into()));
    town.plan(10_000, 0, Deed::AcceptAll);
    town.plan(12_000, 0, Deed::Say("fred".into(), "it is".into()));
    town.plan(12_000, 0, Deed::Say("dora".into(), "you may".into()));
    town.run_for(60_000).unwrap();
    assert_eq!(words(&mut town, "fred"), ["is this still your name?", "it is"]);
    let theirs = town.chat(fred, "bert").unwrap();
    assert_eq!(town.houses[fred].client().messages(theirs, None, 10).unwrap().last().unwrap().line, Line::Text("it is".into()));
    assert_eq!(texts(&mut town, "dora").last(), Some(&("you may".to_owned(), MessageState::Sent)));
    // And it can be left running: keys are made anew, nothing is broken.
    town.run_for(8 * DAY).unwrap();
    for house in [0, fred] {
        assert_eq!(town.houses[house].client().health().unwrap().undecryptable, 0);
    }
}

fn stands_as_it_was_left(town: &mut Town) {
    let bert = town.houses[0].client();
    assert_eq!(bert.me().unwrap().unwrap().name.as_str(), "bert");
    let drafts: Vec<_> = bert.drafts().unwrap().into_iter().map(|draft| draft.text).collect();
    assert_eq!(drafts, ["not finished yet"]);
    let requested = bert.chats().unwrap().into_iter().filter(|chat| chat.state == ChatState::Requested);
    assert_eq!(requested.map(|chat| chat.title).collect::<Vec<_>>(), ["dora"]);
    assert!(bert.connection().waiting >= 3, "words wait: {}", bert.connection().waiting);
    let store = bert.store_mut();
    assert_eq!(count(store, "outbox WHERE request IS NOT NULL"), 1, "one was built, and left");
    assert_eq!(count(store, "joining"), 1, "a group is being joined");
    assert!(count(store, "(SELECT DISTINCT grp FROM parked)") >= 2, "in two groups, what came waits for somebody's chain");
    assert_eq!(count(store, "reaction"), 1);
    assert_eq!(
        texts(town, "bees"),
        [("hello bees".into(), MessageState::Received), ("pending words".into(), MessageState::Pending)]
    );
    assert_eq!(texts(town, "emil"), [("wait for emil".into(), MessageState::Pending)]);
}

fn count(store: &Store, of: &str) -> i64 {
    store.read(|tx| Ok::<_, StoreError>(tx.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0))?)).unwrap()
}

/// What the first house shows in a chat.
fn texts(town: &mut Town, title: &str) -> Vec<(String, MessageState)> {
    let chat = town.chat(0, title).unwrap_or_else(|| panic!("no chat {title}"));
    let lines = town.houses[0].client().messages(chat, None, 100).unwrap();
    let text = |line: Line| if let Line::Text(text) = line { Some(text) } else { None };
    lines.into_iter().filter_map(|message| Some((text(message.line)?, message.state))).collect()
}

/// Bert is not told who people are, nor that his words were taken.
struct Unheard;

impl Tap for Unheard {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        let is_lost = house == BERT && matches!(told, Told::Reply(_, Reply::Accounts(_) | Reply::Accepted(_)));
        if is_lost { Vec::new() } else { vec![told] }
    }
}

#[test]
#[ignore = "writes files; run by hand for a release"]
fn writes_the_fixtures() {
    let _alone = one_by_one();
    let folder = TempDir::new().unwrap();
    let client = folder.path().join("client.db");
    let mut town = lived_in(&client);
    let to = fixtures(RELEASES[RELEASES.len() - 1]);
    std::fs::create_dir_all(&to).unwrap();
    for name in ["client.db", "server.db", "sealed.db", "header"] {
        let _ = std::fs::remove_file(to.join(name));
    }
    SqliteStore::from_snapshot(&town.server_disk().unwrap()).unwrap().backup(&to.join("server.db")).unwrap();
    drop(town.houses[BERT].client.take());
    let gone = prune_server(&Connection::open(to.join("server.db")).unwrap());

    let sealed = unlocked(&client);
    for alias in gone {
        sealed.execute("DELETE FROM mls_item WHERE key IN (SELECT key_package FROM alias WHERE alias = ?1)", [&alias]).unwrap();
        sealed.execute("DELETE FROM alias WHERE alias = ?1", [&alias]).unwrap();
    }
    let version: u32 = sealed.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let plain = to.join("client.db");
    sealed.execute_batch(&format!("ATTACH DATABASE '{}' AS plain KEY '';", plain.display())).unwrap();
    sealed.query_row("SELECT sqlcipher_export('plain')", [], |_| Ok(())).unwrap();
    sealed.execute_batch(&format!("PRAGMA plain.user_version = {version}; DETACH DATABASE plain;")).unwrap();
    shrink(&Connection::open(&plain).unwrap());
    write_sealed(&to);
}

/// Bert's life until it is written out, and everybody's around him.
fn lived_in(file: &Path) -> Town {
    let mut town = Town::of_people(5, &["anna", "bert", "carl", "dora"]).unwrap();
    town.houses[BERT].client = Some(open(file));
    town.run_for(3_000).unwrap();
    town.plan(0, ANNA, Deed::Open("bert".into()));
    town.plan(1_000, ANNA, Deed::Say("bert".into(), "hello bert".into()));
    town.plan(3_000, BERT, Deed::AcceptAll);
    town.plan(4_000, BERT, Deed::Say("anna".into(), "hello anna".into()));
    town.plan(6_000, ANNA, Deed::Found("bees".into(), vec!["bert".into()]));
    town.plan(9_000, BERT, Deed::AcceptAll);
    town.plan(12_000, ANNA, Deed::Say("bees".into(), "hello bees".into()));
    town.run_for(60_000).unwrap();
    let chat = town.chat(BERT, "anna").unwrap();
    let message = town.houses[BERT].client().messages(chat, None, 10).unwrap().last().unwrap().message;
    town.command(BERT, Command::Edit { chat, message, text: "hello Anna".into() }).unwrap();
    town.command(BERT, Command::React { chat, message, emoji: "🐝".into() }).unwrap();
    town.plan(0, DORA, Deed::Open("bert".into()));
    town.plan(2_000, DORA, Deed::Say("bert".into(), "may I?".into()));
    town.run_for(60 * 60_000).unwrap();

    town.tap = Some(Box::new(Unheard));
    town.plan(0, ANNA, Deed::Add("bees".into(), vec!["carl".into()]));
    town.plan(3_000, CARL, Deed::AcceptAll);
    town.plan(5_000, CARL, Deed::Say("bees".into(), "carl is here".into()));
    town.plan(6_000, CARL, Deed::Found("wasps".into(), vec!["bert".into()]));
    town.plan(9_000, CARL, Deed::Say("wasps".into(), "parked words".into()));
    town.plan(12_000, BERT, Deed::Say("anna".into(), "taken and not heard".into()));
    town.run_for(15_000).unwrap();
    town.unplug(BERT).unwrap();
    town.command(BERT, Command::KeepDraft(Draft { chat, text: "not finished yet".into(), reply_to: Some(message) })).unwrap();
    town.command(BERT, Command::OpenDirect(AccountName::parse("emil").unwrap())).unwrap();
    town.plan(0, BERT, Deed::Say("emil".into(), "wait for emil".into()));
    town.plan(0, BERT, Deed::Say("bees".into(), "pending words".into()));
    town.plan(0, ANNA, Deed::Say("bees".into(), "while you were away".into()));
    town.run_for(10_000).unwrap();
    town
}

/// Two one-time KeyPackages of Bert stay, and everybody's last resort. Gives the aliases of those that go.
fn prune_server(server: &Connection) -> Vec<Vec<u8>> {
    let bert = "(SELECT mailbox FROM device WHERE account = (SELECT id FROM account WHERE name = 'bert'))";
    let stays = format!("SELECT id FROM key_package WHERE mailbox = {bert} AND NOT last_resort ORDER BY id LIMIT 2");
    let delete = format!("DELETE FROM key_package WHERE NOT last_resort AND id NOT IN ({stays}) RETURNING alias");
    let gone = server.prepare(&delete).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    shrink(server);
    gone
}

fn shrink(file: &Connection) {
    file.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;").unwrap();
}

/// A header whose key is known by the seed it was drawn from, and a database under that key.
fn write_sealed(to: &Path) {
    let (mut chance, mut key) = (ChaCha20Rng::seed_from_u64(7), [0; 32]);
    StoreKey::create(&to.join("header"), Unlock::Passphrase(PASSPHRASE), Cost::CHEAP, &mut chance).unwrap();
    ChaCha20Rng::seed_from_u64(7).fill_bytes(&mut key);
    let sealed = Connection::open(to.join("sealed.db")).unwrap();
    sealed.execute_batch(&format!("PRAGMA key = {}; CREATE TABLE note (text TEXT NOT NULL);", raw_key(&key))).unwrap();
    sealed.execute("INSERT INTO note VALUES ('sealed by this release')", []).unwrap();
}
