//! Dead letters: events that a backend refused for good, with the answer it gave. Their events stay rows like all others, so
//! a dead letter goes when its event does; and a sink has a bounded number of them, of which the oldest go first.

use rusqlite::ErrorCode;

use super::{EventReader, Outbox, as_i64, batch::take_away};
use crate::ledger::ReadError;
use crate::ledger::writer::errands::WriteError;

/// How many dead letters a sink keeps.
pub(crate) const DEAD_MAX: u64 = 10_000;

/// An event that was refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's seq.
    pub seq: i64,
    /// When it was refused, milliseconds since 1970.
    pub died_ms: i64,
    /// Status of the answer, where it had one.
    pub status: Option<u16>,
    /// The answer, in words.
    pub answer: String,
    /// Whether it is to be tried again.
    pub retry: bool,
}

const BURY: &str = "INSERT INTO dead_letters(seq, sink, died, status, answer) VALUES(?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET died = excluded.died, status = excluded.status, answer = excluded.answer, retry = 0";
const SURPLUS: &str = "DELETE FROM dead_letters WHERE sink = ?1 AND seq IN
    (SELECT seq FROM dead_letters WHERE sink = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?2)";
const LIST: &str =
    "SELECT seq, died, status, answer, retry FROM dead_letters WHERE sink = ?1 AND seq > ?2 AND (?3 = 0 OR retry)
    ORDER BY seq LIMIT ?4";

impl Outbox {
    /// Buries an event: it becomes a dead letter, and the cursor moves over it where it stands before it, with what the open
    /// batch has lost. Returns how many older letters had to go.
    pub fn bury(&self, sink: i64, seq: i64, status: Option<u16>, answer: String) -> Result<u64, WriteError> {
        const MOVE: &str = "UPDATE sinks SET cursor = max(cursor, ?2), given_up = given_up + ?3 WHERE id = ?1";
        const SKIPPED: &str = "UPDATE sinks SET given_up = given_up + (SELECT count(*) FROM wanted WHERE sink = ?1
            AND seq > cursor AND seq < ?2) WHERE id = ?1";
        let now_ms = self.clock.now_ms();
        self.change(move |conn| {
            let died = conn.execute(BURY, (seq, sink, now_ms, status, answer));
            // Where the event itself has gone meanwhile, it was counted as given up.
            let _letter: usize = unless_gone(died)?;
            if conn.query_row("SELECT cursor < ?2 FROM sinks WHERE id = ?1", (sink, seq), |row| row.get(0))? {
                take_away(conn, sink)?;
                conn.execute(SKIPPED, (sink, seq))?;
            }
            let gone = conn.execute(SURPLUS, (sink, as_i64(DEAD_MAX)))? as u64;
            conn.execute(MOVE, (sink, seq, as_i64(gone)))?;
            Ok(gone)
        })
    }

    /// Marks dead letters to be tried again: one, or all of a sink. Returns how many.
    pub fn retry_dead(&self, sink: i64, seq: Option<i64>) -> Result<u64, WriteError> {
        let mark = "UPDATE dead_letters SET retry = 1 WHERE sink = ?1 AND (?2 IS NULL OR seq = ?2)";
        self.change(move |conn| conn.execute(mark, (sink, seq)).map(|marked| marked as u64))
    }

    /// A dead letter is not tried again for now.
    pub fn leave_dead(&self, sink: i64, seq: i64) -> Result<(), WriteError> {
        let mark = "UPDATE dead_letters SET retry = 0 WHERE sink = ?1 AND seq = ?2";
        self.change(move |conn| conn.execute(mark, (sink, seq)).map(drop))
    }

    /// A dead letter that was tried again has arrived: it goes, with the backend's new state.
    pub fn risen(&self, sink: i64, seq: i64, state: Option<String>) -> Result<(), WriteError> {
        self.change(move |conn| {
            let letters = conn.execute("DELETE FROM dead_letters WHERE sink = ?1 AND seq = ?2", (sink, seq))?;
            let count = "UPDATE sinks SET delivered = delivered + ?2, state = coalesce(?3, state) WHERE id = ?1";
            conn.execute(count, (sink, letters as i64, state)).map(drop)
        })
    }
}

/// The same, where the event of a letter is there no more.
fn unless_gone(died: rusqlite::Result<usize>) -> rusqlite::Result<usize> {
    match died {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(0),
        died => died,
    }
}

impl EventReader {
    /// A sink's dead letters behind a seq, the oldest first, at most `limit`; all, or those alone that are to be tried again.
    pub fn dead_letters(
        &self,
        sink: i64,
        after: i64,
        only_retry: bool,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, ReadError> {
        let mut statement = self.conn.prepare_cached(LIST)?;
        let rows = statement.query_map((sink, after, only_retry, limit), |row| {
            let (seq, died_ms, status, answer, retry) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(DeadLetter { seq, died_ms, status, answer, retry })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many dead letters a sink has.
    pub fn count_dead(&self, sink: i64) -> Result<u64, ReadError> {
        let mut statement = self.conn.prepare_cached("SELECT count(*) FROM dead_letters WHERE sink = ?1")?;
        Ok(statement.query_row([sink], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)?)
    }
}
