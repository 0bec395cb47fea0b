//! Delivery, and what follows from its outcome.

use std::time::Duration;

use super::super::backend::Sending;
use super::super::backoff::Pace;
use super::super::batch::{Limits, Pack, Packed};
use super::super::fault::{Delivery, Fault, Refusal};
use super::super::status::State;
use super::pack::key;
use super::{Done, Shipper, Trouble, Turn};
use crate::ledger::Batch;

/// Between two attempts with credentials that were refused.
pub(super) const CREDENTIALS: Pace = Pace::Steady(Duration::from_secs(60));
/// After so many events in a row that were refused for good it is not the events that are bad.
const REFUSED_MAX: u32 = 100;

impl Shipper {
    /// Has the backend deliver what is on its way.
    pub(super) fn deliver(&mut self, now_ms: i64) -> Result<Turn, Trouble> {
        self.show(State::Shipping);
        let Some((batch, packed)) = self.on_its_way.take() else { return Ok(Turn::Again) };
        self.maybe_open = true;
        if now_ms > packed.alive_ms {
            // The machine slept. It is packed again, without what has expired meanwhile.
            return Ok(Turn::Again);
        }
        if !self.ready(batch.first_seq, now_ms)? {
            return Ok(Turn::Again);
        }
        let sending = Sending { key: &batch.key, body: &packed.body, now_s: now_ms.div_euclid(1000) };
        match self.parts.backend.deliver(&sending) {
            Delivery::Accepted => {
                self.maybe_open = false;
                self.accept(&packed)?;
            }
            Delivery::Failed(fault) => self.refuse(fault, &batch, &packed)?,
        }
        Ok(Turn::Again)
    }

    /// Whether the backend is ready: one that has lost its place (a file that somebody deleted) finds a new one.
    pub(super) fn ready(&mut self, first_seq: i64, now_ms: i64) -> Result<bool, Trouble> {
        match self.parts.backend.prepare(first_seq, now_ms) {
            Ok(None) => Ok(true),
            Ok(Some(state)) => {
                self.parts.outbox.set_state(self.place.id, state)?;
                self.parts.backend.prepared();
                Ok(true)
            }
            Err(why) => {
                self.again_later(&why, Pace::Growing(None), now_ms);
                Ok(false)
            }
        }
    }

    /// Moves the cursor; where more is waiting, the next batch is written down in the same transaction.
    fn accept(&mut self, packed: &Packed) -> Result<(), Trouble> {
        let (now_ms, events) = (self.parts.clock.now_ms(), packed.seqs.len() as u64);
        self.rate.add(now_ms, events);
        self.retry_at_ms = None;
        (self.failures, self.refused) = (0, 0);
        self.size.accepted();
        self.looked = self.looked.max(packed.last_seq);
        self.done = Some(Done { last_seq: packed.last_seq, events, state: self.parts.backend.state() });
        let goes_on = packed.full && self.looked == packed.last_seq && self.parts.desk.next().is_none();
        // Dead letters that are to be tried again go between two batches.
        if !goes_on || self.may_raise(now_ms) {
            return self.settle();
        }
        let next = match self.pack_behind(packed.last_seq, now_ms)? {
            Pack::Batch(next) if next.full || self.draining => next,
            _ => return self.settle(),
        };
        let Ok(state) = self.parts.backend.prepare(next.first_seq(), now_ms) else { return self.settle() };
        self.settle_with(next, state)
    }

    fn settle_with(&mut self, next: Packed, state: Option<String>) -> Result<(), Trouble> {
        let Some(done) = &self.done else { return Ok(()) };
        let new = next.as_new(key(), false, state);
        let place = &mut self.place;
        let batch = self.parts.outbox.accepted(place.id, done.last_seq, done.events, done.state.clone(), Some(new))?;
        place.cursor = done.last_seq;
        self.done = None;
        self.parts.backend.prepared();
        self.on_its_way = batch.map(|batch| (batch, next));
        Ok(())
    }

    fn refuse(&mut self, fault: Fault, batch: &Batch, packed: &Packed) -> Result<(), Trouble> {
        let now_ms = self.parts.clock.now_ms();
        let (words, events) = (fault.words(), packed.seqs.len());
        let (sink, attempts) = (&self.parts.sink.name, self.failures + 1);
        tracing::warn!(sink, fault = fault.word(), words, events, attempts, "a delivery failed");
        match fault {
            Fault::Again { why, after } => self.try_again(&why, Pace::Growing(after), batch, now_ms),
            Fault::Credentials(why) => {
                self.again_later(&why, CREDENTIALS, now_ms);
                // Whoever starts the program anew may have mended them: that start does not wait.
                Ok(self.parts.outbox.tried(batch.id, now_ms)?)
            }
            Fault::Misconfigured(why) => {
                self.stop(why);
                Ok(())
            }
            Fault::Smaller(refusal) => self.halve(refusal, packed, true, now_ms),
            Fault::Bad(refusal) => self.halve(refusal, packed, false, now_ms),
        }
    }

    /// The attempt and the time of the next one are noted in the ledger too.
    fn try_again(&mut self, why: &str, pace: Pace, batch: &Batch, now_ms: i64) -> Result<(), Trouble> {
        self.again_later(why, pace, now_ms);
        Ok(self.parts.outbox.tried(batch.id, self.retry_at_ms.unwrap_or(now_ms))?)
    }

    /// Half of the batch goes next, under a key of its own; one event alone becomes a dead letter.
    fn halve(&mut self, refusal: Refusal, packed: &Packed, too_large: bool, now_ms: i64) -> Result<(), Trouble> {
        self.failed(&refusal.words());
        let Some(middle) = packed.middle() else { return self.bury(packed.first_seq(), refusal) };
        self.size.refused(packed.seqs.len(), too_large);
        // Where nothing of the half is left, what is open is looked at again.
        if let Pack::Batch(mut half) =
            self.pack_range((packed.first_seq() - 1, middle), packed.alive_ms, Limits::NONE)?
        {
            (half.full, half.gaps) = (true, true);
            self.write_down(half, now_ms)?;
            self.maybe_open = self.on_its_way.is_none();
        }
        Ok(())
    }

    fn bury(&mut self, seq: i64, refusal: Refusal) -> Result<(), Trouble> {
        let (sink, words) = (&self.parts.sink.name, refusal.words());
        tracing::error!(sink, seq, words, "an event is a dead letter");
        let gone = self.parts.outbox.bury(self.place.id, seq, refusal.status, refusal.answer)?;
        if gone > 0 {
            tracing::error!(sink, events = gone, "a sink has too many dead letters, the oldest are given up");
        }
        self.maybe_open = false;
        let cursor = &mut self.place.cursor;
        *cursor = seq.max(*cursor);
        self.looked = self.looked.max(*cursor);
        self.refused += 1;
        if self.refused >= REFUSED_MAX {
            self.stop(format!("{} events in a row were refused, the last one so: {words}", self.refused));
        }
        Ok(())
    }
}
