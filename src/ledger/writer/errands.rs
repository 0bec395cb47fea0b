//! Errands: how other threads get something written, by the writer's one connection, between two commits.
//!
//! An errand runs alone, in transactions of its own, or shares one: all those that wait are then one transaction and one
//! sync, each in a savepoint, so that one that fails undoes nothing of its neighbours.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Thread;

use rusqlite::{Connection, Transaction, TransactionBehavior, ffi};

/// Work for the writer's connection, or why there is none at present.
enum Errand {
    Alone(Lone),
    Shared(Share),
}

/// Works in transactions of its own.
type Lone = Box<dyn FnOnce(Result<&mut Connection, WriteError>) + Send>;

/// Works within a transaction, or is told why there is none; says whether it went well, and what to do when the transaction
/// has ended.
type Share = Box<dyn FnOnce(Result<&Connection, WriteError>) -> (bool, Ended) + Send>;

/// Tells whoever waits what became of the transaction.
type Ended = Box<dyn FnOnce(Result<(), WriteError>)>;

/// The way to the writer. Clones lead to the same one.
#[derive(Debug, Clone)]
pub(in crate::ledger) struct Errands {
    queue: SyncSender<Errand>,
    writer: Thread,
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct Inbox(Receiver<Errand>);

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The ledger was closed before it was done.
    #[error("the ledger is closed")]
    Closed,
    /// A defect, or the ledger's end, came before it was done.
    #[error("the ledger's writer was interrupted before it was done")]
    Lost,
    /// The ledger cannot be opened at present: why, in words.
    #[error("the ledger is not open: {0}")]
    NotOpen(String),
    /// The ledger goes on in another file, for which this was not meant.
    #[error("the ledger goes on in another file")]
    Another,
    /// SQLite could not do it.
    #[error("the ledger cannot be written: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for WriteError {
    fn from(said: rusqlite::Error) -> WriteError {
        WriteError::Sqlite(said)
    }
}

/// How many errands may wait.
const WAITING: usize = 16;

/// The queue's two ends; the near one becomes [`Errands`] once the writer's thread is known.
pub(super) fn queue() -> (impl FnOnce(Thread) -> Errands, Inbox) {
    let (queue, errands) = sync_channel(WAITING);
    (|writer| Errands { queue, writer }, Inbox(errands))
}

impl Errands {
    /// Has the writer do something, and waits for what came of it. It is done when this returns, and synced if it was
    /// committed.
    pub(in crate::ledger) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (answer, answered) = sync_channel(1);
        let errand = Errand::Alone(Box::new(move |conn| {
            // This fails where nobody waits any more, and then nobody misses it.
            let _ = answer.send(conn.and_then(|conn| Ok(work(conn)?)));
        }));
        self.send(errand)?;
        answered.recv().map_err(|_| WriteError::Lost)?
    }

    /// The same within a transaction that is shared with whatever else waits: it is committed and synced when this returns.
    pub(in crate::ledger) fn share<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.leave(work)?.recv().map_err(|_| WriteError::Lost)?
    }

    /// Leaves it with the writer, who answers when the transaction has ended.
    pub(in crate::ledger) fn leave<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Receiver<Result<T, WriteError>>, WriteError> {
        let (answer, answered) = sync_channel(1);
        let errand = Errand::Shared(Box::new(move |conn| {
            let done = conn.and_then(|conn| Ok(work(conn)?));
            let well = done.is_ok();
            let ended = move |ended: Result<(), WriteError>| {
                let _ = answer.send(done.and_then(|done| ended.map(|()| done)));
            };
            (well, Box::new(ended))
        }));
        self.send(errand)?;
        Ok(answered)
    }

    fn send(&self, errand: Errand) -> Result<(), WriteError> {
        self.queue.send(errand).map_err(|_| WriteError::Closed)?;
        self.writer.unpark();
        Ok(())
    }
}

impl Inbox {
    /// Does what waits, or tells why it cannot be done. Whoever comes meanwhile may have to wait for the next time, so that hits
    /// do not wait for a row of errands without an end.
    pub(super) fn work_off(&self, mut conn: Result<&mut Connection, &str>) {
        let mut shares = Vec::new();
        for errand in self.0.try_iter().take(WAITING) {
            match errand {
                Errand::Alone(work) => work(conn.as_deref_mut().map_err(|why| not_open(why))),
                Errand::Shared(share) => shares.push(share),
            }
        }
        match conn {
            _ if shares.is_empty() => {}
            Ok(conn) => share(conn, shares),
            Err(why) => refuse(shares, || not_open(why)),
        }
    }
}

fn not_open(why: &str) -> WriteError {
    WriteError::NotOpen(why.to_owned())
}

/// One transaction for all of them.
fn share(conn: &mut Connection, shares: Vec<Share>) {
    let tx = match conn.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(tx) => tx,
        Err(error) => return refuse(shares, || again(&error)),
    };
    let mut endings = Vec::with_capacity(shares.len());
    let outcome = work_within(tx, shares, &mut endings);
    for ended in endings {
        ended(outcome.as_ref().copied().map_err(again));
    }
}

fn refuse(shares: Vec<Share>, why: impl Fn() -> WriteError) {
    for share in shares {
        let (_, ended) = share(Err(why()));
        ended(Err(why()));
    }
}

fn work_within(mut tx: Transaction<'_>, shares: Vec<Share>, endings: &mut Vec<Ended>) -> rusqlite::Result<()> {
    let mut outcome = Ok(());
    for share in shares {
        // Some errors end more than the statement that met them. What came next would be a transaction of its own.
        if outcome.is_ok() && tx.is_autocommit() {
            outcome = Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), None));
        }
        let savepoint = match &outcome {
            Ok(()) => tx.savepoint(),
            Err(error) => Err(failure(error)),
        };
        match savepoint {
            Ok(savepoint) => {
                let (well, ended) = share(Ok(&savepoint));
                endings.push(ended);
                // Dropped without a commit, it is undone.
                if well {
                    outcome = savepoint.commit();
                }
            }
            Err(error) => endings.push(share(Err(error.into())).1),
        }
    }
    outcome.and_then(|()| tx.commit())
}

/// An error once more, for the next one who waits.
fn again(error: &rusqlite::Error) -> WriteError {
    failure(error).into()
}

fn failure(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, words) => rusqlite::Error::SqliteFailure(*code, words.clone()),
        other => rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(other.to_string())),
    }
}
