//! SECURITY.md, "takes the server's disk": gets accounts, device keys, sizes and days of sealed bytes; never gets
//! content, group names, profiles, or (but for hole 2, the log) who is in a group.
//!
//! Five people talk, alone and in a group; one is removed, one is asked, several are
//! offline. Then every byte of the data folder is searched, and every row is
//! followed to every row that it leads to.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use waxseal_core::group::{self, AliasState};
use waxseal_core::store::StoreError;
use waxseal_core::{Command, Event};
use waxseal_server::policy::Policy;
use waxseal_server::roles::Roles;
use waxseal_server::store::sqlite::SqliteStore;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::id::{AliasId, GroupId, Millis};
use waxseal_wire::key::SealSecret;
use waxseal_wire::request::{AnonymousRequest, Lent, Request};
use waxseal_wire::seal::{Delivered, Kind};

use crate::rows::{self, contains};
use crate::scene::{self, Listener};

const NAMES: [&str; 5] = ["anna", "bert", "carl", "dora", "emil"];
const DEVICES: [&str; 6] =
    ["annas blue laptop", "berts brass telephone", "carls old terminal", "doras tablet", "emils radio", "annas second laptop"];
/// What they want to be called.
const DISPLAYS: [&str; 5] = ["Anna Ambrosia Abbot", "Bert Bramblethorn", "Carl Comb-Carver", "Dora Dronekeeper", "Emil Everbuzz"];
const TITLE: &str = "circle of the crooked hive";
const RENAMED: &str = "circle of the upright hive";
const DOUBLE: &str = "doras reading room";
const DIRECT: [&str; 3] = ["the queen sleeps at noon", "then we come at noon", "burn this letter"];
const GROUP: [&str; 4] = ["first word to the circle", "second word to the circle", "nobody may copy this", "the last word of all"];

/// What happened, and what the clients know of it that the disk may not.
struct Story {
    town: Town,
    folder: TempDir,
    invite: String,
    listener: Arc<Mutex<Listener>>,
}

impl Story {
    fn play() -> Self {
        let folder = TempDir::new().unwrap();
        let mut roles = Roles::new(
            SqliteStore::open(&folder.path().join("waxseal.db")).unwrap(),
            Policy::unlimited(),
            waxseal_sim::town::log_of(1),
        );
        let mut chance = <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(2);
        let invite = roles.invite(Millis(1_790_000_000_000), &mut chance, 3, 30).unwrap();
        let mut town = Town::with_store(11, Weather::CALM, roles.into_store());
        let listener = Listener::in_town(&mut town);
        for (house, name) in NAMES.iter().chain(&["anna"]).enumerate() {
            assert_eq!(town.settle(DEVICES[house], name), house);
            if house < NAMES.len() {
                town.plan(10, house, Deed::Register);
            }
        }
        town.run_for(3_000).unwrap();
        for (house, display) in DISPLAYS.iter().enumerate() {
            town.command(house, Command::SetDisplayName((*display).to_owned())).unwrap();
        }
        town.plan(0, 0, Deed::Link(5));
        town.run_for(20_000).unwrap();
        let mut story = Self { town, folder, invite, listener };
        story.talk();
        story
    }

