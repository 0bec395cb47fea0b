//! What is recorded, as it comes: for people who watch.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{ReadError, read};
use crate::ledger::home::FILE;
use crate::ledger::home::watch::Identity;

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
    dir: PathBuf,
    conn: Connection,
    /// Which file is read; `None` where that could not be seen.
    file: Option<Identity>,
    seq: i64,
}

/// At most so many are read at once.
const NEXT: &str =
    "SELECT seq, ts, path, status, referrer_host, bot FROM events WHERE seq > ?1 AND kind = 0 ORDER BY seq LIMIT 1000";

impl Tail {
    /// From what is committed next.
    pub fn from_now(dir: &Path) -> Result<Tail, ReadError> {
        let (file, conn) = open(dir)?;
        let seq = conn.query_row("SELECT COALESCE(MAX(seq), 0) FROM events", [], |row| row.get(0)).unwrap_or(0);
        Ok(Tail { dir: dir.to_owned(), conn, file, seq })
    }

    /// What was committed since. Where another file has taken the place of the one that was read, it goes on there: seqs do too.
    pub fn since(&mut self) -> rusqlite::Result<Vec<Viewed>> {
        if Identity::of(&self.dir.join(FILE)).ok() != self.file
            && let Ok((file, conn)) = open(&self.dir)
        {
            (self.file, self.conn) = (file, conn);
        }
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

/// A reader, and which file it reads.
fn open(dir: &Path) -> Result<(Option<Identity>, Connection), ReadError> {
    let file = Identity::of(&dir.join(FILE)).ok();
    Ok((file, read(dir)?))
}
