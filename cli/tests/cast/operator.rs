//! Whoever runs the server and has its database in hand.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::Server;

impl Server {
    fn database(&self) -> PathBuf {
        self.folder.join("waxseal.db")
    }

    /// The number of the newest epoch of its key directory.
    pub fn epoch(&self) -> u64 {
        let newest = "SELECT max(epoch) FROM log_step";
        Connection::open(self.database()).unwrap().query_row(newest, [], |row| row.get(0)).unwrap()
    }

    /// Stops it, changes its database by hand, starts it again.
    pub fn edited<T>(&mut self, by_hand: impl FnOnce(&Connection) -> T) -> T {
        self.stop();
        let database = Connection::open(self.database()).unwrap();
        let made = by_hand(&database);
        database.close().unwrap();
        self.start_again();
        made
    }

    /// A copy of its folder, keys and all.
    pub fn copied(&mut self) -> TempDir {
        self.stop();
        let copy = tempfile::tempdir().unwrap();
        let server = copy.path().join("server");
        copy_all(&self.folder, &server);
        std::fs::copy(self.folder.with_extension("toml"), server.with_extension("toml")).unwrap();
        self.start_again();
        copy
    }

    /// A second server that goes on from where this one is, under the same keys, at another address.
    pub fn forked(&mut self) -> (Self, TempDir) {
        let copy = self.copied();
        (Self::start(&copy.path().join("server")), copy)
    }

    /// Puts a copy of the folder back in the place of all that came since.
    pub fn set_back(&mut self, copy: &TempDir) {
        self.stop();
        std::fs::remove_dir_all(&self.folder).unwrap();
        copy_all(&copy.path().join("server"), &self.folder);
        self.start_again();
    }

    /// Hands out here what waits for somebody over there: who is shown another directory still gets all their mail.
    pub fn brings_mail(&mut self, from: &mut Self, name: &str) {
        from.stop();
        let there = from.database();
        self.edited(|database| {
            database.execute("ATTACH ?1 AS there", [there.to_str().unwrap()]).unwrap();
            database.execute_batch(&MAIL.replace("NAME", name)).unwrap();
        });
        from.start_again();
    }
}

/// The mailbox has the same number in both: its device was there before they parted. An envelope's number tells its day; groups are told apart by their ids.
const MAIL: &str = "
DELETE FROM envelope WHERE mailbox = (SELECT mailbox FROM device JOIN account ON account.id = device.account WHERE name = 'NAME');
INSERT INTO envelope (id, mailbox, seq, alias, sealed) SELECT id, mailbox, seq, alias, sealed FROM there.envelope
    WHERE mailbox = (SELECT mailbox FROM device JOIN account ON account.id = device.account WHERE name = 'NAME');
UPDATE mailbox SET (head, floor) = (SELECT head, floor FROM there.mailbox other WHERE other.id = mailbox.id)
    WHERE id = (SELECT mailbox FROM device JOIN account ON account.id = device.account WHERE name = 'NAME');
INSERT OR IGNORE INTO delivery_group (group_id, epoch, verifier, position, day)
    SELECT group_id, epoch, verifier, position, day FROM there.delivery_group;
INSERT OR IGNORE INTO roster (id, sealed)
    SELECT mine.id, sealed FROM there.roster JOIN there.delivery_group AS theirs USING (id) JOIN main.delivery_group AS mine USING (group_id);
";

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
