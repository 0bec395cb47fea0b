//! Scripts that pages still name: a page in somebody's cache outlives the release that tagged it, so
//! its script is kept for 30 days after it was last the current one.

use rusqlite::{Connection, TransactionBehavior};

/// A script under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The first 8 hex digits of its SHA-256.
    pub hash8: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// How long a script stays after it was last current.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// NULL is "current now": so a script's time begins when another release takes its place, also after a crash.
const REPLACE_ALL: &str = "UPDATE scripts SET last_current = ?1 WHERE last_current IS NULL";
const MAKE_CURRENT: &str = "INSERT INTO scripts(hash8, body, last_current) VALUES(?1, ?2, NULL)
    ON CONFLICT(hash8) DO UPDATE SET body = excluded.body, last_current = NULL";
const FORGET_OLD: &str = "DELETE FROM scripts WHERE last_current < ?1";
const KEPT: &str = "SELECT hash8, body FROM scripts ORDER BY last_current IS NULL DESC, last_current DESC, hash8";

/// Makes these the current scripts, forgets those whose time is over, and returns all that are to be served.
pub(in crate::ledger) fn renew(
    conn: &mut Connection,
    current: &[Script],
    now_ms: i64,
) -> rusqlite::Result<Vec<Script>> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute(REPLACE_ALL, [now_ms])?;
    for script in current {
        tx.execute(MAKE_CURRENT, (&script.hash8, &script.body))?;
    }
    tx.execute(FORGET_OLD, [now_ms.saturating_sub(KEPT_MS)])?;
    let kept = {
        let mut statement = tx.prepare(KEPT)?;
        let rows = statement.query_map([], |row| Ok(Script { hash8: row.get(0)?, body: row.get(1)? }))?;
        rows.collect::<Result<_, _>>()?
    };
    tx.commit()?;
    Ok(kept)
}
