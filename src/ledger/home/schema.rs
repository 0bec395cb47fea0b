//! The schema's versions: which one a file has, and the steps to the one that this program knows.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

/// Marks a SQLite file as a ledger ("INLY").
pub(super) const APPLICATION_ID: i64 = 0x494E_4C59;

/// Step `i` makes version `i + 1` of version `i`. Steps that were released are never edited, only followed by others.
const STEPS: &[&str] = &[include_str!("schema.sql")];

/// The version that this program reads and writes.
pub(in crate::ledger) const VERSION: i64 = STEPS.len() as i64;

/// What a SQLite file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum Kind {
    /// Nothing is in it yet.
    Empty,
    /// A ledger of this version.
    Ledger(i64),
    /// Something else's.
    Foreign,
    /// It has a ledger's tables, and does not say that it is one: damage.
    Unmarked,
}

pub(in crate::ledger) fn kind(conn: &Connection) -> rusqlite::Result<Kind> {
    let application_id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application_id, objects) {
        (APPLICATION_ID, _) => Kind::Ledger(version),
        (0, 0) => Kind::Empty,
        _ if conn.query_row(OURS, [], |row| row.get(0))? => Kind::Unmarked,
        _ => Kind::Foreign,
    })
}

/// Whether the tables that every version has are there.
const OURS: &str = "SELECT count(*) = 5 FROM sqlite_schema
    WHERE type = 'table' AND name IN ('sites', 'events', 'spans', 'counts', 'state')";

/// Takes the steps that are missing, each in a transaction of its own: a crash between two leaves a whole older version.
pub(super) fn migrate(conn: &mut Connection, from: i64) -> rusqlite::Result<()> {
    for (step, version) in STEPS.iter().zip(1_i64..).filter(|(_, version)| *version > from) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", version)?;
        tx.commit()?;
    }
    Ok(())
}

/// What the present version has and this file does not, in words: damage in the pages that say which tables there are need not
/// make them unreadable.
pub(in crate::ledger) fn lacking(conn: &Connection) -> rusqlite::Result<Option<String>> {
    let (found, wanted) = (columns(conn)?, columns(&new()?)?);
    let lacking = wanted.into_iter().find(|column| !found.contains(column));
    Ok(lacking.map(|(table, column)| format!("the column `{column}` of the table `{table}` is not there")))
}

/// A ledger in memory, just begun.
fn new() -> rusqlite::Result<Connection> {
    let mut conn = Connection::open_in_memory()?;
    migrate(&mut conn, 0)?;
    Ok(conn)
}

fn columns(conn: &Connection) -> rusqlite::Result<HashSet<(String, String)>> {
    let mut statement = conn.prepare(COLUMNS)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

const COLUMNS: &str =
    "SELECT s.name, c.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c WHERE s.type = 'table'";
