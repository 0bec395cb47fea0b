//! Where a sink begins: now, at a time, or with all that the ledger holds.

use rusqlite::Connection;

use crate::config::Begin;
use crate::ledger::rows::spans;

const LAST: &str = "SELECT value FROM state WHERE name = 'last_seq'";
/// The first row of the hour that is not older than the time, and the first one of all later hours.
const IN_HOUR: &str =
    "SELECT min(seq) FROM events, spans WHERE hour = ?1 AND seq BETWEEN first_seq AND last_seq AND ts >= ?2";
const LATER: &str = "SELECT min(first_seq) FROM spans WHERE hour > ?1";

/// The cursor of a sink that begins here: the seq before its first event.
pub(super) fn cursor(conn: &Connection, begin: Begin) -> rusqlite::Result<i64> {
    let last: i64 = conn.query_row(LAST, [], |row| row.get(0))?;
    match begin {
        Begin::Now => Ok(last),
        Begin::Start => Ok(0),
        Begin::At(ts_ms) => {
            let hour = spans::hour(ts_ms);
            let in_hour: Option<i64> = conn.query_row(IN_HOUR, (hour, ts_ms), |row| row.get(0))?;
            let later: Option<i64> = conn.query_row(LATER, [hour], |row| row.get(0))?;
            // Rows come nearly in the order of time: a few older ones may stand behind the first that is wanted.
            Ok(in_hour.into_iter().chain(later).min().map_or(last, |first| first - 1))
        }
    }
}
