//! What expiry takes from sinks: counted for each in the transaction that deletes the rows.

use rusqlite::Connection;

/// Rows between two seqs that are about to be deleted: past a time, of the sites with this retention.
const ROWS: &str = "seq >= ?1 AND seq <= ?2 AND ts < ?3 AND site IN (SELECT site FROM retention WHERE days = ?4)";

/// Counts what sinks lose by the deletion of these rows (first seq, last seq, before which time, days of retention): those
/// behind the cursor and the open batch, and dead letters.
pub(in crate::ledger) fn expired(conn: &Connection, rows: (i64, i64, i64, i64)) -> rusqlite::Result<()> {
    let lost = format!(
        "UPDATE sinks SET given_up = given_up
            + (SELECT count(*) FROM wanted WHERE sink = sinks.id AND {ROWS} AND seq > max(sinks.cursor,
                coalesce((SELECT last_seq FROM batches WHERE sink = sinks.id), 0)))
            + (SELECT count(*) FROM dead_letters JOIN events USING(seq) WHERE sink = sinks.id AND {ROWS})"
    );
    conn.prepare_cached(&lost)?.execute(rows).map(drop)
}
