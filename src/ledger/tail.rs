//! What is recorded, as it comes: for people who watch.

use std::path::Path;

use rusqlite::Connection;

use super::read::{ReadError, read};

/// A view, as far as a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewed {
    /// Arrival, milliseconds since 1970.
    pub ts_ms: i64,
    /// The event's path.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
    /// Where it came from, where that is not the site itself.
    pub referrer_host: Option<String>,
    /// The declared bot's name.
    pub bot: Option<String>,
}

/// A place in the ledger, from which it is read on.
#[derive(Debug)]
pub struct Tail {
    conn: Connection,
    seq: i64,
}

/// At most so many are read at once.
const NEXT: &str =
    "SELECT seq, ts, path, status, referrer_host, bot FROM events WHERE seq > ?1 AND kind = 0 ORDER BY seq LIMIT 1000";

impl Tail {
    /// From what is committed next.
    pub fn from_now(dir: &Path) -> Result<Tail, ReadError> {
        let conn = read(dir)?;
        let seq = conn.query_row("SELECT COALESCE(MAX(seq), 0) FROM events", [], |row| row.get(0)).unwrap_or(0);
        Ok(Tail { conn, seq })
    }

    /// What was committed since.
    pub fn since(&mut self) -> rusqlite::Result<Vec<Viewed>> {
        let mut statement = self.conn.prepare_cached(NEXT)?;
        let rows = statement.query_map([self.seq], |row| {
            let view = Viewed {
                ts_ms: row.get(1)?,
                path: row.get(2)?,
                status: row.get(3)?,
                referrer_host: row.get(4)?,
                bot: row.get(5)?,
            };
            Ok((row.get(0)?, view))
        })?;
        let read: Vec<(i64, Viewed)> = rows.collect::<Result<_, _>>()?;
        self.seq = read.last().map_or(self.seq, |(seq, _)| *seq);
        Ok(read.into_iter().map(|(_, view)| view).collect())
    }
}
