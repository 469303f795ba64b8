//! The store on one machine: SQLite.

use super::Store;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {}

impl Store for SqliteStore {}