    fn talk(&mut self) {
        let town = &mut self.town;
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        town.plan(0, 0, Deed::Open("bert".into()));
        town.plan(3_000, 0, Deed::Say("bert".into(), DIRECT[0].into()));
        town.plan(6_000, 1, Deed::AcceptAll);
        town.plan(7_000, 1, Deed::Say("anna".into(), DIRECT[1].into()));
        town.plan(9_000, 0, Deed::Found(TITLE.into(), names(&["bert", "carl", "dora"])));
        for house in [1, 2, 3] {
            town.plan(15_000, house, Deed::AcceptAll);
        }
        town.plan(20_000, 0, Deed::Say(TITLE.into(), GROUP[0].into()));
        town.plan(25_000, 2, Deed::Say(TITLE.into(), GROUP[1].into()));
        town.plan(30_000, 0, Deed::Rename(TITLE.into(), RENAMED.into()));
        town.plan(40_000, 0, Deed::Remove(RENAMED.into(), "dora".into()));
        town.run_for(30 * 60_000).unwrap();
        assert_eq!(scene::texts(town, 2, RENAMED), GROUP[..2]);
        assert_eq!(scene::texts(town, 5, RENAMED), GROUP[..2], "the second device is in");
        let bees = scene::chat(town, 2, RENAMED);
        let called: Vec<_> =
            town.houses[2].client().members(bees).unwrap().into_iter().map(|member| (member.name, member.display_name)).collect();
        let told = ["anna", "bert", "carl"].map(str::to_owned).into_iter().zip([
            Some(DISPLAYS[0].to_owned()),
            None,
            Some(DISPLAYS[2].to_owned()),
        ]);
        assert_eq!(called, told.collect::<Vec<_>>(), "who has spoken has said what to be called");
        let devices = town.houses[5].client().devices().unwrap();
        assert!(devices.iter().any(|device| device.name.as_deref() == Some(DEVICES[0])), "devices know each other's names");
        // From here on all but Anna's first device and Dora are offline; Emil is asked into both groups.
        for house in [1, 2, 4, 5] {
            town.unplug(house).unwrap();
        }
        town.plan(0, 0, Deed::Add(RENAMED.into(), names(&["emil"])));
        town.plan(1_000, 3, Deed::Found(DOUBLE.into(), names(&["emil"])));
        town.plan(5_000, 0, Deed::Say(RENAMED.into(), GROUP[2].into()));
        town.plan(6_000, 0, Deed::Say("bert".into(), DIRECT[2].into()));
        town.plan(9_000, 0, Deed::Say(RENAMED.into(), GROUP[3].into()));
        town.run_for(60_000).unwrap();
    }

