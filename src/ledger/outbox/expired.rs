//! What expiry takes from sinks: counted for each in the transaction that deletes the rows.

use rusqlite::Connection;

/// Rows between two seqs that are about to be deleted: past a time, of the sites with this retention.
const ROWS: &str = "seq >= ?1 AND seq <= ?2 AND ts < ?3 AND site IN (SELECT site FROM retention WHERE days = ?4)";

/// Counts what sinks lose by the deletion of these rows (first seq, last seq, before which time, days of retention): those
/// behind the cursor and the open batch, and dead letters. Returns the names of sinks that lose any, with how many.
pub(in crate::ledger) fn expired(
    conn: &Connection,
    rows: (i64, i64, i64, i64),
) -> rusqlite::Result<Vec<(String, u64)>> {
    let lost = format!(
        "SELECT id, name,
            (SELECT count(*) FROM wanted WHERE sink = sinks.id AND {ROWS} AND seq > max(sinks.cursor,
                coalesce((SELECT last_seq FROM batches WHERE sink = sinks.id), 0)))
            + (SELECT count(*) FROM dead_letters JOIN events USING(seq) WHERE sink = sinks.id AND {ROWS})
         FROM sinks"
    );
    let mut lost = conn.prepare_cached(&lost)?;
    let lost = lost.query_map(rows, |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?;
    let mut losers = Vec::new();
    for (sink, name, events) in lost.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|lost| lost.2 > 0) {
        conn.prepare_cached("UPDATE sinks SET given_up = given_up + ?2 WHERE id = ?1")?.execute((sink, events))?;
        losers.push((name, events.unsigned_abs()));
    }
    Ok(losers)
}
