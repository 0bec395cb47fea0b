//! Batches: written down before their first attempt, gone with the move of the cursor.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Outbox, as_i64};
use crate::ledger::writer::errands::WriteError;

/// A batch that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number in the ledger.
    pub id: i64,
    /// Its first event's seq.
    pub first_seq: i64,
    /// The last seq that was looked at for it.
    pub last_seq: i64,
    /// The idempotency key that goes with it.
    pub key: String,
    /// SHA-256 of the bytes that go under the key.
    pub digest: [u8; 32],
    /// How many events it has.
    pub events: u64,
    /// What had expired at this time was left out, milliseconds since 1970.
    pub alive_ms: i64,
    /// Attempts that failed.
    pub attempts: u32,
    /// Not before this time, milliseconds since 1970.
    pub retry_at_ms: Option<i64>,
}

/// A batch that is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// Its first event's seq.
    pub first_seq: i64,
    /// The last seq that was looked at for it.
    pub last_seq: i64,
    /// How many events it has.
    pub events: u64,
    /// Whether rows between the cursor and `last_seq` are not in it.
    pub gaps: bool,
    /// What had expired at this time was left out, milliseconds since 1970.
    pub alive_ms: i64,
    /// A key that no batch had before.
    pub key: String,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// The backend's state with which it begins, where that has changed.
    pub state: Option<String>,
}

const OPEN: &str =
    "SELECT id, first_seq, last_seq, key, digest, events, alive, attempts, retry_at FROM batches WHERE sink = ?1";
const INSERT: &str = "INSERT INTO batches(sink, first_seq, last_seq, key, digest, events, alive, skipped, created)
    VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
/// Negative where a row went between packing and writing down: it was counted as given up, and arrives.
const SKIPPED: &str = "SELECT count(*) - ?3 FROM wanted JOIN sinks ON id = sink
    WHERE sink = ?1 AND seq > cursor AND seq <= ?2";
const ACCEPT: &str = "UPDATE sinks SET cursor = ?2, delivered = delivered + ?3, state = coalesce(?4, state),
    given_up = given_up + coalesce((SELECT skipped FROM batches WHERE sink = ?1), 0) WHERE id = ?1";
/// What the open batch had, or had passed over, and is no longer there: expiry left it to be counted here.
const LOST: &str =
    "UPDATE sinks SET given_up = given_up + max(0, (SELECT events + skipped FROM batches WHERE sink = ?1)
    - (SELECT count(*) FROM wanted WHERE sink = ?1 AND seq > sinks.cursor
       AND seq <= (SELECT last_seq FROM batches WHERE sink = ?1)))
    WHERE id = ?1 AND EXISTS (SELECT 1 FROM batches WHERE sink = ?1)";
const END: &str = "DELETE FROM batches WHERE sink = ?1";

impl Outbox {
    /// The batch that a sink has open, such as after a crash.
    pub fn open_batch(&self, sink: i64) -> Result<Option<Batch>, WriteError> {
        self.change(move |conn| conn.query_row(OPEN, [sink], batch).optional())
    }

    /// Writes a batch down, in place of the one that is open, if any.
    pub fn begin(&self, sink: i64, new: NewBatch) -> Result<Batch, WriteError> {
        let now_ms = self.clock.now_ms();
        self.change(move |conn| {
            take_away(conn, sink)?;
            insert(conn, sink, new, now_ms)
        })
    }

    /// Notes a failed attempt, and when the next one may be.
    pub fn tried(&self, batch: i64, retry_at_ms: i64) -> Result<(), WriteError> {
        let note = "UPDATE batches SET attempts = attempts + 1, retry_at = ?2 WHERE id = ?1";
        self.change(move |conn| conn.execute(note, (batch, retry_at_ms)).map(drop))
    }

    /// The backend has `events` events up to `seq`: the cursor moves with the backend's state, the open batch goes, and the next
    /// one is written down, where there is one.
    pub fn accepted(
        &self,
        sink: i64,
        seq: i64,
        events: u64,
        state: Option<String>,
        next: Option<NewBatch>,
    ) -> Result<Option<Batch>, WriteError> {
        let now_ms = self.clock.now_ms();
        self.change(move |conn| {
            conn.prepare_cached(ACCEPT)?.execute((sink, seq, as_i64(events), state))?;
            conn.prepare_cached(END)?.execute([sink])?;
            next.map(|next| insert(conn, sink, next, now_ms)).transpose()
        })
    }
}

/// Ends the open batch without its acceptance; what it has lost meanwhile is counted as given up.
pub(super) fn take_away(conn: &Connection, sink: i64) -> rusqlite::Result<()> {
    conn.prepare_cached(LOST)?.execute([sink])?;
    conn.prepare_cached(END)?.execute([sink]).map(drop)
}

fn insert(conn: &Connection, sink: i64, new: NewBatch, now_ms: i64) -> rusqlite::Result<Batch> {
    let NewBatch { first_seq, last_seq, events, gaps, alive_ms, key, digest, state } = new;
    if let Some(state) = state {
        conn.prepare_cached("UPDATE sinks SET state = ?2 WHERE id = ?1")?.execute((sink, state))?;
    }
    let skipped: i64 = match gaps {
        true => conn.prepare_cached(SKIPPED)?.query_row((sink, last_seq, as_i64(events)), |row| row.get(0))?,
        false => 0,
    };
    let row = (sink, first_seq, last_seq, &key, digest.as_slice(), as_i64(events), alive_ms, skipped, now_ms);
    conn.prepare_cached(INSERT)?.execute(row)?;
    let id = conn.last_insert_rowid();
    Ok(Batch { id, first_seq, last_seq, key, digest, events, alive_ms, attempts: 0, retry_at_ms: None })
}

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    // A digest of another length is of no batch: its bytes fit nothing, and it gets a new key.
    let digest: Vec<u8> = row.get(4)?;
    Ok(Batch {
        id: row.get(0)?,
        first_seq: row.get(1)?,
        last_seq: row.get(2)?,
        key: row.get(3)?,
        digest: digest.try_into().unwrap_or_default(),
        events: row.get::<_, i64>(5)?.unsigned_abs(),
        alive_ms: row.get(6)?,
        attempts: row.get(7)?,
        retry_at_ms: row.get(8)?,
    })
}
