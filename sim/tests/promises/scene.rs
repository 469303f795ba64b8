//! What the promises need: people whose disks can be copied, and somebody who listens.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use rusqlite::Connection;
use tempfile::TempDir;
use waxseal_core::group::{Group, Identity, MemberLeaf};
use waxseal_core::output::Problem;
use waxseal_core::store::{Store, StoreError, StoreKey};
use waxseal_core::view::{ChatId, ChatState, Line, MessageView};
use waxseal_core::{Client, Event};
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_sim::deeds::Deed;
use waxseal_sim::house::House;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::id::{AccountId, DeviceId, Epoch, GroupId};
use waxseal_wire::key::DeliveryKey;
use waxseal_wire::reply::{AccountFound, MailboxEntry, Push, Reply};
use waxseal_wire::request::Request;

const KEY: [u8; 32] = [7; 32];

/// People who live in `town` from now on, registered, one house each, numbered in order.
pub(crate) fn people(town: &mut Town, names: &[&str]) {
    town.move_in(names);
    town.run_for(3_000).unwrap();
}

/// The same, with files for disks.
pub(crate) fn people_with_disks(seed: u64, names: &[&str]) -> (Town, Vec<Disk>) {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    let mut disks = Vec::new();
    for name in names {
        let house = town.settle(&format!("{name}/1"), name);
        disks.push(Disk::under(&mut town.houses[house]));
        town.plan(10, house, Deed::Register);
    }
    town.run_for(3_000).unwrap();
    (town, disks)
}

/// A group of everybody, founded by the first, accepted by all.
pub(crate) fn group(town: &mut Town, title: &str) {
    let others = (1..town.houses.len()).map(|house| town.houses[house].account.clone()).collect();
    town.plan(0, 0, Deed::Found(title.into(), others));
    town.run_for(5_000).unwrap();
    for house in 1..town.houses.len() {
        town.plan(0, house, Deed::AcceptAll);
    }
    // Who joins makes new keys within some minutes; then the group is at rest.
    town.run_for(60 * 60_000).unwrap();
    for house in 0..town.houses.len() {
        assert_eq!(state(town, house, title), ChatState::Open);
    }
}

pub(crate) fn say(town: &mut Town, house: usize, title: &str, text: &str) {
    town.plan(0, house, Deed::Say(title.into(), text.into()));
    town.run_for(60_000).unwrap();
}

pub(crate) fn chat(town: &mut Town, house: usize, title: &str) -> ChatId {
    town.chat(house, title).unwrap_or_else(|| panic!("{} has no chat {title}", town.houses[house].name))
}

pub(crate) fn state(town: &mut Town, house: usize, title: &str) -> ChatState {
    let chat = chat(town, house, title);
    town.houses[house].client().chat(chat).unwrap().unwrap().state
}

/// Texts and gaps as a house shows them.
pub(crate) fn lines(town: &mut Town, house: usize, title: &str) -> Vec<MessageView> {
    let chat = chat(town, house, title);
    let all = town.houses[house].client().messages(chat, None, 10_000).unwrap();
    all.into_iter().filter(|message| matches!(message.line, Line::Text(_) | Line::Gap)).collect()
}

/// Texts as a house shows them.
pub(crate) fn texts(town: &mut Town, house: usize, title: &str) -> Vec<String> {
    let text = |message: MessageView| if let Line::Text(text) = message.line { Some(text) } else { None };
    lines(town, house, title).into_iter().filter_map(text).collect()
}

/// The MLS group under the chat of a title.
pub(crate) fn group_of(town: &mut Town, house: usize, title: &str) -> GroupId {
    let chat = chat(town, house, title);
    look(town.houses[house].client(), |store| {
        store
            .read(|tx| {
                let id: Vec<u8> = tx.query_row("SELECT grp FROM chat WHERE chat = ?1", [chat.0], |row| row.get(0))?;
                Ok::<_, StoreError>(id.as_slice().try_into().unwrap())
            })
            .unwrap()
    })
}

/// Whether a person was told that the server cannot prove who is who.
pub(crate) fn was_told_of_lies(town: &mut Town, house: usize) -> bool {
    town.houses[house]
        .told
        .iter()
        .any(|event| matches!(event, Event::Failed { problem: Problem::Directory(lie), .. } if lie.is_lie()))
}

/// Whether a person was told of exactly this.
pub(crate) fn was_told_of(town: &Town, house: usize, what: Problem) -> bool {
    let is = |event: &Event| matches!(event, Event::Failed { problem, .. } if *problem == what);
    town.houses[house].told.iter().any(is)
}

/// How many pieces of evidence a house keeps.
pub(crate) fn evidence(town: &mut Town, house: usize) -> i64 {
    let count = |store: &mut Store| {
        store.read(|tx| Ok::<_, StoreError>(tx.query_row("SELECT count(*) FROM evidence", [], |row| row.get(0))?)).unwrap()
    };
    look(town.houses[house].client(), count)
}

