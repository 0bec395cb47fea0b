//! Rows back as events: the one place beside `rows` that knows the columns of `events`.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row};

use super::begin;
use crate::config::Begin;
use crate::event::{Event, EventId, Kind, Source, Utm, ViewId};
use crate::ledger::read::{ReadError, read};
use crate::ledger::rows::{self, spans};

/// Reads events in the order of their commits. Holds no transaction open between two reads.
#[derive(Debug)]
pub struct EventReader {
    pub(super) conn: Connection,
    sites: HashMap<i64, Site>,
}

/// A site as its rows need it.
#[derive(Debug)]
struct Site {
    name: Box<str>,
    retention_ms: i64,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of sites; empty: all.
    pub sites: Vec<String>,
    /// Kinds of events; empty: all.
    pub kinds: Vec<Kind>,
    /// Not before this time, milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Before this time, milliseconds since 1970.
    pub before_ms: Option<i64>,
    /// Only what has not expired at this time, milliseconds since 1970.
    pub alive_ms: Option<i64>,
}

/// How far a read came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// The last seq that was looked at, or the one that the read began behind.
    pub last_seq: i64,
    /// Whether rows were left out.
    pub gaps: bool,
    /// Whether the reader stopped before the range was over.
    pub stopped: bool,
}

/// After so many rows that nobody wants a read pauses, so that its transaction does not become long, nor what counts them.
const UNWANTED: usize = 20_000;

const NEXT: &str = "SELECT seq, id, ts, site, kind, source, view_id, host, path, status, origin_us, referrer,
    referrer_host, utm_source, utm_medium, utm_campaign, utm_term, utm_content, language, bot
    FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
const SITES: &str = "SELECT id, name, coalesce(days, 36500) FROM sites LEFT JOIN retention ON site = id";
const DAY_MS: i64 = 24 * spans::HOUR_MS;

impl EventReader {
    /// Opens the ledger in `dir`.
    pub fn open(dir: &Path) -> Result<EventReader, ReadError> {
        Ok(EventReader { conn: read(dir)?, sites: HashMap::new() })
    }

    /// The seqs between which everything that the filter wants by its times stands: behind the first, up to and with the last.
    pub fn range(&self, filter: &Filter) -> Result<(i64, i64), ReadError> {
        const LAST: &str = "SELECT max(last_seq) FROM spans WHERE hour <= ?1";
        let after = begin::cursor(&self.conn, filter.from_ms.map_or(Begin::Start, Begin::At))?;
        let Some(before_ms) = filter.before_ms else { return Ok((after, i64::MAX)) };
        let last: Option<i64> =
            self.conn.query_row(LAST, [spans::hour(before_ms)], |row| row.get(0)).optional()?.flatten();
        Ok((after, last.unwrap_or(after)))
    }

    /// Shows `each` the events behind `after`, up to and with `last`, that the filter wants, until it says enough. An event
    /// at which it says so counts as not looked at.
    pub fn events(
        &mut self,
        after: i64,
        last: i64,
        filter: &Filter,
        mut each: impl FnMut(i64, &Event<'_>) -> ControlFlow<()>,
    ) -> Result<Looked, ReadError> {
        if self.sites.is_empty() {
            self.learn_sites()?;
        }
        let mut looked = Looked { last_seq: after, gaps: false, stopped: false };
        // Asked before the rows are: all up to it are committed. Behind the last that is left of them some may have expired.
        let end = self.last_seq()?.min(last);
        let Some(site) = self.look(&mut looked, last, filter, &mut each)? else {
            if !looked.stopped {
                looked.last_seq = looked.last_seq.max(end);
            }
            return Ok(looked);
        };
        // A site that came since; what was shown so far is not shown again.
        self.learn_sites()?;
        if !self.sites.contains_key(&site) {
            return Err(rusqlite::Error::QueryReturnedNoRows.into());
        }
        looked.stopped = true;
        if looked.last_seq > after {
            return Ok(looked);
        }
        looked.stopped = false;
        self.look(&mut looked, last, filter, &mut each)?;
        Ok(looked)
    }

    /// Looks until something says stop; a site that is not known yet is one of these, and returned.
    fn look(
        &self,
        looked: &mut Looked,
        last: i64,
        filter: &Filter,
        each: &mut impl FnMut(i64, &Event<'_>) -> ControlFlow<()>,
    ) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.conn.prepare_cached(NEXT)?;
        let mut rows = statement.query((looked.last_seq, last))?;
        let mut unwanted = 0;
        while let Some(row) = rows.next()? {
            let (seq, id): (i64, i64) = (row.get(0)?, row.get(3)?);
            let Some(site) = self.sites.get(&id) else { return Ok(Some(id)) };
            if filter.wants(site, row.get(2)?, rows::kind(row.get(4)?)) {
                if each(seq, &event(row, &site.name)?).is_break() {
                    looked.stopped = true;
                    return Ok(None);
                }
            } else {
                unwanted += 1;
                looked.gaps = true;
                looked.stopped = unwanted >= UNWANTED;
            }
            looked.last_seq = seq;
            if looked.stopped {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn learn_sites(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare_cached(SITES)?;
        let sites = statement.query_map([], |row| {
            let retention_ms = row.get::<_, i64>(2)?.saturating_mul(DAY_MS);
            Ok((row.get(0)?, Site { name: row.get::<_, String>(1)?.into(), retention_ms }))
        })?;
        self.sites = sites.collect::<Result<_, _>>()?;
        Ok(())
    }
}

impl Filter {
    fn wants(&self, site: &Site, ts_ms: i64, kind: Kind) -> bool {
        (self.sites.is_empty() || self.sites.iter().any(|wanted| **wanted == *site.name))
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.from_ms.is_none_or(|from| ts_ms >= from)
            && self.before_ms.is_none_or(|before| ts_ms < before)
            && self.alive_ms.is_none_or(|at| ts_ms >= at.saturating_sub(site.retention_ms))
    }
}

fn event<'r>(row: &'r Row<'_>, site: &'r str) -> rusqlite::Result<Event<'r>> {
    let text =
        |column: usize| -> rusqlite::Result<&'r str> { Ok(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default()) };
    Ok(Event {
        id: EventId(row.get(1)?),
        ts_ms: row.get(2)?,
        site,
        kind: rows::kind(row.get(4)?),
        source: Source::Proxy,
        view_id: row.get::<_, Option<[u8; 16]>>(6)?.map(ViewId),
        host: text(7)?.into(),
        path: text(8)?.into(),
        status: row.get(9)?,
        origin_ms: row.get::<_, Option<u32>>(10)?.map(|us| us as f32 / 1000.0),
        referrer: text(11)?.into(),
        referrer_host: text(12)?.into(),
        utm: Utm {
            source: text(13)?.into(),
            medium: text(14)?.into(),
            campaign: text(15)?.into(),
            term: text(16)?.into(),
            content: text(17)?.into(),
        },
        language: text(18)?.into(),
        bot: text(19)?.into(),
    })
}
