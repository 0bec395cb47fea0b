//! Bringing a repaired file back into the ledger that began when it was set aside. The new one went on with its seqs and counted
//! only what came later, so rows go to their seqs and counts are added. All of it is one transaction, and is done once.
//!
//! Where it could not be known at the time which seqs were given, the new ledger has given some again. Rows of those seqs get
//! others below all that there are: below 0, where no sink looks.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{RepairError, when};
use crate::ledger::clock::Clock;
use crate::ledger::home::Home;
use crate::ledger::home::check;
use crate::ledger::open::OpenError;
use crate::ledger::read::ReadError;
use crate::ledger::read::inspect::REPAIRED;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BroughtBack {
    /// Events that are in the ledger again.
    pub events: i64,
    /// How many of them have another seq now, since theirs was given again.
    pub moved: i64,
}

/// What a file that was brought back is remembered by; its name follows.
const PREFIX: &str = "brought back ";
const WHEN: &str = "SELECT value FROM state WHERE name = ?1";
const REMEMBER: &str = "INSERT INTO state(name, value) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
/// Ids are never given twice: who has the same event at the same seq has it from this ledger.
const SAME: &str = "SELECT count(*) FROM old.events o JOIN main.events m USING(seq) WHERE m.id = o.id";
/// Of the sites the names are what is the same.
const SITES: &str = "
    INSERT OR IGNORE INTO main.sites(name, timezone) SELECT name, timezone FROM old.sites ORDER BY id;
    CREATE TEMP TABLE same AS SELECT o.id AS old, n.id AS new FROM old.sites o JOIN main.sites n USING(name);
    INSERT OR IGNORE INTO main.retention(site, days) SELECT same.new, days FROM old.retention JOIN same ON same.old = site;
    UPDATE old.events SET site = (SELECT new FROM same WHERE same.old = site) WHERE site IN (SELECT old FROM same WHERE old <> new);";
const ROWS: &str = "INSERT OR IGNORE INTO main.events SELECT * FROM old.events";
/// So far down, each behind the one before as it was.
const DOWN: &str = "SELECT max(0, (SELECT coalesce(max(seq), 0) FROM old.events)) + 1
    - min(0, (SELECT coalesce(min(seq), 0) FROM main.events))";
const TAKEN: &str =
    "CREATE TEMP TABLE taken AS SELECT o.seq FROM old.events o JOIN main.events m USING(seq) WHERE m.id <> o.id";
const MOVE: &str = "UPDATE old.events SET seq = seq - ?1 WHERE seq IN (SELECT seq FROM taken)";
const MOVED_ROWS: &str = "INSERT INTO main.events SELECT * FROM old.events WHERE seq + ?1 IN (SELECT seq FROM taken)";
const MOVED_SPANS: &str = "INSERT INTO main.spans(hour, first_seq, last_seq, bytes)
    SELECT ts / 3600000, min(seq), max(seq), 0 FROM main.events WHERE seq + ?1 IN (SELECT seq FROM taken) GROUP BY 1
    ON CONFLICT DO UPDATE SET first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq)";
const COUNTS: &str = "
    INSERT INTO main.spans(hour, first_seq, last_seq, bytes) SELECT hour, first_seq, last_seq, bytes FROM old.spans WHERE true
        ON CONFLICT DO UPDATE SET first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq),
        bytes = bytes + excluded.bytes;
    INSERT INTO main.counts(site, dimension, day, value, n)
        SELECT same.new, dimension, day, value, n FROM old.counts JOIN same ON same.old = site WHERE true
        ON CONFLICT DO UPDATE SET n = n + excluded.n;
    INSERT INTO main.months(site, dimension, month, value, n)
        SELECT same.new, dimension, month, value, n FROM old.months JOIN same ON same.old = site WHERE true
        ON CONFLICT DO UPDATE SET n = n + excluded.n;
    INSERT INTO main.hours(site, hour, views, bots)
        SELECT same.new, hour, views, bots FROM old.hours JOIN same ON same.old = site WHERE true
        ON CONFLICT DO UPDATE SET views = views + excluded.views, bots = bots + excluded.bots;";
/// A token that is known already is as it is here: it may have been revoked since.
const REST: &str = "
    INSERT OR IGNORE INTO main.tokens SELECT * FROM old.tokens;
    INSERT OR IGNORE INTO main.scripts(hash8, body, last_current) SELECT hash8, body, coalesce(last_current, ?1) FROM old.scripts;";
const SINCE: &str =
    "INSERT INTO main.state(name, value) SELECT name, value FROM old.state WHERE name LIKE 'gpc\\_json %' ESCAPE '\\'
    ON CONFLICT DO UPDATE SET value = min(value, excluded.value)";
const LAST_SEQ: &str = "UPDATE main.state SET value = max(value, (SELECT value FROM old.state WHERE name = 'last_seq'))
    WHERE name = 'last_seq'";

/// Brings the repaired file of `name` into the ledger in `dir`, which nobody may have open.
pub fn bring_back(repaired: &Path, name: &str, dir: &Path, clock: &Clock) -> Result<BroughtBack, RepairError> {
    let mut home = Home::new(dir, &[], clock.clone());
    let file = home.file();
    if !file.exists() {
        return Err(ReadError::None { dir: dir.to_owned() }.into());
    }
    let mut opened = home.open(None)?;
    let sqlite = |said| RepairError::Open(OpenError::sqlite(&file, said));
    let conn = &mut opened.store.conn;
    let mark = format!("{PREFIX}{name}");
    let before: Option<i64> = conn.query_row(WHEN, [&mark], |row| row.get(0)).optional().map_err(sqlite)?;
    if let Some(ms) = before {
        return Err(RepairError::BroughtBack { name: name.to_owned(), when: when(ms) });
    }
    let path = repaired.to_str().ok_or_else(|| RepairError::Io {
        file: repaired.to_owned(),
        said: std::io::Error::other("the path is not UTF-8"),
    })?;
    // The repaired file is at this program's version.
    check::open_checked(repaired).map_err(OpenError::from)?;
    conn.execute("ATTACH ?1 AS old", [path]).map_err(sqlite)?;
    let events: i64 = conn.query_row(SAME, [], |row| row.get(0)).map_err(sqlite)?;
    if events > 0 {
        return Err(RepairError::Copy { name: name.to_owned(), events });
    }
    merge(conn, &mark, clock.now_ms()).map_err(sqlite)
}

fn merge(conn: &mut Connection, mark: &str, now_ms: i64) -> rusqlite::Result<BroughtBack> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(SITES)?;
    let down: i64 = tx.query_row(DOWN, [], |row| row.get(0))?;
    let events = tx.execute(ROWS, [])? as i64;
    tx.execute_batch(COUNTS)?;
    tx.execute(TAKEN, [])?;
    tx.execute(MOVE, [down])?;
    let moved = tx.execute(MOVED_ROWS, [down])? as i64;
    tx.execute(MOVED_SPANS, [down])?;
    for sql in REST.split_inclusive(';').filter(|sql| !sql.trim().is_empty()) {
        let mut statement = tx.prepare(sql)?;
        match statement.parameter_count() {
            0 => statement.execute([])?,
            _ => statement.execute([now_ms])?,
        };
    }
    tx.execute(SINCE, [])?;
    tx.execute(LAST_SEQ, [])?;
    tx.execute(REMEMBER, (mark, now_ms))?;
    tx.execute(REMEMBER, (REPAIRED, now_ms))?;
    tx.commit()?;
    Ok(BroughtBack { events: events + moved, moved })
}
