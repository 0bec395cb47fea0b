//! Dead letters that their owner wants to be tried again: each alone, out of its order.

use super::super::backend::Sending;
use super::super::backoff::Pace;
use super::super::batch::{Limits, Pack, Packed};
use super::super::fault::{Delivery, Fault};
use super::deliver::CREDENTIALS;
use super::{LONGEST_PAUSE_MS, Shipper, Trouble};
use crate::ledger::DUE_AHEAD_MS;

impl Shipper {
    /// Whether dead letters may wait to be tried now. One that fails holds up no batch: it may be the only one that does.
    pub(super) fn may_raise(&self, now_ms: i64) -> bool {
        let is_early = |at_ms: i64| (1..=LONGEST_PAUSE_MS).contains(&(at_ms - now_ms));
        self.maybe_dead && !self.raise_at_ms.is_some_and(is_early)
    }

    /// Tries the first dead letter again that is to be.
    pub(super) fn raise_dead(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let id = self.place.id;
        let Some(letter) = self.reader()?.dead_letters(id, 0, true, 1)?.pop() else {
            self.maybe_dead = false;
            return Ok(());
        };
        let range = (letter.seq - 1, letter.seq);
        match self.pack_range(range, now_ms.saturating_add(DUE_AHEAD_MS), Limits::NONE)? {
            // Its site is not wanted any more, or it is about to expire: the letter stays, and is not tried.
            Pack::Nothing { .. } => Ok(self.parts.outbox.leave_dead(id, letter.seq)?),
            Pack::Batch(packed) => self.raise(letter.seq, &packed, now_ms),
        }
    }

    fn raise(&mut self, seq: i64, packed: &Packed, now_ms: i64) -> Result<(), Trouble> {
        let id = self.place.id;
        if !self.ready(seq, now_ms)? {
            return Ok(());
        }
        // The same event has the same key here as long as it has the same bytes.
        let key = format!("dead-{id}-{seq}-{}", hex(&packed.digest));
        let sending = Sending { key: &key, body: &packed.body, now_s: now_ms.div_euclid(1000) };
        match self.parts.backend.deliver(&sending) {
            Delivery::Accepted => {
                self.rate.add(now_ms, 1);
                (self.raises_failed, self.refused) = (0, 0);
                self.risen(seq)?;
            }
            Delivery::Failed(Fault::Smaller(refusal) | Fault::Bad(refusal)) => {
                self.failed(&refusal.words());
                self.parts.outbox.bury(id, seq, refusal.status, refusal.answer)?;
            }
            Delivery::Failed(Fault::Misconfigured(why)) => self.stop(why),
            Delivery::Failed(Fault::Credentials(why)) => self.raise_later(&why, CREDENTIALS, now_ms),
            Delivery::Failed(Fault::Again { why, after }) => self.raise_later(&why, Pace::Growing(after), now_ms),
        }
        Ok(())
    }

    fn raise_later(&mut self, why: &str, pace: Pace, now_ms: i64) {
        self.raises_failed = self.raises_failed.saturating_add(1);
        self.failed(why);
        self.raise_at_ms = Some(self.pause_end(self.raises_failed, pace, now_ms));
    }

    /// Writes down that a letter has arrived. What was delivered is not delivered again because the ledger cannot be written
    /// at this moment, but for a crash in between.
    fn risen(&mut self, seq: i64) -> Result<(), Trouble> {
        let state = self.parts.backend.state();
        self.risen = Some((seq, state));
        self.settle()
    }
}

/// The first digits of a digest.
fn hex(digest: &[u8; 32]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
