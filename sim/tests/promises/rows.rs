//! Every row of a database, whatever its tables are called, and what leads from one to another.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;
use rusqlite::types::Value;

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) table: String,
    /// Column and value.
    pub(crate) values: Vec<(String, Value)>,
}

impl Row {
    /// Whether any value holds these bytes.
    pub(crate) fn holds(&self, needle: &[u8]) -> bool {
        self.values.iter().any(|(_, value)| match value {
            Value::Blob(bytes) => contains(bytes, needle),
            Value::Text(text) => contains(text.as_bytes(), needle),
            _ => false,
        })
    }

    fn number(&self, column: &str) -> Option<i64> {
        self.values.iter().find(|(name, _)| name == column).and_then(|(_, value)| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        })
    }
}

/// Whether `bytes` hold `needle`.
pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts.into_iter().any(|(at, _)| bytes[at + 1..].starts_with(rest))
}

/// Whether any row of any table holds these bytes.
pub(crate) fn holds(conn: &Connection, needle: &[u8]) -> bool {
    all(conn).iter().any(|row| row.holds(needle))
}

/// All rows of all tables.
pub(crate) fn all(conn: &Connection) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in tables(conn) {
        let mut select = conn.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let mut found = select.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = columns.iter().enumerate().map(|(i, name)| (name.clone(), row.get(i).unwrap())).collect();
            rows.push(Row { table: table.clone(), values });
        }
    }
    rows
}

fn tables(conn: &Connection) -> Vec<String> {
    let mut select = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Rows that lead to one another, by number or by equal bytes: lists of indices into `rows`.
///
/// A number leads to a row where the schema says so (REFERENCES), or where its column is called like a
/// table. Equal bytes (8 or more) lead from any row to any other.
pub(crate) fn neighbourhoods(conn: &Connection, rows: &[Row]) -> Vec<Vec<usize>> {
    let mut sets = Sets((0..rows.len()).collect());
    let names = tables(conn);
    for (table, column, target, key) in names.iter().flat_map(|table| references(conn, table, &names)) {
        let mut places: HashMap<i64, usize> = HashMap::new();
        for (i, row) in rows.iter().enumerate().filter(|(_, row)| row.table == target) {
            places.extend(row.number(&key).map(|number| (number, i)));
        }
        for (i, row) in rows.iter().enumerate().filter(|(_, row)| row.table == table) {
            if let Some(there) = row.number(&column).and_then(|number| places.get(&number)) {
                sets.join(i, *there);
            }
        }
    }
    let mut blobs: HashMap<&[u8], usize> = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        for (_, value) in &row.values {
            if let Value::Blob(bytes) = value
                && bytes.len() >= 8
            {
                let there = *blobs.entry(bytes).or_insert(i);
                sets.join(i, there);
            }
        }
    }
    let mut together: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..rows.len() {
        together.entry(sets.root(i)).or_default().push(i);
    }
    together.into_values().collect()
}

/// `(table, column, target table, target column)`.
fn references(conn: &Connection, table: &str, names: &[String]) -> Vec<(String, String, String, String)> {
    let mut declared =
        conn.prepare(&format!("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list('{table}')")).unwrap();
    let declared = declared.query_map([], |row| Ok((table.to_owned(), row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let mut found: Vec<(String, String, String, String)> = declared.map(Result::unwrap).collect();
    let mut columns = conn.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
    for column in columns.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
        if names.contains(&column) && column != table {
            found.push((table.to_owned(), column.clone(), column, "id".to_owned()));
        }
    }
    found
}

/// Which belong together.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&self, mut i: usize) -> usize {
        while self.0[i] != i {
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one] = other;
    }
}
