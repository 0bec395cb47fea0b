//! The write-ahead log's length: when its pages move to the file, so that it stays short.
//!
//! SQLite would do this within a commit. Done by the writer behind it, what was committed is told first.

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

/// Pages in the log from which they are moved, 16 MiB. Readers hold nothing up: the writer goes on, the log only grows
/// until they are done.
const LONG: i32 = 4096;
/// Pages from which readers are waited for (as long as the connection waits for anybody), 256 MiB.
const TOO_LONG: i32 = 16 * LONG;

/// Moves the log's pages to the file where the log has become long.
pub(super) fn shorten(conn: &Connection) -> rusqlite::Result<()> {
    let (pages, _) = conn.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP)?;
    if pages < LONG {
        return Ok(());
    }
    let mode = if pages < TOO_LONG { CheckpointMode::PASSIVE } else { CheckpointMode::TRUNCATE };
    conn.wal_checkpoint_v2(None::<&str>, mode).map(drop)
}

/// Moves everything and leaves an empty log, so that nothing deleted stands in it any more. Returns whether that was
/// possible; a reader of an older state prevents it.
pub(super) fn empty(conn: &Connection) -> bool {
    matches!(conn.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE), Ok((0, _)))
}
