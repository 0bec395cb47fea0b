//! A sink's place in the ledger: its name, its cursor, what it wants.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{EventReader, Filter, Outbox, batch::take_away, begin};
use crate::config::Begin;
use crate::ledger::ReadError;
use crate::ledger::rows::kind_number;
use crate::ledger::writer::errands::WriteError;

/// A sink's place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number in the ledger.
    pub id: i64,
    /// Every event up to and with this seq was delivered or given up.
    pub cursor: i64,
    /// Whether its owner has paused it.
    pub paused: bool,
    /// What its backend wrote down with the cursor; empty at first.
    pub state: String,
    /// Events delivered, of all time.
    pub delivered: u64,
    /// Events given up, of all time: expired before they were delivered, or beyond a bound.
    pub given_up: u64,
    /// Why it has stopped by itself, in words.
    pub stopped: Option<String>,
    /// What is behind this seq is to go again, which is not done yet.
    pub replay: Option<i64>,
    /// Whether a batch was taken away when it joined: its backend may have that, or a part of it.
    pub batch_gone: bool,
}

const COLUMNS: &str = "id, cursor, paused, state, delivered, given_up, stopped, replay";

impl Outbox {
    /// The sink of this name, with a place of its own from now on: a new one begins where `begin` says. A stop of its own is
    /// over. What it wants may differ from before: then the open batch goes, for it may leave out what is wanted now.
    pub fn join(&self, name: &str, begin: Begin, wants: &Filter) -> Result<Place, WriteError> {
        const JOIN: &str = "INSERT INTO sinks(name, cursor, created) VALUES(?1, ?2, ?3)";
        const SITES: &str = "SELECT json_group_array(id) FROM (SELECT id FROM sites
            WHERE name IN (SELECT value FROM json_each(?1)) ORDER BY id) HAVING ?1 IS NOT NULL";
        const CHANGED: &str = "SELECT kinds IS NOT ?2 OR sites IS NOT ?3 FROM sinks WHERE id = ?1";
        const WANTS: &str = "UPDATE sinks SET stopped = NULL, kinds = ?2, sites = ?3 WHERE id = ?1";
        let (name, now_ms) = (name.to_owned(), self.clock.now_ms());
        let kinds: Vec<i64> = wants.kinds.iter().map(|kind| kind_number(*kind)).collect();
        let (sites, kinds) = (list(&wants.sites), list(&kinds));
        self.change(move |conn| {
            if find(conn, &name)?.is_none() {
                conn.execute(JOIN, (&name, begin::cursor(conn, begin)?, now_ms))?;
            }
            let sink = find(conn, &name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.id;
            let sites: Option<String> = conn.query_row(SITES, [sites], |row| row.get(0)).optional()?;
            let has_changed: bool = conn.query_row(CHANGED, (sink, &kinds, &sites), |row| row.get(0))?;
            // What the batch has lost is counted by what was wanted.
            let batch_gone = has_changed && take_away(conn, sink)?;
            conn.execute(WANTS, (sink, kinds, sites))?;
            let place = find(conn, &name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Ok(Place { batch_gone, ..place })
        })
    }

    /// The place of the sink of this name, if it has one.
    pub fn place(&self, name: &str) -> Result<Option<Place>, WriteError> {
        let name = name.to_owned();
        self.change(move |conn| find(conn, &name))
    }
}

impl EventReader {
    /// Every sink that the ledger knows, with its place, in the order of their names.
    pub fn places(&self) -> Result<Vec<(String, Place)>, ReadError> {
        let mut statement = self.conn.prepare(&format!("SELECT {COLUMNS}, name FROM sinks ORDER BY name"))?;
        let rows = statement.query_map([], |row| Ok((row.get(8)?, place(row)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A sink's place as it stands.
    pub fn place(&self, sink: i64) -> Result<Place, ReadError> {
        let of = format!("SELECT {COLUMNS} FROM sinks WHERE id = ?1");
        Ok(self.conn.prepare_cached(&of)?.query_row([sink], place)?)
    }
}

fn find(conn: &Connection, name: &str) -> rusqlite::Result<Option<Place>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM sinks WHERE name = ?1"))?.query_row([name], place).optional()
}

fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        id: row.get(0)?,
        cursor: row.get(1)?,
        paused: row.get(2)?,
        state: row.get(3)?,
        delivered: row.get::<_, i64>(4)?.unsigned_abs(),
        given_up: row.get::<_, i64>(5)?.unsigned_abs(),
        stopped: row.get(6)?,
        replay: row.get(7)?,
        batch_gone: false,
    })
}

/// A list as JSON; none where nothing is left out.
fn list<T: serde::Serialize>(of: &[T]) -> Option<String> {
    if of.is_empty() { None } else { serde_json::to_string(of).ok() }
}
