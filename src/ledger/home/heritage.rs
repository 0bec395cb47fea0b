//! What a lost ledger leaves to the next one: the small tables, as far as they can be read, and the seqs that were given.
//!
//! Rows and counts are not among it. Who deletes the file may want them gone; out of a damaged one `inlay ledger repair` saves
//! what can be saved. Tokens have to go on opening, and where they cannot be read the next ledger says that there were some:
//! the owner's side stays shut.

use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, Params, TransactionBehavior, params_from_iter};

/// What was read of a ledger.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Heritage {
    tables: Vec<Table>,
    /// The greatest seq of which anything tells.
    pub(in crate::ledger) last_seq: i64,
    /// How many events each sink, by its name, has not got.
    behind: Vec<(String, i64)>,
    /// Rows that stay behind; `None` where they could not be counted in time.
    pub(in crate::ledger) rows: Option<i64>,
    /// Tables that could not be read, or not to their end.
    pub(super) unread: Vec<&'static str>,
}

/// Rows of a table, whatever version of it they are from.
#[derive(Debug)]
struct Table {
    name: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// In an order in which rows find what they refer to.
const TABLES: [&str; 6] = ["sites", "retention", "tokens", "scripts", "state", "sinks"];
/// Whatever tells of seqs: after damage not all of it can be read.
const SEQS: [&str; 4] = [
    "SELECT value FROM state WHERE name = 'last_seq'",
    "SELECT max(seq) FROM events",
    "SELECT max(last_seq) FROM spans",
    "SELECT max(cursor) FROM sinks",
];
/// A seq beyond it was never given: damage made it.
pub(in crate::ledger) const SEQ_MAX: i64 = 1 << 53;
/// How long rows are counted, each time.
const COUNT: Duration = Duration::from_millis(300);
const COUNT_STEPS: i32 = 10_000;

const ROWS: &str = "SELECT count(*) FROM events";
/// What a sink wants and has not got.
const BEHIND: &str = "SELECT count(*) FROM wanted JOIN sinks ON id = sink WHERE name = ?1 AND seq > cursor";
const CURSORS: &str = "SELECT name, cursor FROM sinks";
/// A sink has got, or given up, what stays behind.
const PASS_SINK: &str = "UPDATE sinks SET given_up = given_up + ?2 WHERE name = ?1";
const PASS_SINKS: &str = "UPDATE sinks SET cursor = max(cursor, ?1)";
const SET_LAST_SEQ: &str = "UPDATE state SET value = max(value, ?1) WHERE name = 'last_seq'";
/// A token that opens nothing: where there was one, the owner's side wants one.
const LOST_TOKENS: &str = "INSERT OR IGNORE INTO tokens(name, hash, created, revoked)
    VALUES('tokens that could not be saved', randomblob(32), ?1, ?1)";

impl Heritage {
    /// Where nothing can be read.
    pub(in crate::ledger) fn unread() -> Heritage {
        Heritage { unread: TABLES.to_vec(), ..Heritage::default() }
    }

    /// Whether nothing could be read.
    pub(in crate::ledger) fn is_nothing(&self) -> bool {
        self.unread.len() == TABLES.len()
    }

    /// Reads what can be read.
    pub(in crate::ledger) fn of(conn: &mut Connection) -> Heritage {
        let mut heritage = Heritage { rows: count(conn, ROWS, []), ..Heritage::default() };
        for name in TABLES {
            let mut table = Table { name, columns: Vec::new(), rows: Vec::new() };
            if table.read(conn).is_err() || (name == "tokens" && !tokens_are_whole(conn)) {
                heritage.unread.push(name);
            }
            heritage.tables.push(table);
        }
        let seq = |sql: &&str| conn.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).ok().flatten();
        heritage.last_seq = SEQS.iter().filter_map(seq).filter(|seq| *seq <= SEQ_MAX).max().unwrap_or(0);
        for (sink, cursor) in cursors(conn).unwrap_or_default() {
            let rows = count(conn, BEHIND, [&sink]).unwrap_or(heritage.last_seq.saturating_sub(cursor));
            heritage.behind.push((sink, rows.max(0)));
        }
        heritage
    }

    /// Writes it into a new ledger, all of it or nothing.
    pub(super) fn write(&self, conn: &mut Connection, now_ms: i64) -> rusqlite::Result<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in &self.tables {
            table.write(&tx)?;
        }
        tx.execute(SET_LAST_SEQ, [self.last_seq])?;
        for (sink, rows) in &self.behind {
            tx.execute(PASS_SINK, (sink, rows))?;
        }
        tx.execute(PASS_SINKS, [self.last_seq])?;
        if self.unread.contains(&"tokens") {
            remember_lost_tokens(&tx, now_ms)?;
        }
        tx.commit()
    }

    /// What could not be read, in words; empty where everything was.
    pub(in crate::ledger) fn losses(&self) -> String {
        self.unread.join(", ")
    }
}

impl Table {
    /// Reads rows until the end, or until damage. A row with a value that is none stays behind, and is an error in the end.
    fn read(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let mut done = Ok(());
        let mut statement = conn.prepare(&format!("SELECT * FROM {}", self.name))?;
        self.columns = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match (0..self.columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>() {
                Ok(row) => self.rows.push(row),
                Err(error) => done = Err(error),
            }
        }
        done
    }

    /// Writes the columns that the new table has too. A row that it does not take, because of damage, stays behind.
    fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut known = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            if conn.column_exists(None::<&str>, self.name, column.as_str())? {
                known.push((at, column.as_str()));
            }
        }
        if known.is_empty() {
            return Ok(());
        }
        let columns: Vec<&str> = known.iter().map(|(_, column)| *column).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {}({}) VALUES({places})", self.name, columns.join(", "));
        let mut insert = conn.prepare(&sql)?;
        for row in &self.rows {
            match insert.execute(params_from_iter(known.iter().map(|(at, _)| row.get(*at)))) {
                Err(error) if is_constraint(&error) => {}
                done => drop(done?),
            }
        }
        Ok(())
    }
}

/// Whether the tokens that can be read are all that there were: damage can make a table look empty.
pub(in crate::ledger) fn tokens_are_whole(conn: &Connection) -> bool {
    conn.query_row("PRAGMA quick_check('tokens')", [], |row| row.get::<_, String>(0)).is_ok_and(|said| said == "ok")
}

/// There were tokens, as far as anybody knows.
pub(in crate::ledger) fn remember_lost_tokens(conn: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    conn.execute(LOST_TOKENS, [now_ms]).map(drop)
}

/// Whether it is the row that a statement failed by.
pub(in crate::ledger) fn is_constraint(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch))
}

/// Rows; `None` where they could not be counted in time, or not at all.
fn count(conn: &mut Connection, sql: &str, params: impl Params) -> Option<i64> {
    let began = Instant::now();
    conn.progress_handler(COUNT_STEPS, Some(move || began.elapsed() >= COUNT)).ok()?;
    let rows = conn.query_row(sql, params, |row| row.get(0)).ok();
    conn.progress_handler(0, None::<fn() -> bool>).ok()?;
    rows
}

fn cursors(conn: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    conn.prepare(CURSORS)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