    /// What nobody may find in any byte: words, titles, device names, codes, and every secret key.
    fn secrets(&mut self) -> Vec<(&'static str, Vec<u8>)> {
        let mut secrets: Vec<(&'static str, Vec<u8>)> = Vec::new();
        let words = DIRECT.iter().chain(&GROUP).map(|text| ("text", text));
        let names = [TITLE, RENAMED, DOUBLE];
        let titles = names.iter().map(|title| ("title", title));
        let devices = DEVICES.iter().map(|name| ("device name", name));
        let displays = DISPLAYS.iter().map(|name| ("display name", name));
        secrets.extend(words.chain(titles).chain(devices).chain(displays).map(|(kind, word)| (kind, word.as_bytes().to_vec())));
        secrets.push(("invitation code", self.invite.clone().into_bytes()));
        for house in 0..self.town.houses.len() {
            let codes = self.town.houses[house].told.iter();
            secrets.extend(codes.filter_map(|event| match event {
                Event::LinkCode(code) => Some(("link code", code.clone().into_bytes())),
                _ => None,
            }));
            secrets.push(("device key", scene::identity(&mut self.town, house).key.to_bytes().to_vec()));
        }
        for request in &self.listener.lock().unwrap().requests {
            let Request::Anonymous(request) = request else { continue };
            if let Some(lent) = lent(request) {
                secrets.push(("delivery key", lent.delivery_key.expose().to_vec()));
                secrets.push(("post key", lent.post_key.expose().to_vec()));
            }
            if let AnonymousRequest::SubmitCommit(submit) = request {
                secrets.push(("next delivery key", submit.next_delivery_key.expose().to_vec()));
            }
        }
        secrets.sort();
        secrets.dedup();
        secrets
    }

    /// Addresses of all devices: whose, in which state, in which group, opened by which key.
    fn aliases(&mut self) -> Vec<OwnAlias> {
        let mut all = Vec::new();
        for house in 0..self.town.houses.len() {
            scene::look(self.town.houses[house].client(), |store| {
                store
                    .read(|tx| {
                        let mut select = tx.prepare("SELECT alias FROM alias")?;
                        let ids = select.query_map([], |row| row.get::<_, [u8; 16]>(0))?.collect::<Result<Vec<_>, _>>()?;
                        for id in ids {
                            let own = group::find_alias(tx, &AliasId(id))?.unwrap();
                            all.push(OwnAlias { alias: AliasId(id), seal_secret: own.alias.seal_secret, state: own.state });
                        }
                        Ok::<_, StoreError>(())
                    })
                    .unwrap();
            });
        }
        all
    }

    /// What must not lead from one to another.
    fn parties(&mut self) -> Parties {
        let mut accounts: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        let mut groups = BTreeSet::new();
        for house in 0..self.town.houses.len() {
            let me = scene::identity(&mut self.town, house);
            let name = self.town.houses[house].account.clone();
            let all = [me.account.0.to_vec(), me.device.0.to_vec(), me.public_key().0.to_vec(), name.as_bytes().to_vec()];
            accounts.entry(name).or_default().extend(all);
        }
        for request in &self.listener.lock().unwrap().requests {
            if let Request::Anonymous(request) = request
                && let Some(lent) = lent(request)
            {
                groups.insert(lent.group);
            }
        }
        let aliases = self.aliases().into_iter().map(|own| own.alias).collect();
        Parties { groups, accounts, aliases }
    }
}

struct OwnAlias {
    alias: AliasId,
    seal_secret: SealSecret,
    state: AliasState,
}

fn lent(request: &AnonymousRequest) -> Option<&Lent> {
    match request {
        AnonymousRequest::Found(found) => Some(&found.lent),
        AnonymousRequest::SubmitMessage(submit) => Some(&submit.lent),
        AnonymousRequest::SubmitCommit(submit) => Some(&submit.lent),
        _ => None,
    }
}

struct Parties {
    groups: BTreeSet<GroupId>,
    /// By name: account id, device ids, public keys, the name.
    accounts: BTreeMap<String, BTreeSet<Vec<u8>>>,
    aliases: Vec<AliasId>,
}

/// Secrets in any byte of any file of a folder, and in any value of its database (which may be cut by a page's end).
fn legible(folder: &Path, conn: &Connection, secrets: &[(&'static str, Vec<u8>)]) -> BTreeSet<String> {
    let rows = rows::all(conn);
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files: Vec<_> = files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect();
    let mut found = BTreeSet::new();
    for (kind, secret) in secrets {
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        for needle in [secret.as_slice(), digits.as_bytes()] {
            for (name, bytes) in &files {
                if contains(bytes, needle) {
                    found.insert(format!("{kind} in {name}"));
                }
            }
            for row in rows.iter().filter(|row| row.holds(needle)) {
                found.insert(format!("{kind} in a row of {}", row.table));
            }
        }
    }
    found
}

/// Rows that lead, over however many others, from a group to anybody, or from one account to another.
fn links(conn: &Connection, parties: &Parties) -> BTreeSet<String> {
    let rows = rows::all(conn);
    let mut found = BTreeSet::new();
    for together in rows::neighbourhoods(conn, &rows) {
        let together: Vec<_> = together.into_iter().map(|i| &rows[i]).collect();
        let tables: BTreeSet<_> = together.iter().map(|row| row.table.as_str()).collect();
        let is_named = |needle: &[u8]| together.iter().any(|row| row.holds(needle));
        let group = parties.groups.iter().any(|id| is_named(&id.0));
        let people: Vec<_> = parties.accounts.iter().filter(|(_, signs)| signs.iter().any(|sign| is_named(sign))).collect();
        let alias = parties.aliases.iter().any(|alias| is_named(&alias.0));
        if group && (alias || !people.is_empty()) {
            found.insert(format!("from a group to somebody: {tables:?}"));
        }
        if people.len() > 1 {
            found.insert(format!("from account to account: {tables:?}"));
        }
    }
    found
}

/// An entry's place in a mailbox.
type Place = (i64, i64);

/// Places of the copies of each message and Commit that lies in more than one mailbox.
fn copies(conn: &Connection, aliases: &[OwnAlias]) -> Vec<Vec<Place>> {
    let mut by_message: BTreeMap<(GroupId, u64, bool), Vec<Place>> = BTreeMap::new();
    let mut select = conn.prepare("SELECT mailbox, seq, alias, sealed FROM envelope").unwrap();
    let mut found = select.query([]).unwrap();
    while let Some(row) = found.next().unwrap() {
        let alias = AliasId(row.get(2).unwrap());
        let own = aliases.iter().find(|own| own.alias == alias).unwrap();
        let sealed: Vec<u8> = row.get(3).unwrap();
        let delivered = Delivered::open(&sealed, &alias, &own.seal_secret).unwrap();
        let key = (delivered.group, delivered.position.0, delivered.kind == Kind::Welcome);
        by_message.entry(key).or_default().push((row.get(0).unwrap(), row.get(1).unwrap()));
    }
    by_message.into_values().filter(|places| places.len() > 1).collect()
}

/// What shows that two entries are copies of one message: equal bytes, or rows side by side.
fn alike(conn: &Connection, copies: &[Vec<Place>]) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let read = |place: &Place| -> (i64, Vec<u8>) {
        let sql = "SELECT id, sealed FROM envelope WHERE mailbox = ?1 AND seq = ?2";
        conn.query_row(sql, *place, |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    for places in copies {
        let rows: Vec<_> = places.iter().map(read).collect();
        for (i, (one_id, one)) in rows.iter().enumerate() {
            let windows: HashSet<&[u8]> = one.windows(16).collect();
            for (other_id, other) in &rows[i + 1..] {
                if other.windows(16).any(|window| windows.contains(window)) {
                    found.insert("equal bytes");
                }
                // Of 2^47 places a day; chance puts two of a few dozen so close once in 10⁸ times.
                if one_id.abs_diff(*other_id) < 1 << 16 {
                    found.insert("side by side");
                }
            }
        }
    }
    found
}

#[test]
fn the_disk_holds_no_words_no_names_and_no_key() {
    let mut story = Story::play();
    let secrets = story.secrets();
    assert!(secrets.iter().filter(|(kind, _)| *kind == "delivery key").count() >= 5);
    let (_folder, conn) = scene::server_file(&mut story.town);
    let files = std::fs::read_dir(story.folder.path()).unwrap().count();
    assert!(files >= 2, "database and log");
    assert_eq!(legible(story.folder.path(), &conn, &secrets), BTreeSet::new());
}

#[test]
fn nothing_leads_from_a_group_to_anybody_or_from_account_to_account() {
    let mut story = Story::play();
    let parties = story.parties();
    assert!(parties.groups.len() >= 3 && parties.accounts.len() == 5 && parties.aliases.len() > 20);
    let (_folder, conn) = scene::server_file(&mut story.town);
    for table in ["delivery_group", "roster", "alias", "envelope", "record", "key_package"] {
        let count: i64 = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(count > 0, "{table} has nothing to show");
    }
    assert_eq!(links(&conn, &parties), BTreeSet::new());
}

#[test]
fn copies_of_one_message_do_not_look_alike() {
    let mut story = Story::play();
    let aliases = story.aliases();
    let (_folder, conn) = scene::server_file(&mut story.town);
    let copies = copies(&conn, &aliases);
    assert!(copies.len() >= 3, "offline members have full mailboxes");
    assert_eq!(alike(&conn, &copies), BTreeSet::new());
}

/// Neither a device's secret, of addresses that wait in KeyPackages too, nor any key that a waiting entry is sealed under.
#[test]
fn nothing_on_the_disk_opens_a_mailbox_entry() {
    let mut story = Story::play();
    let aliases = story.aliases();
    let (_folder, conn) = scene::server_file(&mut story.town);
    let mut secrets: Vec<_> = aliases.iter().map(|own| ("seal secret", own.seal_secret.expose().to_vec())).collect();
    let mut select = conn.prepare("SELECT alias, sealed FROM envelope").unwrap();
    let waiting = select.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    for (alias, sealed) in waiting.map(Result::unwrap) {
        let own = aliases.iter().find(|own| own.alias == AliasId(alias)).unwrap();
        let key = own.seal_secret.seal_key(sealed.first_chunk().unwrap()).unwrap();
        secrets.push(("seal key", key.expose().to_vec()));
    }
    for state in [AliasState::Offered, AliasState::LastResort, AliasState::Used] {
        assert!(aliases.iter().filter(|own| own.state == state).count() >= 5, "{state:?}");
    }
    assert!(secrets.iter().filter(|(kind, _)| *kind == "seal key").count() >= 5);
    assert_eq!(legible(story.folder.path(), &conn, &secrets), BTreeSet::new());
}

#[test]
fn counter_proof_what_a_waiting_key_package_says_is_seen() {
    let mut story = Story::play();
    let offered: Vec<_> = story.aliases().into_iter().filter(|own| own.state == AliasState::Offered).take(8).collect();
    let keys: Vec<_> = offered.iter().map(|own| ("seal public key", own.seal_secret.public().as_bytes().to_vec())).collect();
    let (_folder, conn) = scene::server_file(&mut story.town);
    let found = legible(story.folder.path(), &conn, &keys);
    assert!(found.contains("seal public key in a row of key_package"), "{found:?}");
}

#[test]
fn counter_proof_a_leaked_text_is_seen() {
    let mut story = Story::play();
    let secrets = story.secrets();
    let (folder, conn) = scene::server_file(&mut story.town);
    assert_eq!(legible(folder.path(), &conn, &secrets), BTreeSet::new());
    conn.execute("UPDATE invite SET code = ?1", [Value::Blob(format!("log: {}", GROUP[2]).into_bytes())]).unwrap();
    std::fs::write(folder.path().join("trace.log"), format!("opened {RENAMED} for {}", DISPLAYS[1])).unwrap();
    let found = legible(folder.path(), &conn, &secrets);
    assert_eq!(
        found,
        ["display name in trace.log", "text in a row of invite", "text in server.db", "title in trace.log"]
            .map(str::to_owned)
            .into()
    );
}

#[test]
fn counter_proof_a_link_from_a_group_is_seen_however_it_is_made() {
    let mut story = Story::play();
    let parties = story.parties();
    let group = Value::Blob(parties.groups.first().unwrap().0.to_vec());
    let leaks = [
        // A column with the group's id; a number that leads to its row; a list of the contacts of an account.
        "ALTER TABLE alias ADD COLUMN home BLOB; UPDATE alias SET home = :group;",
        "ALTER TABLE mailbox ADD COLUMN delivery_group INTEGER;
         UPDATE mailbox SET delivery_group = (SELECT id FROM delivery_group WHERE group_id = :group);",
        "CREATE TABLE seen (place INTEGER REFERENCES delivery_group(id), address BLOB);
         INSERT INTO seen SELECT (SELECT id FROM delivery_group WHERE group_id = :group), alias FROM alias LIMIT 1;",
    ];
    for leak in leaks {
        let (_folder, conn) = scene::server_file(&mut story.town);
        for statement in leak.split(';').filter(|statement| !statement.trim().is_empty()) {
            let mut prepared = conn.prepare(statement).unwrap();
            match prepared.parameter_index(":group").unwrap() {
                Some(_) => prepared.execute([&group]).unwrap(),
                None => prepared.execute([]).unwrap(),
            };
        }
        let found = links(&conn, &parties);
        assert!(found.iter().any(|link| link.starts_with("from a group to somebody")), "{leak}");
    }
    let (_folder, conn) = scene::server_file(&mut story.town);
    conn.execute_batch(
        "CREATE TABLE talked (account INTEGER, \"with\" INTEGER REFERENCES account(id)); INSERT INTO talked VALUES (1, 2);",
    )
    .unwrap();
    assert!(links(&conn, &parties).iter().any(|link| link.starts_with("from account to account")));
}

#[test]
fn counter_proof_copies_that_look_alike_are_seen() {
    let mut story = Story::play();
    let aliases = story.aliases();
    let (_folder, conn) = scene::server_file(&mut story.town);
    let copies = copies(&conn, &aliases);
    let [one, other] = [copies[0][0], copies[0][1]];
    let sql = "UPDATE envelope SET sealed = (SELECT sealed FROM envelope WHERE mailbox = ?1 AND seq = ?2) WHERE mailbox = ?3 AND seq = ?4";
    conn.execute(sql, (one.0, one.1, other.0, other.1)).unwrap();
    assert_eq!(alike(&conn, &copies), ["equal bytes"].into());
    // As a plain counter would number them.
    let sql =
        "UPDATE envelope SET id = (SELECT id + 1 FROM envelope WHERE mailbox = ?1 AND seq = ?2) WHERE mailbox = ?3 AND seq = ?4";
    conn.execute(sql, (one.0, one.1, other.0, other.1)).unwrap();
    assert_eq!(alike(&conn, &copies), ["equal bytes", "side by side"].into());
}
