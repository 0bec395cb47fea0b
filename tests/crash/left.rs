//! What a kill leaves behind, looked at without touching it; and rows that are too old, put into a ledger that nobody has open.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::proxy::stats;
use crate::support::receiver::{Receiver, text};
use crate::support::sink;

/// The state at a kill.
#[derive(Debug)]
pub(super) struct Left {
    /// Paths of every row.
    pub(super) paths: BTreeSet<String>,
    /// Events of batches that were written down and not done with.
    pub(super) in_flight: usize,
    /// Batches that a backend had accepted and the ledger did not know it.
    pub(super) accepted: usize,
    /// Events in the visible files behind what the ledger knows of them.
    pub(super) appended: usize,
    /// Files that were begun, or closed, and the ledger does not name the one or still names the other.
    pub(super) rotating: usize,
    /// Files that were put aside or being compressed.
    pub(super) closing: usize,
}

const HOUR_MS: i64 = 3_600_000;
/// Rows a round that are too old, an hour of the past each few of them.
const OLD_ROWS: i64 = 1200;
const OLD_HOURS: i64 = 6;
const DROPPED_BY_RETENTION: &str = "SELECT coalesce(sum(n), 0) FROM counts WHERE dimension = 8 AND value = 'retention'";
const OPEN_EVENTS: &str = "SELECT count(*) FROM batches JOIN events ON seq BETWEEN first_seq AND last_seq";
const BEHIND: &str = "SELECT lower(hex(id)) FROM events WHERE seq > (SELECT cursor FROM sinks WHERE name = 'files')";

/// Looks at copies: a reader of the ledger itself would begin to mend it.
pub(super) fn look(data: &Path, folder: &Path, receivers: [&Receiver; 2]) -> Left {
    let copy = TempDir::new().expect("a folder");
    for name in ["ledger.db", "ledger.db-wal"] {
        // The log may be missing.
        _ = std::fs::copy(data.join(name), copy.path().join(name));
    }
    let ledger = Connection::open(copy.path().join("ledger.db")).expect("a ledger");
    let accepted: BTreeSet<String> = receivers.iter().flat_map(|receiver| receiver.accepted()).collect();
    let open = texts(&ledger, "SELECT key FROM batches");
    let state = texts(&ledger, "SELECT state FROM sinks WHERE name = 'files'").concat();
    let behind: BTreeSet<String> = texts(&ledger, BEHIND).into_iter().collect();
    let in_files = ids(&sink::try_read(folder).unwrap_or_default());
    Left {
        paths: texts(&ledger, "SELECT path FROM events").into_iter().collect(),
        in_flight: one(&ledger, OPEN_EVENTS) as usize,
        accepted: open.iter().filter(|key| accepted.contains(*key)).count(),
        appended: in_files.iter().filter(|id| behind.contains(*id)).count(),
        rotating: sink::names(folder).iter().filter(|name| name.ends_with(".ndjson") && !state.contains(*name)).count(),
        closing: sink::in_progress(folder).len(),
    }
}

/// Adds rows of the site `old` that have passed their retention; how many.
pub(super) fn add_old_rows(data: &Path, round: usize) -> usize {
    let mut ledger = Connection::open(data.join("ledger.db")).expect("a ledger");
    // What is in the log stays there: the next process has to take it up.
    ledger.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).expect("an option of SQLite's");
    let tx = ledger.transaction().expect("a ledger that nobody has open");
    let site = one(&tx, "SELECT id FROM sites WHERE name = 'old'");
    let mut seq = one(&tx, "SELECT value FROM state WHERE name = 'last_seq'");
    let hour = inlay::ledger::Clock::system().now_ms() / HOUR_MS - 72 + (round as i64) / 2 * OLD_HOURS % 24;
    for at in 0..OLD_ROWS {
        let (hour, id) = (hour + at * OLD_HOURS / OLD_ROWS, rand::random::<[u8; 16]>());
        seq += 1;
        let row = "INSERT INTO events(seq, id, ts, site, kind, source, view_id, host, path, status)
            VALUES(?1, ?2, ?3, ?4, 0, 0, ?2, 'old.test', ?5, 200)";
        let values = (seq, id, hour * HOUR_MS + at, site, format!("/old/{round}/{at}"));
        tx.prepare_cached(row).and_then(|mut row| row.execute(values)).expect("a row");
        let span = "INSERT INTO spans(hour, first_seq, last_seq, bytes) VALUES(?1, ?2, ?2, 100)
            ON CONFLICT DO UPDATE SET first_seq = min(first_seq, ?2), last_seq = max(last_seq, ?2), bytes = bytes + 100";
        tx.prepare_cached(span).and_then(|mut span| span.execute((hour, seq))).expect("a span");
    }
    tx.execute("UPDATE state SET value = ?1 WHERE name = 'last_seq'", [seq]).expect("the last seq");
    tx.commit().expect("committed");
    OLD_ROWS as usize
}

/// The ids of a site's rows.
pub(super) fn rows(data: &Path, site: &str) -> BTreeSet<String> {
    let sql = format!("SELECT lower(hex(id)) FROM events WHERE site = (SELECT id FROM sites WHERE name = '{site}')");
    texts(&open(data), &sql).into_iter().collect()
}

/// Holds the counts against the rows.
pub(super) fn agree(data: &Path, rows: &BTreeSet<String>, old: usize) {
    let ledger = open(data);
    let count = rows.len() as i64;
    assert_eq!(one(&ledger, "SELECT count(*) FROM events"), count, "rows of `shop` alone, and no id twice");
    assert_eq!(one(&ledger, "SELECT count(DISTINCT path) FROM events"), count, "no page was recorded twice");
    assert_eq!(one(&ledger, "SELECT sum(views) + sum(bots) FROM hours"), count, "the hours");
    assert_eq!(one(&ledger, DROPPED_BY_RETENTION), old as i64, "each row that expired is counted once");
    assert_eq!(one(&ledger, "SELECT count(*) FROM batches"), 0, "no batch is open");
    let stats = stats(data).expect("statistics");
    assert_eq!(stats["views"].as_i64(), Some(count), "inlay stats: {stats}");
}

/// The ids of events, as the ledger's are written in hex.
pub(super) fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(event, "id").replace('-', "")).collect()
}

/// What is there more than once.
pub(super) fn twice(ids: &[String]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| !seen.insert(*id)).cloned().collect()
}

/// What the ledger has counted of a sink: events delivered, and given up.
pub(super) fn accounts(data: &Path, sink: &str) -> (usize, usize) {
    let of = |column: &str| one(&open(data), &format!("SELECT {column} FROM sinks WHERE name = '{sink}'")) as usize;
    (of("delivered"), of("given_up"))
}

fn open(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("ledger.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a ledger")
}

fn one(ledger: &Connection, sql: &str) -> i64 {
    ledger.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn texts(ledger: &Connection, sql: &str) -> Vec<String> {
    let mut statement = ledger.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}