/// Where a house's group stands, and the key that the server takes there.
pub(crate) fn delivery_key(town: &mut Town, house: usize, id: &GroupId) -> (Epoch, DeliveryKey) {
    look(town.houses[house].client(), |store| {
        store
            .read(|tx| {
                let group = Group::load(tx, id).unwrap().unwrap();
                Ok::<_, StoreError>((group.epoch(), group.delivery_key().unwrap()))
            })
            .unwrap()
    })
}

/// The leaves of a group, as a store has them.
pub(crate) fn members(store: &Store, id: &GroupId) -> Vec<MemberLeaf> {
    store.read(|tx| Ok::<_, StoreError>(Group::load(tx, id).unwrap().unwrap().members())).unwrap()
}

/// This device as a member, with the key that it signs with.
pub(crate) fn identity(town: &mut Town, house: usize) -> Identity {
    look(town.houses[house].client(), |store| {
        store
            .read(|tx| {
                Ok::<_, StoreError>(tx.query_row("SELECT account, device, device_key FROM me", [], |row| {
                    let key = SigningKey::from_bytes(&row.get(2)?);
                    Ok(Identity { account: AccountId(row.get(0)?), device: DeviceId(row.get(1)?), key })
                })?)
            })
            .unwrap()
    })
}

/// The server's database as it is now, opened from a file of its own.
pub(crate) fn server_file(town: &mut Town) -> (TempDir, Connection) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.db");
    let snapshot = town.server_disk().unwrap();
    SqliteStore::from_snapshot(&snapshot).unwrap().backup(&file).unwrap();
    let conn = Connection::open(&file).unwrap();
    (folder, conn)
}

pub(crate) fn look<T>(client: &mut Client, look: impl FnOnce(&mut Store) -> T) -> T {
    look(client.store_mut())
}

/// One house's disk: a folder with its encrypted database.
pub(crate) struct Disk(TempDir);

impl Disk {
    /// Gives a house that has done nothing yet a store in files.
    pub(crate) fn under(house: &mut House) -> Self {
        let disk = Self(TempDir::new().unwrap());
        house.client = Some(Client::open(disk.store()).unwrap());
        disk
    }

    /// Copies every file, as a thief does with a device that is unlocked and runs.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self(TempDir::new().unwrap());
        for file in std::fs::read_dir(self.0.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.0.path().join(file.file_name())).unwrap();
        }
        copy
    }

    /// Opens it, with the key that the thief has too.
    pub(crate) fn store(&self) -> Store {
        Store::open(&self.file(), &StoreKey::from_bytes(KEY)).unwrap()
    }

    /// Every state that the files still lead back to, the newest first: the write-ahead log, cut off after each commit.
    pub(crate) fn earlier_states(&self) -> impl Iterator<Item = Self> {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let page = log.get(8..12).map_or(4096, |size| u32::from_be_bytes(size.try_into().unwrap()) as usize);
        // A header of 32 bytes, then frames: 24 bytes and a page. Of these, bytes 4 to 8 are not zero where a commit ends.
        let starts = (32..log.len()).step_by(24 + page).filter(|at| log[at + 4..at + 8] != [0; 4]).collect::<Vec<_>>();
        starts.into_iter().rev().map(move |start| {
            let copy = self.copy();
            std::fs::write(copy.log(), &log[..start + 24 + page]).unwrap();
            copy
        })
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("db")
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("db-wal")
    }
}

/// Somebody at the server who keeps all that passes.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    /// What reached the server.
    pub(crate) requests: Vec<Request>,
    /// Mailbox entries that went to a house.
    pub(crate) entries: Vec<(usize, MailboxEntry)>,
    /// Accounts that were found.
    pub(crate) found: Vec<AccountFound>,
}

impl Listener {
    /// Stands in a town from now on.
    pub(crate) fn in_town(town: &mut Town) -> Arc<Mutex<Self>> {
        let listener = Arc::new(Mutex::new(Self::default()));
        town.tap = Some(Box::new(listener.clone()));
        listener
    }

    /// What went to one house.
    pub(crate) fn to(&self, house: usize) -> Vec<MailboxEntry> {
        self.entries.iter().filter(|(to, _)| *to == house).map(|(_, entry)| entry.clone()).collect()
    }
}

impl Tap for Listener {
    fn up(&mut self, _: usize, request: &mut Request) {
        self.requests.push(request.clone());
    }

    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        match &told {
            Told::Push(Push::Entries(entries)) => self.entries.extend(entries.iter().map(|entry| (house, entry.clone()))),
            Told::Reply(_, Reply::Accounts(accounts)) => self.found.extend(accounts.found.iter().cloned()),
            _ => {}
        }
        vec![told]
    }
}
