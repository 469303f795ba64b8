use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tempfile::TempDir;

use super::key::{Cost, KeyError, Unlock, make_key_file};
use super::*;

const KEY: [u8; 32] = [7; 32];

fn write_note(store: &mut Store, note: &str) -> Result<(), StoreError> {
    store.write(|tx| {
        tx.execute("CREATE TABLE IF NOT EXISTS note (text TEXT)", [])?;
        tx.execute("INSERT INTO note VALUES (?1)", [note])?;
        Ok(())
    })
}

fn notes(store: &Store) -> Vec<String> {
    store
        .read(|tx| {
            let mut statement = tx.prepare("SELECT text FROM note")?;
            let notes = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok::<_, StoreError>(notes)
        })
        .unwrap()
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let key = StoreKey::from_bytes(KEY);
    write_note(&mut Store::open(&path, &key).unwrap(), "kept").unwrap();
    assert_eq!(notes(&Store::open(&path, &key).unwrap()), ["kept"]);
}

#[test]
fn a_wrong_key_opens_nothing_and_the_file_is_noise() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let mut store = Store::open(&path, &StoreKey::from_bytes(KEY)).unwrap();
    write_note(&mut store, "a secret that would be seen").unwrap();
    store.scrub().unwrap();
    drop(store);
    assert!(matches!(Store::open(&path, &StoreKey::from_bytes([8; 32])), Err(StoreError::WrongKey)));
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"a secret" || window == b"SQLite f"));
}

#[test]
fn two_cannot_open_one_profile() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let key = StoreKey::from_bytes(KEY);
    let first = Store::open(&path, &key).unwrap();
    assert!(matches!(Store::open(&path, &key), Err(StoreError::InUse)));
    drop(first);
    Store::open(&path, &key).unwrap();
}

#[cfg(unix)]
#[test]
fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let mut store = Store::open(&path, &StoreKey::from_bytes(KEY)).unwrap();
    write_note(&mut store, "mine").unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
    }
}

#[test]
fn damage_is_told_apart_from_a_wrong_key() {
    let folder = TempDir::new().unwrap();
    let (path, header) = (folder.path().join("db"), folder.path().join("key"));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let unlock = Unlock::Passphrase("correct horse");
    let key = StoreKey::create(&header, unlock, Cost::CHEAP, &mut rng).unwrap();
    write_note(&mut Store::open(&path, &key).unwrap(), "fine").unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let key = StoreKey::open(&header, unlock).unwrap();
    assert!(matches!(Store::open(&path, &key), Err(StoreError::Damaged)));
}

#[test]
fn an_error_or_a_fault_keeps_nothing() {
    let mut store = Store::open_in_memory().unwrap();
    write_note(&mut store, "first").unwrap();
    let refused: Result<(), StoreError> = store.write(|tx| {
        tx.execute("INSERT INTO note VALUES ('half')", [])?;
        Err(StoreError::Value)
    });
    assert!(refused.is_err());
    store.fail_persist(2, Fault::Before);
    write_note(&mut store, "second").unwrap();
    assert!(matches!(write_note(&mut store, "third"), Err(StoreError::Stopped)));
    store.fail_persist(1, Fault::Full);
    assert!(matches!(write_note(&mut store, "fourth"), Err(StoreError::Full)));
    store.fail_persist(1, Fault::After);
    assert!(matches!(write_note(&mut store, "fifth"), Err(StoreError::Stopped)));
    write_note(&mut store, "sixth").unwrap();
    assert_eq!(notes(&store), ["first", "second", "fifth", "sixth"]);
}

#[test]
fn a_real_full_disk_is_typed_and_heals() {
    let mut store = Store::open_in_memory().unwrap();
    write_note(&mut store, "first").unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let large = "x".repeat(1 << 20);
    assert!(matches!(write_note(&mut store, &large), Err(StoreError::Full)));
    store.connection.pragma_update(None, "max_page_count", 1 << 20).unwrap();
    write_note(&mut store, "second").unwrap();
    assert_eq!(notes(&store), ["first", "second"]);
}

