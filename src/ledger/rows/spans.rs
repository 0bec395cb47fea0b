//! Spans: for each hour, between which seqs its rows stand. They take the place of an index by time.

use rusqlite::Connection;

/// The spans of rows that were just appended.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<Span>);

/// An hour's rows are among these seqs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Hours since 1970, UTC.
    pub(super) hour: i64,
    pub(super) first_seq: i64,
    pub(super) last_seq: i64,
    /// About what its rows take.
    pub(super) bytes: i64,
}

pub(in crate::ledger) const HOUR_MS: i64 = 3_600_000;

/// What a row takes beside its texts.
const ROW_BYTES: usize = 80;

const EXTEND: &str = "INSERT INTO spans(hour, first_seq, last_seq, bytes) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
    SET first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq),
        bytes = bytes + excluded.bytes";
const BETWEEN: &str =
    "SELECT hour, first_seq, last_seq, bytes FROM spans WHERE hour >= ?1 AND hour <= ?2 ORDER BY hour";

/// The hour of an instant, milliseconds since 1970.
pub(in crate::ledger) fn hour(ts_ms: i64) -> i64 {
    ts_ms.div_euclid(HOUR_MS)
}

impl Spans {
    /// Notes an appended row whose texts have so many bytes; seqs grow.
    pub(super) fn add(&mut self, ts_ms: i64, seq: i64, texts: usize) {
        let hour = hour(ts_ms);
        let bytes = (texts + ROW_BYTES) as i64;
        // Nearly all rows are of the hour of the one before.
        match self.0.iter_mut().rev().find(|span| span.hour == hour) {
            Some(span) => {
                span.last_seq = seq;
                span.bytes += bytes;
            }
            None => self.0.push(Span { hour, first_seq: seq, last_seq: seq, bytes }),
        }
    }

    /// The oldest hour that got a row.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.0.iter().map(|span| span.hour).min()
    }

    /// Puts the spans to the table's.
    pub(super) fn flush(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut extend = conn.prepare_cached(EXTEND)?;
        for span in &self.0 {
            extend.execute((span.hour, span.first_seq, span.last_seq, span.bytes))?;
        }
        Ok(())
    }
}

/// The table's spans of these hours, both included, in order.
pub(super) fn between(conn: &Connection, first_hour: i64, last_hour: i64) -> rusqlite::Result<Vec<Span>> {
    let mut statement = conn.prepare_cached(BETWEEN)?;
    let rows = statement.query_map([first_hour, last_hour], |row| {
        Ok(Span { hour: row.get(0)?, first_seq: row.get(1)?, last_seq: row.get(2)?, bytes: row.get(3)? })
    })?;
    rows.collect()
}
