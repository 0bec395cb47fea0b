//! Errands: how other threads get something written, by the writer's one connection, between two commits.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Thread;

use rusqlite::Connection;

/// Work for the writer's connection, or why there is none at present.
type Errand = Box<dyn FnOnce(Result<&mut Connection, &str>) + Send>;

/// The way to the writer. Clones lead to the same one.
#[derive(Debug, Clone)]
pub(super) struct Errands {
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
    /// The ledger cannot be opened at present: why, in words.
    #[error("the ledger is not open: {0}")]
    NotOpen(String),
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
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (answer, answered) = sync_channel(1);
        let errand: Errand = Box::new(move |conn| {
            // This fails where nobody waits any more, and then nobody misses it.
            let _ = answer.send(match conn {
                Ok(conn) => work(conn).map_err(WriteError::from),
                Err(why) => Err(WriteError::NotOpen(why.to_owned())),
            });
        });
        self.queue.send(errand).map_err(|_| WriteError::Closed)?;
        self.writer.unpark();
        answered.recv().map_err(|_| WriteError::Closed)?
    }
}

impl Inbox {
    /// Does every errand that waits, or tells why it cannot be done.
    pub(super) fn work_off(&self, mut conn: Result<&mut Connection, &str>) {
        while let Ok(errand) = self.0.try_recv() {
            errand(conn.as_deref_mut().map_err(|why| *why));
        }
    }
}
