//! The outbox: what a sink needs of the ledger, whose rows it reads by a cursor.
//!
//! - A sink has got, or given up, every event up to and with its **cursor**. It is only ever shown what a sync has made
//!   durable: a reader sees committed transactions, and those are synced before anybody sees them.
//! - A **batch** is a range of seqs behind the cursor. It is written down, with its key and the digest of its body, before its
//!   first attempt, so that after a crash the same bytes go again under the same key. It goes in the transaction that moves the
//!   cursor. A sink has one at a time.
//! - A backend's own **state** (the file that it writes, and how long that is) is written with the cursor: so a backend that can
//!   go back to it has each event exactly once.
//! - When a row of a batch's range has gone meanwhile (retention, erasure), the digest no longer fits, and the batch gets a new
//!   key: the same key always has the same bytes. Rows that are about to expire are not put into a batch any more, so that this
//!   happens to none that is younger than [`DUE_AHEAD_MS`].
//! - Each event that a sink wants ends as one of: delivered, a dead letter, **given up**. Who counts what is given up: expiry,
//!   for rows behind the cursor and the open batch; whoever takes a batch away without its acceptance, for rows that it had and
//!   that have gone; whoever moves the cursor over rows that are about to expire, or ahead on its owner's word.
//!
//! Whatever changes a row here is an errand for the ledger's one writer, synced when it returns; errands of several sinks share
//! a transaction.

mod batch;
mod begin;
mod bell;
mod dead;
mod expired;
mod held;
mod place;
mod read;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

pub use self::batch::{Batch, NewBatch};
pub use self::bell::Bell;
pub use self::dead::DeadLetter;
pub(super) use self::expired::expired;
pub use self::held::Held;
pub use self::place::Place;
pub use self::read::{EventReader, Filter, Looked};
use super::writer::errands::{Errands, WriteError};
use super::{Clock, Health, ReadError};
use crate::config::Begin;
use batch::take_away;

/// What expires within this time is not sent any more: a pass of expiry deletes an hour ahead, and a batch that is on its way
/// shall keep its bytes for ten minutes more.
pub(crate) const DUE_AHEAD_MS: i64 = 70 * 60 * 1000;

/// Moves the cursor ahead to a seq, never back; what it passes over is given up.
const PASS_OVER: &str = "UPDATE sinks SET given_up = given_up + (SELECT count(*) FROM wanted WHERE sink = ?1 AND
    seq > cursor AND seq <= ?2), cursor = max(cursor, ?2) WHERE id = ?1";

/// So many rows are passed over in one transaction: commits of new ones wait for it.
pub(crate) const STEP: i64 = 20_000;

/// The way of sinks into the ledger. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Outbox {
    errands: Errands,
    health: Arc<Health>,
    bell: Arc<Bell>,
    clock: Clock,
    /// The only file of the ledger's that anything is written to; none: whichever is the present one.
    generation: Option<u64>,
}

impl Outbox {
    pub(super) fn new(errands: Errands, health: Arc<Health>, bell: Arc<Bell>, clock: Clock) -> Outbox {
        Outbox { errands, health, bell, clock, generation: None }
    }

    /// A reader of the ledger's events.
    pub fn reader(&self) -> Result<EventReader, ReadError> {
        EventReader::open(self.health.file().parent().unwrap_or(Path::new("")))
    }

    /// Grows when the ledger goes on in another file, in which a sink has to find its place anew.
    pub fn generation(&self) -> u64 {
        self.health.generation()
    }

    /// The way into this one of the ledger's files: once it goes on in another, nothing is written any more.
    #[must_use]
    pub fn within(&self, generation: u64) -> Outbox {
        Outbox { generation: Some(generation), ..self.clone() }
    }

    /// Rings at every commit that brought events.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Pauses a sink, or has it go on.
    pub fn set_paused(&self, sink: i64, paused: bool) -> Result<(), WriteError> {
        self.change(move |conn| conn.execute("UPDATE sinks SET paused = ?2 WHERE id = ?1", (sink, paused)).map(drop))
    }

    /// Writes down why a sink has stopped by itself, or that it goes on.
    pub fn set_stopped(&self, sink: i64, why: Option<String>) -> Result<(), WriteError> {
        self.change(move |conn| conn.execute("UPDATE sinks SET stopped = ?2 WHERE id = ?1", (sink, why)).map(drop))
    }

    /// Writes down a backend's state without moving the cursor.
    pub fn set_state(&self, sink: i64, state: String) -> Result<(), WriteError> {
        self.change(move |conn| conn.execute("UPDATE sinks SET state = ?2 WHERE id = ?1", (sink, state)).map(drop))
    }

    /// Moves the cursor over events that the sink does not want, or does not get any more because they are about to expire:
    /// these are counted as given up, and so is what an open batch has lost. Returns how many were given up.
    pub fn pass_over(&self, sink: i64, seq: i64) -> Result<u64, WriteError> {
        self.change(move |conn| {
            let before = given_up(conn, sink)?;
            take_away(conn, sink)?;
            conn.prepare_cached(PASS_OVER)?.execute((sink, seq))?;
            Ok(given_up(conn, sink)? - before)
        })
    }

    /// Sets the cursor to where `begin` says, as [`Outbox::replay_behind`]. Returns the cursor.
    pub fn replay(&self, sink: i64, begin: Begin) -> Result<i64, WriteError> {
        let seq = self.change(move |conn| begin::cursor(conn, begin))?;
        self.replay_behind(sink, seq)?;
        Ok(seq)
    }

    /// Notes that what follows from where `begin` says is to go again, for the shipper, which may have a batch on its way at
    /// this moment.
    pub fn note_replay(&self, sink: i64, begin: Begin) -> Result<(), WriteError> {
        self.change(move |conn| {
            let seq = begin::cursor(conn, begin)?;
            conn.execute("UPDATE sinks SET replay = ?2 WHERE id = ?1", (sink, seq)).map(drop)
        })
    }

    /// Sets the cursor to a seq, and takes the open batch away: what follows goes again, under new keys, and is no dead letter
    /// any more. What is left behind undelivered, where that lies ahead, is counted as given up.
    pub fn replay_behind(&self, sink: i64, seq: i64) -> Result<(), WriteError> {
        const AGAIN: &str = "DELETE FROM dead_letters WHERE sink = ?1 AND seq > ?2";
        const CURSOR: &str = "SELECT cursor FROM sinks WHERE id = ?1";
        let mut cursor: i64 = self.change(move |conn| conn.query_row(CURSOR, [sink], |row| row.get(0)))?;
        while cursor < seq {
            cursor = seq.min(cursor.saturating_add(STEP));
            self.pass_over(sink, cursor)?;
        }
        self.change(move |conn| {
            take_away(conn, sink)?;
            conn.execute(AGAIN, (sink, seq))?;
            conn.execute("UPDATE sinks SET cursor = ?2, replay = NULL WHERE id = ?1", (sink, seq)).map(drop)
        })
    }

    fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (health, generation) = (self.health.clone(), self.generation);
        let done = self.errands.share(move |conn| match generation {
            Some(generation) if generation != health.generation() => Ok(None),
            _ => work(conn).map(Some),
        });
        done?.ok_or(WriteError::Another)
    }
}

fn given_up(conn: &Connection, sink: i64) -> rusqlite::Result<u64> {
    let mut statement = conn.prepare_cached("SELECT given_up FROM sinks WHERE id = ?1")?;
    statement.query_row([sink], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn as_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
