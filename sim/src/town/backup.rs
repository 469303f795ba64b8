//! A server that is set back to an older state of its disk.

use waxseal_server::roles::Roles;
use waxseal_server::store::sqlite::{Snapshot, SqliteStore};
use waxseal_wire::frame::Door;

use super::{Broken, Town};

impl Town {
    /// Sets the server back, as from a backup; all connections break.
    pub fn server_goes_back(&mut self, disk: &Snapshot) -> Result<(), Broken> {
        self.server = Some(Roles::new(SqliteStore::from_snapshot(disk)?, self.policy.clone()));
        for house in 0..self.houses.len() {
            for door in [Door::Anonymous, Door::Device] {
                self.cut(house, door)?;
            }
        }
        Ok(())
    }
}
