//! SECURITY.md, "takes a locked device": gets a sealed database, never its content without the passphrase.
//!
//! Anna's client works on files under a passphrase. Every byte of them is read,
//! while she talks and after she has closed.

use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rusqlite::Connection;
use tempfile::TempDir;
use waxseal_core::Client;
use waxseal_core::store::key::{Cost, KeyError, Unlock};
use waxseal_core::store::{Store, StoreError, StoreKey};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Town, Weather};

use crate::{rows, scene};

const PASSPHRASE: &str = "seven combs of dark honey";
const TITLE: &str = "society for old beehives";
const DEVICE: &str = "the laptop in annas kitchen";
const SAID: &str = "meet me where the swarm was";
const HEARD: &str = "bring the smoker and the veil";

/// Anna, on files in a folder, has talked with Bert in a direct chat and a group.
struct AtRest {
    town: Town,
    folder: TempDir,
}

impl AtRest {
    fn begin() -> Self {
        let folder = TempDir::new().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = StoreKey::create(&folder.path().join("key"), Unlock::Passphrase(PASSPHRASE), Cost::CHEAP, &mut rng).unwrap();
        let mut town = Town::new(6, Weather::CALM).unwrap();
        let anna = town.settle(DEVICE, "anna");
        town.houses[anna].client = Some(Client::open(Store::open(&folder.path().join("db"), &key).unwrap()).unwrap());
        town.plan(10, anna, Deed::Register);
        scene::people(&mut town, &["bert"]);
        scene::group(&mut town, TITLE);
        scene::say(&mut town, 0, TITLE, SAID);
        scene::say(&mut town, 1, TITLE, HEARD);
        assert_eq!(scene::texts(&mut town, 0, TITLE), [SAID, HEARD]);
        Self { town, folder }
    }

    /// What nobody may find in the files.
    fn secrets(&mut self) -> Vec<Vec<u8>> {
        let words = [TITLE, DEVICE, SAID, HEARD, PASSPHRASE].map(|word| word.as_bytes().to_vec());
        let (anna, bert) = (scene::identity(&mut self.town, 0), scene::identity(&mut self.town, 1));
        let group = scene::group_of(&mut self.town, 0, TITLE);
        let ids = [anna.account.0.to_vec(), bert.account.0.to_vec(), anna.key.to_bytes().to_vec(), group.0.to_vec()];
        words.into_iter().chain(ids).collect()
    }
}

/// What in a folder's files is not noise.
fn legible(folder: &Path, secrets: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        for secret in secrets.iter().filter(|secret| rows::contains(&bytes, secret)) {
            found.push(format!("{name} holds {}", String::from_utf8_lossy(secret)));
        }
        if rows::contains(&bytes, b"SQLite format 3") {
            found.push(format!("{name} says what it is"));
        }
        if name.starts_with("db") && !is_noise(&pages(&name, &bytes)) {
            found.push(format!("{name} is no noise"));
        }
    }
    found
}

/// A log's pages without what SQLite writes before each.
fn pages(name: &str, bytes: &[u8]) -> Vec<u8> {
    if !name.ends_with("-wal") || bytes.is_empty() {
        return bytes.to_vec();
    }
    let page = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
    bytes[32..].chunks(24 + page).flat_map(|frame| &frame[24..]).copied().collect()
}

/// Chi-square over bytes: 255 on average for chance, and over 400 once in 10⁸ times.
fn is_noise(bytes: &[u8]) -> bool {
    let mut counts = [0f64; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1.0);
    let even = bytes.len() as f64 / 256.0;
    bytes.is_empty() || counts.iter().map(|count| (count - even).powi(2) / even).sum::<f64>() < 400.0
}

#[test]
fn an_open_and_a_closed_store_are_noise() {
    let mut scene = AtRest::begin();
    let secrets = scene.secrets();
    let files = std::fs::read_dir(scene.folder.path()).unwrap().count();
    assert!(files >= 3, "header, database and log");
    assert_eq!(legible(scene.folder.path(), &secrets), Vec::<String>::new());
    drop(scene.town.houses[0].client.take());
    assert_eq!(legible(scene.folder.path(), &secrets), Vec::<String>::new());
}

#[test]
fn a_wrong_passphrase_is_told_and_opens_nothing() {
    let mut scene = AtRest::begin();
    drop(scene.town.houses[0].client.take());
    let header = scene.folder.path().join("key");
    assert!(matches!(StoreKey::open(&header, Unlock::Passphrase("seven combs of light honey")), Err(KeyError::WrongKey)));
    let file = scene.folder.path().join("db");
    assert!(matches!(Store::open(&file, &StoreKey::from_bytes([0; 32])), Err(StoreError::WrongKey)));
    let key = StoreKey::open(&header, Unlock::Passphrase(PASSPHRASE)).unwrap();
    Store::open(&file, &key).unwrap();
}

#[test]
fn counter_proof_a_database_in_clear_is_seen() {
    let mut scene = AtRest::begin();
    let secrets = scene.secrets();
    let clear = TempDir::new().unwrap();
    let mut copy = Connection::open(clear.path().join("db")).unwrap();
    // Bert's store lives in memory, unsealed: as a forgotten key would leave Anna's.
    scene::look(scene.town.houses[1].client(), |store| {
        store.read(|tx| Ok::<_, StoreError>(rusqlite::backup::Backup::new(tx, &mut copy)?.step(-1).map(drop)?)).unwrap();
    });
    drop(copy);
    let found = legible(clear.path(), &secrets);
    for sign in ["says what it is", "is no noise", SAID, HEARD, TITLE] {
        assert!(found.iter().any(|one| one.contains(sign)), "{sign} was not seen: {found:?}");
    }
}
