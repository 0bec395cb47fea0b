//! What can be made of the rows that were saved: sites that are not known any more, spans, and counts.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::tz::TimeZone;
use rusqlite::{Connection, Row};

use crate::event::{Event, EventId, Kind, Source, Utm};
use crate::ledger::counts::days::Days;
use crate::ledger::counts::tally::Tally;

/// A site whose row is lost keeps its number; its rows expire as by default.
const UNKNOWN_SITES: &str = "INSERT OR IGNORE INTO sites(id, name, timezone)
    SELECT DISTINCT site, 'unknown-' || site, 'UTC' FROM events WHERE site NOT IN (SELECT id FROM sites)";
const RETENTION: &str = "INSERT OR IGNORE INTO retention(site, days) SELECT id, 90 FROM sites";
/// As `spans` and `rows` have it for a row that is appended: the bytes of its texts, and 80.
const SPANS: &str = "INSERT INTO spans(hour, first_seq, last_seq, bytes)
    SELECT ts / 3600000, min(seq), max(seq), sum(80 + coalesce(octet_length(host), 0) + coalesce(octet_length(path), 0)
        + coalesce(octet_length(referrer), 0) + coalesce(octet_length(referrer_host), 0) + coalesce(octet_length(utm_source), 0)
        + coalesce(octet_length(utm_medium), 0) + coalesce(octet_length(utm_campaign), 0) + coalesce(octet_length(utm_term), 0)
        + coalesce(octet_length(utm_content), 0) + coalesce(octet_length(language), 0) + coalesce(octet_length(bot), 0))
    FROM events GROUP BY 1";
const ZONES: &str = "SELECT id, timezone FROM sites";
const EVENTS: &str =
    "SELECT site, ts, status, path, referrer_host, utm_campaign, utm_source, language, bot FROM events ORDER BY seq";
/// Months have at least what their days have.
const MONTHS: &str = "INSERT INTO months(site, dimension, month, value, n)
    SELECT site, dimension, CAST(strftime('%Y', day * 86400, 'unixepoch') AS INTEGER) * 12
        + CAST(strftime('%m', day * 86400, 'unixepoch') AS INTEGER) - 1, value, sum(n)
    FROM counts WHERE true GROUP BY 1, 2, 3, 4
    ON CONFLICT DO UPDATE SET n = max(n, excluded.n)";
/// After so many rows the counts are put to the tables.
const FLUSH: usize = 50_000;

/// Makes sites, spans and counts of the rows.
pub(super) fn rows(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute(UNKNOWN_SITES, [])?;
    conn.execute(RETENTION, [])?;
    conn.execute(SPANS, [])?;
    let mut days: HashMap<i64, Days> = HashMap::new();
    for row in conn.prepare(ZONES)?.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))? {
        let (site, zone) = row?;
        days.insert(site, Days::new(TimeZone::get(&zone).unwrap_or(TimeZone::UTC)));
    }
    let mut tally = Tally::default();
    let mut statement = conn.prepare(EVENTS)?;
    let mut rows = statement.query([])?;
    let mut pending = 0;
    while let Some(row) = rows.next()? {
        let (site, event) = (row.get(0)?, event(row)?);
        let Some(days) = days.get_mut(&site) else { continue };
        tally.view(site, days.of(event.ts_ms), &event);
        pending += 1;
        if pending == FLUSH {
            tally.flush(conn)?;
            pending = 0;
        }
    }
    tally.flush(conn)
}

/// Makes months of the days where those know of more.
pub(super) fn months(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute(MONTHS, []).map(drop)
}

/// As much of an event as is counted.
fn event(row: &Row<'_>) -> rusqlite::Result<Event<'static>> {
    let text = |at: usize| row.get::<_, Option<String>>(at).map(|text| Cow::Owned(text.unwrap_or_default()));
    let utm = Utm { campaign: text(5)?, source: text(6)?, ..Utm::default() };
    Ok(Event {
        id: EventId([0; 16]),
        ts_ms: row.get(1)?,
        site: "",
        kind: Kind::View,
        source: Source::Proxy,
        view_id: None,
        host: Cow::Borrowed(""),
        path: text(3)?,
        // A flipped bit may have made it what no status is.
        status: row.get::<_, Option<i64>>(2)?.and_then(|status| u16::try_from(status).ok()),
        origin_ms: None,
        referrer: Cow::Borrowed(""),
        referrer_host: text(4)?,
        utm,
        language: text(7)?,
        bot: text(8)?,
    })
}
