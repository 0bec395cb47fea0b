//! Dead letters that their owner wants to be tried again: each alone, out of its order.

use super::super::backend::Sending;
use super::super::batch::{Limits, Pack, Packed};
use super::super::fault::{Delivery, Fault};
use super::deliver::CREDENTIALS;
use super::{Shipper, Trouble};
use crate::ledger::DUE_AHEAD_MS;

impl Shipper {
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
                (self.failures, self.refused) = (0, 0);
                self.risen(seq)?;
            }
            Delivery::Failed(Fault::Smaller(refusal) | Fault::Bad(refusal)) => {
                self.failed(&refusal.words());
                self.parts.outbox.bury(id, seq, refusal.status, refusal.answer)?;
            }
            Delivery::Failed(Fault::Misconfigured(why)) => self.stop(why),
            Delivery::Failed(Fault::Credentials(why)) => self.again_later(&why, Some(CREDENTIALS), now_ms),
            Delivery::Failed(Fault::Again { why, after }) => self.again_later(&why, after, now_ms),
        }
        Ok(())
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
