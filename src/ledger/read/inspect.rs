//! The whole check: every page, every reference, and whether what the tables say of each other is so. Reads one committed state,
//! beside a running writer, and changes nothing.

use std::path::Path;

use rusqlite::Connection;

use super::{ReadError, read};
use crate::ledger::counts::dimension::Dimension;
use crate::ledger::home::check;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Events in the ledger.
    pub events: i64,
    /// Pages of the file.
    pub pages: i64,
    /// What is wrong, a sentence each; empty where all is well.
    pub findings: Vec<String>,
}

/// So many of SQLite's own findings are shown.
const SHOWN: u32 = 20;
/// What a statement counts, and what it says where that is not 0.
type Rule = (&'static str, &'static str);

/// What holds in every ledger.
const ALWAYS: [Rule; 8] = [
    (
        "SELECT count(*) FROM events LEFT JOIN spans ON hour = ts / 3600000
         WHERE first_seq IS NULL OR seq NOT BETWEEN first_seq AND last_seq",
        "events are outside of the seqs that `spans` has for their hour: they would not expire",
    ),
    (
        "SELECT count(*) FROM events WHERE seq > (SELECT value FROM state WHERE name = 'last_seq')",
        "events are behind the last seq that was given: it would be given twice",
    ),
    (
        "SELECT count(*) FROM (SELECT 1) WHERE NOT EXISTS(SELECT 1 FROM state WHERE name = 'last_seq')",
        "last seq is not known: seqs would be given twice",
    ),
    (
        "SELECT count(*) FROM sinks WHERE cursor > (SELECT value FROM state WHERE name = 'last_seq')",
        "sinks have a cursor behind the last event: they would miss the next ones",
    ),
    ("SELECT count(*) FROM events WHERE site NOT IN (SELECT id FROM sites)", "events are of a site that is not in `sites`"),
    (
        "SELECT count(*) FROM (SELECT site, ts / 3600000 AS hour, sum(bot IS NULL) AS views, sum(bot IS NOT NULL) AS bots
         FROM events GROUP BY 1, 2) AS found LEFT JOIN hours USING(site, hour)
         WHERE found.views > coalesce(hours.views, 0) OR found.bots > coalesce(hours.bots, 0)",
        "hours of a site have more events than were counted",
    ),
    ("SELECT count(*) FROM counts WHERE n < 0", "counts are below 0"),
    (
        "SELECT count(*) FROM (SELECT site, dimension, sum(n) AS n FROM counts GROUP BY 1, 2) AS days
         LEFT JOIN (SELECT site, dimension, sum(n) AS n FROM months GROUP BY 1, 2) AS months USING(site, dimension)
         WHERE days.n > coalesce(months.n, 0)",
        "sums of a site's days are greater than those of its months",
    ),
];

/// What holds where no damage was ever repaired: after that one table may know of more than the other.
const UNREPAIRED: [Rule; 2] = [
    (
        "SELECT count(*) FROM (SELECT site, dimension, sum(n) AS n FROM months GROUP BY 1, 2) AS months
         LEFT JOIN (SELECT site, dimension, sum(n) AS n FROM counts GROUP BY 1, 2) AS days USING(site, dimension)
         WHERE months.n > coalesce(days.n, 0)",
        "sums of a site's months are greater than those of its days",
    ),
    (
        "SELECT count(*) FROM (SELECT site, sum(views) AS views, sum(bots) AS bots FROM hours GROUP BY 1) AS hours
         LEFT JOIN (SELECT site, sum(n) FILTER (WHERE dimension = 0) AS views, sum(n) FILTER (WHERE dimension = 1) AS bots
         FROM counts GROUP BY 1) AS days USING(site)
         WHERE hours.views <> coalesce(days.views, 0) OR hours.bots <> coalesce(days.bots, 0)",
        "sites have other sums of hours than of days",
    ),
];
const _: () = assert!(Dimension::View as u8 == 0 && Dimension::Bot as u8 == 1, "as the statement above has them");

/// A ledger that was repaired says so in `state`.
pub(in crate::ledger) const REPAIRED: &str = "repaired";

/// Looks through the ledger in `dir`.
pub fn inspect(dir: &Path) -> Result<Inspected, ReadError> {
    let conn = read(dir)?;
    inspected(&conn).map_err(|said| check::FileError::told(&dir.join(crate::ledger::home::FILE), said).into())
}

/// The same of an open ledger.
pub(super) fn inspected(conn: &Connection) -> rusqlite::Result<Inspected> {
    let whole = conn.unchecked_transaction()?;
    let mut findings = damage(&whole)?;
    let pages = whole.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if !findings.is_empty() {
        return Ok(Inspected { events: 0, pages, findings });
    }
    let repaired: bool =
        whole.query_row("SELECT EXISTS(SELECT 1 FROM state WHERE name = ?1)", [REPAIRED], |row| row.get(0))?;
    let rules = ALWAYS.iter().chain(UNREPAIRED.iter().filter(|_| !repaired));
    for (sql, what) in rules {
        let n: i64 = whole.query_row(sql, [], |row| row.get(0))?;
        if n != 0 {
            findings.push(format!("{n} {what}"));
        }
    }
    let events = whole.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
    Ok(Inspected { events, pages, findings })
}

/// What SQLite finds in the pages and in the references.
fn damage(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({SHOWN})"))?;
    let said: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut findings: Vec<String> =
        said.iter().flat_map(|words| words.lines()).filter(|line| *line != "ok").map(str::to_owned).collect();
    if findings.is_empty() {
        let lost = "SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1";
        let mut statement = conn.prepare(lost)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        for row in rows {
            let (table, n) = row?;
            findings.push(format!("{n} rows of `{table}` refer to rows that are not there"));
        }
    }
    Ok(findings)
}
