//! What a sink holds back: how many events are behind its cursor, how old they are and how many bytes they have in the ledger.

use rusqlite::{Connection, OptionalExtension};

use super::{EventReader, Place};
use crate::ledger::ReadError;
use crate::ledger::rows::spans;

/// Events behind a sink's cursor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// How many it wants: counted up to 10,000, beyond that every row is taken for one that is wanted.
    pub events: u64,
    /// Time of the first of them, milliseconds since 1970.
    pub oldest_ms: Option<i64>,
    /// Bytes of all rows behind it, by the hours' sums: exact for whole hours, by share within one.
    pub bytes: u64,
}

/// So many are counted one by one.
const COUNTED: i64 = 10_000;

const LAST: &str = "SELECT value FROM state WHERE name = 'last_seq'";
const FIRST: &str = "SELECT seq, ts FROM wanted WHERE sink = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT 1";
const WANTED: &str = "SELECT count(*) FROM (SELECT 1 FROM wanted WHERE sink = ?1 AND seq > ?2 AND seq <= ?3)";
const SPANS: &str = "SELECT first_seq, last_seq, bytes FROM spans WHERE last_seq > ?1 ORDER BY first_seq";
const DAY_MS: i64 = 24 * spans::HOUR_MS;

impl EventReader {
    /// What is behind a seq that the sink has got to.
    pub fn held(&self, sink: i64, behind_seq: i64) -> Result<Held, ReadError> {
        let last = self.last_seq()?;
        let near = last.min(behind_seq.saturating_add(COUNTED));
        let mut first = self.conn.prepare_cached(FIRST)?;
        let first: Option<(i64, i64)> =
            first.query_row((sink, behind_seq, near), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let near_ones: i64 = self.conn.prepare_cached(WANTED)?.query_row((sink, behind_seq, near), |row| row.get(0))?;
        let events = (near_ones + (last - near)).unsigned_abs();
        if events == 0 {
            return Ok(Held::default());
        }
        let bytes = behind(&self.conn, behind_seq)?.iter().map(Part::bytes).sum();
        Ok(Held { events, oldest_ms: first.map(|(_, ts_ms)| ts_ms), bytes })
    }

    /// The last seq that was ever given; 0 where there was none.
    pub fn last_seq(&self) -> Result<i64, ReadError> {
        Ok(self.conn.prepare_cached(LAST)?.query_row([], |row| row.get(0))?)
    }

    /// The seq up to which events must be given up, so that those behind it have at most `most` bytes; `None` where they fit.
    pub fn surplus(&self, cursor: i64, most: u64) -> Result<Option<i64>, ReadError> {
        let parts = behind(&self.conn, cursor)?;
        let held = |seq: i64| parts.iter().map(|part| part.behind(seq)).sum::<u64>();
        if held(cursor) <= most {
            return Ok(None);
        }
        // Hours overlap where rows came late, so that it is looked for and not counted.
        let (mut too_few, mut enough) = (cursor, parts.iter().map(|part| part.last).max().unwrap_or(cursor));
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if held(middle) > most { too_few = middle } else { enough = middle }
        }
        Ok(Some(enough))
    }

    /// How many bytes came in this hour (hours since 1970) and later ones.
    pub fn growth(&self, since_hour: i64) -> Result<u64, ReadError> {
        let sum = "SELECT coalesce(sum(bytes), 0) FROM spans WHERE hour >= ?1";
        Ok(self.conn.query_row(sum, [since_hour], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)?)
    }

    /// How many events that a sink wants, and has not got, will have expired a day from `now_ms`.
    pub fn expiring(&self, place: &Place, now_ms: i64) -> Result<u64, ReadError> {
        // Retentions are few, and only the oldest hours' rows are looked at.
        const LAST_DUE: &str = "SELECT max(last_seq) FROM spans WHERE hour <=
            (?1 - (SELECT coalesce(min(days), 0) FROM retention) * ?2) / 3600000";
        const COUNT: &str = "SELECT count(*) FROM wanted JOIN retention USING(site)
            WHERE sink = ?1 AND seq > ?2 AND seq <= ?3 AND ts < ?4 - days * ?5";
        let tomorrow_ms = now_ms.saturating_add(DAY_MS);
        let last_due: Option<i64> = self.conn.query_row(LAST_DUE, (tomorrow_ms, DAY_MS), |row| row.get(0))?;
        let Some(last_due) = last_due else { return Ok(0) };
        let due = (place.id, place.cursor, last_due, tomorrow_ms, DAY_MS);
        Ok(self.conn.query_row(COUNT, due, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)?)
    }
}

/// What of an hour's rows is behind a cursor.
#[derive(Debug, Clone, Copy)]
struct Part {
    first: i64,
    last: i64,
    /// Bytes of the whole hour, and how many rows they are spread over.
    bytes: u64,
    rows: u64,
}

fn behind(conn: &Connection, cursor: i64) -> rusqlite::Result<Vec<Part>> {
    let mut statement = conn.prepare_cached(SPANS)?;
    let parts = statement.query_map([cursor], |row| {
        let (first, last, bytes): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let rows = (last - first + 1).unsigned_abs();
        Ok(Part { first: first.max(cursor + 1), last, bytes: bytes.unsigned_abs(), rows })
    })?;
    parts.collect()
}

impl Part {
    fn bytes(&self) -> u64 {
        self.behind(self.first - 1)
    }

    /// Its bytes behind a seq.
    fn behind(&self, seq: i64) -> u64 {
        let rows = (self.last - seq.max(self.first - 1)).max(0).unsigned_abs();
        (u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1))) as u64
    }
}
