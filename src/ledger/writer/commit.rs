//! The commit of a batch: tried a bounded number of times, then dropped; what follows from either.

use std::thread;
use std::time::Duration;

use super::store::Committed;
use super::{Writer, wal};
use crate::ledger::handover::drops::DropReason;
use crate::ledger::home::check;

/// How often a batch is tried while all was well before.
const ATTEMPTS: u32 = 3;
/// The pause before a repeated attempt.
const PAUSE: Duration = Duration::from_millis(20);

impl Writer {
    /// Commits the batch, or drops it after a bounded number of attempts.
    pub(super) fn commit(&mut self, draining: bool) {
        if self.since.take().is_none() {
            return;
        }
        if let Err(words) = self.mend() {
            return self.give_up(&words, self.loss());
        }
        let mut attempts = if self.trouble.is_some() && !draining { 1 } else { ATTEMPTS };
        let mut failed = String::new();
        while let Some(opened) = &mut self.opened {
            match opened.store.commit(&self.batch, &self.shared.drops) {
                Ok(committed) => return self.committed(committed),
                Err(error) if check::is_damage(&error) && self.leave_damaged(&error) => continue,
                Err(error) => {
                    failed = check::words(&error);
                    if let Some(opened) = &self.opened {
                        wal::make_room(&opened.store.conn, &error);
                    }
                }
            }
            attempts -= 1;
            if attempts == 0 {
                break;
            }
            thread::sleep(PAUSE);
        }
        self.give_up(&failed, self.loss());
    }

    /// What a batch is lost to at present.
    pub(super) fn loss(&self) -> DropReason {
        if self.draining() { DropReason::Shutdown } else { DropReason::Ledger }
    }

    fn committed(&mut self, committed: Committed) {
        self.batch.clear();
        self.shared.health.committed(self.home.clock().now_ms(), committed.rows);
        if let Some(hour) = committed.oldest_hour {
            self.expiry.appended(hour);
        }
        // Where a disk is full, a few counts of dropped hits may still find room.
        if committed.rows > 0 {
            self.shared.bell.committed(committed.last_seq);
            self.recovered();
        }
    }
}
