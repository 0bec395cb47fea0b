//! While nothing can be recorded: what comes is dropped and counted, it is told why, and it is tried whether that is over.

use std::time::{Duration, Instant};

use super::wal;
use crate::ledger::handover::drops::DropReason;
use crate::ledger::handover::hit::Hit;
use crate::ledger::writer::Writer;

/// While rows cannot be committed.
pub(super) struct Trouble {
    /// Why, in words for everybody.
    pub(super) words: String,
    /// When the log last said so.
    logged: Instant,
    /// When a commit of rows, or a probe, was last tried.
    tried: Instant,
}

/// How long nothing came while commits fail, until the writer tries by itself whether there is room again.
const PROBE: Duration = Duration::from_secs(5);
/// How often the log repeats that commits fail.
const LOG_AGAIN: Duration = Duration::from_secs(60);

impl Writer {
    /// While commits fail and nothing comes that could show whether they still do: tries.
    pub(super) fn probe(&mut self) {
        let Some(trouble) = self.trouble.as_mut().filter(|trouble| trouble.tried.elapsed() >= PROBE) else { return };
        trouble.tried = Instant::now();
        let Some(opened) = &mut self.opened else { return };
        match opened.store.probe() {
            Ok(()) => self.recovered(),
            Err(error) => wal::make_room(&opened.store.conn, &error),
        }
    }

    pub(super) fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            self.shared.health.set_trouble(None);
            tracing::info!("the ledger can be written again");
        }
    }

    /// Drops the batch in hand and counts it.
    pub(super) fn give_up(&mut self, error: &str, reason: DropReason) {
        let mut dropped: u64 = 0;
        let mut rest = self.batch.as_slice();
        while let Some(hit) = Hit::take(&mut rest) {
            self.shared.drops.add(hit.site, reason, 1);
            dropped += 1;
        }
        self.batch.clear();
        self.tell_trouble(error, dropped);
    }

    /// Says that nothing can be recorded, and why: the log once a minute.
    pub(super) fn tell_trouble(&mut self, error: &str, dropped: u64) {
        let now = Instant::now();
        let logged = self.trouble.as_ref().map(|trouble| trouble.logged).filter(|logged| logged.elapsed() < LOG_AGAIN);
        if logged.is_none() {
            let file = self.shared.health.file().display();
            tracing::error!(error, dropped, %file, "the ledger cannot be written, hits are dropped");
        }
        self.trouble = Some(Trouble { words: error.into(), logged: logged.unwrap_or(now), tried: now });
        self.shared.health.set_trouble(Some(error.into()));
    }
}
