//! A server that is set back to an older state of its disk.

use waxseal_server::roles::Roles;
use waxseal_server::store::sqlite::{Snapshot, SqliteStore};
use waxseal_wire::frame::Door;

use super::{Broken, Town, log_of};

impl Town {
    /// Sets the server back, as from a backup; all connections break.
    pub fn server_goes_back(&mut self, disk: &Snapshot) -> Result<(), Broken> {
        let now = self.server_clock();
        let mut server = Roles::new(SqliteStore::from_snapshot(disk)?, self.policy.clone(), log_of(self.log));
        // As `waxseald restore` has it begun.
        self.log += 1;
        server.begin_new_log(now, log_of(self.log))?;
        while server.publish(now)? {}
        self.server_is(server)
    }

    /// Puts an older state of its disk in the server's place and says nothing: its log goes on from there, under the same keys.
    pub fn server_is_replaced(&mut self, disk: &Snapshot) -> Result<(), Broken> {
        let server = Roles::new(SqliteStore::from_snapshot(disk)?, self.policy.clone(), log_of(self.log));
        self.server_is(server)
    }

    fn server_is(&mut self, server: Roles<SqliteStore>) -> Result<(), Broken> {
        self.server = Some(server);
        for house in 0..self.houses.len() {
            for door in [Door::Anonymous, Door::Device] {
                self.cut(house, door)?;
            }
        }
        Ok(())
    }
}