#[test]
fn a_read_only_database_is_typed() {
    let mut store = Store::open_in_memory().unwrap();
    write_note(&mut store, "first").unwrap();
    store.connection.pragma_update(None, "query_only", true).unwrap();
    assert!(matches!(write_note(&mut store, "second"), Err(StoreError::ReadOnly)));
}

#[test]
fn a_newer_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let key = StoreKey::from_bytes(KEY);
    let store = Store::open(&path, &key).unwrap();
    store.connection.pragma_update(None, "user_version", 999_000).unwrap();
    drop(store);
    assert!(matches!(Store::open(&path, &key), Err(StoreError::Newer { found: 999_000, .. })));
}

#[test]
fn a_look_leaves_no_trace() {
    let mut store = Store::open_in_memory().unwrap();
    write_note(&mut store, "first").unwrap();
    store
        .write(|tx| {
            tx.undone(|tx| -> Result<(), StoreError> {
                tx.execute("INSERT INTO note VALUES ('seen')", [])?;
                Ok(())
            })?;
            tx.execute("INSERT INTO note VALUES ('second')", [])?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(notes(&store), ["first", "second"]);
}

#[test]
fn only_the_passphrase_opens_the_header() {
    let folder = TempDir::new().unwrap();
    let header = folder.path().join("key");
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    assert!(matches!(StoreKey::open(&header, Unlock::Passphrase("x")), Err(KeyError::Missing)));
    let made = StoreKey::create(&header, Unlock::Passphrase("correct horse"), Cost::CHEAP, &mut rng).unwrap();
    assert_eq!(StoreKey::open(&header, Unlock::Passphrase("correct horse")).unwrap().current(), made.current());
    assert!(matches!(StoreKey::open(&header, Unlock::Passphrase("battery")), Err(KeyError::WrongKey)));
    let again = StoreKey::create(&header, Unlock::Passphrase("x"), Cost::CHEAP, &mut rng);
    assert!(matches!(again, Err(KeyError::Exists)));
    std::fs::write(&header, b"noise").unwrap();
    assert!(matches!(StoreKey::open(&header, Unlock::Passphrase("correct horse")), Err(KeyError::Damaged)));
}

#[cfg(unix)]
#[test]
fn a_key_file_opens_the_header_unless_others_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let (header, file) = (folder.path().join("header"), folder.path().join("key"));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    make_key_file(&file, &mut rng).unwrap();
    let unlock = Unlock::KeyFile(&file);
    let made = StoreKey::create(&header, unlock, Cost::CHEAP, &mut rng).unwrap();
    assert_eq!(StoreKey::open(&header, unlock).unwrap().current(), made.current());
    assert!(matches!(StoreKey::open(&header, Unlock::Passphrase("x")), Err(KeyError::WrongKey)));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(StoreKey::open(&header, unlock), Err(KeyError::OpenToOthers)));
}

#[test]
fn a_change_of_passphrase_survives_a_crash_at_every_step() {
    let folder = TempDir::new().unwrap();
    let (path, header) = (folder.path().join("db"), folder.path().join("key"));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let (old, new) = (Unlock::Passphrase("old"), Unlock::Passphrase("new"));
    let key = StoreKey::create(&header, old, Cost::CHEAP, &mut rng).unwrap();
    write_note(&mut Store::open(&path, &key).unwrap(), "kept").unwrap();
    StoreKey::change(&header, old, new, Cost::CHEAP, &mut rng).unwrap();
    // Killed here: the header is new, the database still under the old key. Opening finishes the change.
    assert!(matches!(StoreKey::open(&header, old), Err(KeyError::WrongKey)));
    let key = StoreKey::open(&header, new).unwrap();
    assert_eq!(notes(&Store::open(&path, &key).unwrap()), ["kept"]);
    StoreKey::settle(&header).unwrap();
    let key = StoreKey::open(&header, new).unwrap();
    let mut store = Store::open(&path, &key).unwrap();
    write_note(&mut store, "more").unwrap();
    // And the way without a crash.
    let key = StoreKey::change(&header, new, old, Cost::CHEAP, &mut rng).unwrap();
    store.rekey(&key).unwrap();
    StoreKey::settle(&header).unwrap();
    drop(store);
    let store = Store::open(&path, &StoreKey::open(&header, old).unwrap()).unwrap();
    assert_eq!(notes(&store), ["kept", "more"]);
}
