//! All rows of a client's store, to begin many cases from one moment.
//!
//! Called by the targets that need a client with a life behind it: living
//! that life anew for each input would take seconds.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use waxseal_core::store::{Store, StoreError};

/// One table's name and rows.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Every table.
#[derive(Debug, Clone)]
pub(crate) struct Rows(pub(crate) Vec<Table>);

impl Rows {
    /// What a store holds now.
    pub(crate) fn of(store: &Store) -> Self {
        store
            .read(|tx| {
                let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
                let names = tx.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
                let tables = names.into_iter().map(|name| Ok(Table { rows: rows(tx, &name)?, name }));
                Ok::<_, StoreError>(Self(tables.collect::<Result<_, rusqlite::Error>>()?))
            })
            .expect("a store in memory reads")
    }

    /// A store in memory that holds them; `None` where a table does not take what was changed.
    pub(crate) fn to_store(&self) -> Option<Store> {
        let mut store = Store::open_in_memory().expect("a store in memory");
        let filled = store.write(|tx| {
            tx.execute_batch("PRAGMA defer_foreign_keys = ON")?;
            for table in &self.0 {
                tx.execute(&format!("DELETE FROM {}", table.name), [])?;
                for row in &table.rows {
                    let places = vec!["?"; row.len()].join(", ");
                    tx.prepare_cached(&format!("INSERT INTO {} VALUES ({places})", table.name))?.execute(params_from_iter(row))?;
                }
            }
            Ok::<_, StoreError>(())
        });
        filled.is_ok().then_some(store)
    }
}

fn rows(conn: &Connection, table: &str) -> Result<Vec<Vec<Value>>, rusqlite::Error> {
    let mut found = conn.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = found.column_count();
    let rows = found.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}
