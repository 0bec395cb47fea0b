//! Events as rows: the one place that knows the columns of `events`.

pub(super) mod expire;
pub(super) mod spans;

use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection};

use self::spans::Spans;
use crate::event::{Event, Kind, Source};

/// Appends events to the table within one transaction.
pub(super) struct Rows<'c> {
    insert: CachedStatement<'c>,
    last_seq: i64,
    spans: Spans,
    /// Columns of texts that the last row had: absent ones are NULL without being bound.
    bound: u32,
}

/// What was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Appended {
    /// The seq of the last row of all.
    pub(super) last_seq: i64,
    /// The oldest hour that got a row.
    pub(super) oldest_hour: Option<i64>,
}

const INSERT: &str =
    "INSERT INTO events(seq, id, ts, site, kind, source, view_id, host, path, status, origin_us, referrer,
    referrer_host, utm_source, utm_medium, utm_campaign, utm_term, utm_content, language, bot)
    VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";

impl<'c> Rows<'c> {
    /// Rows that follow `last_seq`.
    pub(super) fn after(conn: &'c Connection, last_seq: i64) -> rusqlite::Result<Rows<'c>> {
        Ok(Rows { insert: conn.prepare_cached(INSERT)?, last_seq, spans: Spans::default(), bound: 0 })
    }

    /// Appends one event of the site with this id.
    pub(super) fn append(&mut self, site: i64, event: &Event<'_>) -> rusqlite::Result<()> {
        let row = &mut self.insert;
        let seq = self.last_seq + 1;
        row.raw_bind_parameter(1, seq)?;
        row.raw_bind_parameter(2, event.id.0.as_slice())?;
        row.raw_bind_parameter(3, event.ts_ms)?;
        row.raw_bind_parameter(4, site)?;
        row.raw_bind_parameter(5, kind_number(event.kind))?;
        row.raw_bind_parameter(6, source_number(event.source))?;
        row.raw_bind_parameter(7, event.view_id.as_ref().map(|id| id.0.as_slice()))?;
        row.raw_bind_parameter(10, event.status)?;
        row.raw_bind_parameter(11, event.origin_ms.map(|ms| (f64::from(ms) * 1000.0).round() as i64))?;
        let texts = [
            (8, &event.host),
            (9, &event.path),
            (12, &event.referrer),
            (13, &event.referrer_host),
            (14, &event.utm.source),
            (15, &event.utm.medium),
            (16, &event.utm.campaign),
            (17, &event.utm.term),
            (18, &event.utm.content),
            (19, &event.language),
            (20, &event.bot),
        ];
        let before = std::mem::take(&mut self.bound);
        let mut bytes = 0;
        for (column, text) in texts {
            let bit = 1 << column;
            if !text.is_empty() {
                self.bound |= bit;
                bytes += text.len();
                row.raw_bind_parameter(column, &**text)?;
            } else if before & bit != 0 {
                row.raw_bind_parameter(column, Null)?;
            }
        }
        row.raw_execute()?;
        self.spans.add(event.ts_ms, seq, bytes);
        self.last_seq = seq;
        Ok(())
    }

    /// Writes down where the rows stand, and returns that and the last seq.
    pub(super) fn finish(self, conn: &Connection) -> rusqlite::Result<Appended> {
        self.spans.flush(conn)?;
        Ok(Appended { last_seq: self.last_seq, oldest_hour: self.spans.oldest() })
    }
}

/// The number of a kind in the table.
pub(super) fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::View => 0,
    }
}

/// The kind of a number in the table. There is one so far; a ledger of a later schema is not opened.
pub(super) fn kind(_number: i64) -> Kind {
    Kind::View
}

fn source_number(source: Source) -> i64 {
    match source {
        Source::Proxy => 0,
    }
}
