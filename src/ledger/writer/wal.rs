//! The write-ahead log's length: when its pages move to the file, so that it stays short.
//!
//! SQLite would do this within a commit. Done by the writer behind it, what was committed is told first.

use std::time::{Duration, Instant};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

/// Keeps the log short, whoever made it grow: hits, errands or expiry.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    /// When it last failed.
    failed: Option<Instant>,
    /// When the log last said so.
    told: Option<Instant>,
}

/// Pages in the log from which they are moved, 16 MiB. Readers hold nothing up: the writer goes on, the log only grows
/// until they are done.
const LONG: i32 = 4096;
/// Pages from which readers are waited for (as long as the connection waits for anybody), 256 MiB.
const TOO_LONG: i32 = 16 * LONG;
/// The rest after a failure.
const REST: Duration = Duration::from_secs(1);
/// How often it is said that the log cannot be shortened.
const TELL_AGAIN: Duration = Duration::from_secs(60);

impl Shortener {
    /// Moves the log's pages to the file where the log has become long.
    pub(super) fn step(&mut self, conn: &Connection) {
        if self.failed.is_some_and(|at| at.elapsed() < REST) {
            return;
        }
        self.failed = None;
        if let Err(error) = shorten(conn) {
            self.failed = Some(Instant::now());
            if self.told.is_none_or(|at| at.elapsed() >= TELL_AGAIN) {
                self.told = self.failed;
                tracing::warn!(%error, "the ledger's write-ahead log could not be shortened");
            }
        }
    }
}

fn shorten(conn: &Connection) -> rusqlite::Result<()> {
    let (pages, _) = conn.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP)?;
    if pages < LONG {
        return Ok(());
    }
    let mode = if pages < TOO_LONG { CheckpointMode::PASSIVE } else { CheckpointMode::TRUNCATE };
    conn.wal_checkpoint_v2(None::<&str>, mode).map(drop)
}

/// Moves everything and leaves an empty log, so that nothing deleted stands in it any more. Returns whether that was
/// possible; a reader of an older state prevents it.
pub(in crate::ledger) fn empty(conn: &Connection) -> bool {
    matches!(conn.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE), Ok((0, _)))
}

/// After an error of a write: where a disk is full, or files may not become longer, what the log takes up may be all that is
/// missing. It says the same pages again and again, so it can be many times as long as the file.
pub(super) fn make_room(conn: &Connection, failed: &rusqlite::Error) {
    if matches!(failed.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)) {
        empty(conn);
    }
}
